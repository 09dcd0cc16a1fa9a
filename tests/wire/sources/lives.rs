//! The whole life of a cluster, and what the report says at each step.

use std::time::Duration;

use eks_nlb_simulator::world::{ClusterSpec, ClusterStatus};
use eks_nlb_simulator::{Frontend, World};
use serde_json::{Value, json};

use super::{DNS_AND_ENI, ENI, make_public};
use crate::support::*;

const DNS: (&str, &str) = ("ADDRESS_SOURCE", "dns");

/// Where the API server is after an upgrade.
const UPGRADED: [&str; 2] = ["10.0.1.20", "10.0.2.21"];
const UPGRADED_TARGETS: [&str; 2] = ["10.0.1.20:443", "10.0.2.21:443"];

/// Long enough for a target to become healthy.
const CHECKS: Duration = Duration::from_mins(1);

/// Too short for it.
const MOMENT: Duration = Duration::from_secs(10);

/// A run of the function, and its report on one frontend.
async fn step(function: &Function, frontend: &Frontend) -> Value {
    function.invoke("{}").await;
    let report = function.last_report().await;
    let entries = report["frontends"].as_array().expect("a list");
    let own = entries.iter().find(|reported| reported["targetGroup"] == frontend.target_group.as_str());
    // A logged report leaves out converged frontends.
    own.cloned().unwrap_or_else(|| json!({"outcome": "converged"}))
}

fn withheld(reported: &Value) -> Vec<(&str, &str)> {
    let list = reported["withheld"].as_array().expect("a list").iter();
    list.map(|one| (one["target"].as_str().expect("text"), one["reason"].as_str().expect("text"))).collect()
}

fn add_interfaces(world: &mut World, addresses: &[&str]) {
    for address in addresses {
        let interface = world.control_plane_interface("payments", [address]);
        world.add_interface(interface);
    }
}

#[tokio::test]
async fn a_cluster_is_made_in_the_same_apply_as_its_load_balancer() {
    for source in [DNS, ENI, DNS_AND_ENI] {
        let (function, frontend) =
            Function::start_in_with(&[source], |world| world.add_frontend("payments")).await;

        // Terraform made the load balancer first.
        let reported = step(&function, &frontend).await;
        assert_eq!(code(&reported), "ClusterNotFound", "{source:?}");

        function.world().create_cluster(ClusterSpec {
            status: ClusterStatus::Creating,
            ..ClusterSpec::new("payments", PAYMENTS)
        });
        let reported = step(&function, &frontend).await;
        assert_eq!(reported["reason"], "clusterNotReady", "{source:?}: {reported:#}");

        {
            let mut world = function.world();
            let cluster = world.cluster_mut("payments");
            cluster.status = ClusterStatus::Active;
            cluster.endpoint = Some("https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com".to_owned());
            world.publish("payments");
        }
        let reported = step(&function, &frontend).await;
        assert_eq!(reported["outcome"], "changed", "{source:?}: {reported:#}");
        assert_eq!(reported["registered"], json!(PAYMENTS_TARGETS), "{source:?}");

        let reported = step(&function, &frontend).await;
        assert_eq!(reported["outcome"], "converged", "{source:?}: {reported:#}");
    }
}

#[tokio::test]
async fn an_upgrade_is_followed_from_its_first_interface() {
    let (function, frontend) = Function::start_in_with(&[ENI], converged_payments).await;
    assert_eq!(step(&function, &frontend).await["outcome"], "converged");

    // New ones first: four interfaces, and DNS still names the old two.
    function.world().cluster_mut("payments").status = ClusterStatus::Updating;
    add_interfaces(&mut function.world(), &UPGRADED);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["registered"], json!(UPGRADED_TARGETS), "{reported:#}");
    assert_eq!(reported["desired"].as_array().map(Vec::len), Some(4));

    // DNS moves, and the old interfaces go before the new targets are in service.
    function.world().interfaces_linger = MOMENT;
    function.world().rotate("payments", UPGRADED);
    function.world().advance(MOMENT);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["desired"], json!(UPGRADED));
    assert_eq!(reported["outcome"], "waiting", "{reported:#}");
    assert_eq!(withheld(&reported), PAYMENTS_TARGETS.map(|target| (target, "waitingForHealthyReplacement")));

    function.world().cluster_mut("payments").status = ClusterStatus::Active;
    function.world().advance(CHECKS);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["deregistered"], json!(PAYMENTS_TARGETS), "{reported:#}");
    assert_eq!(step(&function, &frontend).await["outcome"], "converged");
}

