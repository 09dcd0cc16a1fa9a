//! `eks-nlb status`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use eks_nlb_simulator::world::{ClusterStatus, LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Health, TargetState, World};
use serde_json::Value;

use crate::support::*;

/// A cluster for each state.
pub(crate) fn every_state(world: &mut World) {
    for (n, cluster) in (1..).zip(["cut", "old", "served", "unread", "zone"]) {
        let current = [format!("10.{n}.1.10"), format!("10.{n}.2.11")];
        let current = current.each_ref().map(String::as_str);
        world.add_cluster(cluster, current);
        let frontend = world.add_frontend(cluster);
        world.put_targets(&frontend.target_group, current);
        match cluster {
            "cut" => {
                for target in current {
                    world.pin_state(&frontend.target_group, target, TargetState::Unhealthy);
                }
            }
            "old" => {
                let new = [format!("10.{n}.1.20"), format!("10.{n}.2.21")];
                let new = new.each_ref().map(String::as_str);
                world.rotate(cluster, new);
                for target in new {
                    world.set_health(target, Health::Never);
                }
                world.put_targets(&frontend.target_group, [current, new].concat());
            }
            "unread" => {
                let group = frontend.target_group.clone();
                world.plant(Fault::on("DescribeTargetHealth").about(&group).access_denied());
            }
            "zone" => world.pin_state(&frontend.target_group, current[1], TargetState::Unhealthy),
            _ => {}
        }
    }
}

/// The state of each cluster, in order.
fn states(status: &Value) -> Vec<(&str, &str)> {
    let clusters = status["clusters"].as_array().expect("a list");
    clusters
        .iter()
        .map(|one| (one["cluster"].as_str().unwrap_or("-"), one["state"].as_str().expect("text")))
        .collect()
}

#[tokio::test]
async fn a_line_for_each_cluster_the_worst_first() {
    let desk = Desk::new(every_state).await;

    let text = desk.run(&["status"]).await;
    let json = desk.run(&["status", "--output", "json"]).await;

    assert_eq!((text.code, text.err.as_str(), json.code), (Some(3), "", Some(3)), "{text:?}");
    let expected = [
        ("cut", "cutOff", "cut off", "no healthy target: 2 unhealthy"),
        ("zone", "zoneCutOff", "zone cut off", "no healthy target in eu-west-1b"),
        ("unread", "unknown", "unknown", "AccessDenied"),
        ("old", "oldAddressesOnly", "old addresses only", "no current address is healthy: 2 unhealthy"),
        ("served", "served", "served", ""),
    ];
    assert_eq!(states(&json.json()), expected.map(|(cluster, state, ..)| (cluster, state)));
    let lines: Vec<_> = text.out.lines().skip(1).take(expected.len()).collect();
    for (line, (cluster, _, words, why)) in lines.iter().zip(expected) {
        assert!(line.starts_with(words) && line.contains(&format!("nlb-{cluster}")), "{line}");
        assert!(line.contains(why), "{why} is missing: {line}");
    }
    let summary = "1 cut off, 1 with a zone cut off, 1 unknown, 1 served by old addresses only, 1 served.";
    text.assert_shows(&[summary, "`eks-nlb explain cut`"]);
    assert_eq!(desk.writes(), 0);
}

