//! Remembers since when targets are withheld and frontends unhealthy.
//!
//! As far as this process has seen: what is new starts at zero, so an age is a
//! lower bound. It is for alarms and changes no decision.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use crate::model::{Target, TargetGroupArn};
use crate::plan::WithholdReason;
use crate::report::{FrontendReport, Report};

/// What no run has seen for this long is forgotten: other Regions and accounts
/// may be served in between.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// The memory of earlier runs.
#[derive(Debug, Default)]
pub struct Ages {
    unhealthy: BTreeMap<TargetGroupArn, Seen>,
    withheld: BTreeMap<(TargetGroupArn, Target), Seen>,
}

/// How long at least the oldest of each has lasted; zero where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oldest {
    /// A frontend without a healthy target.
    pub unhealthy: Duration,
    /// A withheld target, unless the policy never deregisters.
    pub withheld: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: SystemTime,
    last: SystemTime,
}

impl Ages {
    /// Takes note of `report`; returns the ages of what it shows.
    pub fn note(&mut self, report: &Report, now: SystemTime) -> Oldest {
        let read = report.frontends.iter().filter(|frontend| frontend.has_healthy_target().is_some());
        let read: Vec<_> =
            read.filter_map(|frontend| Some((frontend.target_group.as_ref()?, frontend))).collect();
        let groups: BTreeSet<_> = read.iter().map(|(group, _)| *group).collect();
        let unhealthy = read.iter().filter(|(_, frontend)| frontend.has_healthy_target() == Some(false));
        let unhealthy: BTreeSet<_> = unhealthy.map(|(group, _)| (*group).clone()).collect();
        let withheld = read
            .iter()
            .flat_map(|(group, frontend)| withheld(frontend).map(|target| ((*group).clone(), target)));
        let withheld: BTreeSet<_> = withheld.collect();
        Oldest {
            unhealthy: note(&mut self.unhealthy, unhealthy, |group| groups.contains(group), now),
            withheld: note(&mut self.withheld, withheld, |(group, _)| groups.contains(group), now),
        }
    }
}

fn withheld(frontend: &FrontendReport) -> impl Iterator<Item = Target> {
    let withheld = frontend.withheld.iter();
    withheld.filter(|one| one.reason != WithholdReason::AddOnlyPolicy).map(|one| one.target)
}

/// Takes note of what lasts, and forgets what was looked at and is over;
/// returns the age of the oldest.
fn note<K: Ord>(
    memory: &mut BTreeMap<K, Seen>,
    lasting: BTreeSet<K>,
    was_looked_at: impl Fn(&K) -> bool,
    now: SystemTime,
) -> Duration {
    let elapsed = |since: SystemTime| now.duration_since(since).unwrap_or_default();
    memory.retain(|key, seen| {
        lasting.contains(key) || (!was_looked_at(key) && elapsed(seen.last) < FORGET_AFTER)
    });
    let mut oldest = Duration::ZERO;
    for key in lasting {
        let seen = memory.entry(key).or_insert(Seen { first: now, last: now });
        seen.last = now;
        oldest = oldest.max(elapsed(seen.first));
    }
    oldest
}
