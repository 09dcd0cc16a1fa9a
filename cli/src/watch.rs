//! Makes runs on and on, as the function does on its schedule, with the same
//! log lines and metrics; ends on SIGTERM and Ctrl-C.
//!
//! A run is told to stop between writes, and never between registering and
//! deregistering the targets of one frontend. Reading is dropped at once.

mod ready;

use std::process::ExitCode;

use eks_nlb_sync::publish::log::{self, LogSettings};
use eks_nlb_sync::publish::publish;
use eks_nlb_sync::request::Request;
use eks_nlb_sync::settings;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument;

use crate::args::{NAME, Output, WatchArgs};
use crate::problem::Problem;
use crate::session::Session;
use ready::Readiness;

pub(crate) use ready::ready;

/// Makes runs until it is told to stop.
pub(crate) async fn watch(
    session: &Session,
    wanted: &WatchArgs,
    output: Output,
) -> Result<ExitCode, Problem> {
    let mut lines = LogSettings::from_lookup(settings::variable);
    lines.json |= output == Output::Json;
    log::init(lines);
    let mut stop = std::pin::pin!(told_to_stop()?);
    let readiness = Readiness::default();
    if let Some(address) = wanted.listen {
        readiness.serve(address).await?;
    }
    let request = Request { dry_run: false, ..session.request.clone() };
    let function = settings::variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| NAME.to_owned());
    let mut runs = 0_u64;
    let mut ticks = interval(wanted.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            _ = ticks.tick() => {}
        }
        runs += 1;
        let id = format!("{NAME}-{}-{runs}", std::process::id());
        let run = log::Run::new(&id, session.region(), "", &request.scope);
        let ended = session.run_until(&request, stop.as_mut()).instrument(run.span()).await;
        let Some(result) = ended else { break };
        readiness.set(result.is_ok());
        let _span = run.span().entered();
        publish(&session.service, &request, &run, &function, &result);
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or Ctrl-C, both of which from now on do nothing else.
pub(crate) fn told_to_stop() -> Result<impl Future<Output = ()>, Problem> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Problem::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Problem::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
