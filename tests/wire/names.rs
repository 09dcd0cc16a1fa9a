//! How API endpoints are resolved, and that whatever DNS says wrong writes nothing.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use eks_nlb_simulator::world::{
    Answer, ClusterSpec, Family, LoadBalancerSpec, Reply, TargetGroupSpec, Tcp, Transport, View,
};
use eks_nlb_simulator::{Frontend, Simulator, World, closed_address};
use serde_json::json;
use tokio::net::UdpSocket;

use crate::relay::Relay;
use crate::support::*;

/// A short budget, for names that are not answered.
const SHORT: (&str, &str) = ("DNS_TIMEOUT_MS", "300");

/// An address that would do as a target and is not the cluster's.
const WRONG: &str = "10.0.66.66";

/// Spoils what the host of `payments` resolves to: its frontend must fail with
/// `expected`, unwritten.
async fn resolves_to(answer: impl Into<Answer>, expected: &str) -> Failed {
    let answer = answer.into();
    let spoil = |world: &mut World, _: &Frontend| {
        let host = world.host("payments");
        world.dns.set(&host, answer);
    };
    let failed = fails_with(&[SHORT], spoil).await;
    assert_eq!(failed.code(), expected, "{}", failed.message());
    assert_eq!(failed.entry["desired"], json!([]));
    let host = failed.function.world().host("payments");
    assert_eq!(failed.entry["host"], host);
    assert!(failed.message().contains(&host), "{}", failed.message());
    failed
}

fn wrong() -> Vec<IpAddr> {
    vec![WRONG.parse().expect("an address")]
}

/// Makes the cluster `payments` with addresses of both families, and a
/// frontend of one of them.
fn of_family(world: &mut World, family: Family) -> Frontend {
    world.add_cluster("payments", ["10.0.1.10", "fd00:1::10"]);
    let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
    let spec = TargetGroupSpec::ip(&load_balancer);
    let target_group = world.add_target_group(TargetGroupSpec { family, ..spec });
    Frontend { load_balancer, target_group }
}

#[tokio::test]
async fn only_the_family_of_the_target_group_is_asked_for() {
    for (family, kind, target) in
        [(Family::Ipv4, "A", "10.0.1.10:443"), (Family::Ipv6, "AAAA", "[fd00:1::10]:443")]
    {
        let (function, frontend) = Function::start_in(|world| of_family(world, family)).await;

        let report = function.sync().await;

        assert_eq!(entry(&report, &frontend)["registered"], json!([target]));
        let world = function.world();
        let kinds: Vec<_> = world.dns.questions().iter().map(|question| question.kind.as_str()).collect();
        assert_eq!(kinds, [kind]);
    }
}

#[tokio::test]
async fn a_failed_half_is_never_taken_for_an_empty_one() {
    let replies = [
        (Reply::ServerFailure, "DnsFailed"),
        (Reply::Refused, "DnsFailed"),
        (Reply::Silence, "DnsTimeout"),
        (Reply::Addresses(vec![]), "DnsNoRecords"),
    ];
    for (own, other) in [(Family::Ipv4, Family::Ipv6), (Family::Ipv6, Family::Ipv4)] {
        for (reply, expected) in replies.clone() {
            let (function, (frontend, neighbour)) = Function::start_in_with(&[SHORT], |world| {
                let frontend = of_family(world, own);
                let spec = TargetGroupSpec { family: other, ..TargetGroupSpec::ip(&frontend.load_balancer) };
                let target_group = world.add_target_group(spec);
                let host = world.host("payments");
                world.dns.set_family(&host, own, reply.clone());
                let load_balancer = frontend.load_balancer.clone();
                (frontend, Frontend { load_balancer, target_group })
            })
            .await;

            let report = function.sync_with_failures().await;

            assert_eq!(code(entry(&report, &frontend)), expected, "{own} {reply:?}");
            assert_eq!(entry(&report, &neighbour)["outcome"], "changed", "{own} {reply:?}");
            assert_only_written(&function.world(), &neighbour);
        }
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_writes_nothing() {
    resolves_to(Reply::NoSuchName, "DnsNoRecords").await;
}

#[tokio::test]
async fn a_name_without_an_address_writes_nothing() {
    resolves_to(Answer::none(), "DnsNoRecords").await;
}

#[tokio::test]
async fn addresses_of_the_other_family_only_write_nothing() {
    resolves_to(["fd00:1::10"], "DnsNoRecords").await;
}

#[tokio::test]
async fn a_resolver_that_fails_writes_nothing() {
    resolves_to(Reply::ServerFailure, "DnsFailed").await;
}

#[tokio::test]
async fn a_resolver_that_refuses_writes_nothing() {
    resolves_to(Reply::Refused, "DnsFailed").await;
}

#[tokio::test]
async fn a_resolver_that_is_silent_is_given_up_within_the_budget() {
    let start = Instant::now();
    let failed = resolves_to(Reply::Silence, "DnsTimeout").await;

    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(failed.message().contains("300"), "{}", failed.message());
}

#[tokio::test]
async fn a_resolver_that_is_too_late_is_one_that_is_silent() {
    resolves_to(Answer::from(PAYMENTS).after(Duration::from_secs(1)), "DnsTimeout").await;
}

#[tokio::test]
async fn a_resolver_that_is_slow_is_waited_for() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).after(Duration::from_millis(300)));
        frontend
    })
    .await;

    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_lost_packet_costs_a_part_of_the_budget_only() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let packets = AtomicUsize::new(0);
    // An answer without even an id is as good as none.
    let lossy = move |answer| if packets.fetch_add(1, Ordering::SeqCst) == 0 { vec![] } else { answer };
    let relay = Relay::of_dns(&sim, "127.0.0.1", lossy).await;
    let server = relay.address.to_string();
    let variables = [("DNS_SERVERS", server.as_str()), ("DNS_TIMEOUT_MS", "1500")];
    let function = Function::start_with(sim, &variables).await;

    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_truncated_answer_is_fetched_over_tcp() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).truncated(Tcp::Answers));
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(entry(&report, &frontend)["registered"], json!(PAYMENTS_TARGETS));
    let world = function.world();
    assert!(world.dns.questions().iter().any(|question| question.transport == Transport::Tcp));
}

