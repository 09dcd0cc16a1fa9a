//! Unusual settings that are correct, and fail no check.

use eks_nlb_simulator::world::{
    CrossZone, Listener, Scheme, SecurityRule, TargetGroupSpec, security_group_of,
};
use eks_nlb_simulator::{Frontend, World};

use super::balancers::admits_no_client;
use super::{JSON, Plant, balancer, group, healthy, ids, variable};
use crate::support::*;

/// Unusual worlds without a fault, each with a setting that it needs.
const UNUSUAL: &[(&str, Plant, (&str, &str))] = &[
    (
        "the target group switches cross-zone load balancing on",
        |world, of| {
            balancer(world, of).cross_zone = false;
            group(world, of).routing.cross_zone = CrossZone::On;
        },
        NO_SETTING,
    ),
    (
        "PrivateLink's clients are not judged by the security group",
        |world, of| {
            admits_no_client(world, of);
            balancer(world, of).enforces_inbound_rules = false;
        },
        NO_SETTING,
    ),
    ("two clusters share a load balancer, with a port each", shared, NO_SETTING),
    (
        "an alarm is about an expression",
        |world, _| world.supporting.alarms[0].is_expression = true,
        NO_SETTING,
    ),
    (
        "publishing the API server is intended",
        |world, of| balancer(world, of).scheme = Scheme::InternetFacing,
        ("ALLOW_INTERNET_FACING", "true"),
    ),
    (
        "the cluster carries the tag of its owner's consent",
        |world, _| _ = world.cluster_mut("payments").tags.insert("nlb".to_owned(), "yes".to_owned()),
        ("CLUSTER_TAG", "nlb=yes"),
    ),
];

const NO_SETTING: (&str, &str) = ("AWS_MAX_ATTEMPTS", "1");

fn shared(world: &mut World, of: &Frontend) {
    world.add_cluster("orders", ["10.2.1.30", "10.2.2.31"]);
    let spec = TargetGroupSpec::ip(&of.load_balancer).tag("cluster_name", "orders");
    let orders = world.add_target_group(spec.tag("eks-nlb-sync", "enabled"));
    world.put_targets(&orders, ["10.2.1.30", "10.2.2.31"]);
    let listener = |port, group: &String| {
        let (protocol, groups) = ("TCP".to_owned(), Some(vec![group.clone()]));
        Listener { protocol, port, groups }
    };
    let listeners = vec![listener(443, &of.target_group), listener(6443, &orders)];
    world.supporting.listeners.insert(of.load_balancer.clone(), listeners);
    let own = security_group_of(&of.load_balancer);
    let rule = |is_egress, port, peer: &str| SecurityRule { is_egress, port, peer: peer.to_owned() };
    let anywhere = [(false, 443), (false, 6443), (true, 443)];
    let rules = anywhere.map(|(is_egress, port)| rule(is_egress, port, "0.0.0.0/0")).into();
    world.supporting.rules.insert(own.clone(), rules);
    let clusters = world.cluster("orders").security_group.clone();
    world.supporting.rules.insert(clusters, vec![rule(false, 443, &own)]);
}

#[tokio::test]
async fn unusual_settings_fail_no_check() {
    for (is, plant, setting) in UNUSUAL {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            plant(world, &frontend);
            variable(world, setting.0, setting.1);
        })
        .await;

        let said = desk.run_with(&[*setting], &JSON).await;

        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new(), "{is}: {}", said.out);
        assert_eq!(ids(&diagnosis, "skipped"), Vec::<String>::new(), "{is}: {}", said.out);
    }
}
