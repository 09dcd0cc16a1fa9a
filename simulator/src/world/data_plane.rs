//! Answers where new connections go, zone by zone; opens none.
//!
//! # Rules
//!
//! 1. A load balancer has a *node* in each zone that it is enabled in. With
//!    cross-zone load balancing off, a node knows the targets of its own zone
//!    and those in zone `all`; with it on, every target. The target group's own
//!    attribute beats the load balancer's.
//! 2. A target gets no connection while it is being registered
//!    ([`World::registration`] after the call), drains, is unused, or is
//!    overridden by a zonal shift, whether or not a node fails open.
//! 3. A node sends new connections to its healthy targets. While these are
//!    fewer than the routing failover threshold, the node *fails open*: it sends
//!    to all of its targets, except `unhealthy.draining` ones. With
//!    cross-zone load balancing off each zone is counted by itself, with it on
//!    all zones are counted together.
//! 4. A zone whose healthy targets are fewer than the DNS failover threshold
//!    leaves DNS, as does one that a zonal shift moves traffic away from. If
//!    that is every zone, all stay. Clients that connect to a zone's own
//!    address, as PrivateLink's endpoints do, reach its node in any case.
//! 5. A target group of weight 0 gets no connection.
//! 6. Whether a server answers is independent of its health checks:
//!    [`World::set_serves`].
//!
//! # Assumptions
//!
//! - Deregistering and failing checks take effect at once. NLB needs half a
//!   minute to two minutes.
//! - A target that a zonal shift overrides does not count as healthy for the
//!   thresholds, and `zonal_shift_delegated_to_dns` moves traffic by DNS only.
//!   AWS documents neither.
//! - A percentage counts every target that is in use, `initial` ones included.
//!
//! # Sources
//!
//! ELB User Guide for Network Load Balancers, read November 2026:
//!
//! - *Health checks for Network Load Balancer target groups*: routing starts "as
//!   soon as the registration process completes and the targets pass the initial
//!   health checks".
//! - *Target group health*: thresholds, either of which is enough; with
//!   cross-zone load balancing off "the thresholds apply to the number of
//!   targets in each enabled zone separately"; connections "sent explicitly" to
//!   a zone that fails open reach "all targets" in it; "if all load balancer
//!   zones are considered unhealthy, the load balancer sends traffic to all
//!   zones".
//! - *Cross-zone load balancing for target groups*: off by default; "the target
//!   group setting determines the load balancing behavior".
//! - *Zonal shift for your Network Load Balancer*: the load balancer "stops
//!   routing new traffic to administratively overridden targets", and the
//!   zone's addresses "are removed from DNS".

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::{CrossZone, LoadBalancer, OverrideState, TargetGroup, TargetState, World};

/// What the node of one zone does with new connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Whether the load balancer's name resolves to this node.
    pub in_dns: bool,
    /// The targets that it sends new connections to, in turn.
    pub targets: BTreeSet<SocketAddr>,
}

impl World {
    /// Sets whether the server at `address` answers connections. By default it
    /// does, whatever health checks find.
    pub fn set_serves(&mut self, address: &str, serves: bool) {
        if serves {
            self.dead.remove(address);
        } else {
            self.dead.insert(address.to_owned());
        }
    }

    /// Whether the server at `address` answers connections.
    #[must_use]
    pub fn serves(&self, address: &str) -> bool {
        !self.dead.contains(address)
    }

    /// The nodes that send connections to a target group, by zone.
    #[must_use]
    pub fn nodes(&self, group: &str) -> BTreeMap<String, Node> {
        let group = self.target_group(group);
        if !group.listener || group.weight == 0 {
            return BTreeMap::new();
        }
        let known = self.in_use(group);
        let mut nodes = BTreeMap::new();
        for balancer in group.load_balancers.iter().map(|arn| self.load_balancer(arn)) {
            let zones = balancer.zones.iter();
            let mut of_balancer: BTreeMap<String, Node> =
                zones.map(|zone| (zone.clone(), node(group, balancer, zone, &known))).collect();
            if !of_balancer.values().any(|node| node.in_dns) {
                for node in of_balancer.values_mut() {
                    node.in_dns = true;
                }
            }
            nodes.append(&mut of_balancer);
        }
        nodes
    }

    /// The targets that get new connections and whose servers answer, by zone.
    #[must_use]
    pub fn served(&self, group: &str) -> BTreeMap<String, BTreeSet<SocketAddr>> {
        let mut served = BTreeMap::new();
        for (zone, mut node) in self.nodes(group) {
            node.targets.retain(|target| !self.dead.contains(&target.ip().to_string()));
            served.insert(zone, node.targets);
        }
        served
    }

    /// The targets of a group that count for its thresholds.
    fn in_use(&self, group: &TargetGroup) -> Vec<Known> {
        let targets = group.targets.iter().filter_map(|(key, target)| {
            let (state, _) = self.state_of(group, key, target);
            // A pinned state takes effect at once.
            let is_registered = target.pinned.is_some() || target.age(self.now) >= self.registration;
            let is_overridden = self.override_of(group, target) == OverrideState::ZonalShiftActive;
            let may_get = is_registered && !is_overridden;
            let address = key.to_string().parse().ok()?;
            (!matches!(state, TargetState::Draining | TargetState::Unused)).then(|| Known {
                address,
                zone: target.zone.clone(),
                is_healthy: may_get && state == TargetState::Healthy,
                may_get: may_get && state != TargetState::UnhealthyDraining,
            })
        });
        targets.collect()
    }
}

/// A target that nodes know of.
struct Known {
    address: SocketAddr,
    zone: String,
    is_healthy: bool,
    /// Whether a node that fails open sends connections to it.
    may_get: bool,
}

/// The node of `zone`: rules 1, 3 and 4.
fn node(group: &TargetGroup, balancer: &LoadBalancer, zone: &str, known: &[Known]) -> Node {
    let cross_zone = match group.routing.cross_zone {
        CrossZone::On => true,
        CrossZone::Off => false,
        CrossZone::UseLoadBalancer => balancer.cross_zone,
    };
    let reaches = |target: &&Known| cross_zone || target.zone == zone || target.zone == "all";
    let near: Vec<&Known> = known.iter().filter(reaches).collect();
    let healthy = near.iter().filter(|target| target.is_healthy).count();
    let fails_open = group.routing.routing_failover.is_breached(healthy, near.len());
    let gets = |target: &&Known| target.is_healthy || (fails_open && target.may_get);
    let is_shifted = balancer.zonal_shift.as_ref().is_some_and(|(away, _)| away == zone);
    Node {
        in_dns: !is_shifted && !group.routing.dns_failover.is_breached(healthy, near.len()),
        targets: near.iter().copied().filter(gets).map(|target| target.address).collect(),
    }
}

#[cfg(test)]
mod tests;
