//! Turns a question into the bytes to send; sends nothing.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::world::{Answer, Family, Question, Reply, Tcp, Transport, World, normal};

/// How long EKS lets resolvers keep an address, in seconds.
const TTL_SECONDS: u32 = 60;

/// What to send, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// After this much real time.
    pub delay: Duration,
    /// This.
    pub sent: Sent,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// These bytes.
    Message(Vec<u8>),
    /// Nothing, ever.
    Nothing,
    /// The end of the connection.
    Close,
}

/// Answers the question in `bytes` from the world.
pub fn answer(world: &mut World, bytes: &[u8], transport: Transport) -> Answered {
    let never = Answered { delay: Duration::ZERO, sent: Sent::Nothing };
    let Ok(question) = Message::from_vec(bytes) else {
        return never;
    };
    let Some(query) = question.queries.first() else {
        return never;
    };
    let name = normal(&query.name().to_ascii());
    world.dns.record(Question { name: name.clone(), kind: query.query_type().to_string(), transport });
    let family = family_of(query.query_type());
    let known = family.and_then(|family| world.dns.answer(&name, family));
    let answer = known
        .cloned()
        .unwrap_or_else(|| if world.dns.exists(&name) { Answer::none() } else { Reply::NoSuchName.into() });
    let sent = match (transport, answer.tcp) {
        (Transport::Tcp, Tcp::Closes) => Sent::Close,
        (Transport::Tcp, Tcp::Silent) => Sent::Nothing,
        (Transport::Tcp, Tcp::Answers) | (Transport::Udp, _) => {
            encode(world, &question, query, &answer, transport)
        }
    };
    Answered { delay: answer.delay, sent }
}

/// The bytes of `answer` to `question`.
fn encode(world: &World, question: &Message, query: &Query, answer: &Answer, transport: Transport) -> Sent {
    let mut message = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    message.metadata.recursion_desired = question.metadata.recursion_desired;
    message.metadata.recursion_available = true;
    message.add_query(query.clone());
    if question.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(1_232);
        message.set_edns(edns);
    }
    let kind = query.query_type();
    let name = query.name();
    match &answer.reply {
        Reply::Silence => return Sent::Nothing,
        Reply::Garbage => return Sent::Message(b"\x00\x01this is no DNS".to_vec()),
        Reply::NoSuchName => message.metadata.response_code = ResponseCode::NXDomain,
        Reply::ServerFailure => message.metadata.response_code = ResponseCode::ServFail,
        Reply::Refused => message.metadata.response_code = ResponseCode::Refused,
        Reply::Addresses(addresses) => {
            message.add_answers(records(name, kind, addresses));
        }
        Reply::OtherId(addresses) => {
            message.metadata.id = message.metadata.id.wrapping_add(1);
            message.add_answers(records(name, kind, addresses));
        }
        Reply::OtherName(addresses) => {
            let other = name_of("another.name.invalid");
            message.add_answers(records(&other, kind, addresses));
        }
        Reply::OtherType => {
            let text = TXT::new(vec!["no address".to_owned()]);
            message.add_answer(record(name, RData::TXT(text)));
        }
        Reply::BareAlias(target) => {
            let alias = RData::CNAME(CNAME(name_of(target)));
            message.add_answer(record(name, alias));
        }
        Reply::Alias(target) => follow(world, &mut message, name, kind, target),
    }
    let no_such_name = message.metadata.response_code == ResponseCode::NXDomain;
    if message.answers.is_empty() || no_such_name {
        // How long to cache the absence.
        message.add_authority(start_of_authority());
    }
    finish(message, question, answer.truncated, transport)
}

/// Adds aliases up to an end or around a loop, and the addresses at the end.
fn follow(world: &World, message: &mut Message, name: &Name, kind: RecordType, target: &str) {
    let Some(family) = family_of(kind) else {
        return;
    };
    let mut from = name.clone();
    let mut target = target;
    let mut seen = vec![normal(&name.to_ascii())];
    // Ends, because the number of names is finite.
    loop {
        let to = name_of(target);
        message.add_answer(record(&from, RData::CNAME(CNAME(to.clone()))));
        let key = normal(target);
        let found = world.dns.answer(&key, family);
        if seen.contains(&key) {
            return;
        }
        seen.push(key);
        from = to;
        match found.map(|answer| &answer.reply) {
            Some(Reply::Alias(next)) => target = next,
            Some(Reply::Addresses(addresses)) => {
                message.add_answers(records(&from, kind, addresses));
                return;
            }
            Some(Reply::NoSuchName) | None => {
                message.metadata.response_code = ResponseCode::NXDomain;
                return;
            }
            Some(_) => {
                message.metadata.response_code = ResponseCode::ServFail;
                return;
            }
        }
    }
}

