//! AWS fails, refuses, throttles or is silent.

use std::time::Duration;

use eks_nlb_simulator::{Fault, World};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::{MINUTE, Story};

/// The calls of a run that writes.
const CALLS: [&str; 6] = [
    "DescribeLoadBalancers",
    "DescribeTargetGroups",
    "DescribeTags",
    "DescribeCluster",
    "DescribeTargetHealth",
    "RegisterTargets",
];

/// A call of each service that a run reads, and the one that it writes.
const SOME_CALLS: [&str; 3] = ["DescribeTags", "DescribeCluster", "RegisterTargets"];

/// Two clusters that are to be written. One of `calls` after the other fails, a
/// listing for both clusters.
async fn each_call(name: &'static str, title: &str, calls: &[&str], fault: impl Fn(Fault) -> Fault) {
    let mut story = Story::start(name, title).await;
    story.when("two clusters whose servers move before each run", |world| {
        frontend(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        frontend(world, "payments", OLD);
    });
    for (n, operation) in calls.iter().enumerate() {
        story.when(operation, |world| {
            world.clear_faults();
            let addresses = [format!("10.0.1.{}", n + 30), format!("10.0.2.{}", n + 30)];
            world.rotate("payments", &addresses);
            let is_listing = CALLS[..3].contains(operation);
            let on = Fault::on(operation);
            world.plant(fault(if is_listing { on } else { on.about("payments") }));
        });
        story.run().await;
    }
    story.when("all calls succeed", World::clear_faults);
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn access_denied() {
    each_call("access_denied", "IAM refuses one call after the other", &CALLS, Fault::access_denied).await;
}

#[tokio::test(start_paused = true)]
async fn service_fails() {
    each_call("service_fails", "One call fails throughout", &CALLS, Fault::unavailable).await;
}

#[tokio::test(start_paused = true)]
async fn connections_are_reset() {
    each_call("connections_are_reset", "Connections are reset", &SOME_CALLS, |fault| fault.times(14).reset())
        .await;
}

#[tokio::test(start_paused = true)]
async fn no_answer() {
    each_call("no_answer", "Calls have no answer", &SOME_CALLS, Fault::silence).await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_broken() {
    each_call("answers_are_broken", "Answers end in the middle", &SOME_CALLS, |fault| {
        fault.times(13).truncate()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_garbage() {
    each_call("answers_are_garbage", "Answers are neither XML nor JSON", &SOME_CALLS, Fault::garble).await;
}

#[tokio::test(start_paused = true)]
async fn throttled_for_seconds() {
    each_call("throttled_for_seconds", "Each call is throttled six times", &CALLS, |fault| {
        fault.times(6).throttle()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn throttled_throughout() {
    let mut story =
        Story::start("throttled_throughout", "One call is throttled for as long as the run lasts").await;
    story.brief();
    story.when("two converged clusters", |world| {
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        converged(world, "payments", OLD);
    });
    for operation in ["DescribeTags", "DescribeCluster", "DescribeTargetHealth"] {
        story.when(operation, |world| {
            world.clear_faults();
            world.plant(Fault::on(operation).throttle());
        });
        story.run().await;
    }
    story.when("RegisterTargets of one cluster", |world| {
        world.clear_faults();
        world.rotate("payments", NEW);
        world.plant(Fault::on("RegisterTargets").throttle());
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn few_attempts() {
    let variables = [("AWS_MAX_ATTEMPTS", "3")];
    let mut story = Story::start_with("few_attempts", "The operator limits attempts", &variables).await;
    story.when("health is throttled, EKS fails", |world| {
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        converged(world, "payments", OLD);
        world.plant(Fault::on("DescribeTargetHealth").about("payments").throttle());
        world.plant(Fault::on("DescribeCluster").about("ledger").unavailable());
    });
    story.runs(2).await;
    story.when("the listing is throttled", |world| world.plant(Fault::on("DescribeTags").throttle()));
    story.run().await;
    story.end();
}

/// A run that has little time reports what it did not begin.
#[tokio::test(start_paused = true)]
async fn little_time() {
    let mut story = Story::start("little_time", "The run's time is nearly up").await;
    story.when("two clusters to be written, and each call takes 300 ms", |world| {
        frontend(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        frontend(world, "payments", OLD);
        world.latency = Duration::from_millis(300);
    });
    for ms in [0, 400, 900, 1_500, 1_900, 2_300] {
        story.invoke_within("{}", Duration::from_millis(ms)).await;
    }
    story.when("EKS is silent", |world| world.plant(Fault::on("DescribeCluster").silence()));
    story.invoke_within("{}", Duration::from_secs(4)).await;
    story.when("the deadline is past, as cargo-lambda's is", World::clear_faults);
    story.invoke_in_1970("{}").await;
    story.pass(MINUTE).await;
    story.end();
}