#[tokio::test]
async fn a_truncated_answer_that_tcp_does_not_complete_writes_nothing() {
    resolves_to(Answer::from(PAYMENTS).truncated(Tcp::Closes), "DnsFailed").await;
}

#[tokio::test]
async fn a_truncated_answer_that_tcp_is_silent_about_is_given_up_within_the_budget() {
    let start = Instant::now();
    let failed = fails_with(&[SHORT], |world, _| {
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).truncated(Tcp::Silent));
    })
    .await;

    assert!(["DnsFailed", "DnsTimeout"].contains(&failed.code()), "{}", failed.code());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_truncated_answer_of_a_server_without_tcp_writes_nothing() {
    let sim = Simulator::start().await;
    let frontend = {
        let mut world = sim.world();
        let frontend = payments(&mut world);
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).truncated(Tcp::Answers));
        frontend
    };
    let relay = Relay::of_dns(&sim, "127.0.0.1", |answer| answer).await;
    let function = Function::start_with(sim, &[("DNS_SERVERS", &relay.address.to_string())]).await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(entry(&report, &frontend)), "DnsFailed");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn records_of_another_name_write_nothing() {
    fails_somehow(Reply::OtherName(wrong())).await;
}

#[tokio::test]
async fn records_of_another_type_write_nothing() {
    fails_somehow(Reply::OtherType).await;
}

#[tokio::test]
async fn an_answer_to_another_question_writes_nothing() {
    fails_somehow(Reply::OtherId(wrong())).await;
}

#[tokio::test]
async fn bytes_that_are_no_dns_write_nothing() {
    fails_somehow(Reply::Garbage).await;
}

#[tokio::test]
async fn a_loop_of_aliases_writes_nothing() {
    let failed = fails_with(&[SHORT], |world, _| {
        let host = world.host("payments");
        world.dns.set(&host, Reply::Alias("a.example.com".to_owned()));
        world.dns.set("a.example.com", Reply::Alias("b.example.com".to_owned()));
        world.dns.set("b.example.com", Reply::Alias("a.example.com".to_owned()));
    })
    .await;

    assert!(failed.code().starts_with("Dns"), "{}", failed.code());
}

#[tokio::test]
async fn a_loop_of_bare_aliases_writes_nothing() {
    let failed = fails_with(&[SHORT], |world, _| {
        let host = world.host("payments");
        world.dns.set(&host, Reply::BareAlias("a.example.com".to_owned()));
        world.dns.set("a.example.com", Reply::BareAlias(host));
    })
    .await;

    assert!(failed.code().starts_with("Dns"), "{}", failed.code());
    let questions = failed.function.world().dns.questions().len();
    assert!(questions < 50, "{questions} questions");
}

