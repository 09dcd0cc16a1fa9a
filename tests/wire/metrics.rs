//! The line of embedded metrics that every run writes.

use eks_nlb_simulator::Fault;
use serde_json::{Value, json};

use crate::support::*;

/// The lines of metrics so far, once there are `n`.
async fn lines(function: &Function, n: usize) -> Vec<Value> {
    let is_one = |line: &Value| line.get("_aws").is_some();
    let mut log = function.log();
    while log.iter().filter(|line| is_one(line)).count() < n {
        log = function.log_after(log.len()).await;
    }
    log.into_iter().filter(is_one).collect()
}

#[tokio::test]
async fn each_run_writes_one_line_of_what_it_counts() {
    let (function, ()) = Function::start_in(|world| {
        busy_payments(world);
        world.add_frontend("unknown");
    })
    .await;

    let report = function.sync_with_failures().await;
    function.sync_with_failures().await;

    let lines = lines(&function, 2).await;
    assert_eq!(lines.len(), 2);
    let line = &lines[0];
    for (metric, count) in [
        ("LoadBalancers", "loadBalancers"),
        ("Frontends", "frontends"),
        ("Converged", "converged"),
        ("Changed", "changed"),
        ("Planned", "planned"),
        ("Skipped", "skipped"),
        ("Failed", "failed"),
        ("Registered", "registered"),
        ("Deregistered", "deregistered"),
        ("Withheld", "withheld"),
    ] {
        assert_eq!(line[metric], report["summary"][count], "{metric}");
    }
    assert_eq!(line["RunsSucceeded"], 0);
    assert_eq!(line["FailedClusterNotFound"], 1);
    assert_eq!(line["Region"], "eu-west-1");
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "EksNlbSync");
    assert_eq!(directive["Dimensions"], json!([["Region"]]));
    for metric in directive["Metrics"].as_array().expect("a list") {
        let name = metric["Name"].as_str().expect("a name");
        assert!(line[name].is_u64(), "{name} has a value: {line:#}");
    }
}

#[tokio::test]
async fn a_run_without_discovery_is_counted_as_one() {
    let (function, _) = Function::start_in(payments).await;
    function.world().plant(Fault::on("DescribeTags").access_denied());

    function.sync_without_discovery().await;

    let lines = lines(&function, 1).await;
    assert_eq!((&lines[0]["DiscoveryFailed"], &lines[0]["RunsSucceeded"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn metrics_are_in_the_namespace_that_is_set() {
    let variables = [("METRICS_NAMESPACE", "Platform/Sync")];
    let (function, _) = Function::start_in_with(&variables, payments).await;

    function.sync().await;

    let lines = lines(&function, 1).await;
    assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Platform/Sync");
    assert_eq!(lines[0]["RunsSucceeded"], 1);
}
