//! What a process remembers over minutes and hours: metrics and log lines.

use std::time::Duration;

use eks_nlb_simulator::world::{Scheme, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Health, World};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::{MINUTE, Story};

#[tokio::test(start_paused = true)]
async fn a_stale_target_lasts() {
    let mut story = Story::start("a_stale_target_lasts", "A stale target is kept for half an hour").await;
    story.when("the servers move, and one new one never passes its checks", |world| {
        world.interfaces_linger = Duration::ZERO;
        converged(world, "payments", OLD);
        world.rotate("payments", NEW);
        world.set_health("10.0.2.21", Health::Never);
    });
    story.runs(3).await;
    story.pass(MINUTE * 24).await;
    story.runs(5).await;
    story.when("its health cannot be read for two runs", |world| {
        world.plant(Fault::on("DescribeTargetHealth").access_denied().times(4));
    });
    story.runs(4).await;
    story.when("it passes", |world| world.set_health("10.0.2.21", Health::After(Duration::ZERO)));
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn failures_that_last() {
    let mut story = Story::start("failures_that_last", "Which failures count, and when").await;
    story.when("one frontend waits for a person, one recovers by itself", |world| {
        let public = converged(world, "public", ["10.1.1.10", "10.1.2.11"]);
        world.load_balancer_mut(&public.load_balancer).scheme = Scheme::InternetFacing;
        converged(world, "payments", OLD);
    });
    story.runs(2).await;
    for (note, runs) in [("EKS fails in one run", 1), ("EKS fails in three runs", 3)] {
        story.when(note, |world| world.plant(Fault::on("DescribeCluster").about("payments").unavailable()));
        story.runs(runs).await;
        story.when("EKS answers", World::clear_faults);
        story.runs(2).await;
    }
    story.when("the listing fails in two runs", |world| {
        world.plant(Fault::on("DescribeTags").access_denied());
    });
    story.runs(2).await;
    story.when("it succeeds", World::clear_faults);
    story.runs(2).await;
    story.when("eleven minutes later it fails again", |world| {
        world.plant(Fault::on("DescribeTags").access_denied());
    });
    story.pass(MINUTE * 11).await;
    story.runs(2).await;
    story.end();
}

/// A new process counts every failure and knows no ages.
#[tokio::test(start_paused = true)]
async fn a_new_process() {
    let mut story = Story::start("a_new_process", "A process ends, and the next remembers nothing").await;
    story.when("a stale target waits, EC2 denies, one cluster fails, one group is skipped", |world| {
        let frontend = converged(world, "payments", OLD);
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).excluded());
        world.rotate("payments", NEW);
        world.set_health("10.0.2.21", Health::Never);
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        world.plant(Fault::on("DescribeNetworkInterfaces").access_denied());
        world.plant(Fault::on("DescribeCluster").about("ledger").unavailable());
    });
    story.runs(3).await;
    story.restart().await;
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn skipped_lines() {
    let mut story =
        Story::start("skipped_lines", "Skipped frontends are logged when they change, and hourly").await;
    story.when("a skipped and a converged frontend", |world| {
        let frontend = converged(world, "payments", OLD);
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).excluded());
    });
    story.runs(3).await;
    story.pass(MINUTE * 56).await;
    story.runs(3).await;
    story.when("one more is skipped", |world| {
        let load_balancer = world.frontend_named("payments").load_balancer;
        world.add_target_group(TargetGroupSpec::ip(&load_balancer).of_controller("tools"));
    });
    story.runs(2).await;
    story.invoke(r#"{"clusters": ["payments"]}"#).await;
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn clients_are_cut_off() {
    let mut story = Story::start_with(
        "clients_are_cut_off",
        "Zones without a healthy target",
        &[("METRICS_NAMESPACE", "Net/Eks")],
    )
    .await;
    story.when("three clusters, and an excluded group of one", |world| {
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        converged(world, "orders", ["10.2.1.10", "10.2.2.11"]);
        let frontend = converged(world, "payments", OLD);
        let excluded = world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).excluded());
        world.put_targets(&excluded, ["10.0.1.30"]);
    });
    story.run().await;
    story.when("one zone of ledger, all of orders and the excluded group fail", |world| {
        for address in ["10.1.1.10", "10.2.1.10", "10.2.2.11", "10.0.1.30"] {
            world.set_health(address, Health::Never);
        }
    });
    story.runs(2).await;
    story.when("payments moves and cannot be written", |world| {
        world.rotate("payments", NEW);
        world.plant(Fault::on("RegisterTargets").access_denied());
    });
    story.runs(3).await;
    story.end();
}

/// A frontend that no run has reached for a quarter of an hour fails.
#[tokio::test(start_paused = true)]
async fn out_of_reach() {
    let mut story = Story::start("out_of_reach", "No run has time for one frontend").await;
    story.when("two clusters, of which one's health has no answer", |world| {
        frontend(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        frontend(world, "payments", OLD);
    });
    story.run().await;
    story.when("it has none from now on", |world| {
        world.plant(Fault::on("DescribeTargetHealth").about("payments").silence());
    });
    for _ in 0..3 {
        story.invoke_within("{}", Duration::from_secs(4)).await;
    }
    story.pass(MINUTE * 12).await;
    for _ in 0..2 {
        story.invoke_within("{}", Duration::from_secs(4)).await;
    }
    story.end();
}
