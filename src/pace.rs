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
//! (`make measure`).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What a refusal leaves of the rate.
const CUT: f64 = 0.85;

/// Refusals within this time of a cut belong to calls that were already under
/// way: a call takes some 20 to 200 ms.
const SETTLES_IN: Duration = Duration::from_millis(500);

/// How much the rate grows with each accepted call, in calls per second: a
/// twentieth of it each second.
const GROWTH: f64 = 0.05;

/// The least rate, in calls per second.
const LEAST: f64 = 1.0;

/// A burst that is refused has used up a bucket of tokens. ELB's buckets refill
/// in four to five seconds, so the burst tells the rate.
///
/// Source: ELB API Reference, *Request throttling*.
const BURST_SECONDS: f64 = 4.0;

/// A burst ends when no call is accepted for this long.
const BURST_ENDS_AFTER: Duration = Duration::from_secs(2);

/// After this long without a refusal the rate is found out anew: the others
/// that shared the service may be gone.
const FORGET_AFTER: Duration = Duration::from_mins(5);

/// The pace of one kind of call to one service.
#[derive(Debug)]
pub struct Pace {
    /// The least calls per second to begin with after the first refusal.
    first_rate: f64,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing was refused: how many calls the present burst has, and its last.
    Free(f64, Instant),
    /// Calls are spaced.
    Spaced(Spacing),
}

#[derive(Clone, Copy, Debug)]
struct Spacing {
    /// Calls per second.
    rate: f64,
    /// When the next call may be made.
    next: Instant,
    cut_at: Instant,
    refused_at: Instant,
}

impl Pace {
    /// Begins without holding anything up. `first_rate` is in calls per second.
    #[must_use]
    pub fn new(first_rate: f64) -> Self {
        Self { first_rate, state: Mutex::new(State::Free(0.0, Instant::now())) }
    }

    /// Waits until the next call may be made.
    pub async fn turn(&self) {
        let at = match &mut *self.state() {
            State::Free(..) => return,
            State::Spaced(spacing) => {
                let at = spacing.next.max(Instant::now());
                spacing.next = at + Duration::from_secs_f64(1.0 / spacing.rate);
                at
            }
        };
        sleep_until(at).await;
    }

    /// Takes note that the service accepted a call.
    pub fn accepted(&self) {
        let now = Instant::now();
        let mut state = self.state();
        match &mut *state {
            State::Free(burst, last) => {
                let goes_on = now.duration_since(*last) < BURST_ENDS_AFTER;
                *burst = if goes_on { *burst + 1.0 } else { 1.0 };
                *last = now;
            }
            State::Spaced(spacing) if now.duration_since(spacing.refused_at) > FORGET_AFTER => {
                *state = State::Free(1.0, now);
            }
            State::Spaced(spacing) => spacing.rate += GROWTH,
        }
    }

    /// Takes note that the service refused a call because there were too many.
    pub fn refused(&self) {
        let now = Instant::now();
        let mut state = self.state();
        match &mut *state {
            State::Free(burst, _) => {
                let rate = self.first_rate.max(*burst / BURST_SECONDS);
                *state = State::Spaced(Spacing { rate, next: now, cut_at: now, refused_at: now });
            }
            State::Spaced(spacing) => {
                spacing.refused_at = now;
                if now.duration_since(spacing.cut_at) >= SETTLES_IN {
                    spacing.rate = (spacing.rate * CUT).max(LEAST);
                    spacing.cut_at = now;
                }
            }
        }
    }

    /// Whether calls are held up.
    #[must_use]
    pub fn is_spaced(&self) -> bool {
        matches!(*self.state(), State::Spaced(_))
    }

    /// Whether the service has refused a call within the last few seconds.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        const FEW: Duration = Duration::from_secs(5);
        matches!(*self.state(), State::Spaced(spacing) if spacing.refused_at.elapsed() < FEW)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