#[tokio::test]
async fn an_alias_that_leads_nowhere_writes_nothing() {
    for reply in
        [Reply::Alias("nowhere.example.com".to_owned()), Reply::BareAlias("nowhere.example.com".to_owned())]
    {
        fails_somehow(reply).await;
    }
}

#[tokio::test]
async fn an_alias_to_a_name_that_fails_writes_nothing() {
    for bare in [false, true] {
        let failed = fails_with(&[SHORT], |world, _| {
            let host = world.host("payments");
            let target = "a.example.com".to_owned();
            world.dns.set(&host, if bare { Reply::BareAlias(target) } else { Reply::Alias(target) });
            world.dns.set("a.example.com", Reply::ServerFailure);
        })
        .await;

        assert_eq!(failed.code(), "DnsFailed", "bare: {bare}");
    }
}

/// What DNS says is wrong: whichever of its codes tells, nothing is written.
async fn fails_somehow(reply: Reply) {
    let failed = fails_with(&[SHORT], |world, _| {
        let host = world.host("payments");
        world.dns.set(&host, reply.clone());
    })
    .await;

    let codes = ["DnsNoRecords", "DnsFailed", "DnsTimeout"];
    assert!(codes.contains(&failed.code()), "{reply:?}: {}", failed.code());
}

#[tokio::test]
async fn an_alias_is_followed_to_the_addresses() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Reply::Alias("a.example.com".to_owned()));
        world.dns.set("a.example.com", Reply::Alias("b.example.com".to_owned()));
        world.dns.set("b.example.com", PAYMENTS);
        frontend
    })
    .await;

    assert_eq!(entry(&function.sync().await, &frontend)["registered"], json!(PAYMENTS_TARGETS));
}

#[tokio::test]
async fn an_alias_to_an_address_that_is_not_allowed_writes_nothing() {
    let failed = fails(|world, _| {
        let host = world.host("payments");
        world.dns.set(&host, Reply::Alias("a.example.com".to_owned()));
        world.dns.set("a.example.com", ["203.0.113.1"]);
    })
    .await;

    assert_eq!(failed.code(), "AddressNotAllowed");
}

/// Adds a record of another name to an answer over UDP: before the last
/// record, which is the one of EDNS.
fn with_a_stranger(mut answer: Vec<u8>) -> Vec<u8> {
    const EDNS_BYTES: usize = 11;
    let wrong = [10, 0, 66, 66];
    let record = [&b"\x05other\x07example\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"[..], &wrong].concat();
    answer[7] += 1;
    let end = answer.len() - EDNS_BYTES;
    answer.splice(end..end, record);
    answer
}

#[tokio::test]
async fn a_record_of_another_name_beside_our_own_is_never_registered() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let relay = Relay::of_dns(&sim, "127.0.0.1", with_a_stranger).await;
    let function = Function::start_with(sim, &[("DNS_SERVERS", &relay.address.to_string())]).await;

    drop(function.invoke("{}").await);

    let targets = targets_of(&function.world(), &frontend.target_group);
    assert!(!targets.contains(&format!("{WRONG}:443")), "{targets:?}");
}

#[tokio::test]
async fn one_address_that_is_not_allowed_makes_the_whole_answer_suspect() {
    for wrong in [
        "203.0.113.10",
        "52.16.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "100.63.255.255",
        "100.128.0.0",
    ] {
        for answer in [vec![wrong], vec!["10.0.1.10", wrong], vec![wrong, "10.0.2.11", "10.0.1.10"]] {
            let failed = fails(|world, _| {
                let host = world.host("payments");
                let addresses = answer.iter().map(|address| address.parse().expect("an address"));
                world.dns.set(&host, Answer::addresses(addresses.collect()));
            })
            .await;

            assert_eq!(failed.code(), "AddressNotAllowed", "{answer:?}");
            assert!(failed.message().contains(wrong), "{}", failed.message());
            assert!(failed.message().contains("ALLOWED_CIDRS"), "{}", failed.message());
        }
    }
}

#[tokio::test]
async fn an_ipv6_address_that_is_not_allowed_writes_nothing() {
    for wrong in ["2001:db8::1", "::1", "fe80::1", "::ffff:10.0.1.10", "::", "ff02::1", "fe00::1"] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = of_family(world, Family::Ipv6);
            let host = world.host("payments");
            world.dns.set(&host, ["fd00:1::10", wrong]);
            frontend
        })
        .await;

        let report = function.sync_with_failures().await;

        assert_eq!(code(entry(&report, &frontend)), "AddressNotAllowed", "{wrong}");
        assert_eq!(function.world().writes().len(), 0, "{wrong}");
    }
}

