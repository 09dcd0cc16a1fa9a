//! `eks-nlb status`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use eks_nlb_simulator::world::{ClusterStatus, LoadBalancerSpec, Measured, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Health, TargetState, World};
use serde_json::Value;

use crate::support::*;

/// A cluster for each state.
fn every_state(world: &mut World) {
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

/// The function's metric counts target groups.
#[tokio::test]
async fn since_when_is_told_where_the_metric_can_tell() {
    let measured = |world: &mut World, name: &str, ago: Duration| {
        let minutes = (0..31).map(|n| Measured {
            namespace: "EksNlbSync".to_owned(),
            name: name.to_owned(),
            of: "eks-nlb-sync".to_owned(),
            ago: ago + Duration::from_mins(n),
            value: if n < 30 { 1.0 } else { 0.0 },
        });
        world.supporting.metrics.extend(minutes);
    };
    let minute = Duration::from_mins(1);
    for (metric, ago, is_alone, is_told) in [
        ("Unserved", minute, true, true),
        ("Unserved", minute, false, false),
        ("Unserved", minute * 20, true, false),
        ("Attention", minute, true, false),
    ] {
        let desk = Desk::new(|world| {
            every_state(world);
            measured(world, metric, ago);
            if !is_alone {
                world.add_cluster("other", ["10.9.1.20", "10.9.2.21"]);
                world.add_frontend("other");
            }
        })
        .await;

        let status = desk.run(&["status", "-o", "json"]).await.json();
        let text = desk.run(&["status"]).await.out;

        let told = |status: &Value| status["clusters"][0].get("since").is_some();
        assert_eq!(told(&status), is_told, "{metric} {ago:?} {is_alone}: {status:#}");
        assert_eq!(text.contains("SINCE"), is_told, "{text}");
        if is_told {
            let minutes = |at: &Value| {
                let text = at.as_str().expect("a time");
                text[11..13].parse::<i64>().expect("hours") * 60
                    + text[14..16].parse::<i64>().expect("minutes")
            };
            let age = minutes(&status["readAt"]) - minutes(&status["clusters"][0]["since"]);
            assert!((30..=33).contains(&age.rem_euclid(24 * 60)), "{status:#}");
        }
    }
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
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.err.contains("did you mean ledger?"), "{unknown:?}");
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
