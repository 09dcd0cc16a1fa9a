//! The line of embedded metrics that every full run writes.

use eks_nlb_simulator::runtime_api::FUNCTION_NAME;
use eks_nlb_simulator::world::{LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, TargetState, World};
use serde_json::{Value, json};

use crate::support::*;

/// The lines of metrics so far, once `last` is logged, which comes before its
/// own line of metrics.
fn lines(function: &Function) -> Vec<Value> {
    function.log().into_iter().filter(|line| line.get("_aws").is_some()).collect()
}

/// The line of metrics of the n-th run that writes one.
async fn line(function: &Function, n: usize) -> Value {
    // A full run would be counted; a limited run writes its report after these
    // lines.
    drop(function.invoke(r#"{"dryRun": true}"#).await);
    function.last_report().await;
    let lines = lines(function);
    lines.get(n).unwrap_or_else(|| panic!("no line {n}: {lines:#?}")).clone()
}

/// Names, units and values of the metrics that a line declares.
fn metrics(line: &Value) -> Value {
    let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("a list").iter();
    declared
        .map(|metric| json!([metric["Name"], metric["Unit"], line[metric["Name"].as_str().expect("text")]]))
        .collect()
}

/// What the alarms count: unserved, failing, attention.
fn counts(line: &Value) -> Value {
    json!([line["Unserved"], line["Failing"], line["Attention"]])
}

/// Makes every target of a frontend unhealthy.
fn cut_off(world: &mut World, frontend: &Frontend) {
    for target in PAYMENTS {
        world.pin_state(&frontend.target_group, target, TargetState::Unhealthy);
    }
}

#[tokio::test]
async fn a_full_run_writes_one_line() {
    let (function, ()) = Function::start_in(|world| {
        let denied = busy_payments(world);
        world.plant(Fault::on("DescribeTargetHealth").about(&denied.target_group).access_denied());
        world.add_frontend("unknown");
        bystander(world);
    })
    .await;

    function.sync_with_failures().await;

    let line = line(&function, 0).await;
    assert_eq!(lines(&function).len(), 1);
    assert_eq!(line["FunctionName"], FUNCTION_NAME);
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "EksNlbSync");
    assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
    assert!(line["_aws"]["Timestamp"].is_u64(), "{line:#}");
    // A property: what follows names every metric.
    assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
    let expected = json!([
        ["Attention", "Count", 1],
        ["Failing", "Count", 1],
        ["LoadBalancers", "Count", 3],
        ["Unserved", "Count", 0],
    ]);
    assert_eq!(metrics(&line), expected);
}

/// A process that has seen a frontend succeed counts only a second failure.
#[tokio::test]
async fn a_failure_that_the_next_run_repairs_is_not_counted() {
    let (function, ()) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        converged_payments(world);
    })
    .await;
    let deny = |times| Fault::on("DescribeCluster").times(times).access_denied();

    function.sync().await;
    function.world().plant(deny(1));
    function.sync_with_failures().await;
    function.sync().await;
    function.world().plant(deny(2));
    function.sync_with_failures().await;
    function.sync_with_failures().await;

    let last = line(&function, 4).await;
    let failing: Vec<_> = lines(&function).iter().map(|line| line["Failing"].clone()).collect();
    assert_eq!(failing, [0, 0, 0, 0, 1], "{last:#}");
}

#[tokio::test]
async fn a_discovery_that_fails_counts_itself_and_knows_no_other_number() {
    let (function, _) = Function::start_in_with(&[ONE_ATTEMPT], converged_payments).await;
    function.world().plant(Fault::on("DescribeTags").times(2).access_denied());

    function.sync_without_discovery().await;
    function.sync_without_discovery().await;
    function.sync().await;

    line(&function, 2).await;
    let written: Vec<_> = lines(&function).iter().map(metrics).collect();
    assert_eq!(written[..2], [json!([["Failing", "Count", 1]]), json!([["Failing", "Count", 1]])]);
    assert_eq!(written[2][1], json!(["Failing", "Count", 0]));
}

