//! One target group, as it is and as it is desired: the rules of the parent
//! module.

use alloc::collections::BTreeSet;
use core::net::IpAddr;
use core::num::NonZeroU16;

use super::{Action, DeregisterReason, MIN_API_SERVERS, Policy, Shortfall, SyncPolicy, Withheld};
use crate::model::{CurrentTarget, Desired, Target, TargetState, Targets, Zone};
use crate::serving::{is_healthy, serves};

pub(super) struct Group<'a> {
    pub(super) desired: BTreeSet<Target>,
    named_by_one: &'a BTreeSet<IpAddr>,
    confirmed: bool,
    port: u16,
    current: &'a Targets,
    policy: Policy,
}

impl<'a> Group<'a> {
    pub(super) fn new(desired: &'a Desired, port: u16, current: &'a Targets, policy: Policy) -> Self {
        Self {
            desired: desired.addresses.on_port(port),
            named_by_one: &desired.named_by_one,
            confirmed: desired.confirmed,
            port,
            current,
            policy,
        }
    }

    /// What is to happen to a target that ELB lists.
    pub(super) fn decide(&self, target: Target, listed: &CurrentTarget) -> Action {
        match (self.desired.contains(&target), listed.state.is_in_service()) {
            (true, true) => Action::Keep,
            (true, false) => Action::Register,
            (false, false) => Action::Leave,
            (false, true) => self.decide_stale(target, listed),
        }
    }

    fn decide_stale(&self, target: Target, stale: &CurrentTarget) -> Action {
        if self.policy.sync == SyncPolicy::AddOnly {
            return Action::Withhold(Withheld::AddOnlyPolicy);
        }
        if target.port() == self.port && self.named_by_one.contains(&target.ip()) {
            return Action::Withhold(Withheld::NamedByOneSource);
        }
        match self.may_go(stale) {
            Err(shortfall) => Action::Withhold(Withheld::WaitingForHealthyReplacement(shortfall)),
            Ok(_) if !self.confirmed => Action::Withhold(Withheld::SourceUnavailable),
            Ok(reason) => Action::Deregister(reason),
        }
    }

    /// Rules 5 to 8: why `stale` may be deregistered, or what the desired targets
    /// lack until then.
    fn may_go(&self, stale: &CurrentTarget) -> Result<DeregisterReason, Shortfall> {
        match stale.state {
            TargetState::Unused | TargetState::Draining => Ok(DeregisterReason::Unused),
            TargetState::Unhealthy => self.unhealthy_may_go(stale),
            TargetState::Initial | TargetState::Healthy | TargetState::Unavailable | TargetState::Unknown => {
                let replaced = self.healthy_replacements()?;
                match stale.zone.as_ref().and_then(|zone| self.zone_without_healthy(zone)) {
                    Some(zone) => Err(Shortfall::HealthyInZone(zone)),
                    None => Ok(replaced),
                }
            }
        }
    }

    /// Rules 6 and 7. Without a zone of its own the target may serve any.
    fn unhealthy_may_go(&self, stale: &CurrentTarget) -> Result<DeregisterReason, Shortfall> {
        let zone = stale.zone.as_ref().unwrap_or(&Zone::All);
        let healthy = || self.current.values().filter(|listed| is_healthy(listed));
        let is_served = healthy().any(|listed| serves(listed, zone));
        if is_served {
            return Ok(DeregisterReason::Unhealthy);
        }
        let group_fails_open = healthy().next().is_none();
        let may_serve = |listed: Option<&CurrentTarget>| {
            group_fails_open || *zone == Zone::All || listed.is_none_or(|listed| serves(listed, zone))
        };
        let candidates = || self.desired().filter(|listed| is_used(*listed) && may_serve(*listed));
        let needed = candidates().count().max(self.fewest_wanted()).max(usize::from(group_fails_open));
        // An overridden target gets no traffic. That does no harm where another
        // one gets it, or where a zonal shift keeps it from the stale target as
        // well and will end for both (`unhealthy.draining` is never `healthy`).
        let is_replaced = self.is_replaced_in(zone);
        let may_be_overridden = |listed: &CurrentTarget| {
            is_replaced || (stale.is_overridden && listed.state == TargetState::Healthy)
        };
        let is_ready = |listed: &&CurrentTarget| {
            is_registered(listed) && (!listed.is_overridden || may_be_overridden(listed))
        };
        let ready = candidates().flatten().filter(is_ready).count();
        if ready >= needed {
            return Ok(DeregisterReason::ReadyReplacements(ready));
        }
        let zone = if group_fails_open { None } else { Some(zone.clone()) };
        Err(Shortfall::Ready { ready, needed, zone })
    }

    /// Whether a desired target of this one zone gets traffic while it fails open.
    fn is_replaced_in(&self, zone: &Zone) -> bool {
        let gets_traffic = |listed: &CurrentTarget| {
            is_used(Some(listed)) && is_registered(listed) && !listed.is_overridden && serves(listed, zone)
        };
        *zone != Zone::All && self.desired().flatten().any(gets_traffic)
    }

    /// Rule 8, in total.
    fn healthy_replacements(&self) -> Result<DeregisterReason, Shortfall> {
        let healthy = self.desired().flatten().filter(|listed| is_healthy(listed)).count();
        let used = self.desired().filter(|listed| is_used(*listed)).count();
        let needed = usize::from(self.policy.min_healthy.get()).min(used.max(self.fewest_wanted()).max(1));
        if healthy < needed {
            Err(Shortfall::Healthy { healthy, needed })
        } else {
            Ok(DeregisterReason::HealthyReplacements { healthy, needed })
        }
    }

    /// Rule 8, by zone: the first zone that a target in `stale` serves and that
    /// has no healthy desired target although it has, or may get, a desired one.
    fn zone_without_healthy(&self, stale: &Zone) -> Option<Zone> {
        let mut zones = BTreeSet::from([stale]);
        if *stale == Zone::All {
            zones.extend(self.desired().flatten().filter_map(|listed| listed.zone.as_ref()));
        }
        let is_missing = |zone: &&Zone| {
            let may_serve = |listed: Option<&CurrentTarget>| {
                is_used(listed) && listed.is_none_or(|listed| serves(listed, zone))
            };
            let is_served = self.desired().flatten().any(|listed| is_healthy(listed) && serves(listed, zone));
            self.desired().any(may_serve) && !is_served
        };
        zones.into_iter().find(is_missing).cloned()
    }

    /// The listed target of each desired one; `None` if ELB does not list it.
    fn desired(&self) -> impl Iterator<Item = Option<&CurrentTarget>> {
        self.desired.iter().map(|target| self.current.get(target))
    }

    /// The minimum below which a short answer does not lower the requirement,
    /// unless the policy requires one target only.
    fn fewest_wanted(&self) -> usize {
        let is_short = self.desired.len() < MIN_API_SERVERS && self.policy.min_healthy > NonZeroU16::MIN;
        if is_short { MIN_API_SERVERS } else { 0 }
    }
}

/// Whether the load balancer uses a desired target, or may once it is
/// registered.
fn is_used(listed: Option<&CurrentTarget>) -> bool {
    listed.is_none_or(|listed| listed.state != TargetState::Unused)
}

/// Whether the registration of a target is complete.
fn is_registered(listed: &CurrentTarget) -> bool {
    listed.state.is_in_service() && listed.state != TargetState::Initial
}
