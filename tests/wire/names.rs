//! How API endpoints are resolved; a wrong DNS answer leads to no write.

mod allowed;
mod messages;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eks_nlb_simulator::world::{
    Answer, ClusterSpec, Family, LoadBalancerSpec, Reply, TargetGroupSpec, Tcp, Transport, View,
};
use eks_nlb_simulator::{Frontend, Health, Simulator, World};
use serde_json::json;

use crate::cases::*;
use crate::relay::{LOCALHOST, Relay};
use crate::support::*;

/// A short budget, for names that are not answered.
const SHORT: (&str, &str) = ("DNS_TIMEOUT_MS", "1000");

/// A valid target address that is not the cluster's.
fn wrong() -> Vec<IpAddr> {
    vec![IpAddr::from([10, 0, 66, 66])]
}

/// Makes a cluster with addresses of both families, and a frontend of one of
/// them.
fn of_family(world: &mut World, cluster: &str, family: Family) -> Frontend {
    world.add_cluster(cluster, ["10.0.1.10", "fd00:1::10"]);
    let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed(cluster));
    let spec = TargetGroupSpec::ip(&load_balancer);
    let target_group = world.add_target_group(TargetGroupSpec { family, ..spec });
    Frontend { load_balancer, target_group }
}

/// Wrong DNS answers, and the codes that report them.
fn no_answers() -> Vec<(Answer, &'static str)> {
    let alias = |name: &str| Reply::Alias(name.to_owned());
    let bare_alias = |name: &str| Reply::BareAlias(name.to_owned());
    vec![
        (Reply::NoSuchName.into(), "DnsNoRecords"),
        (Answer::none(), "DnsNoRecords"),
        (["fd00:1::10"].into(), "DnsNoRecords"),
        (Reply::OtherName(wrong()).into(), "DnsNoRecords"),
        (Reply::OtherType.into(), "DnsNoRecords"),
        (alias("nowhere.example.com").into(), "DnsNoRecords"),
        (bare_alias("nowhere.example.com").into(), "DnsNoRecords"),
        (alias("circle-1.example.com").into(), "DnsFailed"),
        (bare_alias("circle-1.example.com").into(), "DnsNoRecords"),
        (Reply::ServerFailure.into(), "DnsFailed"),
        (Reply::Refused.into(), "DnsFailed"),
        (alias("failing.example.com").into(), "DnsFailed"),
        (bare_alias("failing.example.com").into(), "DnsFailed"),
        (Answer::from(PAYMENTS).truncated(Tcp::Closes), "DnsFailed"),
        (Reply::Garbage.into(), "DnsTimeout"),
        (Reply::OtherId(wrong()).into(), "DnsTimeout"),
        (Reply::Silence.into(), "DnsTimeout"),
        (Answer::from(PAYMENTS).after(Duration::from_mins(1)), "DnsTimeout"),
        (alias("public.example.com").into(), "AddressNotAllowed"),
    ]
}

