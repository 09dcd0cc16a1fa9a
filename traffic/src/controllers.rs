//! Other ways to keep a target group, and two that know better.
//!
//! They call ELB as anybody does. None of them contains a rule of the
//! function's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;

use eks_nlb_simulator::api::{Request, respond};
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, Node};
use eks_nlb_simulator::{TargetState, World};

/// Where addresses are learnt: `ADDRESS_SOURCE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `dns`.
    Dns,
    /// `eni`.
    Eni,
    /// `dns+eni`.
    Both,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dns, Self::Eni, Self::Both];

    /// The value of the setting.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Eni => "eni",
            Self::Both => "dns+eni",
        }
    }
}

/// Who keeps a target group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Controller {
    /// The shipped code: every minute, and when an interface is made or goes.
    Function(Source),
    /// The EKS blueprint's two Lambdas: one registers the address of a new
    /// interface when its event comes, one deregisters every 15 min what is
    /// unhealthy and has no interface any more.
    Blueprint,
    /// Hostname-as-target: every 5 min it registers what DNS names, and
    /// deregisters what DNS has not named three times in a row.
    Hostname,
    /// A cron script: every minute it registers what is new in DNS and
    /// deregisters what is gone; where DNS fails, everything is.
    Cron,
    /// Perfect judgement, whenever the function runs, knowing what its sources
    /// and ELB say then.
    SameKnowledge(Source),
    /// Knows when each server begins to serve and when it stops.
    AllKnowing,
}

impl Controller {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 10] = [
        Self::Function(Source::Dns),
        Self::Function(Source::Eni),
        Self::Function(Source::Both),
        Self::Blueprint,
        Self::Hostname,
        Self::Cron,
        Self::SameKnowledge(Source::Dns),
        Self::SameKnowledge(Source::Eni),
        Self::SameKnowledge(Source::Both),
        Self::AllKnowing,
    ];
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(source) => write!(f, "this function, `{}`", source.as_str()),
            Self::Blueprint => f.write_str("EKS blueprint"),
            Self::Hostname => f.write_str("hostname-as-target"),
            Self::Cron => f.write_str("cron script"),
            Self::SameKnowledge(source) => write!(f, "perfect, `{}`", source.as_str()),
            Self::AllKnowing => f.write_str("all-knowing"),
        }
    }
}

/// What the sources say at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What DNS names; nothing if it fails.
    pub(crate) named: Option<Vec<String>>,
    /// The addresses of the control plane's interfaces.
    pub(crate) interfaces: Vec<String>,
}

impl Known {
    /// Who is believed to serve, and who perhaps; nothing if nobody knows.
    fn of(&self, source: Source) -> Option<(Vec<String>, Vec<String>)> {
        let Self { named, interfaces } = self;
        match source {
            Source::Dns => named.clone().map(|named| (named.clone(), named)),
            Source::Eni => Some((interfaces.clone(), interfaces.clone())),
            Source::Both => named.as_ref().map(|named| {
                let both = named.iter().filter(|address| interfaces.contains(address)).cloned().collect();
                (both, [named.as_slice(), interfaces].concat())
            }),
        }
    }
}

/// A target group and its world, for one controller.
pub(crate) struct Group<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) arn: &'a str,
}

