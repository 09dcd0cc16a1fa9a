//! Addresses from the control plane's network interfaces, and from two sources.

mod auto;
mod latency;
mod listing;
mod lives;
mod look_alikes;

use eks_nlb_simulator::world::{
    Answer, ClusterSpec, Family, HOME_ACCOUNT, LoadBalancerSpec, NetworkInterface, PUBLIC_ADDRESSES, Reply,
    Scope, TargetGroupSpec,
};
use eks_nlb_simulator::{Fault, Frontend, Simulator, World, closed_address};
use serde_json::json;

use crate::cases::*;
use crate::support::*;

const ENI: (&str, &str) = ("ADDRESS_SOURCE", "eni");
const DNS_AND_ENI: (&str, &str) = ("ADDRESS_SOURCE", "dns+eni");

/// Spoils `payments` as read from `source`: it fails without an address, as in [`fails`].
async fn fails_from(source: (&str, &str), spoil: impl FnOnce(&mut World)) -> Failed {
    let failed = fails_with(&[source, ("DNS_TIMEOUT_MS", "300")], |world, _| spoil(world)).await;
    assert_eq!(failed.reported["desired"], json!([]), "{:#}", failed.reported);
    failed
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

/// With `auto`, interfaces decide, and DNS is queried before a target goes.
#[tokio::test]
async fn a_target_goes_only_if_dns_confirms_it() {
    const STALE: &str = "10.0.3.12";
    let mixed = || Answer::from([PAYMENTS[0], PUBLIC_ADDRESSES[0]]);
    let cases: [(Answer, Option<&str>); 7] = [
        (Answer::from(PAYMENTS), None),
        (Reply::NoSuchName.into(), None),
        (Answer::from(PUBLIC_ADDRESSES), None),
        (Answer::from([PAYMENTS[0], STALE]), Some("namedByOneSource")),
        (mixed(), Some("sourceUnavailable")),
        (Reply::ServerFailure.into(), Some("sourceUnavailable")),
        (Reply::Silence.into(), Some("sourceUnavailable")),
    ];
    for (answer, reason) in cases {
        let (function, frontend) = Function::start_in_with(&[("DNS_TIMEOUT_MS", "300")], |world| {
            let frontend = converged_payments(world);
            world.put_targets(&frontend.target_group, [STALE]);
            let host = world.host("payments");
            world.dns.set(&host, answer.clone());
            frontend
        })
        .await;

        let report = function.sync().await;

        let reported = reported(&report, &frontend);
        assert_eq!(reported["source"], "eni", "{answer:?}");
        assert_eq!(reported["withheld"][0]["reason"].as_str(), reason, "{answer:?}: {reported:#}");
        assert_eq!(reported["deregistered"].as_array().map(Vec::len), Some(usize::from(reason.is_none())));
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
    let named = "DNS names 10.0.66.66, 10.0.66.67, they have 10.0.1.10, 10.0.2.11";
    assert!(failed.message().ends_with(named), "{}", failed.message());
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
