//! Since when a cluster is cut off, as `eks-nlb status` says it.

use std::time::Duration;

use eks_nlb_simulator::world::Measured;
use eks_nlb_simulator::{TargetState, World};
use serde_json::Value;

use crate::status::every_state;
use crate::support::*;

/// What CloudWatch measured of a cluster's target group, minute by minute: `values`, the
/// latest first.
fn healthy_hosts(world: &mut World, cluster: &str, ago: Duration, values: impl IntoIterator<Item = f64>) {
    let end = |arn: &str, kind: &str| arn[arn.find(kind).expect("an ARN")..].to_owned();
    let frontend = world.frontend_named(cluster);
    let of =
        format!("{} {}", end(&frontend.load_balancer, "net/"), end(&frontend.target_group, "targetgroup/"));
    world.supporting.metrics.extend((0..).zip(values).map(|(minute, value)| Measured {
        namespace: "AWS/NetworkELB".to_owned(),
        name: "HealthyHostCount".to_owned(),
        of: of.clone(),
        ago: ago + Duration::from_mins(minute),
        value,
    }));
}

/// The minutes since which a cluster is cut off, if `status` says it.
fn minutes_since(status: &Value, cluster: usize) -> Option<i64> {
    let minutes = |at: &Value| {
        let text = at.as_str().expect("a time");
        text[11..13].parse::<i64>().expect("hours") * 60 + text[14..16].parse::<i64>().expect("minutes")
    };
    let since = status["clusters"][cluster].get("since")?;
    Some((minutes(&status["readAt"]) - minutes(since)).rem_euclid(24 * 60))
}

/// ELB measures each target group by itself, so another cluster's outage is no matter.
#[tokio::test]
async fn since_when_is_told_of_each_cluster_by_its_own_metric() {
    type Case = (fn(&mut World), Option<i64>);
    let cases: [Case; 5] = [
        (|world| healthy_hosts(world, "cut", minutes(1), [[0.0; 30], [2.0; 30]].concat()), Some(30)),
        // An older value may be about an outage that is over.
        (|world| healthy_hosts(world, "cut", minutes(20), [0.0; 30]), None),
        (
            |world| {
                healthy_hosts(world, "cut", minutes(1), [0.0; 10]);
                healthy_hosts(world, "cut", minutes(40), [0.0; 10]);
            },
            Some(10),
        ),
        (|world| healthy_hosts(world, "cut", minutes(1), [2.0; 30]), None),
        (
            |world| {
                healthy_hosts(world, "zone", minutes(1), [0.0; 300]);
                // The metric of the function counts the target groups of the Region.
                world.supporting.metrics.extend((0..300).map(|minute| Measured {
                    namespace: "EksNlbSync".to_owned(),
                    name: "Unserved".to_owned(),
                    of: "eks-nlb-sync".to_owned(),
                    ago: minutes(minute),
                    value: 1.0,
                }));
            },
            None,
        ),
    ];
    for (n, (measure, told)) in cases.into_iter().enumerate() {
        let desk = Desk::new(|world| {
            every_state(world);
            measure(world);
        })
        .await;

        let status = desk.run(&["status", "-o", "json"]).await.json();
        let text = desk.run(&["status"]).await.out;

        let since = minutes_since(&status, 0);
        assert!(
            since.zip(told).map_or(since == told, |(since, told)| (told..told + 3).contains(&since)),
            "{n}: {status:#}"
        );
        assert_eq!(text.contains("SINCE"), told.is_some(), "{n}: {text}");
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

/// Each of several clusters that are cut off.
#[tokio::test]
async fn several_outages_have_a_time_each() {
    let desk = Desk::new(|world| {
        for (n, cluster) in (1..).zip(["first", "second"]) {
            let addresses = [format!("10.{n}.1.10"), format!("10.{n}.2.11")];
            let group = in_service(world, cluster, addresses.each_ref().map(String::as_str));
            for target in &addresses {
                world.pin_state(&group, target, TargetState::Unhealthy);
            }
        }
        healthy_hosts(world, "first", minutes(1), [0.0; 20]);
        healthy_hosts(world, "second", minutes(1), [0.0; 50]);
    })
    .await;

    let status = desk.run(&["status", "-o", "json"]).await.json();

    let since = [0, 1].map(|cluster| minutes_since(&status, cluster).expect("a time") / 10);
    assert_eq!(since, [2, 5], "{status:#}");
}
