//! Remembers since when targets are withheld and frontends unhealthy.
//!
//! A timer starts when this process first sees the condition, so an age is a
//! lower bound. It is for alarms and changes no decision.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use crate::model::{Target, TargetGroupArn};
use crate::publish::report::{FrontendReport, Report};
use crate::reasons::WithholdReason;

/// What no run has seen for this long is forgotten: other Regions and accounts
/// may be served in between.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// The memory of earlier runs.
#[derive(Debug, Default)]
pub struct ConditionTimers {
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

impl ConditionTimers {
    /// Updates the timers by `report`; returns the oldest.
    pub fn note(&mut self, report: &Report, now: SystemTime) -> Oldest {
        let read = report.frontends.iter().filter(|frontend| frontend.unserved.is_some());
        let read: Vec<_> =
            read.filter_map(|frontend| Some((frontend.target_group.as_ref()?, frontend))).collect();
        let groups: BTreeSet<_> = read.iter().map(|(group, _)| *group).collect();
        let unhealthy = read.iter().filter(|(_, frontend)| frontend.is_unserved());
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
    withheld.filter(|one| one.reason.reason() != WithholdReason::AddOnlyPolicy).map(|one| one.target)
}

/// Starts a timer for each active condition and stops those that cleared; returns
/// the age of the oldest.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CurrentTarget, TargetState, Targets};
    use crate::plan::Withheld;
    use crate::publish::report::{Outcome, WithheldTarget};

    const MINUTE: Duration = Duration::from_mins(1);

    /// A frontend whose one target is in `state` and, if it is withheld, the
    /// reason.
    fn frontend(group: &str, state: TargetState, reason: Option<Withheld>) -> FrontendReport {
        let target = Target::new([10, 0, 0, 1].into(), 443);
        let withheld = reason.map(|reason| WithheldTarget { target, reason });
        FrontendReport {
            target_group: Some(TargetGroupArn(group.to_owned())),
            withheld: withheld.into_iter().collect(),
            ..FrontendReport::new(Outcome::Waiting)
        }
        .with_health(&Targets::from([(target, CurrentTarget { state, zone: None, is_overridden: false })]))
    }

    /// The ages, in minutes, after runs at these minutes that show these frontends.
    fn ages(runs: impl IntoIterator<Item = (u32, Vec<FrontendReport>)>) -> Vec<(u64, u64)> {
        let mut ages = ConditionTimers::default();
        let minutes = |age: Duration| age.as_secs() / MINUTE.as_secs();
        runs.into_iter()
            .map(|(at, frontends)| {
                let report = Report::new(false, String::new(), 1, frontends);
                let oldest = ages.note(&report, SystemTime::UNIX_EPOCH + MINUTE * at);
                (minutes(oldest.unhealthy), minutes(oldest.withheld))
            })
            .collect()
    }

    #[test]
    fn an_age_grows_until_what_it_is_about_is_over() {
        let bad = || frontend("a", TargetState::Unhealthy, Some(Withheld::NamedByOneSource));
        let good = || frontend("a", TargetState::Healthy, None);
        let runs =
            [(0, vec![bad()]), (1, vec![bad()]), (3, vec![bad()]), (4, vec![good()]), (5, vec![bad()])];
        assert_eq!(ages(runs), [(0, 0), (1, 1), (3, 3), (0, 0), (0, 0)]);
    }

    #[test]
    fn the_oldest_of_all_frontends_counts() {
        let bad = |group| frontend(group, TargetState::Initial, Some(Withheld::RegistrationFailed));
        let runs = [(0, vec![bad("a")]), (2, vec![bad("a"), bad("b")]), (3, vec![bad("b")])];
        assert_eq!(ages(runs)[1..], [(2, 2), (1, 1)]);
    }

    #[test]
    fn what_the_policy_withholds_for_ever_has_no_age() {
        let bad = || frontend("a", TargetState::Healthy, Some(Withheld::AddOnlyPolicy));
        assert_eq!(ages([(0, vec![bad()]), (9, vec![bad()])]), [(0, 0), (0, 0)]);
    }

    #[test]
    fn what_was_not_looked_at_is_remembered_for_an_hour() {
        let bad = || frontend("a", TargetState::Unhealthy, None);
        let unread = || FrontendReport { unserved: None, ..bad() };
        let runs = [
            (0, vec![bad()]),
            (10, vec![unread()]),
            (20, vec![]),
            (30, vec![bad()]),
            (95, vec![]),
            (96, vec![bad()]),
        ];
        let unhealthy: Vec<_> = ages(runs).into_iter().map(|(unhealthy, _)| unhealthy).collect();
        assert_eq!(unhealthy, [0, 0, 0, 30, 0, 0]);
    }
}
