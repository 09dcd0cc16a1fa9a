//! Says of every target of a frontend what the planner does with it, and by
//! which of its [rules](eks_nlb_sync::plan#rules).

use std::collections::BTreeSet;

use eks_nlb_sync::model::{CurrentTarget, Target, TargetState, Targets};
use eks_nlb_sync::plan::{Shortfall, WithholdReason};
use eks_nlb_sync::report::FrontendReport;

/// What is done with one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Keep,
    Register,
    Deregister,
    Withhold,
    /// It drains.
    Leave,
}

/// One target with what is done with it, and why.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) target: Target,
    /// What ELB lists of it; nothing if it does not.
    pub(crate) listed: Option<CurrentTarget>,
    pub(crate) action: Action,
    /// The rule's number; none where a failed write decided.
    pub(crate) rule: Option<u8>,
    pub(crate) why: String,
}

/// The decisions about all targets of `frontend`, in order.
pub(crate) fn decisions(frontend: &FrontendReport) -> Vec<Decision> {
    let none = Targets::new();
    let current = frontend.current.as_ref().unwrap_or(&none);
    let targets: BTreeSet<Target> = current.keys().chain(&frontend.registered).copied().collect();
    targets.into_iter().map(|target| decide(frontend, current, target)).collect()
}

fn decide(frontend: &FrontendReport, current: &Targets, target: Target) -> Decision {
    let listed = current.get(&target);
    let state = listed.map(|listed| listed.state);
    let withheld = frontend.withheld.iter().find(|withheld| withheld.target == target);
    let (action, rule, why) = if frontend.registered.contains(&target) {
        let why = match state {
            Some(_) => "desired, and draining",
            None => "desired, and not registered",
        };
        (Action::Register, Some(1), why.to_owned())
    } else if frontend.deregistered.contains(&target) {
        let (rule, why) = why_deregister(frontend, current, listed);
        (Action::Deregister, Some(rule), why)
    } else if let Some(withheld) = withheld {
        (Action::Withhold, rule_of(&withheld.reason), format!("stale; {}", withheld.reason))
    } else if state == Some(TargetState::Draining) {
        (Action::Leave, Some(2), "not desired; it finishes its connections".to_owned())
    } else {
        (Action::Keep, None, "desired".to_owned())
    };
    Decision { target, listed: listed.cloned(), action, rule, why }
}

fn why_deregister(
    frontend: &FrontendReport,
    current: &Targets,
    listed: Option<&CurrentTarget>,
) -> (u8, String) {
    let some_healthy = current.values().any(|listed| listed.state == TargetState::Healthy);
    match listed.map(|listed| listed.state) {
        Some(TargetState::Unused) => (5, "stale and unused: it serves nothing".to_owned()),
        Some(TargetState::Unhealthy) if some_healthy => {
            (6, "stale and unhealthy: it serves nothing".to_owned())
        }
        Some(TargetState::Unhealthy) => {
            let desired = frontend.desired.len();
            (7, format!("stale; no target is healthy, and all {desired} desired ones can take traffic"))
        }
        _ => {
            let (healthy, desired) = (frontend.healthy.unwrap_or_default(), frontend.desired.len());
            let zone = listed.and_then(|listed| listed.zone.as_ref());
            let in_zone = zone.map_or_else(String::new, |zone| format!(", and zone {zone} does without it"));
            (8, format!("stale; {healthy} of {desired} desired targets are healthy{in_zone}"))
        }
    }
}

fn rule_of(reason: &WithholdReason) -> Option<u8> {
    match reason {
        WithholdReason::AddOnlyPolicy => Some(3),
        WithholdReason::NamedByOneSource => Some(4),
        WithholdReason::WaitingForHealthyReplacement(Shortfall::Ready { .. }) => Some(7),
        WithholdReason::WaitingForHealthyReplacement(
            Shortfall::Healthy { .. } | Shortfall::HealthyInZone(_),
        ) => Some(8),
        WithholdReason::RegistrationFailed | WithholdReason::DeregistrationFailed => None,
    }
}
