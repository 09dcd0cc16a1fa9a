//! The artifact that is deployed: its size, its start, its pace, its memory,
//! and what becomes of a panic in it.
//!
//! These figures are those of an optimised build, so the tests are run by
//! `make test` alone, which names the artifact in `EKS_NLB_SYNC_PROGRAM`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops, and tells its figures"
)]

#[path = "../wire/support.rs"]
#[expect(dead_code, reason = "the wire tests use the rest of it")]
mod support;

use std::fs;
use std::time::{Duration, Instant};

use eks_nlb_simulator::{Limits, Simulator};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use support::Function;

/// A world with `clusters` clusters of two addresses, each with a frontend.
fn populate(sim: &Simulator, clusters: usize) {
    let mut world = sim.world();
    for n in 0..clusters {
        let (high, low) = (n / 250, n % 250);
        let name = format!("cluster-{n}");
        world.add_cluster(&name, [format!("10.{high}.{low}.10"), format!("10.{high}.{low}.11")]);
        world.add_frontend(&name);
    }
}

/// A figure of `/proc/<pid>/status`, in kB.
fn status_kb(pid: u32, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with(key)).expect("Linux says so");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number")
}

/// The most memory that a process has had, in kB.
fn peak_memory_kb(pid: u32) -> u64 {
    status_kb(pid, "VmHWM:")
}

async fn warm_run(clusters: usize, variables: &[(&str, &str)], latency: Duration) -> (Duration, u64) {
    let sim = Simulator::start().await;
    populate(&sim, clusters);
    let function = Function::start_with(sim, variables).await;
    function.sync().await;
    function.sim.world().latency = latency;
    function.sim.world().clear_requests();
    let start = Instant::now();
    let report = function.sync().await;
    let took = start.elapsed();
    assert_eq!(report["summary"]["converged"], clusters, "{report}");
    (took, peak_memory_kb(function.pid()))
}

#[tokio::test]
#[ignore = "needs an optimised build"]
async fn a_hundred_clusters_take_less_than_half_a_second() {
    let (took, _) = warm_run(100, &[], Duration::from_millis(20)).await;
    println!("100 clusters at 20 ms a call, warm: {} ms", took.as_millis());
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
#[ignore = "needs an optimised build"]
async fn four_hundred_clusters_take_less_than_forty_megabytes() {
    let (took, peak_kb) = warm_run(400, &[], Duration::from_millis(20)).await;
    println!("400 clusters at 20 ms a call, warm: {} ms, peak memory {peak_kb} kB", took.as_millis());
    assert!(peak_kb < 40_000, "{peak_kb} kB");
}

#[tokio::test]
#[ignore = "needs an optimised build"]
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

/// A warm run over `clusters` clusters while ELB has 40 tokens and gets ten a
/// second: how long it took, and how many calls were refused.
async fn throttled_run(clusters: usize, variables: &[(&str, &str)]) -> (Duration, usize) {
    let sim = Simulator::start().await;
    populate(&sim, clusters);
    let function = Function::start_with(sim, variables).await;
    function.sync().await;
    function.sim.world().set_limits(Some(Limits::CLASSIC));
    let start = Instant::now();
    let report = function.sync().await;
    let took = start.elapsed();
    assert_eq!(report["summary"]["converged"], clusters, "{report}");
    let refusals = function.sim.world().requests().iter().filter(|call| call.error.is_some()).count();
    (took, refusals)
}

#[tokio::test]
#[ignore = "needs an optimised build"]
async fn a_throttled_run_still_completes() {
    let (took, refusals) = throttled_run(100, &[]).await;
    println!("100 clusters, ELB's tokens at 10/s: {} ms, {refusals} calls refused", took.as_millis());
    assert!(refusals > 0, "the buckets were never empty");
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
        let (unlimited, _) = warm_run(100, variables, Duration::from_millis(20)).await;
        let (throttled, refusals) = throttled_run(100, variables).await;
        println!(
            "{way}: 100 clusters at 20 ms a call {} ms; with ELB's tokens at 10/s {} ms, {refusals} calls refused",
            unlimited.as_millis(),
            throttled.as_millis()
        );
    }
}

/// Nothing that the function is told can make it panic, so the machine must:
/// no thread can be started to look up the host of the endpoint.
#[tokio::test]
#[ignore = "needs an optimised build"]
async fn a_panic_is_answered_as_a_function_error() {
    let sim = Simulator::start().await;
    populate(&sim, 1);
    let by_name = sim.endpoint_url().replace("127.0.0.1", "localhost");
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &by_name)]).await;
    while function.sim.runtime().first_next().is_none() {
        tokio::task::yield_now().await;
    }
    // Room for the work, and none for the 2 MiB of a thread's stack.
    let room = 1024 * (status_kb(function.pid(), "VmSize:") + 1500);
    let pid = i32::try_from(function.pid()).ok().and_then(Pid::from_raw);
    let unlimited = Rlimit { current: None, maximum: None };
    prlimit(pid, Resource::As, Rlimit { current: Some(room), maximum: None }).expect("it is our child");

    let (_, message) = function.invoke("{}").await.error();
    assert!(message.contains("panicked"), "{message}");

    prlimit(pid, Resource::As, unlimited).expect("it is still our child");
    let report = function.sync().await;
    assert_eq!(report["summary"]["changed"], 1, "the process goes on: {report}");
}
