//! The log of a run: its report, a line for each frontend that needs attention, and no more.

use std::collections::BTreeSet;

use eks_nlb_simulator::world::{HOME_ACCOUNT, LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, TargetState};
use serde_json::{Value, json};

use super::one_of_each;
use crate::support::*;

fn lines(function: &Function, message: &str) -> Vec<Value> {
    function.log().into_iter().filter(|line| line["message"] == message).collect()
}

#[tokio::test]
async fn the_logged_report_has_every_frontend_that_is_not_converged() {
    let (function, [converged, waiting, changed, skipped, failed]) = Function::start_in(one_of_each).await;

    function.error("{}").await;

    let report = function.last_report().await;
    assert_eq!(report["level"], "INFO");
    assert_eq!(report["account"], HOME_ACCOUNT);
    assert_eq!(report["region"], "eu-west-1");
    assert_eq!(report["dryRun"], false);
    let expected = json!({
        "loadBalancers": 5, "frontends": 5, "converged": 1, "waiting": 1, "changed": 1, "planned": 0, "skipped": 1,
        "failed": 1, "registered": 2, "deregistered": 0, "withheld": 1,
    });
    assert_eq!(report["summary"], expected);
    let arns: BTreeSet<_> =
        report["frontends"].as_array().expect("a list").iter().map(|f| f["targetGroup"].as_str()).collect();
    assert_eq!(arns, [&waiting, &changed, &skipped, &failed].map(|f| Some(f.target_group.as_str())).into());
    assert!(!arns.contains(&Some(converged.target_group.as_str())));
}

/// The line about `frontend`.
fn line<'a>(log: &'a [Value], message: &str, frontend: &Frontend) -> &'a Value {
    let mut lines = log.iter().filter(|line| {
        line["message"] == message
            && line["targetGroup"] == *frontend.target_group
            && line["loadBalancer"] == *frontend.load_balancer
    });
    let found = lines.next().unwrap_or_else(|| panic!("no {message} of {frontend:?}: {log:#?}"));
    assert_eq!(lines.next(), None, "{message} is said twice");
    found
}

#[tokio::test]
async fn each_frontend_that_needs_a_look_has_a_line() {
    let (function, ([_, waiting, changed, _, failed], unhealthy)) = Function::start_in(|world| {
        let frontends = one_of_each(world);
        let unhealthy = world.add_frontend("payments");
        world.put_targets(&unhealthy.target_group, PAYMENTS);
        for target in PAYMENTS {
            world.pin_state(&unhealthy.target_group, target, TargetState::Unhealthy);
        }
        (frontends, unhealthy)
    })
    .await;

    function.error("{}").await;
    function.last_report().await;

    let log = function.log();
    let of_run = json!({"name": "run", "requestId": function.request_id(), "region": "eu-west-1", "account": HOME_ACCOUNT});
    let told = log.iter().filter(|line| line.get("cluster").is_some());
    for told in told {
        assert_eq!(told["span"], of_run, "{told}");
    }
    let waiting = line(&log, "waiting", &waiting);
    assert_eq!((&waiting["level"], &waiting["cluster"]), (&json!("INFO"), &json!("ledger")));
    let reason = "it may be serving, and 0 desired targets are healthy where 2 must be";
    assert_eq!((&waiting["withheld"], &waiting["reason"]), (&json!(1), &json!(reason)));
    let changed_line = line(&log, "changed", &changed);
    assert_eq!((&changed_line["level"], &changed_line["registered"]), (&json!("INFO"), &json!(2)));
    let failed_line = line(&log, "failed", &failed);
    assert_eq!((&failed_line["level"], &failed_line["code"]), (&json!("ERROR"), &json!("ClusterNotFound")));
    let error = failed_line["error"].as_str();
    assert!(error.is_some_and(|error| error.contains("unknown")), "{failed_line}");
    let unserved = line(&log, "unserved", &unhealthy);
    assert_eq!((&unserved["level"], &unserved["zones"]), (&json!("WARN"), &json!("all")));
    // A group without a target has never served.
    assert_eq!(lines(&function, "unserved").len(), 1, "{log:#?}");
    assert_eq!(lines(&function, "report").len(), 1);
}

/// They seldom change, and fill the line where there are many.
#[tokio::test]
async fn skipped_frontends_are_logged_when_they_change() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = converged_payments(world);
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).excluded());
        frontend
    })
    .await;
    let mut logged = Vec::new();
    for change in [false, false, true, false] {
        if change {
            let mut world = function.world();
            let tags = &mut world.target_group_mut(&frontend.target_group).tags;
            tags.insert("eks-nlb-sync".to_owned(), "disabled".to_owned());
        }
        let answered = function.sync().await["summary"]["skipped"].clone();
        let report = function.last_report().await;
        assert_eq!(report["summary"]["skipped"], answered);
        logged.push(report["frontends"].as_array().expect("a list").len());
    }
    assert_eq!(logged, [1, 0, 2, 0]);
}

