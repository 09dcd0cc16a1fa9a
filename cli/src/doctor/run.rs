//! Checks the result of a dry run: whose clients are served, and what the run
//! would do.

use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::{FailureCode, SkipReason};
use eks_nlb_sync::serving::is_shifted_away;

use super::check::{Check, Found};
use crate::catalogue::CheckId;
use crate::names;
use crate::output::plural;
use crate::reads::{Looked, NotLooked};
use crate::serving::{self, Serving};

/// Makes the checks of a run in `region`.
pub(super) fn look(region: &str, report: &Looked<Report>) -> [Check; 4] {
    // Whether a check looks at a frontend, and what it finds.
    let of_each = |id: CheckId, look: &dyn Fn(&FrontendReport) -> Option<Found>| {
        let frontends = report.iter().flat_map(serving::frontends);
        Check::of(id, frontends.filter_map(|frontend| Some((names::frontend(frontend), look(frontend)?))))
    };
    let or_why = |check: Check| match report {
        Ok(_) => check,
        Err(not_looked) => Check::of_one(check.id, region, Err(not_looked.clone())),
    };
    let has_balancer = |frontend: &FrontendReport| frontend.load_balancer.is_some();
    [
        or_why(of_each(CheckId::Served, &|it| served(it).filter(|_| has_balancer(it)))),
        of_each(CheckId::Overrides, &|it| it.current.is_some().then(|| Ok(overridden(it)))),
        of_each(CheckId::Settled, &settled),
        or_why(of_each(CheckId::Plan, &|it| has_balancer(it).then(|| failed(it)))),
    ]
}

/// The healthy targets that a zonal shift keeps clients from.
fn overridden(frontend: &FrontendReport) -> Option<String> {
    let current = frontend.current.iter().flatten();
    let shifted = current.filter(|(_, listed)| is_shifted_away(listed));
    let shifted: Vec<_> = shifted.map(|(target, _)| target.to_string()).collect();
    (!shifted.is_empty()).then(|| format!("clients are shifted away from {}", shifted.join(" and ")))
}

/// Whether a frontend has the addresses of its cluster. The check `plan` reports one
/// that fails.
fn settled(frontend: &FrontendReport) -> Option<Found> {
    match &frontend.outcome {
        Outcome::Skipped { reason: reason @ (SkipReason::ExcludedByTag | SkipReason::NotTagged) } => {
            Some(Err(NotLooked::because(format!(
                "{reason}: a run does not compare its targets with the cluster's addresses"
            ))))
        }
        Outcome::Failed { .. } | Outcome::Skipped { .. } => None,
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => {
            frontend.plan.is_some().then(|| Ok(unsettled(frontend)))
        }
    }
}

/// What a run still has to do for a frontend.
fn unsettled(frontend: &FrontendReport) -> Option<String> {
    let (added, taken) = (frontend.registered.len(), frontend.deregistered.len());
    match frontend.withheld.len() {
        0 if added + taken == 0 => None,
        0 => Some(format!("a run registers {added} and deregisters {taken}")),
        stale => Some(format!(
            "{} withheld; a run registers {added} and deregisters {taken}",
            plural(stale, "stale target")
        )),
    }
}

/// Why a run does not serve a frontend.
fn failed(frontend: &FrontendReport) -> Found {
    let Some(failure) = frontend.failure() else { return Ok(None) };
    let says = format!("{}: {}", failure.code, failure.message);
    if is_of_the_call(failure.code) { Err(NotLooked::because(says)) } else { Ok(Some(says)) }
}

/// Why the clients of a frontend, even of an excluded one, are not served.
fn served(frontend: &FrontendReport) -> Option<Found> {
    let why = || serving::why(frontend).unwrap_or_default();
    match Serving::of(frontend) {
        // A run never reads such a target group.
        Serving::Unknown if matches!(frontend.outcome, Outcome::Skipped { .. }) => None,
        Serving::CutOff | Serving::ZoneCutOff => Some(Ok(Some(why()))),
        Serving::Unknown => Some(Err(NotLooked::because(why()))),
        Serving::OldAddressesOnly | Serving::Served => Some(Ok(None)),
    }
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
