//! Makes runs on and on, as the function does on its schedule, with the same
//! log lines and metrics; ends on SIGTERM and Ctrl-C.
//!
//! A run is told to stop between writes, and never between registering and
//! deregistering the targets of one frontend. Reading is dropped at once.

mod ready;

use std::process::ExitCode;
use std::time::SystemTime;

use eks_nlb_sync::error::CallError;
use eks_nlb_sync::log::{self, LogSettings};
use eks_nlb_sync::metrics::{self, Ages, Metrics};
use eks_nlb_sync::reconcile::Mode;
use eks_nlb_sync::report::Report;
use eks_nlb_sync::settings;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument;

use crate::args::{NAME, Output, WatchArgs};
use crate::problem::Problem;
use crate::session::Session;
use ready::Readiness;

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
    let mode = if session.settings.dry_run { Mode::DryRun } else { Mode::Apply };
    let mut memory = Memory::default();
    let mut ticks = interval(wanted.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            _ = ticks.tick() => {}
        }
        memory.runs += 1;
        let id = format!("{NAME}-{}-{}", std::process::id(), memory.runs);
        let run = log::Run::new(&id, session.region(), "", &session.scope);
        let ended = session.run_until(mode, stop.as_mut()).instrument(run.span()).await;
        let result = match ended {
            Ok(Some(report)) => Ok(report),
            Ok(None) => break,
            Err(Problem::Call(error)) => Err(error),
            Err(other) => return Err(other),
        };
        readiness.set(result.is_ok());
        memory.tell(session, &run, &result);
        if is_about_credentials(&result) {
            session.forget_credentials().await;
        }
        session.turns.forget_old();
    }
    Ok(ExitCode::SUCCESS)
}

/// What outlives a run.
#[derive(Default)]
struct Memory {
    ages: Ages,
    runs: u64,
}

impl Memory {
    /// Logs and measures what the function would.
    fn tell(&mut self, session: &Session, run: &log::Run<'_>, result: &Result<Report, CallError>) {
        let _span = run.span().entered();
        let report = match result {
            Ok(report) => report,
            Err(error) => return log::discovery_failed(error),
        };
        if report.summary.load_balancers == 0 {
            tracing::warn!(selector = %session.settings.nlb_tag, "no load balancer is managed");
        }
        log::frontends(report);
        log::report(report, run);
        // A run that is limited to some clusters says nothing about all.
        if session.clusters.is_none() {
            let at = SystemTime::now();
            let oldest = self.ages.note(report, at);
            let function = settings::variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| NAME.to_owned());
            let settings = &session.settings;
            let metrics = Metrics::of(report, at, &function, oldest, &session.turns, settings.dry_run);
            metrics::write(&metrics, &settings.metrics_namespace);
        }
    }
}

fn is_about_credentials(result: &Result<Report, CallError>) -> bool {
    match result {
        Ok(report) => report.failures().any(|(_, failure)| failure.is_about_credentials),
        Err(_) => true,
    }
}

/// Waits for SIGTERM or Ctrl-C, both of which from now on do nothing else.
fn told_to_stop() -> Result<impl Future<Output = ()>, Problem> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Problem::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Problem::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
