//! Paces calls to what a service lets through, which it finds out by itself.
//!
//! ELB refuses calls beyond a rate that all clients of an account and Region
//! share, and that AWS changes without notice. Whoever keeps knocking starves
//! the others. So a [`Pace`] does what TCP does with a link: nothing is held
//! up until the first refusal; from then on calls are spaced, the rate grows
//! while they are accepted, and shrinks at a refusal.
//!
//! `governor` and the SDK's token buckets keep a rate that is known beforehand.
//! The SDK's adaptive retries find one out, but take three times as long
//! (docs/performance.md).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What a refusal leaves of the rate.
const CUT: f64 = 0.75;

/// Refusals within this time of a cut belong to calls that were already under
/// way: a call takes some 20 to 200 ms.
const SETTLES_IN: Duration = Duration::from_millis(500);

/// How much the rate grows with each accepted call, in calls per second: one
/// each second, at a rate of ten.
const GROWTH: f64 = 0.1;

/// The same until the second refusal, while the rate may be far below what the
/// service allows: it doubles each second.
const FIRST_GROWTH: f64 = 0.69;

/// After this long without a refusal the rate is found out anew: whoever
/// shared the service may be gone.
const FORGET_AFTER: Duration = Duration::from_mins(5);

/// The pace of one kind of call to one service.
#[derive(Debug)]
pub struct Pace {
    /// Calls per second after the first refusal, and the least ever.
    first_rate: f64,
    state: Mutex<Option<Spacing>>,
}

/// How calls are spaced once the service has refused one.
#[derive(Clone, Copy, Debug)]
struct Spacing {
    rate: f64,
    growth: f64,
    /// When the next call may be made.
    next: Instant,
    cut_at: Instant,
    refused_at: Instant,
}

impl Pace {
    /// Begins without holding anything up. `first_rate` is in calls per second.
    #[must_use]
    pub fn new(first_rate: f64) -> Self {
        Self { first_rate, state: Mutex::default() }
    }

    /// Waits until the next call may be made.
    pub async fn turn(&self) {
        let at = self.state().as_mut().map(|spacing| {
            let at = spacing.next.max(Instant::now());
            spacing.next = at + Duration::from_secs_f64(1.0 / spacing.rate);
            at
        });
        if let Some(at) = at {
            sleep_until(at).await;
        }
    }

    /// Takes note that the service accepted a call.
    pub fn accepted(&self) {
        let mut state = self.state();
        if let Some(spacing) = state.as_mut() {
            spacing.rate += spacing.growth;
            if spacing.cut_at.elapsed() > FORGET_AFTER {
                *state = None;
            }
        }
    }

    /// Takes note that the service refused a call because there were too many.
    pub fn refused(&self) {
        let now = Instant::now();
        let mut state = self.state();
        match state.as_mut() {
            None => {
                let rate = self.first_rate;
                *state =
                    Some(Spacing { rate, growth: FIRST_GROWTH, next: now, cut_at: now, refused_at: now });
            }
            Some(spacing) => {
                spacing.refused_at = now;
                if now.duration_since(spacing.cut_at) >= SETTLES_IN {
                    spacing.rate = (spacing.rate * CUT).max(self.first_rate / 2.0);
                    spacing.growth = GROWTH;
                    spacing.cut_at = now;
                }
            }
        }
    }

    /// Whether the service has refused calls within the last seconds.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        const SECONDS: Duration = Duration::from_secs(5);
        self.state().is_some_and(|spacing| spacing.refused_at.elapsed() < SECONDS)
    }

    fn state(&self) -> MutexGuard<'_, Option<Spacing>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
