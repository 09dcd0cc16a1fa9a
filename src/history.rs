//! What a process remembers of earlier runs. Losing it changes order and
//! timing, never a decision.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::account::AssumedRole;
use crate::model::{ClusterName, Desired, LoadBalancerArn, Scope, TargetGroupArn};
use crate::publish::memory::Memory;
use crate::reasons::FailureCode;

/// A frontend that no run has visited for this long is forgotten, such as one of
/// another Region that is no longer served.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// The memory of one process.
#[derive(Debug)]
pub struct History {
    visits: Mutex<BTreeMap<TargetGroupArn, Visit>>,
    /// The seed of the order among equals: processes that live for one run only
    /// must not all start with the same frontends.
    seed: u64,
    began: Instant,
    /// Where IAM denied listing interfaces.
    interfaces_denied: Mutex<Vec<Scope>>,
    /// The credentials of the last run in another scope.
    pub assumed: AssumedRole,
    memory: Mutex<Memory>,
}

/// The last visit of a frontend.
#[derive(Clone, Debug)]
struct Visit {
    at: Instant,
    /// The desired addresses that have been in service since that visit; none
    /// if they could not be written.
    settled: Option<Vec<IpAddr>>,
}

/// The place of a frontend in the order of a run: least first.
///
/// 1. Frontends that changed: whose desired addresses this process has not seen
///    in service yet.
/// 2. Among them and among the others, the least recently visited.
/// 3. Among equals, a random order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    is_settled: bool,
    visited_at: Option<Instant>,
    draw: u64,
}

impl Place {
    /// Orders frontends by their last visit only.
    #[must_use]
    pub fn age(&self) -> impl Ord + use<> {
        (self.visited_at, self.draw)
    }
}

impl History {
    /// Remembers nothing yet. `seed` should differ from process to process.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            visits: Mutex::default(),
            seed,
            began: Instant::now(),
            interfaces_denied: Mutex::default(),
            assumed: AssumedRole::default(),
            memory: Mutex::default(),
        }
    }

    /// The place of a frontend with these desired addresses, if they are known.
    #[must_use]
    pub fn place(&self, group: &TargetGroupArn, desired: Option<&Desired>) -> Place {
        let visits = self.visits();
        let visit = visits.get(group);
        let settled = visit.and_then(|visit| visit.settled.as_deref());
        let is_settled = desired.is_none_or(|desired| {
            settled.is_some_and(|settled| settled.iter().copied().eq(desired.addresses.iter()))
        });
        let mut draw = DefaultHasher::new();
        (self.seed, &group.0).hash(&mut draw);
        Place { is_settled, visited_at: visit.map(|visit| visit.at), draw: draw.finish() }
    }

    /// Records a visit: after a `failure` the desired addresses are not all in service.
    /// One for which the run's time did not suffice keeps its place in the order.
    pub fn reconciled(&self, group: &TargetGroupArn, desired: &Desired, failure: Option<FailureCode>) {
        let settled = match failure {
            Some(FailureCode::DeadlineExceeded) => return,
            Some(_) => None,
            None => Some(desired.addresses.iter().collect()),
        };
        self.visits().insert(group.clone(), Visit { at: Instant::now(), settled });
    }

    /// Records a visit in which the desired addresses are not known.
    pub fn visited(&self, group: &TargetGroupArn) {
        let at = Instant::now();
        self.visits().entry(group.clone()).or_insert(Visit { at, settled: None }).at = at;
    }

    /// How long this process has not visited a frontend.
    #[must_use]
    pub fn age(&self, group: &TargetGroupArn) -> Duration {
        self.visits().get(group).map_or(self.began, |visit| visit.at).elapsed()
    }

    /// The cluster of a load balancer that this process has managed.
    #[must_use]
    pub fn has_served(&self, load_balancer: &LoadBalancerArn) -> Option<Option<ClusterName>> {
        self.memory().has_served(load_balancer)
    }

    /// What metrics and log lines need to know about earlier runs.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the first time that IAM denied listing interfaces in `scope`.
    pub(crate) fn is_first_denial(&self, scope: &Scope) -> bool {
        let mut denied = self.interfaces_denied.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !denied.contains(scope);
        if is_first {
            denied.push(scope.clone());
        }
        is_first
    }

    /// Forgets frontends that are not visited any more.
    pub fn forget_old(&self) {
        self.visits().retain(|_, visit| visit.at.elapsed() < FORGET_AFTER);
    }

    fn visits(&self) -> MutexGuard<'_, BTreeMap<TargetGroupArn, Visit>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new(RandomState::new().hash_one(std::process::id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Addresses, AllowedCidrs, Source};

    fn group(name: &str) -> TargetGroupArn {
        TargetGroupArn(name.to_owned())
    }

    fn desired(last: u8) -> Desired {
        let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap()]);
        Desired::by(Source::Eni, Addresses::new([IpAddr::from([10, 0, 0, last])], &allowed).unwrap())
    }

    /// The groups in the order of their places.
    fn order(history: &History, groups: &[(&str, Option<Desired>)]) -> Vec<String> {
        let place = |(name, desired): &(&str, Option<Desired>)| history.place(&group(name), desired.as_ref());
        let mut groups: Vec<_> = groups.iter().map(|one| (place(one), one.0.to_owned())).collect();
        groups.sort();
        groups.into_iter().map(|(_, name)| name).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_comes_first_and_then_the_least_recently_visited() {
        let history = History::new(0);
        for name in ["old", "cut-off", "moved", "unwritten", "recent"] {
            history.reconciled(&group(name), &desired(1), None);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        history.reconciled(&group("unwritten"), &desired(1), Some(FailureCode::AwsRejected));
        history.visited(&group("recent"));
        tokio::time::advance(Duration::from_secs(1)).await;
        history.reconciled(&group("cut-off"), &desired(1), Some(FailureCode::DeadlineExceeded));

        let groups = [
            ("recent", Some(desired(1))),
            ("cut-off", Some(desired(1))),
            ("old", Some(desired(1))),
            ("unwritten", Some(desired(1))),
            ("moved", Some(desired(2))),
            ("unknown", None),
            ("new", Some(desired(1))),
        ];
        // A frontend without a known change counts as settled. A frontend that was
        // never visited comes first.
        let expected = ["new", "moved", "unwritten", "unknown", "old", "cut-off", "recent"];
        assert_eq!(order(&history, &groups), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_visited_for_an_hour_is_forgotten() {
        let history = History::new(0);
        history.reconciled(&group("a"), &desired(1), None);
        tokio::time::advance(Duration::from_mins(59)).await;
        history.reconciled(&group("b"), &desired(1), None);
        tokio::time::advance(Duration::from_mins(2)).await;

        history.forget_old();

        assert_eq!(history.visits().keys().map(|arn| arn.0.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(history.age(&group("b")), Duration::from_mins(2));
        assert_eq!(history.age(&group("a")), Duration::from_mins(61), "since the process began");
    }

    #[test]
    fn equals_are_in_another_order_in_another_process() {
        let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let groups: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
        assert_ne!(order(&History::new(0), &groups), order(&History::new(1), &groups));
    }
}
