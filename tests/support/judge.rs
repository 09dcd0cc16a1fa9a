//! Judges who is served, by AWS's own words. It knows neither the planner nor the
//! simulator: it reads what ELB lists of a target group, and nothing else.
//!
//! # What AWS says
//!
//! ELB User Guide for Network Load Balancers, read November 2026:
//!
//! 1. *Cross-zone load balancing for target groups*: "When cross-zone load
//!    balancing is off, each load balancer node distributes traffic across only
//!    the registered targets in its Availability Zone." When it is on, "across
//!    the registered targets in all registered Availability Zones".
//! 2. *Target group health*: "When the healthy targets in a zone fall below the
//!    threshold, the load balancer sends traffic to all targets that are
//!    available to the load balancer node, including unhealthy targets." Count
//!    or percentage: "when either threshold is breached". With cross-zone off
//!    they "apply to the number of targets in each enabled zone separately",
//!    with it on "to the total number of targets in all enabled zones".
//! 3. The same page: connections that are "sent explicitly" to a zone out of DNS
//!    reach its node. PrivateLink's endpoints send to their own zone, so every
//!    zone is judged, in DNS or not.
//! 4. *Health checks*: routing to a new target begins "as soon as the
//!    registration process completes".
//! 5. *Zonal shift administrative override*: the load balancer "stops routing
//!    new traffic to administratively overridden targets". The state is
//!    "independent from the `TargetHealth` state".
//! 6. *Unhealthy target connection termination*: a target in
//!    `unhealthy.draining` does "not receive new connections".
//! 7. AWS blog, *Network Load Balancers now support Weighted Target Groups*
//!    (November 2025): a target group of weight 0 gets no traffic.
//!
//! # What AWS does not say
//!
//! Each open question is a [`Reading`]. A write must be right by every reading:
//! whether an overridden target counts as healthy for thresholds, when a zonal
//! shift ends, and whether an `unavailable` target is taken for a healthy one.

/// A set of targets: the bit of each by its index.
pub(crate) type Set = u64;

/// A set of zones: the bit of each by its number.
pub(crate) type Zones = u8;

/// What ELB lists as `TargetHealth`, in as far as it decides who is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Not listed.
    Absent,
    /// `initial`, while `Elb.RegistrationInProgress`.
    Registering,
    /// `initial`, while `Elb.InitialHealthChecking`.
    Checking,
    Healthy,
    Unhealthy,
    UnhealthyDraining,
    Unused,
    Draining,
    /// `unavailable`, or a state that AWS has not documented.
    Unavailable,
}

/// What ELB lists as a target's `AvailabilityZone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The zone with this number.
    Zone(u8),
    All,
    /// ELB lists none.
    Unknown,
}

/// What ELB lists of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) state: State,
    pub(crate) place: Place,
    /// Its `AdministrativeOverride` is another than `no_override`.
    pub(crate) is_overridden: bool,
}

impl Listed {
    /// A target that ELB does not list.
    pub(crate) const ABSENT: Self =
        Self { state: State::Absent, place: Place::Unknown, is_overridden: false };

    /// Registered where the load balancer sends traffic, and not draining.
    pub(crate) fn is_in_use(self) -> bool {
        !matches!(self.state, State::Absent | State::Draining | State::Unused)
    }

    /// Whether a node of `zone` reaches it without cross-zone load balancing.
    pub(crate) fn is_near(self, zone: u8) -> bool {
        match self.place {
            Place::Zone(own) => own == zone,
            Place::All | Place::Unknown => true,
        }
    }
}

/// The routing failover thresholds of a target group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Threshold {
    pub(crate) count: u32,
    /// Of the targets in use; 0 where it is off.
    pub(crate) percentage: u32,
}

impl Threshold {
    pub(crate) const DEFAULT: Self = Self { count: 1, percentage: 0 };
}

/// A target group before its load balancer, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot<'a> {
    pub(crate) targets: &'a [Listed],
    /// The zones that the load balancer is enabled in; none where no listener
    /// forwards to the group, or with weight 0.
    pub(crate) zones: Zones,
    pub(crate) is_cross_zone: bool,
    pub(crate) threshold: Threshold,
}

/// An answer to each question that AWS's documentation leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    overridden_counts_as_healthy: bool,
    shift_has_ended: bool,
    unavailable_passes: bool,
}

impl Reading {
    /// Every combination that makes a difference.
    pub(crate) const ALL: [Self; 6] = [
        Self::of(false, false, false),
        Self::of(false, false, true),
        Self::of(true, false, false),
        Self::of(true, false, true),
        Self::of(false, true, false),
        Self::of(false, true, true),
    ];

