//! Interfaces that resemble those of a control plane.

use eks_nlb_simulator::world::{Family, LoadBalancerSpec, TargetGroupSpec};

use super::*;

/// A valid target address that is not the cluster's.
const WRONG: &str = "10.0.66.66";

/// Look-alikes of the interfaces of `payments`, at [`WRONG`], by kind.
fn beside(world: &mut World) -> Vec<(&'static str, NetworkInterface)> {
    world.add_cluster("payments-2", ["10.0.1.20", "10.0.2.21"]);
    let other = world.cluster("payments-2").clone();
    let own = world.control_plane_interface("payments", [WRONG]);
    let of = |change: fn(&mut NetworkInterface)| {
        let mut interface = own.clone();
        change(&mut interface);
        interface
    };
    let (mut other_vpc, mut other_group) = (own.clone(), own.clone());
    other_vpc.vpc = other.vpc.expect("it has one");
    other_group.groups = vec![other.security_group];
    vec![
        ("a cluster's whose name is longer", of(|eni| eni.description += "-2")),
        ("a cluster's whose name is shorter", of(|eni| eni.description = "Amazon EKS pay".into())),
        ("one with more text", of(|eni| eni.description += " (old)")),
        ("one with text before it", of(|eni| eni.description.insert(0, ' '))),
        ("one in other letters", of(|eni| eni.description = "Amazon EKS Payments".into())),
        ("a node's", of(|eni| eni.description = "aws-K8S-i-0123456789abcdef0".into())),
        ("a pod's branch", of(|eni| eni.kind = "branch".into())),
        ("a node's trunk", of(|eni| eni.kind = "trunk".into())),
        ("a load balancer's", of(|eni| eni.kind = "network_load_balancer".into())),
        ("one that is not attached", of(|eni| eni.instance_owner = None)),
        ("one on an instance of the account", of(|eni| eni.instance_owner = Some(HOME_ACCOUNT.to_owned()))),
        ("one that is available", of(|eni| eni.status = "available".into())),
        ("one that is being detached", of(|eni| eni.status = "detaching".into())),
        ("one without security groups", of(|eni| eni.groups.clear())),
        ("one with another cluster's security group", other_group),
        ("one in another VPC", other_vpc),
        ("one without an address", of(|eni| eni.addresses.clear())),
    ]
}

#[tokio::test]
async fn a_look_alike_is_never_registered() {
    let (function, (frontend, look_alikes)) = Function::start_in_with(&[ENI], |world| {
        let frontend = converged_payments(world);
        (frontend, beside(world))
    })
    .await;
    assert!(look_alikes.len() >= 10);

    for (kind, look_alike) in look_alikes {
        function.world().add_interface(look_alike);
        let report = function.sync().await;
        let reported = reported(&report, &frontend);
        assert_eq!(reported["outcome"], "converged", "{kind}: {reported:#}");
        assert_eq!(reported["desired"], json!(PAYMENTS), "{kind}");
        function.world().remove_interfaces_at(WRONG);
    }

    // The genuine interfaces are registered.
    let genuine = function.world().control_plane_interface("payments", [WRONG]);
    function.world().add_interface(genuine);
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["registered"], json!([format!("{WRONG}:443")]));
}

#[tokio::test]
async fn fewer_than_two_interfaces_are_none() {
    for (source, gone) in [(ENI, &PAYMENTS[..1]), (ENI, &PAYMENTS[..]), (DNS_AND_ENI, &PAYMENTS[..1])] {
        let failed = fails_from(source, |world| remove_interfaces(world, gone)).await;

        assert_eq!(failed.code(), "InterfacesNotFound", "{source:?} {gone:?}");
        let found = format!("has {} of at least 2 usable", PAYMENTS.len() - gone.len());
        assert!(failed.message().contains(&found), "{}", failed.message());
    }
}

#[tokio::test]
async fn a_look_alike_does_not_make_two_of_one() {
    let failed = fails_from(ENI, |world| {
        world.remove_interfaces_at(PAYMENTS[0]);
        for (_, look_alike) in beside(world) {
            world.add_interface(look_alike);
        }
        let cluster_2 = world.interfaces().filter(|eni| eni.description == "Amazon EKS payments-2").count();
        assert!(cluster_2 >= 2, "the other cluster has its own");
    })
    .await;

    assert_eq!(failed.code(), "InterfacesNotFound");
}

/// Both addresses are of the group's family.
#[tokio::test]
async fn two_addresses_of_one_interface_are_no_control_plane() {
    let (function, frontend) = Function::start_in_with(&[ENI], |world| {
        world.add_cluster("payments", ["10.0.1.10", "fd00:1::10", "10.0.2.11", "fd00:2::11"]);
        let load_balancer = world.add_load_balancer(LoadBalancerSpec {
            dual_stack: true,
            ..LoadBalancerSpec::managed("payments")
        });
        let spec = TargetGroupSpec { family: Family::Ipv6, ..TargetGroupSpec::ip(&load_balancer) };
        let target_group = world.add_target_group(spec);
        for ip in ["10.0.1.10", "fd00:1::10", "10.0.2.11", "fd00:2::11"] {
            world.remove_interfaces_at(ip);
        }
        let one = world.control_plane_interface("payments", ["10.0.1.10", "fd00:1::10", "fd00:1::11"]);
        world.add_interface(one);
        Frontend { load_balancer, target_group }
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "InterfacesNotFound");
    assert!(message(reported(&report, &frontend)).contains("has 1 of at least 2 usable"));
}
