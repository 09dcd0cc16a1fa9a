//! DNS answers: mutated, enormous, in circles. Only addresses that the answer
//! gives to the queried name are accepted.

mod aliases;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eks_nlb_simulator::world::Transport;
use eks_nlb_sync::error::FrontendError;
use eks_nlb_sync::model::{Addresses, Family, Host};
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::settings::Settings;
use proptest::prelude::*;

use crate::message::{A, AAAA, CNAME, QUESTION_AT, addresses, answer, name, pointer, record};
use crate::mutation::{Mutation, mutations};
use crate::name_server::NameServer;
use crate::{in_paused_time, within};
use eks_nlb_traffic::in_memory_net::InMemoryNet;

const HOST: &str = "abc.gr7.eu-west-1.eks.amazonaws.com";

/// The longest message over TCP.
const MESSAGE_BYTES: usize = 65_535;

/// More processor time than any answer may cost, on a slow machine.
const BOUND: Duration = Duration::from_secs(1);

/// Resolves [`HOST`] by `server`, in paused time.
fn resolve(server: &NameServer, family: Family) -> Result<Addresses, FrontendError> {
    let settings = Settings::from_lookup(|variable| match variable {
        "DNS_SERVERS" => Some("192.0.2.53".to_owned()),
        // This test judges the resolver's answer only.
        "ALLOWED_CIDRS" => Some("0.0.0.0/0,::/0".to_owned()),
        _ => None,
    });
    let settings = settings.expect("valid");
    in_paused_time(async {
        let resolver =
            Resolver::with_provider(&settings, &InMemoryNet::to(server.clone())).expect("it needs no system");
        let host = HOST.parse::<Host>().expect("a host");
        let start = tokio::time::Instant::now();
        let answer = resolver.resolve(&host, family).await;
        assert!(start.elapsed() <= settings.dns_timeout, "{:?}", start.elapsed());
        answer
    })
}

/// A server that gives the same records, at first truncated.
fn of_records(records: Vec<Vec<u8>>) -> NameServer {
    NameServer::new(move |transport, question| match transport {
        Transport::Udp => {
            let mut truncated = answer(question, &[]);
            truncated[2] |= 0x02;
            vec![truncated]
        }
        Transport::Tcp => vec![answer(question, &records)],
    })
}

/// As many records as fit into a message.
fn filled(mut record_of: impl FnMut(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut left = MESSAGE_BYTES - QUESTION_AT - name(HOST).len() - 4;
    let mut records = Vec::new();
    loop {
        let record = record_of(records.len());
        let Some(rest) = left.checked_sub(record.len()) else { return records };
        left = rest;
        records.push(record);
    }
}

/// A label of three letters, another for each `n`.
fn short(n: usize) -> [u8; 3] {
    let letter = |n: usize| b'a' + u8::try_from(n % 26).expect("a letter");
    [letter(n / 676), letter(n / 26), letter(n)]
}

/// A fragment of an answer, or arbitrary bytes.
fn part_of_an_answer() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..20),
        (0u16..200).prop_map(|to| (0xc000 | to).to_be_bytes().to_vec()),
    ]
}

/// Valid answers of every relevant shape: addresses of both families, aliases,
/// and an address of another name.
fn valid(question: &[u8]) -> Vec<u8> {
    let own = pointer(QUESTION_AT);
    let alias = name("nlb.example.com");
    answer(
        question,
        &[
            record(&own, A, &[10, 0, 1, 10]),
            record(&own, AAAA, &[0xfd; 16]),
            record(&own, CNAME, &alias),
            record(&alias, A, &[10, 0, 2, 11]),
            record(&alias, AAAA, &[0xfc; 16]),
            record(&name("stranger.example"), A, &[10, 0, 66, 66]),
            record(&name("stranger.example"), AAAA, &[0xfe; 16]),
        ],
    )
}

/// Resolves by mutated answers; asserts that every accepted address is in one of them. Tells whether anything was.
fn resolve_mutated(mutations: Vec<Mutation>, family: Family) -> bool {
    let kind = if family == Family::Ipv4 { A } else { AAAA };
    let given: Arc<Mutex<BTreeSet<IpAddr>>> = Arc::default();
    let taken_down = Arc::clone(&given);
    let server = NameServer::new(move |_, question| {
        let mut message = valid(question);
        for mutation in &mutations {
            // The first two bytes are the id: an answer with another id is ignored.
            mutation.apply(&mut message, 2);
        }
        message.truncate(MESSAGE_BYTES);
        taken_down.lock().expect("nobody panics with it").extend(addresses(&message, HOST, kind));
        vec![message]
    });
    let resolved = within(BOUND, || resolve(&server, family));
    assert!(server.questions() < 60, "{} questions", server.questions());
    let Ok(accepted) = resolved else { return false };
    let given = given.lock().expect("nobody panics with it");
    for ip in accepted.iter() {
        assert!(given.contains(&ip), "{ip} is not an address of the host: {given:?}");
    }
    true
}

proptest! {
    #[test]
    fn a_mutated_answer_gives_nothing_that_it_does_not_say(
        mutations in mutations(part_of_an_answer()),
        ipv4: bool,
    ) {
        resolve_mutated(mutations, if ipv4 { Family::Ipv4 } else { Family::Ipv6 });
    }

    #[test]
    fn bytes_are_no_answer(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let server = NameServer::new(move |_, question| vec![[&question[..2], &bytes].concat()]);
        let resolved = within(BOUND, || resolve(&server, Family::Ipv4));
        prop_assert!(resolved.is_err());
    }
}

