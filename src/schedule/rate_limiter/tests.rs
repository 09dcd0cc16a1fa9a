//! A rate limiter against a service that refuses what its token bucket does not
//! hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{FutureExt, join, join_all};
use tokio::time::{sleep, timeout};

use super::*;

/// How long the service takes to answer, or to refuse.
const LATENCY: Duration = Duration::from_millis(50);

/// The token bucket of a service.
struct Bucket {
    size: f64,
    per_second: f64,
    /// Tokens, and when they were counted.
    tokens: Mutex<(f64, Instant)>,
    refused: AtomicUsize,
    refuses_until: Mutex<Instant>,
}

impl Bucket {
    fn new(size: f64, per_second: f64) -> Self {
        Self {
            size,
            per_second,
            tokens: Mutex::new((size, Instant::now())),
            refused: AtomicUsize::new(0),
            refuses_until: Mutex::new(Instant::now()),
        }
    }

    fn refuse_for(&self, outage: Duration) {
        *self.refuses_until.lock().unwrap() = Instant::now() + outage;
    }

    fn takes(&self) -> bool {
        if Instant::now() < *self.refuses_until.lock().unwrap() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let mut tokens = self.tokens.lock().unwrap();
        let earned = tokens.1.elapsed().as_secs_f64() * self.per_second;
        *tokens = ((tokens.0 + earned).min(self.size), Instant::now());
        let takes = tokens.0 >= 1.0;
        if takes {
            tokens.0 -= 1.0;
        } else {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        takes
    }

    /// The shortest time in which this many calls can be made.
    fn bound(&self, calls: u16) -> Duration {
        Duration::from_secs_f64((f64::from(calls) - self.size).max(0.0) / self.per_second)
    }
}

/// Makes `calls` calls, all at once, each again until it is accepted.
async fn make(calls: u16, limiter: &RateLimiter, bucket: &Bucket) -> Duration {
    fastrand::seed(0);
    let start = Instant::now();
    let call = |_| async {
        loop {
            let _in_flight = limiter.acquire().await;
            sleep(LATENCY).await;
            if bucket.takes() {
                return limiter.accepted();
            }
            limiter.refused();
        }
    };
    join_all((0..calls).map(call)).await;
    start.elapsed()
}

/// A long burst is narrow only until it has grown beyond any bucket.
#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_nothing_is_hardly_held_up() {
    let (limiter, bucket) = (RateLimiter::new(10.0), Bucket::new(f64::MAX, 1.0));

    let took = make(200, &limiter, &bucket).await;

    // Twenty at a time would take ten times the latency.
    assert!(took <= LATENCY * 14, "{took:?}");
}

/// Two, four and twenty seconds in which every call is refused, at first and
/// after a burst: the calls are made soon after.
#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out() {
    for seconds in [2, 4, 20] {
        for before in [0, 30] {
            let (limiter, bucket) = (RateLimiter::new(10.0), Bucket::new(f64::MAX, 1.0));
            make(before, &limiter, &bucket).await;
            bucket.refuse_for(Duration::from_secs(seconds));

            let took = make(600, &limiter, &bucket).await;

            let outage = Duration::from_secs(seconds);
            assert!(took <= outage + Duration::from_secs(12), "{seconds} s after {before}: {took:?}");
        }
    }
}

