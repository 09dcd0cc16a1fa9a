//! Gives frontends their turn in an order, as many at once as the rate allows.
//!
//! In a Region beyond ELB's rate a frontend keeps its turn from reading its
//! targets to its last write, so a decision rests on health that is seconds old,
//! and a write never queues behind the reads of all others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::history::Place;

/// Every so many turns the next one goes to the frontend that was visited least
/// recently, whatever else waits: frontends that fail in every run come first
/// and must not use up all turns.
const FAIR_TURN: u64 = 4;

/// The frontends that wait for their turn.
pub struct FrontendQueue<'a> {
    /// How many turns may be taken at once, now.
    capacity: Box<dyn Fn() -> usize + Send + Sync + 'a>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<(Place, u64), oneshot::Sender<()>>,
    arrived: u64,
    granted: u64,
    running: usize,
}

/// A turn, which ends when it is dropped.
pub struct Turn<'q, 'a>(&'q FrontendQueue<'a>);

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.grant();
    }
}

impl<'a> FrontendQueue<'a> {
    /// An empty queue.
    #[must_use]
    pub fn new(capacity: impl Fn() -> usize + Send + Sync + 'a) -> Self {
        Self { capacity: Box::new(capacity), state: Mutex::default() }
    }

    /// Waits for the turn of the frontend at `place`.
    pub async fn turn(&self, place: Place) -> Turn<'_, 'a> {
        let (grant, granted) = oneshot::channel();
        {
            let mut state = self.state();
            state.arrived += 1;
            let key = (place, state.arrived);
            state.waiting.insert(key, grant);
        }
        self.grant();
        // The queue keeps the sender until it grants the turn.
        _ = granted.await;
        Turn(self)
    }

    fn grant(&self) {
        let mut state = self.state();
        while state.running < (self.capacity)().max(1) {
            let Some(key) = state.next() else { return };
            let Some(grant) = state.waiting.remove(&key) else { return };
            // A frontend that no longer waits takes no turn.
            if grant.send(()).is_ok() {
                state.running += 1;
                state.granted += 1;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&self) -> Option<(Place, u64)> {
        if self.granted % FAIR_TURN == FAIR_TURN - 1 {
            self.waiting.keys().min_by_key(|(place, arrived)| (place.age(), *arrived)).copied()
        } else {
            self.waiting.keys().next().copied()
        }
    }
}
