//! The response and the log of a run.

mod log;

use eks_nlb_simulator::world::{ClusterStatus, LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Frontend, Health, TargetState, World};
use serde_json::json;

use crate::support::*;

/// The version of the program, which is this package's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes one frontend for each outcome of a run that applies: converged,
/// waiting, changed, skipped and failed.
fn one_of_each(world: &mut World) -> [Frontend; 5] {
    let converged = converged_payments(world);
    world.add_cluster("ledger", ["10.0.1.20", "10.0.2.20"]);
    let waiting = world.add_frontend("ledger");
    world.put_targets(&waiting.target_group, ["10.0.1.20", "10.0.2.20", "10.0.1.21"]);
    for target in ["10.0.1.20", "10.0.2.20"] {
        world.pin_state(&waiting.target_group, target, TargetState::Initial);
    }
    let changed = bystander(world);
    world.add_cluster("billing", ["10.5.0.1"]);
    let skipped = world.add_frontend("billing");
    world.cluster_mut("billing").status = ClusterStatus::Creating;
    let failed = world.add_frontend("unknown");
    [converged, waiting, changed, skipped, failed]
}

#[tokio::test]
async fn the_report_is_as_documented() {
    let (function, (ledger, orders)) = Function::start_in(|world| {
        world.add_cluster("ledger", ["10.0.2.20", "10.0.1.20"]);
        let ledger = world.add_frontend("ledger");
        world.put_targets(&ledger.target_group, ["10.0.1.20", "10.0.2.20"]);
        world.add_cluster("orders", ["10.0.2.11", "10.0.1.10"]);
        let orders = world.add_frontend("orders");
        world.put_targets(&orders.target_group, ["10.0.1.10", "10.0.3.12", "10.0.3.13"]);
        world.set_health("10.0.1.10", Health::Never);
        world.set_health("10.0.3.13", Health::Never);
        (ledger, orders)
    })
    .await;

    let report = function.sync().await;

    let world = function.world();
    assert_eq!(
        report,
        json!({
            "schemaVersion": 1,
            "version": VERSION,
            "dryRun": false,
            "region": "eu-west-1",
            "summary": {
                "loadBalancers": 2, "frontends": 2, "converged": 1, "waiting": 0, "changed": 1, "planned": 0,
                "skipped": 0, "failed": 0, "registered": 1, "deregistered": 1, "withheld": 1,
            },
            "frontends": [
                {
                    "loadBalancer": ledger.load_balancer,
                    "targetGroup": ledger.target_group,
                    "cluster": "ledger",
                    "host": world.host("ledger"),
                    "outcome": "converged",
                    "source": "eni", "desired": ["10.0.1.20", "10.0.2.20"], "healthy": 2, "unserved": [],
                    "registered": [], "deregistered": [], "withheld": [],
                },
                {
                    "loadBalancer": orders.load_balancer,
                    "targetGroup": orders.target_group,
                    "cluster": "orders",
                    "host": world.host("orders"),
                    "outcome": "changed",
                    "source": "eni", "desired": ["10.0.1.10", "10.0.2.11"], "healthy": 0, "unserved": [],
                    "registered": ["10.0.2.11:443"],
                    "deregistered": ["10.0.3.13:443"],
                    "withheld": [{"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"}],
                },
            ],
        })
    );
}

#[tokio::test]
async fn absent_values_are_left_out_and_empty_lists_are_not() {
    let (function, [_, _, _, skipped, failed]) = Function::start_in(one_of_each).await;

    let report = function.sync_with_failures().await;

    let expected = json!({
        "loadBalancer": skipped.load_balancer, "targetGroup": skipped.target_group, "cluster": "billing",
        "outcome": "skipped", "reason": "clusterNotReady",
        "desired": [], "unserved": ["all"], "registered": [], "deregistered": [], "withheld": [],
    });
    assert_eq!(*reported(&report, &skipped), expected);
    let found = reported(&report, &failed);
    let expected = json!({
        "loadBalancer": failed.load_balancer, "targetGroup": failed.target_group, "cluster": "unknown",
        "outcome": "failed", "error": {"code": "ClusterNotFound", "message": found["error"]["message"]},
        "desired": [], "unserved": ["all"], "registered": [], "deregistered": [], "withheld": [],
    });
    assert_eq!(*found, expected);
    assert_ne!(found["error"]["message"], json!(""));
}

#[tokio::test]
async fn frontends_are_ordered_by_load_balancer_and_target_group() {
    let (function, ()) = Function::start_in(|world| {
        for name in ["delta", "alpha", "charlie", "bravo"] {
            world.add_cluster(name, PAYMENTS);
            let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed(name));
            for port in [9443, 443, 8443] {
                let spec = TargetGroupSpec::ip(&load_balancer);
                let excluded = if port == 443 { spec.clone().excluded() } else { spec };
                world.add_target_group(TargetGroupSpec { port: Some(port), ..excluded });
            }
        }
    })
    .await;

    let report = function.sync().await;

    let frontends = report["frontends"].as_array().expect("a list").iter();
    let arns: Vec<_> = frontends
        .map(|reported| {
            (reported["loadBalancer"].as_str().expect("one"), reported["targetGroup"].as_str().expect("one"))
        })
        .collect();
    assert_eq!(arns.len(), 12);
    assert!(arns.is_sorted(), "{arns:#?}");
}
