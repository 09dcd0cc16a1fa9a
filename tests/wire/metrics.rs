//! The line of embedded metrics that every full run writes.

mod untagged;

use std::time::{Duration, SystemTime};

use eks_nlb_simulator::runtime_api::FUNCTION_NAME;
use eks_nlb_simulator::world::{LoadBalancerSpec, Scope, TargetGroupSpec};
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
        // Its second target group makes no second load balancer.
        let bystander = bystander(world);
        world.add_target_group(TargetGroupSpec::ip(&bystander.load_balancer));
    })
    .await;

    function.sync_with_failures().await;

    let line = line(&function, 0).await;
    assert_eq!(lines(&function).len(), 1);
    assert_eq!(line["FunctionName"], FUNCTION_NAME);
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "EksNlbSync");
    assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let at = Duration::from_millis(line["_aws"]["Timestamp"].as_u64().expect("a number"));
    assert!(now.abs_diff(at) < Duration::from_mins(10), "{at:?}");
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
    for (given, namespace) in
        [("EksNlbSync", "EksNlbSync"), ("Platform/Sync", "Platform/Sync"), ("AWS/Sync", "EksNlbSync")]
    {
        let variables = [("SYNC_POLICY", "none"), ("METRICS_NAMESPACE", given)];
        let (function, ()) = Function::start_in_with(&variables, |_| ()).await;

        let line = function.logged(|line| line.get("_aws").is_some()).await;

        assert_eq!(metrics(&line), json!([["Failing", "Count", 1]]));
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], namespace);
        assert_eq!(line["FunctionName"], FUNCTION_NAME);
    }
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
    assert_eq!(function.last_report().await["frontends"][0]["outcome"], "planned");

    let line = line(&function, 0).await;
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Platform/Sync");
    assert_eq!(line["Planned"], 1);
    assert!(metrics(&line).to_string().contains("Planned"), "{line:#}");
}

/// Each account has its own run before.
#[tokio::test]
async fn a_run_of_another_account_is_not_the_run_before() {
    const ROLE: &str = "arn:aws:iam::444455556666:role/eks-nlb-sync";
    let (function, ()) = Function::start_in(|world| {
        world.add_role(ROLE);
        world.add_frontend_in(&Scope::new("444455556666", "eu-west-1"), "unknown");
        converged_payments(world);
    })
    .await;
    let as_role = json!({"roleArn": ROLE}).to_string();

    function.error(&as_role).await;
    function.sync().await;
    function.error(&as_role).await;

    line(&function, 2).await;
    let attention: Vec<_> = lines(&function).iter().map(|line| line["Attention"].clone()).collect();
    assert_eq!(attention, [1, 0, 1]);
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
