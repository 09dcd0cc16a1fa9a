//! What can be wrong with a target group, its listeners and its attributes.

use eks_nlb_simulator::world::{CrossZone, Family, Listener, Protocol, TargetType, Threshold};
use eks_nlb_simulator::{Fault, Frontend, World};

use super::{Case, JSON, assert_found, attributes, balancer, group, healthy, ids};
use crate::support::*;

pub(super) const CASES: &[Case] = &[
    (|world, of| listener(world, of, "TLS", 443), &["listener"], "only TLS on 443 forwards to it"),
    (
        |world, of| listener(world, of, "TCP", 6443),
        &["clients-admitted", "listener"],
        "only TCP on 6443 forwards to it",
    ),
    (|world, of| group(world, of).weight = 0, &["weight"], "its weight is 0"),
    (
        |world, of| group(world, of).target_type = TargetType::Instance,
        &["target-group"],
        "its targets are of type instance",
    ),
    (
        |world, of| group(world, of).protocol = Some(Protocol::Udp),
        &["target-group"],
        "it takes UDP on port 443",
    ),
    // Neither cluster nor load balancer has IPv6 addresses.
    (
        |world, of| {
            world.drop_target(&of.target_group, "10.0.1.10:443");
            world.drop_target(&of.target_group, "10.0.2.11:443");
            group(world, of).family = Family::Ipv6;
        },
        &["addresses", "address-family", "served", "plan"],
        "its load balancer is not dual-stack",
    ),
    (|world, of| balancer(world, of).cross_zone = false, &["cross-zone"], "it is off"),
    (
        |world, of| group(world, of).routing.cross_zone = CrossZone::Off,
        &["cross-zone"],
        "it is off for this target group",
    ),
    (
        |world, of| group(world, of).routing.routing_failover = Threshold::count(2),
        &["thresholds"],
        "sends clients to unhealthy targets with fewer than 2 healthy targets",
    ),
    (
        |world, of| group(world, of).routing.dns_failover = Threshold::percentage(60),
        &["thresholds"],
        "a zone leaves DNS with less than 60 % of its targets healthy",
    ),
    // The target group is not tagged, and the policy asks for the tag.
    (
        |world, of| {
            group(world, of).tags.clear();
            world.supporting.write_tag = Some(("eks-nlb-sync".to_owned(), "enabled".to_owned()));
        },
        &["write-policy"],
        "do not allow elasticloadbalancing:RegisterTargets and elasticloadbalancing:DeregisterTargets",
    ),
    (
        |world, _| world.supporting.write_tag = Some(("team".to_owned(), "platform".to_owned())),
        &["write-policy"],
        "the policies of arn:aws:iam::111122223333:role/eks-nlb-sync do not allow",
    ),
    (|world, of| attributes(world, of).preserves_client_ip = true, &["client-address"], "it is on"),
    (|world, of| attributes(world, of).proxy_protocol = true, &["proxy-protocol"], "it is on"),
    (
        |world, of| "HTTP".clone_into(&mut attributes(world, of).check_protocol),
        &["health-check"],
        "it speaks HTTP, and API servers speak TLS",
    ),
    (
        |world, of| "/version".clone_into(&mut attributes(world, of).check_path),
        &["health-check"],
        "it asks for /version, which needs credentials",
    ),
    (
        |world, of| "401".clone_into(&mut attributes(world, of).check_matcher),
        &["health-check"],
        "it expects 401",
    ),
];

#[tokio::test]
async fn faults_of_target_groups_are_found() {
    assert_found(CASES).await;
}

fn listener(world: &mut World, of: &Frontend, protocol: &str, port: u16) {
    let listener = Listener { protocol: protocol.to_owned(), port, groups: None };
    world.supporting.listeners.insert(of.load_balancer.clone(), vec![listener]);
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
