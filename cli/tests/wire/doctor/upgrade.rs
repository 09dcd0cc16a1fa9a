//! The checks before and after an upgrade of a control plane.

use std::time::Duration;

use eks_nlb_simulator::world::{ClusterStatus, OverrideState};
use eks_nlb_simulator::{Fault, Frontend, World, sample};

use super::clusters::free_addresses;
use super::{JSON, checks, healthy, ids, variable};
use crate::support::*;

/// What must be in order before an upgrade is checked, and nothing else.
#[tokio::test]
async fn before_an_upgrade() {
    let upgrade = ["doctor", "--before-upgrade", "-o", "json"];
    for (plant, failed) in [
        ((|_, _| {}) as fn(&mut World, &Frontend), &[][..]),
        (|world, _| free_addresses(world, 0), &["free-addresses"]),
        (
            |world, _| world.supporting.function().last_report = Some(Duration::from_mins(42)),
            &["last-success"],
        ),
        (
            |world, frontend| {
                world.shift_away(&frontend.load_balancer, "eu-west-1b", OverrideState::ZonalShiftActive);
            },
            &["served", "overrides"],
        ),
        (
            |world, frontend| {
                _ = world.load_balancer_mut(&frontend.load_balancer).tags.remove("eks-nlb-sync");
            },
            &["managed"],
        ),
        // It would write nothing.
        (|world, _| variable(world, "DRY_RUN", "true"), &["function-settings"]),
        // Preserved client addresses do not concern an upgrade.
        (|world, frontend| world.supporting.group(&frontend.target_group).preserves_client_ip = true, &[]),
    ] {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            plant(world, &frontend);
        })
        .await;

        let said = desk.run(&upgrade).await;

        assert_eq!(ids(&said.json(), "failed"), failed, "{}", said.out);
        assert_eq!(said.code, Some(i32::from(!failed.is_empty())), "{said:?}");
        assert!(!ids(&said.json(), "ok").contains(&"proxy-protocol".to_owned()), "{}", said.out);
    }
}

/// An upgrade is over when every target group has the cluster's addresses.
#[tokio::test]
async fn after_an_upgrade() {
    type Case = (fn(&mut World), &'static str);
    let cases: [Case; 3] = [
        (|_| {}, ""),
        (
            |world| world.rotate("payments", ["10.0.2.11", "10.0.3.12"]),
            "1 stale target withheld; a run registers 1",
        ),
        // Nothing has moved yet.
        (
            |world| world.cluster_mut("payments").status = ClusterStatus::Updating,
            "its status is UPDATING: EKS still changes the control plane",
        ),
    ];
    for (plant, says) in cases {
        let desk = Desk::new(|world| {
            healthy(world);
            plant(world);
        })
        .await;

        let said = desk.run(&["doctor", "--after", "-o", "json"]).await;

        let failed: &[&str] = if says.is_empty() { &[] } else { &["settled"] };
        assert_eq!(
            (ids(&said.json(), "failed"), said.code),
            (failed.iter().map(ToString::to_string).collect(), Some(i32::from(!says.is_empty()))),
            "{}",
            said.out
        );
        assert!(said.out.contains(says), "{}", said.out);
        let always = desk.run(&JSON).await.json();
        assert!(!ids(&always, "failed").contains(&"settled".to_owned()), "{always:#}");
    }
}

/// A run does not compare an excluded group with its cluster, and without a permission
/// nothing is known of the function: both are reported.
#[tokio::test]
async fn after_an_upgrade_what_is_not_checked_is_reported() {
    type Case = (fn(&mut World, &Frontend), &'static [&'static str], &'static str);
    let cases: [Case; 4] = [
        (
            |world, frontend| {
                let group = world.target_group_mut(&frontend.target_group);
                group.tags.insert("eks-nlb-sync".to_owned(), "disabled".to_owned());
                world.rotate("payments", ["10.0.2.21", "10.0.3.22"]);
            },
            &["settled"],
            "tg-payments not checked: excludedByTag: a run does not compare",
        ),
        (
            |world, _| {
                world.add_cluster("orders", ["10.0.1.20", "10.0.2.21"]);
                let other = sample::frontend(world, "orders");
                world.put_targets(&other.target_group, ["10.0.1.20", "10.0.2.21"]);
                let group = world.target_group_mut(&other.target_group);
                group.tags.insert("eks-nlb-sync".to_owned(), "disabled".to_owned());
            },
            &["settled"],
            "not checked: excludedByTag: a run does not compare",
        ),
        (
            |world, _| world.plant(Fault::on("GetFunctionConfiguration").access_denied()),
            &["function"],
            "eks-nlb-sync not checked: IAM denies lambda:GetFunctionConfiguration",
        ),
        (|_, _| {}, &[], "the function is there and active"),
    ];
    for (plant, skipped, message) in cases {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            plant(world, &frontend);
        })
        .await;

        let said = desk.run(&["doctor", "--after-upgrade"]).await;
        let json = desk.run(&["doctor", "--after-upgrade", "-o", "json"]).await.json();

        said.assert_shows(&[message]);
        // Where `settled` was checked for no frontend, nothing shows that the upgrade is over.
        let settled = checks(&json, "skipped").into_iter().find(|check| check["id"] == "settled");
        let code = i32::from(settled.is_some_and(|check| check["checked"] == 0));
        assert_eq!(
            (ids(&json, "skipped"), said.code),
            (skipped.iter().map(ToString::to_string).collect(), Some(code))
        );
    }
}
