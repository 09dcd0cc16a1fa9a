//! What can be wrong with a load balancer, its zones and its security groups.

use std::time::Duration;

use eks_nlb_simulator::world::{CLUSTER_OF_CONTROLLER_TAG, Measured, Scheme, security_group_of};

use super::{Case, assert_found, case, only_rule, variable};

pub(super) const CASES: &[Case] = &[
    case(
        "nothing is managed",
        |world, frontend| _ = world.load_balancer_mut(&frontend.load_balancer).tags.remove("eks-nlb-sync"),
        &["managed"],
        "no load balancer carries eks-nlb-sync=enabled",
    ),
    case(
        "the function selects by another tag",
        |world, _| variable(world, "NLB_TAG", "team=platform"),
        &["managed"],
        "no load balancer carries team=platform",
    ),
    case(
        "no tag names the cluster",
        |world, frontend| _ = world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name"),
        &["cluster-tag", "plan"],
        "cluster_name",
    ),
    case(
        "a tag does not name a cluster",
        |world, frontend| {
            let tags = &mut world.load_balancer_mut(&frontend.load_balancer).tags;
            tags.insert("cluster_name".to_owned(), "arn:aws:eks:payments".to_owned());
        },
        &["cluster-tag", "plan"],
        "arn:aws:eks:payments",
    ),
    case(
        "the load balancer is internet-facing",
        |world, frontend| world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing,
        &["internal", "plan"],
        "it is internet-facing",
    ),
    case(
        "the AWS Load Balancer Controller keeps the targets",
        |world, frontend| {
            let tags = &mut world.target_group_mut(&frontend.target_group).tags;
            tags.insert(CLUSTER_OF_CONTROLLER_TAG.to_owned(), "tools".to_owned());
        },
        &["controller"],
        "it carries elbv2.k8s.aws/cluster",
    ),
    case(
        "a zone of the control plane is missing",
        |world, frontend| {
            world.load_balancer_mut(&frontend.load_balancer).zones.retain(|zone| zone != "eu-west-1b");
        },
        &["zones"],
        "the control plane is in eu-west-1b, too",
    ),
    case(
        "the cluster does not admit the load balancer",
        |world, _| {
            let group = world.cluster("payments").security_group.clone();
            only_rule(world, &group, false, 443, "192.0.2.0/24");
        },
        &["security-groups"],
        "does not admit it on 443",
    ),
    case(
        "the cluster admits it on another port",
        |world, frontend| {
            let group = world.cluster("payments").security_group.clone();
            only_rule(world, &group, false, 6443, &security_group_of(&frontend.load_balancer));
        },
        &["security-groups"],
        "does not admit it on 443",
    ),
    case(
        "the load balancer lets nothing out",
        |world, frontend| {
            let group = security_group_of(&frontend.load_balancer);
            only_rule(world, &group, false, 443, "0.0.0.0/0");
        },
        &["security-groups"],
        "lets nothing out to payments",
    ),
    case(
        "a load balancer without security groups is not admitted by its subnets",
        |world, frontend| world.supporting.without_security_groups.push(frontend.load_balancer.clone()),
        &["security-groups"],
        "does not admit it on 443",
    ),
    case(
        "the load balancer admits no client, those of PrivateLink included",
        |world, frontend| {
            let clusters = world.cluster("payments").security_group.clone();
            only_rule(world, &security_group_of(&frontend.load_balancer), true, 443, &clusters);
        },
        &["clients-admitted"],
        "admits no client on 443, those of PrivateLink included",
    ),
    case(
        "the load balancer admits no client, and no endpoint service has this load balancer",
        |world, frontend| {
            let clusters = world.cluster("payments").security_group.clone();
            only_rule(world, &security_group_of(&frontend.load_balancer), true, 443, &clusters);
            world.load_balancer_mut(&frontend.load_balancer).enforces_inbound_rules = false;
            world.supporting.services.insert(frontend.load_balancer.clone(), None);
        },
        &["clients-admitted", "endpoint-service"],
        "admits no client on 443, and no endpoint service has this load balancer",
    ),
    case(
        "the load balancer ran out of ports",
        |world, frontend| {
            let (_, name) = frontend.load_balancer.split_once("loadbalancer/").expect("an ARN");
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

#[tokio::test]
async fn faults_of_load_balancers_are_found() {
    assert_found(CASES).await;
}
