//! Limits calls to the rate that a service accepts, which it learns from
//! refusals.
//!
//! AWS throttles calls beyond a rate that all clients of an account and Region
//! share, and that AWS changes without notice. A client that keeps retrying
//! starves the others. So a [`RateLimiter`] does what TCP does with a link:
//!
//! - Until the first refusal no call waits, except that a long burst is limited
//!   in width: at most that many calls are refused when the bucket runs dry.
//! - From then on calls are spaced. The rate grows slowly while calls are
//!   accepted, and shrinks at a refusal.
//! - After an outage, in which no call was accepted, the rate doubles every
//!   second until it reaches the one that worked before.
//!
//! `governor` and the SDK's token buckets keep a rate that is known beforehand.
//! The SDK's adaptive retries learn the rate, but take three times as long
//! (`make measure`).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Line, Notify};
use tokio::time::{Instant, sleep_until};

/// The factor by which a refusal cuts the rate.
const CUT: f64 = 0.85;

/// Refusals within this time of a cut belong to calls that were already in
/// flight: a call takes some 20 to 200 ms.
const SETTLES_IN: Duration = Duration::from_millis(500);

/// How much the rate grows with each accepted call, in calls per second: a
/// twentieth of it each second.
const GROWTH: f64 = 0.05;

/// The same after an outage: the rate doubles each second.
const GROWTH_AFTER_OUTAGE: f64 = 0.7;

/// The least rate, in calls per second. While other clients make five times as
/// many calls as ELB accepts, a minute at this rate still lists and reads a dozen
/// frontends.
const LEAST: f64 = 2.0;

/// The tokens of the smallest bucket that AWS documents. A refused burst has used up a
/// bucket, which refills in four to five seconds, so its size reveals the rate.
///
/// Source: ELB API Reference, *Request throttling*: 40 tokens refilled at 10 a
/// second.
const SMALLEST_BUCKET: f64 = 40.0;
const BURST_SECONDS: f64 = 4.0;

/// Calls in flight at once in a burst beyond [`SMALLEST_BUCKET`]: few at first,
/// then one more for each accepted call, which doubles them with each round trip,
/// up to a limit: a hundred frontends take four round trips. When the bucket is
/// empty, at most this many calls are refused.
const FIRST_WIDTH: f64 = 2.0;
const LARGEST_WIDTH: f64 = 25.0;

/// A burst ends when no call is accepted for this long.
const BURST_ENDS_AFTER: Duration = Duration::from_secs(2);

/// After this long without a refusal the limiter starts over: the clients that
/// shared the service may be gone.
const FORGET_AFTER: Duration = Duration::from_mins(5);

/// The rate of one kind of call to one service in one account and Region.
#[derive(Debug)]
pub struct RateLimiter {
    /// The least calls per second to start with after the first refusal.
    first_rate: f64,
    state: Mutex<State>,
    /// Wakes a call that waits for the width of a long burst. It wakes the next.
    ended: Notify,
    /// The calls that wait while they are spaced.
    line: Line<()>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    in_flight: usize,
}

impl State {
    /// Starts a call while nothing was refused, if there is room for one more.
    fn start_unspaced(&mut self) -> bool {
        let Mode::Free { started, accepted, last } = &mut self.mode else { return false };
        if last.elapsed() >= BURST_ENDS_AFTER {
            (*started, *accepted, *last) = (0.0, 0.0, Instant::now());
        }
        #[expect(clippy::cast_precision_loss, reason = "few calls are in flight")]
        let in_flight = self.in_flight as f64;
        let width = FIRST_WIDTH + (*accepted - SMALLEST_BUCKET).max(0.0);
        let has_room = *started < SMALLEST_BUCKET || in_flight < width.min(LARGEST_WIDTH);
        if has_room {
            *started += 1.0;
            self.in_flight += 1;
        }
        has_room
    }
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    /// No call was refused so far: how many calls of the present burst were
    /// started and accepted, and when the last one was accepted, or the burst began.
    Free { started: f64, accepted: f64, last: Instant },
    /// Calls are spaced.
    Spaced(Spacing),
}

#[derive(Clone, Copy, Debug)]
struct Spacing {
    /// Calls per second.
    rate: f64,
    /// Up to this rate growth is quick; infinite if no rate has worked yet.
    proven: f64,
    /// When the last call was started.
    last: Instant,
    cut_at: Instant,
    refused_at: Instant,
    /// Whether a call was accepted since the last cut.
    accepted: bool,
}

