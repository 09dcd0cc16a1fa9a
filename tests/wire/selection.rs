//! Which load balancers and target groups are managed, and how they are listed.

use eks_nlb_simulator::world::{LoadBalancerKind, LoadBalancerSpec, Protocol, TargetGroupSpec};
use eks_nlb_simulator::{Simulator, World};
use serde_json::json;

use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// Makes a load balancer and its target group; returns the target group's ARN.
fn add(world: &mut World, load_balancer: LoadBalancerSpec) -> String {
    let load_balancer = world.add_load_balancer(load_balancer);
    world.add_target_group(TargetGroupSpec::ip(&load_balancer))
}

/// The target groups that were written, in ascending order.
fn written(world: &World) -> Vec<&str> {
    let mut groups: Vec<_> = world.writes().iter().filter_map(|write| write.target_group()).collect();
    groups.sort_unstable();
    groups
}

/// How many resources each call for tags names, in ascending order.
fn tag_batches(world: &World) -> Vec<usize> {
    let calls = world.requests_of("DescribeTags").into_iter();
    let mut sizes: Vec<_> = calls.map(|call| call.list("ResourceArns").len()).collect();
    sizes.sort_unstable();
    sizes
}

#[tokio::test]
async fn only_a_network_load_balancer_with_the_tag_is_managed() {
    let (function, managed) = Function::start_in(|world| {
        world.add_cluster("payments", PAYMENTS);
        let spec = || LoadBalancerSpec::managed("payments");
        let managed = add(world, spec());
        add(world, LoadBalancerSpec::network("nobody"));
        add(world, spec().without_tag("eks-nlb-sync"));
        add(world, spec().tag("eks-nlb-sync", "disabled"));
        add(world, spec().tag("eks-nlb-sync", "Enabled"));
        add(world, spec().tag("eks-nlb-sync", ""));
        add(world, LoadBalancerSpec { kind: LoadBalancerKind::Application, ..spec() });
        add(world, LoadBalancerSpec { kind: LoadBalancerKind::Gateway, ..spec() });
        managed
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["loadBalancers"], 1);
    assert_eq!(report["summary"]["frontends"], 1);
    let world = function.world();
    assert_eq!(written(&world), [managed]);
    for arn in world.requests_of("DescribeTags").iter().flat_map(|call| call.list("ResourceArns")) {
        assert!(!arn.contains("/app/") && !arn.contains("/gwy/"), "{arn} is asked for in vain");
    }
}

#[tokio::test]
async fn a_target_group_without_a_load_balancer_is_nobodys() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = converged_payments(world);
        let spec = TargetGroupSpec::ip(&frontend.load_balancer);
        world.add_target_group(spec.unattached().tag("eks-nlb-sync", "enabled"));
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["frontends"], 1);
    assert_eq!(reported(&report, &frontend)["outcome"], "converged");
    assert_eq!(function.world().requests_of("DescribeTargetHealth").len(), 1);
}

