//! Runs continuously at an interval, as the function does on its schedule; ends
//! on SIGTERM and Ctrl-C.
//!
//! On a terminal each run is a table for people. Elsewhere the log lines and
//! metrics are the function's. A stop takes effect between writes, and never
//! between registering and deregistering the targets of one frontend.

mod ready;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;
use std::time::SystemTime;

use eks_nlb_sync::error::CallError;
use eks_nlb_sync::publish::log::{self, LogSettings};
use eks_nlb_sync::publish::publish;
use eks_nlb_sync::publish::report::Report;
use eks_nlb_sync::request::Request;
use eks_nlb_sync::settings;
use futures_util::FutureExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument;

use crate::args::{Common, NAME, WatchArgs};
use crate::output::{Output, bold, complain, print, time};
use crate::permission::Permissions;
use crate::plan::{is_agreed, refuse_if_unanswerable, text_of};
use crate::problem::{INTERRUPTED, Problem};
use crate::session::Session;
use crate::signals::{Stop, stopped, unless_interrupted};
use ready::Readiness;

pub(crate) use ready::ready;

/// A run may take as long as the next one is away, and at least this long: the
/// function's time-out in `template.yaml`.
const LEAST_TIME: Duration = Duration::from_secs(55);

/// Makes runs until a signal stops it.
pub(crate) async fn watch(
    session: &Session,
    wanted: &WatchArgs,
    common: &Common,
) -> Result<ExitCode, Problem> {
    confirm(session, wanted).await?;
    let is_for_people = common.output == Output::Table && io::stdout().is_terminal();
    if !is_for_people {
        log::init(LogSettings { json: true, ..LogSettings::from_lookup(settings::variable) });
    }
    let stop = stopped()?.shared();
    let readiness = Readiness::default();
    if let Some(address) = wanted.listen {
        readiness.serve(address).await?;
    }
    let request = Request { dry_run: wanted.dry_run, ..session.request.clone() };
    let function = settings::variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| NAME.to_owned());
    // Lines that cannot be written are dropped; a reader that went away ends it.
    let mut closed = signal(SignalKind::pipe()).map_err(Problem::Signals)?;
    let mut runs = 0_u64;
    let mut ticks = interval(wanted.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopped = loop {
        tokio::select! {
            biased;
            stopped = stop.clone() => break stopped,
            Some(()) = closed.recv() => return Err(Problem::Write(io::ErrorKind::BrokenPipe.into())),
            _ = ticks.tick() => {}
        }
        runs += 1;
        let id = format!("{NAME}-{}-{runs}", std::process::id());
        let run = log::Run::new(&id, session.region(), "", &request.scope);
        let result = match session
            .run_until(&request, wanted.every.max(LEAST_TIME), stop.clone())
            .instrument(run.span())
            .await
        {
            Ok(result) => result,
            Err(stopped) => break stopped,
        };
        readiness.set(result.is_ok());
        if is_for_people {
            show(result)?;
        } else {
            let _span = run.span().entered();
            publish(&session.service, &request, &run, &function, &result);
        }
    };
    Ok(match stopped {
        Stop::Terminated => ExitCode::SUCCESS,
        Stop::Interrupted => ExitCode::from(INTERRUPTED),
    })
}

/// Asks on a terminal whether runs may write. Where neither standard input nor output is
/// one, as in a container, starting the program is the consent.
async fn confirm(session: &Session, wanted: &WatchArgs) -> Result<(), Problem> {
    let writes = !wanted.dry_run && !session.settings().dry_run;
    let is_attended = io::stdin().is_terminal() || io::stdout().is_terminal();
    if !writes || wanted.yes || !is_attended {
        return Ok(());
    }
    refuse_if_unanswerable()?;
    let (region, every) = (session.region(), wanted.every.as_secs());
    let question =
        format!("Register and deregister targets in {region} every {every} s until stopped? [y/N] ");
    if unless_interrupted(is_agreed(&question)).await? { Ok(()) } else { Err(Problem::Declined) }
}

/// One run on a terminal, under the time of day.
fn show(result: Result<Report, CallError>) -> Result<(), Problem> {
    match result {
        Ok(report) => {
            let text = text_of(&report, &Permissions::new(), false);
            print(&format!("{}\n{text}\n", bold(&time(SystemTime::now()))))
        }
        Err(error) => {
            complain(&Problem::from(error));
            Ok(())
        }
    }
}
