//! How targets are written: zones, chunks, and targets that ELB refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use eks_nlb_simulator::world::{LoadBalancerSpec, Scope, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, Health, Simulator, TargetState, World};
use serde_json::{Value, json};

use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// An address that passes a network of its own in `ALLOWED_CIDRS` but that no
/// target may have.
const PUBLIC: &str = "203.0.113.99";

const PUBLIC_ALLOWED: (&str, &str) = ("ALLOWED_CIDRS", "10.0.0.0/8,203.0.113.0/24");

/// Makes a frontend of `payments` in another VPC than the cluster's.
fn elsewhere(world: &mut World) -> (Frontend, String) {
    let home = Scope::default();
    world.add_cluster("payments", PAYMENTS);
    let vpc = world.add_vpc(&home);
    let spec = LoadBalancerSpec { vpc: Some(vpc.clone()), ..LoadBalancerSpec::managed("payments") };
    let load_balancer = world.add_load_balancer(spec);
    let target_group = world.add_target_group(TargetGroupSpec::ip(&load_balancer));
    (Frontend { load_balancer, target_group }, vpc)
}

/// The zone of each target of each call that registers, and whether it was taken.
fn registrations(world: &World) -> Vec<(Vec<Option<&str>>, bool)> {
    let calls = world.requests_of("RegisterTargets").into_iter();
    calls.map(|call| (call.zones(), call.error.is_none())).collect()
}

fn chunks(world: &World, operation: &str) -> Vec<usize> {
    world.requests_of(operation).iter().map(|call| call.targets().len()).collect()
}

/// `n` addresses of a cluster far larger than any.
fn many(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("10.1.{}.{}", n / 200, n % 200 + 1)).collect()
}

#[tokio::test]
async fn an_address_of_another_vpc_is_registered_in_all_zones_and_others_without_one() {
    let (function, (away, home)) = Function::start_in_with(&[BY_DNS], |world| {
        let (away, _) = elsewhere(world);
        (away, world.add_frontend("payments"))
    })
    .await;

    let report = function.sync().await;

    for (frontend, zone) in [(home, None), (away, Some("all"))] {
        assert_eq!(reported(&report, &frontend)["outcome"], "changed");
        let world = function.world();
        let calls = world.requests_of("RegisterTargets").into_iter();
        let calls: Vec<_> =
            calls.filter(|call| call.target_group() == Some(&frontend.target_group)).collect();
        let [call] = &calls[..] else { panic!("{calls:#?}") };
        assert_eq!(call.zones(), [zone, zone]);
    }
}

/// ELB finds a target by address, port and zone, and reports success for one
/// that it does not find.
#[tokio::test]
async fn a_target_of_another_vpc_is_deregistered_as_it_was_listed() {
    let (function, (frontend, vpc)) = Function::start_in_with(&[BY_DNS], |world| {
        let (frontend, vpc) = elsewhere(world);
        world.add_subnet(&Scope::default(), &vpc, "10.9.0.0/24", "eu-west-1b");
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11", "10.0.3.13", "10.9.0.1"]);
        world.set_health("10.0.3.13", Health::Never);
        world.set_health("10.9.0.1", Health::Never);
        (frontend, vpc)
    })
    .await;

    let report = function.sync().await;

    assert_eq!(
        reported(&report, &frontend)["deregistered"],
        json!(["10.0.3.13:443", "10.9.0.1:443"]),
        "{vpc}"
    );
    let world = function.world();
    let [call] = world.requests_of("DeregisterTargets")[..] else { panic!("{:#?}", world.writes()) };
    assert_eq!(call.zones(), [Some("all"), Some("eu-west-1b")]);
    let in_service = world.targets(&frontend.target_group).into_iter();
    let in_service =
        in_service.filter(|(_, state)| *state != TargetState::Draining).map(|(target, _)| target);
    assert_eq!(in_service.collect::<Vec<_>>(), PAYMENTS_TARGETS);
}

