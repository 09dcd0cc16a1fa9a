//! The words of `eks-nlb explain` follow from the numbers of the frontend.

use eks_nlb_simulator::world::{Family, LoadBalancerSpec, OverrideState, Reply, TargetGroupSpec};
use eks_nlb_simulator::{Health, TargetState, World};

use crate::support::*;

/// A world, what `explain` prints about `ledger`, and what it does not print.
type Case = (fn(&mut World), &'static [&'static str], &'static [&'static str]);

const CASES: [Case; 8] = [
    (
        |world| {
            ledger(world);
            world.set_health("10.1.1.20", Health::Never);
            world.set_health("10.1.2.21", Health::Never);
        },
        &[
            "Cut off yes: 0 of 2 targets are healthy",
            "10.1.1.20, 10.1.2.21 do not pass",
            "doctor --cluster ledger",
        ],
        &["Wait"],
    ),
    (
        |world| {
            ledger(world);
            world.set_health("10.1.1.20", Health::Never);
        },
        &["Cut off yes, in eu-west-1a: no target there is healthy", "10.1.1.20 does not pass"],
        &["10.1.2.21 do"],
    ),
    (|world| _ = ledger(world), &["Cut off no: 2 of 2 targets are healthy"], &["What to do"]),
    (
        |world| {
            let group = ledger(world);
            for target in ["10.1.1.20", "10.1.2.21"] {
                world.drop_target(&group, &format!("{target}:443"));
                world.put_targets(&group, [format!("{target}:6443")]);
            }
        },
        &[
            "healthy, but none of them is desired",
            "The port of 10.1.1.20:6443, 10.1.2.21:6443 is not that of",
        ],
        &["No network interface"],
    ),
    (
        |world| {
            let group = ledger(world);
            let balancer = world.target_group(&group).load_balancers[0].clone();
            world.shift_away(&balancer, "eu-west-1b", OverrideState::ZonalShiftActive);
        },
        &[
            "(1 of 2 targets is healthy, and a zonal shift keeps clients away from 1)",
            "10.1.2.21:443 eu-west-1b healthy (shifted away) keep",
            "A zonal shift keeps new connections away from 10.1.2.21",
        ],
        &["fails open"],
    ),
    (
        |world| {
            let group = ledger(world);
            for target in ["10.1.1.20", "10.1.2.21"] {
                world.pin_state(&group, target, TargetState::Unused);
            }
        },
        &["yes: 0 of 2 targets are healthy; the load balancer uses none of them"],
        &["fails open"],
    ),
    (
        |world| {
            ledger(world);
            world.rotate("ledger", ["10.1.3.22"]);
        },
        &["The stale targets stay for as long as the source names 1 where 2 must be healthy"],
        &["Wait a few minutes"],
    ),
    (
        |world| {
            ledger(world);
            let host = world.host("ledger");
            world.dns.set(&host, Reply::NoSuchName);
        },
        &["no IPv4 address; a resolver with DNS rebinding protection"],
        &["What to do Run"],
    ),
];

#[tokio::test]
async fn its_words_follow_from_its_numbers() {
    for (populate, told, not_told) in CASES {
        let desk = Desk::new(populate).await;

        let said = words(&desk.run(&["explain", "ledger"]).await.out);

        for part in told {
            assert!(said.contains(part), "{part} is missing: {said}");
        }
        for part in not_told {
            assert!(!said.contains(part), "{part}: {said}");
        }
    }
}

/// Whether the target group carries the tag, which tag the function's policy asks for,
/// whether IAM answers; and the advice, with whether it is to run `sync`.
#[tokio::test]
async fn a_write_that_the_policy_denies_is_not_recommended() {
    type Case = (bool, Option<&'static str>, bool, &'static str, bool);
    let cases: [Case; 5] = [
        (
            false,
            Some("eks-nlb-sync"),
            true,
            "Tag the target group eks-nlb-sync=enabled: the policies of",
            false,
        ),
        (
            false,
            Some("eks-nlb-sync"),
            false,
            "Tag the target group eks-nlb-sync=enabled: unless WriteScope",
            false,
        ),
        (true, Some("other"), true, "Let the function write to the target group: the policies of", false),
        (false, None, true, "May write yes: the policies of", true),
        (true, Some("other"), false, "May write yes: it carries eks-nlb-sync=enabled", true),
    ];
    for (is_tagged, wanted, iam_answers, advice, runs) in cases {
        let desk = Desk::new(|world| to_be_written(world, wanted, is_tagged, iam_answers)).await;

        let said = words(&desk.run(&["explain", "payments"]).await.out);

        assert!(said.contains(advice), "{advice}: {said}");
        assert_eq!(said.contains("Run `eks-nlb sync`"), runs, "{said}");
    }
}

/// Which family a target group takes decides what is asked for.
#[tokio::test]
async fn a_family_without_addresses_is_told() {
    let desk = Desk::new(|world| {
        world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
        let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
        world.add_target_group(TargetGroupSpec {
            family: Family::Ipv6,
            ..TargetGroupSpec::ip(&load_balancer)
        });
    })
    .await;

    let said = desk.run(&["explain", "payments"]).await;

    said.assert_shows(&["no IPv6 address"]);
}
