//! What the caller may not read, or what cannot be read, is reported as skipped.

use std::collections::BTreeSet;

use eks_nlb_simulator::{Fault, World};

use super::{JSON, checks, healthy, ids};
use crate::relay::{Afterwards, Relay};
use crate::support::*;

#[tokio::test]
async fn a_check_that_iam_denies_is_skipped() {
    let desk = Desk::new(|world| _ = healthy(world)).await;
    desk.run(&["doctor"]).await;
    desk.run(&["doctor", "--pre"]).await;
    let calls: BTreeSet<_> = {
        let world = desk.sim.world();
        let all = world.requests().iter();
        all.map(|call| (call.service.clone(), call.operation.clone())).collect()
    };
    assert!(calls.len() > 15, "{calls:?}");
    for (service, operation) in calls {
        // IAM cannot refuse it.
        if operation == "GetCallerIdentity" {
            continue;
        }
        let desk = Desk::new(|world| {
            healthy(world);
            world.plant(Fault::on(&operation).access_denied());
        })
        .await;
        let arguments: &[&str] = if operation == "ListClusters" { &["doctor", "--pre"] } else { &["doctor"] };

        let said = desk.run(arguments).await;

        // Frontends that could not be listed may all be cut off.
        let lists = ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags"].contains(&&*operation);
        assert_eq!((said.code, said.err.as_str()), (Some(i32::from(lists)), ""), "{operation}: {said:?}");
        assert!(said.out.contains('‼') && said.out.contains("not checked"), "{operation}: {}", said.out);
        assert!(said.out.contains(&format!("{service}:{operation}")), "{operation}: {}", said.out);
        assert!(!said.out.contains("✗ "), "{operation}: {}", said.out);
    }
}

/// A failed read does not show the state of a resource: it is reported with its cause,
/// and without a remedy.
#[tokio::test]
async fn a_check_that_cannot_be_read_is_skipped_with_its_cause() {
    type Case = (&'static str, fn(Fault) -> Fault, &'static [&'static str], &'static str);
    let cases: [Case; 7] = [
        (
            "DescribeTargetGroupAttributes",
            Fault::internal_failure,
            &["cross-zone", "thresholds", "client-address", "proxy-protocol"],
            "is not available",
        ),
        ("DescribeLoadBalancerAttributes", Fault::internal_failure, &["cross-zone"], "is not available"),
        ("DescribeListeners", Fault::reset, &["clients-admitted", "listener"], "cannot be reached"),
        ("DescribeTargetHealth", Fault::internal_failure, &["served", "plan"], "AwsUnavailable"),
        (
            "DescribeSecurityGroupRules",
            Fault::garble,
            &["security-groups", "clients-admitted"],
            "ec2:DescribeSecurityGroupRules",
        ),
        ("GetFunctionConfiguration", Fault::reset, &["write-policy", "function"], "cannot be reached"),
        (
            "GetMetricStatistics",
            Fault::internal_failure,
            &["port-allocation", "last-success"],
            "is not available",
        ),
    ];
    for (operation, happens, checks_not_looked, why) in cases {
        let desk = Desk::new(|world| {
            healthy(world);
            world.plant(happens(Fault::on(operation)));
        })
        .await;

        let said = desk.run_with(&[("AWS_MAX_ATTEMPTS", "1")], &JSON).await;

        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new(), "{operation}: {}", said.out);
        assert_eq!(ids(&diagnosis, "skipped"), checks_not_looked, "{operation}: {}", said.out);
        assert_eq!(said.code, Some(0), "{operation}: {said:?}");
        for check in checks(&diagnosis, "skipped") {
            assert_eq!(check.get("remedy"), None, "{check:#}");
            assert!(
                check["skipped"][0]["message"].as_str().is_some_and(|says| says.contains(why)),
                "{check:#}"
            );
        }
    }
}

/// The function needs tags before it can do anything.
#[tokio::test]
async fn before_a_deployment_the_tags_of_load_balancers_are_read_too() {
    let desk = Desk::new(|world| {
        healthy(world);
        world.plant(Fault::on("DescribeTags").access_denied());
    })
    .await;

    let said = desk.run(&["doctor", "--pre", "--output", "json"]).await;

    assert_eq!(ids(&said.json(), "skipped"), ["reads"], "{said:?}");
    assert!(said.out.contains("elasticloadbalancing:DescribeTags"), "{said:?}");
}

