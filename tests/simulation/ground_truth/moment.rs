//! What ELB lists of a target group at one moment, as the [judge] reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use eks_nlb_simulator::world::{CrossZone, OverrideState, Scope, TargetHealth};
use eks_nlb_simulator::{TargetState, World};

use crate::judge::{Listed, Place, Reading, Set, Snapshot, State, Threshold, Zones, has};

/// The states of a target group's targets.
pub(crate) type States = BTreeMap<SocketAddr, TargetState>;

/// A target group at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) states: States,
    listed: BTreeMap<SocketAddr, Listed>,
    /// The targets where an API server of the cluster lives.
    pub(crate) lives: BTreeSet<SocketAddr>,
    zones: Zones,
    is_cross_zone: bool,
    threshold: Threshold,
}

impl Moment {
    /// `group` as it is now, where API servers live at the targets that `lives`
    /// accepts.
    pub(crate) fn of(world: &World, group: &str, lives: impl Fn(&SocketAddr) -> bool) -> Self {
        let targets = world.target_health(group);
        let listed: BTreeMap<_, _> = targets.iter().map(|target| (address(target), listed(target))).collect();
        let group = world.target_group(group);
        let balancer = group.load_balancers.first().map(|arn| world.load_balancer(arn));
        let balancer = balancer.filter(|_| group.listener && group.weight > 0);
        let enabled = balancer.into_iter().flat_map(|balancer| &balancer.zones);
        let failover = group.routing.routing_failover;
        let number = |number: Option<usize>| number.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Self {
            states: targets.iter().map(|target| (address(target), target.state)).collect(),
            lives: listed.keys().filter(|target| lives(target)).copied().collect(),
            listed,
            zones: enabled.filter_map(|zone| zone_number(zone)).fold(0, |zones, zone| zones | 1 << zone),
            is_cross_zone: match group.routing.cross_zone {
                CrossZone::On => true,
                CrossZone::Off => false,
                CrossZone::UseLoadBalancer => balancer.is_some_and(|balancer| balancer.cross_zone),
            },
            threshold: Threshold { count: number(failover.count), percentage: number(failover.percentage) },
        }
    }

    /// As the judge reads it, of targets that are `listed` in the order of a
    /// [`Numbering`].
    pub(crate) fn snapshot<'a>(&self, listed: &'a [Listed]) -> Snapshot<'a> {
        let Self { zones, is_cross_zone, threshold, .. } = *self;
        Snapshot { targets: listed, zones, is_cross_zone, threshold }
    }

    /// The targets that clients may be sent to, by any reading of AWS's words.
    pub(crate) fn may_get_connections(&self) -> BTreeSet<SocketAddr> {
        let numbering = Numbering::of([self], []);
        let listed = numbering.listed(self);
        let snapshot = self.snapshot(&listed);
        numbering.targets(Reading::ALL.into_iter().fold(0, |all, reading| all | snapshot.everywhere(reading)))
    }

    /// Whether a node sends to all of its targets only where none is healthy.
    pub(crate) fn has_default_threshold(&self) -> bool {
        self.threshold == Threshold::DEFAULT
    }

    /// The targets whose checks are off.
    pub(crate) fn unchecked(&self) -> BTreeSet<SocketAddr> {
        let is_unchecked = |listed: &Listed| listed.state == State::Unavailable;
        self.listed.iter().filter(|(_, listed)| is_unchecked(listed)).map(|(target, _)| *target).collect()
    }

    /// The targets that pass their checks and that no zonal shift overrides.
    pub(crate) fn healthy(&self) -> BTreeSet<SocketAddr> {
        let is_healthy = |listed: &Listed| listed.state == State::Healthy && !listed.is_overridden;
        self.listed.iter().filter(|(_, listed)| is_healthy(listed)).map(|(target, _)| *target).collect()
    }
}

/// The same number for each target at several moments.
pub(crate) struct Numbering(Vec<SocketAddr>);

impl Numbering {
    /// Numbers the targets of `moments` and `others`.
    pub(crate) fn of<'a>(
        moments: impl IntoIterator<Item = &'a Moment>,
        others: impl IntoIterator<Item = SocketAddr>,
    ) -> Self {
        let listed = moments.into_iter().flat_map(|moment| moment.listed.keys().copied());
        let targets: BTreeSet<_> = listed.chain(others).collect();
        assert!(targets.len() <= 64, "a set has a bit for each target");
        Self(targets.into_iter().collect())
    }

    /// What ELB lists of each target at a moment.
    pub(crate) fn listed(&self, moment: &Moment) -> Vec<Listed> {
        self.0.iter().map(|target| moment.listed.get(target).copied().unwrap_or(Listed::ABSENT)).collect()
    }

    pub(crate) fn set(&self, targets: &BTreeSet<SocketAddr>) -> Set {
        let indexes = self.0.iter().enumerate().filter(|(_, target)| targets.contains(target));
        indexes.fold(0, |set, (index, _)| set | 1 << index)
    }

    fn targets(&self, set: Set) -> BTreeSet<SocketAddr> {
        self.0.iter().enumerate().filter(|(index, _)| has(set, *index)).map(|(_, target)| *target).collect()
    }
}

/// What ELB lists as the states of the targets of `group`.
pub(crate) fn states(world: &World, group: &str) -> States {
    world.target_health(group).iter().map(|target| (address(target), target.state)).collect()
}

fn address(target: &TargetHealth) -> SocketAddr {
    target.key.to_string().parse().expect("an address and a port")
}

fn zone_number(zone: &str) -> Option<u8> {
    let zones = Scope::default().zones();
    zones.iter().position(|own| own == zone).and_then(|number| u8::try_from(number).ok())
}

fn listed(target: &TargetHealth) -> Listed {
    let is_registering = target.reason.is_some_and(|(code, _)| code == "Elb.RegistrationInProgress");
    let state = match target.state {
        TargetState::Initial if is_registering => State::Registering,
        TargetState::Initial => State::Checking,
        TargetState::Healthy => State::Healthy,
        TargetState::Unhealthy => State::Unhealthy,
        TargetState::UnhealthyDraining => State::UnhealthyDraining,
        TargetState::Unused => State::Unused,
        TargetState::Draining => State::Draining,
        TargetState::Unavailable => State::Unavailable,
    };
    let place = match target.zone.as_deref() {
        Some("all") => Place::All,
        Some(zone) => zone_number(zone).map_or(Place::Unknown, Place::Zone),
        None => Place::Unknown,
    };
    Listed { state, place, is_overridden: target.override_state != OverrideState::NoOverride }
}
