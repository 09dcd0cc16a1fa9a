//! `eks-nlb doctor` where something unusual is correct, and before and after an
//! upgrade.

use std::time::Duration;

use eks_nlb_simulator::world::{
    CrossZone, Listener, OverrideState, Scheme, SecurityRule, TargetGroupSpec, security_group_of,
};
use eks_nlb_simulator::{Fault, Frontend, World};

use crate::doctor::{JSON, free_addresses, healthy, ids, only_rule};
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
async fn what_is_unusual_and_right_is_not_found_fault_with() {
    for unusual in UNUSUAL {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            (unusual.plant)(world, &frontend);
            let (name, value) = unusual.variable;
            world.supporting.function().environment.insert(name.to_owned(), value.to_owned());
        })
        .await;

        let said = desk.run_with(&[unusual.variable], &JSON).await;

        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new(), "{}: {}", unusual.is, said.out);
        assert_eq!(ids(&diagnosis, "notLooked"), Vec::<String>::new(), "{}: {}", unusual.is, said.out);
    }
}

#[tokio::test]
async fn the_owners_consent_is_asked_for() {
    let desk = Desk::new(|world| _ = healthy(world)).await;

    let diagnosis = desk.run_with(&[("CLUSTER_TAG", "nlb=yes")], &JSON).await.json();

    let failed = ids(&diagnosis, "failed");
    assert!(failed.contains(&"cluster-consent".to_owned()), "{diagnosis:#}");
    assert!(diagnosis.to_string().contains("it does not carry nlb=yes"), "{diagnosis:#}");
}

/// If load balancers cannot be listed, every group reports that.
#[tokio::test]
async fn no_group_vanishes() {
    let denied = |world: &mut World| {
        healthy(world);
        world.plant(Fault::on("DescribeLoadBalancers").access_denied());
    };
    for (populate, says) in [
        (denied as fn(&mut World), "IAM denies elasticloadbalancing:DescribeLoadBalancers"),
        (|_| {}, "nothing to check"),
    ] {
        let desk = Desk::new(populate).await;

        let text = desk.run(&["doctor"]).await;
        let diagnosis = desk.run(&JSON).await.json();

        let groups = diagnosis["groups"].as_array().expect("groups");
        let names: Vec<_> = groups.iter().filter_map(|group| group["name"].as_str()).collect();
        for name in ["clusters", "load balancers", "target groups", "endpoint services", "function", "run"] {
            assert!(names.contains(&name), "{name}: {diagnosis:#}");
            assert!(text.out.lines().any(|line| line == name), "{name}: {}", text.out);
        }
        let note = groups.iter().find(|group| group["name"] == "target groups").map(|group| &group["note"]);
        assert!(note.and_then(|note| note.as_str()).is_some_and(|note| note.contains(says)), "{diagnosis:#}");
    }
}

/// What must be in order before an upgrade is checked, and nothing else.
#[tokio::test]
async fn before_an_upgrade() {
    let upgrade = ["doctor", "--before-upgrade", "-o", "json"];
    for (plant, failed) in [
        ((|_, _| {}) as fn(&mut World, &Frontend), &[][..]),
        (|world, _| free_addresses(world, 0), &["free-addresses"]),
        (
            |world, _| world.supporting.function().last_report = Some(Duration::from_mins(42)),
            &["last-success"],
        ),
        (
            |world, frontend| {
                world.shift_away(&frontend.load_balancer, "eu-west-1b", OverrideState::ZonalShiftActive);
            },
            &["served", "overrides"],
        ),
        // Preserved client addresses do not concern an upgrade.
        (|world, frontend| world.supporting.group(&frontend.target_group).preserves_client_ip = true, &[]),
    ] {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            plant(world, &frontend);
        })
        .await;

        let said = desk.run(&upgrade).await;

        assert_eq!(ids(&said.json(), "failed"), failed, "{}", said.out);
        assert_eq!(said.code, Some(i32::from(!failed.is_empty())), "{said:?}");
        assert!(!ids(&said.json(), "ok").contains(&"proxy-protocol".to_owned()), "{}", said.out);
    }
}

/// An upgrade is over when every target group has the cluster's addresses.
#[tokio::test]
async fn after_an_upgrade() {
    for (moves, failed) in [(false, &[][..]), (true, &["settled"])] {
        let desk = Desk::new(|world| {
            healthy(world);
            if moves {
                world.rotate("payments", ["10.0.2.11", "10.0.3.12"]);
            }
        })
        .await;

        let said = desk.run(&["doctor", "--after", "-o", "json"]).await;

        assert_eq!(ids(&said.json(), "failed"), failed, "{}", said.out);
        assert_eq!(
            said.out.contains("1 stale target withheld; the next run registers 1"),
            moves,
            "{}",
            said.out
        );
        let always = desk.run(&JSON).await.json();
        assert!(!ids(&always, "failed").contains(&"settled".to_owned()), "{always:#}");
    }
}