/// The code and the message of a frontend that failed, with what it registered.
fn failed<'a>(report: &'a Value, frontend: &Frontend) -> (&'a str, &'a str, &'a Value) {
    let failed = reported(report, frontend);
    (code(failed), message(failed), &failed["registered"])
}

#[tokio::test]
async fn an_address_outside_the_clusters_vpc_is_not_registered() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = payments(world);
        // As a private hosted zone of the endpoint's name answers: with the
        // address of the load balancer's own endpoint.
        world.dns.set(&world.host("payments"), ["10.1.0.20"]);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let (code, message, registered) = failed(&report, &frontend);
    assert_eq!((code, registered), ("AddressInWrongVpc", &json!([])));
    for named in ["10.1.0.20", "private hosted zone", "ADDRESS_SOURCE"] {
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(registrations(&function.world()), [(vec![None], false)], "no zone is tried");
}

#[tokio::test]
async fn an_address_of_another_vpc_with_the_same_range_is_not_registered() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let (frontend, vpc) = elsewhere(world);
        // Both VPCs have the same range.
        world.add_subnet(&Scope::default(), &vpc, "10.0.0.0/16", "eu-west-1a");
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let (code, message, registered) = failed(&report, &frontend);
    assert_eq!((code, registered), ("AddressInWrongVpc", &json!([])));
    for named in [PAYMENTS[0], "overlap", "ADDRESS_SOURCE"] {
        assert!(message.contains(named), "{message}");
    }
    let zones: BTreeSet<_> = registrations(&function.world())
        .into_iter()
        .flat_map(|(zones, _)| zones)
        .map(|zone| zone.map(str::to_owned))
        .collect();
    assert_eq!(zones, [Some("all".to_owned())].into(), "no other zone is tried");
}

#[tokio::test]
async fn of_addresses_inside_and_outside_the_vpc_only_the_right_ones_are_registered() {
    for in_other_vpc in [false, true] {
        let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
            let addresses = ["10.0.1.10", "10.0.2.11", "10.0.3.12", "10.0.4.13", "10.0.5.14"];
            let (frontend, vpc) = if in_other_vpc {
                elsewhere(world)
            } else {
                let frontend = payments(world);
                let vpc = world.cluster("payments").vpc.clone().expect("it has one");
                (frontend, vpc)
            };
            world.rotate("payments", addresses);
            world.vpc_mut(&Scope::default(), &vpc).subnets.clear();
            world.add_subnet(&Scope::default(), &vpc, "10.0.2.0/24", "eu-west-1a");
            world.add_subnet(&Scope::default(), &vpc, "10.0.4.0/24", "eu-west-1b");
            frontend
        })
        .await;

        let report = function.sync_with_failures().await;

        assert_eq!(failed(&report, &frontend).0, "AddressInWrongVpc");
        let world = function.world();
        let targets = world.target_group(&frontend.target_group).targets.values();
        let zones: Vec<_> = targets.map(|target| target.zone.as_str()).collect();
        let expected: &[&str] =
            if in_other_vpc { &["all", "all", "all"] } else { &["eu-west-1a", "eu-west-1b"] };
        assert_eq!(zones, expected);
    }
}

/// It passes its checks: they come back to this very load balancer.
#[tokio::test]
async fn a_healthy_target_in_the_wrong_vpc_replaces_no_api_server() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = converged_payments(world);
        world.put_targets(&frontend.target_group, ["10.1.0.20"]);
        world.dns.set(&world.host("payments"), ["10.1.0.20"]);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(failed(&report, &frontend).0, "AddressInWrongVpc");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn where_eks_names_no_vpc_the_other_zone_is_tried_once() {
    let sim = Simulator::start().await;
    let (frontend, _) = elsewhere(&mut sim.world());
    let without_vpc = |_: &str, answer: String| answer.replace("\"vpcId\"", "\"vpcIx\"");
    let relay = Relay::of_aws(&sim, Afterwards::Kept, without_vpc).await;
    let function = Function::start_with(sim, &[BY_DNS, ("AWS_ENDPOINT_URL", &relay.url())]).await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(PAYMENTS_TARGETS));
    let tried = [(vec![None, None], false), (vec![Some("all"), Some("all")], true)];
    assert_eq!(registrations(&function.world()), tried);
}

