//! One target group and the two nodes before it.

use std::fmt;

/// A set of targets, a bit each.
pub(super) type Set = u8;

/// The targets in `set`, by number.
pub(super) fn numbers(set: Set) -> impl Iterator<Item = usize> {
    (0..MOST_TARGETS).filter(move |n| has(set, *n))
}

pub(super) fn has(set: Set, n: usize) -> bool {
    set & (1 << n) != 0
}

/// As many as any small world has.
pub(super) const MOST_TARGETS: usize = 4;

/// Which nodes reach a target: a bit for each zone.
pub(super) type Place = u8;
pub(super) const A: Place = 0b01;
pub(super) const B: Place = 0b10;
pub(super) const ALL: Place = 0b11;

/// What ELB knows of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Elb {
    #[default]
    Absent,
    /// `initial`: its registration is under way, nothing is sent to it.
    Registering,
    /// `initial`: its first checks are under way.
    Checking,
    Healthy,
    Unhealthy,
    Draining,
}

impl Elb {
    /// What may come of it by itself.
    pub(super) fn then(self) -> &'static [Self] {
        match self {
            Self::Absent => &[],
            Self::Registering => &[Self::Checking],
            Self::Checking => &[Self::Healthy, Self::Unhealthy],
            Self::Healthy => &[Self::Unhealthy],
            Self::Unhealthy => &[Self::Healthy],
            Self::Draining => &[Self::Absent],
        }
    }
}

/// What ELB knows of the targets of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group(pub(super) [Elb; MOST_TARGETS]);

impl Group {
    pub(super) fn those(self, are: impl Fn(Elb) -> bool) -> Set {
        (0..MOST_TARGETS).filter(|n| are(self.0[*n])).fold(0, |set, n| set | 1 << n)
    }

    pub(super) fn in_service(self) -> Set {
        self.those(|elb| !matches!(elb, Elb::Absent | Elb::Draining))
    }

    pub(super) fn healthy(self) -> Set {
        self.those(|elb| elb == Elb::Healthy)
    }

    /// The targets that clients are sent to, wherever these are: the healthy
    /// ones, or all that are registered if none is.
    pub(super) fn takes(self) -> Set {
        match self.healthy() {
            0 => self.those(|elb| matches!(elb, Elb::Checking | Elb::Unhealthy)),
            healthy => healthy,
        }
    }

    pub(super) fn register(&mut self, targets: Set) {
        for n in numbers(targets & !self.in_service()) {
            self.0[n] = Elb::Registering;
        }
    }

    pub(super) fn deregister(&mut self, targets: Set) {
        for n in numbers(targets & self.in_service()) {
            self.0[n] = Elb::Draining;
        }
    }

    pub(super) fn pack(self) -> u64 {
        self.0.iter().fold(0, |packed, elb| packed << 3 | *elb as u64)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, elb) in self.0.iter().enumerate() {
            write!(f, "{n} {elb:?}, ")?;
        }
        Ok(())
    }
}
