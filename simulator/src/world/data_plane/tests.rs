use std::time::Duration;

use super::*;
use crate::world::{Health, Scope, TargetDescription, Threshold};

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

/// Who serves the clients of zones a, b and c: the last bytes of addresses.
fn served(world: &World, group: &str) -> [Vec<u8>; 3] {
    let served = world.served(group);
    ["a", "b", "c"].map(|zone| {
        let last = |target: &SocketAddr| target.ip().to_string().rsplit('.').next()?.parse().ok();
        let last: BTreeSet<u8> = served[&format!("eu-west-1{zone}")].iter().filter_map(last).collect();
        last.into_iter().collect()
    })
}

/// Whether zones a, b and c are in DNS.
fn in_dns(world: &World, group: &str) -> [bool; 3] {
    let nodes = world.nodes(group);
    ["a", "b", "c"].map(|zone| nodes[&format!("eu-west-1{zone}")].in_dns)
}

#[test]
fn a_node_serves_its_own_zone_unless_cross_zone_is_on() {
    let (mut world, group) = world();
    assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
    assert_eq!(in_dns(&world, &group), [true, true, false]);

    register(&mut world, &group, "10.9.0.12", Some("all"));
    world.advance(Duration::from_mins(1));
    assert_eq!(served(&world, &group), [vec![10, 12], vec![11, 12], vec![12]]);

    let balancer = world.target_group(&group).load_balancers[0].clone();
    world.load_balancer_mut(&balancer).cross_zone = true;
    assert_eq!(served(&world, &group), [(); 3].map(|()| vec![10, 11, 12]));
    world.target_group_mut(&group).weight = 0;
    assert!(world.nodes(&group).is_empty());
    world.target_group_mut(&group).weight = 1;
    world.target_group_mut(&group).listener = false;
    assert!(world.nodes(&group).is_empty());
}

#[test]
fn a_zone_without_a_healthy_target_fails_open_by_itself() {
    let (mut world, group) = world();
    world.set_health(B, Health::Never);
    assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
    assert_eq!(in_dns(&world, &group), [true, false, false]);

    world.set_health(A, Health::Never);
    assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
    assert_eq!(in_dns(&world, &group), [true; 3], "every zone is unhealthy");
}

#[test]
fn thresholds_count_each_zone_or_with_cross_zone_all_zones_together() {
    let (mut world, group) = world();
    world.put_targets(&group, ["10.0.1.12", "10.0.1.13"]);
    world.set_health("10.0.1.13", Health::Never);
    let (healthy, open) = (vec![10, 12], vec![10, 12, 13]);
    for (threshold, zone_a, all_zones) in [
        (Threshold::default(), &healthy, vec![10, 11, 12]),
        (Threshold::count(2), &healthy, vec![10, 11, 12]),
        (Threshold::count(3), &open, vec![10, 11, 12]),
        (Threshold::count(4), &open, vec![10, 11, 12, 13]),
        (Threshold::percentage(66), &healthy, vec![10, 11, 12]),
        (Threshold::percentage(67), &open, vec![10, 11, 12]),
        (Threshold::percentage(76), &open, vec![10, 11, 12, 13]),
    ] {
        world.target_group_mut(&group).routing.routing_failover = threshold;
        world.target_group_mut(&group).routing.cross_zone = CrossZone::Off;
        assert_eq!(served(&world, &group), [zone_a.clone(), vec![11], vec![]], "{threshold:?}");
        world.target_group_mut(&group).routing.cross_zone = CrossZone::On;
        assert_eq!(served(&world, &group), [(); 3].map(|()| all_zones.clone()), "{threshold:?}");
    }
    let routing = &mut world.target_group_mut(&group).routing;
    (routing.cross_zone, routing.dns_failover) = (CrossZone::Off, Threshold::count(2));
    assert_eq!(in_dns(&world, &group), [true, false, false]);
}

#[test]
fn a_zonal_shift_takes_new_connections_from_targets_that_stay_healthy() {
    let (mut world, group) = world();
    let balancer = world.target_group(&group).load_balancers[0].clone();
    world.shift_away(&balancer, "eu-west-1a", OverrideState::ZonalShiftActive);
    assert_eq!(served(&world, &group), [vec![], vec![11], vec![]]);
    assert_eq!(in_dns(&world, &group), [false, true, false]);
    assert!(world.targets(&group).values().all(|state| *state == TargetState::Healthy));

    world.load_balancer_mut(&balancer).cross_zone = true;
    assert_eq!(served(&world, &group), [(); 3].map(|()| vec![11]));
    world.target_group_mut(&group).routing.cross_zone = CrossZone::Off;
    world.shift_away(&balancer, "eu-west-1a", OverrideState::ZonalShiftDelegatedToDns);
    assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]], "the zone's own address");
    assert_eq!(in_dns(&world, &group), [false, true, false]);
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
fn a_target_that_passes_checks_gets_connections_even_if_its_server_is_dead() {
    let (mut world, group) = world();
    world.set_serves(A, false);
    assert_eq!(served(&world, &group), [vec![], vec![11], vec![]]);
    assert_eq!(world.nodes(&group)["eu-west-1a"].targets.len(), 1);

    world.set_serves(A, true);
    assert_eq!(served(&world, &group), [vec![10], vec![11], vec![]]);
}

#[test]
fn a_draining_target_gets_no_new_connection() {
    let (mut world, group) = world();
    world.pin_state(&group, A, TargetState::Draining);
    world.pin_state(&group, B, TargetState::UnhealthyDraining);
    assert_eq!(served(&world, &group), [const { Vec::<u8>::new() }; 3]);
}
