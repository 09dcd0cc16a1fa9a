//! Derives the state of a target from its history and its address.
//!
//! # Rules
//!
//! 1. A deregistered target is `draining` for the group's delay and then gone.
//! 2. A target is `unused` while its group has no listener, or the load
//!    balancer is not enabled in its zone, also where its checks are off.
//!    Assumption: ELB's guide defines `unused` and `unavailable` and ranks neither.
//! 3. Otherwise it is `initial` after it is registered, at least until that is
//!    complete ([`World::registration`]), and then what its address's
//!    [`Health`] says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{OverrideState, Target, TargetGroup, TargetKey, TargetState, World};

/// What health checks find at an address, from when a target is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// `initial` for this long, then `healthy`.
    After(Duration),
    /// `initial` as long as any other, then `unhealthy`. A target that was
    /// healthy becomes unhealthy.
    Never,
    /// `initial` as long as any other, then in turn `healthy` and `unhealthy`
    /// for these times.
    Flips {
        /// How long it is healthy, in each turn.
        healthy: Duration,
        /// How long it is not.
        unhealthy: Duration,
    },
}

/// A target, as DescribeTargetHealth lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetHealth {
    /// The target.
    pub key: TargetKey,
    /// Its zone, or `all`.
    pub zone: Option<String>,
    /// Its state.
    pub state: TargetState,
    /// Why it is not healthy: a code and a text.
    pub reason: Option<(&'static str, &'static str)>,
    /// Whether a zonal shift overrides it, whatever its state.
    pub override_state: OverrideState,
}

/// A code and a text.
type Reason = (&'static str, &'static str);

const DRAINING: Reason = ("Target.DeregistrationInProgress", "Target deregistration is in progress");
const NO_LISTENER: Reason =
    ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer");
const ZONE_NOT_ENABLED: Reason =
    ("Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer");
pub(super) const NOT_REGISTERED: Reason =
    ("Target.NotRegistered", "Target is not registered to the target group");
const REGISTERING: Reason = ("Elb.RegistrationInProgress", "Target registration is in progress");
const FIRST_CHECKS: Reason = ("Elb.InitialHealthChecking", "Initial health checks in progress");
const FAILING: Reason = ("Target.FailedHealthChecks", "Health checks failed");
const CHECKS_OFF: Reason = ("Target.HealthCheckDisabled", "Health checks are disabled for this target");

impl World {
    /// The targets of a group, as `address:port`, and their states.
    #[must_use]
    pub fn targets(&self, group: &str) -> BTreeMap<String, TargetState> {
        let group = self.target_group(group);
        // A lagging read may show a moment in which a target was just gone.
        let states = group.targets.iter().filter(|(_, target)| !target.is_gone(self.now));
        states.map(|(key, target)| (key.to_string(), self.state_of(group, key, target).0)).collect()
    }

    /// The targets of a group, as DescribeTargetHealth lists them.
    #[must_use]
    pub fn target_health(&self, group: &str) -> Vec<TargetHealth> {
        let scope = &self.target_group(group).scope;
        self.describe_target_health(scope, group, &[]).expect("the group exists")
    }

    /// Sets what health checks find at `address`, in every target group.
    pub fn set_health(&mut self, address: &str, health: Health) {
        self.health.insert(address.to_owned(), health);
    }

    /// The state of a target, and why.
    pub(super) fn state_of(
        &self,
        group: &TargetGroup,
        key: &TargetKey,
        target: &Target,
    ) -> (TargetState, Option<Reason>) {
        if target.gone_at.is_some() {
            return (TargetState::Draining, Some(DRAINING));
        }
        if let Some(reason) = self.not_in_use(group, target) {
            return (TargetState::Unused, Some(reason));
        }
        if let Some(state) = target.pinned {
            return (state, reason_for(state));
        }
        let age = target.age(self.now);
        let health = self.health.get(&key.id).copied();
        let initial = match health {
            Some(Health::After(initial)) => initial,
            Some(Health::Never | Health::Flips { .. }) | None => self.healthy_after,
        };
        let initial = initial.max(self.registration);
        if age < initial {
            let reason = if age < self.registration { REGISTERING } else { FIRST_CHECKS };
            return (TargetState::Initial, Some(reason));
        }
        let state = match health {
            None | Some(Health::After(_)) => TargetState::Healthy,
            Some(Health::Never) => TargetState::Unhealthy,
            Some(Health::Flips { healthy, unhealthy }) => {
                flipped(age.saturating_sub(initial), healthy, unhealthy)
            }
        };
        (state, reason_for(state))
    }

    /// Whether a zonal shift overrides a target.
    ///
    /// Source: ELB User Guide for Network Load Balancers, *Zonal shift
    /// administrative override* (read November 2026): "all targets within the
    /// zone being shifted away from are considered administratively overridden".
    pub(super) fn override_of(&self, group: &TargetGroup, target: &Target) -> OverrideState {
        let balancers = group.load_balancers.iter().map(|arn| self.load_balancer(arn));
        let mut shifts = balancers.filter_map(|balancer| balancer.zonal_shift.as_ref());
        let shift = shifts.find(|(zone, _)| *zone == target.zone);
        shift.map_or(OverrideState::NoOverride, |(_, state)| *state)
    }

