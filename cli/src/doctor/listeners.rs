//! The listeners: on which port, and with which weight, they forward.

use eks_nlb_sync::model::TargetGroupArn;

use super::check::Check;
use super::facts::{Balancer, Facts};
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::elb::Listener;
use crate::reads::{Looked, known};

/// The port of API servers and of their clients.
pub(super) const PORT: &str = "443";

/// Checks the listeners that forward to the target groups.
pub(super) fn look(facts: &Facts<'_>) -> [Check; 2] {
    let found = facts.pairs().map(|(balancer, group)| {
        let is_shared = balancer.clusters.len() > 1;
        (names::target_group(group), forwarding(balancer, group).map(|own| not_forwarded(&own, is_shared)))
    });
    let weights = facts.pairs().filter_map(|(balancer, group)| {
        let own = forwarding(balancer, group).ok().filter(|own| !own.is_empty())?;
        Some((names::target_group(group), Ok(weighs_nothing(&own, group))))
    });
    [Check::of(CheckId::Listener, found), Check::of(CheckId::Weight, weights)]
}

/// The listeners of a load balancer that forward to `group`.
fn forwarding<'a>(balancer: &'a Balancer<'_>, group: &TargetGroupArn) -> Looked<Vec<&'a Listener>> {
    let all = known(&balancer.listeners)?;
    Ok(all.iter().filter(|one| one.target_groups.contains_key(&group.0)).collect())
}

/// Why clients do not find the target group by a listener of `own`. Where several
/// clusters share a load balancer, each has a port of its own.
fn not_forwarded(own: &[&Listener], is_shared: bool) -> Option<String> {
    if own.iter().any(|one| one.protocol == "TCP" && (is_shared || one.port == PORT)) {
        return None;
    }
    let others: Vec<_> = own.iter().map(|one| format!("{} on {}", one.protocol, one.port)).collect();
    Some(if others.is_empty() {
        "no listener forwards to it".to_owned()
    } else {
        format!("only {} forwards to it", others.join(" and "))
    })
}

fn weighs_nothing(own: &[&Listener], group: &TargetGroupArn) -> Option<String> {
    let is_zero = own.iter().all(|one| one.target_groups.get(&group.0) == Some(&0));
    is_zero.then(|| "its weight is 0, so it gets no client".to_owned())
}
