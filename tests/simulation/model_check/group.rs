//! One target group of a model, as ELB keeps it.

use std::fmt;

use super::model::Setup;
use crate::judge::{Listed, Place, State};

/// A set of targets, a bit each.
pub(super) type Set = u8;

/// As many as any model has.
pub(super) const MOST_TARGETS: usize = 4;

/// Zones, and `all`.
pub(super) const A: Place = Place::Zone(0);
pub(super) const B: Place = Place::Zone(1);
pub(super) const C: Place = Place::Zone(2);
pub(super) const ALL: Place = Place::All;

/// The targets in `set`, by number.
pub(super) fn numbers(set: Set) -> impl Iterator<Item = usize> {
    (0..MOST_TARGETS).filter(move |n| has(set, *n))
}

pub(super) fn has(set: Set, n: usize) -> bool {
    set & (1 << n) != 0
}

/// The targets that `such` selects.
pub(super) fn those(such: impl Fn(usize) -> bool) -> Set {
    (0..MOST_TARGETS).filter(|n| such(*n)).fold(0, |set, n| set | 1 << n)
}

/// The states to which a target may change by itself. Where connections to unhealthy
/// targets drain, a healthy one is `unhealthy.draining` before it is `unhealthy`.
fn then(state: State, unhealthy_drain: bool) -> &'static [State] {
    match state {
        State::Registering => &[State::Checking],
        State::Checking | State::UnhealthyDraining => &[State::Healthy, State::Unhealthy],
        State::Healthy if unhealthy_drain => &[State::UnhealthyDraining],
        State::Healthy => &[State::Unhealthy],
        State::Unhealthy => &[State::Healthy],
        State::Draining => &[State::Absent],
        State::Absent | State::Unused | State::Unavailable => &[],
    }
}

/// A target group: the state of each target, and whether zone A is shifted away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    pub(super) states: [State; MOST_TARGETS],
    pub(super) is_shifted: bool,
}

impl Group {
    pub(super) const EMPTY: Self = Self { states: [State::Absent; MOST_TARGETS], is_shifted: false };

    pub(super) fn in_service(self) -> Set {
        those(|n| !matches!(self.states[n], State::Absent | State::Draining))
    }

    /// What ELB lists of each target.
    pub(super) fn listed(self, places: &[Place]) -> [Listed; MOST_TARGETS] {
        let mut listed = [Listed::ABSENT; MOST_TARGETS];
        for ((listed, state), place) in listed.iter_mut().zip(self.states).zip(places) {
            *listed = Listed { state, place: *place, is_overridden: self.is_shifted && *place == A };
        }
        listed
    }

    pub(super) fn register(&mut self, targets: Set) {
        for n in numbers(targets & !self.in_service()) {
            self.states[n] = State::Registering;
        }
    }

    pub(super) fn deregister(&mut self, targets: Set) {
        for n in numbers(targets & self.in_service()) {
            self.states[n] = State::Draining;
        }
    }

    /// The groups to which ELB may change this one by itself.
    pub(super) fn next(self, setup: Setup, next: &mut Vec<Self>) {
        for (n, state) in self.states.into_iter().enumerate() {
            for then in then(state, setup.unhealthy_drain) {
                let mut group = self;
                group.states[n] = *then;
                next.push(group);
            }
        }
        if setup.can_shift {
            next.push(Self { is_shifted: !self.is_shifted, ..self });
        }
    }

    /// The whole group in 13 bits.
    pub(super) fn pack(self) -> u64 {
        let code = |state| match state {
            State::Absent | State::Unused | State::Unavailable => 0,
            State::Registering => 1,
            State::Checking => 2,
            State::Healthy => 3,
            State::Unhealthy => 4,
            State::Draining => 5,
            State::UnhealthyDraining => 6,
        };
        self.states.iter().fold(u64::from(self.is_shifted), |packed, state| packed << 3 | code(*state))
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, state) in self.states.iter().enumerate() {
            write!(f, "{n} {state:?}, ")?;
        }
        f.write_str(if self.is_shifted { "zone a shifted away" } else { "no zonal shift" })
    }
}
