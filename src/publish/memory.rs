//! What a process knows of earlier runs, for metrics and log lines.
//!
//! Its only use is to leave out of the metrics what passes by itself: a failure
//! that the next run repairs, and a target that waits for its replacement. A
//! process that knows nothing counts every failure, so no page depends on its
//! memory. A stale target needs it: a process that ends within half an hour
//! counts none.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use crate::model::{ClusterName, LoadBalancerArn, Target, TargetGroupArn};
use crate::publish::report::{FrontendReport, Outcome, Report};
use crate::reasons::WithholdReason;

/// An earlier run counts for this long only.
const RECENT: Duration = Duration::from_mins(10);

/// A frontend that no run has seen for this long is forgotten.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// How often skipped frontends that did not change are logged.
const SKIPPED_EVERY: Duration = Duration::from_hours(1);

/// The memory of earlier runs.
#[derive(Debug, Default)]
pub struct Memory {
    scopes: BTreeMap<String, Past>,
    served: BTreeMap<LoadBalancerArn, Served>,
}

/// Since when targets are withheld.
type Times = BTreeMap<(TargetGroupArn, Target), SystemTime>;

/// The earlier runs in one account and Region.
#[derive(Debug)]
struct Past {
    at: SystemTime,
    discovery_failed: bool,
    failing: BTreeSet<String>,
    withheld: Times,
    skipped: u64,
    skipped_at: SystemTime,
}

#[derive(Debug)]
struct Served {
    cluster: Option<ClusterName>,
    at: SystemTime,
}

/// What one run adds to the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// For each frontend, whether it fails and is not known to have succeeded in
    /// the run before.
    pub failing: Vec<bool>,
    /// For each frontend, how long this process has seen a target withheld.
    pub withheld: Vec<Duration>,
    /// Whether the skipped frontends are to be logged.
    pub shows_skipped: bool,
}

impl Memory {
    /// Notes a full run in `scope`, its account and Region.
    pub fn note(&mut self, scope: &str, report: &Report, now: SystemTime) -> Noted {
        self.forget(now);
        self.note_served(report, now);
        let past = self.scopes.remove(scope);
        let knows = past.as_ref().is_some_and(|past| age(past.at, now) <= RECENT);
        let before = past.unwrap_or_else(|| Past::new(now));
        let skipped = skipped(report);
        let shows_skipped = before.skipped != skipped || age(before.skipped_at, now) >= SKIPPED_EVERY;
        let mut next = Past { skipped, ..Past::new(now) };
        if !shows_skipped {
            next.skipped_at = before.skipped_at;
        }
        let mut noted = Noted { shows_skipped, ..Noted::default() };
        for frontend in &report.frontends {
            let key = key(frontend);
            let fails = frontend.failure().is_some();
            noted.failing.push(fails && (!knows || before.failing.contains(&key)));
            if fails {
                next.failing.insert(key);
            }
            noted.withheld.push(withheld(frontend, &before.withheld, &mut next.withheld, now));
        }
        next.withheld.extend(unread(report, before.withheld));
        self.scopes.insert(scope.to_owned(), next);
        noted
    }

    /// Notes a run in `scope` whose listing failed. Returns false if the run
    /// before is known to have succeeded.
    pub fn note_failed_discovery(&mut self, scope: &str, now: SystemTime) -> bool {
        self.forget(now);
        let knows = self.scopes.get(scope).is_some_and(|past| age(past.at, now) <= RECENT);
        let past = self.scopes.entry(scope.to_owned()).or_insert_with(|| Past::new(now));
        let is_failing = !knows || past.discovery_failed;
        past.at = now;
        past.discovery_failed = true;
        is_failing
    }

    /// The cluster of a load balancer that this process has managed.
    #[must_use]
    pub fn has_served(&self, load_balancer: &LoadBalancerArn) -> Option<Option<ClusterName>> {
        self.served.get(load_balancer).map(|served| served.cluster.clone())
    }

    fn note_served(&mut self, report: &Report, now: SystemTime) {
        for frontend in &report.frontends {
            if let Some(load_balancer) = &frontend.load_balancer {
                let served = Served { cluster: frontend.cluster.clone(), at: now };
                self.served.insert(load_balancer.clone(), served);
            }
        }
        for load_balancer in report.untagged.iter().filter_map(|frontend| frontend.load_balancer.as_ref()) {
            if let Some(served) = self.served.get_mut(load_balancer) {
                served.at = now;
            }
        }
    }

    fn forget(&mut self, now: SystemTime) {
        self.scopes.retain(|_, past| age(past.at, now) < FORGET_AFTER);
        self.served.retain(|_, served| age(served.at, now) < FORGET_AFTER);
    }
}

impl Past {
    fn new(at: SystemTime) -> Self {
        let (failing, withheld) = Default::default();
        Self { at, discovery_failed: false, failing, withheld, skipped: 0, skipped_at: at }
    }
}

fn age(since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since).unwrap_or_default()
}

/// What identifies a frontend within its scope.
fn key(frontend: &FrontendReport) -> String {
    let group = frontend.target_group.as_ref().map(ToString::to_string);
    let group = group.or_else(|| frontend.load_balancer.as_ref().map(ToString::to_string));
    group.unwrap_or_default()
}

/// Keeps the times of targets that are still withheld; returns the age of the
/// oldest.
fn withheld(frontend: &FrontendReport, before: &Times, next: &mut Times, now: SystemTime) -> Duration {
    let Some(group) = &frontend.target_group else { return Duration::ZERO };
    let lasting = frontend.withheld.iter().filter(|one| one.reason.reason() != WithholdReason::AddOnlyPolicy);
    let ages = lasting.map(|one| {
        let key = (group.clone(), one.target);
        let since = before.get(&key).copied().unwrap_or(now);
        next.insert(key, since);
        age(since, now)
    });
    ages.max().unwrap_or_default()
}

/// Targets that this run did not read keep their times.
fn unread(report: &Report, before: Times) -> Times {
    let unplanned = report.frontends.iter().filter(|frontend| frontend.plan.is_none());
    let groups: BTreeSet<_> = unplanned.filter_map(|frontend| frontend.target_group.as_ref()).collect();
    before.into_iter().filter(|((group, _), _)| groups.contains(group)).collect()
}

/// A value that changes when a frontend begins to be skipped, or is skipped for
/// another reason.
fn skipped(report: &Report) -> u64 {
    let mut hasher = DefaultHasher::new();
    for frontend in &report.frontends {
        if let Outcome::Skipped { reason } = frontend.outcome {
            (key(frontend), reason.as_str()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests;
