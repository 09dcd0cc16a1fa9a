//! The listeners: on which port, and with which weight, they forward.

use std::collections::BTreeMap;

use eks_nlb_sync::model::{LoadBalancerArn, TargetGroupArn};
use eks_nlb_sync::publish::report::FrontendReport;

use super::check::Check;
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::Looked;
use crate::reads::elb::Listener;

/// The port of API servers and of their clients.
pub(super) const PORT: &str = "443";

/// Checks the listeners that forward to the target groups of `frontends`.
pub(super) fn look(
    frontends: &[&FrontendReport],
    listeners: &BTreeMap<LoadBalancerArn, Looked<Vec<Listener>>>,
) -> [Check; 2] {
    let (mut listener, mut weight) = (Check::new(CheckId::Listener), Check::new(CheckId::Weight));
    for frontend in frontends {
        let (Some(balancer), Some(group)) = (&frontend.load_balancer, &frontend.target_group) else {
            continue;
        };
        let name = names::target_group(group);
        match listeners.get(balancer) {
            Some(Ok(all)) => {
                let own: Vec<_> = all.iter().filter(|one| one.target_groups.contains_key(&group.0)).collect();
                let is_shared = frontends.iter().any(|other| {
                    other.load_balancer == frontend.load_balancer && other.cluster != frontend.cluster
                });
                listener.sees(name, Ok(not_forwarded(&own, is_shared)));
                if !own.is_empty() {
                    weight.sees(name, Ok(weighs_nothing(&own, group)));
                }
            }
            Some(Err(not_looked)) => listener.sees(name, Err(not_looked.clone())),
            None => {}
        }
    }
    [listener, weight]
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
