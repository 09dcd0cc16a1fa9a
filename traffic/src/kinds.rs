//! Scripts of replacements: what happens, and when.

use std::fmt;

/// The time between two moments: clients connect at each.
pub(crate) const STEP_SECONDS: u32 = 15;

/// A minute, in steps.
pub(crate) const MINUTE: u32 = 60 / STEP_SECONDS;

/// From one replacement to the next. Not a whole number of minutes, so that
/// each comes at another moment of the schedule.
pub(crate) const ROUND: u32 = 20 * MINUTE + 1;

/// When a new server answers: its interface is made a minute before.
const ANSWERS: u32 = MINUTE;

/// When DNS names it.
const NAMED: u32 = 2 * MINUTE;

/// When an old server is unready for a minute.
const UNREADY: u32 = 3 * MINUTE;

/// The subnet of zone b.
const ZONE_B: u8 = 2;

/// How a control plane of two servers, in zones a and b, is replaced. Unless
/// it says otherwise, by two others in the same zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The old servers stay for n minutes after DNS first names the new
    /// ones, and are named until a minute before they stop.
    Overlap(u32),
    /// Old servers stay 6 min, and stop without having been unready.
    StopAtOnce,
    /// DNS replaces the old names by the new ones; the old servers stay 4 min.
    AtOnce,
    /// DNS names one of the new servers for 4 min, then both.
    ShortAnswers,
    /// DNS fails for 4 min.
    NamesFail,
    /// 4 of 10 events are lost.
    EventsLost,
    /// The cluster existed before its load balancer did.
    ExistedBefore,
    /// Health checks fail although servers serve.
    ChecksFail,
    /// The same in zone b only.
    ChecksFailInOneZone,
    /// Zone b's old server fails its checks from the beginning, and serves until
    /// it stops.
    UnreadyEarly,
    /// Zone b's old server fails its checks for a minute, and serves.
    UnreadyForAMinute,
    /// New servers pass their checks 7 min before they serve.
    ChecksLie,
    /// Only one server is replaced.
    One,
    /// By three others, of which the only one in zone b is 5 min late.
    OneZoneLate,
    /// DNS tells new and old in turn for some minutes.
    Flapping,
    /// The servers before them replace them.
    Back,
    /// One dies unannounced, and is then replaced.
    Crash,
    /// By servers in zones b and c, and then back.
    OtherZones,
}

/// An API server: its subnet, which tells its zone, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Server {
    /// The number of its subnet.
    pub zone: u8,
    /// The last part of its address.
    pub number: u8,
}

/// Something that happens in a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// EKS makes the interface of a server, which does not serve yet.
    InterfaceMade(Server),
    /// EKS deletes it.
    InterfaceGoes(Server),
    /// It answers connections.
    Serves(Server),
    /// It answers health checks, which ELB finds out later.
    PassesChecks(Server),
    /// It does not.
    FailsChecks(Server),
    /// It no longer answers connections.
    Stops(Server),
    /// DNS names these, and no others.
    Names(Vec<Server>),
    /// DNS fails.
    NamesFail,
}

impl Kind {
    /// All that the tables have.
    pub const ALL: [Self; 19] = [
        Self::Overlap(6),
        Self::Overlap(3),
        Self::StopAtOnce,
        Self::AtOnce,
        Self::ShortAnswers,
        Self::NamesFail,
        Self::EventsLost,
        Self::ExistedBefore,
        Self::ChecksFail,
        Self::ChecksFailInOneZone,
        Self::UnreadyEarly,
        Self::UnreadyForAMinute,
        Self::ChecksLie,
        Self::One,
        Self::OneZoneLate,
        Self::Flapping,
        Self::Back,
        Self::Crash,
        Self::OtherZones,
    ];

    /// From no overlap to more than a target needs to become healthy.
    pub const OVERLAPS: [Self; 7] = [
        Self::Overlap(0),
        Self::Overlap(1),
        Self::Overlap(2),
        Self::Overlap(3),
        Self::Overlap(4),
        Self::Overlap(5),
        Self::Overlap(6),
    ];

