//! Keeps what resolvers answer, for every name and family; sends nothing.
//!
//! A name has an [`Answer`] for A and one for AAAA, seen from inside the VPC and
//! from outside: an endpoint's name resolves to private addresses in the
//! cluster's VPC and, if the endpoint is public too, to public ones elsewhere. A
//! name that is not here does not exist (`NXDOMAIN`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{Family, parse_addresses};

/// Where the simulated resolver is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Inside every cluster's VPC.
    #[default]
    Inside,
    /// Outside all of them.
    Outside,
}

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Transport {
    Udp,
    Tcp,
}

/// A question that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name, in lower case, without the last dot.
    pub name: String,
    /// The type, as in `AAAA`.
    pub kind: String,
    /// How it came.
    pub transport: Transport,
}

/// The resolver's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// These addresses, of the family that is asked for; an empty list is NODATA.
    Addresses(Vec<IpAddr>),
    /// NXDOMAIN: the name does not exist.
    NoSuchName,
    /// SERVFAIL: the resolver could not find out.
    ServerFailure,
    /// REFUSED: the resolver does not serve this client.
    Refused,
    /// Nothing at all.
    Silence,
    /// An alias, followed to its end; a loop of aliases is answered once around.
    Alias(String),
    /// An alias without its target's records.
    BareAlias(String),
    /// These addresses, under another name.
    OtherName(Vec<IpAddr>),
    /// A record of another type than the one that is asked for.
    OtherType,
    /// An answer to another question: the id does not match.
    OtherId(Vec<IpAddr>),
    /// Bytes that are not a DNS message.
    Garbage,
}

/// What a question over TCP gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tcp {
    /// They get the answer in full.
    #[default]
    Answers,
    /// The connection ends.
    Closes,
    /// The connection stays, without an answer.
    Silent,
}

/// A reply and how it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer's content.
    pub reply: Reply,
    /// After this long, in real time.
    pub delay: Duration,
    /// Whether UDP gets an empty, truncated answer. An answer too large for UDP
    /// is truncated in any case.
    pub truncated: bool,
    /// What TCP gets.
    pub tcp: Tcp,
}

impl Answer {
    /// These addresses, at once.
    #[must_use]
    pub fn addresses(addresses: Vec<IpAddr>) -> Self {
        Self::from(Reply::Addresses(addresses))
    }

    /// NODATA: the name exists, without an address.
    #[must_use]
    pub fn none() -> Self {
        Self::addresses(Vec::new())
    }

    /// The same answer, later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same answer, over TCP only.
    #[must_use]
    pub fn truncated(self, tcp: Tcp) -> Self {
        Self { truncated: true, tcp, ..self }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, delay: Duration::ZERO, truncated: false, tcp: Tcp::default() }
    }
}

impl From<&[&str]> for Answer {
    fn from(addresses: &[&str]) -> Self {
        Self::addresses(parse_addresses(addresses))
    }
}

impl<const N: usize> From<[&str; N]> for Answer {
    fn from(addresses: [&str; N]) -> Self {
        Self::addresses(parse_addresses(addresses))
    }
}

/// What one name resolves to, seen from one side.
#[derive(Clone, Debug, Default)]
struct Sides {
    inside: BTreeMap<Family, Answer>,
    outside: BTreeMap<Family, Answer>,
}

/// All names, and the questions asked for them.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    /// Where the resolver is. Default inside.
    pub view: View,
    names: BTreeMap<String, Sides>,
    questions: Vec<Question>,
}

impl Dns {
    /// Sets what `host` resolves to, seen from inside, for both families. A
    /// question is answered with the addresses of its family.
    pub fn set(&mut self, host: &str, answer: impl Into<Answer>) {
        self.set_side(host, View::Inside, answer.into());
    }

    /// Sets what `host` resolves to, seen from outside.
    pub fn set_outside(&mut self, host: &str, answer: impl Into<Answer>) {
        self.set_side(host, View::Outside, answer.into());
    }

    /// Sets what `host` resolves to for one family only, seen from inside.
    pub fn set_family(&mut self, host: &str, family: Family, answer: impl Into<Answer>) {
        let sides = self.names.entry(normal(host)).or_default();
        sides.inside.insert(family, answer.into());
    }

    /// Forgets a name: it does not exist.
    pub fn remove(&mut self, host: &str) {
        self.names.remove(&normal(host));
    }

    /// The questions so far, in order.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Forgets the questions so far.
    pub fn clear_questions(&mut self) {
        self.questions.clear();
    }

    /// What a name resolves to; `None` if it does not exist.
    pub(crate) fn answer(&self, host: &str, family: Family) -> Option<&Answer> {
        let sides = self.names.get(host)?;
        match self.view {
            View::Inside => sides.inside.get(&family),
            View::Outside => sides.outside.get(&family).or_else(|| sides.inside.get(&family)),
        }
    }

    /// Whether a name exists, with or without addresses.
    pub(crate) fn exists(&self, host: &str) -> bool {
        self.names.contains_key(host)
    }

    pub(crate) fn record(&mut self, question: Question) {
        self.questions.push(question);
    }

    fn set_side(&mut self, host: &str, view: View, answer: Answer) {
        let sides = self.names.entry(normal(host)).or_default();
        let side = match view {
            View::Inside => &mut sides.inside,
            View::Outside => &mut sides.outside,
        };
        side.insert(Family::Ipv4, answer.clone());
        side.insert(Family::Ipv6, answer);
    }
}

/// A name as it is compared: in lower case, without the last dot.
pub(crate) fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}
