//! Tells where new connections go, zone by zone; opens none.
//!
//! # Rules
//!
//! 1. A load balancer has a *node* in each zone that it is enabled in. A node
//!    knows the targets of its own zone and those in zone `all`; with
//!    cross-zone load balancing it knows every target.
//! 2. A target gets nothing before its registration is complete
//!    ([`World::registration`] after the call), whether or not the group fails
//!    open, and nothing while it drains or is unused.
//! 3. A node sends new connections to the healthy ones of its targets.
//! 4. A node without a healthy target leaves DNS and serves nobody while
//!    another node has one. Clients that know no other zone, as PrivateLink's
//!    do, fail meanwhile.
//! 5. While no node has a healthy target, the load balancer *fails open*: every
//!    node is in DNS and sends to all of its targets, but not to those that are
//!    `unhealthy.draining`.
//! 6. Checks decide who gets a connection. Whether it is served is another
//!    matter: [`World::set_serves`].
//!
//! # Where it differs from NLB
//!
//! Deregistering and failing checks take effect at once, where NLB needs half a
//! minute to two minutes.
//!
//! # Sources
//!
//! ELB User Guide for Network Load Balancers: *Register targets* (routing
//! starts "as soon as the registration process completes and the target
//! passes the initial health checks"), *Health checks* (a zone without a
//! healthy target is removed from DNS; if there is none in any, the load
//! balancer fails open), *Cross-zone load balancing* (off by default).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::{LoadBalancer, TargetState, World};

/// What the node of one zone does with new connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Whether the load balancer's name leads here.
    pub in_dns: bool,
    /// The targets that it sends new connections to, in turn.
    pub targets: BTreeSet<SocketAddr>,
}

impl World {
    /// Says whether whatever is at `address` serves connections. Unless this
    /// says otherwise, it does, whatever health checks find.
    pub fn set_serves(&mut self, address: &str, serves: bool) {
        if serves {
            self.dead.remove(address);
        } else {
            self.dead.insert(address.to_owned());
        }
    }

    /// The nodes before a target group, by zone; none without a listener.
    #[must_use]
    pub fn nodes(&self, group: &str) -> BTreeMap<String, Node> {
        let found = self.target_group(group);
        let balancers = found.load_balancers.iter().map(|arn| self.load_balancer(arn));
        let balancers: Vec<&LoadBalancer> = balancers.filter(|_| found.listener).collect();
        let known = self.registered(group);
        let of_zone = |balancer: &LoadBalancer, zone: &String| {
            let near = |target: &&Registered<'_>| {
                balancer.cross_zone || target.zone == zone.as_str() || target.zone == "all"
            };
            known.iter().filter(near).copied().collect::<Vec<_>>()
        };
        let nodes =
            balancers.iter().flat_map(|balancer| balancer.zones.iter().map(move |zone| (balancer, zone)));
        let nodes: BTreeMap<_, _> = nodes.map(|(lb, zone)| (zone.clone(), of_zone(lb, zone))).collect();
        let is_healthy = |target: &&Registered<'_>| target.state == TargetState::Healthy;
        let fails_open = !nodes.values().flatten().any(|target| is_healthy(&target));
        let node = |targets: Vec<Registered<'_>>| {
            let gets = |target: &&Registered<'_>| {
                is_healthy(target) || (fails_open && target.state != TargetState::UnhealthyDraining)
            };
            let targets: BTreeSet<_> = targets.iter().filter(gets).map(|target| target.address).collect();
            Node { in_dns: fails_open || !targets.is_empty(), targets }
        };
        nodes.into_iter().map(|(zone, targets)| (zone, node(targets))).collect()
    }

    /// Who really gets and serves new connections, by zone: what an operator
    /// would find out by connecting to each zone's own address often enough.
    #[must_use]
    pub fn served(&self, group: &str) -> BTreeMap<String, BTreeSet<SocketAddr>> {
        let mut served = BTreeMap::new();
        for (zone, mut node) in self.nodes(group) {
            node.targets.retain(|target| !self.dead.contains(&target.ip().to_string()));
            served.insert(zone, node.targets);
        }
        served
    }

    /// The targets of a group that nodes know of.
    fn registered(&self, group: &str) -> Vec<Registered<'_>> {
        let group = self.target_group(group);
        let targets = group.targets.iter().filter_map(|(key, target)| {
            let (state, _) = self.state_of(group, key, target);
            // A test that holds a target in a state means what it says.
            let complete = target.pinned.is_some() || target.age(self.now) >= self.registration;
            let in_use = !matches!(state, TargetState::Draining | TargetState::Unused);
            let address = key.to_string().parse().ok()?;
            (complete && in_use).then_some(Registered { address, zone: &target.zone, state })
        });
        targets.collect()
    }
}

