//! Answers that AWS does not give today, and accounts that are set up oddly.

use eks_nlb_simulator::world::{ClusterSpec, NetworkInterface, TargetGroupSpec};
use eks_nlb_simulator::{Fault, TargetState, World};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::Story;

#[tokio::test(start_paused = true)]
async fn unknown_words() {
    let mut story = Story::start("unknown_words", "Words and fields that a later AWS may answer").await;
    story.when("the servers moved, and an old target is healthy", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        converged(world, "payments", OLD);
        world.rotate("payments", NEW);
        frontend(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
    });
    story.answers_have("DescribeTargetHealth", "<State>healthy</State>", "<State>warming</State>");
    story.run().await;
    story.answers_have("DescribeTargetHealth", "<State>initial</State>", "<State></State>");
    story.run().await;
    story.answers_have("DescribeTargetHealth", "<AvailabilityZone>eu-west-1a</AvailabilityZone>", "");
    story.run().await;
    story.answers_have("DescribeCluster", "\"status\":\"ACTIVE\"", "\"status\":\"PAUSED\"");
    story.run().await;
    story.answers_have("DescribeLoadBalancers", "<Scheme>internal</Scheme>", "");
    story.run().await;
    story.answers_have("DescribeTargetGroups", "<Protocol>TCP</Protocol>", "<Protocol>TCP_QUIC</Protocol>");
    story.run().await;
    story.answers_have(
        "DescribeLoadBalancers",
        "</LoadBalancers>",
        "</LoadBalancers><NextMarker></NextMarker>",
    );
    story.run().await;
    story.answers_have(
        "DescribeLoadBalancers",
        "<NextMarker></NextMarker>",
        "<NextMarker>again</NextMarker>",
    );
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn fields_are_missing() {
    let mut story = Story::start("fields_are_missing", "Answers without a field").await;
    story.when("a cluster whose servers move before each run", |world| frontend(world, "payments", OLD));
    let missing: [(&str, &[[&str; 2]]); 6] = [
        ("DescribeTargetGroups", &[["<Port>443</Port>", ""]]),
        ("DescribeCluster", &[["\"clusterSecurityGroupId\"", "\"noGroupId\""]]),
        ("DescribeTargetGroups", &[["<VpcId>", "<NoVpcId>"], ["</VpcId>", "</NoVpcId>"]]),
        ("DescribeCluster", &[["\"vpcId\"", "\"noVpcId\""]]),
        ("DescribeTags", &[["<Tags>", "<NoTags>"], ["</Tags>", "</NoTags>"]]),
        ("DescribeCluster", &[["\"cluster\"", "\"nothing\""]]),
    ];
    for (n, (operation, rewrites)) in missing.into_iter().enumerate() {
        story.when("the servers move", |world| {
            world.rotate("payments", [format!("10.0.1.{}", 40 + n), format!("10.0.2.{}", 40 + n)]);
            let refused = "The Availability Zone is required for an IP address that is not in the VPC";
            let outside = Fault::on("RegisterTargets").about(&format!("10.0.1.{}", 40 + n)).times(1);
            world.plant(outside.refuse(400, "ValidationError", refused));
        });
        for [old, new] in rewrites {
            story.answers_have(operation, old, new);
        }
        story.run().await;
    }
    story.end();
}

/// An interface as EKS makes it for `payments` at these addresses, with a change.
fn interface(world: &mut World, addresses: &[&str], change: impl FnOnce(&mut NetworkInterface)) {
    let mut interface = world.control_plane_interface("payments", addresses);
    change(&mut interface);
    world.add_interface(interface);
}

async fn of_interfaces(name: &'static str, source: &'static str) {
    let mut story =
        Story::start_with(name, "Interfaces that are not the cluster's", &[("ADDRESS_SOURCE", source)]).await;
    story.when("seven interfaces with the cluster's description", |world| {
        frontend(world, "payments", OLD);
        interface(world, &["10.0.3.30"], |it| it.groups = vec!["sg-other".to_owned()]);
        interface(world, &["10.0.3.31"], |it| "available".clone_into(&mut it.status));
        interface(world, &["10.0.3.32"], |it| "nat_gateway".clone_into(&mut it.kind));
        interface(world, &["10.0.3.33"], |it| it.instance_owner = None);
        interface(world, &["10.0.3.34"], |it| it.instance_owner = Some("111122223333".to_owned()));
        interface(world, &["10.0.3.35"], |it| "Amazon EKS payments-2".clone_into(&mut it.description));
        interface(world, &["10.0.3.36"], |it| "amazon eks payments".clone_into(&mut it.description));
    });
    story.runs(2).await;
    story.when("one of its own has a second address, one a public one", |world| {
        interface(world, &["10.0.3.40", "fd00::40"], |_| ());
        interface(world, &["203.0.113.7"], |_| ());
    });
    story.run().await;
    story.when("only one of its own is left, with two addresses", |world| {
        for address in ["10.0.1.10", "10.0.2.11", "203.0.113.7"] {
            world.remove_interfaces_at(address);
        }
    });
    story.run().await;
    story.when("EC2 hides what EKS manages", |world| world.hides_managed = true);
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn interfaces_by_auto() {
    of_interfaces("interfaces_by_auto", "auto").await;
}

#[tokio::test(start_paused = true)]
async fn interfaces_by_eni() {
    of_interfaces("interfaces_by_eni", "eni").await;
}

#[tokio::test(start_paused = true)]
async fn ipv6_interfaces() {
    of_ipv6("ipv6_interfaces", "auto").await;
}

#[tokio::test(start_paused = true)]
async fn ipv6_interfaces_by_eni() {
    of_ipv6("ipv6_interfaces_by_eni", "eni").await;
}

async fn of_ipv6(name: &'static str, source: &'static str) {
    let title = "Target groups of IPv6 addresses by interfaces";
    let mut story = Story::start_with(name, title, &[("ADDRESS_SOURCE", source)]).await;
    story.when("a cluster with two addresses of each family, and one with one of IPv6", |world| {
        for (name, addresses) in [
            ("both", ["10.0.1.10", "10.0.2.11", "fd00::10", "fd00::11"]),
            ("short", ["10.1.1.10", "10.1.2.11", "10.1.3.12", "fd00::20"]),
        ] {
            world.create_cluster(ClusterSpec::new(name, addresses));
            let load_balancer = world.add_frontend(name).load_balancer;
            let family = eks_nlb_simulator::world::Family::Ipv6;
            world.add_target_group(TargetGroupSpec { family, ..TargetGroupSpec::ip(&load_balancer) });
        }
    });
    story.runs(2).await;
    story.when("a third cluster has one interface with two of IPv6", |world| {
        world.create_cluster(ClusterSpec::new("double", ["10.2.1.10"]));
        let double = world.control_plane_interface("double", ["fd00::30", "fd00::31"]);
        world.add_interface(double);
        let load_balancer = world.add_frontend("double").load_balancer;
        let family = eks_nlb_simulator::world::Family::Ipv6;
        world.add_target_group(TargetGroupSpec { family, ..TargetGroupSpec::ip(&load_balancer) });
    });
    story.run().await;
    story.end();
}

/// An address that ELB lists in zone `all` is outside the VPC that EKS names.
#[tokio::test(start_paused = true)]
async fn wrong_vpc() {
    let mut story = Story::start_with(
        "wrong_vpc",
        "ELB lists a desired target outside the cluster's VPC",
        &[("ADDRESS_SOURCE", "dns")],
    )
    .await;
    story.when("DNS names one address of the cluster, and one of another network", |world| {
        let group = converged(world, "payments", OLD).target_group;
        world.put_targets(&group, ["10.9.9.9", "10.0.3.12"]);
        let host = world.host("payments");
        world.dns.set(&host, ["10.0.1.10", "10.9.9.9"]);
    });
    story.runs(2).await;
    story.when("it drains", |world| {
        let group = world.frontend_named("payments").target_group;
        world.pin_state(&group, "10.9.9.9", TargetState::Draining);
    });
    story.run().await;
    story.end();
}

/// Reads show the past, so what was written is not seen yet.
#[tokio::test(start_paused = true)]
async fn reads_lag() {
    let mut story = Story::start("reads_lag", "Reads lag behind writes by a minute and a half").await;
    story.when("the servers move", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        converged(world, "payments", OLD);
        world.set_read_lags(&[std::time::Duration::from_secs(90)]);
        world.rotate("payments", NEW);
    });
    story.runs(8).await;
    story.end();
}

/// A target that was unused is gone at once, although the answer is lost.
#[tokio::test(start_paused = true)]
async fn unused_targets_go() {
    let mut story =
        Story::start("unused_targets_go", "The answer of a deregistration of an unused target is lost").await;
    story.when("an unused and a healthy target are stale", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        let frontend = converged(world, "payments", ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
        world.put_targets(&frontend.target_group, ["10.0.2.31"]);
        world.load_balancer_mut(&frontend.load_balancer).zones.retain(|zone| !zone.ends_with('c'));
        world.rotate("payments", OLD);
        world.plant(Fault::on("DeregisterTargets").skip(3).access_denied());
    });
    story.run().await;
    story.when("IAM allows it", World::clear_faults);
    story.runs(2).await;
    story.end();
}
