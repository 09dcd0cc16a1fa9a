//! Remembers what one run asked, was told, and did.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use eks_nlb_simulator::Recorded;
use eks_nlb_simulator::dns::{Answered, Sent};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::stage::PATIENCE;
use crate::truth::Moment;

/// What trouble was about when it was about the whole run.
const EVERYTHING: &str = "";

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    AtCall(usize),
    AtWrite(usize),
}

/// One question: a host, and whether its IPv6 addresses are asked for.
pub(crate) type Question = (String, bool);

/// The answer to a call, on its way.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) call: Recorded,
    pub(crate) well: bool,
    /// The target group that it tells of.
    pub(crate) seen: Option<Moment>,
    /// The addresses that the interfaces of each cluster's control plane have.
    pub(crate) interfaces: Option<BTreeMap<String, BTreeSet<IpAddr>>>,
}

/// What a run is to be like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Orders {
    pub(crate) dry: bool,
    /// The only cluster that the event names.
    pub(crate) only: Option<usize>,
    pub(crate) death: Option<Death>,
}

/// One run, as it can be seen from outside.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    pub(crate) orders: Orders,
    /// The target groups that may be written, and whose frontends they are.
    pub(crate) managed: BTreeMap<String, usize>,
    pub(crate) dead: bool,
    /// Is told when the run is to end at once.
    pub(crate) killed: Arc<Notify>,
    calls: usize,
    pub(crate) writes: usize,
    /// The clusters that EKS has described.
    pub(crate) described: BTreeSet<String>,
    /// Every usable answer to a question.
    pub(crate) told: BTreeMap<Question, BTreeSet<BTreeSet<IpAddr>>>,
    /// The addresses that EC2 has told of, by cluster.
    pub(crate) interfaces: BTreeMap<String, BTreeSet<IpAddr>>,
    /// The target groups when ELB last told of them, and when that was.
    pub(crate) seen: BTreeMap<String, (Moment, Instant)>,
    /// What was acknowledged, by target group.
    pub(crate) registered: BTreeMap<String, BTreeSet<SocketAddr>>,
    pub(crate) deregistered: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// What was to be deregistered by calls whose answers did not say so.
    pub(crate) unacknowledged: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// The clusters, hosts and target groups about which something went wrong.
    troubles: BTreeSet<String>,
}

impl Witness {
    pub(crate) fn new(orders: Orders, managed: BTreeMap<String, usize>) -> Self {
        Self { orders, managed, ..Self::default() }
    }

    /// Counts one call, and tells whether it is the last that the process makes.
    pub(crate) fn makes_call(&mut self, write: bool) -> bool {
        self.calls += 1;
        self.writes += usize::from(write);
        self.dead = match self.orders.death {
            Some(Death::AtCall(last)) => self.calls >= last,
            Some(Death::AtWrite(last)) => self.writes >= last,
            None => false,
        };
        if self.dead {
            self.killed.notify_one();
        }
        self.dead
    }

    /// Takes note of a call that goes wrong.
    pub(crate) fn is_in_trouble(&mut self, call: &Recorded) {
        if call.operation == "DeregisterTargets" {
            self.unacknowledged.entry(about(call)).or_default().extend(targets(call));
        }
        self.troubles.insert(about(call));
    }

    /// Takes note of an answer that arrives.
    pub(crate) fn hears(&mut self, Heard { call, well, seen, interfaces }: Heard) {
        if !well {
            return;
        }
        let about = about(&call);
        match call.operation.as_str() {
            "DescribeCluster" => _ = self.described.insert(about),
            "DescribeTargetHealth" => self.seen.extend(seen.map(|seen| (about, (seen, Instant::now())))),
            "DescribeNetworkInterfaces" => self.interfaces.extend(interfaces.into_iter().flatten()),
            "RegisterTargets" => self.registered.entry(about).or_default().extend(targets(&call)),
            "DeregisterTargets" => self.deregistered.entry(about).or_default().extend(targets(&call)),
            _ => {}
        }
    }

    /// Takes note of what the resolver said, which is usable if it may arrive
    /// in time and holds nothing but addresses of that name.
    pub(crate) fn is_told(&mut self, question: &[u8], answered: &Answered, usable: impl Fn(IpAddr) -> bool) {
        let question = Message::from_vec(question).ok().and_then(|message| asked(&message));
        let Some((host, kind)) = question else { return };
        let told = match &answered.sent {
            Sent::Message(bytes) if answered.delay < PATIENCE => {
                let answer = Message::from_vec(bytes).ok();
                answer.and_then(|answer| addresses(&answer, &host, kind))
            }
            Sent::Message(_) | Sent::Nothing | Sent::Close => None,
        };
        let told = told.filter(|addresses| addresses.iter().all(|ip| usable(*ip)));
        // The resolver asks three times in that time, and listens only to the
        // answer to its latest question.
        if told.is_none() || answered.delay >= PATIENCE / 3 {
            self.troubles.insert(host.clone());
        }
        if let Some(addresses) = told {
            self.told.entry((host, kind == RecordType::AAAA)).or_default().insert(addresses);
        }
    }

    /// Whether anything went wrong that concerns all, or one of `these`.
    pub(crate) fn was_hindered(&self, these: &[&str]) -> bool {
        self.troubles.contains(EVERYTHING) || these.iter().any(|about| self.troubles.contains(*about))
    }
}

/// The target group or cluster that a call is about.
fn about(call: &Recorded) -> String {
    call.target_group().or(call.parameter("name")).unwrap_or(EVERYTHING).to_owned()
}

/// The targets that a call names.
pub(crate) fn targets(call: &Recorded) -> BTreeSet<SocketAddr> {
    let member = |n: usize, field: &str| call.parameter(&format!("Targets.member.{n}.{field}"));
    let target = |n| {
        let ip: IpAddr = member(n, "Id")?.parse().expect("an address");
        let port = member(n, "Port").expect("targets are named with their port");
        Some(SocketAddr::new(ip, port.parse().expect("a port")))
    };
    (1..).map_while(target).collect()
}

/// What a message asks for.
fn asked(message: &Message) -> Option<(String, RecordType)> {
    let query = message.queries.first()?;
    Some((name_of(query.name()), query.query_type()))
}

/// The addresses that `answer` tells of `host`; none if there is anything else.
fn addresses(answer: &Message, host: &str, kind: RecordType) -> Option<BTreeSet<IpAddr>> {
    if answer.metadata.response_code != ResponseCode::NoError || answer.metadata.truncation {
        return None;
    }
    let address = |record: &hickory_resolver::proto::rr::Record| match (kind, &record.data) {
        _ if name_of(&record.name) != host => None,
        (RecordType::A, RData::A(a)) => Some(IpAddr::from(a.0)),
        (RecordType::AAAA, RData::AAAA(aaaa)) => Some(aaaa.0.into()),
        _ => None,
    };
    let addresses: Option<BTreeSet<IpAddr>> = answer.answers.iter().map(address).collect();
    addresses.filter(|addresses| !addresses.is_empty())
}

fn name_of(name: &hickory_resolver::proto::rr::Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