/// A full run is compared with the full run before it.
#[tokio::test]
async fn a_discovery_that_fails_in_a_limited_run_is_not_remembered() {
    let (function, _) = Function::start_in_with(&[ONE_ATTEMPT], converged_payments).await;
    function.sync().await;
    function.world().plant(Fault::on("DescribeTags").times(2).access_denied());

    function.error(r#"{"dryRun": true}"#).await;
    function.sync_without_discovery().await;

    assert_eq!(line(&function, 1).await["Failing"], 0);
}

#[tokio::test]
async fn an_event_that_is_refused_counts_as_failing() {
    let (function, _) = Function::start_in(converged_payments).await;

    function.error(r#"{"dry_run": true}"#).await;

    let line = line(&function, 0).await;
    assert_eq!(metrics(&line), json!([["Failing", "Count", 1]]));
    let refused = function.logged(|line| line["message"] == "event refused").await;
    assert_eq!((&refused["code"], &refused["span"]["region"]), (&json!("InvalidEvent"), &json!("eu-west-1")));
    assert!(refused["error"].to_string().contains("dry_run"), "{refused}");
}

#[tokio::test]
async fn a_function_that_cannot_start_counts_as_failing() {
    let (function, ()) = Function::start_in_with(&[("SYNC_POLICY", "none")], |_| ()).await;

    let line = function.logged(|line| line.get("_aws").is_some()).await;

    assert_eq!(metrics(&line), json!([["Failing", "Count", 1]]));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "EksNlbSync");
    assert_eq!(line["FunctionName"], FUNCTION_NAME);
}

#[tokio::test]
async fn a_run_that_an_event_limits_writes_none() {
    let (function, _) = Function::start_in(busy_payments).await;
    function.answer(r#"{"dryRun": true}"#).await;
    function.answer(r#"{"clusters": ["payments"]}"#).await;
    function.answer(r#"{"dryRun": false}"#).await;

    line(&function, 0).await;

    assert_eq!(lines(&function).len(), 1);
}

#[tokio::test]
async fn the_setting_of_a_dry_run_counts_what_is_planned_in_its_namespace() {
    let variables = [("DRY_RUN", "true"), ("METRICS_NAMESPACE", "Platform/Sync")];
    let (function, _) = Function::start_in_with(&variables, busy_payments).await;

    function.sync().await;

    let line = line(&function, 0).await;
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Platform/Sync");
    assert_eq!(line["Planned"], 1);
    assert!(metrics(&line).to_string().contains("Planned"), "{line:#}");
}

#[tokio::test]
async fn new_targets_are_no_outage() {
    let (function, ()) = Function::start_in(|world| {
        world.healthy_after = PATIENCE;
        payments(world);
        world.add_frontend("unknown");
    })
    .await;

    function.sync_with_failures().await;
    function.sync_with_failures().await;

    assert_eq!(counts(&line(&function, 1).await), json!([0, 0, 1]));
}

/// Clients are cut off only when EKS stops the old servers.
#[tokio::test]
async fn a_move_that_cannot_be_written_is_counted_before_clients_notice() {
    let (function, moved) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        let frontend = converged_payments(world);
        world.plant(Fault::on("RegisterTargets").access_denied());
        frontend
    })
    .await;
    function.sync().await;
    function.world().rotate("payments", ["10.0.3.12", "10.0.4.13"]);

    function.sync_with_failures().await;

    assert_eq!(counts(&line(&function, 1).await), json!([1, 0, 0]));
    let failed = function.logged(|line| line["message"] == "failed").await;
    assert_eq!((&failed["unwritten"], &failed["code"]), (&json!(2), &json!("AccessDenied")));
    assert_eq!(failed["targetGroup"], moved.target_group.as_str());
}

/// A target group that has never served has no clients.
#[tokio::test]
async fn a_new_load_balancer_without_a_tag_on_its_target_group_is_no_outage() {
    let (function, _) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        world.plant(Fault::on("RegisterTargets").access_denied());
        payments(world)
    })
    .await;

    function.sync_with_failures().await;

    assert_eq!(counts(&line(&function, 0).await), json!([0, 1, 0]));
}

/// Its target group still carries the tag, so every process finds it.
#[tokio::test]
async fn a_load_balancer_that_lost_its_tag_is_named_and_its_outage_counted() {
    let (function, frontend) = Function::start_in(|world| {
        world.add_cluster("payments", PAYMENTS);
        let load_balancer =
            world.add_load_balancer(LoadBalancerSpec::managed("payments").without_tag("eks-nlb-sync"));
        let group = TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled");
        let target_group = world.add_target_group(group);
        let frontend = Frontend { load_balancer, target_group };
        world.put_targets(&frontend.target_group, PAYMENTS);
        frontend
    })
    .await;

    function.sync().await;
    cut_off(&mut function.world(), &frontend);
    function.sync().await;

    let second = line(&function, 1).await;
    let first = lines(&function).remove(0);
    assert_eq!((counts(&first), counts(&second)), (json!([0, 0, 1]), json!([1, 0, 1])));
    let untagged = function.logged(|line| line["message"] == "untagged").await;
    assert_eq!((&untagged["level"], &untagged["cluster"]), (&json!("WARN"), &json!("payments")));
    assert_eq!(untagged["loadBalancer"], frontend.load_balancer.as_str());
    let unserved = function.logged(|line| line["message"] == "unserved").await;
    assert_eq!((&unserved["because"], &unserved["zones"]), (&json!("untagged"), &json!("all")));
    assert_eq!(function.world().writes().len(), 0);

    // A run of some clusters does not look for it.
    function.world().clear_requests();
    function.error(r#"{"clusters": ["payments"]}"#).await;
    assert_eq!(function.world().requests_of("DescribeTargetHealth").len(), 0);
}

/// Without tags only the process that managed it knows.
#[tokio::test]
async fn a_load_balancer_without_any_tag_is_counted_while_it_is_known() {
    let (function, frontend) = Function::start_in(converged_payments).await;
    function.sync().await;
    function.world().load_balancer_mut(&frontend.load_balancer).tags.clear();
    function.sync().await;
    function.sync().await;

    let last = line(&function, 2).await;
    assert_eq!((counts(&last), &last["LoadBalancers"]), (json!([0, 0, 1]), &json!(0)));
    let untagged = function.logged(|line| line["message"] == "untagged").await;
    assert_eq!(untagged["cluster"], "payments");
}

/// A tag value that selects it for another function, or excludes it.
#[tokio::test]
async fn a_load_balancer_of_another_function_is_not_missed() {
    let (function, ()) = Function::start_in(|world| {
        for value in ["team-b", "disabled"] {
            let spec = LoadBalancerSpec::managed("payments").tag("eks-nlb-sync", value);
            let load_balancer = world.add_load_balancer(spec);
            world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled"));
        }
        world.add_load_balancer(LoadBalancerSpec::network("other").tag("cluster_name", "payments"));
    })
    .await;

    function.sync().await;

    assert_eq!(counts(&line(&function, 0).await), json!([0, 0, 0]));
}
