//! Which clusters and checks the flags select.

use eks_nlb_simulator::sample;
use eks_nlb_simulator::world::{ClusterSpec, LoadBalancerSpec, Protocol, Scope, TargetGroupSpec};

use super::{healthy, ids, variable};
use crate::support::*;

#[tokio::test]
async fn pre_checks_clusters() {
    let desk = Desk::new(|world| {
        world.create_cluster(ClusterSpec {
            private_access: false,
            public_access: true,
            ..ClusterSpec::new("public", ["10.0.1.10", "10.0.2.11"])
        });
        world.add_cluster("private", ["10.1.1.10", "10.1.2.11"]);
    })
    .await;

    let all = desk.run(&["doctor", "--pre", "--output", "json"]).await;
    let one = desk.run(&["doctor", "--pre", "--cluster", "private"]).await;
    let unknown = desk.run(&["doctor", "--pre", "--cluster", "privat"]).await;

    assert_eq!((all.code, ids(&all.json(), "failed")), (Some(1), vec!["private-endpoint".to_owned()]));
    assert_eq!(one.code, Some(0), "{one:?}");
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    let says = "EKS knows no cluster of this name in eu-west-1; did you mean private?";
    unknown.assert_shows(&[says]);
}

#[tokio::test]
async fn a_cluster_without_a_load_balancer_is_named() {
    let desk = Desk::new(|world| {
        healthy(world);
        world.add_cluster("lonely", ["10.9.1.1", "10.9.2.2"]);
    })
    .await;

    let said = desk.run(&["doctor", "--cluster", "lonely"]).await;

    assert_eq!(said.code, Some(1), "{said:?}");
    said.assert_shows(&["lonely no managed load balancer carries its name"]);
    assert!(!said.out.contains("payments"), "{}", said.out);
}

#[tokio::test]
async fn a_check_is_left_out_on_request() {
    let desk = Desk::new(|world| {
        let frontend = healthy(world);
        world.supporting.services.insert(frontend.load_balancer, None);
        world.supporting.function().schedule = None;
    })
    .await;

    let one = desk.run(&["doctor", "--skip", "schedule", "-o", "json"]).await;
    let both = desk.run(&["doctor", "--skip", "schedule", "--skip", "endpoint-service"]).await;

    assert_eq!((one.code, ids(&one.json(), "failed")), (Some(1), vec!["endpoint-service".to_owned()]));
    assert!(!ids(&one.json(), "ok").contains(&"schedule".to_owned()), "{one:?}");
    assert_eq!(both.code, Some(0), "{both:?}");
}

/// A role gives access to another account; neither account has the function.
#[tokio::test]
async fn another_account_is_checked_by_its_role() {
    const ROLE: &str = "arn:aws:iam::444455556666:role/reader";
    let desk = Desk::new(|world| {
        world.add_role(ROLE);
        let scope = Scope::new("444455556666", "us-east-1");
        let spec = ClusterSpec::new("payments", ["10.0.1.10", "10.0.2.11"]);
        world.create_cluster(ClusterSpec { scope: scope.clone(), ..spec });
        let spec = LoadBalancerSpec { scope, ..LoadBalancerSpec::managed("payments") };
        let load_balancer = world.add_load_balancer(spec);
        world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled"));
    })
    .await;

    let said = desk.run(&["doctor", "--role-arn", ROLE, "--region", "us-east-1", "-o", "json"]).await;

    let diagnosis = said.json();
    assert_eq!(ids(&diagnosis, "failed"), ["cross-zone", "served"], "{}", said.out);
    assert_eq!(ids(&diagnosis, "skipped"), ["function"], "{}", said.out);
    let note = diagnosis["groups"][0]["checks"][0]["note"].as_str().expect("a note");
    assert!(note.contains("444455556666") && note.ends_with("in us-east-1"), "{note}");
}

#[tokio::test]
async fn a_region_of_many_pages_is_read_whole() {
    let desk = Desk::new(|world| {
        world.page_cap = 1;
        variable(world, "ADDRESS_SOURCE", "dns");
        for name in ["payments", "orders", "ledger"] {
            world.add_cluster(name, ["10.0.1.10", "10.0.2.11"]);
            let frontend = sample::frontend(world, name);
            world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
        }
    })
    .await;

    let said = desk.run(&["doctor"]).await;

    assert_eq!(said.code, Some(0), "{said:?}");
    said.assert_shows(&["cross-zone load balancing is on (3)"]);
}

/// An excluded target group, and one of another controller, is not judged.
#[tokio::test]
async fn unmanaged_target_groups_are_not_checked() {
    let desk = Desk::new(|world| {
        let frontend = healthy(world);
        let other =
            TargetGroupSpec { protocol: Some(Protocol::Udp), ..TargetGroupSpec::ip(&frontend.load_balancer) };
        world.add_target_group(other.excluded());
        world.add_load_balancer(LoadBalancerSpec::network("website"));
    })
    .await;

    let said = desk.run(&["doctor"]).await;

    assert_eq!(said.code, Some(0), "{said:?}");
}
