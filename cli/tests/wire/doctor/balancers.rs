//! What can be wrong with a load balancer, its zones and its security groups.

use std::time::Duration;

use eks_nlb_simulator::world::{CLUSTER_OF_CONTROLLER_TAG, Measured, Scheme, security_group_of};
use eks_nlb_simulator::{Frontend, World};

use super::{Case, assert_found, balancer, group, only_rule, variable};

pub(super) const CASES: &[Case] = &[
    (
        |world, of| _ = balancer(world, of).tags.remove("eks-nlb-sync"),
        &["managed"],
        "no load balancer carries eks-nlb-sync=enabled",
    ),
    (
        |world, _| variable(world, "NLB_TAG", "team=platform"),
        &["managed"],
        "no load balancer carries team=platform",
    ),
    (
        |world, of| _ = balancer(world, of).tags.remove("cluster_name"),
        &["cluster-tag", "plan"],
        "cluster_name",
    ),
    (
        |world, of| {
            let tags = &mut balancer(world, of).tags;
            tags.insert("cluster_name".to_owned(), "arn:aws:eks:payments".to_owned());
        },
        &["cluster-tag", "plan"],
        "arn:aws:eks:payments",
    ),
    (
        |world, of| balancer(world, of).scheme = Scheme::InternetFacing,
        &["internal", "plan"],
        "it is internet-facing",
    ),
    (
        |world, of| {
            group(world, of).tags.insert(CLUSTER_OF_CONTROLLER_TAG.to_owned(), "tools".to_owned());
        },
        &["controller"],
        "it carries elbv2.k8s.aws/cluster",
    ),
    (
        |world, of| balancer(world, of).zones.retain(|zone| zone != "eu-west-1b"),
        &["zones"],
        "the control plane is in eu-west-1b, too",
    ),
    // The cluster admits others only, or the load balancer on another port.
    (
        |world, _| of_cluster_only(world, 443, "192.0.2.0/24"),
        &["security-groups"],
        "does not admit it on 443",
    ),
    (
        |world, of| of_cluster_only(world, 6443, &security_group_of(&of.load_balancer)),
        &["security-groups"],
        "does not admit it on 443",
    ),
    (
        |world, of| only_rule(world, &security_group_of(&of.load_balancer), false, 443, "0.0.0.0/0"),
        &["security-groups"],
        "lets nothing out to payments",
    ),
    // A load balancer without security groups is not admitted by its subnets.
    (
        |world, of| world.supporting.without_security_groups.push(of.load_balancer.clone()),
        &["security-groups"],
        "does not admit it on 443",
    ),
    (admits_no_client, &["clients-admitted"], "admits no client on 443, those of PrivateLink included"),
    (
        |world, of| {
            admits_no_client(world, of);
            balancer(world, of).enforces_inbound_rules = false;
            world.supporting.services.insert(of.load_balancer.clone(), None);
        },
        &["clients-admitted", "endpoint-service"],
        "admits no client on 443, and no endpoint service has this load balancer",
    ),
    (
        |world, of| {
            let (_, name) = of.load_balancer.split_once("loadbalancer/").expect("an ARN");
            world.supporting.metrics.push(Measured {
                namespace: "AWS/NetworkELB".to_owned(),
                name: "PortAllocationErrorCount".to_owned(),
                of: name.to_owned(),
                ago: Duration::from_mins(9),
                value: 7.0,
            });
        },
        &["port-allocation"],
        "7 connections found no source port",
    ),
];

/// The cluster admits `peer` on `port`, and nothing else.
fn of_cluster_only(world: &mut World, port: u16, peer: &str) {
    let group = world.cluster("payments").security_group.clone();
    only_rule(world, &group, false, port, peer);
}

/// The load balancer only has a rule outbound.
pub(super) fn admits_no_client(world: &mut World, of: &Frontend) {
    let clusters = world.cluster("payments").security_group.clone();
    only_rule(world, &security_group_of(&of.load_balancer), true, 443, &clusters);
}

#[tokio::test]
async fn faults_of_load_balancers_are_found() {
    assert_found(CASES).await;
}
