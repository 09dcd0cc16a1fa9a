//! An invalid setting stops the start; a valid one takes effect.

use eks_nlb_simulator::Simulator;
use eks_nlb_simulator::world::{LoadBalancerSpec, TargetGroupSpec};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn a_bad_value_stops_the_start_and_is_named() {
    let sim = Simulator::start().await;
    payments(&mut sim.world());
    for (variable, value) in [
        ("NLB_TAG", "a,,b"),
        ("CLUSTER_NAME_TAG", ""),
        ("ADDRESS_SOURCE", "DNS"),
        ("SYNC_POLICY", "upsert-only"),
        ("DRY_RUN", "yes"),
        ("MIN_HEALTHY_TARGETS", "0"),
        ("ALLOWED_CIDRS", "10.0.0.0/8;fc00::/7"),
        ("DNS_SERVERS", "dns.example"),
        ("DNS_TIMEOUT_MS", "5s"),
        ("MAX_CONCURRENCY", "many"),
        ("METRICS_NAMESPACE", "AWS/EKS"),
        ("AWS_USE_FIPS_ENDPOINT", "maybe"),
    ] {
        let output = output(command(&sim, &[(variable, value)])).await;

        assert!(!output.status.success(), "{variable}={value:?} is taken");
        let text = String::from_utf8(output.stdout).expect("text");
        let [line, counted]: [Value; 2] = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect::<Vec<_>>()
            .try_into()
            .expect("two lines");
        assert_eq!(counted["Failing"], 1, "{counted}");
        assert_eq!(line["level"], "ERROR");
        assert!(line["timestamp"].is_string(), "{line}");
        let error = line["error"].as_str().expect("text");
        assert!(error.starts_with(&format!("{variable}={value:?} is not ")), "{line}");
    }
    assert_eq!(sim.world().requests().len(), 0);
    assert_eq!(sim.world().dns.questions().len(), 0);
    assert_eq!(sim.runtime().nexts(), 0, "no event is asked for");
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_stops_the_start_and_is_named() {
    let sim = Simulator::start().await;
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EKS"] {
        let output = output(command(&sim, &[(variable, "localhost:4566")])).await;

        assert!(!output.status.success(), "{variable} is taken");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains("the endpoint \\\"localhost:4566\\\" is not an http or https URL"), "{text}");
    }
    assert_eq!(sim.runtime().nexts(), 0, "no event is asked for");
}

#[tokio::test]
async fn a_dry_run_by_setting_cannot_be_turned_off_by_an_event() {
    let (function, _) = Function::start_in_with(&[("DRY_RUN", "true")], busy_payments).await;

    for event in ["{}", r#"{"dryRun": false}"#, r#"{"dryRun": true}"#] {
        let report = function.answer(event).await;

        assert_eq!(report["dryRun"], true, "{event}");
        assert_eq!(report["summary"]["planned"], 1, "{event}");
        assert_eq!(report["frontends"][0]["registered"], json!(["10.0.2.11:443"]), "{event}");
        assert_eq!(report["frontends"][0]["deregistered"], json!(["10.0.3.13:443"]), "{event}");
    }

    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn the_allowed_networks_can_be_others() {
    for (networks, outcome) in [
        ("10.0.0.0/16", "changed"),
        ("10.0.1.10/32, 10.0.2.11/32", "changed"),
        ("10.0.1.0/24", "failed"),
        ("192.168.0.0/16,fc00::/7", "failed"),
    ] {
        let (function, frontend) = Function::start_in_with(&[("ALLOWED_CIDRS", networks)], payments).await;

        drop(function.invoke("{}").await);

        let report = function.last_report().await;
        assert_eq!(reported(&report, &frontend)["outcome"], outcome, "{networks}");
    }
}

#[tokio::test]
async fn settings_are_told_in_what_they_change() {
    let variables = [("NLB_TAG", "team=platform"), ("CLUSTER_NAME_TAG", "k8s"), ("SYNC_POLICY", "sync")];
    let (function, group) = Function::start_in_with(&variables, |world| {
        world.add_cluster("payments", PAYMENTS);
        let spec = LoadBalancerSpec::network("any").tag("team", "platform");
        let load_balancer = world.add_load_balancer(spec);
        world.add_target_group(TargetGroupSpec::ip(&load_balancer))
    })
    .await;

    let report = function.sync_with_failures().await;
    assert_eq!(code(&report["frontends"][0]), "MissingClusterName");
    assert!(message(&report["frontends"][0]).contains("k8s"), "{report:#}");

    let load_balancer = function.world().target_group(&group).load_balancers[0].clone();
    let named = ("k8s".to_owned(), "payments".to_owned());
    function.world().load_balancer_mut(&load_balancer).tags.extend([named]);
    function.sync().await;
    assert_eq!(targets_of(&function.world(), &group), PAYMENTS_TARGETS);
}

#[tokio::test]
async fn a_function_without_a_region_says_so() {
    let sim = Simulator::start().await;
    let mut command = command(&sim, &[]);
    command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");

    let output = output(command).await;

    assert!(!output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("AWS_REGION"), "{text}");
}