#[tokio::test]
async fn what_is_no_answer_writes_nothing_and_says_why() {
    let (function, (cases, bystander)) = Function::start_in_with(&[BY_DNS, SHORT], |world| {
        world.dns.set("circle-1.example.com", Reply::BareAlias("circle-2.example.com".to_owned()));
        world.dns.set("circle-2.example.com", Reply::BareAlias("circle-1.example.com".to_owned()));
        world.dns.set("failing.example.com", Reply::ServerFailure);
        world.dns.set("public.example.com", ["203.0.113.1"]);
        let make = |(n, (answer, expected)): (usize, (Answer, &'static str))| {
            let frontend = spoilt(world, n, answer.clone());
            (frontend, format!("{answer:?}"), expected)
        };
        let cases: Vec<_> = no_answers().into_iter().enumerate().map(make).collect();
        (cases, bystander(world))
    })
    .await;

    let report = function.sync_with_failures().await;

    let world = function.world();
    for (n, (frontend, case, expected)) in cases.iter().enumerate() {
        let failed = reported(&report, frontend);
        assert_eq!(code(failed), *expected, "{case}: {}", message(failed));
        assert_eq!(failed["desired"], json!([]), "{case}");
        let host = world.host(&format!("spoilt-{n}"));
        assert_eq!(failed["host"], host, "{case}");
        assert!(message(failed).contains(&host), "{case}: {}", message(failed));
        if *expected == "DnsTimeout" {
            assert!(message(failed).contains("within 1000 ms"), "{case}: {}", message(failed));
        }
    }
    assert_only_written(&world, &bystander);
    // A search list would add other names, and only aliases may.
    let clusters = (0..cases.len()).map(|n| format!("spoilt-{n}")).chain(["uninvolved".to_owned()]);
    let hosts: BTreeSet<_> = clusters.map(|cluster| world.host(&cluster).to_ascii_lowercase()).collect();
    let is_known = |name: &String| hosts.contains(name) || name.ends_with(".example.com");
    assert!(names_asked_for(&world).iter().all(is_known), "{:?}", world.dns.questions());
    assert!(world.dns.questions().len() < 20 * cases.len(), "{} questions", world.dns.questions().len());
}

/// Makes the cluster `spoilt-n`, whose name resolves to `answer`, and its
/// frontend, which has something to deregister.
fn spoilt(world: &mut World, n: usize, answer: impl Into<Answer>) -> Frontend {
    let name = format!("spoilt-{n}");
    world.add_cluster(&name, [format!("10.1.{n}.10")]);
    let frontend = world.add_frontend(&name);
    world.put_targets(&frontend.target_group, ["10.0.3.12", "10.0.3.13"]);
    world.set_health("10.0.3.13", Health::Never);
    world.dns.set(&world.host(&name), answer);
    frontend
}

#[tokio::test]
async fn a_failed_half_is_never_taken_for_an_empty_one() {
    let halves = [
        (Reply::ServerFailure, "DnsFailed"),
        (Reply::Refused, "DnsFailed"),
        (Reply::Silence, "DnsTimeout"),
        (Reply::Addresses(vec![]), "DnsNoRecords"),
    ];
    let families = [(Family::Ipv4, Family::Ipv6), (Family::Ipv6, Family::Ipv4)];
    let (function, cases) = Function::start_in_with(&[BY_DNS, SHORT], |world| {
        let mut cases = Vec::new();
        for (own, other) in families {
            for (reply, expected) in &halves {
                let name = format!("cluster-{}", cases.len());
                let frontend = of_family(world, &name, own);
                let spec = TargetGroupSpec { family: other, ..TargetGroupSpec::ip(&frontend.load_balancer) };
                let neighbour = Frontend { target_group: world.add_target_group(spec), ..frontend.clone() };
                world.dns.set_family(&world.host(&name), own, reply.clone());
                cases.push((frontend, neighbour, format!("{own} {reply:?}"), *expected));
            }
        }
        cases
    })
    .await;

    let report = function.sync_with_failures().await;

    for (frontend, neighbour, case, expected) in cases {
        assert_eq!(code(reported(&report, &frontend)), expected, "{case}");
        assert_eq!(reported(&report, &neighbour)["outcome"], "changed", "{case}");
        assert!(targets_of(&function.world(), &frontend.target_group).is_empty(), "{case}");
    }
}

#[tokio::test]
async fn a_public_endpoint_seen_from_outside_the_vpc_writes_nothing() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.dns.view = View::Outside;
        world.create_cluster(ClusterSpec { public_access: true, ..ClusterSpec::new("payments", PAYMENTS) });
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync_with_failures().await;
    assert_eq!(code(reported(&report, &frontend)), "AddressNotAllowed");
    assert_eq!(function.world().writes().len(), 0);

    function.world().dns.view = View::Inside;
    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn no_failure_outlives_its_run() {
    for (reply, expected) in [(Reply::NoSuchName, "DnsNoRecords"), (Reply::ServerFailure, "DnsFailed")] {
        let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
            let frontend = payments(world);
            let host = world.host("payments");
            world.dns.set(&host, reply);
            frontend
        })
        .await;
        let report = function.sync_with_failures().await;
        assert_eq!(code(reported(&report, &frontend)), expected);
        function.world().publish("payments");

        assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
    }
}