impl Group<'_> {
    /// An event names a new interface.
    pub(crate) fn blueprint_registers(&mut self, address: &str) {
        self.register(&[address.to_owned()]);
    }

    pub(crate) fn blueprint_sweeps(&mut self) {
        let interfaces = self.world.interfaces().flat_map(|interface| &interface.addresses);
        let there: BTreeSet<String> = interfaces.map(ToString::to_string).collect();
        let mut gone = self.in_state(|state| state == TargetState::Unhealthy);
        gone.retain(|address| !there.contains(address));
        self.deregister(&gone);
    }

    /// `misses` is what it remembers.
    pub(crate) fn hostname(&mut self, named: Option<&[String]>, misses: &mut BTreeMap<String, u32>) {
        // A failure is a success, and changes nothing.
        let Some(named) = named else { return };
        let there = self.in_state(|_| true);
        self.register_missing(named, &there);
        misses.retain(|address, _| !named.contains(address));
        for address in there.into_iter().filter(|address| !named.contains(address)) {
            *misses.entry(address).or_default() += 1;
        }
        let gone: Vec<_> = misses.iter().filter(|(_, n)| **n >= 3).map(|(a, _)| a.clone()).collect();
        self.deregister(&gone);
    }

    pub(crate) fn cron(&mut self, named: Option<&[String]>) {
        let named = named.unwrap_or_default();
        let there = self.in_state(|state| state != TargetState::Draining);
        self.register_missing(named, &there);
        self.deregister(&there.into_iter().filter(|a| !named.contains(a)).collect::<Vec<_>>());
    }

    /// Registers what is named, and takes away, one after the other, whatever
    /// nobody would miss. It tries without: in every zone that gets the target,
    /// somebody must be left who can be trusted to serve.
    ///
    /// It trusts what its sources name, once ELB has taken it in. Of the others
    /// it knows only that they may stop at any moment, or have.
    pub(crate) fn same_knowledge(&mut self, source: Source, known: &Known) {
        let Some((believed, possible)) = known.of(source) else { return };
        let there = self.in_state(|state| state != TargetState::Draining);
        self.register_missing(&believed, &there);
        // What gets nothing yet hurts nobody, and may be needed.
        let initial = self.in_state(|state| state == TargetState::Initial);
        let stale = |address: &String| !possible.contains(address) && !initial.contains(address);
        for address in there.into_iter().filter(stale) {
            let get_it = self.zones_with(|other| *other == address);
            let trusted = |other: &String| believed.contains(other) && !initial.contains(other);
            let left = self.without(&address, |group| group.zones_with(trusted));
            if get_it.is_subset(&left) {
                self.deregister(&[address]);
            }
        }
    }

    /// `coming` will serve by the time that they are in service.
    pub(crate) fn all_knowing(&mut self, coming: &[String], stopped: &[String]) {
        let there = self.in_state(|state| state != TargetState::Draining);
        self.register_missing(coming, &there);
        self.deregister(&there.into_iter().filter(|a| stopped.contains(a)).collect::<Vec<_>>());
    }

    /// The zones whose clients get to such a target.
    fn zones_with(&self, such: impl Fn(&String) -> bool) -> BTreeSet<String> {
        let nodes = self.world.nodes(self.arn).into_iter();
        let has_such = |node: &Node| node.targets.iter().any(|target| such(&target.ip().to_string()));
        nodes.filter(|(_, node)| has_such(node)).map(|(zone, _)| zone).collect()
    }

    /// What would be if there were no target at `address`.
    fn without<T>(&mut self, address: &str, is: impl FnOnce(&Self) -> T) -> T {
        let targets = &mut self.world.target_group_mut(self.arn).targets;
        let key = targets.keys().find(|key| key.id == address).expect("it is there").clone();
        let target = targets.remove(&key).expect("it is there");
        let answer = is(self);
        self.world.target_group_mut(self.arn).targets.insert(key, target);
        answer
    }

    /// The addresses of the targets whose state is such.
    fn in_state(&self, such: impl Fn(TargetState) -> bool) -> Vec<String> {
        let targets = self.world.targets(self.arn).into_iter().filter(|(_, state)| such(*state));
        let address = |target: String| target.parse::<SocketAddr>().expect("an address").ip().to_string();
        targets.map(|(target, _)| address(target)).collect()
    }

    fn register_missing(&mut self, wanted: &[String], there: &[String]) {
        let missing: Vec<_> = wanted.iter().filter(|address| !there.contains(address)).cloned().collect();
        self.register(&missing);
    }

    fn register(&mut self, addresses: &[String]) {
        self.call("RegisterTargets", addresses);
    }

    fn deregister(&mut self, addresses: &[String]) {
        self.call("DeregisterTargets", addresses);
    }

    fn call(&mut self, operation: &str, addresses: &[String]) {
        if addresses.is_empty() {
            return;
        }
        let members = (1..).zip(addresses).map(|(n, address)| format!("&Targets.member.{n}.Id={address}"));
        let body = format!(
            "Action={operation}&Version=2015-12-01&TargetGroupArn={}{}",
            self.arn,
            members.collect::<String>()
        );
        let scope = format!("{ACCESS_KEY_ID}/20260101/{HOME_REGION}/elasticloadbalancing/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let request = Request {
            method: "POST",
            target: "/",
            authorization: Some(&authorization),
            body: body.as_bytes(),
        };
        let response = respond(self.world, &request);
        assert_eq!(response.status, 200, "{operation} {addresses:?}: {:?}", response.body);
    }
}
