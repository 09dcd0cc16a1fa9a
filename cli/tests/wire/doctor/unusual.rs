//! Unusual settings that are correct, and fail no check.

use eks_nlb_simulator::world::{
    CrossZone, Listener, Scheme, SecurityRule, TargetGroupSpec, security_group_of,
};
use eks_nlb_simulator::{Frontend, World};

use super::{JSON, healthy, ids, only_rule, variable};
use crate::support::*;

/// An unusual world without a fault, and a setting that it needs.
struct Unusual {
    is: &'static str,
    plant: fn(&mut World, &Frontend),
    variable: (&'static str, &'static str),
}

const NO_VARIABLE: (&str, &str) = ("AWS_MAX_ATTEMPTS", "1");

const UNUSUAL: &[Unusual] = &[
    Unusual {
        is: "the target group switches cross-zone load balancing on",
        plant: |world, frontend| {
            world.load_balancer_mut(&frontend.load_balancer).cross_zone = false;
            world.target_group_mut(&frontend.target_group).routing.cross_zone = CrossZone::On;
        },
        variable: NO_VARIABLE,
    },
    Unusual {
        is: "PrivateLink's clients are not judged by the security group",
        plant: |world, frontend| {
            let clusters = world.cluster("payments").security_group.clone();
            only_rule(world, &security_group_of(&frontend.load_balancer), true, 443, &clusters);
            world.load_balancer_mut(&frontend.load_balancer).enforces_inbound_rules = false;
        },
        variable: NO_VARIABLE,
    },
    Unusual {
        is: "two clusters share a load balancer, with a port each",
        plant: |world, frontend| {
            world.add_cluster("orders", ["10.2.1.30", "10.2.2.31"]);
            let spec = TargetGroupSpec::ip(&frontend.load_balancer).tag("cluster_name", "orders");
            let orders = world.add_target_group(spec.tag("eks-nlb-sync", "enabled"));
            world.put_targets(&orders, ["10.2.1.30", "10.2.2.31"]);
            let listener = |port, group: &String| Listener {
                protocol: "TCP".to_owned(),
                port,
                groups: Some(vec![group.clone()]),
            };
            let listeners = vec![listener(443, &frontend.target_group), listener(6443, &orders)];
            world.supporting.listeners.insert(frontend.load_balancer.clone(), listeners);
            let own = security_group_of(&frontend.load_balancer);
            let rule = |is_egress, port, peer: &str| SecurityRule { is_egress, port, peer: peer.to_owned() };
            let anywhere = "0.0.0.0/0";
            let rules =
                vec![rule(false, 443, anywhere), rule(false, 6443, anywhere), rule(true, 443, anywhere)];
            world.supporting.rules.insert(own.clone(), rules);
            let clusters = world.cluster("orders").security_group.clone();
            world.supporting.rules.insert(clusters, vec![rule(false, 443, &own)]);
        },
        variable: NO_VARIABLE,
    },
    Unusual {
        is: "an alarm is about an expression",
        plant: |world, _| world.supporting.alarms[0].is_expression = true,
        variable: NO_VARIABLE,
    },
    Unusual {
        is: "publishing the API server is intended",
        plant: |world, frontend| {
            world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing;
        },
        variable: ("ALLOW_INTERNET_FACING", "true"),
    },
    Unusual {
        is: "the cluster carries the tag of its owner's consent",
        plant: |world, _| {
            world.cluster_mut("payments").tags.insert("nlb".to_owned(), "yes".to_owned());
        },
        variable: ("CLUSTER_TAG", "nlb=yes"),
    },
];

#[tokio::test]
async fn unusual_settings_fail_no_check() {
    for unusual in UNUSUAL {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            (unusual.plant)(world, &frontend);
            let (name, value) = unusual.variable;
            variable(world, name, value);
        })
        .await;

        let said = desk.run_with(&[unusual.variable], &JSON).await;

        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new(), "{}: {}", unusual.is, said.out);
        assert_eq!(ids(&diagnosis, "skipped"), Vec::<String>::new(), "{}: {}", unusual.is, said.out);
    }
}
