//! The consents that registering API servers requires: of the owners of load
//! balancer, target group and cluster.

use eks_nlb_simulator::world::{LoadBalancerSpec, Scheme, TargetGroupSpec, TargetType};
use eks_nlb_simulator::{Frontend, Simulator, World};
use serde_json::json;

use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// `payments` behind a load balancer with public addresses, by the two tags that
/// the AWS Load Balancer Controller sets from a Service's annotations.
fn internet_facing(world: &mut World) -> Frontend {
    let frontend = busy_payments(world);
    world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing;
    frontend
}

#[tokio::test]
async fn an_internet_facing_load_balancer_gets_no_api_server() {
    let (function, frontend) = Function::start_in(internet_facing).await;

    let report = function.sync_with_failures().await;

    let failed = reported(&report, &frontend);
    assert_eq!(code(failed), "InternetFacing");
    assert!(message(failed).contains("ALLOW_INTERNET_FACING"), "{}", message(failed));
    assert_eq!(failed["unserved"], json!([]), "its health is read nevertheless");
    assert_eq!(function.world().writes().len(), 0);
    assert_eq!(function.world().requests_of("DescribeCluster").len(), 0);
}

#[tokio::test]
async fn a_load_balancer_without_a_scheme_gets_no_api_server() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let without = |_: &str, answer: String| answer.replace("Scheme>", "Schemx>");
    let relay = Relay::of_aws(&sim, Afterwards::Kept, without).await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "InternetFacing");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn an_internet_facing_load_balancer_can_be_allowed() {
    let variables = [("ALLOW_INTERNET_FACING", "true")];
    let (function, frontend) = Function::start_in_with(&variables, internet_facing).await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.2.11:443"]));
}

/// A load balancer that the AWS Load Balancer Controller made for a Service, and
/// whose targets it manages.
#[tokio::test]
async fn the_targets_of_another_controller_are_left_alone() {
    let (function, group) = Function::start_in(|world| {
        world.add_cluster("payments", PAYMENTS);
        let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
        let group = TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled").of_controller("tools");
        let group = world.add_target_group(group);
        world.put_targets(&group, ["10.0.7.7"]);
        Frontend { load_balancer, target_group: group }
    })
    .await;

    let report = function.sync().await;

    let skipped = reported(&report, &group);
    assert_eq!((&skipped["outcome"], &skipped["reason"]), (&json!("skipped"), &json!("ownedByController")));
    assert_eq!(skipped.get("unserved"), None, "its health is the controller's business");
    let world = function.world();
    assert_eq!((world.writes().len(), world.requests_of("DescribeTargetHealth").len()), (0, 0));
}

#[tokio::test]
async fn a_cluster_consents_by_its_tag_where_one_is_asked_for() {
    for (tag, wanted, served) in [
        (None, "nlb=allowed", false),
        (Some(("nlb", "no")), "nlb=allowed", false),
        (Some(("nlb", "allowed")), "nlb=allowed", true),
        (Some(("nlb", "")), "nlb", true),
    ] {
        let (function, frontend) = Function::start_in_with(&[("CLUSTER_TAG", wanted)], |world| {
            let frontend = busy_payments(world);
            let tag = tag.map(|(key, value)| (key.to_owned(), value.to_owned()));
            world.cluster_mut("payments").tags.extend(tag);
            frontend
        })
        .await;

        function.invoke("{}").await;

        let report = function.last_report().await;
        let reported = reported(&report, &frontend);
        if served {
            assert_eq!(reported["outcome"], "changed", "{tag:?}");
        } else {
            assert_eq!(code(reported), "ClusterNotTagged", "{tag:?}");
            assert!(message(reported).contains(wanted), "{}", message(reported));
            assert_eq!(function.world().writes().len(), 0, "{tag:?}");
        }
    }
}

/// With a selector that is a key only, the excluding tag carries that key, too.
#[tokio::test]
async fn a_group_that_cannot_be_served_does_not_speak_for_its_siblings() {
    type Sibling = fn(TargetGroupSpec) -> TargetGroupSpec;
    let siblings: [Sibling; 3] = [
        TargetGroupSpec::excluded,
        |spec| TargetGroupSpec { target_type: TargetType::Instance, ..spec }.tag("eks-nlb-sync", "enabled"),
        |spec| spec.tag("eks-nlb-sync", "enabled").of_controller("tools"),
    ];
    for sibling in siblings {
        let (function, frontend) = Function::start_in_with(&[("NLB_TAG", "eks-nlb-sync")], |world| {
            let frontend = payments(world);
            world.add_target_group(sibling(TargetGroupSpec::ip(&frontend.load_balancer)));
            frontend
        })
        .await;

        let report = function.sync().await;

        assert_eq!(reported(&report, &frontend)["outcome"], "changed", "{report:#}");
        assert_only_written(&function.world(), &frontend);
    }
}
