//! Ends work when the program is told to stop.

use tokio::signal;
use tokio::signal::unix::{SignalKind, signal as signals_of};

use crate::problem::Problem;

/// Ends `work`, which writes nothing, on Ctrl-C.
pub(crate) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    tokio::select! {
        done = work => done,
        Ok(()) = signal::ctrl_c() => Err(Problem::Interrupted),
    }
}

/// Ctrl-C.
pub(crate) async fn interruption() {
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The signal that stopped the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// SIGTERM, as a container is stopped.
    Terminated,
    /// Ctrl-C.
    Interrupted,
}

/// Waits for SIGTERM or Ctrl-C, both of which from now on do nothing else.
pub(crate) fn stopped() -> Result<impl Future<Output = Stop>, Problem> {
    let mut terminate = signals_of(SignalKind::terminate()).map_err(Problem::Signals)?;
    let mut interrupt = signals_of(SignalKind::interrupt()).map_err(Problem::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => Stop::Terminated,
            _ = interrupt.recv() => Stop::Interrupted,
        }
    })
}
