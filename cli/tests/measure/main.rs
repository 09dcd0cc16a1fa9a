//! How long the command line takes in a large Region. Needs an optimised build and an
//! idle machine: `make measure-cli`.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

#[path = "../wire/schema.rs"]
mod schema;
#[path = "../wire/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use eks_nlb_simulator::{World, sample};
use support::*;

const CLUSTERS: usize = 300;

/// How long AWS takes for a call.
const CALL: Duration = Duration::from_millis(20);

/// What a person waits for.
const BOUND: Duration = Duration::from_secs(3);

/// Each command runs so often; the median counts.
const RUNS: usize = 5;

/// Every second cluster is converged, and the target groups of the others are empty.
fn large(world: &mut World) {
    for n in 0..CLUSTERS {
        let name = format!("cluster-{n}");
        let addresses = [10, 11].map(|last| format!("10.{}.{}.{last}", n / 100, n % 100));
        world.add_cluster(&name, addresses.each_ref().map(String::as_str));
        let frontend = sample::frontend(world, &name);
        if n.is_multiple_of(2) {
            world.put_targets(&frontend.target_group, &addresses);
        }
    }
}

/// How long `command` takes at `latency` a call, and which calls it makes.
async fn run(command: &str, latency: Duration) -> (Duration, BTreeMap<String, usize>) {
    let desk = Desk::with_defaults(large).await;
    desk.sim.world().latency = latency;
    let start = Instant::now();
    let said = desk.run(&[command]).await;
    let elapsed = start.elapsed();
    let summary = format!("{CLUSTERS} {}", if command == "status" { "clusters" } else { "frontends" });
    assert!(said.out.contains(&summary), "{said:?}");
    let mut calls = BTreeMap::new();
    for call in desk.sim.world().requests() {
        *calls.entry(call.operation.clone()).or_default() += 1;
    }
    (elapsed, calls)
}

/// The median of some runs.
async fn median(command: &str, latency: Duration) -> Duration {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(run(command, latency).await.0);
    }
    times.sort();
    times[RUNS / 2]
}

#[tokio::test]
#[ignore = "needs an optimised build and an idle machine: make measure-cli"]
async fn a_large_region_is_shown_within_seconds() {
    for command in ["status", "plan"] {
        // Once before, so that the program is in memory.
        let (_, calls) = run(command, CALL).await;
        let time = median(command, CALL).await;
        // What a longer call adds, for each call that waits for another.
        let slow = median(command, 2 * CALL).await;
        let in_sequence = slow.saturating_sub(time).as_secs_f64() / CALL.as_secs_f64();
        println!(
            "{command}: {CLUSTERS} clusters at {} ms a call: {:.2} s; {} calls, as long as {in_sequence:.0} in \
             sequence: {calls:?}",
            CALL.as_millis(),
            time.as_secs_f64(),
            calls.values().sum::<usize>(),
        );
        assert!(time < BOUND, "{command}: {time:?}");
    }
}