/// Otherwise the property above could hold because no answer is accepted.
#[test]
fn an_answer_that_is_hardly_mutated_is_accepted() {
    assert!(resolve_mutated(vec![], Family::Ipv4));
    assert!(resolve_mutated(vec![], Family::Ipv6));
}

/// Also if it holds an address, as of a server that is wrong about one of the two.
#[test]
fn a_name_that_does_not_exist_has_no_address() {
    const NXDOMAIN: u8 = 3;
    let server = NameServer::new(|_, question| {
        let mut message = valid(question);
        message[3] |= NXDOMAIN;
        vec![message]
    });

    let resolved = resolve(&server, Family::Ipv4);

    assert!(matches!(resolved, Err(FrontendError::DnsNoRecords { .. })), "{resolved:?}");
}

#[test]
fn every_single_byte_may_be_wrong() {
    let length = valid(&answer(&[&[0; 12][..], &name(HOST), &[0, 1, 0, 1]].concat(), &[])).len();
    let mut accepted = 0;
    for at in 2..length {
        for byte in [0x00, 0x0c, 0x3f, 0x40, 0xc0, 0xff] {
            let server = NameServer::new(move |_, question| {
                let mut message = valid(question);
                message[at] = byte;
                vec![message]
            });
            let resolved = within(BOUND, || resolve(&server, Family::Ipv4));
            if let Ok(addresses) = resolved {
                accepted += 1;
                assert!(addresses.iter().all(|ip| ip != IpAddr::from([10, 0, 66, 66])), "byte {at}");
            }
        }
    }
    assert!(accepted > length, "only {accepted} of {} were accepted", 6 * length);
}

#[test]
fn every_single_byte_may_be_the_last() {
    let length = valid(&answer(&[&[0; 12][..], &name(HOST), &[0, 1, 0, 1]].concat(), &[])).len();
    for end in 0..length {
        let server = NameServer::new(move |_, question| vec![valid(question)[..end].to_vec()]);
        assert!(within(BOUND, || resolve(&server, Family::Ipv4)).is_err(), "{end} bytes");
    }
}

#[test]
fn thousands_of_addresses_are_read_in_no_time() {
    let records = filled(|n| {
        let [.., high, low] = u32::try_from(n).expect("few").to_be_bytes();
        record(&pointer(QUESTION_AT), A, &[10, 0, high, low])
    });
    let count = records.len();
    assert!(count > 4_000, "{count}");
    let resolved = within(BOUND, || resolve(&of_records(records), Family::Ipv4));
    assert_eq!(resolved.expect("an answer").iter().count(), count);
}

#[test]
fn thousands_of_other_names_are_read_in_no_time() {
    let mut records = filled(|n| record(&[&[2][..], &short(n)[1..3], &[0]].concat(), A, &[10, 0, 66, 66]));
    records.pop();
    records.push(record(&pointer(QUESTION_AT), A, &[10, 0, 1, 10]));
    let resolved = within(BOUND, || resolve(&of_records(records), Family::Ipv4));
    let addresses: Vec<_> = resolved.expect("an answer").iter().collect();
    assert_eq!(addresses, [IpAddr::from([10, 0, 1, 10])]);
}

#[test]
fn pointers_in_circles_lead_nowhere() {
    let length = QUESTION_AT + name(HOST).len() + 4;
    for to in [0, QUESTION_AT, length, length + 2, length + 12, length + 40, 0x3fff] {
        for owner in
            [pointer(to), [&[1, b'a'][..], &pointer(to)].concat(), [pointer(to), pointer(to)].concat()]
        {
            let records = vec![record(&owner, CNAME, &pointer(to)), record(&owner, A, &[10, 0, 66, 66])];
            let server = of_records(records);
            let resolved = within(BOUND, || resolve(&server, Family::Ipv4));
            assert_eq!(resolved.is_ok(), owner == pointer(QUESTION_AT), "{owner:x?} to {to}: {resolved:?}");
        }
    }
}

#[test]
fn counts_that_lie_cost_nothing() {
    for counts in [[0xff; 8], [0, 1, 0xff, 0xff, 0, 0, 0, 0], [0, 1, 0, 1, 0xff, 0xff, 0xff, 0xff]] {
        let server = NameServer::new(move |_, question| {
            let mut message = valid(question);
            message[4..12].copy_from_slice(&counts);
            vec![message]
        });
        assert!(within(BOUND, || resolve(&server, Family::Ipv4)).is_err(), "{counts:?}");
    }
}

/// A client that sends faster than the resolver reads delays it by the budget at most,
/// and its answers are not accepted.
#[test]
fn a_flood_of_strangers_answers_changes_nothing() {
    let server = NameServer::new(|transport, question| {
        let mut strangers: Vec<_> = (0..5_000u16)
            .map(|n| {
                let mut message = answer(question, &[record(&pointer(QUESTION_AT), A, &[10, 0, 66, 66])]);
                let id = u16::from_be_bytes([question[0], question[1]]).wrapping_add(n + 1);
                message[..2].copy_from_slice(&id.to_be_bytes());
                message
            })
            .collect();
        if transport == Transport::Tcp {
            strangers.truncate(10);
        }
        strangers.push(answer(question, &[record(&pointer(QUESTION_AT), A, &[10, 0, 1, 10])]));
        strangers
    });
    let resolved = within(2 * BOUND, || resolve(&server, Family::Ipv4));
    let addresses = resolved.expect("its own answer is found among them");
    assert_eq!(addresses.iter().collect::<Vec<_>>(), [IpAddr::from([10, 0, 1, 10])]);
}
