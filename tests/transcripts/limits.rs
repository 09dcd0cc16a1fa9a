//! The pace of calls, the order of frontends and the time of a run, without AWS.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use eks_nlb_sync::history::History;
use eks_nlb_sync::model::{Addresses, Desired, Source, TargetGroupArn};
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::schedule::queue::FrontendQueue;
use eks_nlb_sync::schedule::rate_limiter::RateLimiter;
use eks_nlb_sync::settings::Settings;
use futures_util::future::{join_all, pending};
use tokio::time::{Instant, sleep, sleep_until};

use crate::setup::hold;

/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(50);

/// When calls begin, of several clients that make them one after the other.
struct Pace {
    limiter: RateLimiter,
    began: Instant,
    calls: RefCell<String>,
}

impl Pace {
    fn new() -> Self {
        fastrand::seed(0);
        Self { limiter: RateLimiter::new(5.0), began: Instant::now(), calls: RefCell::default() }
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// `clients` at once make `calls` in all. `accepts` says whether a call that
    /// begins now is accepted.
    async fn calls(&self, clients: usize, calls: usize, accepts: impl Fn(Duration) -> bool) {
        let left = Cell::new(calls);
        let client = || async {
            while left.get() > 0 {
                left.set(left.get() - 1);
                let in_flight = self.limiter.acquire().await;
                let is_accepted = accepts(self.elapsed());
                let mark = if is_accepted { "" } else { "!" };
                _ = write!(self.calls.borrow_mut(), " {}{mark}", self.elapsed().as_millis());
                sleep(LATENCY).await;
                if is_accepted {
                    self.limiter.accepted();
                } else {
                    self.limiter.refused();
                }
                drop(in_flight);
            }
        };
        join_all((0..clients).map(|_| client())).await;
    }

    /// What was called since this was last printed, twenty calls in a line.
    fn print(&self, text: &mut String, what: &str) {
        let calls = self.calls.take();
        _ = writeln!(text, "-- {what}");
        for line in calls.split_whitespace().collect::<Vec<_>>().chunks(20) {
            _ = writeln!(text, "   {}", line.join(" "));
        }
        _ = writeln!(
            text,
            "   then calls are {}",
            if self.limiter.is_spaced() { "spaced" } else { "not spaced" }
        );
    }
}

/// A bucket of `size` tokens that is filled at `rate` a second.
fn bucket(size: f64, rate: f64) -> impl Fn(Duration) -> bool {
    let level = Cell::new((size, Duration::ZERO));
    move |now| {
        let (tokens, at) = level.get();
        let tokens = (tokens + now.saturating_sub(at).as_secs_f64() * rate).min(size);
        let is_accepted = tokens >= 1.0;
        level.set((if is_accepted { tokens - 1.0 } else { tokens }, now));
        is_accepted
    }
}

#[tokio::test(start_paused = true)]
async fn pace() {
    let mut text = "# When calls begin, in milliseconds; ! is one that is refused\n\n".to_owned();
    let plenty = Pace::new();
    plenty.calls(64, 150, |_| true).await;
    plenty.print(&mut text, "a hundred and fifty calls that are all accepted");
    for (pause, what) in [(1_900, "a burst after 1.9 s"), (2_100, "a burst after 2.1 s")] {
        sleep(Duration::from_millis(pause)).await;
        plenty.calls(64, 60, |_| true).await;
        plenty.print(&mut text, what);
    }
    for (size, rate) in [(40.0, 10.0), (10.0, 1.0), (100.0, 25.0)] {
        let pace = Pace::new();
        pace.calls(64, 140, bucket(size, rate)).await;
        pace.print(&mut text, &format!("a bucket of {size} calls, filled at {rate} a second"));
    }
    let outage = Pace::new();
    let accepts = bucket(40.0, 10.0);
    outage.calls(16, 160, |at| !(200..6_000).contains(&at.as_millis()) && accepts(at)).await;
    outage.print(&mut text, "an outage from 0.2 s to 6 s, and a bucket of 40 at 10 a second");
    sleep(Duration::from_secs(30)).await;
    outage.calls(16, 60, |_| true).await;
    outage.print(&mut text, "all are accepted half a minute later");
    sleep(Duration::from_secs(301)).await;
    outage.calls(16, 60, |_| true).await;
    outage.print(&mut text, "and five minutes later");
    let never = Pace::new();
    never.calls(4, 60, |_| false).await;
    never.print(&mut text, "none is accepted");
    hold("pace", text);
}

/// The desired addresses of a frontend.
fn desired(last: u8) -> Desired {
    let allowed = Settings::from_lookup(|_| None).expect("valid").allowed_cidrs;
    Desired::by(Source::Dns, Addresses::new([IpAddr::from([10, 0, 0, last])], &allowed).expect("allowed"))
}

fn group(name: char) -> TargetGroupArn {
    TargetGroupArn(name.to_string())
}

/// The frontends in the order of a run in which those of `moved` have new addresses.
fn order(history: &History, names: &str, moved: &str) -> String {
    let place =
        |name: char| history.place(&group(name), Some(&desired(if moved.contains(name) { 2 } else { 1 })));
    let mut names: Vec<char> = names.chars().collect();
    names.sort_by_key(|name| place(*name));
    names.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn order_of_frontends() {
    const ALL: &str = "abcdefgh";
    let mut text = "# The order in which frontends are visited\n\n".to_owned();
    let history = History::new(0);
    _ = writeln!(text, "none was visited: {}", order(&history, ALL, ""));
    _ = writeln!(text, "with another seed: {}", order(&History::new(1), ALL, ""));
    for name in "hgfedcba".chars() {
        sleep(Duration::from_secs(1)).await;
        history.reconciled(&group(name), &desired(1), None);
    }
    _ = writeln!(text, "visited from h to a: {}", order(&history, ALL, ""));
    _ = writeln!(text, "b and g moved: {}", order(&history, ALL, "bg"));
    for (name, failure) in [
        ('c', FailureCode::AccessDenied),
        ('d', FailureCode::DeadlineExceeded),
        ('e', FailureCode::AwsRejected),
    ] {
        sleep(Duration::from_secs(1)).await;
        history.reconciled(&group(name), &desired(1), Some(failure));
        _ = writeln!(text, "{name} failed as {failure}: {}", order(&history, ALL, ""));
    }
    sleep(Duration::from_secs(1)).await;
    history.visited(&group('h'));
    history.visited(&group('i'));
    _ = writeln!(text, "h and i were looked at: {}", order(&history, "abcdefghi", ""));
    let unknown = history.place(&group('c'), None) < history.place(&group('b'), Some(&desired(1)));
    _ = writeln!(text, "c, whose addresses are not known, comes before b: {unknown}");
    history.reconciled(&group('c'), &desired(1), None);
    _ = writeln!(text, "c succeeded: {}", order(&history, "abcdefghi", ""));
    for (minutes, only) in [(30, "a"), (29, "b"), (2, ""), (40, "")] {
        sleep(Duration::from_mins(minutes)).await;
        for name in only.chars() {
            history.visited(&group(name));
        }
        history.forget_old();
        let ages: Vec<_> =
            ALL.chars().map(|name| format!("{name} {}", history.age(&group(name)).as_secs())).collect();
        _ = writeln!(
            text,
            "{minutes} minutes later, {only:?} visited: {}, ages in seconds {}",
            order(&history, ALL, ""),
            ages.join(", ")
        );
    }
    hold("order_of_frontends", text);
}

/// The times at which frontends get their slots, each for 100 ms.
#[tokio::test(start_paused = true)]
async fn slots() {
    const ALL: &str = "abcdefghijkl";
    let mut text = "# When frontends get a slot, in milliseconds; the first four have moved, and l was visited first\n\n".to_owned();
    for capacity in [0, 1, 2, 5] {
        let history = History::new(0);
        for name in ALL.chars().rev() {
            sleep(Duration::from_secs(1)).await;
            history.reconciled(&group(name), &desired(1), None);
        }
        let began = Instant::now();
        let queue =
            FrontendQueue::new(|| if began.elapsed() < Duration::from_millis(350) { capacity } else { 3 });
        let granted = RefCell::new(String::new());
        let visit = async |name: char| {
            let place =
                history.place(&group(name), Some(&desired(if "abcd".contains(name) { 2 } else { 1 })));
            let slot = queue.acquire(place).await;
            _ = write!(granted.borrow_mut(), " {}{name}", began.elapsed().as_millis());
            sleep(Duration::from_millis(100)).await;
            drop(slot);
        };
        join_all(ALL.chars().map(visit)).await;
        _ = writeln!(text, "{capacity} at once, and 3 after 350 ms:{}", granted.take());
    }
    hold("slots", text);
}

#[tokio::test(start_paused = true)]
async fn time_of_a_run() {
    let mut text =
        "# When a step that never ends is given up, and how many calls are made at once\n\n".to_owned();
    for ms in [0, 100, 499, 500, 501, 1_000, 60_000] {
        for frontends in [0, 10, 1_000, 30_000] {
            let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_millis(ms));
            budget.expect_frontends(frontends);
            let began = Instant::now();
            let given_up = budget.within("a step", pending::<()>()).await.expect_err("it never ends");
            _ = writeln!(
                text,
                "{ms} ms, {frontends} frontends: at {} ms, {given_up}",
                began.elapsed().as_millis()
            );
        }
    }
    for most in [1, 2, 3, 64] {
        let budget = RunBudget::new(most.try_into().expect("not zero"), Duration::from_mins(1));
        let began = Instant::now();
        let calls = (0..6).map(|_| budget.call("a call", || sleep(Duration::from_secs(1))));
        join_all(calls).await;
        let took = began.elapsed().as_secs();
        let lookups = (0..6).map(|_| async {
            let _permit = budget.lookup_permit("a lookup").await;
            sleep(Duration::from_secs(1)).await;
        });
        let began = Instant::now();
        join_all(lookups).await;
        _ = writeln!(text, "of {most}: six calls take {took} s, six lookups {} s", began.elapsed().as_secs());
    }
    let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_secs(10));
    let late = Instant::now() + Duration::from_secs(9);
    sleep_until(late + Duration::from_millis(500)).await;
    let late = budget.wait("a slot", async {}).await;
    _ = writeln!(text, "a step that begins when the time is up: {late:?}");
    hold("time_of_a_run", text);
}