#[tokio::test]
async fn two_sources_follow_an_upgrade_when_both_have_moved() {
    let (function, frontend) = Function::start_in_with(&[DNS_AND_ENI], converged_payments).await;

    // New interfaces: DNS does not name them yet.
    add_interfaces(&mut function.world(), &UPGRADED);
    assert_eq!(step(&function, &frontend).await["outcome"], "converged");

    // DNS names all four while the old servers stop.
    let host = function.world().host("payments");
    function.world().dns.set(&host, [PAYMENTS[0], PAYMENTS[1], UPGRADED[0], UPGRADED[1]]);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["registered"], json!(UPGRADED_TARGETS), "{reported:#}");
    function.world().advance(CHECKS);

    // DNS has dropped the old ones, their interfaces linger.
    function.world().rotate("payments", UPGRADED);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["outcome"], "waiting", "{reported:#}");
    assert_eq!(withheld(&reported), PAYMENTS_TARGETS.map(|target| (target, "namedByOneSource")));

    let linger = function.world().interfaces_linger;
    function.world().advance(linger);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["deregistered"], json!(PAYMENTS_TARGETS), "{reported:#}");
}

#[tokio::test]
async fn a_cluster_is_made_anew_under_its_name() {
    let (function, frontend) = Function::start_in_with(&[ENI], converged_payments).await;

    // Its interfaces remain for minutes, detached.
    function.world().delete_cluster("payments");
    assert_eq!(function.world().interfaces().count(), 2);
    let reported = step(&function, &frontend).await;
    assert_eq!(code(&reported), "ClusterNotFound");
    assert_eq!(function.world().writes().len(), 0);

    // The new one is in the same VPC: only the security group differs.
    let vpc = function.world().load_balancer(&frontend.load_balancer).vpc.clone();
    let spec = ClusterSpec { vpc: Some(vpc), ..ClusterSpec::new("payments", UPGRADED) };
    function.world().create_cluster(spec);
    assert_eq!(function.world().interfaces().count(), 4);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["desired"], json!(UPGRADED), "{reported:#}");
    assert_eq!(reported["registered"], json!(UPGRADED_TARGETS));
    assert_eq!(withheld(&reported), PAYMENTS_TARGETS.map(|target| (target, "waitingForHealthyReplacement")));

    function.world().advance(CHECKS);
    let reported = step(&function, &frontend).await;
    assert_eq!(reported["deregistered"], json!(PAYMENTS_TARGETS), "{reported:#}");
    assert_eq!(step(&function, &frontend).await["outcome"], "converged");
}

#[tokio::test]
async fn a_cluster_is_made_private_only_and_public_only() {
    for (source, while_public) in [(DNS, "failed"), (ENI, "converged"), (DNS_AND_ENI, "failed")] {
        let (function, frontend) = Function::start_in_with(&[source], |world| {
            let frontend = converged_payments(world);
            make_public(world);
            frontend
        })
        .await;
        let reported = step(&function, &frontend).await;
        assert_eq!(reported["outcome"], while_public, "{source:?}: {reported:#}");

        // Private only: DNS shows the private addresses everywhere.
        function.world().cluster_mut("payments").public_access = false;
        function.world().publish("payments");
        assert_eq!(step(&function, &frontend).await["outcome"], "converged", "{source:?}");

        // Public only: its interfaces still exist, but accept no connection.
        make_public(&mut function.world());
        function.world().cluster_mut("payments").private_access = false;
        let reported = step(&function, &frontend).await;
        assert_eq!(code(&reported), "PrivateAccessDisabled", "{source:?}");
        assert_eq!(function.world().writes().len(), 0, "{source:?}");
    }
}

#[tokio::test]
async fn a_cluster_is_deleted_before_its_load_balancer() {
    for source in [DNS, ENI, DNS_AND_ENI] {
        let (function, frontend) = Function::start_in_with(&[source], converged_payments).await;

        function.world().cluster_mut("payments").status = ClusterStatus::Deleting;
        let reported = step(&function, &frontend).await;
        assert_eq!(reported["reason"], "clusterNotReady", "{source:?}: {reported:#}");

        function.world().delete_cluster("payments");
        let reported = step(&function, &frontend).await;
        assert_eq!(code(&reported), "ClusterNotFound", "{source:?}");

        function.world().delete_load_balancer(&frontend.load_balancer);
        assert_eq!(function.sync().await["summary"]["loadBalancers"], 0, "{source:?}");
        assert_eq!(function.world().writes().len(), 0, "{source:?}");
    }
}
