//! The number of calls of a run, and of calls in flight.

use std::collections::BTreeMap;
use std::time::Duration;

use eks_nlb_simulator::world::{Family, LoadBalancerKind, LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Frontend, World};
use serde_json::json;

use crate::process::Usage;
use crate::support::*;

/// Makes `clusters` clusters of two addresses, each with a frontend that has
/// converged.
fn fleet(world: &mut World, clusters: usize) -> Vec<Frontend> {
    let one = |n: usize| {
        let name = format!("cluster-{n}");
        let addresses = [1, 2].map(|last| format!("10.{}.{}.{last}", n / 250, n % 250));
        world.add_cluster(&name, &addresses);
        let frontend = world.add_frontend(&name);
        world.put_targets(&frontend.target_group, &addresses);
        frontend
    };
    (0..clusters).map(one).collect()
}

/// The names that were asked for, with the type of the question.
fn questions(world: &World) -> Vec<(&str, &str)> {
    let mut asked: Vec<_> =
        world.dns.questions().iter().map(|asked| (asked.name.as_str(), asked.kind.as_str())).collect();
    asked.sort_unstable();
    asked.dedup();
    asked
}

#[tokio::test]
async fn a_steady_run_makes_no_call_too_many() {
    // 45 + 2 network load balancers, 3 others; 45 + 20 frontends; 45 clusters.
    let (function, ()) = Function::start_in(|world| {
        let frontends = fleet(world, 45);
        for (n, frontend) in frontends.iter().take(20).enumerate() {
            let spec = TargetGroupSpec::ip(&frontend.load_balancer);
            let group = world.add_target_group(TargetGroupSpec { port: Some(6443), ..spec });
            world.put_targets(&group, [1, 2].map(|last| format!("10.0.{n}.{last}")));
        }
        for kind in [LoadBalancerKind::Application, LoadBalancerKind::Gateway, LoadBalancerKind::Application]
        {
            let spec = LoadBalancerSpec { kind, ..LoadBalancerSpec::managed("cluster-0") };
            let load_balancer = world.add_load_balancer(spec);
            world.add_target_group(TargetGroupSpec::ip(&load_balancer));
        }
        for _ in 0..2 {
            world.add_load_balancer(LoadBalancerSpec::network("nobody"));
        }
    })
    .await;

    for _ in 0..2 {
        function.world().clear_requests();
        function.world().dns.clear_questions();

        let report = function.sync().await;

        assert_eq!(report["summary"]["converged"], 65, "{}", report["summary"]);
        let world = function.world();
        let expected = BTreeMap::from([
            ("DescribeLoadBalancers", 1),
            ("DescribeTargetGroups", 1),
            ("DescribeNetworkInterfaces", 1),
            ("DescribeTags", (47_usize + 65).div_ceil(20)),
            ("DescribeCluster", 45),
            ("DescribeTargetHealth", 65),
        ]);
        assert_eq!(world.request_counts(), expected);
        assert_eq!(names_asked_for(&world).len(), 0, "interfaces decide");
    }
}

#[tokio::test]
async fn a_cluster_of_two_load_balancers_is_looked_up_once() {
    let (function, groups) = Function::start_in_with(&[BY_DNS], |world| {
        let first = payments(world);
        let second = world.add_frontend("payments");
        let third = world.add_target_group(TargetGroupSpec::ip(&second.load_balancer));
        [first.target_group, second.target_group, third]
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["loadBalancers"], 2);
    assert_eq!(report["summary"]["changed"], 3);
    let world = function.world();
    assert_eq!(world.requests_of("DescribeCluster").len(), 1);
    let host = world.host("payments").to_ascii_lowercase();
    assert_eq!(questions(&world), [(host.as_str(), "A")]);
    for group in groups {
        assert_eq!(targets_of(&world, &group), PAYMENTS_TARGETS);
    }
}

#[tokio::test]
async fn a_cluster_of_both_families_is_looked_up_once_and_asked_for_in_each() {
    let (function, (v4, v6)) = Function::start_in_with(&[BY_DNS], |world| {
        world.add_cluster("payments", ["10.0.1.10", "fd00:1::10", "10.0.2.11", "fd00:2::11"]);
        let v4 = world.add_frontend("payments");
        let spec = LoadBalancerSpec { dual_stack: true, ..LoadBalancerSpec::managed("payments") };
        let load_balancer = world.add_load_balancer(spec);
        let spec = TargetGroupSpec::ip(&load_balancer);
        let target_group = world.add_target_group(TargetGroupSpec { family: Family::Ipv6, ..spec });
        (v4, Frontend { load_balancer, target_group })
    })
    .await;

    let report = function.sync().await;

    let world = function.world();
    assert_eq!(world.requests_of("DescribeCluster").len(), 1);
    let host = world.host("payments").to_ascii_lowercase();
    assert_eq!(questions(&world), [(host.as_str(), "A"), (host.as_str(), "AAAA")]);
    assert_eq!(targets_of(&world, &v4.target_group), PAYMENTS_TARGETS);
    assert_eq!(targets_of(&world, &v6.target_group), ["[fd00:1::10]:443", "[fd00:2::11]:443"]);
    assert_eq!(reported(&report, &v6)["desired"], json!(["fd00:1::10", "fd00:2::11"]));
    assert_eq!(reported(&report, &v6)["registered"], json!(["[fd00:1::10]:443", "[fd00:2::11]:443"]));
}

#[tokio::test]
async fn an_ipv6_target_is_known_again_however_it_is_spelt() {
    let (function, ()) = Function::start_in(|world| {
        world.add_cluster("payments", ["fd00:0:0:1:0:0:0:10"]);
        let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
        let spec = TargetGroupSpec::ip(&load_balancer);
        let group = world.add_target_group(TargetGroupSpec { family: Family::Ipv6, ..spec });
        world.put_targets(&group, ["fd00::1:0:0:0:10"]);
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 1, "{report:#}");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_allowed() {
    for most in [1, 3] {
        let (function, _) = Function::start_in_with(&[("MAX_CONCURRENCY", &most.to_string())], |world| {
            world.latency = Duration::from_millis(5);
            fleet(world, 20)
        })
        .await;

        let report = function.sync().await;

        assert_eq!(report["summary"]["converged"], 20);
        assert_eq!(function.sim.max_in_flight(), most);
    }
}

#[tokio::test]
async fn independent_calls_are_made_at_the_same_time() {
    let (function, _) = Function::start_in(|world| {
        world.latency = Duration::from_millis(300);
        fleet(world, 60)
    })
    .await;

    function.sync().await;

    let (most, allowed) = (function.sim.max_in_flight(), 64);
    assert!((allowed / 2..=allowed).contains(&most), "{most} of {allowed}");
}

#[tokio::test]
async fn nothing_is_left_open_from_run_to_run() {
    let (function, _) = Function::start_in(|world| fleet(world, 10)).await;
    for _ in 0..3 {
        function.sync().await;
    }
    let before = Usage::of(function.pid());

    for _ in 0..10 {
        function.sync().await;
    }

    let after = Usage::of(function.pid());
    assert!(after.descriptors <= before.descriptors + 2, "{before}, then {after}");
}