/// Lambda takes no more as one event, and splits what is longer.
#[tokio::test]
async fn hundreds_of_failures_fit_into_one_event_of_the_log() {
    const FAILURES: usize = 600;
    const EVENT_BYTES: usize = 256 << 10;
    const LOG_BYTES: usize = 1_000_000;
    let (function, ()) = Function::start_in(|world| {
        for n in 0..FAILURES {
            world.add_frontend(&format!("{n:03}-{}", "a".repeat(96)));
        }
    })
    .await;

    let (_, message) = function.error("{}").await;

    let report = function.last_report().await;
    assert!(report.to_string().len() < EVENT_BYTES, "{} bytes", report.to_string().len());
    let told = report["frontends"].as_array().expect("a list").len();
    assert_eq!(
        told + report["omitted"].as_u64().map_or(0, |omitted| usize::try_from(omitted).expect("few")),
        FAILURES
    );
    assert!(told > FAILURES / 2, "{told} of {FAILURES}");
    assert_eq!(report["summary"]["failed"], FAILURES);
    assert_eq!(lines(&function, "failed").len(), FAILURES, "each has a line of its own");
    let log: usize = function.log().iter().map(|line| line.to_string().len() + 1).sum();
    assert!(log < LOG_BYTES, "{log} bytes of log");
    assert!(message.contains("600 of 600") && message.contains("ClusterNotFound"), "{message}");
    assert!(message.len() < 1_000, "{message}");
}

#[tokio::test]
async fn every_line_has_a_timestamp_and_a_level() {
    let (function, _) = Function::start_in(one_of_each).await;
    function.error("{}").await;
    function.error(r#"{"dry_run": true}"#).await;
    function.world().plant(Fault::on("DescribeTags").access_denied());
    function.error("{}").await;
    function.world().clear_faults();
    function.error("{}").await;
    function.last_report().await;

    let log = function.log();
    assert!(log.len() >= 10, "{log:#?}");
    // Metrics have a timestamp of their own.
    for line in log.iter().filter(|line| line.get("_aws").is_none()) {
        let timestamp = line["timestamp"].as_str().unwrap_or_else(|| panic!("no timestamp: {line}"));
        assert!(timestamp.starts_with("20") && timestamp.ends_with('Z'), "{line}");
        let levels = ["ERROR", "WARN", "INFO"];
        assert!(line["level"].as_str().is_some_and(|level| levels.contains(&level)), "{line}");
    }
}

/// A service's text may hold any character. A line that is no JSON is lost to queries.
#[tokio::test]
async fn control_characters_of_a_service_leave_the_report_json() {
    let (function, frontend) = Function::start_in(|world| {
        world.plant(Fault::on("DescribeCluster").refuse(400, "Odd", "a\u{7f}b\u{9b}c\u{1b}[31m"));
        payments(world)
    })
    .await;

    let report = function.sync_with_failures().await;

    let logged = function.last_report().await;
    let message = |report: &Value| reported(report, &frontend)["error"]["message"].clone();
    assert!(message(&logged).as_str().is_some_and(|text| text.contains("Odd")), "{logged:#}");
    assert_eq!(message(&logged), message(&report));
}

#[tokio::test]
async fn a_converged_run_of_100_frontends_writes_a_handful_of_lines() {
    let (function, ()) = Function::start_in(|world| {
        for n in 0..10 {
            let name = format!("cluster-{n}");
            let address = format!("10.{n}.0.1");
            world.add_cluster(&name, [&address]);
            let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed(&name));
            for _ in 0..10 {
                let group = world.add_target_group(TargetGroupSpec::ip(&load_balancer));
                world.put_targets(&group, [&address]);
            }
        }
    })
    .await;

    let report = function.sync().await;
    assert_eq!(report["summary"]["converged"], 100);
    // The next run's report comes after all lines of this one.
    function.sync().await;
    function.last_report().await;

    let log = function.log();
    assert!(log.len() < 10, "{log:#?}");
    let bytes: usize = log.iter().map(|line| line.to_string().len()).sum();
    assert!(bytes < 4_000, "{bytes} bytes");
}

#[tokio::test]
async fn lambdas_log_level_is_kept_to() {
    for (level, report_is_logged) in [("INFO", true), ("WARN", false), ("ERROR", false)] {
        let variables = [("AWS_LAMBDA_LOG_LEVEL", level)];
        let (function, _) = Function::start_in_with(&variables, one_of_each).await;

        function.error("{}").await;
        // Written at every level, after the lines of other levels.
        function.error("[]").await;
        function.logged(|line| line["message"] == "failed").await;
        function.logged(|line| line.to_string().contains("refused")).await;

        assert_eq!(!lines(&function, "report").is_empty(), report_is_logged, "{level}");
        assert_eq!(!lines(&function, "changed").is_empty(), report_is_logged, "{level}");
    }
}

#[tokio::test]
async fn lambdas_text_format_is_kept_to() {
    let variables = [("AWS_LAMBDA_LOG_FORMAT", "Text")];
    let (function, _) = Function::start_in_with(&variables, one_of_each).await;

    function.error("{}").await;

    function.last_report().await;
    let text: Vec<_> = function.log().iter().filter_map(|line| Some(line.as_str()?.to_owned())).collect();
    assert!(text.iter().any(|line| line.contains("ERROR") && line.contains("ClusterNotFound")), "{text:#?}");
    assert!(text.iter().all(|line| !line.contains('\u{1b}')), "no colours: {text:#?}");
}
