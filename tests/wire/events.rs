//! The events that the function accepts, and every file of `events/`.

use std::fs;
use std::path::Path;

use eks_nlb_simulator::world::{ClusterSpec, Scope};
use eks_nlb_simulator::{Frontend, World};
use serde_json::{Value, json};

use crate::support::*;

/// The role of `events/fleet.json`.
const ROLE: &str = "arn:aws:iam::444455556666:role/eks-nlb-sync";

/// The files of `events/`, by name.
fn events() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let files = fs::read_dir(folder).expect("a folder of events").map(|file| file.expect("a file").path());
    let mut events: Vec<_> = files
        .map(|file| {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(file).expect("text"))
        })
        .collect();
    events.sort();
    events
}

/// The frontends that the events of the folder concern.
struct Fleet {
    payments: Frontend,
    other: Frontend,
    in_another_region: Frontend,
    in_another_account: Frontend,
}

fn fleet(world: &mut World) -> Fleet {
    world.add_role_with(ROLE, Some("fleet-example"));
    let mut far = |account: &str| {
        let scope = Scope::new(account, "us-east-1");
        let spec = ClusterSpec::new("far", ["10.8.0.1"]);
        world.create_cluster(ClusterSpec { scope: scope.clone(), ..spec });
        world.add_frontend_in(&scope, "far")
    };
    let (in_another_region, in_another_account) = (far("111122223333"), far("444455556666"));
    Fleet { payments: payments(world), other: bystander(world), in_another_region, in_another_account }
}

#[tokio::test]
async fn every_event_of_the_folder_does_what_its_name_says() {
    let mut accepted = 0;
    for (name, event) in events().iter().filter(|(name, _)| !name.starts_with("invalid.")) {
        let (function, fleet) = Function::start_in(fleet).await;
        let Fleet { payments, other, in_another_region, in_another_account } = &fleet;
        let written = match name.as_str() {
            "manual.dry-run.json" => vec![],
            "manual.one-cluster.json" => vec![payments],
            "fleet.region-only.json" => vec![in_another_region],
            "fleet.json" => vec![in_another_account],
            _ => vec![payments, other],
        };

        let report = function.answer(event).await;

        let world = function.world();
        for frontend in [payments, other, in_another_region, in_another_account] {
            let is_written = !world.targets(&frontend.target_group).is_empty();
            assert_eq!(is_written, written.contains(&frontend), "{name}: {frontend:?}");
        }
        assert_eq!(report["summary"]["changed"], written.len(), "{name}");
        accepted += 1;
    }
    assert!(accepted >= 8, "{accepted} events");
}