/// The bytes of `message`, or a truncated answer if it is too long for UDP.
fn finish(mut message: Message, question: &Message, truncated: bool, by: Transport) -> Sent {
    let bytes = |message: &Message| message.to_vec().expect("names and records are valid");
    let whole = bytes(&message);
    if by == Transport::Tcp {
        return Sent::Message(whole);
    }
    let room = usize::from(question.max_payload());
    if !truncated && whole.len() <= room {
        return Sent::Message(whole);
    }
    message.answers.clear();
    message.metadata.truncation = true;
    Sent::Message(bytes(&message))
}

/// The family of the addresses in records of `kind`.
fn family_of(kind: RecordType) -> Option<Family> {
    let families = [(RecordType::A, Family::Ipv4), (RecordType::AAAA, Family::Ipv6)];
    let found = families.into_iter().find(|&(of, _)| of == kind)?;
    Some(found.1)
}

/// A record for each of `addresses` that `kind` can hold.
fn records(name: &Name, kind: RecordType, addresses: &[IpAddr]) -> Vec<Record> {
    let data = addresses.iter().filter_map(|address| match (kind, address) {
        (RecordType::A, IpAddr::V4(v4)) => Some(RData::A(A(*v4))),
        (RecordType::AAAA, IpAddr::V6(v6)) => Some(RData::AAAA(AAAA(*v6))),
        _ => None,
    });
    data.map(|data| record(name, data)).collect()
}

fn record(name: &Name, data: RData) -> Record {
    Record::from_rdata(name.clone(), TTL_SECONDS, data)
}

fn start_of_authority() -> Record {
    let soa =
        SOA::new(name_of("ns.invalid"), name_of("hostmaster.invalid"), 1, 7_200, 900, 1_209_600, TTL_SECONDS);
    record(&name_of("amazonaws.com"), RData::SOA(soa))
}

fn name_of(text: &str) -> Name {
    let name = Name::from_ascii(format!("{}.", text.trim_end_matches('.')));
    name.unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer to a question for the IPv4 addresses of `host`.
    fn ask(world: &mut World, host: &str, edns: Option<u16>, transport: Transport) -> Message {
        let mut question = Message::query();
        question.add_query(Query::query(name_of(host), RecordType::A));
        if let Some(bytes) = edns {
            let mut edns = Edns::new();
            edns.set_max_payload(bytes);
            question.set_edns(edns);
        }
        let bytes = question.to_vec().expect("a valid question");
        match answer(world, &bytes, transport).sent {
            Sent::Message(bytes) => Message::from_vec(&bytes).expect("a valid answer"),
            sent @ (Sent::Nothing | Sent::Close) => panic!("{host}: {sent:?}"),
        }
    }

    #[test]
    fn a_loop_of_aliases_is_told_once_around() {
        let mut world = World::new();
        world.dns.set("a.example", Reply::Alias("b.example".to_owned()));
        world.dns.set("b.example", Reply::Alias("a.example".to_owned()));

        let told = ask(&mut world, "a.example", None, Transport::Udp);

        assert_eq!(told.answers.len(), 2);
        assert!(told.answers.iter().all(|record| record.record_type() == RecordType::CNAME));
    }

    #[test]
    fn a_client_says_how_much_it_takes_over_udp() {
        let mut world = World::new();
        let many = (0..60).map(|n| IpAddr::from([10, 0, 1, n])).collect();
        world.dns.set("many.example", Answer::addresses(many));
        let mut ask = |edns, transport| {
            let told = ask(&mut world, "many.example", edns, transport);
            (told.metadata.truncation, told.answers.len())
        };

        assert_eq!(ask(None, Transport::Udp), (true, 0));
        assert_eq!(ask(Some(512), Transport::Udp), (true, 0));
        assert_eq!(ask(Some(4_096), Transport::Udp), (false, 60));
        assert_eq!(ask(None, Transport::Tcp), (false, 60));
    }
}