    const fn of(overridden_counts_as_healthy: bool, shift_has_ended: bool, unavailable_passes: bool) -> Self {
        Self { overridden_counts_as_healthy, shift_has_ended, unavailable_passes }
    }

    fn overrides(self, listed: Listed) -> bool {
        listed.is_overridden && !self.shift_has_ended
    }

    /// Whether its health checks pass.
    pub(crate) fn passes(self, listed: Listed) -> bool {
        match listed.state {
            State::Healthy => true,
            State::Unavailable => self.unavailable_passes,
            State::Absent
            | State::Registering
            | State::Checking
            | State::Unhealthy
            | State::UnhealthyDraining
            | State::Unused
            | State::Draining => false,
        }
    }
}

impl Snapshot<'_> {
    /// The targets that the node of `zone` sends new connections to.
    pub(crate) fn gets(&self, zone: u8, reading: Reading) -> Set {
        let (mut in_use, mut healthy) = (0, 0);
        let (mut passing, mut available) = (0, 0);
        for (index, listed) in self.targets.iter().copied().enumerate() {
            if !listed.is_in_use() || !(self.is_cross_zone || listed.is_near(zone)) {
                continue;
            }
            in_use += 1;
            let is_overridden = reading.overrides(listed);
            let passes = reading.passes(listed);
            healthy += u32::from(passes && (!is_overridden || reading.overridden_counts_as_healthy));
            let is_ready = !matches!(listed.state, State::Registering | State::UnhealthyDraining);
            if is_ready && !is_overridden {
                available |= 1 << index;
                passing |= u64::from(passes) << index;
            }
        }
        let Threshold { count, percentage } = self.threshold;
        let fails_open = healthy < count || 100 * healthy < percentage * in_use;
        if fails_open { available } else { passing }
    }

    /// The zones that the load balancer is enabled in.
    pub(crate) fn enabled(&self) -> impl Iterator<Item = u8> {
        let zones = self.zones;
        (0..8).filter(move |zone| zones & (1 << zone) != 0)
    }

    /// The targets that clients in any zone are sent to.
    pub(crate) fn everywhere(&self, reading: Reading) -> Set {
        self.enabled().fold(0, |all, zone| all | self.gets(zone, reading))
    }

    /// The zones in which one of `targets` is, or may turn out to be, in use.
    pub(crate) fn zones_of(&self, targets: Set) -> Zones {
        let in_set = self.targets.iter().enumerate().filter(|(index, _)| has(targets, *index));
        let zones = in_set.map(|(_, listed)| match (listed.state, listed.place) {
            (State::Unused, _) => 0,
            (_, Place::Zone(zone)) => 1 << zone,
            (_, Place::All | Place::Unknown) => Zones::MAX,
        });
        zones.fold(0, |all, zones| all | zones) & self.zones
    }

    /// The targets whose zone ELB lists.
    fn placed(&self) -> Set {
        let placed = self.targets.iter().enumerate().filter(|(_, listed)| listed.place != Place::Unknown);
        placed.fold(0, |set, (index, _)| set | 1 << index)
    }
}

/// Where clients lose the last server that they are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    Everywhere,
    InZone(u8),
}

/// What clients lose if the targets `taken` are deregistered, by any [`Reading`].
/// It is lost only if it was the last at each of `moments`, such as when a run
/// read the group, and now.
///
/// `answers` are the targets whose servers answer, by a reading. Zones outside `needed` may
/// lose their last server. A target whose zone ELB does not list may be the last
/// of the group, but not of a zone.
pub(crate) fn loss(
    moments: &[&Snapshot<'_>],
    taken: Set,
    answers: impl Fn(Reading) -> Set,
    needed: Zones,
) -> Option<Loss> {
    let takes_all = |served: Set, counted: Set| served != 0 && served & !(taken & counted) == 0;
    let lost = |reading: Reading| {
        let answers = answers(reading);
        let everywhere = |snapshot: &&Snapshot<'_>| snapshot.everywhere(reading) & answers;
        if moments.iter().all(|snapshot| takes_all(everywhere(snapshot), Set::MAX)) {
            return Some(Loss::Everywhere);
        }
        let zones = moments.first()?.enabled().filter(|zone| needed & (1 << zone) != 0);
        let is_lost = |zone: &u8| {
            let served = |snapshot: &Snapshot<'_>| snapshot.gets(*zone, reading) & answers;
            moments.iter().all(|snapshot| takes_all(served(snapshot), snapshot.placed()))
        };
        zones.into_iter().find(is_lost).map(Loss::InZone)
    };
    Reading::ALL.into_iter().find_map(lost)
}

/// Whether `set` holds the target with this index.
pub(crate) fn has(set: Set, index: usize) -> bool {
    set & (1 << index) != 0
}