#[tokio::test]
async fn the_edges_of_the_allowed_networks_are_inside() {
    let addresses = [
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
    ];
    let (function, frontend) = Function::start_in(|world| {
        world.add_cluster("payments", addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync().await;

    assert_eq!(entry(&report, &frontend)["desired"], json!(addresses));
    assert_eq!(function.world().targets(&frontend.target_group).len(), 8);
}

#[tokio::test]
async fn a_public_endpoint_seen_from_outside_the_vpc_writes_nothing() {
    let (function, frontend) = Function::start_in(|world| {
        world.dns.view = View::Outside;
        world.create_cluster(ClusterSpec { public_access: true, ..ClusterSpec::new("payments", PAYMENTS) });
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync_with_failures().await;
    assert_eq!(code(entry(&report, &frontend)), "AddressNotAllowed");
    assert_eq!(function.world().writes().len(), 0);

    function.world().dns.view = View::Inside;
    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn no_answer_outlives_its_run() {
    let (function, frontend) = Function::start_in(payments).await;
    function.sync().await;
    function.world().rotate("payments", ["10.0.4.14"]);

    let report = function.sync().await;

    assert_eq!(entry(&report, &frontend)["desired"], json!(["10.0.4.14"]));
    assert_eq!(function.world().dns.questions().len(), 2);
}

#[tokio::test]
async fn no_failure_outlives_its_run() {
    for (reply, expected) in [(Reply::NoSuchName, "DnsNoRecords"), (Reply::ServerFailure, "DnsFailed")] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = payments(world);
            let host = world.host("payments");
            world.dns.set(&host, reply);
            frontend
        })
        .await;
        let report = function.sync_with_failures().await;
        assert_eq!(code(entry(&report, &frontend)), expected);
        function.world().publish("payments");

        assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
    }
}

#[tokio::test]
async fn names_are_asked_for_as_eks_spells_them() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Reply::NoSuchName);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(entry(&report, &frontend)), "DnsNoRecords");
    let world = function.world();
    let host = world.host("payments").to_ascii_lowercase();
    // A search list would have made others of it.
    assert!(
        world.dns.questions().iter().all(|question| question.name == host),
        "{:?}",
        world.dns.questions()
    );
}

#[tokio::test]
async fn an_answer_of_many_records_is_taken_whole() {
    let addresses: Vec<_> = (1..=250).map(|n| format!("10.0.1.{n}")).collect();
    let (function, frontend) = Function::start_in(|world| {
        world.add_cluster("payments", &addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["registered"], 250, "{}", report["summary"]);
    assert_eq!(function.world().targets(&frontend.target_group).len(), 250);
}

#[tokio::test]
async fn an_address_that_is_told_twice_is_one_target() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, ["10.0.2.11", "10.0.1.10", "10.0.2.11"]);
        frontend
    })
    .await;

    assert_eq!(entry(&function.sync().await, &frontend)["registered"], json!(PAYMENTS_TARGETS));
}

#[tokio::test]
async fn a_name_server_has_an_ipv6_address_in_brackets() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let relay = Relay::of_dns(&sim, "::1", |answer| answer).await;
    let server = relay.address.to_string();
    assert!(server.starts_with("[::1]:"));
    let function = Function::start_with(sim, &[("DNS_SERVERS", &server)]).await;

    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_name_server_that_is_not_there_writes_nothing() {
    let sim = Simulator::start().await;
    let frontend = busy_payments(&mut sim.world());
    let closed = closed_address().expect("a free port").to_string();
    let function = Function::start_with(sim, &[SHORT, ("DNS_SERVERS", &closed)]).await;

    let report = function.sync_with_failures().await;

    assert!(["DnsFailed", "DnsTimeout"].contains(&code(entry(&report, &frontend))), "{report:#}");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn a_name_server_that_is_dead_is_not_the_end() {
    // Nothing listens at the first; the second listens and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let silent = silent.local_addr().expect("it is bound");
    let closed = closed_address().expect("a free port");
    for dead in [closed, silent] {
        let sim = Simulator::start().await;
        let frontend = payments(&mut sim.world());
        let servers = format!("{dead},{}", sim.dns_address());
        let function = Function::start_with(sim, &[("DNS_SERVERS", &servers)]).await;

        for outcome in ["changed", "converged"] {
            assert_eq!(entry(&function.sync().await, &frontend)["outcome"], outcome);
        }
    }
}