#[tokio::test]
async fn every_tag_of_the_selector_must_match() {
    let selector = [("NLB_TAG", "managed-by=sync,prod, team=platform")];
    let (function, managed) = Function::start_in_with(&selector, |world| {
        world.add_cluster("payments", PAYMENTS);
        let all = || {
            LoadBalancerSpec::managed("payments")
                .tag("managed-by", "sync")
                .tag("prod", "whatever")
                .tag("team", "platform")
        };
        let managed = add(world, all().without_tag("eks-nlb-sync"));
        add(world, all().without_tag("prod"));
        add(world, all().without_tag("team"));
        add(world, all().tag("team", "Platform"));
        add(world, LoadBalancerSpec::managed("payments"));
        managed
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["loadBalancers"], 1);
    assert_eq!(written(&function.world()), [managed]);
}

#[tokio::test]
async fn the_tag_that_names_the_cluster_can_be_another() {
    let (function, managed) = Function::start_in_with(&[("CLUSTER_NAME_TAG", "eks:cluster")], |world| {
        world.add_cluster("payments", PAYMENTS);
        add(world, LoadBalancerSpec::managed("misleading").tag("eks:cluster", "payments"))
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["frontends"][0]["cluster"], "payments");
    assert_eq!(written(&function.world()), [managed]);
}

#[tokio::test]
async fn every_page_is_read() {
    let (function, ()) = Function::start_in(|world| {
        world.page_cap = 2;
        for n in 0..5 {
            let name = format!("cluster-{n}");
            world.add_cluster(&name, [format!("10.{n}.0.1")]);
            world.add_frontend(&name);
        }
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["changed"], 5, "{report:#}");
    let world = function.world();
    for operation in ["DescribeLoadBalancers", "DescribeTargetGroups"] {
        let calls = world.requests_of(operation);
        assert_eq!(calls.len(), 3, "{operation}");
        for call in calls {
            assert_eq!(call.parameter("PageSize"), Some("400"), "{operation}");
        }
    }
}

#[tokio::test]
async fn every_target_group_of_a_load_balancer_is_a_frontend() {
    let (function, groups) = Function::start_in(|world| {
        let frontend = payments(world);
        let spec =
            |port| TargetGroupSpec { port: Some(port), ..TargetGroupSpec::ip(&frontend.load_balancer) };
        [443, 8443, 9443].map(|port| (port, world.add_target_group(spec(port))))
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["loadBalancers"], 1);
    assert_eq!(report["summary"]["frontends"], 4);
    let world = function.world();
    for (port, group) in groups {
        assert_eq!(targets_of(&world, &group), PAYMENTS.map(|address| format!("{address}:{port}")));
    }
}

#[tokio::test]
async fn a_target_group_that_names_its_load_balancer_twice_is_one_frontend() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let group = world.target_group_mut(&frontend.target_group);
        group.load_balancers.push(frontend.load_balancer.clone());
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["frontends"], 1, "{report:#}");
    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    assert_eq!(function.world().requests_of("DescribeTargetHealth").len(), 1);
    assert_eq!(function.world().writes().len(), 1);
}

/// Repeats the members of a listing, as overlapping pages do.
fn twice(answer: &str) -> String {
    let (start, rest) = answer.split_once("<member>").expect("a listing");
    let (members, end) = rest.rsplit_once("</member>").expect("a listing");
    format!("{start}<member>{members}</member><member>{members}</member>{end}")
}

#[tokio::test]
async fn what_is_listed_twice_is_served_once() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let relay = Relay::of_aws(&sim, Afterwards::Kept, |request, answer| {
        let listing = ["Action=DescribeLoadBalancers", "Action=DescribeTargetGroups"];
        if listing.iter().any(|action| request.contains(action)) { twice(&answer) } else { answer }
    })
    .await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["loadBalancers"], 1, "{report:#}");
    assert_eq!(report["summary"]["frontends"], 1, "{report:#}");
    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    let world = function.world();
    assert_eq!(tag_batches(&world), [2]);
    assert_eq!(world.requests_of("DescribeTargetHealth").len(), 1);
    assert_eq!(world.requests_of("DescribeCluster").len(), 1);
    assert_eq!(world.writes().len(), 1);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_not_read_for_ever() {
    let sim = Simulator::start().await;
    payments(&mut sim.world());
    let relay = Relay::of_aws(&sim, Afterwards::Kept, |request, answer| {
        let end = "</DescribeLoadBalancersResult>";
        if request.contains("Action=DescribeLoadBalancers") {
            answer.replace(end, &format!("<NextMarker>0</NextMarker>{end}"))
        } else {
            answer
        }
    })
    .await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;

    function.sync_without_discovery().await;

    assert!(function.world().requests_of("DescribeLoadBalancers").len() < 5);
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn tls_is_served_as_tcp_is() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        world.target_group_mut(&frontend.target_group).protocol = Some(Protocol::Tls);
        frontend
    })
    .await;

    assert_eq!(reported(&function.sync().await, &frontend)["registered"], json!(PAYMENTS_TARGETS));
}

#[tokio::test]
async fn a_selection_without_load_balancers_succeeds_with_a_warning() {
    for listed in [0, 1] {
        let (function, ()) = Function::start_in(|world| {
            for _ in 0..listed {
                add(world, LoadBalancerSpec::network("nobody"));
            }
        })
        .await;

        let report = function.sync().await;

        assert_eq!(report["summary"]["loadBalancers"], 0);
        assert_eq!(report["frontends"], json!([]));
        function.last_report().await;
        let warnings = function.log().iter().filter(|line| line["level"] == "WARN").count();
        assert_eq!(warnings, 1, "{:#?}", function.log());
        assert_eq!(function.world().requests_of("DescribeTags").len(), listed, "nothing is asked in vain");
    }
}
