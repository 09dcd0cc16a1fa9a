//! Other ways to keep a target group, and two controllers of perfect judgement.
//!
//! They call ELB through its API, and contain no rule of the function.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;

use eks_nlb_simulator::api::{Request, respond};
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, Node, Target, TargetKey};
use eks_nlb_simulator::{TargetState, World};

use crate::sources::{Belief, Known, Source};

/// The controller of a target group.
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
    /// A cron script: every minute it registers new addresses in DNS and
    /// deregisters all others; where DNS fails, it deregisters everything.
    Cron,
    /// Perfect judgement whenever the function runs, from what its sources and
    /// ELB answer then.
    SameKnowledge(Source),
    /// Knows when each server begins to serve and when it stops.
    AllKnowing,
}

impl Controller {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 12] = [
        Self::Function(Source::Auto),
        Self::Function(Source::Dns),
        Self::Function(Source::Eni),
        Self::Function(Source::Both),
        Self::Blueprint,
        Self::Hostname,
        Self::Cron,
        Self::SameKnowledge(Source::Auto),
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

    /// `misses` counts how often in a row DNS has not named a registered
    /// address.
    pub(crate) fn hostname(&mut self, named: Option<&[String]>, misses: &mut BTreeMap<String, u32>) {
        // Where DNS fails, this Lambda reports success and changes nothing.
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

    /// Registers what its sources name, and takes away, one after the other,
    /// every other target that no client would miss. A target may go if every
    /// zone that sends to it keeps a server that the controller trusts.
    ///
    /// It trusts what its sources name, once ELB has registered it. The others may
    /// stop at any moment. It reads ELB as the function does, late if reads lag.
    pub(crate) fn same_knowledge(&mut self, source: Source, known: &Known) {
        let Some(belief) = known.by(source) else { return };
        let arn = self.arn;
        let (missing, gone) = self.world.as_last_read(|world| Group { world, arn }.judge(&belief));
        self.register(&missing);
        self.deregister(&gone);
    }

    /// What perfect judgement registers and takes away.
    fn judge(&mut self, belief: &Belief) -> (Vec<String>, Vec<String>) {
        let there = self.in_state(|state| state != TargetState::Draining);
        let missing = missing(&belief.serve, &there);
        // A target without connections harms no client, and may be needed.
        let initial = self.in_state(|state| state == TargetState::Initial);
        let may_serve = |address: &String| belief.may_serve.as_ref().is_none_or(|all| all.contains(address));
        let mut without = BTreeMap::new();
        for address in there.into_iter().filter(|address| !may_serve(address) && !initial.contains(address)) {
            let get_it = self.zones_with(|other| *other == address);
            let (key, target) = self.take(&address);
            let trusted = |other: &String| belief.serve.contains(other) && !initial.contains(other);
            if get_it.is_subset(&self.zones_with(trusted)) {
                without.insert(address, (key, target));
            } else {
                self.put_back([(key, target)]);
            }
        }
        let gone = without.keys().cloned().collect();
        self.put_back(without.into_values());
        (missing, gone)
    }

    /// `coming` will serve by the time that they are in service.
    pub(crate) fn all_knowing(&mut self, coming: &[String], stopped: &[String]) {
        let there = self.in_state(|state| state != TargetState::Draining);
        self.register_missing(coming, &there);
        self.deregister(&there.into_iter().filter(|a| stopped.contains(a)).collect::<Vec<_>>());
    }

    /// The zones whose clients reach a target that `such` selects.
    fn zones_with(&self, such: impl Fn(&String) -> bool) -> BTreeSet<String> {
        let nodes = self.world.nodes(self.arn).into_iter();
        let has_such = |node: &Node| node.targets.iter().any(|target| such(&target.ip().to_string()));
        nodes.filter(|(_, node)| has_such(node)).map(|(zone, _)| zone).collect()
    }

    fn take(&mut self, address: &str) -> (TargetKey, Target) {
        let targets = &mut self.world.target_group_mut(self.arn).targets;
        let key = targets.keys().find(|key| key.id == address).expect("it is there").clone();
        targets.remove_entry(&key).expect("it is there")
    }

    fn put_back(&mut self, taken: impl IntoIterator<Item = (TargetKey, Target)>) {
        self.world.target_group_mut(self.arn).targets.extend(taken);
    }

    /// The addresses of the targets whose state `such` selects.
    fn in_state(&self, such: impl Fn(TargetState) -> bool) -> Vec<String> {
        let targets = self.world.targets(self.arn).into_iter().filter(|(_, state)| such(*state));
        let address = |target: String| target.parse::<SocketAddr>().expect("an address").ip().to_string();
        targets.map(|(target, _)| address(target)).collect()
    }

    fn register_missing(&mut self, wanted: &[String], there: &[String]) {
        self.register(&missing(wanted, there));
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

/// The addresses in `wanted` that are not `there`.
fn missing(wanted: &[String], there: &[String]) -> Vec<String> {
    wanted.iter().filter(|address| !there.contains(address)).cloned().collect()
}
