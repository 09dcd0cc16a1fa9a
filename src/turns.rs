//! Decides in which order frontends have their turn; never what is done then.
//!
//! A Region may have more target groups than ELB lets a run read. So what
//! changed comes first, and the rest in turn:
//!
//! 1. frontends whose desired addresses this process has not seen yet, or has
//!    seen otherwise;
//! 2. of these and of the others, those that were looked at longest ago;
//! 3. among equals, in an order that every process draws anew, so that
//!    processes that die young do not all begin with the same frontends.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Desired, TargetGroupArn};

/// What no run has looked at for this long is forgotten, such as the target
/// groups of another Region that is no longer served.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// The memory of earlier runs. Losing it changes the order and nothing else.
#[derive(Debug)]
pub struct Turns {
    looks: Mutex<BTreeMap<TargetGroupArn, Look>>,
    /// Decides the order among equals.
    seed: u64,
    began: Instant,
}

/// What a process saw when it last looked at a frontend.
#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    desired: Vec<IpAddr>,
}

/// The place of a frontend in the order: least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    is_known: bool,
    looked_at: Option<Instant>,
    draw: u64,
}

impl Turns {
    /// Remembers nothing yet. `seed` should differ from process to process.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { looks: Mutex::default(), seed, began: Instant::now() }
    }

    /// The place of a frontend with these desired addresses.
    #[must_use]
    pub fn place(&self, group: &TargetGroupArn, desired: &Desired) -> Place {
        let looks = self.looks();
        let look = looks.get(group);
        let mut draw = DefaultHasher::new();
        (self.seed, &group.0).hash(&mut draw);
        Place {
            is_known: look.is_some_and(|look| look.desired.iter().copied().eq(desired.addresses.iter())),
            looked_at: look.map(|look| look.at),
            draw: draw.finish(),
        }
    }

    /// Takes note that a frontend has had its turn.
    pub fn note(&self, group: &TargetGroupArn, desired: &Desired) {
        let look = Look { at: Instant::now(), desired: desired.addresses.iter().collect() };
        self.looks().insert(group.clone(), look);
    }

    /// How long this process has not looked at a frontend.
    #[must_use]
    pub fn age(&self, group: &TargetGroupArn) -> Duration {
        self.looks().get(group).map_or(self.began, |look| look.at).elapsed()
    }

    /// How many frontends have had their turn since `began`.
    #[must_use]
    pub fn since(&self, began: Instant) -> usize {
        self.looks().values().filter(|look| look.at >= began).count()
    }

    /// Forgets what is long past.
    pub fn forget_old(&self) {
        self.looks().retain(|_, look| look.at.elapsed() < FORGET_AFTER);
    }

    fn looks(&self) -> MutexGuard<'_, BTreeMap<TargetGroupArn, Look>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