/// At both of the rates that AWS has named; 168 calls are those of 150
/// frontends.
#[tokio::test(start_paused = true)]
async fn little_time_is_lost_and_few_calls_are_refused() {
    for (size, per_second) in [(40.0, 10.0), (200.0, 50.0)] {
        for calls in [168, 662, 1100] {
            let (limiter, bucket) = (RateLimiter::new(10.0), Bucket::new(size, per_second));

            let took = make(calls, &limiter, &bucket).await;

            let longest = bucket.bound(calls).mul_f64(1.03).max(LATENCY * 12);
            assert!(took <= longest, "{calls} at {per_second}/s: {took:?} of {longest:?}");
            let refused = bucket.refused.load(Ordering::Relaxed);
            assert!(refused * 10 <= calls.into(), "{calls} at {per_second}/s: {refused} refused");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_clients_share_a_service() {
    let bucket = Bucket::new(40.0, 10.0);
    let (one, other) = (RateLimiter::new(10.0), RateLimiter::new(10.0));

    let (one, other) = join(make(300, &one, &bucket), make(300, &other, &bucket)).await;

    let (first, last) = (one.min(other), one.max(other));
    assert!(last < first.mul_f64(1.5), "{first:?} and {last:?}");
    // A rate that one client gives up is used by the other within seconds.
    assert!(last <= bucket.bound(600).mul_f64(1.15), "{last:?}");
}

/// A process finds out within a second that an outage is over, and adds little to its
/// load until then.
#[tokio::test(start_paused = true)]
async fn throughout_an_outage_two_calls_a_second_are_made() {
    let (limiter, bucket) = (RateLimiter::new(10.0), Bucket::new(f64::MAX, 1.0));
    bucket.refuse_for(Duration::from_mins(10));
    let refused_in = async |time: Duration| {
        let before = bucket.refused.load(Ordering::Relaxed);
        assert!(timeout(time, make(1, &limiter, &bucket)).await.is_err());
        bucket.refused.load(Ordering::Relaxed) - before
    };
    refused_in(Duration::from_mins(1)).await;

    let refused = refused_in(Duration::from_secs(30)).await;

    assert!((50..=70).contains(&refused), "{refused} calls in 30 s");
}

/// How long each of 100 calls waits, in milliseconds.
async fn intervals(limiter: &RateLimiter) -> Vec<u128> {
    fastrand::seed(0);
    let mut intervals = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        drop(limiter.acquire().await);
        intervals.push(start.elapsed().as_millis());
    }
    intervals
}

/// Clients that are refused at the same moment do not stay in step.
#[tokio::test(start_paused = true)]
async fn calls_are_spaced_by_the_rate_and_unevenly() {
    let limiter = RateLimiter::new(10.0);
    limiter.refused();

    let intervals = intervals(&limiter).await;

    let sum: u128 = intervals.iter().sum();
    assert!((9_000..=11_000).contains(&sum), "{sum} ms");
    let (least, most) = (intervals.iter().min(), intervals.iter().max());
    assert!(least < Some(&70) && most > Some(&130), "{intervals:?}");
}

/// Calls that were in flight together are refused together.
#[tokio::test(start_paused = true)]
async fn refusals_at_the_same_time_cut_the_rate_once() {
    let limiter = RateLimiter::new(10.0);
    limiter.refused();
    sleep(Duration::from_secs(1)).await;
    for _ in 0..20 {
        limiter.refused();
    }

    let sum: u128 = intervals(&limiter).await.into_iter().sum();

    // 8.5 calls a second.
    assert!((11_000..=12_500).contains(&sum), "{sum} ms");
}

#[tokio::test(start_paused = true)]
async fn five_minutes_after_the_last_refusal_calls_are_spaced_no_longer() {
    let limiter = RateLimiter::new(10.0);
    limiter.refused();
    for is_spaced in [true, false] {
        sleep(Duration::from_secs(160)).await;
        limiter.accepted();
        assert_eq!(limiter.is_spaced(), is_spaced);
    }
}

/// The calls that start at once, and are in flight while these are held.
fn at_once(limiter: &RateLimiter) -> Vec<InFlight<'_>> {
    (0..60).filter_map(|_| limiter.acquire_unspaced().now_or_never().flatten()).collect()
}

/// The bucket has filled again.
#[tokio::test(start_paused = true)]
async fn a_burst_after_a_pause_is_as_wide_as_the_first() {
    let limiter = RateLimiter::new(10.0);
    for _ in 0..3 {
        assert_eq!(at_once(&limiter).len(), 40);
        sleep(BURST_ENDS_AFTER).await;
    }
}

/// Such as reads of health that are made in the order of frontends from then on.
#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_wait_of_every_call_that_must_not_be_spaced() {
    let limiter = RateLimiter::new(10.0);
    let in_flight = at_once(&limiter);
    let waiting = join_all((0..3).map(|_| timeout(LATENCY * 2, limiter.acquire_unspaced())));
    let refusal = async {
        sleep(LATENCY).await;
        limiter.refused();
    };

    let (waited, ()) = join(waiting, refusal).await;

    assert!(waited.iter().all(|given_up| matches!(given_up, Ok(None))), "{waited:?}");
    drop(in_flight);
}
