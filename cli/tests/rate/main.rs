//! The command line and the function at the same time, at the rate that ELB accepts.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

#[path = "../wire/schema.rs"]
mod schema;
#[path = "../wire/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod support;

use std::pin::pin;
use std::time::{Duration, Instant};

use eks_nlb_simulator::{Limits, World};
use futures_util::future::{Either, select};
use support::*;

const CLUSTERS: usize = 100;

/// After this many calls `doctor` has listed the Region, and the bucket is full again.
const HEAD_START: usize = 20;

fn converged(world: &mut World) {
    for n in 0..CLUSTERS {
        let name = format!("cluster-{n}");
        let addresses = [format!("10.0.{n}.10"), format!("10.1.{n}.11")];
        in_service(world, &name, addresses.each_ref().map(String::as_str));
    }
}

/// A converged run of the function's own stages that begins with full buckets,
/// and how long it takes.
async fn run(desk: &Desk) -> Duration {
    let start = Instant::now();
    let said = desk.run(&["sync", "--yes", "--output", "json"]).await;
    assert_eq!(said.json()["summary"]["converged"], CLUSTERS, "{} {}", said.out, said.err);
    start.elapsed()
}

/// At a sixth of the older rate the buckets stay nearly full, so the run that
/// begins while `doctor` is running can make its burst of calls.
#[tokio::test]
async fn doctor_leaves_the_function_its_rate() {
    let desk = Desk::new(converged).await;
    desk.sim.world().set_limits(Some(Limits::CLASSIC));
    let alone = run(&desk).await;
    let before = desk.sim.world().requests().len();
    desk.sim.world().set_limits(Some(Limits::CLASSIC));

    let doctor = pin!(desk.run(&["doctor"]));
    let beside = pin!(async {
        let mut polls = tokio::time::interval(Duration::from_millis(50));
        while desk.sim.world().requests().len() < before + HEAD_START {
            polls.tick().await;
        }
        run(&desk).await
    });
    let beside = match select(doctor, beside).await {
        Either::Left((said, _)) => panic!("doctor was faster than a run: {} {}", said.out, said.err),
        Either::Right((beside, _)) => beside,
    };

    assert!(
        beside.as_secs_f64() <= 1.3 * alone.as_secs_f64(),
        "{alone:?} alone, {beside:?} while doctor runs"
    );
    let world = desk.sim.world();
    let calls = &world.requests()[before..];
    let refused = calls.iter().filter(|call| call.error.is_some()).count();
    assert!(refused * 10 <= calls.len(), "{refused} of {} calls were refused", calls.len());
}
