//! Decides which targets to register and which to deregister; does no I/O.
//!
//! [`plan`] is a pure function of the desired addresses, the targets that ELB
//! lists, and a [`Policy`]. It reads no clock, environment or network, so any
//! decision in production can be replayed from the logged report.
//!
//! # Rules
//!
//! A target is *in service* while it is registered and not draining, whatever
//! its health. A target in service that is not desired is *stale*. Every stale
//! target is either deregistered or *withheld*, with the reason.
//!
//! | | a target that is | is |
//! |---|---|---|
//! | 1 | desired and not in service (absent or draining) | registered |
//! | 2 | draining and not desired | left alone |
//! | 3 | stale, under [`SyncPolicy::AddOnly`] | withheld |
//! | 4 | stale, and still named by one of two sources | withheld |
//! | 5 | stale and `unused` | deregistered: it serves nothing |
//! | 6 | stale and `unhealthy`, while some target of the group is healthy | deregistered: it serves nothing |
//! | 7 | stale and `unhealthy`, while none is healthy (the load balancer *fails open* and sends traffic to all) | deregistered once every desired target, and no fewer than rule 8 needs, is registered and no longer `initial` |
//! | 8 | stale in any other state: it may be serving | deregistered once [`Policy::min_healthy`] desired targets are healthy, and its zone has a healthy desired target or no desired target at all |
//!
//! The minimum of rule 8 is lowered to the number of desired targets, but not
//! below [`SHORT_ANSWER`]. A desired target that is not registered yet may turn
//! out to be in any zone. One in zone `all`, or without a zone, serves every
//! zone. A stale target in `all` serves every zone, so every zone with a
//! desired target needs a healthy one first.
//!
//! Registering comes first. If any of it fails, nothing is deregistered:
//! [`Plan::withhold_deregistrations`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU16;

use serde::{Serialize, Serializer};

use crate::model::{CurrentTarget, Desired, Target, TargetState, Targets, Zone};

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

/// EKS gives every cluster at least this many addresses, so an answer with
/// fewer is short and must not lower the minimum of healthy targets.
///
/// Source: EKS User Guide, *Control plane*: at least two API server instances.
pub const SHORT_ANSWER: usize = 2;

/// Why a stale target stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithholdReason {
    /// It may be serving, and the desired targets cannot replace it yet.
    WaitingForHealthyReplacement(Shortfall),
    /// One of two sources still names its address.
    NamedByOneSource,
    /// The policy never deregisters.
    AddOnlyPolicy,
    /// A desired target could not be registered in this run.
    RegistrationFailed,
    /// ELB refused to deregister it, or did not answer.
    DeregistrationFailed,
}

/// What the desired targets lack before a stale one can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// Too few of them are healthy.
    Healthy {
        /// How many are.
        healthy: usize,
        /// How many must be.
        needed: usize,
    },
    /// None of those in this zone, or not registered yet, is healthy.
    HealthyInZone(Zone),
    /// No target of the group is healthy, so the load balancer fails open, and
    /// not every desired target can take traffic.
    Ready {
        /// How many are registered and no longer `initial`.
        ready: usize,
        /// How many must be.
        needed: usize,
    },
}

/// The changes that bring the current targets to the desired ones.
///
/// The three sets are disjoint, and no desired target is in the last two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To register, before anything is deregistered.
    pub register: BTreeSet<Target>,
    /// To deregister, once everything above is registered, with the zone in
    /// which ELB lists it.
    pub deregister: BTreeMap<Target, Option<Zone>>,
    /// Stale, and stays on purpose.
    pub withheld: BTreeMap<Target, WithholdReason>,
}

impl Plan {
    /// Whether applying it would write nothing; a withheld target writes nothing.
    #[must_use]
    pub fn is_noop(&self) -> bool {
        self.register.is_empty() && self.deregister.is_empty()
    }

    /// Withholds everything that was to be deregistered.
    pub fn withhold_deregistrations(&mut self, reason: &WithholdReason) {
        let withheld = std::mem::take(&mut self.deregister).into_keys();
        self.withheld.extend(withheld.map(|target| (target, reason.clone())));
    }
}

/// Plans one target group, whose targets listen on `port`. See the
/// [rules](self#rules).
#[must_use]
pub fn plan(desired: &Desired, port: u16, current: &Targets, policy: Policy) -> Plan {
    let group = Group { desired: desired.addresses.on_port(port), current, policy };
    let half_named = |target: &Target| target.port() == port && desired.named_by_one.contains(&target.ip());

    let mut plan = Plan { register: group.missing().copied().collect(), ..Plan::default() };
    for (target, listed) in group.stale() {
        let reason = match policy.sync {
            SyncPolicy::AddOnly => Some(WithholdReason::AddOnlyPolicy),
            SyncPolicy::Sync if half_named(target) => Some(WithholdReason::NamedByOneSource),
            SyncPolicy::Sync => {
                group.shortfall_without(listed).map(WithholdReason::WaitingForHealthyReplacement)
            }
        };
        match reason {
            Some(reason) => _ = plan.withheld.insert(*target, reason),
            None => _ = plan.deregister.insert(*target, listed.zone.clone()),
        }
    }
    plan
}

