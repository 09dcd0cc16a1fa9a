use std::time::Duration;

use super::*;
use crate::world::{ClusterSpec, Frontend, LoadBalancerSpec, TargetGroupSpec};

fn world() -> (World, String) {
    let mut world = World::new();
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let Frontend { target_group, .. } = world.add_frontend("payments");
    (world, target_group)
}

fn target<'a>(id: &'a str, zone: Option<&'a str>) -> TargetDescription<'a> {
    TargetDescription { id, port: None, zone }
}

fn register(world: &mut World, group: &str, id: &str) -> Result<(), Refusal> {
    world.register_targets(&Scope::default(), group, &[target(id, None)])
}

fn deregister(world: &mut World, group: &str, id: &str) -> Result<(), Refusal> {
    world.deregister_targets(&Scope::default(), group, &[target(id, None)])
}

#[test]
fn a_target_lives_drains_returns_and_goes() {
    let (mut world, group) = world();
    let state = |world: &World| world.targets(&group).get("10.0.1.10:443").copied();
    let minute = Duration::from_mins(1);

    assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()), "unknown ones are ignored");
    assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
    assert_eq!(state(&world), Some(TargetState::Initial));
    world.advance(minute);
    assert_eq!(state(&world), Some(TargetState::Healthy));
    assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
    assert_eq!(state(&world), Some(TargetState::Healthy), "registering again changes nothing");

    assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()));
    assert_eq!(state(&world), Some(TargetState::Draining));
    world.advance(minute * 4);
    assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()), "no second delay");
    world.advance(minute);
    assert_eq!(state(&world), None);

    assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
    world.advance(minute);
    assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()));
    assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
    assert_eq!(state(&world), Some(TargetState::Initial), "it begins again");
    world.advance(minute * 9);
    assert_eq!(state(&world), Some(TargetState::Healthy), "the old delay is forgotten");
}

#[test]
fn an_unused_target_goes_without_draining() {
    let (mut world, group) = world();
    world.target_group_mut(&group).listener = false;
    register(&mut world, &group, "10.0.1.10").expect("an address of the VPC");

    assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()));
    assert!(world.targets(&group).is_empty());
}

