//! The report: JSON of one line that says what it was made of, whatever that is.

use std::net::IpAddr;

use eks_nlb_sync::model::{LoadBalancerArn, Target, TargetGroupArn};
use eks_nlb_sync::plan::{Shortfall, WithholdReason};
use eks_nlb_sync::report::{Failure, FrontendReport, Outcome, Report, SkipReason, WithheldTarget};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

fn target() -> impl Strategy<Value = Target> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| Target::new(ip, port))
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let failed = |message| Failure {
        code: "AwsRejected",
        message,
        is_configuration: false,
        is_about_credentials: false,
    };
    prop_oneof![
        Just(Outcome::Converged),
        Just(Outcome::Waiting),
        Just(Outcome::Changed),
        Just(Outcome::Planned),
        Just(Outcome::Skipped { reason: SkipReason::ExcludedByTag }),
        any::<String>().prop_map(move |message| Outcome::Failed { error: failed(message) }),
    ]
}

prop_compose! {
    fn frontend()(
        load_balancer in prop::option::of(any::<String>()),
        target_group in prop::option::of(any::<String>()),
        outcome in outcome(),
        healthy in prop::option::of(0usize..9),
        desired in vec(any::<IpAddr>(), 0..4),
        registered in vec(target(), 0..4),
        deregistered in vec(target(), 0..4),
        withheld in vec(target(), 0..4),
    ) -> FrontendReport {
        let reason = WithholdReason::WaitingForHealthyReplacement(Shortfall::Healthy { healthy: 1, needed: 2 });
        let withheld = withheld.into_iter().map(|target| WithheldTarget { target, reason: reason.clone() });
        FrontendReport {
            load_balancer: load_balancer.map(LoadBalancerArn),
            target_group: target_group.map(TargetGroupArn),
            desired,
            healthy,
            registered,
            deregistered,
            withheld: withheld.collect(),
            ..FrontendReport::new(outcome)
        }
    }
}

/// What a report says of a frontend, made without serde's derive.
fn said(frontend: &FrontendReport) -> Value {
    let texts = |targets: &[Target]| targets.iter().map(Target::to_string).collect::<Vec<_>>();
    let withheld = frontend.withheld.iter().map(|withheld| withheld.target.to_string());
    let withheld = withheld.map(|target| json!({"target": target, "reason": "waitingForHealthyReplacement"}));
    let mut said = json!({
        "desired": frontend.desired.iter().map(IpAddr::to_string).collect::<Vec<_>>(),
        "registered": texts(&frontend.registered),
        "deregistered": texts(&frontend.deregistered),
        "withheld": withheld.collect::<Vec<_>>(),
    });
    let mut say = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            said[key] = value;
        }
    };
    say("loadBalancer", frontend.load_balancer.as_ref().map(|arn| json!(arn.0)));
    say("targetGroup", frontend.target_group.as_ref().map(|arn| json!(arn.0)));
    say("healthy", frontend.healthy.map(|healthy| json!(healthy)));
    let outcome = match &frontend.outcome {
        Outcome::Converged => "converged",
        Outcome::Waiting => "waiting",
        Outcome::Changed => "changed",
        Outcome::Planned => "planned",
        Outcome::Skipped { .. } => {
            say("reason", Some(json!("excludedByTag")));
            "skipped"
        }
        Outcome::Failed { error } => {
            say("error", Some(json!({"code": error.code, "message": error.message})));
            "failed"
        }
    };
    say("outcome", Some(json!(outcome)));
    said
}

proptest! {
    #[test]
    fn a_report_is_one_line_that_says_it_all(frontends in vec(frontend(), 0..6), region: String) {
        let report = Report::new(false, region.clone(), 1, frontends);

        let line = serde_json::to_string(&report).expect("a report is JSON");
        let read: Value = serde_json::from_str(&line).expect("a report is JSON");

        prop_assert!(!line.contains(['\n', '\r']));
        prop_assert_eq!(&read["region"], region.as_str());
        let said: Vec<_> = report.frontends.iter().map(said).collect();
        prop_assert_eq!(&read["frontends"], &json!(said));
        let outcomes = ["converged", "waiting", "changed", "planned", "skipped", "failed"];
        let sum: u64 = outcomes.iter().map(|key| read["summary"][key].as_u64().expect("a number")).sum();
        prop_assert_eq!(sum, said.len() as u64);
    }
}
