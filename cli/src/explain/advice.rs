//! Words for one frontend, by its own numbers: are clients cut off, what is
//! happening to its stale targets, and what to do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use eks_nlb_sync::model::{CurrentTarget, Target, TargetState, Targets, Zone};
use eks_nlb_sync::plan::Shortfall;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome};
use eks_nlb_sync::serving::{is_healthy, is_shifted_away};
use serde::Serialize;

use crate::deployed::{Deployed, Runs};
use crate::output::capitalised;
use crate::permission::{self, Basis, MayWrite};
use crate::serving::Serving;

/// Why a target is in its state, as ELB says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reason {
    /// As in `Target.FailedHealthChecks`.
    pub(crate) code: String,
    /// As in `Health checks failed`.
    pub(crate) description: String,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) frontend: &'a FrontendReport,
    /// ELB's reason for each target that is not healthy.
    pub(super) reasons: &'a BTreeMap<String, Reason>,
    /// The addresses of the control plane's network interfaces, if known.
    pub(super) interfaces: Option<&'a [IpAddr]>,
    /// The tag that the templates' policy requires, if it is missing on the target group.
    pub(super) missing_tag: Option<&'a str>,
    /// Whether the function may write, if anything is to be written.
    pub(super) may_write: Option<&'a MayWrite>,
    pub(super) deployed: &'a Deployed,
}

/// Whether clients are cut off, by the health of the targets.
pub(super) fn cut_off(frontend: &FrontendReport) -> String {
    let state = Serving::of(frontend);
    let Some(current) = &frontend.current else {
        return match (state, &frontend.outcome) {
            (Serving::CutOff, _) => "yes: the load balancer has no target group",
            (_, Outcome::Skipped { .. }) => "unknown: a run does not read the targets of such a group",
            _ => "unknown: the targets were not read",
        }
        .to_owned();
    };
    let healthy = current.values().filter(|listed| is_healthy(listed)).count();
    let mut counted = match (healthy, current.len()) {
        (0, 0) => return "yes: the target group is empty".to_owned(),
        (1, all) => format!("1 of {all} targets is healthy"),
        (healthy, all) => format!("{healthy} of {all} targets are healthy"),
    };
    let shifted = current.values().filter(|listed| is_shifted_away(listed)).count();
    if shifted > 0 {
        _ = write!(counted, ", and a zonal shift keeps clients away from {shifted}");
    }
    match state {
        Serving::CutOff => {
            let is_used = |listed: &CurrentTarget| {
                listed.state.is_in_service() && listed.state != TargetState::Unused && !listed.is_overridden
            };
            let consequence = if current.values().any(is_used) {
                "the load balancer fails open and sends clients to targets that do not pass their health checks"
            } else {
                "the load balancer uses none of them"
            };
            format!("yes: {counted}; {consequence}")
        }
        Serving::ZoneCutOff => {
            let zones: Vec<_> = frontend.unserved.iter().flatten().map(Zone::as_str).collect();
            format!("yes, in {}: no target there is healthy ({counted})", zones.join(" and "))
        }
        Serving::Unknown => format!("unknown: {counted}"),
        Serving::OldAddressesOnly => format!("no: {counted}, but none of them is desired"),
        Serving::Served => format!("no: {counted}"),
    }
}

/// What is happening to the stale targets that stay, by what each source names.
pub(super) fn stale(facts: Facts<'_>) -> Option<String> {
    let FrontendReport { withheld, source, .. } = facts.frontend;
    let source = (*source)?;
    // At a desired address, a target is stale because of its port.
    let is_named = |target: &Target| facts.frontend.desired.contains(&target.ip());
    let (on_another_port, withheld): (Vec<_>, Vec<_>) =
        withheld.iter().map(|withheld| withheld.target).partition(is_named);
    if !on_another_port.is_empty() {
        let targets = on_another_port.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Some(format!(
            "The port of {targets} is not that of the target group. The targets stay in service until their \
             replacements are ready."
        ));
    }
    let addresses: Vec<_> = withheld.iter().map(Target::ip).collect();
    if addresses.is_empty() {
        return None;
    }
    let decides = match source.as_str() {
        "dns" => "DNS no longer names",
        "eni" => "No network interface of the control plane has",
        _ => "DNS and the network interfaces no longer both name",
    };
    let is_known = |address: &&IpAddr| facts.interfaces.is_some_and(|known| known.contains(address));
    let still: Vec<_> = addresses.iter().filter(is_known).copied().collect();
    let despite = match source.as_str() {
        "dns" if !still.is_empty() => format!(
            " Network interfaces of the control plane still have {}, but DNS alone decides in this run (ADDRESS_SOURCE).",
            list(&still)
        ),
        _ => String::new(),
    };
    let addresses = list(&addresses);
    Some(format!(
        "{decides} {addresses}.{despite} The targets stay in service until their replacements are ready."
    ))
}

/// What to do, if anything.
pub(super) fn remedy(facts: Facts<'_>) -> Option<String> {
    let FrontendReport { outcome, current, desired, .. } = facts.frontend;
    let current = current.as_ref()?;
    match outcome {
        Outcome::Failed { .. } | Outcome::Skipped { .. } => return None,
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => {}
    }
    let mut steps = Vec::new();
    steps.extend(of_write(facts));
    let shifted: Vec<_> =
        current.iter().filter(|(_, listed)| is_shifted_away(listed)).map(|(target, _)| target.ip()).collect();
    if !shifted.is_empty() {
        steps.push(format!(
            "A zonal shift keeps new connections away from {}: `aws arc-zonal-shift list-zonal-shifts` shows until \
             when, and `cancel-zonal-shift` ends it.",
            list(&shifted)
        ));
    }
    for state in [TargetState::Initial, TargetState::Unhealthy, TargetState::Unused, TargetState::Unavailable]
    {
        let addresses = in_state(current, desired, state);
        if !addresses.is_empty() {
            steps.push(of_state(facts, state, &addresses));
        }
    }
    steps.extend(of_shortfall(facts));
    (!steps.is_empty()).then(|| steps.join(" "))
}

