//! Target groups of a few targets, as the planner and the judge are given them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use eks_nlb_sync_core::model::{CurrentTarget, Target, TargetState, Targets, Zone};

use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, Unknown, Unused};

use crate::judge::{Listed, Place, Set, State};

/// Most targets of a group.
pub(crate) const MOST_TARGETS: usize = 5;

/// A state, as ELB words it, and as the planner is given it.
pub(crate) type Worded = (TargetState, State);

/// Every state. A stale target that is `initial` may get connections, a desired
/// one may not.
pub(crate) const STATES: [Worded; 8] = [
    (Initial, State::Checking),
    (Healthy, State::Healthy),
    (Unhealthy, State::Unhealthy),
    (Unhealthy, State::UnhealthyDraining),
    (Unused, State::Unused),
    (Draining, State::Draining),
    (Unavailable, State::Unavailable),
    (Unknown, State::Unavailable),
];

/// The number of states, the first ones, in which a target's health is known.
pub(crate) const KNOWN_STATES: usize = 6;

/// The port of every target.
pub(crate) const PORT: u16 = 443;

/// The zones that the load balancer is enabled in.
pub(crate) const ZONES: [u8; 3] = [0, 1, 2];

/// The zone that a zonal shift moves traffic away from.
pub(crate) const SHIFTED: u8 = 0;

/// A target: what ELB lists of it, and whether it is desired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    /// Nothing where ELB does not list it.
    pub(crate) state: Option<Worded>,
    pub(crate) place: Place,
    pub(crate) is_desired: bool,
}

impl Kind {
    pub(crate) fn is(self, state: TargetState) -> bool {
        self.state.is_some_and(|(own, _)| own == state)
    }

    pub(crate) fn is_stale(self) -> bool {
        !self.is_desired && !self.is(Draining)
    }
}

/// Every kind that a target in one of `states` can be of, in order.
pub(crate) fn kinds(states: &[Worded]) -> BTreeSet<Kind> {
    let places = ZONES.map(Place::Zone).into_iter().chain([Place::All, Place::Unknown]);
    let listed = places.flat_map(|place| states.iter().map(move |state| (Some(*state), place)));
    let listed =
        listed.flat_map(|(state, place)| [true, false].map(|is_desired| Kind { state, place, is_desired }));
    let absent = Kind { state: None, place: Place::Unknown, is_desired: true };
    listed.chain([absent]).collect()
}

/// One group: its targets in order, and whether a zonal shift is active.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) targets: &'a [Kind],
    pub(crate) is_shifted: bool,
}

impl Group<'_> {
    /// Whether no permutation of equal zones comes earlier in the order.
    pub(crate) fn is_canonical(self) -> bool {
        let permutations: &[[u8; 3]] = if self.is_shifted {
            &[[0, 2, 1]]
        } else {
            &[[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        };
        permutations.iter().all(|permutation| {
            let mut other = [None; MOST_TARGETS];
            for (other, kind) in other.iter_mut().zip(self.targets) {
                let place = match kind.place {
                    Place::Zone(zone) => Place::Zone(permutation[usize::from(zone)]),
                    place @ (Place::All | Place::Unknown) => place,
                };
                *other = Some(Kind { place, ..*kind });
            }
            let other = &mut other[..self.targets.len()];
            other.sort_unstable();
            other.iter().flatten().ge(self.targets)
        })
    }

    pub(crate) fn is_overridden(self, kind: Kind) -> bool {
        self.is_shifted && kind.place == Place::Zone(SHIFTED)
    }

    pub(crate) fn such(self, such: impl Fn(Kind) -> bool) -> Set {
        let targets = self.targets.iter().enumerate();
        targets.filter(|(_, kind)| such(**kind)).fold(0, |set, (index, _)| set | 1 << index)
    }

    pub(crate) fn is_healthy(self, kind: Kind) -> bool {
        kind.is(Healthy) && !self.is_overridden(kind)
    }

    /// As the planner is given it.
    pub(crate) fn current(self) -> Targets {
        let listed = self.targets.iter().enumerate().filter_map(|(index, kind)| {
            let zone = match kind.place {
                Place::Zone(zone) => Some(Zone::from(["a", "b", "c"][usize::from(zone)].to_owned())),
                Place::All => Some(Zone::All),
                Place::Unknown => None,
            };
            let (state, worded) = kind.state?;
            let is_overridden = self.is_overridden(*kind) || worded == State::UnhealthyDraining;
            Some((target(index), CurrentTarget { state, zone, is_overridden }))
        });
        listed.collect()
    }

    /// As the judge is given it.
    pub(crate) fn listed(self) -> Vec<Listed> {
        let state = |kind: Kind| match kind.state {
            None => State::Absent,
            Some((Initial, _)) if kind.is_desired => State::Registering,
            Some((_, worded)) => worded,
        };
        let targets = self.targets.iter();
        targets
            .map(|kind| Listed {
                state: state(*kind),
                place: kind.place,
                is_overridden: self.is_overridden(*kind),
            })
            .collect()
    }
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Kind { state, place, is_desired } in self.targets {
            let desired = if *is_desired { "desired" } else { "stale" };
            match state {
                Some(state) => write!(f, "{desired} {state:?} in {place:?}, ")?,
                None => write!(f, "{desired} and absent, ")?,
            }
        }
        f.write_str(if self.is_shifted { "zone 0 shifted away" } else { "no zonal shift" })
    }
}

pub(crate) fn target(index: usize) -> Target {
    Target::new(address(index), PORT)
}

pub(crate) fn address(index: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(index).expect("few targets")).into()
}