    /// Why no traffic can reach a target, if none can.
    pub(super) fn not_in_use(&self, group: &TargetGroup, target: &Target) -> Option<Reason> {
        if !group.listener || group.load_balancers.is_empty() {
            return Some(NO_LISTENER);
        }
        let region = self.region(&group.scope)?;
        let enabled = |zone: &String| {
            let mut balancers = group.load_balancers.iter();
            balancers.any(|arn| region.load_balancer(arn).is_some_and(|lb| lb.zones.contains(zone)))
        };
        (target.zone != "all" && !enabled(&target.zone)).then_some(ZONE_NOT_ENABLED)
    }
}

/// The state after `since` of being healthy and not, in turn.
fn flipped(since: Duration, healthy: Duration, unhealthy: Duration) -> TargetState {
    let turn = (healthy + unhealthy).as_nanos().max(1);
    if since.as_nanos() % turn < healthy.as_nanos() { TargetState::Healthy } else { TargetState::Unhealthy }
}

/// The reason that ELB gives for `state`.
fn reason_for(state: TargetState) -> Option<Reason> {
    match state {
        TargetState::Healthy => None,
        TargetState::Initial => Some(FIRST_CHECKS),
        TargetState::Unhealthy | TargetState::UnhealthyDraining => Some(FAILING),
        TargetState::Unused => Some(NO_LISTENER),
        TargetState::Draining => Some(DRAINING),
        TargetState::Unavailable => Some(CHECKS_OFF),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::TargetDescription;

    const ADDRESS: &str = "10.0.1.10";

    /// A world with one registered target, and its group.
    fn registered() -> (World, String) {
        let mut world = World::new();
        world.add_cluster("payments", [ADDRESS]);
        let group = world.add_frontend("payments").target_group;
        let scope = world.target_group(&group).scope.clone();
        let target = TargetDescription { id: ADDRESS, port: None, zone: None };
        world.register_targets(&scope, &group, &[target]).expect("an address of the VPC");
        (world, group)
    }

    /// The states of the target at the start and after each of `seconds`.
    fn states(world: &mut World, group: &str, seconds: &[u64]) -> Vec<TargetState> {
        let now = |world: &World| world.targets(group)["10.0.1.10:443"];
        let mut seen = vec![now(world)];
        for &seconds in seconds {
            world.advance(Duration::from_secs(seconds));
            seen.push(now(world));
        }
        seen
    }

    #[test]
    fn an_address_decides_what_becomes_of_its_targets() {
        use TargetState::{Healthy, Initial, Unhealthy};

        let ten = Duration::from_secs(10);
        let cases = [
            (None, [Initial, Initial, Healthy, Healthy]),
            (Some(Health::After(ten * 5)), [Initial, Initial, Initial, Healthy]),
            (Some(Health::Never), [Initial, Initial, Unhealthy, Unhealthy]),
            (Some(Health::Flips { healthy: ten, unhealthy: ten }), [Initial, Initial, Healthy, Healthy]),
            (
                Some(Health::Flips { healthy: ten, unhealthy: ten * 2 }),
                [Initial, Initial, Healthy, Unhealthy],
            ),
        ];
        for (health, expected) in cases {
            let (mut world, group) = registered();
            if let Some(health) = health {
                world.set_health(ADDRESS, health);
            }
            assert_eq!(states(&mut world, &group, &[29, 1, 20]), expected, "{health:?}");
        }
    }

    #[test]
    fn an_address_that_stops_answering_makes_its_targets_unhealthy() {
        let (mut world, group) = registered();
        world.advance(Duration::from_mins(1));
        assert_eq!(states(&mut world, &group, &[]), [TargetState::Healthy]);

        world.set_health(ADDRESS, Health::Never);

        assert_eq!(states(&mut world, &group, &[]), [TargetState::Unhealthy]);
    }

    #[test]
    fn a_target_is_unused_without_listener_and_in_a_zone_that_is_not_enabled() {
        let (mut world, group) = registered();
        let balancer = world.target_group(&group).load_balancers[0].clone();

        world.target_group_mut(&group).listener = false;
        assert_eq!(states(&mut world, &group, &[]), [TargetState::Unused]);
        world.target_group_mut(&group).listener = true;
        world.load_balancer_mut(&balancer).zones = vec!["eu-west-1c".to_owned()];
        assert_eq!(states(&mut world, &group, &[]), [TargetState::Unused]);
        world.load_balancer_mut(&balancer).zones.push("eu-west-1a".to_owned());
        assert_eq!(states(&mut world, &group, &[]), [TargetState::Initial]);
        world.delete_load_balancer(&balancer);
        assert_eq!(states(&mut world, &group, &[]), [TargetState::Unused]);
    }
}