/// No run serves its clients any more.
#[tokio::test]
async fn a_load_balancer_that_lost_its_tag_is_not_left_out() {
    let desk = Desk::new(|world| {
        world.add_cluster("lost", ["10.0.1.10", "10.0.2.11"]);
        let frontend = world.add_frontend("lost");
        world.put_targets(&frontend.target_group, ["10.0.1.10"]);
        world.pin_state(&frontend.target_group, "10.0.1.10", TargetState::Unhealthy);
        world.load_balancer_mut(&frontend.load_balancer).tags.remove("eks-nlb-sync");
        world
            .target_group_mut(&frontend.target_group)
            .tags
            .insert("eks-nlb-sync".to_owned(), "enabled".to_owned());
    })
    .await;

    let status = desk.run(&["status"]).await;
    let plan = desk.run(&["plan"]).await;
    let doctor = desk.run(&["doctor"]).await;

    assert_eq!((status.code, plan.code, doctor.code), (Some(3), Some(3), Some(1)), "{status:?} {plan:?}");
    status.assert_shows(&["cut off", "nlb-lost", "notTagged"]);
    plan.assert_shows(&["Cut off: lost (tg-lost)"]);
    doctor.assert_shows(&["tg-lost it lost the tag eks-nlb-sync=enabled"]);
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_worst() {
    type Case = (fn(&mut World), i32);
    let failing = |world: &mut World| {
        ledger(world);
        world.plant(Fault::on("DescribeCluster").access_denied());
    };
    let denied = |world: &mut World| world.plant(Fault::on("DescribeLoadBalancers").access_denied());
    let cases: [Case; 5] =
        [(|world| _ = ledger(world), 0), (failing, 1), (denied, 1), (small_fleet, 3), (|_| {}, 0)];
    for (n, (populate, code)) in cases.into_iter().enumerate() {
        let desk = Desk::new(populate).await;

        let said = desk.run(&["status"]).await;

        assert_eq!(said.code, Some(code), "{n}: {said:?}");
    }
}

/// A cluster that EKS still creates, and a load balancer without a target group
/// or a cluster's name.
#[tokio::test]
async fn nothing_that_serves_nobody_is_left_out() {
    let desk = Desk::new(|world| {
        world.add_cluster("new", ["10.1.1.20", "10.1.2.21"]);
        world.cluster_mut("new").status = ClusterStatus::Creating;
        world.add_frontend("new");
        world.add_load_balancer(LoadBalancerSpec::managed("bare"));
        let nameless = world.add_load_balancer(LoadBalancerSpec::managed("x").without_tag("cluster_name"));
        world.add_target_group(TargetGroupSpec::ip(&nameless));
    })
    .await;

    let said = desk.run(&["status", "-o", "json"]).await;

    assert_eq!(said.code, Some(3), "{said:?}");
    assert_eq!(states(&said.json()), [("-", "cutOff"), ("bare", "cutOff"), ("new", "cutOff")]);
}

/// Only where a cluster is cut off CloudWatch is asked, once.
#[tokio::test]
async fn its_calls_are_those_of_a_plan() {
    let cut_off = |world: &mut World| {
        ledger(world);
        for target in ["10.1.1.20", "10.1.2.21"] {
            world.set_health(target, Health::Never);
            world.advance(Duration::from_hours(1));
        }
    };
    for (populate, more) in [(cut_off as fn(&mut World), 1), (|world| _ = ledger(world), 0)] {
        let calls = async |command: &str| {
            let desk = Desk::new(populate).await;
            desk.run(&[command]).await;
            let world = desk.sim.world();
            let calls = world.requests().iter().map(|call| format!("{}:{}", call.service, call.operation));
            let mut calls: Vec<_> = calls.collect();
            calls.sort();
            calls
        };
        let (mut status, plan) = (calls("status").await, calls("plan").await);
        let before = status.len();
        status.retain(|call| call != "cloudwatch:GetMetricStatistics");
        assert_eq!(before - status.len(), more);
        assert_eq!(status, plan);
    }
}

#[tokio::test]
async fn the_demonstration_answers_within_a_second() {
    // Once before, so that the program is in memory.
    said(bare(&["--demo", "status"])).await;
    let begin = Instant::now();

    let said = said(bare(&["--demo", "status"])).await;

    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(said.code, Some(3), "{said:?}");
    said.assert_shows(&["6 clusters in eu-west-1"]);
}

#[tokio::test]
async fn a_cluster_that_nothing_names_is_an_error() {
    let desk = Desk::new(small_fleet).await;

    let one = desk.run(&["status", "--cluster", "ledger"]).await;
    let unknown = desk.run(&["status", "--cluster", "ledgr"]).await;

    assert_eq!((one.code, one.lines_with("payments").len()), (Some(0), 0), "{one:?}");
    assert_eq!(unknown.out, "", "there is no cluster of this name to explain");
    unknown.assert_one_sentence(1, &["did you mean ledger?"]);
    let both = desk.run(&["status", "--cluster", "ledger", "--cluster", "paymnts"]).await;
    both.assert_one_sentence(1, &["carries the name of cluster paymnts; did you mean payments?"]);
    assert!(both.out.contains("1 cluster in") && !both.out.contains("paymnts"), "{both:?}");
}

/// A cluster or a load balancer may be called as a check, an outcome or an alarm is.
#[tokio::test]
async fn the_command_that_explains_the_worst_one_finds_it() {
    for (cluster, asked) in
        [("internal", "cluster/internal"), ("Served", "cluster/Served"), ("NoRunAlarm", "cluster/NoRunAlarm")]
    {
        let desk = Desk::new(|world| {
            world.add_cluster(cluster, ["10.1.1.20", "10.1.2.21"]);
            world.add_frontend(cluster);
        })
        .await;

        let status = desk.run(&["status"]).await;
        let explained = desk.run(&["explain", asked]).await;

        status.assert_shows(&[&format!("`eks-nlb explain {asked}` says why")]);
        explained.assert_shows(&[&format!("nlb-{cluster}"), "Cut off yes: the target group is empty"]);
        assert_eq!(desk.run(&["explain", cluster]).await.lines_with("Cut off").len(), 0);
    }
    let desk = Desk::new(|world| {
        world.add_load_balancer(LoadBalancerSpec::network("throttled").tag("eks-nlb-sync", "enabled"));
        world.add_cluster("plan", ["10.1.1.20", "10.1.2.21"]);
    })
    .await;
    let status = desk.run(&["status"]).await;
    let subject = status.out.split('`').nth(1).and_then(|command| command.split(' ').nth(2));
    let explained = desk.run(&["explain", subject.expect("a command")]).await;
    assert!(explained.out.contains("Cut off"), "{status:?} {explained:?}");
    desk.run(&["explain", "Cluster/plan"]).await.assert_shows(&["EKS has the cluster plan, but no managed"]);
    let misspelt = desk.run(&["explain", "cluster/plann"]).await;
    misspelt.assert_one_sentence(1, &["\"cluster/plann\""]);
}

/// Two calls for each cluster, and as many at once as the settings allow: at 20 ms
/// a call that is a fifth of a second. What is asked about all clusters is asked once.
/// `make measure-cli` has the seconds.
#[tokio::test]
async fn three_hundred_clusters_are_asked_about_at_once() {
    for (command, count) in [("status", "300 clusters in"), ("plan", "300 frontends in")] {
        let desk = Desk::new(|world| {
            world.latency = Duration::from_millis(300);
            for n in 0..300 {
                let addresses = [10, 11].map(|last| format!("10.{}.{}.{last}", n / 100, n % 100));
                world.add_cluster(&format!("cluster-{n}"), addresses.each_ref().map(String::as_str));
                let frontend = world.add_frontend(&format!("cluster-{n}"));
                // Every third has nothing, so that there is something to write.
                world.put_targets(&frontend.target_group, addresses.iter().filter(|_| n % 3 > 0));
            }
        })
        .await;

        let said = desk.run(&[command]).await;

        said.assert_shows(&[count]);
        let world = desk.sim.world();
        // A busy machine repeats some, whose time was up.
        let calls = world.requests().iter().map(|call| (&call.operation, &call.parameters));
        let calls = calls.collect::<BTreeSet<_>>().len();
        // And the tags of what is to be written, in batches of 20.
        assert!(calls <= 645, "{command}: {calls} calls");
        let few = ["GetFunctionConfiguration", "SimulatePrincipalPolicy", "GetMetricStatistics"];
        assert!(few.into_iter().all(|operation| world.count(operation) <= 5), "{:?}", world.requests());
        drop(world);
        assert!(desk.sim.max_in_flight() >= 48, "{} calls at once", desk.sim.max_in_flight());
    }
}
