//! Determines whether clients of a frontend are served, from the report of a
//! run.

use eks_nlb_sync::model::{CurrentTarget, Target, TargetState, Zone};
use eks_nlb_sync::plan::Action;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::serving::{is_healthy, is_shifted_away};
use serde::Serialize;

use crate::names;

/// The exit code where a cluster is cut off.
pub(crate) const CUT_OFF: u8 = 3;

/// Whether clients are served, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Serving {
    /// No target is healthy.
    CutOff,
    /// A zone has no healthy target.
    ZoneCutOff,
    /// The targets were not read.
    Unknown,
    /// Healthy targets exist, but no address that the cluster has now is one.
    OldAddressesOnly,
    /// An address that the cluster has now is healthy, or the cluster's
    /// addresses are not known and some target is.
    Served,
}

impl Serving {
    /// The state of a frontend's clients, by its report.
    pub(crate) fn of(frontend: &FrontendReport) -> Self {
        match &frontend.unserved {
            None if has_no_target_group(frontend) => Self::CutOff,
            None => Self::Unknown,
            Some(zones) if zones.contains(&Zone::All) => Self::CutOff,
            Some(zones) if !zones.is_empty() => Self::ZoneCutOff,
            Some(_) if frontend.healthy == Some(0) => Self::OldAddressesOnly,
            Some(_) => Self::Served,
        }
    }

    /// The same in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::CutOff => "cut off",
            Self::ZoneCutOff => "zone cut off",
            Self::Unknown => "unknown",
            Self::OldAddressesOnly => "old addresses only",
            Self::Served => "served",
        }
    }
}

/// The frontends of a run, and those of load balancers that lost the selecting tag:
/// no run serves these any more.
pub(crate) fn frontends(report: &Report) -> impl Iterator<Item = &FrontendReport> {
    report.frontends.iter().chain(&report.untagged)
}

/// The order in which frontends are shown: the worst first, and what is skipped last
/// of its state.
pub(crate) fn order(frontend: &FrontendReport) -> (Serving, bool) {
    (Serving::of(frontend), matches!(frontend.outcome, Outcome::Skipped { .. }))
}

/// Why the clients of `frontend` are served or not, in one clause; nothing where
/// they are and the run did not fail.
pub(crate) fn why(frontend: &FrontendReport) -> Option<String> {
    let failed = match &frontend.outcome {
        Outcome::Failed { error } => Some(error.code.to_string()),
        Outcome::Skipped { reason } => Some(reason.to_string()),
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => None,
    };
    let health = match Serving::of(frontend) {
        Serving::CutOff if frontend.target_group.is_none() => Some("it has no target group".to_owned()),
        Serving::CutOff => Some(states(frontend)),
        Serving::ZoneCutOff => {
            let zones = frontend.unserved.iter().flatten().map(Zone::as_str);
            Some(format!("no healthy target in {}", zones.collect::<Vec<_>>().join(" and ")))
        }
        Serving::OldAddressesOnly => Some(format!(
            "no current address is healthy: {}",
            counted(frontend, |target| is_desired(frontend, *target))
                .unwrap_or_else(|| "none is registered".to_owned())
        )),
        Serving::Unknown if failed.is_none() => Some("its targets were not read".to_owned()),
        Serving::Unknown | Serving::Served => None,
    };
    match (health, failed) {
        (Some(health), Some(failed)) => Some(format!("{health}; {failed}")),
        (health, failed) => health.or(failed),
    }
}

/// Whether the run wants a target to be registered. One at a desired address and
/// another port is not.
pub(crate) fn is_desired(frontend: &FrontendReport, target: Target) -> bool {
    match &frontend.plan {
        Some(plan) => {
            let decision = plan.decisions().get(&target);
            decision.is_some_and(|it| matches!(it.action, Action::Keep | Action::Register))
        }
        None => frontend.desired.contains(&target.ip()),
    }
}

fn has_no_target_group(frontend: &FrontendReport) -> bool {
    frontend.failure().is_some_and(|failure| failure.code == FailureCode::NoTargetGroup)
}

/// How many targets are in which state, where none is healthy.
fn states(frontend: &FrontendReport) -> String {
    match counted(frontend, |_| true) {
        Some(counted) => format!("no healthy target: {counted}"),
        None if frontend.registered.is_empty() => "the target group is empty".to_owned(),
        None if frontend.outcome == Outcome::Changed => {
            "the target group was empty, and its new targets wait for ELB's first health checks".to_owned()
        }
        None => format!("the target group is empty; {} to register", frontend.registered.len()),
    }
}

/// As in `2 unhealthy, 1 initial`, of the registered targets that `is_counted`; empty
/// without any.
fn counted(frontend: &FrontendReport, is_counted: impl Fn(&Target) -> bool) -> Option<String> {
    use TargetState::{Draining, Initial, Unavailable, Unhealthy, Unknown, Unused};
    let current = || frontend.current.iter().flatten().filter(|(target, _)| is_counted(target));
    let of = |words: &str, is_it: &dyn Fn(&CurrentTarget) -> bool| {
        let count = current().filter(|(_, listed)| is_it(listed)).count();
        (count > 0).then(|| format!("{count} {words}"))
    };
    let healthy = of("healthy", &is_healthy);
    let shifted = of("healthy but shifted away", &is_shifted_away);
    let states = [Unhealthy, Initial, Unavailable, Unused, Draining, Unknown];
    let others =
        states.into_iter().filter_map(|state| of(names::state(state), &|listed| listed.state == state));
    let counts: Vec<_> = healthy.into_iter().chain(shifted).chain(others).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}
