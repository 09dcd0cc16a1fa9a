//! Says of every target of a frontend what the planner does with it, and by
//! which of the reference's rules.

use std::collections::BTreeSet;

use eks_nlb_sync::model::{CurrentTarget, Target, TargetState, Targets};
use eks_nlb_sync::plan::{Shortfall, WithholdReason};
use eks_nlb_sync::report::FrontendReport;

/// Rules of docs/reference.md, by number.
pub(crate) const UNSURE: u8 = 1;
const REGISTER_FIRST: u8 = 2;
const NEVER_THE_LAST: u8 = 3;
const DRAINING: u8 = 4;
pub(crate) const ONLY_TAGGED: u8 = 8;
pub(crate) const BOUNDED: u8 = 9;

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
    /// The number of the rule in docs/reference.md; none where a setting, or a
    /// write that failed, decided.
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
        let (rule, why) = match state {
            Some(_) => (DRAINING, "desired, and draining"),
            None => (REGISTER_FIRST, "desired, and not registered"),
        };
        (Action::Register, Some(rule), why.to_owned())
    } else if frontend.deregistered.contains(&target) {
        (Action::Deregister, Some(NEVER_THE_LAST), why_deregister(frontend, current, listed))
    } else if let Some(withheld) = withheld {
        (Action::Withhold, rule_of(&withheld.reason), format!("stale; {}", withheld.reason))
    } else if state == Some(TargetState::Draining) {
        (Action::Leave, Some(DRAINING), "not desired; it finishes its connections".to_owned())
    } else {
        (Action::Keep, None, "desired".to_owned())
    };
    Decision { target, listed: listed.cloned(), action, rule, why }
}

fn why_deregister(frontend: &FrontendReport, current: &Targets, listed: Option<&CurrentTarget>) -> String {
    let some_healthy = current.values().any(|listed| listed.state == TargetState::Healthy);
    match listed.map(|listed| listed.state) {
        Some(TargetState::Unused) => "stale and unused: it serves nothing".to_owned(),
        Some(TargetState::Unhealthy) if some_healthy => "stale and unhealthy: it serves nothing".to_owned(),
        Some(TargetState::Unhealthy) => {
            let desired = frontend.desired.len();
            format!("stale; no target is healthy, and all {desired} desired ones can take traffic")
        }
        _ => {
            let (healthy, desired) = (frontend.healthy.unwrap_or_default(), frontend.desired.len());
            let zone = listed.and_then(|listed| listed.zone.as_ref());
            let in_zone = zone.map_or_else(String::new, |zone| format!(", and zone {zone} does without it"));
            format!("stale; {healthy} of {desired} desired targets are healthy{in_zone}")
        }
    }
}

fn rule_of(reason: &WithholdReason) -> Option<u8> {
    match reason {
        WithholdReason::NamedByOneSource => Some(UNSURE),
        WithholdReason::WaitingForHealthyReplacement(
            Shortfall::Ready { .. } | Shortfall::Healthy { .. } | Shortfall::HealthyInZone(_),
        )
        | WithholdReason::RegistrationFailed => Some(NEVER_THE_LAST),
        WithholdReason::AddOnlyPolicy | WithholdReason::DeregistrationFailed => None,
    }
}
