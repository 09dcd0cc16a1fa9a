//! Bounds a run: how many calls are in flight, and when it must be over.

use std::num::NonZeroU16;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
#[cfg(feature = "stoppable")]
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::time::{Instant, timeout_at};

use crate::error::DeadlineExceeded;

/// Time that is left at the end for writing the report of nothing.
const MARGIN: Duration = Duration::from_millis(500);

/// Time that is left besides for each frontend of the report: its lines take
/// some 0.1 ms of a whole core, and a small function has a fourteenth of one.
const MARGIN_PER_FRONTEND: Duration = Duration::from_millis(2);

/// The limits of one run, which every AWS call and every lookup keeps.
#[derive(Debug)]
pub struct Limits {
    max_concurrency: usize,
    in_flight: Semaphore,
    /// Lookups of clusters get at most two thirds of the calls in flight, so
    /// that neither listing nor frontends in their turn queue behind all of
    /// them. With half, a warm run of 100 clusters would wait for lookups.
    lookups: Semaphore,
    end: Instant,
    frontends: AtomicU64,
    /// Shared by the frontends that are written to; whoever has it alone can
    /// end the run between them.
    #[cfg(feature = "stoppable")]
    writing: RwLock<()>,
}

impl Limits {
    /// At most `max_concurrency` calls at once, and none when `time` is nearly up.
    #[must_use]
    pub fn new(max_concurrency: NonZeroU16, time: Duration) -> Self {
        let max_concurrency = usize::from(max_concurrency.get());
        Self {
            max_concurrency,
            in_flight: Semaphore::new(max_concurrency),
            lookups: Semaphore::new((max_concurrency * 2 / 3).max(1)),
            end: Instant::now() + time,
            frontends: AtomicU64::new(0),
            #[cfg(feature = "stoppable")]
            writing: RwLock::default(),
        }
    }

    /// Holds off [`Limits::stop`] while one frontend is written to, from its
    /// first write to its last.
    #[cfg(feature = "stoppable")]
    pub async fn writing(&self) -> RwLockReadGuard<'_, ()> {
        self.writing.read().await
    }

    /// Waits until no frontend is being written to. None begins to be after
    /// that, nor while this waits: drop the run, and it ends between writes.
    #[cfg(feature = "stoppable")]
    pub async fn stop(&self) -> RwLockWriteGuard<'_, ()> {
        self.writing.write().await
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

    /// How many frontends the run is about; none until they are known.
    #[must_use]
    pub fn frontends(&self) -> u64 {
        self.frontends.load(Ordering::Relaxed)
    }

    /// When the last step must have ended.
    fn deadline(&self) -> Instant {
        let frontends = self.frontends().try_into().unwrap_or(u32::MAX);
        self.end.checked_sub(MARGIN + MARGIN_PER_FRONTEND * frontends).unwrap_or(self.end)
    }

    /// Makes one call when its turn comes. `call` begins it.
    ///
    /// # Errors
    ///
    /// [`DeadlineExceeded`] with the name of the step, and whether it had begun.
    pub async fn call<F: Future>(
        &self,
        step: &'static str,
        call: impl FnOnce() -> F,
    ) -> Result<F::Output, DeadlineExceeded> {
        // The semaphore is never closed, so there is always a permit to wait for.
        let _permit = self.before(step, self.in_flight.acquire()).await?;
        self.within(step, call()).await
    }

    /// Makes one call to look up a cluster, besides other such calls.
    ///
    /// # Errors
    ///
    /// As [`Limits::call`].
    pub async fn lookup<F: Future>(
        &self,
        step: &'static str,
        call: impl FnOnce() -> F,
    ) -> Result<F::Output, DeadlineExceeded> {
        let _permit = self.before(step, self.lookups.acquire()).await?;
        self.call(step, call).await
    }

    /// Waits for what must come before a step.
    ///
    /// # Errors
    ///
    /// [`DeadlineExceeded::Before`].
    pub async fn before<T>(
        &self,
        step: &'static str,
        waiting: impl Future<Output = T>,
    ) -> Result<T, DeadlineExceeded> {
        let deadline = self.in_time(step)?;
        timeout_at(deadline, waiting).await.map_err(|_| DeadlineExceeded::Before { step })
    }

    /// Takes one step of the run unless its time is up before the step ends.
    ///
    /// # Errors
    ///
    /// [`DeadlineExceeded`] with the name of the step, and whether it had begun.
    pub async fn within<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = T>,
    ) -> Result<T, DeadlineExceeded> {
        let deadline = self.in_time(step)?;
        timeout_at(deadline, work).await.map_err(|_| DeadlineExceeded::During { step })
    }

    /// The deadline, unless it has passed: `timeout_at` polls once even then,
    /// which would begin the step.
    fn in_time(&self, step: &'static str) -> Result<Instant, DeadlineExceeded> {
        let deadline = self.deadline();
        if Instant::now() < deadline { Ok(deadline) } else { Err(DeadlineExceeded::Before { step }) }
    }
}