/// One target group, as it is and as it is desired.
struct Group<'a> {
    desired: BTreeSet<Target>,
    current: &'a Targets,
    policy: Policy,
}

impl<'a> Group<'a> {
    /// Desired targets that are not in service.
    fn missing(&self) -> impl Iterator<Item = &Target> {
        self.desired
            .iter()
            .filter(|target| !self.current.get(*target).is_some_and(|listed| listed.state.is_in_service()))
    }

    fn stale(&self) -> impl Iterator<Item = (&'a Target, &'a CurrentTarget)> {
        self.current
            .iter()
            .filter(|(target, listed)| listed.state.is_in_service() && !self.desired.contains(target))
    }

    /// What ELB lists of each desired target; nothing if it does not.
    fn desired(&self) -> impl Iterator<Item = Option<&CurrentTarget>> {
        self.desired.iter().map(|target| self.current.get(target))
    }

    /// What is lacking before `stale` can go: rules 5 to 8.
    fn shortfall_without(&self, stale: &CurrentTarget) -> Option<Shortfall> {
        match stale.state {
            TargetState::Unused | TargetState::Draining => None,
            TargetState::Unhealthy if self.current.values().any(is_healthy) => None,
            TargetState::Unhealthy => self.shortfall_of_ready(),
            TargetState::Initial | TargetState::Healthy | TargetState::Unavailable | TargetState::Unknown => {
                self.shortfall_of_healthy().or_else(|| self.shortfall_in_zone(stale.zone.as_ref()?))
            }
        }
    }

    /// Rule 7.
    fn shortfall_of_ready(&self) -> Option<Shortfall> {
        let is_ready = |state: TargetState| state.is_in_service() && state != TargetState::Initial;
        let states = self.desired().flatten().map(|listed| listed.state);
        let ready: Vec<_> = states.filter(|state| is_ready(*state)).collect();
        // `unused` targets get no traffic, so they cannot be all that is left.
        let can_serve = ready.iter().any(|state| *state != TargetState::Unused);
        let (ready, needed) = (ready.len(), self.desired.len().max(self.needed()));
        (ready < needed || !can_serve).then_some(Shortfall::Ready { ready, needed })
    }

    /// Rule 8, in all.
    fn shortfall_of_healthy(&self) -> Option<Shortfall> {
        let healthy = self.desired().flatten().filter(|listed| is_healthy(listed)).count();
        let needed = self.needed();
        (healthy < needed).then_some(Shortfall::Healthy { healthy, needed })
    }

    /// How many desired targets must be there before one that may be serving goes.
    fn needed(&self) -> usize {
        usize::from(self.policy.min_healthy.get()).min(self.desired.len().max(SHORT_ANSWER))
    }

    /// Rule 8, in every zone that a stale target serves.
    fn shortfall_in_zone(&self, stale: &Zone) -> Option<Shortfall> {
        let mut zones = BTreeSet::from([stale]);
        if *stale == Zone::All {
            zones.extend(self.desired().flatten().filter_map(|listed| listed.zone.as_ref()));
        }
        let lacks = |zone: &&Zone| {
            let may_serve = self.desired().any(|listed| listed.is_none_or(|listed| serves(listed, zone)));
            let is_served = self.desired().flatten().any(|listed| is_healthy(listed) && serves(listed, zone));
            may_serve && !is_served
        };
        zones.into_iter().find(lacks).cloned().map(Shortfall::HealthyInZone)
    }
}

fn is_healthy(listed: &CurrentTarget) -> bool {
    listed.state == TargetState::Healthy
}

/// Whether clients in `zone` reach a target without cross-zone load balancing.
fn serves(listed: &CurrentTarget, zone: &Zone) -> bool {
    listed.zone.as_ref().is_none_or(|own| *own == Zone::All || own == zone)
}

impl WithholdReason {
    /// The stable name for reports.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::WaitingForHealthyReplacement(_) => "waitingForHealthyReplacement",
            Self::NamedByOneSource => "namedByOneSource",
            Self::AddOnlyPolicy => "addOnlyPolicy",
            Self::RegistrationFailed => "registrationFailed",
            Self::DeregistrationFailed => "deregistrationFailed",
        }
    }
}

impl Serialize for WithholdReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl fmt::Display for WithholdReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForHealthyReplacement(shortfall) => {
                write!(f, "it may be serving, and {shortfall}")
            }
            Self::NamedByOneSource => f.write_str("one of DNS and the network interfaces still names it"),
            Self::AddOnlyPolicy => f.write_str("SYNC_POLICY is add-only"),
            Self::RegistrationFailed => f.write_str("a desired target could not be registered"),
            Self::DeregistrationFailed => f.write_str("ELB did not deregister it"),
        }
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy { healthy, needed } => {
                write!(f, "{healthy} desired targets are healthy where {needed} are needed")
            }
            Self::HealthyInZone(zone) => write!(f, "no desired target in zone {zone} is healthy"),
            Self::Ready { ready, needed } => write!(
                f,
                "no target is healthy, so the load balancer sends traffic to all of them; {ready} desired targets \
                 can take it where {needed} are needed"
            ),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