#[tokio::test]
async fn every_invalid_event_of_the_folder_is_refused_before_any_call() {
    let (function, _) = Function::start_in(fleet).await;
    let mut refused = 0;
    for (name, event) in events().iter().filter(|(name, _)| name.starts_with("invalid.")) {
        let (error_type, message) = function.error(event).await;

        assert_eq!(error_type, "InvalidEvent", "{name}: {message}");
        assert!(message.contains("refused"), "{name}: {message}");
        // The refusal is in the log, too.
        let said = Value::from(message).to_string();
        function
            .logged(|line| line["level"] == "ERROR" && line.to_string().contains(said.trim_matches('"')))
            .await;
        refused += 1;
    }
    assert!(refused >= 12, "{refused} events");
    let world = function.world();
    assert_eq!(world.requests().len(), 0);
    assert_eq!(world.dns.questions().len(), 0);
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_refused() {
    let (function, frontend) = Function::start_in(payments).await;
    for event in ["", "{", "dryRun", "{\"dryRun\": tru}", "\u{0}"] {
        let (error_type, message) = function.error(event).await;
        assert!(!error_type.is_empty() && !message.is_empty(), "{event:?}");
    }
    assert_eq!(function.world().requests().len(), 0);

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed", "it still runs");
}

#[tokio::test]
async fn an_eventbridge_event_is_a_full_sync_at_home_whatever_it_tells_of() {
    let (function, fleet) = Function::start_in(fleet).await;
    for event in [
        json!({"source": "aws.ec2", "detail-type": "x", "region": "us-east-1", "account": "444455556666"}),
        json!({"source": "a", "detail-type": "b", "detail": {"clusters": ["far"], "dryRun": true}}),
        json!({"source": "a", "detail-type": "b", "detail": "{\"dryRun\": true}"}),
    ] {
        let report = function.answer(&event.to_string()).await;

        assert_eq!(report["dryRun"], false, "{event}");
        assert_eq!(report["region"], "eu-west-1", "{event}");
        for frontend in [&fleet.payments, &fleet.other] {
            assert_eq!(reported(&report, frontend)["outcome"], "changed", "{event}");
            function.world().target_group_mut(&frontend.target_group).targets.clear();
        }
    }
}

#[tokio::test]
async fn only_the_named_clusters_are_served() {
    let (function, fleet) = Function::start_in(fleet).await;

    let report = function.answer(r#"{"clusters": ["payments", "payments"]}"#).await;

    assert_eq!(report["summary"]["loadBalancers"], 1);
    assert_eq!(report["summary"]["frontends"], 1);
    assert_only_written(&function.world(), &fleet.payments);
    for operation in ["DescribeNetworkInterfaces", "DescribeCluster", "DescribeTargetHealth"] {
        assert_eq!(function.world().requests_of(operation).len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn trouble_of_other_clusters_is_none_of_a_named_one() {
    let (function, frontend) = Function::start_in(|world| {
        world.add_frontend("unknown");
        let nameless = world.add_frontend("nameless");
        world.load_balancer_mut(&nameless.load_balancer).tags.remove("cluster_name");
        payments(world)
    })
    .await;

    let report = function.answer(r#"{"clusters": ["payments"]}"#).await;

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    assert_eq!(report["summary"]["frontends"], 1);
}

#[tokio::test]
async fn too_few_load_balancers_fail_the_run_and_the_others_are_served() {
    for (minimum, fails) in [(1, false), (2, false), (3, true)] {
        let (function, ()) = Function::start_in(|world| {
            busy_payments(world);
            bystander(world);
        })
        .await;

        let answer = function.invoke(&json!({"minLoadBalancers": minimum}).to_string()).await;

        let report = function.last_report().await;
        assert_eq!(report["summary"]["changed"], 2, "{report:#}");
        if fails {
            let (error_type, message) = answer.error();
            assert_eq!(error_type, "FrontendsFailed");
            assert!(message.contains("TooFewLoadBalancers"), "{message}");
            let failed = report["frontends"].as_array().into_iter().flatten();
            let failed: Vec<_> = failed.filter(|one| one["outcome"] == "failed").collect();
            assert_eq!(failed.len(), 1);
            assert_eq!(code(failed[0]), "TooFewLoadBalancers");
            assert!(message_names(failed[0], &["2 load balancers", "minimum of 3"]), "{failed:#?}");
        } else {
            assert_eq!(answer.response()["summary"]["failed"], 0);
        }
    }
}

/// A run of one cluster does not make the others fewer.
#[tokio::test]
async fn the_minimum_is_of_all_managed_load_balancers() {
    let (function, ()) = Function::start_in(|world| {
        busy_payments(world);
        bystander(world);
    })
    .await;

    let report = function.answer(r#"{"clusters": ["payments"], "minLoadBalancers": 2}"#).await;
    assert_eq!((&report["summary"]["loadBalancers"], &report["summary"]["failed"]), (&json!(1), &json!(0)));

    let (_, message) = function.error(r#"{"clusters": ["payments"], "minLoadBalancers": 3}"#).await;
    assert!(message.contains("the list of load balancers (TooFewLoadBalancers)"), "{message}");
    assert!(function.last_report().await.to_string().contains("2 load balancers are managed"));
}

#[tokio::test]
async fn a_selection_without_a_load_balancer_is_a_warning_for_full_runs_only() {
    let (function, ()) = Function::start_in(|world| {
        for frontend in [busy_payments(world), bystander(world)] {
            world.load_balancer_mut(&frontend.load_balancer).tags.remove("eks-nlb-sync");
        }
    })
    .await;
    let warnings = || {
        let lines = function.log().into_iter();
        lines.filter(|line| line["message"] == "no load balancer is managed").count()
    };

    function.error(r#"{"clusters": ["payments"]}"#).await;
    function.last_report().await;
    assert_eq!(warnings(), 0);

    function.sync().await;
    function.logged(|line| line["message"] == "no load balancer is managed").await;
}

fn message_names(failed: &Value, parts: &[&str]) -> bool {
    parts.iter().all(|part| message(failed).contains(part))
}

#[tokio::test]
async fn a_summary_leaves_out_the_frontends_that_did_not_fail() {
    let (function, ()) = Function::start_in(|world| {
        busy_payments(world);
        bystander(world);
    })
    .await;

    let report = function.answer(r#"{"summaryOnly": true}"#).await;

    assert_eq!((&report["frontends"], &report["summary"]["changed"]), (&json!([]), &json!(2)));
    let logged = function.last_report().await;
    assert_eq!(logged["frontends"].as_array().map(Vec::len), Some(2), "the log has them");
    assert_eq!([&report["version"], &logged["version"]], [env!("CARGO_PKG_VERSION"); 2]);
}
