//! The line of embedded metrics that every full run writes.

use eks_nlb_simulator::Fault;
use eks_nlb_simulator::runtime_api::FUNCTION_NAME;
use serde_json::{Value, json};

use crate::support::*;

/// The lines of metrics so far, once the function has logged that it refused
/// an event, which comes after all of them.
async fn lines(function: &Function) -> Vec<Value> {
    function.error("[]").await;
    function.logged(|line| line.to_string().contains("an array")).await;
    function.log().into_iter().filter(|line| line.get("_aws").is_some()).collect()
}

/// Names, units and values of the metrics that a line declares.
fn metrics(line: &Value) -> Value {
    let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("a list").iter();
    declared
        .map(|metric| json!([metric["Name"], metric["Unit"], line[metric["Name"].as_str().expect("text")]]))
        .collect()
}

#[tokio::test]
async fn a_full_run_writes_one_line() {
    let (function, ()) = Function::start_in(|world| {
        let denied = busy_payments(world);
        world.plant(Fault::on("DescribeTargetHealth").about(&denied.target_group).access_denied());
        // Waits for a person, who reads the report.
        world.add_frontend("unknown");
        bystander(world);
    })
    .await;

    function.sync_with_failures().await;

    let [line] = &lines(&function).await[..] else { panic!("{:#?}", function.log()) };
    assert_eq!(line["FunctionName"], FUNCTION_NAME);
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "EksNlbSync");
    assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
    assert!(line["_aws"]["Timestamp"].is_u64(), "{line:#}");
    let expected = json!([
        ["Failed", "Count", 1],
        ["LoadBalancers", "Count", 3],
        ["UnhealthyAge", "Seconds", 0],
        ["WithheldAge", "Seconds", 0],
    ]);
    assert_eq!(metrics(line), expected);
}

#[tokio::test]
async fn a_run_that_an_event_limits_or_that_lists_nothing_writes_none() {
    let (function, _) = Function::start_in(busy_payments).await;
    function.answer(r#"{"dryRun": true}"#).await;
    function.answer(r#"{"clusters": ["payments"]}"#).await;
    function.world().plant(Fault::on("DescribeTags").times(1).access_denied());
    function.sync_without_discovery().await;
    assert_eq!(lines(&function).await, Vec::<Value>::new());

    function.answer(r#"{"dryRun": false}"#).await;
    assert_eq!(lines(&function).await.len(), 1);
}

#[tokio::test]
async fn the_setting_of_a_dry_run_counts_what_is_planned_in_its_namespace() {
    let variables = [("DRY_RUN", "true"), ("METRICS_NAMESPACE", "Platform/Sync")];
    let (function, _) = Function::start_in_with(&variables, busy_payments).await;

    function.sync().await;

    let [line] = &lines(&function).await[..] else { panic!("{:#?}", function.log()) };
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Platform/Sync");
    assert_eq!(line["Planned"], 1);
    assert!(metrics(line).to_string().contains("Planned"), "{line:#}");
}
