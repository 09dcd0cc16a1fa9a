//! Regions beyond ELB's request rate: who comes first.

use std::time::Duration;

use eks_nlb_simulator::throttle::Bucket;
use eks_nlb_simulator::world::{ClusterSpec, LoadBalancerSpec, Scope, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Limits, World};

use crate::story::Story;

/// Clusters `c0` to `c{count}`, all converged.
fn clusters(world: &mut World, count: usize) {
    for n in 0..count {
        let addresses = [format!("10.0.{n}.10"), format!("10.0.{n}.11")];
        let name = format!("c{n}");
        world.add_cluster(&name, &addresses);
        let frontend = world.add_frontend(&name);
        world.put_targets(&frontend.target_group, &addresses);
    }
}

fn move_cluster(world: &mut World, n: usize) {
    world.rotate(&format!("c{n}"), [format!("10.0.{n}.20"), format!("10.0.{n}.21")]);
}

/// So few calls are accepted that no run reaches all clusters.
const SCARCE: Limits = {
    let bucket = Bucket { size: 12.0, rate: 1.5 };
    Limits { describe: bucket, registration: bucket, all: bucket }
};

#[tokio::test(start_paused = true)]
async fn large_region() {
    let mut story = Story::start("large_region", "Forty clusters, of which a run reaches a part").await;
    story.brief();
    story.when("ELB accepts twelve calls at once, and three in two seconds", |world| {
        clusters(world, 40);
        world.set_limits(Some(SCARCE));
    });
    for _ in 0..2 {
        story.invoke_within("{}", Duration::from_secs(20)).await;
    }
    story.when("three clusters move; one of them cannot be written, and another's lookup fails", |world| {
        for n in [7, 21, 33] {
            move_cluster(world, n);
        }
        world.plant(Fault::on("RegisterTargets").about("tg-c21").access_denied());
        world.plant(Fault::on("DescribeCluster").about("c5").access_denied());
    });
    for _ in 0..3 {
        story.invoke_within("{}", Duration::from_secs(20)).await;
    }
    story.end();
}

/// Each run has time for some of the writes.
#[tokio::test(start_paused = true)]
async fn slow_writes() {
    let mut story = Story::start("slow_writes", "Fourteen clusters move, and few writes are accepted").await;
    story.brief();
    story.when(
        "two writes at once and one in four seconds; the lookup of one cluster fails in the first run",
        |world| {
            clusters(world, 14);
            for n in 0..14 {
                move_cluster(world, n);
            }
            let scarce = Bucket { size: 2.0, rate: 0.25 };
            let plenty = Bucket { size: 1e9, rate: 1e9 };
            world.set_limits(Some(Limits { describe: plenty, registration: scarce, all: plenty }));
            world.plant(Fault::on("DescribeCluster").about("c5").times(1).access_denied());
        },
    );
    for _ in 0..2 {
        story.invoke_within("{}", Duration::from_secs(20)).await;
    }
    story.when("one more cluster appears", |world| {
        world.add_cluster("new", ["10.7.1.10", "10.7.2.11"]);
        world.add_frontend("new");
    });
    for _ in 0..3 {
        story.invoke_within("{}", Duration::from_secs(20)).await;
    }
    story.end();
}

/// A frontend that waits for its slot until time is up has changed nothing.
#[tokio::test(start_paused = true)]
async fn no_time_for_a_slot() {
    let title = "Health was read, and no slot is free before time is up";
    let mut story = Story::start("no_time_for_a_slot", title).await;
    story.brief();
    story.when(
        "fourteen clusters move; one read of health is refused, lookups take a second, writes four",
        |world| {
            clusters(world, 14);
            (0..14).for_each(|n| move_cluster(world, n));
            world.plant(Fault::on("DescribeTargetHealth").times(1).throttle());
            world.plant(Fault::on("DescribeCluster").delay(Duration::from_secs(1)));
            world.plant(Fault::on("RegisterTargets").delay(Duration::from_secs(4)));
        },
    );
    story.invoke_within("{}", Duration::from_secs(5)).await;
    story.end();
}

/// The rate of another Region is remembered, too.
#[tokio::test(start_paused = true)]
async fn pace_of_regions() {
    let mut story = Story::start("pace_of_regions", "The pace of one Region after another").await;
    story.brief();
    story.when("ELB accepts twelve calls at once in each Region", |world| {
        clusters(world, 14);
        let scope = Scope::new("111122223333", "us-east-1");
        for n in 0..14 {
            let name = format!("r{n}");
            world.create_cluster(ClusterSpec {
                scope: scope.clone(),
                ..ClusterSpec::new(&name, [format!("10.8.{n}.10"), format!("10.8.{n}.11")])
            });
            world.add_frontend_in(&scope, &name);
        }
        world.set_limits(Some(SCARCE));
    });
    for event in ["{}", r#"{"region": "us-east-1"}"#, r#"{"region": "us-east-1"}"#, "{}"] {
        story.invoke_within(event, Duration::from_secs(20)).await;
    }
    story.end();
}

/// The time that a report of many frontends needs is kept.
#[tokio::test(start_paused = true)]
async fn time_for_the_report() {
    let mut story = Story::start("time_for_the_report", "A silent lookup ends in time for the report").await;
    story.brief();
    story.when("a hundred and twenty excluded groups, and EKS is silent about one cluster", |world| {
        clusters(world, 1);
        for _ in 0..120 {
            let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("c0"));
            world.add_target_group(TargetGroupSpec::ip(&load_balancer).excluded());
        }
        world.plant(Fault::on("DescribeCluster").silence());
    });
    story.invoke_within("{}", Duration::from_secs(4)).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn burst() {
    let mut story = Story::start("burst", "Sixty clusters at once, and ELB's older rate").await;
    story.brief();
    story.when("all are converged", |world| {
        clusters(world, 60);
        world.set_limits(Some(Limits::CLASSIC));
    });
    story.runs(2).await;
    story.when("eight move", |world| {
        for n in 0..8 {
            move_cluster(world, n);
        }
    });
    story.run().await;
    story.when("six minutes later ELB accepts every call", |world| world.set_limits(None));
    story.pass(Duration::from_mins(6)).await;
    story.run().await;
    story.when("ELB refuses every call for four seconds", |world| {
        world.plant(Fault::on("DescribeLoadBalancers").times(9).throttle());
        world.plant(Fault::on("DescribeTargetGroups").times(9).throttle());
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time() {
    let mut story =
        Story::start_with("one_at_a_time", "One AWS call at a time", &[("MAX_CONCURRENCY", "1")]).await;
    story.when("three clusters, of which two are to be written", |world| {
        clusters(world, 3);
        move_cluster(world, 0);
        move_cluster(world, 2);
    });
    story.runs(2).await;
    story.end();
}
