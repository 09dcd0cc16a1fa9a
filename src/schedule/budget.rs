//! Bounds a run: how many calls are in flight, and when it must end.

use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{AcquireError, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::error::CallError;

/// Time that is left at the end for writing an empty report.
const MARGIN: Duration = Duration::from_millis(500);

/// Time that is left in addition for each frontend of the report: its lines take
/// some 0.1 ms of a whole core, and a 128 MB function has a fourteenth of one.
const MARGIN_PER_FRONTEND: Duration = Duration::from_millis(2);

/// The budget of one run, which every AWS call and every lookup keeps.
#[derive(Debug)]
pub struct RunBudget {
    max_concurrency: usize,
    in_flight: Semaphore,
    /// Lookups of clusters get at most two thirds of the calls in flight, so that
    /// neither listing nor reading health queues behind all of them.
    lookups: Semaphore,
    end: Instant,
    frontends: AtomicU64,
    visited: AtomicU64,
    /// Shared by the frontends that are being written to; its exclusive holder
    /// can end the run between them.
    writing: RwLock<()>,
    is_stopping: AtomicBool,
}

impl RunBudget {
    /// At most `max_concurrency` calls at once, and no call when `time` is nearly up.
    #[must_use]
    pub fn new(max_concurrency: NonZeroU16, time: Duration) -> Self {
        let max_concurrency = usize::from(max_concurrency.get());
        Self {
            max_concurrency,
            in_flight: Semaphore::new(max_concurrency),
            lookups: Semaphore::new((max_concurrency * 2 / 3).max(1)),
            end: Instant::now() + time,
            frontends: AtomicU64::new(0),
            visited: AtomicU64::new(0),
            writing: RwLock::default(),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Holds off [`RunBudget::stop`] while one frontend is written to, from its
    /// first write to its last.
    pub async fn writing(&self) -> RwLockReadGuard<'_, ()> {
        self.writing.read().await
    }

    /// Waits until no frontend is being written to; none starts while this
    /// waits, nor after it. So a run that is dropped afterwards ends between
    /// two writes. A call that is throttled from now on is not made again.
    pub async fn stop(&self) -> RwLockWriteGuard<'_, ()> {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.writing.write().await
    }

    /// Whether the run is to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// How many calls may be in flight at once.
    #[must_use]
    pub fn max_concurrency(&self) -> usize {
        self.max_concurrency
    }

    /// Leaves time at the end for a report of this many frontends.
    pub fn expect_frontends(&self, frontends: usize) {
        self.frontends.store(frontends as u64, Ordering::Relaxed);
    }

    /// How many frontends the run has; zero until they are known.
    #[must_use]
    pub fn frontends(&self) -> u64 {
        self.frontends.load(Ordering::Relaxed)
    }

    /// Counts one more frontend as visited.
    pub fn count_visited(&self) {
        self.visited.fetch_add(1, Ordering::Relaxed);
    }

    /// How many frontends have been visited so far.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.visited.load(Ordering::Relaxed)
    }

    /// When the last step must have ended.
    fn deadline(&self) -> Instant {
        let frontends = self.frontends().try_into().unwrap_or(u32::MAX);
        self.end.checked_sub(MARGIN + MARGIN_PER_FRONTEND * frontends).unwrap_or(self.end)
    }

    /// Makes one call when a permit is free. `call` starts it.
    ///
    /// # Errors
    ///
    /// [`CallError::NotStarted`] or [`CallError::NotFinished`] if the time is up.
    pub async fn call<F: Future>(
        &self,
        step: &'static str,
        call: impl FnOnce() -> F,
    ) -> Result<F::Output, CallError> {
        // The semaphore is never closed, so acquiring a permit cannot fail.
        let _permit = self.wait(step, self.in_flight.acquire()).await?;
        self.within(step, call()).await
    }

    /// Waits for a permit to look up a cluster, in addition to that of the call.
    ///
    /// # Errors
    ///
    /// [`CallError::NotStarted`] if the time is up.
    pub async fn lookup_permit(
        &self,
        step: &'static str,
    ) -> Result<Result<SemaphorePermit<'_>, AcquireError>, CallError> {
        self.wait(step, self.lookups.acquire()).await
    }

    /// Waits for what must come before a step.
    ///
    /// # Errors
    ///
    /// [`CallError::NotStarted`] if the time is up.
    pub async fn wait<T>(
        &self,
        step: &'static str,
        waiting: impl Future<Output = T>,
    ) -> Result<T, CallError> {
        let deadline = self.in_time(step)?;
        timeout_at(deadline, waiting).await.map_err(|_| CallError::NotStarted { step })
    }

    /// Takes one step of the run, unless the time is up before it ends.
    ///
    /// # Errors
    ///
    /// [`CallError::NotStarted`] or [`CallError::NotFinished`].
    pub async fn within<T>(&self, step: &'static str, work: impl Future<Output = T>) -> Result<T, CallError> {
        let deadline = self.in_time(step)?;
        timeout_at(deadline, work).await.map_err(|_| CallError::NotFinished { step })
    }

    /// The deadline, unless it has passed: `timeout_at` polls once even then,
    /// which would start the step.
    fn in_time(&self, step: &'static str) -> Result<Instant, CallError> {
        let deadline = self.deadline();
        if Instant::now() < deadline { Ok(deadline) } else { Err(CallError::NotStarted { step }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(seconds: u64) -> RunBudget {
        RunBudget::new(NonZeroU16::MIN, Duration::from_secs(seconds))
    }

    /// The result of a step that takes this long.
    async fn step(budget: &RunBudget, takes: Duration) -> Result<(), CallError> {
        budget.within("a step", tokio::time::sleep(takes)).await
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_second_and_two_milliseconds_a_frontend_are_left() {
        let budget = budget(10);
        budget.expect_frontends(1000);
        let start = Instant::now();

        let late = step(&budget, Duration::from_secs(20)).await;

        assert_eq!(late, Err(CallError::NotFinished { step: "a step" }));
        assert_eq!(start.elapsed(), Duration::from_millis(10_000 - 500 - 2000));
    }

    #[tokio::test(start_paused = true)]
    async fn no_step_starts_when_the_time_is_up() {
        let budget = budget(10);
        assert_eq!(step(&budget, Duration::from_secs(9)).await, Ok(()));
        tokio::time::sleep(Duration::from_secs(1)).await;

        let started = std::cell::Cell::new(false);
        let late = budget.call("a step", async || started.set(true)).await;

        assert_eq!(late, Err(CallError::NotStarted { step: "a step" }));
        assert!(!started.get());
        assert_eq!(step(&budget, Duration::ZERO).await, Err(CallError::NotStarted { step: "a step" }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_its_permit_and_not_beyond_the_time() {
        let budget = budget(10);
        let first = budget.call("a call", || tokio::time::sleep(Duration::from_secs(4)));
        let second = budget.call("a call", || tokio::time::sleep(Duration::from_secs(4)));
        let third = budget.call("a call", || tokio::time::sleep(Duration::from_secs(4)));

        let (first, second, third) = tokio::join!(first, second, third);

        assert_eq!((first, second), (Ok(()), Ok(())));
        assert_eq!(third, Err(CallError::NotFinished { step: "a call" }));
    }

    #[tokio::test(start_paused = true)]
    async fn lookups_leave_a_third_of_the_calls_to_others() {
        for (calls, lookups) in [(1, 1), (6, 4)] {
            let budget = RunBudget::new(NonZeroU16::new(calls).unwrap(), Duration::from_secs(10));
            let mut held = Vec::new();
            for _ in 0..lookups {
                held.push(budget.lookup_permit("a lookup").await.unwrap());
            }

            let next = budget.lookup_permit("a lookup").await;

            assert_eq!(next.err(), Some(CallError::NotStarted { step: "a lookup" }), "of {calls}");
        }
    }
}