    /// The zones of the new servers in the n-th replacement, by subnet.
    pub(crate) fn new_zones(self, n: usize) -> &'static [u8] {
        if matches!(self, Self::One | Self::Crash) {
            &[1]
        } else if self == Self::OneZoneLate {
            &[1, 1, 2]
        } else if self == Self::OtherZones && n.is_multiple_of(2) {
            &[2, 3]
        } else {
            &[1, 2]
        }
    }

    /// Whether health checks fail although `server` serves.
    #[must_use]
    pub(crate) fn fails_checks(self, server: Server) -> bool {
        self == Self::ChecksFail || (self == Self::ChecksFailInOneZone && server.zone == ZONE_B)
    }

    /// Whether the n-th event is lost.
    pub(crate) fn loses_event(self, n: usize) -> bool {
        self == Self::EventsLost && [1, 4, 6, 9].contains(&(n % 10))
    }

    /// What happens at which step when `old` servers are replaced by `new`
    /// ones; servers in both stay.
    pub(crate) fn script(self, old: &[Server], new: &[Server]) -> Vec<(u32, Happening)> {
        use Happening::{Names, NamesFail};

        let both = || Names([old, new].concat());
        let only = |servers: &[Server]| Names(servers.to_vec());
        let (names, stop) = match self {
            Self::Overlap(_) | Self::StopAtOnce => {
                let minutes = if let Self::Overlap(minutes) = self { minutes } else { 6 };
                let stop = NAMED + minutes * MINUTE;
                (vec![(NAMED, both()), (NAMED.max(stop - MINUTE), only(new))], stop)
            }
            Self::ShortAnswers => {
                (vec![(NAMED, only(&new[..1])), (NAMED + 4 * MINUTE, only(new))], NAMED + 10 * MINUTE)
            }
            Self::NamesFail => {
                let back = MINUTE + 4 * MINUTE;
                (vec![(MINUTE, NamesFail), (back, only(new))], back + 4 * MINUTE)
            }
            Self::OneZoneLate | Self::ChecksLie => (vec![(NAMED, only(new))], NAMED + 10 * MINUTE),
            Self::Flapping => {
                let answers = [only(new), only(old), both(), only(new)];
                ((0..).map(|n| NAMED + n * MINUTE).zip(answers).collect(), NAMED + 8 * MINUTE)
            }
            Self::Crash => (vec![(4 * MINUTE, both()), (6 * MINUTE, only(new))], 0),
            Self::AtOnce
            | Self::EventsLost
            | Self::ExistedBefore
            | Self::ChecksFail
            | Self::ChecksFailInOneZone
            | Self::UnreadyEarly
            | Self::UnreadyForAMinute
            | Self::One
            | Self::Back
            | Self::OtherZones => (vec![(NAMED, only(new))], NAMED + 4 * MINUTE),
        };
        let mut script = names;
        for &server in new.iter().filter(|server| !old.contains(server)) {
            script.extend(self.beginning(server));
        }
        for &server in old.iter().filter(|server| !new.contains(server)) {
            script.extend(self.end(server, stop));
        }
        script
    }

    /// What happens to a new server.
    fn beginning(self, new: Server) -> [(u32, Happening); 3] {
        // After a crash, EKS makes the new interface two minutes later.
        let made = if self == Self::Crash { 2 * MINUTE } else { 0 };
        let late = if self == Self::OneZoneLate && new.zone == ZONE_B { 5 * MINUTE } else { 0 };
        let passes = made + ANSWERS + late;
        let serves = passes + if self == Self::ChecksLie { 7 * MINUTE } else { 0 };
        [
            (made, Happening::InterfaceMade(new)),
            (passes, Happening::PassesChecks(new)),
            (serves, Happening::Serves(new)),
        ]
    }

    /// What happens to an old server that stops at `stop`.
    fn end(self, server: Server, stop: u32) -> Vec<(u32, Happening)> {
        let gone = if self == Self::Crash { 5 * MINUTE } else { stop };
        // A server that is shut down in order is unready for a minute before it
        // stops.
        let notice = if matches!(self, Self::Crash | Self::StopAtOnce) {
            0
        } else if self == Self::UnreadyEarly && server.zone == ZONE_B {
            stop
        } else {
            MINUTE
        };
        let mut ends = vec![
            (stop - notice, Happening::FailsChecks(server)),
            (stop, Happening::Stops(server)),
            (gone, Happening::InterfaceGoes(server)),
        ];
        if self == Self::UnreadyForAMinute && server.zone == ZONE_B {
            ends.push((UNREADY, Happening::FailsChecks(server)));
            ends.push((UNREADY + MINUTE, Happening::PassesChecks(server)));
        }
        ends
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overlap(minutes) => return write!(f, "old servers stay {minutes} min"),
            Self::StopAtOnce => "old servers stop without notice",
            Self::AtOnce => "new names replace old at once",
            Self::ShortAnswers => "short DNS answers",
            Self::NamesFail => "DNS fails for minutes",
            Self::EventsLost => "4 of 10 events are lost",
            Self::ExistedBefore => "the cluster existed before",
            Self::ChecksFail => "checks fail, servers serve",
            Self::ChecksFailInOneZone => "checks fail in one zone, servers serve",
            Self::UnreadyEarly => "one zone's old server is unready early",
            Self::UnreadyForAMinute => "one zone's old server is unready for a minute",
            Self::ChecksLie => "checks pass, servers do not serve",
            Self::One => "one server is replaced",
            Self::OneZoneLate => "one zone's server is late",
            Self::Flapping => "DNS tells new and old in turn",
            Self::Back => "back to earlier addresses",
            Self::Crash => "one server dies unannounced",
            Self::OtherZones => "moves to other zones",
        })
    }
}
