//! The report: JSON of one line that says what it was made of, whatever that is.

use std::net::IpAddr;

use eks_nlb_sync::model::{LoadBalancerArn, Target, TargetGroupArn};
use eks_nlb_sync::plan::Withheld;
use eks_nlb_sync::report::{Entry, Failure, Outcome, Report, SkipReason, WithheldTarget};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

fn target() -> impl Strategy<Value = Target> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| Target::new(ip, port))
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let failed = any::<String>()
        .prop_map(|message| Outcome::Failed { error: Failure { code: "AwsRejected", message } });
    prop_oneof![
        Just(Outcome::Converged),
        Just(Outcome::Changed),
        Just(Outcome::Planned),
        Just(Outcome::Skipped { reason: SkipReason::ExcludedByTag }),
        failed,
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let arns = (prop::option::of(any::<String>()), prop::option::of(any::<String>()));
    let targets = (vec(any::<IpAddr>(), 0..4), vec(target(), 0..4), vec(target(), 0..4), vec(target(), 0..4));
    (arns, outcome(), targets).prop_map(|((load_balancer, target_group), outcome, targets)| Entry {
        load_balancer: load_balancer.map(LoadBalancerArn),
        target_group: target_group.map(TargetGroupArn),
        desired: targets.0,
        registered: targets.1,
        deregistered: targets.2,
        withheld: targets
            .3
            .into_iter()
            .map(|target| WithheldTarget { target, reason: Withheld::AddOnlyPolicy })
            .collect(),
        ..Entry::new(outcome)
    })
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|item| item.as_str().expect("a text")).collect()
}

fn check(read: &Value, entry: &Entry) {
    assert_eq!(
        read.get("loadBalancer").and_then(Value::as_str),
        entry.load_balancer.as_ref().map(|arn| arn.0.as_str())
    );
    assert_eq!(
        read.get("targetGroup").and_then(Value::as_str),
        entry.target_group.as_ref().map(|arn| arn.0.as_str())
    );
    let addresses: Vec<IpAddr> =
        texts(&read["desired"]).iter().map(|ip| ip.parse().expect("an IP")).collect();
    assert_eq!(addresses, entry.desired);
    let shown = |targets: &[Target]| targets.iter().map(Target::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&read["registered"]), shown(&entry.registered));
    assert_eq!(texts(&read["deregistered"]), shown(&entry.deregistered));
    let withheld: Vec<_> = entry.withheld.iter().map(|withheld| withheld.target.to_string()).collect();
    let read_withheld: Vec<_> = read["withheld"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|w| w["target"].as_str().expect("a text"))
        .collect();
    assert_eq!(read_withheld, withheld);
    match &entry.outcome {
        Outcome::Failed { error } => {
            assert_eq!(read["outcome"], "failed");
            assert_eq!(read["error"]["code"], error.code);
            assert_eq!(read["error"]["message"], error.message.as_str());
        }
        Outcome::Skipped { .. } => assert_eq!(read["reason"], "excludedByTag"),
        Outcome::Converged => assert_eq!(read["outcome"], "converged"),
        Outcome::Changed => assert_eq!(read["outcome"], "changed"),
        Outcome::Planned => assert_eq!(read["outcome"], "planned"),
    }
}

proptest! {
    #[test]
    fn a_report_is_one_line_that_says_it_all(entries in vec(entry(), 0..6), region: String) {
        let report = Report::new(false, region.clone(), 1, entries);

        let line = serde_json::to_string(&report).expect("a report is JSON");
        let read: Value = serde_json::from_str(&line).expect("a report is JSON");

        prop_assert!(!line.contains(['\n', '\r']));
        prop_assert_eq!(&read["region"], region.as_str());
        let list = read["frontends"].as_array().expect("a list");
        prop_assert_eq!(list.len(), report.frontends.len());
        for (read, entry) in list.iter().zip(&report.frontends) {
            check(read, entry);
        }
        let counted = ["converged", "changed", "planned", "skipped", "failed"];
        let sum: u64 = counted.iter().map(|key| read["summary"][key].as_u64().expect("a number")).sum();
        prop_assert_eq!(sum, list.len() as u64);
    }
}
