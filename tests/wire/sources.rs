//! Addresses from the control plane's network interfaces, and from two sources.

mod fleet;
mod latency;
mod lives;

use std::time::Duration;

use eks_nlb_simulator::world::{
    Answer, ClusterSpec, Family, HOME_ACCOUNT, LoadBalancerSpec, NetworkInterface, PUBLIC_ADDRESSES, Reply,
    Scope, TargetGroupSpec,
};
use eks_nlb_simulator::{Fault, Frontend, Simulator, World, closed_address};
use serde_json::json;

use crate::support::*;

const ENI: (&str, &str) = ("ADDRESS_SOURCE", "eni");
const DNS_AND_ENI: (&str, &str) = ("ADDRESS_SOURCE", "dns+eni");

/// An address that would do as a target and is not the cluster's.
const WRONG: &str = "10.0.66.66";

/// Makes a cluster that has nothing to do with any trouble, and its frontend,
/// whose target group is empty.
fn bystander(world: &mut World) -> Frontend {
    world.add_cluster("uninvolved", ["10.99.1.1", "10.99.2.2"]);
    world.add_frontend("uninvolved")
}

/// Spoils the frontend of `payments`, which has something to register and
/// something to deregister: it fails with nothing written to it, while another
/// is served in the same run.
async fn fails_from(source: (&str, &str), spoil: impl FnOnce(&mut World)) -> Failed {
    let variables = [source, ("DNS_TIMEOUT_MS", "300")];
    let (function, (bystander, spoilt)) = Function::start_in_with(&variables, |world| {
        let frontends = (bystander(world), busy_payments(world));
        spoil(world);
        frontends
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_only_written(&function.world(), &bystander);
    assert_eq!(report["summary"]["failed"], 1, "{report:#}");
    let failed = reported(&report, &spoilt).clone();
    assert_eq!(failed["desired"], json!([]), "{report:#}");
    assert_eq!(failed["outcome"], "failed", "{report:#}");
    Failed { reported: failed, function }
}

/// Gives `payments` a public endpoint, too.
fn make_public(world: &mut World) {
    world.cluster_mut("payments").public_access = true;
    world.publish("payments");
    let host = world.host("payments");
    world.dns.set(&host, PUBLIC_ADDRESSES);
}

/// Removes the interface of `payments` at each of `addresses`.
fn remove_interfaces(world: &mut World, addresses: &[&str]) {
    for address in addresses {
        world.remove_interfaces_at(address);
    }
}

#[tokio::test]
async fn a_public_and_private_cluster_is_served_from_outside_its_vpc() {
    for (source, outcome) in
        [("auto", "changed"), ("dns", "failed"), ("eni", "changed"), ("dns+eni", "failed")]
    {
        let (function, frontend) = Function::start_in_with(&[("ADDRESS_SOURCE", source)], |world| {
            let frontend = payments(world);
            make_public(world);
            frontend
        })
        .await;

        function.invoke("{}").await;
        let report = function.last_report().await;

        let reported = reported(&report, &frontend);
        assert_eq!(reported["outcome"], outcome, "{source}: {reported:#}");
        if outcome == "failed" {
            assert_eq!(code(reported), "AddressNotAllowed", "{source}");
            assert!(message(reported).contains("ADDRESS_SOURCE"), "{source}: {}", message(reported));
            assert_eq!(function.world().writes().len(), 0, "{source}");
        } else {
            assert_eq!(reported["registered"], json!(PAYMENTS_TARGETS), "{source}");
            assert_eq!(function.world().dns.questions(), [], "{source}");
        }
    }
}

#[tokio::test]
async fn the_interfaces_are_listed_once_for_the_region_and_only_where_they_are_a_source() {
    for (source, calls, questions) in [("dns", 0, 2), ("eni", 1, 0), ("dns+eni", 1, 2)] {
        let (function, ()) = Function::start_in_with(&[("ADDRESS_SOURCE", source)], |world| {
            converged_payments(world);
            let other = bystander(world);
            world.put_targets(&other.target_group, ["10.99.1.1", "10.99.2.2"]);
        })
        .await;

        let report = function.sync().await;

        assert_eq!(report["summary"]["converged"], 2, "{source}: {report:#}");
        let world = function.world();
        let listed = world.requests_of("DescribeNetworkInterfaces");
        assert_eq!(listed.len(), calls, "{source}");
        assert_eq!(world.dns.questions().len(), questions, "{source}");
        for call in listed {
            assert_eq!(call.service, "ec2");
            assert_eq!(call.parameter("Filter.1.Name"), Some("description"));
            assert_eq!(call.parameter("Filter.1.Value.1"), Some("Amazon EKS *"));
            assert_eq!(call.parameter("MaxResults"), Some("1000"));
        }
    }
}

#[tokio::test]
async fn an_interface_has_addresses_of_both_families() {
    let (function, [v4, v6]) = Function::start_in_with(&[ENI], |world| {
        world.add_cluster("payments", ["10.0.1.10", "fd00:1::10", "10.0.2.11", "fd00:2::11"]);
        let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
        [Family::Ipv4, Family::Ipv6].map(|family| {
            let spec = TargetGroupSpec::ip(&load_balancer);
            let target_group = world.add_target_group(TargetGroupSpec { family, ..spec });
            Frontend { load_balancer: load_balancer.clone(), target_group }
        })
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &v4)["registered"], json!(PAYMENTS_TARGETS));
    assert_eq!(reported(&report, &v6)["registered"], json!(["[fd00:1::10]:443", "[fd00:2::11]:443"]));
}

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

    // What nothing is wrong with is registered.
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
        let found = format!("has {} usable", PAYMENTS.len() - gone.len());
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

#[tokio::test]
async fn private_access_still_has_to_be_on() {
    let failed = fails_from(ENI, |world| {
        world.cluster_mut("payments").private_access = false;
        world.cluster_mut("payments").public_access = true;
        world.publish("payments");
    })
    .await;

    assert_eq!(failed.code(), "PrivateAccessDisabled");
}

#[tokio::test]
async fn an_address_outside_the_allowed_networks_writes_nothing() {
    let failed = fails_from(ENI, |world| {
        let public = world.control_plane_interface("payments", ["203.0.113.10"]);
        world.add_interface(public);
    })
    .await;

    assert_eq!(failed.code(), "AddressNotAllowed");
    assert!(failed.message().contains("203.0.113.10"), "{}", failed.message());
    assert!(failed.message().contains("ALLOWED_CIDRS"), "{}", failed.message());
    assert!(!failed.message().contains("resolve"), "DNS has no part in it: {}", failed.message());
}

#[tokio::test]
async fn what_both_sources_name_is_registered_and_what_neither_names_may_go() {
    let (function, frontend) = Function::start_in_with(&[DNS_AND_ENI], |world| {
        let frontend = payments(world);
        // DNS still names .12, the interfaces have .13 already.
        let host = world.host("payments");
        world.dns.set(&host, ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
        let early = world.control_plane_interface("payments", ["10.0.3.13"]);
        world.add_interface(early);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11", "10.0.3.12", "10.0.3.14"]);
        frontend
    })
    .await;

    let report = function.sync().await;

    let reported = reported(&report, &frontend);
    assert_eq!(reported["desired"], json!(PAYMENTS));
    assert_eq!(reported["registered"], json!([]));
    assert_eq!(reported["deregistered"], json!(["10.0.3.14:443"]));
    assert_eq!(reported["withheld"], json!([{"target": "10.0.3.12:443", "reason": "namedByOneSource"}]));
}

#[tokio::test]
async fn sources_with_nothing_in_common_write_nothing() {
    let failed = fails_from(DNS_AND_ENI, |world| {
        let host = world.host("payments");
        world.dns.set(&host, ["10.0.66.66", "10.0.66.67"]);
    })
    .await;

    assert_eq!(failed.code(), "SourcesDisagree");
    for address in ["10.0.66.66, 10.0.66.67", "10.0.1.10, 10.0.2.11"] {
        assert!(failed.message().contains(address), "{}", failed.message());
    }
}

#[tokio::test]
async fn either_source_that_fails_is_enough_to_write_nothing() {
    let replies = [
        (Answer::from(Reply::ServerFailure), "DnsFailed"),
        (Reply::Silence.into(), "DnsTimeout"),
        (Reply::NoSuchName.into(), "DnsNoRecords"),
        (PUBLIC_ADDRESSES.into(), "AddressNotAllowed"),
    ];
    for (answer, expected) in replies {
        let failed = fails_from(DNS_AND_ENI, |world| {
            let host = world.host("payments");
            world.dns.set(&host, answer);
        })
        .await;
        assert_eq!(failed.code(), expected);
    }

    let failed = fails_from(DNS_AND_ENI, |world| remove_interfaces(world, &PAYMENTS)).await;
    assert_eq!(failed.code(), "InterfacesNotFound");
    let world = failed.function.world();
    let host = world.host("payments").to_ascii_lowercase();
    assert!(world.dns.questions().iter().all(|asked| asked.name != host), "DNS cannot help");
}

#[tokio::test]
async fn a_listing_that_fails_writes_nothing() {
    let faults: [(&str, Befall); 8] = [
        ("IAM denies", Fault::access_denied),
        ("was throttled", Fault::throttle),
        ("cannot be reached", Fault::reset),
        ("is not available", Fault::internal_failure),
        ("is not available", Fault::unavailable),
        ("was rejected", Fault::garble),
        ("was rejected", Fault::truncate),
        ("was rejected", |fault| fault.bloat(5 << 20)),
    ];
    for skipped in [0, 1] {
        for (expected, befall) in faults {
            let (function, _) = Function::start_in_with(&[ENI, ONE_ATTEMPT], |world| {
                world.page_cap = 1;
                world.plant(befall(Fault::on("DescribeNetworkInterfaces").skip(skipped)));
                busy_payments(world)
            })
            .await;

            let message = function.sync_without_discovery().await;

            assert!(message.contains("ec2:DescribeNetworkInterfaces"), "{message}");
            assert!(message.contains(expected), "{message}");
            assert_eq!(function.world().writes().len(), 0, "{expected}");
        }
    }
}

#[tokio::test]
async fn a_passing_fault_of_the_listing_is_got_over() {
    let faults: [(&str, Befall); 6] = [
        ("500", Fault::internal_failure),
        ("503", Fault::unavailable),
        ("throttled", |fault| fault.throttle().times(2)),
        ("reset", Fault::reset),
        ("lost", Fault::lose_answer),
        ("truncated", Fault::truncate),
    ];
    for (name, befall) in faults {
        let (function, frontend) = Function::start_in_with(&[ENI], |world| {
            world.plant(befall(Fault::on("DescribeNetworkInterfaces").times(1)));
            busy_payments(world)
        })
        .await;

        let report = function.sync().await;

        assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.2.11:443"]), "{name}");
        assert_eq!(function.world().faults_left(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_listing_that_is_silent_is_given_up_with_the_run() {
    let (function, _) = Function::start_in_with(&[ENI, ONE_ATTEMPT], |world| {
        world.plant(Fault::on("DescribeNetworkInterfaces").silence());
        busy_payments(world)
    })
    .await;

    let (error_type, message) = function.invoke_within("{}", Duration::from_secs(2)).await.error();

    assert_eq!(error_type, "DiscoveryFailed");
    assert!(message.contains("during ec2:DescribeNetworkInterfaces"), "{message}");
}

#[tokio::test]
async fn the_interfaces_are_those_of_the_region_and_account_acted_in() {
    let role = "arn:aws:iam::444455556666:role/eks-nlb-sync";
    let away = Scope::new("444455556666", "us-east-1");
    let (function, frontend) = Function::start_in_with(&[ENI], |world| {
        world.add_role(role);
        // At home there is a cluster of the same name.
        payments(world);
        let addresses = ["10.8.1.10", "10.8.2.11"];
        let spec = ClusterSpec::new("payments", addresses);
        world.create_cluster(ClusterSpec { scope: away.clone(), ..spec });
        world.add_frontend_in(&away, "payments")
    })
    .await;

    let event = json!({"roleArn": role, "region": "us-east-1"}).to_string();
    let report = function.answer(&event).await;

    assert_eq!(reported(&report, &frontend)["desired"], json!(["10.8.1.10", "10.8.2.11"]));
    let world = function.world();
    let [call] = world.requests_of("DescribeNetworkInterfaces")[..] else { panic!("one call") };
    assert_eq!((call.account.as_str(), call.region.as_str()), ("444455556666", "us-east-1"));
}

#[tokio::test]
async fn the_sdks_variables_redirect_ec2_too() {
    let sim = Simulator::start().await;
    payments(&mut sim.world());
    let nowhere = format!("http://{}", closed_address().expect("a free port"));
    let url = sim.endpoint_url();
    let variables = [ENI, ("AWS_ENDPOINT_URL_EC2", nowhere.as_str()), ONE_ATTEMPT];
    let function = Function::start_with(sim, &variables).await;
    let message = function.sync_without_discovery().await;
    assert!(message.contains("ec2:DescribeNetworkInterfaces cannot be reached"), "{message}");
    for word in ["NAT gateway", "interface endpoints", "ec2"] {
        assert!(message.contains(word), "{word} is missing: {message}");
    }

    let sim = Simulator::start().await;
    bystander(&mut sim.world());
    let variables = [ENI, ("AWS_ENDPOINT_URL_EC2", url.as_str())];
    let (other, function) = (function, Function::start_with(sim, &variables).await);
    // EC2 is the first simulator's, which knows no such cluster.
    let report = function.sync_with_failures().await;
    assert_eq!(code(&report["frontends"][0]), "InterfacesNotFound");
    assert_eq!(other.world().requests_of("DescribeNetworkInterfaces").len(), 1);
}

#[tokio::test]
async fn an_event_that_names_clusters_reads_the_interfaces_too() {
    let (function, frontend) = Function::start_in_with(&[ENI], |world| {
        bystander(world);
        payments(world)
    })
    .await;

    let report = function.answer(r#"{"clusters": ["payments"], "dryRun": true}"#).await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(PAYMENTS_TARGETS));
    assert_eq!(report["summary"]["frontends"], 1);
    assert_eq!(function.world().writes().len(), 0);
}
