//! Starts frontends in order, as many at once as the rate allows.
//!
//! Where ELB throttles, a frontend holds its slot from reading its targets to its
//! last write. So a decision rests on health that is seconds old, and a write
//! never queues behind the reads of all other frontends.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::history::Place;

/// Every fourth slot goes to the frontend that was visited least recently.
/// Frontends that fail in every run are first in order and would otherwise use
/// up every slot.
const FAIR_SLOT: u64 = 4;

/// The frontends that wait for a slot.
pub struct FrontendQueue<'a> {
    /// How many slots there are now.
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

/// A slot, which is released when it is dropped.
pub struct Slot<'q, 'a>(&'q FrontendQueue<'a>);

impl Drop for Slot<'_, '_> {
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

    /// Waits for a slot for the frontend at `place`.
    pub async fn acquire(&self, place: Place) -> Slot<'_, 'a> {
        let (grant, granted) = oneshot::channel();
        {
            let mut state = self.state();
            state.arrived += 1;
            let key = (place, state.arrived);
            state.waiting.insert(key, grant);
        }
        self.grant();
        // The queue keeps the sender until it grants the slot.
        _ = granted.await;
        Slot(self)
    }

    fn grant(&self) {
        let mut state = self.state();
        while state.running < (self.capacity)().max(1) {
            let Some(key) = state.next() else { return };
            let Some(grant) = state.waiting.remove(&key) else { return };
            // A frontend that no longer waits takes no slot.
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
        if self.granted % FAIR_SLOT == FAIR_SLOT - 1 {
            self.waiting.keys().min_by_key(|(place, arrived)| (place.age(), *arrived)).copied()
        } else {
            self.waiting.keys().next().copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::history::History;
    use crate::model::TargetGroupArn;

    /// Places of `count` frontends, of which the first was visited least recently.
    async fn places(count: usize) -> Vec<Place> {
        let history = History::new(0);
        let group = |n: usize| TargetGroupArn(n.to_string());
        for n in 0..count {
            history.visited(&group(n));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        (0..count).map(|n| history.place(&group(n), None)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_start_at_once_as_there_are_slots() {
        let queue = FrontendQueue::new(|| 3);
        let places = places(9).await;
        let start = Instant::now();

        join_all(places.iter().map(async |place| {
            let _slot = queue.acquire(*place).await;
            sleep(Duration::from_secs(1)).await;
        }))
        .await;

        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_granted_in_order_of_place() {
        let queue = FrontendQueue::new(|| 1);
        let places = places(5).await;
        let order = RefCell::new(Vec::new());

        // The last frontend arrives first and gets a slot immediately.
        join_all(places.iter().enumerate().rev().map(async |(n, place)| {
            let _slot = queue.acquire(*place).await;
            order.borrow_mut().push(n);
            sleep(Duration::from_secs(1)).await;
        }))
        .await;

        assert_eq!(order.into_inner(), [4, 0, 1, 2, 3]);
    }

    /// A frontend that failed comes first in every run.
    #[tokio::test(start_paused = true)]
    async fn every_fourth_slot_goes_to_the_least_recently_visited() {
        let history = History::new(0);
        let settled = TargetGroupArn("settled".to_owned());
        history.visited(&settled);
        tokio::time::advance(Duration::from_secs(1)).await;
        let place_of_settled = history.place(&settled, None);
        let queue = FrontendQueue::new(|| 1);
        let order = RefCell::new(Vec::new());
        let take = async |name: String, place: Place| {
            let _slot = queue.acquire(place).await;
            order.borrow_mut().push(name);
            sleep(Duration::from_secs(1)).await;
        };
        let failing = (0..8).map(|n| {
            let group = TargetGroupArn(format!("failing-{n}"));
            let allowed = crate::model::AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap()]);
            let addresses = crate::model::Addresses::new([[10, 0, 0, 1].into()], &allowed).unwrap();
            let desired = crate::model::Desired::by(crate::model::Source::Eni, addresses);
            history.reconciled(&group, &desired, Some(crate::reasons::FailureCode::AwsRejected));
            (group.0.clone(), history.place(&group, Some(&desired)))
        });
        let all: Vec<_> = failing.chain([("settled".to_owned(), place_of_settled)]).collect();

        join_all(all.into_iter().map(|(name, place)| take(name, place))).await;

        assert_eq!(order.into_inner().iter().position(|name| name == "settled"), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_frontend_that_no_longer_waits_takes_no_slot() {
        let queue = FrontendQueue::new(|| 1);
        let places = places(3).await;
        let first = queue.acquire(places[0]).await;
        let gave_up = tokio::time::timeout(Duration::from_secs(1), queue.acquire(places[1])).await;
        assert!(gave_up.is_err());

        drop(first);

        let next = tokio::time::timeout(Duration::from_secs(1), queue.acquire(places[2])).await;
        assert!(next.is_ok());
    }
}
