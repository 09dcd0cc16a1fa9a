//! Hostile input from events, settings, tags, EKS, DNS and AWS causes neither a
//! panic nor a wrong write, and cannot use up time or memory.
//!
//! Each property is tried with 256 random cases, or as many as
//! `PROPTEST_CASES` says. Where time matters it is paused, so a time-out costs
//! nothing and a run that hangs is a test that hangs no longer than its budget.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

mod aws;
mod bodies;
mod dns;
mod events;
mod floods;
mod message;
mod mutation;
mod name_server;
mod names;
#[path = "../support/process.rs"]
#[expect(dead_code, reason = "the soak uses the rest of it")]
mod process;
mod settings;
#[path = "../wire/support.rs"]
#[expect(dead_code, reason = "the wire tests use the rest of it")]
mod support;

use std::fs;
use std::time::Duration;

/// Runs `work` where time passes only when there is nothing else to do.
fn in_paused_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// Asserts that `work` takes this thread less than `bound` of processor time,
/// which a busy machine does not make longer.
fn within<T>(bound: Duration, work: impl FnOnce() -> T) -> T {
    let start = processor_time();
    let done = work();
    let took = processor_time().saturating_sub(start);
    assert!(took < bound, "it took {took:?}");
    done
}

fn processor_time() -> Duration {
    let figures = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux says so");
    let spent = figures.split(' ').next().and_then(|spent| spent.parse().ok());
    Duration::from_nanos(spent.expect("a number"))
}