/// A call that is being made.
#[derive(Debug)]
#[must_use]
pub struct InFlight<'a>(&'a RateLimiter);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.ended.notify_one();
    }
}

impl RateLimiter {
    /// Starts without holding up a call. `first_rate` is in calls per second.
    #[must_use]
    pub fn new(first_rate: f64) -> Self {
        let mode = Mode::Free { started: 0.0, accepted: 0.0, last: Instant::now() };
        Self {
            first_rate,
            state: Mutex::new(State { mode, in_flight: 0 }),
            ended: Notify::new(),
            line: Line::default(),
        }
    }

    /// Waits until the next call may be made; it is in flight while the answer
    /// is held.
    pub async fn acquire(&self) -> InFlight<'_> {
        if let Some(in_flight) = self.acquire_unspaced().await {
            return in_flight;
        }
        // Calls wait in line, and only the first for its time: the rate may
        // change while the others wait. The jitter keeps clients from making
        // their calls at the same moments.
        let _first = self.line.lock().await;
        let jitter = 0.5 + fastrand::f64();
        loop {
            let at = match self.state().mode {
                Mode::Free { .. } => None,
                Mode::Spaced(Spacing { last, rate, .. }) => {
                    Some(last + Duration::from_secs_f64(jitter / rate))
                }
            };
            match at.filter(|at| *at > Instant::now()) {
                Some(at) => sleep_until(at).await,
                None => break,
            }
        }
        let mut state = self.state();
        state.in_flight += 1;
        if let Mode::Spaced(spacing) = &mut state.mode {
            spacing.last = Instant::now();
        }
        InFlight(self)
    }

    /// The same, but gives up where calls are spaced, because the order of
    /// calls matters then.
    pub async fn acquire_unspaced(&self) -> Option<InFlight<'_>> {
        loop {
            {
                let mut state = self.state();
                if matches!(state.mode, Mode::Spaced(_)) {
                    return None;
                }
                if state.start_unspaced() {
                    // There may be room for another one: an accepted call makes
                    // room for itself and for one more.
                    self.ended.notify_one();
                    return Some(InFlight(self));
                }
            }
            self.ended.notified().await;
        }
    }

    /// Records that the service accepted a call.
    pub fn accepted(&self) {
        let now = Instant::now();
        let mut state = self.state();
        match &mut state.mode {
            Mode::Free { accepted, last, .. } => {
                *accepted += 1.0;
                *last = now;
            }
            Mode::Spaced(spacing) if now.duration_since(spacing.refused_at) > FORGET_AFTER => {
                state.mode = Mode::Free { started: 1.0, accepted: 1.0, last: now };
            }
            Mode::Spaced(spacing) => {
                spacing.accepted = true;
                let quick = spacing.rate < spacing.proven;
                spacing.rate += if quick { GROWTH_AFTER_OUTAGE } else { GROWTH };
            }
        }
    }

    /// Records that the service throttled a call.
    pub fn refused(&self) {
        let now = Instant::now();
        let mut state = self.state();
        match &mut state.mode {
            Mode::Free { accepted, .. } => {
                let rate = self.first_rate.max(*accepted / BURST_SECONDS);
                let accepted = *accepted > 0.0;
                let proven = if accepted { rate } else { f64::INFINITY };
                let spacing = Spacing { rate, proven, last: now, cut_at: now, refused_at: now, accepted };
                state.mode = Mode::Spaced(spacing);
            }
            Mode::Spaced(spacing) => {
                spacing.refused_at = now;
                if now.duration_since(spacing.cut_at) >= SETTLES_IN {
                    spacing.rate = (spacing.rate * CUT).max(LEAST);
                    // No call was accepted since the last cut: an outage.
                    spacing.proven = if spacing.accepted { spacing.rate } else { f64::INFINITY };
                    spacing.accepted = false;
                    spacing.cut_at = now;
                }
            }
        }
        drop(state);
        self.ended.notify_waiters();
    }

    /// Whether calls are spaced.
    #[must_use]
    pub fn is_spaced(&self) -> bool {
        matches!(self.state().mode, Mode::Spaced(_))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
