//! Checks the result of a dry run: whose clients are served, and what the run
//! would do.

use eks_nlb_sync::model::TargetState;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::FailureCode;

use super::check::Check;
use super::desk::{Desk, name_of};
use crate::catalogue::CheckId;
use crate::output::plural;
use crate::reads::{Looked, NotLooked};
use crate::serving::{self, Serving};

/// Makes the checks of a run.
pub(super) fn look(desk: &Desk<'_>, report: &Looked<Report>) -> [Check; 4] {
    let plan = plan(desk, report);
    let overrides = of_each(CheckId::Overrides, report, |frontend| frontend.current.is_some(), overridden);
    // The check `plan` reports frontends that are skipped or fail.
    let is_planned = |frontend: &FrontendReport| frontend.plan.is_some() && frontend.failure().is_none();
    let settled = of_each(CheckId::Settled, report, is_planned, unsettled);
    [served(desk, report), overrides, settled, plan]
}

/// A check of the frontends of a run that it `is_about`. Where there was no run,
/// the check `plan` says why.
fn of_each(
    id: CheckId,
    report: &Looked<Report>,
    is_about: impl Fn(&FrontendReport) -> bool,
    look: impl Fn(&FrontendReport) -> Option<String>,
) -> Check {
    let mut check = Check::new(id);
    let frontends = report.iter().flat_map(|report| &report.frontends);
    for frontend in frontends.filter(|frontend| is_about(frontend)) {
        check.sees(&name_of(frontend), Ok(look(frontend)));
    }
    check
}

/// The healthy targets that a zonal shift keeps clients from.
fn overridden(frontend: &FrontendReport) -> Option<String> {
    let current = frontend.current.iter().flatten();
    let shifted = current.filter(|(_, listed)| listed.is_overridden && listed.state == TargetState::Healthy);
    let shifted: Vec<_> = shifted.map(|(target, _)| target.to_string()).collect();
    (!shifted.is_empty()).then(|| format!("clients are shifted away from {}", shifted.join(" and ")))
}

/// What a run still has to do for a frontend.
fn unsettled(frontend: &FrontendReport) -> Option<String> {
    let (added, taken) = (frontend.registered.len(), frontend.deregistered.len());
    match frontend.withheld.len() {
        0 if added + taken == 0 => None,
        0 => Some(format!("the next run registers {added} and deregisters {taken}")),
        stale => Some(format!(
            "{} withheld; the next run registers {added} and deregisters {taken}",
            plural(stale, "stale target")
        )),
    }
}

/// Whether a run would serve every frontend.
fn plan(desk: &Desk<'_>, report: &Looked<Report>) -> Check {
    let mut check = Check::new(CheckId::Plan);
    match report {
        Err(not_looked) => check.sees(desk.session.region(), Err(not_looked.clone())),
        Ok(report) => {
            for frontend in report.frontends.iter().filter(|frontend| frontend.load_balancer.is_some()) {
                let fails = match &frontend.outcome {
                    Outcome::Failed { error } if is_of_the_call(error.code) => {
                        Err(NotLooked::because(format!("{}: {}", error.code, error.message)))
                    }
                    Outcome::Failed { error } => Ok(Some(format!("{}: {}", error.code, error.message))),
                    Outcome::Converged
                    | Outcome::Waiting
                    | Outcome::Changed
                    | Outcome::Planned
                    | Outcome::Skipped { .. } => Ok(None),
                };
                check.sees(&name_of(frontend), fails);
            }
        }
    }
    check
}

/// Whether the clients of every frontend are served, excluded ones included.
fn served(desk: &Desk<'_>, report: &Looked<Report>) -> Check {
    let mut check = Check::new(CheckId::Served);
    match report {
        Err(not_looked) => check.sees(desk.session.region(), Err(not_looked.clone())),
        Ok(report) => {
            for frontend in report.frontends.iter().filter(|frontend| frontend.load_balancer.is_some()) {
                let why = || serving::why(frontend).unwrap_or_default();
                let is_skipped = matches!(frontend.outcome, Outcome::Skipped { .. });
                let looked = match Serving::of(frontend) {
                    // A run never reads such a target group.
                    Serving::Unknown if is_skipped => continue,
                    Serving::CutOff | Serving::ZoneCutOff => Ok(Some(why())),
                    Serving::Unknown => Err(NotLooked::because(why())),
                    Serving::OldAddressesOnly | Serving::Served => Ok(None),
                };
                check.sees(&name_of(frontend), looked);
            }
        }
    }
    check
}

/// Whether a frontend failed because a call of this command did.
fn is_of_the_call(code: FailureCode) -> bool {
    matches!(
        code,
        FailureCode::AccessDenied
            | FailureCode::Throttled
            | FailureCode::AwsUnreachable
            | FailureCode::AwsUnavailable
            | FailureCode::DeadlineExceeded
    )
}