/// A fault on some calls, the credentials, whether `--pre` is given, and what fails.
#[tokio::test]
async fn doctor_fails_without_a_network_and_without_credentials() {
    const READS: &[&str] = &["GetCallerIdentity", "DescribeLoadBalancers", "GetFunctionConfiguration"];
    type Case =
        (&'static [&'static str], Option<&'static str>, &'static [&'static str], &'static [&'static str]);
    let cases: [Case; 3] = [
        (READS, None, &[], &[]),
        (&[], Some("AKIANOBODY"), &[], &["credentials"]),
        (&["DescribeLoadBalancers"], None, &["--pre"], &["reads"]),
    ];
    for (unreachable, key, more, failed) in cases {
        let desk = Desk::new(|world| {
            healthy(world);
            for operation in unreachable {
                world.plant(Fault::on(operation).reset());
            }
        })
        .await;
        let key = key.map(|key| ("AWS_ACCESS_KEY_ID", key));
        let variables: Vec<_> = key.into_iter().chain([("AWS_MAX_ATTEMPTS", "1")]).collect();

        let said = desk.run_with(&variables, &[&JSON, more].concat()).await;

        let diagnosis = said.json();
        assert_eq!((said.code, &diagnosis["ok"]), (Some(1), &false.into()), "{said:?}");
        assert_eq!(ids(&diagnosis, "failed"), failed, "{said:?}");
        assert!(key.is_none() || ids(&diagnosis, "ok").is_empty(), "{said:?}");
    }
}

/// If load balancers cannot be listed, every group reports that.
#[tokio::test]
async fn each_group_is_shown_when_load_balancers_cannot_be_listed() {
    let denied = |world: &mut World| {
        healthy(world);
        world.plant(Fault::on("DescribeLoadBalancers").access_denied());
    };
    for (populate, says) in [
        (denied as fn(&mut World), "IAM denies elasticloadbalancing:DescribeLoadBalancers"),
        (|_| {}, "nothing to check"),
    ] {
        let desk = Desk::new(populate).await;

        let text = desk.run(&["doctor"]).await;
        let diagnosis = desk.run(&JSON).await.json();

        let groups = diagnosis["groups"].as_array().expect("groups");
        let names: Vec<_> = groups.iter().filter_map(|group| group["name"].as_str()).collect();
        for name in ["clusters", "load balancers", "target groups", "endpoint services", "function", "run"] {
            assert!(names.contains(&name), "{name}: {diagnosis:#}");
            assert!(text.out.lines().any(|line| line == name), "{name}: {}", text.out);
        }
        let note = groups.iter().find(|group| group["name"] == "target groups").map(|group| &group["note"]);
        assert!(note.and_then(|note| note.as_str()).is_some_and(|note| note.contains(says)), "{diagnosis:#}");
    }
}

/// A list of which a page is announced again and again is not taken for whole, and
/// reading it ends.
#[tokio::test]
async fn a_page_that_is_announced_again_is_no_end_of_a_list() {
    for (end, repeated, arguments) in [
        ("</DescribeListenersResult>", "<NextMarker>0000000000000000</NextMarker>", &["doctor"][..]),
        ("</DescribeSubnetsResponse>", "<nextToken>0</nextToken>", &["doctor"]),
        ("\"Schedules\":", "\"NextToken\":\"same\",", &["doctor"]),
        ("\"clusters\":", "\"nextToken\":\"same\",", &["doctor", "--pre"]),
    ] {
        let desk = Desk::new(|world| _ = healthy(world)).await;
        let announce = move |_: &str, answer: String| answer.replace(end, &format!("{repeated}{end}"));
        let relay = Relay::of_aws(&desk.sim, Afterwards::Kept, announce).await;

        let said = desk.run_with(&[("AWS_ENDPOINT_URL", &relay.url())], arguments).await;

        assert!(words(&said.out).contains("announces the same page again and again"), "{end}: {}", said.out);
    }
}

/// Neither valid credentials nor a function that ran show that an upgrade is over.
#[tokio::test]
async fn after_an_upgrade_targets_that_are_not_read_are_no_success() {
    for denied in ["DescribeLoadBalancers", "DescribeTags", "DescribeTargetHealth", "DescribeCluster"] {
        let desk = Desk::new(|world| {
            healthy(world);
            world.plant(Fault::on(denied).access_denied());
        })
        .await;

        let said = desk.run(&["doctor", "--after-upgrade", "--output", "json"]).await;

        assert_eq!((said.code, said.json()["ok"].clone()), (Some(1), false.into()), "{denied}: {said:?}");
    }
}