#[test]
fn zones_are_checked_as_elb_does() {
    let (mut world, group) = world();
    let outside = "it is not in the VPC";
    let inside = "is within the VPC, and cannot have its Availability Zone overridden to";
    let cases = [
        ("10.0.1.10", None, Ok("eu-west-1a")),
        ("10.0.1.11", Some("eu-west-1a"), Ok("eu-west-1a")),
        ("10.0.1.12", Some("all"), Err(("ValidationError", inside))),
        ("10.0.1.12", Some("eu-west-1b"), Err(("ValidationError", inside))),
        ("10.9.0.1", None, Err(("ValidationError", outside))),
        ("10.9.0.1", Some("all"), Ok("all")),
        ("100.64.0.1", Some("all"), Ok("all")),
        ("100.128.0.1", Some("all"), Err(("InvalidTarget", "100.128.0.1"))),
        ("203.0.113.7", Some("all"), Err(("InvalidTarget", "203.0.113.7"))),
        ("203.0.113.7", None, Err(("InvalidTarget", "203.0.113.7"))),
        ("fd00::1", Some("all"), Err(("ValidationError", "is not a valid IPv4 address"))),
        ("i-0123", None, Err(("ValidationError", "is not a valid IPv4 address"))),
    ];
    for (id, zone, expected) in cases {
        let done = world.register_targets(&Scope::default(), &group, &[target(id, zone)]);
        match (done, expected) {
            (Ok(()), Ok(zone)) => {
                let key = TargetKey { id: id.to_owned(), port: 443 };
                assert_eq!(world.target_group(&group).targets[&key].zone, zone, "{id}");
            }
            (Err(refusal), Err((code, text))) => {
                assert_eq!(refusal.code, code, "{id} {zone:?}");
                assert!(refusal.message.contains(text), "{id} {zone:?}: {}", refusal.message);
            }
            (done, expected) => panic!("{id} {zone:?}: {done:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_target_that_is_named_without_its_zone_is_missed_in_silence() {
    let (mut world, group) = world();
    let scope = Scope::default();
    let (far, all) = ("10.9.0.1", Some("all"));
    world.register_targets(&scope, &group, &[target(far, all)]).expect("outside, and for all");
    register(&mut world, &group, "10.0.1.10").expect("inside");

    let states = |world: &World, id, zone| {
        let told = world.describe_target_health(&scope, &group, &[target(id, zone)]);
        told.expect("the group exists")[0].state
    };
    assert_eq!(states(&world, far, None), TargetState::Unused);
    assert_eq!(states(&world, far, all), TargetState::Initial);
    assert_eq!(states(&world, "10.0.1.10", Some("eu-west-1b")), TargetState::Unused);
    for zone in [None, Some("eu-west-1a")] {
        assert_eq!(states(&world, "10.0.1.10", zone), TargetState::Initial);
    }

    for (zone, state) in [(None, TargetState::Initial), (all, TargetState::Draining)] {
        assert_eq!(world.deregister_targets(&scope, &group, &[target(far, zone)]), Ok(()));
        assert_eq!(states(&world, far, all), state, "{zone:?}");
    }
}

#[test]
fn families_do_not_mix() {
    let mut world = World::new();
    world.create_cluster(ClusterSpec::new("six", ["fd00:1::10"]));
    let balancer =
        world.add_load_balancer(LoadBalancerSpec { dual_stack: true, ..LoadBalancerSpec::managed("six") });
    let group =
        world.add_target_group(TargetGroupSpec { family: Family::Ipv6, ..TargetGroupSpec::ip(&balancer) });

    assert_eq!(register(&mut world, &group, "fd00:1:0:0::10"), Ok(()));
    assert!(world.targets(&group).contains_key("[fd00:1::10]:443"));
    let refusal = register(&mut world, &group, "10.0.0.1").expect_err("IPv4");
    assert!(refusal.message.contains("is not a valid IPv6 address"), "{refusal}");
}

#[test]
fn one_bad_target_or_one_too_many_refuses_them_all() {
    let (mut world, group) = world();
    let both = [target("10.0.1.10", None), target("203.0.113.7", None)];
    assert!(world.register_targets(&Scope::default(), &group, &both).is_err());
    assert!(world.targets(&group).is_empty());

    world.targets_per_group = 2;
    register(&mut world, &group, "10.0.1.1").expect("within the quota");
    let two = [target("10.0.1.2", None), target("10.0.1.3", None)];
    let refusal = world.register_targets(&Scope::default(), &group, &two).expect_err("three");
    assert_eq!(refusal.code, "TooManyTargets");
    assert_eq!(world.targets(&group).len(), 1);
    let known = [target("10.0.1.1", None), target("10.0.1.2", None)];
    assert_eq!(world.register_targets(&Scope::default(), &group, &known), Ok(()));
}

#[test]
fn a_group_that_is_gone_or_another_accounts_is_not_found() {
    let (mut world, group) = world();
    let elsewhere = Scope::new("444455556666", "eu-west-1");
    let done = world.register_targets(&elsewhere, &group, &[target("10.0.1.10", None)]);
    assert_eq!(done.map_err(|refusal| refusal.code), Err("TargetGroupNotFound".into()));

    world.delete_target_group(&group);
    for done in [register(&mut world, &group, "10.0.1.1"), deregister(&mut world, &group, "10.0.1.1")] {
        assert_eq!(done.map_err(|refusal| refusal.code), Err("TargetGroupNotFound".into()));
    }
}

#[test]
fn a_target_that_is_asked_for_and_not_there_is_said_to_be_unused() {
    let (world, group) = world();
    let asked = [target("10.0.1.77", None)];
    let told = world.describe_target_health(&Scope::default(), &group, &asked);
    let told = told.expect("the group exists");
    assert_eq!(told[0].state, TargetState::Unused);
    assert_eq!(told[0].reason.map(|(code, _)| code), Some("Target.NotRegistered"));
}