/// What to do about desired targets in a state in which they get no connections.
fn of_state(facts: Facts<'_>, state: TargetState, addresses: &[IpAddr]) -> String {
    match state {
        TargetState::Initial => {
            format!("Wait a few minutes: ELB is still checking {}.", list(addresses))
        }
        TargetState::Unused => format!(
            "Let the load balancer use {}: enable the zone of each, and forward a listener to the target group.",
            list(addresses)
        ),
        TargetState::Unavailable => {
            format!("Turn on the health checks of the target group: ELB does not check {}.", list(addresses))
        }
        TargetState::Healthy | TargetState::Unhealthy | TargetState::Draining | TargetState::Unknown => {
            of_unhealthy(facts, addresses)
        }
    }
}

/// What lets a run change the targets, where it would change any.
fn of_write(facts: Facts<'_>) -> Option<String> {
    if !permission::is_written(facts.frontend) {
        return None;
    }
    Some(match (facts.may_write, facts.missing_tag) {
        (Some(MayWrite { allowed: false, by: Basis::Tag, .. }), Some(tag)) => format!(
            "Tag the target group {tag}: unless WriteScope is any, the deployed policy denies every write to it."
        ),
        (Some(MayWrite { allowed: false, message, .. }), Some(tag)) => {
            format!("Tag the target group {tag}: {message}.")
        }
        (Some(MayWrite { allowed: false, message, .. }), None) => {
            format!("Let the function write to the target group: {message}.")
        }
        _ => {
            let changes = changes(facts.frontend);
            match facts.deployed.runs() {
                Runs::Write => {
                    format!(
                        "Run `eks-nlb sync`, or wait for the next run of the function, if its schedule is on: it {changes}."
                    )
                }
                Runs::Unknown => format!(
                    "Run `eks-nlb sync`, or wait for the next run of the function if one is deployed: it {changes}."
                ),
                Runs::DoNot(why) => format!("Run `eks-nlb sync`: it {changes}. {}.", capitalised(&why)),
            }
        }
    })
}

/// As in `registers 10.0.1.10`.
fn changes(frontend: &FrontendReport) -> String {
    let of = |verb: &str, targets: &[Target]| {
        let addresses: Vec<_> = targets.iter().map(Target::ip).collect();
        (!addresses.is_empty()).then(|| format!("{verb} {}", list(&addresses)))
    };
    let changes = [of("registers", &frontend.registered), of("deregisters", &frontend.deregistered)];
    changes.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn of_unhealthy(facts: Facts<'_>, unhealthy: &[IpAddr]) -> String {
    let of =
        |ip: &IpAddr| facts.reasons.iter().find(|(target, _)| is_at(target, *ip)).map(|(_, reason)| reason);
    let described = unhealthy.iter().find_map(of);
    let described = described.map_or_else(String::new, |reason| format!(" ({})", reason.description));
    let cluster = facts.frontend.cluster.as_ref();
    let cluster = cluster.map_or_else(String::new, |cluster| format!(" --cluster {cluster}"));
    format!(
        "Find out why {} not pass ELB's health checks{described}: the cluster's security group must admit TCP 443 \
         from the load balancer, and the check must be TCP, or HTTPS on /readyz. `eks-nlb doctor{cluster}` checks both.",
        verb(unhealthy)
    )
}

/// Whether `target`, as in `10.0.1.10:443`, has the address `ip`.
fn is_at(target: &str, ip: IpAddr) -> bool {
    target.parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip() == ip)
}

/// What is missing although every desired target is healthy.
fn of_shortfall(facts: Facts<'_>) -> Option<String> {
    let desired = facts.frontend.desired.len();
    let shortfalls = facts.frontend.withheld.iter().filter_map(|withheld| withheld.reason.shortfall());
    { shortfalls }.find_map(|shortfall| match shortfall {
        Shortfall::Healthy { needed, .. } | Shortfall::Ready { needed, .. } if *needed > desired => Some(format!(
            "The stale targets stay for as long as the source names {desired} where {needed} must be healthy: EKS has at \
             least two API servers, so check the source, or set MIN_HEALTHY_TARGETS=1."
        )),
        Shortfall::HealthyInZone(zone) => Some(format!(
            "The clients of zone {zone} need the stale target until a desired target there is healthy."
        )),
        Shortfall::Healthy { .. } | Shortfall::Ready { .. } => None,
    })
}

/// The desired addresses whose targets are in this state.
fn in_state(current: &Targets, desired: &[IpAddr], state: TargetState) -> Vec<IpAddr> {
    let listed = current.iter().filter(|(_, listed)| listed.state == state);
    let addresses = listed.map(|(target, _)| target.ip());
    addresses.filter(|address| desired.contains(address)).collect()
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// As in `10.0.1.10 does`.
fn verb(addresses: &[IpAddr]) -> String {
    let verb = if addresses.len() == 1 { "does" } else { "do" };
    format!("{} {verb}", list(addresses))
}
