//! Records the questions of one run, the answers to them, and its writes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use eks_nlb_simulator::dns::{Answered, Sent};
use eks_nlb_simulator::{Recorded, World};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::ground_truth::{Interfaces, Managed, Moment, Shown};
use crate::harness::PATIENCE;

/// The subject of a fault that concerns the whole run.
const EVERYTHING: &str = "";

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    AtCall(usize),
    AtWrite(usize),
}

/// One question: a host, and whether its IPv6 addresses are asked for.
pub(crate) type Question = (String, bool);

/// The answer to a call, on its way.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) call: Recorded,
    pub(crate) well: bool,
    pub(crate) answer: Option<Answer>,
}

/// What a read showed.
#[derive(Debug)]
pub(crate) enum Answer {
    Cluster(Described),
    Interfaces(Interfaces),
    Targets(Moment),
}

/// A cluster as EKS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) host: String,
    pub(crate) security_group: String,
}

impl Described {
    pub(crate) fn of(world: &World, name: &str) -> Self {
        Self {
            host: world.host(name).to_lowercase(),
            security_group: world.cluster(name).security_group.clone(),
        }
    }
}

/// The kind of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunOptions {
    pub(crate) dry: bool,
    /// The only cluster that the event names.
    pub(crate) only: Option<usize>,
    pub(crate) kill: Option<Kill>,
}

/// One run, as seen from outside.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is found out at another call")]
pub(crate) struct Witness {
    pub(crate) options: RunOptions,
    /// The target groups that may be written.
    pub(crate) managed: BTreeMap<String, Managed>,
    /// The clusters of which EKS tells where they are.
    pub(crate) in_order: BTreeSet<usize>,
    /// Some of its reads show the past.
    pub(crate) reads_lag: bool,
    pub(crate) dead: bool,
    /// Notified when the run is to end at once.
    pub(crate) killed: Arc<Notify>,
    calls: usize,
    pub(crate) writes: usize,
    /// The clusters that EKS has described.
    pub(crate) described: BTreeMap<String, Described>,
    /// Every usable answer to a question.
    pub(crate) answers: BTreeMap<Question, BTreeSet<BTreeSet<IpAddr>>>,
    /// What DNS named in each complete answer, perhaps nothing: addresses of the
    /// name, public ones left out. A mixed answer does not count.
    pub(crate) confirmations: BTreeMap<Question, BTreeSet<BTreeSet<IpAddr>>>,
    /// The addresses of the interfaces that EC2 has listed.
    pub(crate) interfaces: Option<Interfaces>,
    /// A call to EC2 has failed, or was slow.
    pub(crate) is_ec2_in_trouble: bool,
    /// IAM has refused a call to EC2.
    pub(crate) is_ec2_denied: bool,
    /// The target groups when ELB last listed them, and when that was.
    pub(crate) seen: BTreeMap<String, (Moment, Instant)>,
    /// The writes that ELB acknowledged, by target group.
    pub(crate) registered: BTreeMap<String, BTreeSet<SocketAddr>>,
    pub(crate) deregistered: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// Targets of deregistrations whose answers were lost.
    pub(crate) unacknowledged: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// The clusters, hosts and target groups about which a call failed.
    faults: BTreeSet<String>,
}

impl Witness {
    pub(crate) fn new(options: RunOptions, shown: Shown, reads_lag: bool) -> Self {
        let Shown { managed, in_order } = shown;
        Self { options, managed, in_order, reads_lag, ..Self::default() }
    }

    /// Counts one call. Returns whether it is the last that the process makes.
    pub(crate) fn makes_call(&mut self, write: bool) -> bool {
        self.calls += 1;
        self.writes += usize::from(write);
        self.dead = match self.options.kill {
            Some(Kill::AtCall(last)) => self.calls >= last,
            Some(Kill::AtWrite(last)) => self.writes >= last,
            None => false,
        };
        if self.dead {
            self.killed.notify_one();
        }
        self.dead
    }

    /// Records a call that fails.
    pub(crate) fn fails(&mut self, call: &Recorded) {
        if call.service == "ec2" {
            self.is_ec2_in_trouble = true;
            self.is_ec2_denied |= call.status == 403;
        }
        if call.operation == "DeregisterTargets" {
            self.unacknowledged.entry(about(call)).or_default().extend(targets(call));
        }
        self.faults.insert(about(call));
    }

    /// Records an answer that arrives.
    pub(crate) fn receives(&mut self, Delivered { call, well, answer }: Delivered) {
        if !well {
            return;
        }
        let about = about(&call);
        match answer {
            Some(Answer::Cluster(described)) => _ = self.described.insert(about.clone(), described),
            Some(Answer::Interfaces(interfaces)) => self.interfaces = Some(interfaces),
            Some(Answer::Targets(seen)) => _ = self.seen.insert(about.clone(), (seen, Instant::now())),
            None => {}
        }
        match call.operation.as_str() {
            "RegisterTargets" => self.registered.entry(about).or_default().extend(targets(&call)),
            "DeregisterTargets" => self.deregistered.entry(about).or_default().extend(targets(&call)),
            _ => {}
        }
    }

    /// Records an answer of the resolver. It is usable if it may arrive in time
    /// and holds only addresses of the name that was asked for.
    pub(crate) fn is_answered(
        &mut self,
        question: &[u8],
        answered: &Answered,
        usable: impl Fn(IpAddr) -> bool,
    ) {
        let question = Message::from_vec(question).ok().and_then(|message| asked(&message));
        let Some((host, kind)) = question else { return };
        let answer = match &answered.sent {
            Sent::Message(bytes) if answered.delay < PATIENCE => Message::from_vec(bytes).ok(),
            Sent::Message(_) | Sent::Nothing | Sent::Close => None,
        };
        let named = answer.as_ref().and_then(|answer| addresses(answer, &host, kind));
        let named_none = match &named {
            Some(named) => !named.iter().any(|ip| usable(*ip)),
            None => answer.is_some_and(|answer| is_without(&answer, &host)),
        };
        let usable = named.filter(|addresses| addresses.iter().all(|ip| usable(*ip)));
        // The resolver asks three times in that time.
        if usable.is_none() || answered.delay >= PATIENCE / 3 {
            self.faults.insert(host.clone());
        }
        let question = (host, kind == RecordType::AAAA);
        let confirmation = usable.clone().or(named_none.then(BTreeSet::new));
        self.confirmations.entry(question.clone()).or_default().extend(confirmation);
        if let Some(addresses) = usable {
            self.answers.entry(question).or_default().insert(addresses);
        }
    }

    /// Whether a call failed that concerns the whole run, or one of `these`.
    pub(crate) fn was_hindered(&self, these: &[&str]) -> bool {
        self.faults.contains(EVERYTHING) || these.iter().any(|about| self.faults.contains(*about))
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

/// NXDOMAIN, or an answer without a record of this host name.
fn is_without(answer: &Message, host: &str) -> bool {
    let is_no_error = matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    let is_of_host = |record: &hickory_resolver::proto::rr::Record| name_of(&record.name) == host;
    is_no_error && !answer.metadata.truncation && !answer.answers.iter().any(is_of_host)
}

/// The addresses of `host` in `answer`; none if it holds anything else.
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
