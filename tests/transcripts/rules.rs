//! Which stale targets stay, and why.

use eks_nlb_simulator::world::{LoadBalancerSpec, OverrideState, TargetGroupSpec};
use eks_nlb_simulator::{Frontend, Health, TargetState, World};

use crate::setup::{NEW, OLD, converged};
use crate::story::Story;

/// A cluster whose servers have moved, so that its old targets are stale. EC2 and
/// DNS name the new ones only.
fn moved(world: &mut World, cluster: &str) -> Frontend {
    world.interfaces_linger = std::time::Duration::ZERO;
    let frontend = converged(world, cluster, OLD);
    world.rotate(cluster, NEW);
    frontend
}

#[tokio::test(start_paused = true)]
async fn too_few_are_healthy() {
    let mut story = Story::start("too_few_are_healthy", "Old targets wait for the replacements").await;
    story.when("the servers moved, and one new one fails its checks", |world| {
        moved(world, "payments");
        world.set_health("10.0.2.21", Health::Never);
    });
    story.runs(3).await;
    story.when("an old target fails, too", |world| world.set_health("10.0.1.10", Health::Never));
    story.runs(2).await;
    story.when("the new one passes", |world| {
        world.set_health("10.0.2.21", Health::After(std::time::Duration::ZERO));
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn a_minimum_of_one() {
    let variables = [("MIN_HEALTHY_TARGETS", "1")];
    let mut story = Story::start_with("a_minimum_of_one", "A lower minimum", &variables).await;
    story.when("the servers moved, and the new one of zone b fails its checks", |world| {
        moved(world, "payments");
        world.set_health("10.0.2.21", Health::Never);
    });
    story.runs(4).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn a_zone_would_be_empty() {
    let mut story = Story::start("a_zone_would_be_empty", "A zone keeps its last healthy target").await;
    story.when("the servers move from zones a, b, c to a, b, and c is left for later", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        converged(world, "payments", ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
        world.rotate("payments", ["10.0.1.20", "10.0.2.21", "10.0.3.22"]);
        world.set_health("10.0.3.22", Health::Never);
    });
    story.runs(4).await;
    story.when("zone c has no server any more", |world| world.rotate("payments", NEW));
    story.runs(3).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn everything_fails_open() {
    let mut story = Story::start("everything_fails_open", "No target passes its checks").await;
    story.when("the servers move, and neither old nor new targets pass", |world| {
        moved(world, "payments");
        for address in OLD.into_iter().chain(NEW) {
            world.set_health(address, Health::Never);
        }
    });
    story.runs(4).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn cross_zone() {
    let mut story =
        Story::start("cross_zone", "Cross-zone load balancing, and a cluster of another VPC").await;
    story.when("the load balancer is in another VPC than the cluster", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        world.add_cluster("payments", OLD);
        let vpc = world.add_vpc(&eks_nlb_simulator::world::Scope::default());
        let spec =
            LoadBalancerSpec { vpc: Some(vpc), cross_zone: true, ..LoadBalancerSpec::managed("payments") };
        let load_balancer = world.add_load_balancer(spec);
        world.add_target_group(TargetGroupSpec::ip(&load_balancer));
    });
    story.runs(2).await;
    story.when("the servers move", |world| world.rotate("payments", NEW));
    story.runs(3).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn zonal_shift() {
    let mut story = Story::start("zonal_shift", "Traffic is shifted away from zone a").await;
    story.when("the servers moved while zone a is shifted away", |world| {
        let frontend = moved(world, "payments");
        world.shift_away(&frontend.load_balancer, "eu-west-1a", OverrideState::ZonalShiftActive);
    });
    story.runs(3).await;
    story.when("the shift ends", |world| {
        let frontend = world.frontend_named("payments");
        world.load_balancer_mut(&frontend.load_balancer).zonal_shift = None;
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn targets_in_every_state() {
    use TargetState::{Draining, Initial, Unavailable, Unhealthy, UnhealthyDraining, Unused};
    let mut story =
        Story::start("targets_in_every_state", "Stale targets in every state, and another port").await;
    story.when("two desired targets are healthy", |world| {
        let frontend = converged(world, "payments", OLD);
        let states = [Initial, Unavailable, Unhealthy, UnhealthyDraining, Unused, Draining];
        for (n, state) in (50..).zip(states) {
            let target = format!("10.0.1.{n}");
            world.put_targets(&frontend.target_group, [&target]);
            world.pin_state(&frontend.target_group, &target, state);
        }
        world.put_targets(&frontend.target_group, ["10.0.1.10:6443", "10.0.2.60", "10.9.9.9"]);
    });
    story.runs(3).await;
    story.when("a desired target drains, and the other is unused", |world| {
        let frontend = world.frontend_named("payments");
        world.pin_state(&frontend.target_group, "10.0.1.10", Draining);
        world.pin_state(&frontend.target_group, "10.0.2.11", Unused);
    });
    story.runs(2).await;
    story.end();
}

/// A zone in which the load balancer is not enabled.
#[tokio::test(start_paused = true)]
async fn a_zone_is_not_enabled() {
    let mut story = Story::start("a_zone_is_not_enabled", "The load balancer has no node in zone c").await;
    story.when("servers move from zones a, b, c to a and c", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        let frontend = converged(world, "payments", ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
        let zones = vec!["eu-west-1a".to_owned(), "eu-west-1b".to_owned()];
        world.load_balancer_mut(&frontend.load_balancer).zones = zones;
        world.rotate("payments", ["10.0.1.20", "10.0.3.22"]);
    });
    story.runs(3).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn add_only() {
    let variables = [("SYNC_POLICY", "add-only")];
    let mut story = Story::start_with("add_only", "Nothing is deregistered", &variables).await;
    story.when("the servers moved", |world| moved(world, "payments"));
    story.runs(3).await;
    story.pass(crate::story::MINUTE * 40).await;
    story.run().await;
    story.end();
}
