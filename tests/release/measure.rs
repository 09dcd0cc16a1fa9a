//! The artifact's start-up and run times, for docs/performance.md.
//!
//! The bounds hold on an idle machine, so `make test` does not check them:
//! `make measure` does.

use std::time::{Duration, Instant};

use eks_nlb_simulator::{Limits, Simulator};

use crate::account_of;
use crate::support::Function;

/// What an AWS call takes where it is not throttled.
const LATENCY: Duration = Duration::from_millis(20);

/// A warm run over `clusters` clusters: how long it took.
async fn warm_run(clusters: usize, variables: &[(&str, &str)]) -> Duration {
    let function = Function::start_with(account_of(clusters).await, variables).await;
    function.sync().await;
    function.sim.world().latency = LATENCY;
    timed(&function, clusters).await
}

/// The same while ELB has 40 tokens and gets ten a second: how long it took,
/// and how many calls were refused.
async fn throttled_run(clusters: usize, variables: &[(&str, &str)]) -> (Duration, usize) {
    let function = Function::start_with(account_of(clusters).await, variables).await;
    function.sync().await;
    function.sim.world().set_limits(Some(Limits::CLASSIC));
    let took = timed(&function, clusters).await;
    let refusals = function.sim.world().requests().iter().filter(|call| call.error.is_some()).count();
    (took, refusals)
}

async fn timed(function: &Function, clusters: usize) -> Duration {
    function.sim.world().clear_requests();
    let start = Instant::now();
    let report = function.sync().await;
    let took = start.elapsed();
    assert_eq!(report["summary"]["converged"], clusters, "{report}");
    took
}

#[tokio::test]
#[ignore = "needs the artifact on an idle machine: make measure"]
async fn the_first_event_is_asked_for_within_fifteen_milliseconds() {
    let mut starts = Vec::new();
    for _ in 0..9 {
        let sim = Simulator::start().await;
        let start = Instant::now();
        let function = Function::start_with(sim, &[]).await;
        function.sync().await;
        starts.push(function.sim.runtime().first_next().expect("it asked") - start);
    }
    starts.sort();
    println!("process start to first event asked for: {starts:?}");
    assert!(starts[0] < Duration::from_millis(15), "{starts:?}");
}

#[tokio::test]
#[ignore = "needs the artifact on an idle machine: make measure"]
async fn a_hundred_clusters_take_less_than_half_a_second() {
    let took = warm_run(100, &[]).await;
    println!("100 clusters at 20 ms a call, warm: {} ms", took.as_millis());
    assert!(took < Duration::from_millis(500), "{took:?}");
}

/// Why retries are the SDK's standard ones, and why no more than
/// `MAX_CONCURRENCY` calls are in flight.
#[tokio::test]
#[ignore = "takes a minute: make measure"]
async fn compared_ways_of_retrying_and_of_limiting_calls() {
    let adaptive = [("AWS_RETRY_MODE", "adaptive"), ("AWS_MAX_ATTEMPTS", "12")];
    let ways: [(&str, &[(&str, &str)]); 6] = [
        ("as shipped", &[]),
        ("adaptive retries", &adaptive),
        ("8 calls in flight", &[("MAX_CONCURRENCY", "8")]),
        ("16 calls in flight", &[("MAX_CONCURRENCY", "16")]),
        ("32 calls in flight", &[("MAX_CONCURRENCY", "32")]),
        ("64 calls in flight", &[("MAX_CONCURRENCY", "64")]),
    ];
    for (way, variables) in ways {
        let unlimited = warm_run(100, variables).await;
        let (throttled, refusals) = throttled_run(100, variables).await;
        println!(
            "{way}: 100 clusters at 20 ms a call {} ms; with ELB's tokens at 10/s {} ms, {refusals} calls refused",
            unlimited.as_millis(),
            throttled.as_millis()
        );
    }
}
