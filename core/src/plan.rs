//! Decides which targets to register and which to deregister; does no I/O.
//!
//! [`plan`] is a pure function of the desired addresses, the targets that ELB
//! lists, and a [`Policy`]. It returns a [`Decision`] with its reason for every target,
//! kept ones included.
//!
//! # Rules
//!
//! A target is *in service* while it is registered and not draining, whatever
//! its health. A target in service that is not desired is *stale*. Every stale
//! target is either deregistered or *withheld*.
//!
//! | | a target that is | is |
//! |---|---|---|
//! | 1 | desired and not in service (absent or draining) | registered |
//! | 2 | draining and not desired | left alone |
//! | 3 | stale, under [`SyncPolicy::AddOnly`] | withheld |
//! | 4 | stale, and still named by one of two sources | withheld |
//! | 5 | stale and `unused` | deregistered: it serves no clients |
//! | 6 | stale and `unhealthy`, while a healthy target serves its zone | deregistered: it serves no clients |
//! | 7 | stale and `unhealthy`, while no healthy target serves its zone, which therefore *fails open* | deregistered once every desired target that may serve the zone is registered, no longer `initial`, and gets traffic, and never by a short answer |
//! | 8 | stale in any other state: it may be serving | deregistered once [`Policy::min_healthy`] desired targets are healthy, and its zone has a healthy desired target or no desired target that the load balancer uses |
//! | 9 | to be deregistered, while a source that must agree has failed | withheld |
//!
//! *Healthy* is [`serving::is_healthy`]: `healthy`, and no zonal shift overrides
//! it. The minimum of rule 8 is lowered to the number of desired targets that
//! are not `unused`, but never below one, nor by a short answer (fewer addresses
//! than [`MIN_API_SERVERS`]) below that.
//!
//! A desired target that is not registered yet may turn out to be in any zone. A
//! target in zone `all`, or without a zone, serves every zone. Where no target of
//! the group is healthy, every zone may fail open to every target (with
//! cross-zone load balancing the zones are one), so rule 7 then waits for all
//! desired targets, and for one at least. `unused` ones do not count.
//!
//! An overridden target gets no traffic. Rule 7 does not wait for it where another
//! desired target of the zone gets traffic, nor for a `healthy` one where the stale
//! target is overridden too: the zonal shift ends for both.
//!
//! Registering comes first. If a registration fails, nothing is deregistered, except `unused`
//! targets where the target quota is used up: [`Plan::withhold_deregistrations`].

mod decision;
mod group;

use alloc::collections::{BTreeMap, BTreeSet};
use core::num::NonZeroU16;

pub use decision::{Action, Decision, DeregisterReason, Shortfall, Withheld};

use crate::model::{CurrentTarget, Desired, Target, Targets, Zone};
use group::Group;

/// What an operator allows the planner to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether stale targets are deregistered at all.
    pub sync: SyncPolicy,
    /// Healthy desired targets required before a stale target that may be
    /// serving is deregistered.
    pub min_healthy: NonZeroU16,
}

/// Whether stale targets are deregistered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Registers and deregisters.
    Sync,
    /// Never deregisters.
    AddOnly,
}

/// EKS runs every cluster on at least this many API servers, so an answer with
/// fewer addresses is short and must not lower the minimum of healthy targets.
///
/// Source: EKS User Guide, *Control plane*: at least two API server instances.
pub const MIN_API_SERVERS: usize = 2;

/// What is to happen to each target of one target group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    decisions: BTreeMap<Target, Decision>,
}

/// Plans one target group, whose targets listen on `port`. See the
/// [rules](self#rules).
#[must_use]
pub fn plan(desired: &Desired, port: u16, current: &Targets, policy: Policy) -> Plan {
    let group = Group::new(desired, port, current, policy);
    let absent = group.desired.iter().filter(|target| !current.contains_key(target));
    let absent = absent.map(|target| (*target, Decision { listed: None, action: Action::Register }));
    let listed = current.iter().map(|(target, listed)| {
        let action = group.decide(*target, listed);
        (*target, Decision { listed: Some(listed.clone()), action })
    });
    Plan { decisions: absent.chain(listed).collect() }
}

impl Plan {
    /// What is to happen to each target, in order.
    #[must_use]
    pub fn decisions(&self) -> &BTreeMap<Target, Decision> {
        &self.decisions
    }

    /// The targets to register, before any is deregistered.
    #[must_use]
    pub fn register(&self) -> BTreeSet<Target> {
        self.such(|decision| decision.action == Action::Register).map(|(target, _)| *target).collect()
    }

    /// The targets to deregister once all are registered, each with the zone in
    /// which ELB lists it.
    #[must_use]
    pub fn deregister(&self) -> BTreeMap<Target, Option<Zone>> {
        let zone = |decision: &Decision| decision.listed.as_ref().and_then(|listed| listed.zone.clone());
        self.such(|decision| decision.action.deregisters()).map(|(target, it)| (*target, zone(it))).collect()
    }

    /// The stale targets that stay in service, each with the reason.
    pub fn withheld(&self) -> impl Iterator<Item = (Target, &Withheld)> {
        self.decisions.iter().filter_map(|(target, decision)| Some((*target, decision.action.withheld()?)))
    }

    /// Whether applying it would write nothing; a withheld target writes nothing.
    #[must_use]
    pub fn is_noop(&self) -> bool {
        !self.decisions.values().any(|decision| decision.action.writes())
    }

    /// Withholds every target to be deregistered for which `such` holds.
    pub fn withhold_deregistrations(&mut self, reason: &Withheld, such: impl Fn(&CurrentTarget) -> bool) {
        for decision in self.decisions.values_mut().filter(|decision| decision.action.deregisters()) {
            if decision.listed.as_ref().is_none_or(&such) {
                decision.action = Action::Withhold(reason.clone());
            }
        }
    }

    /// Replaces decisions of this plan with `decisions`, which have been applied.
    pub fn overlay(&mut self, decisions: impl IntoIterator<Item = (Target, Decision)>) {
        self.decisions.extend(decisions);
    }

    /// The decisions to register.
    pub fn registrations(&self) -> impl Iterator<Item = (Target, Decision)> {
        self.such(|decision| decision.action == Action::Register).map(|(target, it)| (*target, it.clone()))
    }

    /// Drops the registrations that are not in `done`.
    pub fn keep_registered(&mut self, done: &BTreeSet<Target>) {
        self.decisions
            .retain(|target, decision| decision.action != Action::Register || done.contains(target));
    }

    fn such(&self, such: impl Fn(&Decision) -> bool) -> impl Iterator<Item = (&Target, &Decision)> {
        self.decisions.iter().filter(move |(_, decision)| such(decision))
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;
