//! The rules that hold always, over many runs.

mod repeated;

use std::collections::BTreeSet;
use std::time::Duration;

use eks_nlb_simulator::world::{LoadBalancerSpec, Reply, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, Health, TargetState, World};
use serde_json::{Value, json};

use crate::support::*;

/// The addresses that take the place of all of [`PAYMENTS`], in the same zones.
const REPLACEMENT: [&str; 2] = ["10.0.1.14", "10.0.2.15"];

/// The same as targets.
const REPLACEMENT_TARGETS: [&str; 2] = ["10.0.1.14:443", "10.0.2.15:443"];

/// The writes so far, as operation and targets.
fn writes(world: &World) -> Vec<(String, Vec<String>)> {
    world.writes().iter().map(|write| (write.operation.clone(), write.targets())).collect()
}

fn healthy(world: &World, frontend: &Frontend) -> Vec<String> {
    let targets = world.targets(&frontend.target_group).into_iter();
    targets.filter(|(_, state)| *state == TargetState::Healthy).map(|(target, _)| target).collect()
}

fn withheld(reported: &Value) -> Vec<(&str, &str)> {
    let list = reported["withheld"].as_array().expect("a list");
    list.iter()
        .map(|one| (one["target"].as_str().expect("one"), one["reason"].as_str().expect("one")))
        .collect()
}

#[tokio::test]
async fn a_new_control_plane_takes_over_without_a_gap() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], converged_payments).await;
    let group = frontend.target_group.as_str();
    function.world().rotate("payments", REPLACEMENT);
    let waiting = PAYMENTS_TARGETS.map(|target| (target, "waitingForHealthyReplacement"));

    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["registered"], json!(REPLACEMENT_TARGETS));
    assert_eq!(withheld(reported(&report, &frontend)), waiting);
    assert_eq!(healthy(&function.world(), &frontend), PAYMENTS_TARGETS);

    // Still on its first checks: nothing to do but to wait.
    function.world().advance(Duration::from_secs(10));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "waiting");
    assert_eq!(withheld(reported(&report, &frontend)), waiting);
    assert_eq!(function.world().writes().len(), 1);

    function.world().advance(Duration::from_secs(30));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["deregistered"], json!(PAYMENTS_TARGETS));
    assert_eq!(healthy(&function.world(), &frontend), REPLACEMENT_TARGETS);

    // Draining targets are left alone, and removed ones stay removed.
    function.sync().await;
    function.world().advance(Duration::from_mins(6));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "converged");
    assert_eq!(targets_of(&function.world(), group), REPLACEMENT_TARGETS);
    assert_eq!(function.world().writes().len(), 2);
}

/// The decision about a target in each state of ELB: while it is stale and no desired
/// target is healthy, while it is stale and replaced, and while it is desired.
#[tokio::test]
async fn each_state_of_a_target_is_understood() {
    use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, UnhealthyDraining, Unused};
    const CASES: [(TargetState, [&str; 3]); 7] = [
        (Initial, ["waiting", "deregistered", "converged"]),
        (Healthy, ["waiting", "deregistered", "converged"]),
        (Unavailable, ["waiting", "deregistered", "converged"]),
        // While nothing is healthy, the load balancer sends traffic to it.
        (Unhealthy, ["waiting", "deregistered", "converged"]),
        (UnhealthyDraining, ["waiting", "deregistered", "converged"]),
        (Unused, ["deregistered", "deregistered", "converged"]),
        (Draining, ["converged", "converged", "registered"]),
    ];
    let (function, frontends) = Function::start_in_with(&[BY_DNS], |world| {
        world.add_cluster("payments", PAYMENTS);
        let mut add = |state, others: &[(&str, TargetState)], target: &str| {
            let frontend = world.add_frontend("payments");
            for (address, state) in others.iter().chain(&[(target, state)]) {
                world.put_targets(&frontend.target_group, [address]);
                world.pin_state(&frontend.target_group, address, *state);
            }
            frontend
        };
        let [first, second] = PAYMENTS;
        CASES.map(|(state, _)| {
            [
                add(state, &[(first, Initial), (second, Initial)], "10.0.1.12"),
                add(state, &[(first, Healthy), (second, Healthy)], "10.0.1.12"),
                add(state, &[(first, Healthy)], second),
            ]
        })
    })
    .await;

    let report = function.sync().await;

    for (frontends, (state, expected)) in frontends.iter().zip(CASES) {
        let became = frontends.each_ref().map(|frontend| {
            let found = reported(&report, frontend);
            let counts =
                ["registered", "deregistered"].map(|key| found[key].as_array().expect("a list").len());
            match counts {
                [0, 0] => found["outcome"].as_str().expect("text"),
                [1, 0] => "registered",
                [0, 1] => "deregistered",
                _ => panic!("{state}: {found:#}"),
            }
        });
        assert_eq!(became, expected, "{state}");
    }
}

/// The planner's own tests hold the rows; this one, that the setting reaches it.
#[tokio::test]
async fn the_minimum_of_healthy_targets_is_the_operators() {
    for (minimum, outcome) in [("1", "changed"), ("2", "waiting")] {
        let variables = [BY_DNS, ("MIN_HEALTHY_TARGETS", minimum)];
        let (function, frontend) = Function::start_in_with(&variables, |world| {
            let frontend = converged_payments(world);
            world.set_health(PAYMENTS[1], Health::Never);
            world.put_targets(&frontend.target_group, ["10.0.1.12"]);
            frontend
        })
        .await;

        let report = function.sync().await;

        assert_eq!(reported(&report, &frontend)["outcome"], outcome, "{minimum}");
    }
}

#[tokio::test]
async fn add_only_never_deregisters() {
    let (function, frontend) =
        Function::start_in_with(&[BY_DNS, ("SYNC_POLICY", "add-only")], busy_payments).await;

    let report = function.sync().await;

    let reported = reported(&report, &frontend);
    assert_eq!(reported["registered"], json!(["10.0.2.11:443"]));
    assert_eq!(withheld(reported), [("10.0.3.12:443", "addOnlyPolicy"), ("10.0.3.13:443", "addOnlyPolicy")]);
    function.world().advance(Duration::from_hours(1));
    function.sync().await;
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
}

#[tokio::test]
async fn a_target_is_an_address_and_a_port() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = payments(world);
        world.put_targets(&frontend.target_group, ["10.0.1.10:8443", "10.0.2.11"]);
        world.pin_state(&frontend.target_group, "10.0.1.10:8443", TargetState::Unused);
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.1.10:443"]));
    assert_eq!(reported(&report, &frontend)["deregistered"], json!(["10.0.1.10:8443"]));
    let expected = [
        ("RegisterTargets".to_owned(), vec!["10.0.1.10:443".to_owned()]),
        ("DeregisterTargets".to_owned(), vec!["10.0.1.10:8443".to_owned()]),
    ];
    assert_eq!(writes(&function.world()), expected);
}
