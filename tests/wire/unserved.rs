//! The zones whose clients reach no healthy target are reported, even if the
//! cluster's lookup failed.

use eks_nlb_simulator::world::{ClusterStatus, LoadBalancerSpec, OverrideState, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, TargetState, World};
use serde_json::json;

use crate::support::*;

/// `payments`, whose targets all fail their checks.
fn cut_off(world: &mut World) -> Frontend {
    let frontend = converged_payments(world);
    for target in PAYMENTS {
        world.pin_state(&frontend.target_group, target, TargetState::Unhealthy);
    }
    frontend
}

/// What keeps a frontend from being served.
type Trouble = fn(&mut World, &Frontend);

#[tokio::test]
async fn an_outage_is_seen_whatever_the_outcome_is() {
    let troubles: [(&str, Trouble); 10] = [
        ("converged", |_, _| {}),
        ("ClusterNotFound", |world, _| world.delete_cluster("payments")),
        ("clusterNotReady", |world, _| world.cluster_mut("payments").status = ClusterStatus::Pending),
        ("PrivateAccessDisabled", |world, _| world.cluster_mut("payments").private_access = false),
        ("AccessDenied", |world, _| world.plant(Fault::on("DescribeCluster").access_denied())),
        ("InterfacesNotFound", |world, _| world.remove_interfaces_at(PAYMENTS[0])),
        ("MissingClusterName", |world, frontend| {
            world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name");
        }),
        ("InvalidClusterName", |world, frontend| {
            let tags = &mut world.load_balancer_mut(&frontend.load_balancer).tags;
            tags.insert("cluster_name".to_owned(), "a/b".to_owned());
        }),
        ("excludedByTag", |world, frontend| {
            let tags = &mut world.target_group_mut(&frontend.target_group).tags;
            tags.insert("eks-nlb-sync".to_owned(), "disabled".to_owned());
        }),
        ("notTagged", |world, frontend| {
            let tagged = TargetGroupSpec::ip(&frontend.load_balancer).tag("eks-nlb-sync", "enabled");
            world.add_target_group(tagged);
        }),
    ];
    for (outcome, trouble) in troubles {
        let (function, frontend) =
            Function::start_in_with(&[("ADDRESS_SOURCE", "eni"), ONE_ATTEMPT], |world| {
                let frontend = cut_off(world);
                trouble(world, &frontend);
                frontend
            })
            .await;

        let answer = function.invoke("{}").await;

        let report = if outcome == "converged" { answer.response() } else { function.last_report().await };
        let reported = reported(&report, &frontend);
        let told = [&reported["outcome"], &reported["reason"], &reported["error"]["code"]];
        assert!(told.contains(&&json!(outcome)), "{outcome}: {reported:#}");
        assert_eq!(reported["unserved"], json!(["all"]), "{outcome}: {reported:#}");
        let line = function.logged(|line| line["message"] == "unserved").await;
        assert_eq!((&line["because"], &line["zones"]), (&json!(outcome), &json!("all")));
        let counted = function.logged(|line| line.get("_aws").is_some()).await;
        assert_eq!(counted["Unserved"], 1, "{outcome}: {counted:#}");
    }
}

#[tokio::test]
async fn a_zone_without_a_healthy_target_is_named() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = converged_payments(world);
        world.pin_state(&frontend.target_group, PAYMENTS[1], TargetState::Unhealthy);
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["unserved"], json!(["eu-west-1b"]));
}

/// A target stays `healthy` in a zone that is shifted away, and gets nothing.
#[tokio::test]
async fn a_zonal_shift_leaves_a_zone_unserved_and_its_targets_replace_no_other() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = payments(world);
        world.rotate("payments", ["10.0.1.10", "10.0.1.11"]);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.1.11", "10.0.2.12"]);
        world.shift_away(&frontend.load_balancer, "eu-west-1a", OverrideState::ZonalShiftActive);
        frontend
    })
    .await;

    let report = function.sync().await;

    let reported = reported(&report, &frontend);
    assert_eq!((&reported["outcome"], &reported["healthy"]), (&json!("waiting"), &json!(0)), "{reported:#}");
    assert_eq!(reported["unserved"], json!(["eu-west-1a"]));
    assert_eq!(function.world().writes().len(), 0, "10.0.2.12 is the only target that serves");
}

#[tokio::test]
async fn where_health_cannot_be_read_nothing_is_said_of_it() {
    let (function, frontend) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        world.plant(Fault::on("DescribeTargetHealth").access_denied());
        converged_payments(world)
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(reported(&report, &frontend).get("unserved"), None);
}

/// Reading the health of a rejected frontend takes one call.
#[tokio::test]
async fn only_groups_that_could_take_api_servers_are_read() {
    let (function, ()) = Function::start_in(|world| {
        let frontend = converged_payments(world);
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).lambda());
        world.add_load_balancer(LoadBalancerSpec::managed("payments"));
    })
    .await;

    function.invoke("{}").await;

    assert_eq!(function.world().requests_of("DescribeTargetHealth").len(), 1);
}
