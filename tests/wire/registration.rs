//! How targets are written: zones, chunks, and targets that ELB refuses.

mod partial;

use std::collections::BTreeSet;
use std::time::Duration;

use eks_nlb_simulator::world::{Answer, LoadBalancerSpec, Scope, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, Health, Simulator, TargetState, World};
use serde_json::{Value, json};

use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// An address that `ALLOWED_CIDRS` is set to allow, but that no target may
/// have.
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
        // A private hosted zone of the endpoint's name answers with the address
        // of the clients' interface endpoint.
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
    let (of_cluster, of_group) = {
        let world = function.world();
        let of_group = world.target_group(&frontend.target_group).vpc.clone().expect("it has one");
        (world.cluster("payments").vpc.clone().expect("it has one"), of_group)
    };
    let contradiction =
        format!("is in the target group's VPC {of_group}, and EKS says that the cluster is in {of_cluster}");
    for named in [PAYMENTS[0], &contradiction, "overlap", "ADDRESS_SOURCE"] {
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

/// It passes its checks, because they reach the API servers through this load
/// balancer.
#[tokio::test]
async fn a_healthy_target_in_the_wrong_vpc_replaces_no_api_server() {
    for (answer, healthy) in [(Answer::from(["10.1.0.20"]), 1), (Answer::from([PAYMENTS[0], "10.1.0.20"]), 2)]
    {
        let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
            let frontend = converged_payments(world);
            world.put_targets(&frontend.target_group, ["10.1.0.20"]);
            world.dns.set(&world.host("payments"), answer);
            frontend
        })
        .await;

        let report = function.sync_with_failures().await;

        assert_eq!(failed(&report, &frontend).0, "AddressInWrongVpc");
        assert_eq!(reported(&report, &frontend)["healthy"], healthy);
        assert_eq!(function.world().writes().len(), 0);
    }
}

/// It serves no client, so it is registered again, in the zone of its address.
#[tokio::test]
async fn a_draining_target_in_the_wrong_zone_contradicts_nothing() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = converged_payments(world);
        world.pin_state(&frontend.target_group, PAYMENTS[0], TargetState::Draining);
        let mut targets = world.target_group_mut(&frontend.target_group).targets.values_mut();
        targets.next().expect("two targets").zone = "all".to_owned();
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!([PAYMENTS_TARGETS[0]]));
}

/// It passes its checks: a host of the target group's VPC has an API server's
/// address.
#[tokio::test]
async fn a_healthy_stranger_at_the_address_of_an_api_server_replaces_none() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let (frontend, vpc) = elsewhere(world);
        world.add_subnet(&Scope::default(), &vpc, "10.0.0.0/16", "eu-west-1a");
        world.put_targets(&frontend.target_group, [PAYMENTS[0], PAYMENTS[1], "10.0.3.12"]);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(failed(&report, &frontend).0, "AddressInWrongVpc");
    assert!(message(reported(&report, &frontend)).contains("registers it in all zones"), "{report:#}");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn where_a_service_names_no_vpc_the_other_zone_is_tried_once() {
    let in_eks = [("\"vpcId\":", "\"vpcIx\":")];
    let empty_in_eks = [("\"vpcId\":", "\"vpcId\":\"\",\"vpcIx\":")];
    let in_elb = [("VpcId>", "VpcIx>")];
    let in_both = [in_eks, in_elb].concat();
    for unnamed in [&in_eks[..], &empty_in_eks, &in_elb, &in_both] {
        let unnamed = unnamed.to_vec();
        let sim = Simulator::start().await;
        let (frontend, _) = elsewhere(&mut sim.world());
        let without_vpc = move |_: &str, answer: String| {
            unnamed.iter().fold(answer, |answer, (named, unnamed)| answer.replace(named, unnamed))
        };
        let relay = Relay::of_aws(&sim, Afterwards::Kept, without_vpc).await;
        let function = Function::start_with(sim, &[BY_DNS, ("AWS_ENDPOINT_URL", &relay.url())]).await;

        let report = function.sync().await;

        assert_eq!(reported(&report, &frontend)["registered"], json!(PAYMENTS_TARGETS));
        let tried = [(vec![None, None], false), (vec![Some("all"), Some("all")], true)];
        assert_eq!(registrations(&function.world()), tried);
    }
}

/// In the words of the API reference: the target is not in the same VPC.
#[tokio::test]
async fn an_address_that_elb_calls_a_target_of_another_vpc_is_in_the_wrong_one() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = payments(world);
        let text = "The following targets are not in the target group VPC 'vpc-1': '10.0.1.10'";
        world.plant(Fault::on("RegisterTargets").refuse(400, "InvalidTarget", text));
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(failed(&report, &frontend).0, "AddressInWrongVpc", "{report:#}");
}
