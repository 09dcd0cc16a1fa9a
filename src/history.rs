//! What a process remembers of earlier runs. Losing it changes order and
//! timing, never a decision.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::account::AssumedRole;
use crate::model::{Desired, TargetGroupArn};
use crate::publish::metrics::ConditionTimers;

/// A frontend that no run has visited for this long is forgotten, such as one of
/// another Region that is no longer served.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// The memory of one process.
#[derive(Debug)]
pub struct History {
    visits: Mutex<BTreeMap<TargetGroupArn, Visit>>,
    /// Decides the order among equals: processes that live for one run must not
    /// all start with the same frontends.
    seed: u64,
    began: Instant,
    interfaces_denied: AtomicBool,
    /// The credentials of the last run in another scope.
    pub assumed: AssumedRole,
    /// For how long conditions have lasted, for metrics.
    pub(crate) timers: Mutex<ConditionTimers>,
}

/// The last visit of a frontend.
#[derive(Clone, Debug)]
struct Visit {
    at: Instant,
    /// The desired addresses that are in service since; none if they could not
    /// be written.
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
            interfaces_denied: AtomicBool::new(false),
            assumed: AssumedRole::default(),
            timers: Mutex::default(),
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

    /// Records a visit after which the desired addresses are in service, or a
    /// dry run has shown them.
    pub fn settled(&self, group: &TargetGroupArn, desired: &Desired) {
        let settled = Some(desired.addresses.iter().collect());
        self.visits().insert(group.clone(), Visit { at: Instant::now(), settled });
    }

    /// Records a visit in which the desired addresses could not be written.
    pub fn unsettled(&self, group: &TargetGroupArn) {
        self.visits().insert(group.clone(), Visit { at: Instant::now(), settled: None });
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

    /// Whether this is the first time that IAM denied listing interfaces.
    pub(crate) fn is_first_denial(&self) -> bool {
        !self.interfaces_denied.swap(true, Ordering::Relaxed)
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
