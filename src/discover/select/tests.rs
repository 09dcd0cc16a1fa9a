use super::*;
use crate::aws::elb::LoadBalancer;
use crate::model::{Family, LoadBalancerArn};
use crate::publish::report::Failure;

/// A managed load balancer of this scheme, with one target group.
pub(in crate::discover) fn load_balancer(scheme: &str) -> Listed {
    let arn = LoadBalancerArn("load balancer".to_owned());
    let group = TargetGroup {
        arn: TargetGroupArn("target group".to_owned()),
        load_balancers: [arn.clone()].into(),
        has_ip_targets: true,
        is_tcp: true,
        port: 443,
        family: Family::Ipv4,
        vpc: None,
    };
    Listed {
        load_balancer: LoadBalancer { arn, scheme: scheme.to_owned() },
        tags: [("cluster_name".to_owned(), "payments".to_owned())].into(),
        target_groups: vec![(group, Tags::new())],
        has_target_group: true,
    }
}

/// A scheme that is absent or unknown may have public addresses.
#[test]
fn only_an_internal_load_balancer_is_served_unless_others_are_allowed() {
    for (scheme, is_served) in [("internal", true), ("internet-facing", false), ("", false), ("new", false)] {
        for allowed in [false, true] {
            let settings =
                Settings::from_lookup(|name| (name == "ALLOW_INTERNET_FACING").then(|| allowed.to_string()));
            let selected = select(&[load_balancer(scheme)], &settings.unwrap(), &Request::default());
            assert_eq!(selected.frontends.len(), usize::from(is_served || allowed), "{scheme:?}");
        }
    }
}

/// The outcome of each frontend, with its cluster.
fn selected(listed: &Listed, request: &Request) -> Vec<String> {
    let settings = Settings::from_lookup(|_| None).unwrap();
    let Discovery { frontends, rejected, .. } = select(std::slice::from_ref(listed), &settings, request);
    let rejected = rejected.into_iter().map(|rejected| {
        let reason = match rejected.report.outcome {
            Outcome::Skipped { reason } => reason.as_str(),
            Outcome::Failed { error: Failure { code, .. } } => code.as_str(),
            other @ (Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned) => {
                panic!("{other:?}")
            }
        };
        (reason, rejected.report.cluster)
    });
    let all = frontends.into_iter().map(|frontend| ("served", Some(frontend.cluster))).chain(rejected);
    all.map(|(what, cluster)| cluster.map_or(what.to_owned(), |cluster| format!("{what} {cluster}")))
        .collect()
}

/// And a run that is limited to the cluster reports the same.
#[test]
fn a_target_group_is_served_or_rejected_for_one_reason() {
    let limited = Request { clusters: Some(["payments".parse().unwrap()].into()), ..Request::default() };
    for (scheme, tag, expected) in [
        ("internal", None, "served payments"),
        ("internal", Some(("cluster_name", "orders")), "served orders"),
        ("internal", Some(("cluster_name", "")), "served payments"),
        // It is not taken for the load balancer's cluster.
        ("internal", Some(("cluster_name", "orders/api")), "InvalidClusterName"),
        ("internal", Some(EXCLUDING_TAG), "excludedByTag payments"),
        ("internal", Some((CONTROLLER_TAG, "tools")), "ownedByController payments"),
        ("internet-facing", None, "InternetFacing payments"),
        ("internet-facing", Some(("cluster_name", "")), "InternetFacing payments"),
        ("internet-facing", Some(EXCLUDING_TAG), "excludedByTag payments"),
        ("internet-facing", Some((CONTROLLER_TAG, "tools")), "ownedByController payments"),
    ] {
        let mut listed = load_balancer(scheme);
        let tags = tag.map(|(key, value)| (key.to_owned(), value.to_owned()));
        listed.target_groups[0].1 = tags.into_iter().collect();

        assert_eq!(selected(&listed, &Request::default()), [expected]);
        let of_payments =
            if expected.ends_with("payments") { expected } else { "ClusterNotSelected payments" };
        assert_eq!(selected(&listed, &limited), [of_payments], "{expected}");
    }
}