/// A target that nodes know of.
#[derive(Clone, Copy)]
struct Registered<'a> {
    address: SocketAddr,
    zone: &'a str,
    state: TargetState,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::{Health, Scope, TargetDescription};

    const A: &str = "10.0.1.10";
    const B: &str = "10.0.2.11";

    /// A world with a healthy target in zones a and b, none in c, and its group.
    fn world() -> (World, String) {
        let mut world = World::new();
        world.add_cluster("payments", [A, B]);
        let group = world.add_frontend("payments").target_group;
        world.put_targets(&group, [A, B]);
        (world, group)
    }

    fn register(world: &mut World, group: &str, id: &str, zone: Option<&str>) {
        let target = TargetDescription { id, port: None, zone };
        world.register_targets(&Scope::default(), group, &[target]).expect("ELB accepts it");
    }

    /// Who is served by the zones a, b and c, by the last byte of the address.
    fn served(world: &World, group: &str) -> [Vec<u8>; 3] {
        let served = world.served(group);
        ["a", "b", "c"].map(|zone| {
            let last = |target: &SocketAddr| target.ip().to_string().rsplit('.').next()?.parse().ok();
            served[&format!("eu-west-1{zone}")].iter().filter_map(last).collect()
        })
    }

    #[test]
    fn a_node_serves_its_own_zone_unless_cross_zone_is_on() {
        let (mut world, group) = world();
        assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
        assert!(!world.nodes(&group)["eu-west-1c"].in_dns);

        register(&mut world, &group, "10.9.0.12", Some("all"));
        world.advance(Duration::from_mins(1));
        assert_eq!(served(&world, &group), [vec![12, 10], vec![12, 11], vec![12]].map(sorted));

        let balancer = world.target_group(&group).load_balancers[0].clone();
        world.load_balancer_mut(&balancer).cross_zone = true;
        assert_eq!(served(&world, &group), [(); 3].map(|()| vec![10, 11, 12]));
        world.target_group_mut(&group).listener = false;
        assert!(world.nodes(&group).is_empty());
    }

    #[test]
    fn a_zone_without_a_healthy_target_is_out_until_none_has_one() {
        let (mut world, group) = world();
        world.set_health(B, Health::Never);
        assert_eq!(served(&world, &group), [vec![10], vec![], vec![]]);
        assert!(!world.nodes(&group)["eu-west-1b"].in_dns);

        world.set_health(A, Health::Never);
        assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
        assert!(world.nodes(&group).values().all(|node| node.in_dns), "it fails open");
    }

    #[test]
    fn a_new_target_gets_nothing_before_its_registration_is_complete() {
        let (mut world, group) = world();
        world.registration = Duration::from_mins(3);
        for address in [A, B, "10.0.1.12"] {
            world.set_health(address, Health::Never);
        }
        register(&mut world, &group, "10.0.1.12", None);

        world.advance(Duration::from_secs(179));
        assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]], "fail-open or not");
        world.advance(Duration::from_secs(1));
        assert_eq!(served(&world, &group), [vec![10, 12], vec![11], vec![]]);
    }

    #[test]
    fn who_passes_checks_gets_connections_and_may_not_serve_them() {
        let (mut world, group) = world();
        world.set_serves(A, false);
        assert_eq!(served(&world, &group), [vec![], vec![11], vec![]]);
        assert_eq!(world.nodes(&group)["eu-west-1a"].targets.len(), 1);

        world.set_serves(A, true);
        assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
    }

    #[test]
    fn what_drains_gets_no_new_connection() {
        let (mut world, group) = world();
        world.pin_state(&group, A, TargetState::Draining);
        world.pin_state(&group, B, TargetState::UnhealthyDraining);
        assert_eq!(served(&world, &group), [const { Vec::<u8>::new() }; 3]);
    }

    fn sorted(mut list: Vec<u8>) -> Vec<u8> {
        // Addresses are in order, their last bytes are not.
        list.sort_unstable();
        list
    }
}
