//! Bounds a run: how many calls are in flight, and when it must be over.

use std::num::NonZeroU16;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::error::DeadlineExceeded;

/// The limits of one run, which every AWS call and every lookup keeps.
pub struct Limits {
    in_flight: Semaphore,
    deadline: Instant,
}

impl Limits {
    /// At most `max_concurrency` calls at once, and none after `deadline`.
    #[must_use]
    pub fn new(max_concurrency: NonZeroU16, deadline: Instant) -> Self {
        Self { in_flight: Semaphore::new(max_concurrency.get().into()), deadline }
    }

    /// Makes one call when its turn comes.
    ///
    /// # Errors
    ///
    /// [`DeadlineExceeded`] with the name of the step, and whether it had begun.
    pub async fn call<T>(
        &self,
        step: &'static str,
        call: impl Future<Output = T>,
    ) -> Result<T, DeadlineExceeded> {
        // The semaphore is never closed, so there is always a permit to wait for.
        let _permit = timeout_at(self.deadline, self.in_flight.acquire())
            .await
            .map_err(|_| DeadlineExceeded::Before { step })?;
        self.within(step, call).await
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
        // `timeout_at` polls once even after the deadline, which would start it.
        if Instant::now() >= self.deadline {
            return Err(DeadlineExceeded::Before { step });
        }
        timeout_at(self.deadline, work).await.map_err(|_| DeadlineExceeded::During { step })
    }
}
