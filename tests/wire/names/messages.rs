//! Answers that are slow, truncated, large, or hold aliases.

use super::*;

/// A test of its own, because the other cases would share its connection.
#[tokio::test]
async fn a_truncated_answer_that_tcp_is_silent_about_is_given_up() {
    let failed = fails_with(&[BY_DNS, SHORT], |world, _| {
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).truncated(Tcp::Silent));
    })
    .await;

    assert_eq!(failed.code(), "DnsTimeout");
}

#[tokio::test]
async fn a_lost_packet_costs_a_part_of_the_budget_only() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let packets = AtomicUsize::new(0);
    let lossy =
        move |_: &[u8], answer| if packets.fetch_add(1, Ordering::SeqCst) == 0 { vec![] } else { answer };
    let relay = Relay::of_dns(&sim, LOCALHOST, lossy).await;
    let server = relay.address.to_string();
    let variables = [BY_DNS, ("DNS_SERVERS", server.as_str()), ("DNS_TIMEOUT_MS", "1500")];
    let function = Function::start_with(sim, &variables).await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_truncated_answer_is_fetched_over_tcp() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).truncated(Tcp::Answers));
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(PAYMENTS_TARGETS));
    let world = function.world();
    assert!(world.dns.questions().iter().any(|question| question.transport == Transport::Tcp));
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
    let relay = Relay::of_dns(&sim, LOCALHOST, |_, answer| answer).await;
    let function = Function::start_with(sim, &[BY_DNS, ("DNS_SERVERS", &relay.address.to_string())]).await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "DnsFailed");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn an_alias_is_followed_to_the_addresses() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Reply::Alias("a.example.com".to_owned()));
        world.dns.set("a.example.com", Reply::Alias("b.example.com".to_owned()));
        world.dns.set("b.example.com", PAYMENTS);
        frontend
    })
    .await;

    assert_eq!(reported(&function.sync().await, &frontend)["registered"], json!(PAYMENTS_TARGETS));
}

/// Adds a record of another name to an answer over UDP.
fn with_a_stranger(_: &[u8], mut answer: Vec<u8>) -> Vec<u8> {
    let record = b"\x05other\x07example\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x42\x42";
    answer[7] += 1;
    answer.extend(record);
    answer
}

#[tokio::test]
async fn a_record_of_another_name_beside_the_asked_one_is_left_out() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let relay = Relay::of_dns(&sim, LOCALHOST, with_a_stranger).await;
    let function = Function::start_with(sim, &[BY_DNS, ("DNS_SERVERS", &relay.address.to_string())]).await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["desired"], json!(PAYMENTS));
    assert_eq!(targets_of(&function.world(), &frontend.target_group), PAYMENTS_TARGETS);
}

#[tokio::test]
async fn an_answer_of_many_records_is_taken_whole() {
    let addresses: Vec<_> = (1..=250).map(|n| format!("10.0.1.{n}")).collect();
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.add_cluster("payments", &addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["registered"], 250, "{}", report["summary"]);
    assert_eq!(function.world().targets(&frontend.target_group).len(), 250);
}

/// While an earlier one is silent, too.
#[tokio::test]
async fn a_server_that_fails_costs_no_time() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let silent = Relay::of_dns(&sim, LOCALHOST, |_, _| vec![]).await;
    let fails = |question: &[u8], _| [&question[..2], &[0x81, 0x82], &question[4..]].concat();
    let failing = Relay::of_dns(&sim, LOCALHOST, fails).await;
    let mut servers = vec![silent.address.to_string()];
    servers.extend(vec![failing.address.to_string(); 8]);
    servers.push(sim.dns_address().to_string());
    let variables = [BY_DNS, ("DNS_SERVERS", &*servers.join(",")), ("DNS_TIMEOUT_MS", "30000")];
    let function = Function::start_with(sim, &variables).await;
    function.started().await;
    let begun = std::time::Instant::now();

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(PAYMENTS_TARGETS));
    // The silent one costs a second.
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}
