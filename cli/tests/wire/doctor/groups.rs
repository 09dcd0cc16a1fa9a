//! What can be wrong with a target group, its listeners and its attributes.

use eks_nlb_simulator::world::{CrossZone, Family, Listener, Protocol, TargetType, Threshold};
use eks_nlb_simulator::{Fault, World};

use super::{Case, JSON, assert_found, case, healthy, ids};
use crate::support::*;

pub(super) const CASES: &[Case] = &[
    case(
        "the listener speaks TLS",
        |world, frontend| listener(world, &frontend.load_balancer, "TLS", 443),
        &["listener"],
        "only TLS on 443 forwards to it",
    ),
    case(
        "the listener has another port",
        |world, frontend| listener(world, &frontend.load_balancer, "TCP", 6443),
        &["clients-admitted", "listener"],
        "only TCP on 6443 forwards to it",
    ),
    case(
        "the listener gives the target group no client",
        |world, frontend| world.target_group_mut(&frontend.target_group).weight = 0,
        &["weight"],
        "its weight is 0",
    ),
    case(
        "the targets are instances",
        |world, frontend| world.target_group_mut(&frontend.target_group).target_type = TargetType::Instance,
        &["target-group"],
        "its targets are of type instance",
    ),
    case(
        "the target group takes UDP",
        |world, frontend| world.target_group_mut(&frontend.target_group).protocol = Some(Protocol::Udp),
        &["target-group"],
        "it takes UDP on port 443",
    ),
    case(
        "the target group takes IPv6 addresses, which neither cluster nor load balancer has",
        |world, frontend| {
            world.drop_target(&frontend.target_group, "10.0.1.10:443");
            world.drop_target(&frontend.target_group, "10.0.2.11:443");
            world.target_group_mut(&frontend.target_group).family = Family::Ipv6;
        },
        &["addresses", "address-family", "served", "plan"],
        "its load balancer is not dual-stack",
    ),
    case(
        "cross-zone load balancing is off",
        |world, frontend| world.load_balancer_mut(&frontend.load_balancer).cross_zone = false,
        &["cross-zone"],
        "it is off",
    ),
    case(
        "the target group switches cross-zone load balancing off",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).routing.cross_zone = CrossZone::Off;
        },
        &["cross-zone"],
        "it is off for this target group",
    ),
    case(
        "a zone fails open while a target is healthy",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).routing.routing_failover = Threshold::count(2);
        },
        &["thresholds"],
        "sends clients to unhealthy targets with fewer than 2 healthy targets",
    ),
    case(
        "a zone leaves DNS while a target is healthy",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).routing.dns_failover = Threshold::percentage(60);
        },
        &["thresholds"],
        "a zone leaves DNS with less than 60 % of its targets healthy",
    ),
    case(
        "the target group is not tagged, and the policy asks for the tag",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).tags.clear();
            world.supporting.write_tag = Some(("eks-nlb-sync".to_owned(), "enabled".to_owned()));
        },
        &["write-policy"],
        "do not allow elasticloadbalancing:RegisterTargets and elasticloadbalancing:DeregisterTargets",
    ),
    case(
        "the policy asks for another tag",
        |world, _| world.supporting.write_tag = Some(("team".to_owned(), "platform".to_owned())),
        &["write-policy"],
        "the policies of arn:aws:iam::111122223333:role/eks-nlb-sync do not allow",
    ),
    case(
        "client addresses are preserved",
        |world, frontend| world.supporting.group(&frontend.target_group).preserves_client_ip = true,
        &["client-address"],
        "it is on",
    ),
    case(
        "proxy protocol is on",
        |world, frontend| world.supporting.group(&frontend.target_group).proxy_protocol = true,
        &["proxy-protocol"],
        "it is on",
    ),
    case(
        "the health check speaks HTTP",
        |world, frontend| {
            "HTTP".clone_into(&mut world.supporting.group(&frontend.target_group).check_protocol);
        },
        &["health-check"],
        "it speaks HTTP, and API servers speak TLS",
    ),
    case(
        "the health check asks for what needs credentials",
        |world, frontend| {
            "/version".clone_into(&mut world.supporting.group(&frontend.target_group).check_path);
        },
        &["health-check"],
        "it asks for /version, which needs credentials",
    ),
    case(
        "the health check does not take 200",
        |world, frontend| {
            "401".clone_into(&mut world.supporting.group(&frontend.target_group).check_matcher);
        },
        &["health-check"],
        "it expects 401",
    ),
];

#[tokio::test]
async fn faults_of_target_groups_are_found() {
    assert_found(CASES).await;
}

fn listener(world: &mut World, balancer: &str, protocol: &str, port: u16) {
    let listener = Listener { protocol: protocol.to_owned(), port, groups: None };
    world.supporting.listeners.insert(balancer.to_owned(), vec![listener]);
}

/// With `WriteScope=any` the policy needs no tag. Where IAM refuses to simulate the
/// policy, the tag decides.
#[tokio::test]
async fn a_tag_is_wanted_unless_the_policy_asks_for_none() {
    for (is_denied, failed, skipped) in [(false, &[][..], &[][..]), (true, &["write-tag"], &["write-policy"])]
    {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            world.target_group_mut(&frontend.target_group).tags.clear();
            if is_denied {
                world.plant(Fault::on("SimulatePrincipalPolicy").access_denied());
            }
        })
        .await;

        let diagnosis = desk.run(&JSON).await.json();

        assert_eq!(ids(&diagnosis, "failed"), failed, "{diagnosis:#}");
        assert_eq!(ids(&diagnosis, "skipped"), skipped, "{diagnosis:#}");
    }
}