#[tokio::test]
async fn targets_are_written_in_chunks_of_200() {
    let addresses = many(450);
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.add_cluster("payments", &addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["registered"], 450, "{}", report["summary"]);
    assert_eq!(chunks(&function.world(), "RegisterTargets"), [200, 200, 50]);
    assert_eq!(function.world().targets(&frontend.target_group).len(), 450);

    function.world().rotate("payments", &addresses[..2]);
    function.world().advance(Duration::from_mins(1));
    let report = function.sync().await;
    assert_eq!(report["summary"]["deregistered"], 448, "{}", report["summary"]);
    assert_eq!(chunks(&function.world(), "DeregisterTargets"), [200, 200, 48]);
}

#[tokio::test]
async fn a_bad_target_does_not_keep_out_the_good_ones() {
    let (function, frontend) = Function::start_in_with(&[PUBLIC_ALLOWED], |world| {
        let frontend = payments(world);
        world.rotate("payments", ["10.0.1.10", "10.0.2.11", PUBLIC, "10.0.4.14"]);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.3.12", "10.0.3.13"]);
        world.set_health("10.0.3.13", Health::Never);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let reported = reported(&report, &frontend);
    assert_eq!(code(reported), "AwsRejected");
    assert!(message(reported).contains("elasticloadbalancing:RegisterTargets"), "{}", message(reported));
    assert!(
        message(reported).contains("InvalidTarget") && message(reported).contains(PUBLIC),
        "{}",
        message(reported)
    );
    assert_eq!(reported["registered"], json!(["10.0.2.11:443", "10.0.4.14:443"]));
    assert_eq!(reported["deregistered"], json!([]));
    let reasons = json!([
        {"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"},
        {"target": "10.0.3.13:443", "reason": "registrationFailed"},
    ]);
    assert_eq!(reported["withheld"], reasons);
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
}

#[tokio::test]
async fn one_bad_target_among_200_is_found_with_few_calls() {
    let mut addresses = many(200);
    addresses[77] = PUBLIC.to_owned();
    let (function, frontend) = Function::start_in_with(&[PUBLIC_ALLOWED], |world| {
        world.add_cluster("payments", &addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "AwsRejected");
    assert_eq!(report["summary"]["registered"], 199);
    assert_eq!(function.world().targets(&frontend.target_group).len(), 199);
    let calls = function.world().requests_of("RegisterTargets").len();
    assert!(calls <= 2 * 8 + 1, "{calls} calls");
}

#[tokio::test]
async fn a_full_target_group_fails_and_keeps_what_it_has() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.targets_per_group = 3;
        let frontend = payments(world);
        world.rotate("payments", ["10.0.1.10", "10.0.4.14", "10.0.4.15"]);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.1.12"]);
        world.set_health("10.0.1.12", Health::Never);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let reported = reported(&report, &frontend);
    assert_eq!(code(reported), "AwsRejected");
    assert!(message(reported).contains("TooManyTargets"), "{}", message(reported));
    assert_eq!(reported["withheld"], json!([{"target": "10.0.1.12:443", "reason": "registrationFailed"}]));
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
    let expected = ["10.0.1.10:443", "10.0.1.12:443", "10.0.4.14:443"];
    assert_eq!(targets_of(&function.world(), &frontend.target_group), expected, "there was room for one");
}

/// A group at its quota that is full of targets that get no traffic.
#[tokio::test]
async fn a_full_target_group_makes_room_by_what_is_unused() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.targets_per_group = 4;
        let frontend = payments(world);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.1.21", "10.0.1.22", "10.0.1.23"]);
        for unused in ["10.0.1.22", "10.0.1.23"] {
            world.pin_state(&frontend.target_group, unused, TargetState::Unused);
        }
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let failed = reported(&report, &frontend);
    assert!(message(failed).contains("TooManyTargets"), "{}", message(failed));
    assert_eq!(failed["deregistered"], json!(["10.0.1.22:443", "10.0.1.23:443"]));
    assert_eq!(failed["withheld"][0]["target"], "10.0.1.21:443");

    function.world().advance(Duration::from_mins(6));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.2.11:443"]));
}

#[tokio::test]
async fn one_target_that_cannot_be_deregistered_does_not_keep_the_others() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = converged_payments(world);
        let stuck = ["10.0.1.21", "10.0.1.22", "10.0.1.23", "10.0.1.24"];
        world.put_targets(&frontend.target_group, stuck);
        let refuse = |fault: Fault| fault.refuse(400, "InvalidTarget", "10.0.1.23 is not to be deregistered");
        world.plant(refuse(Fault::on("DeregisterTargets").about("10.0.1.23")));
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let failed = reported(&report, &frontend);
    assert_eq!(code(failed), "AwsRejected");
    assert_eq!(failed["deregistered"], json!(["10.0.1.21:443", "10.0.1.22:443", "10.0.1.24:443"]));
    assert_eq!(failed["withheld"], json!([{"target": "10.0.1.23:443", "reason": "deregistrationFailed"}]));
}

#[tokio::test]
async fn a_failure_that_is_about_no_target_is_tried_once_and_takes_nothing_away() {
    const FAULTS: [(&str, Befall); 7] = [
        ("AwsUnavailable", Fault::internal_failure),
        ("AwsUnavailable", Fault::unavailable),
        ("AccessDenied", Fault::access_denied),
        ("Throttled", Fault::throttle),
        ("AwsUnreachable", Fault::reset),
        ("AwsRejected", |fault| {
            fault.refuse(400, "TargetGroupNotFound", "One or more target groups not found")
        }),
        ("AwsRejected", |fault| fault.refuse(403, "ExpiredToken", "The security token has expired")),
    ];
    let (function, frontends) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        payments(world);
        world.rotate("payments", many(8));
        world.set_health("10.0.3.13", Health::Never);
        FAULTS.map(|(expected, befall)| {
            let frontend = world.add_frontend("payments");
            world.put_targets(&frontend.target_group, ["10.0.3.12", "10.0.3.13"]);
            world.plant(befall(Fault::on("RegisterTargets").about(&frontend.target_group)));
            (expected, frontend)
        })
    })
    .await;

    let report = function.sync_with_failures().await;

    let world = function.world();
    for (expected, frontend) in frontends {
        let failed = reported(&report, &frontend);
        assert_eq!(code(failed), expected, "{failed:#}");
        assert_eq!((&failed["registered"], &failed["deregistered"]), (&json!([]), &json!([])));
        let withheld = json!([
            {"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"},
            {"target": "10.0.3.13:443", "reason": "registrationFailed"},
        ]);
        assert_eq!(failed["withheld"], withheld);
        let calls = world.requests_of("RegisterTargets").into_iter();
        let calls = calls.filter(|call| call.target_group() == Some(&frontend.target_group)).count();
        assert_eq!(calls, 1, "{}", message(failed));
    }
    assert_eq!(world.requests_of("DeregisterTargets").len(), 0);
}

#[tokio::test]
async fn a_refused_deregistration_fails_and_says_what_was_registered() {
    let (function, frontend) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        let frontend = busy_payments(world);
        world.plant(Fault::on("DeregisterTargets").access_denied());
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let reported = reported(&report, &frontend);
    assert_eq!(code(reported), "AccessDenied");
    assert!(message(reported).contains("elasticloadbalancing:DeregisterTargets"), "{}", message(reported));
    assert_eq!(reported["registered"], json!(["10.0.2.11:443"]));
    assert_eq!(reported["deregistered"], json!([]));
    let withheld = json!([
        {"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"},
        {"target": "10.0.3.13:443", "reason": "deregistrationFailed"},
    ]);
    assert_eq!(reported["withheld"], withheld);
    assert_eq!(report["summary"]["registered"], 1);
    assert_eq!(report["summary"]["deregistered"], 0);
}
