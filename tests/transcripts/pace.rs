//! Regions beyond ELB's request rate: who comes first.

use std::time::Duration;

use eks_nlb_simulator::throttle::Bucket;
use eks_nlb_simulator::{Fault, Limits, World};

use crate::story::Story;

/// Clusters `c0` to `c{count}`, converged but for those that `moved` names.
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

#[tokio::test(start_paused = true)]
async fn burst() {
    let mut story = Story::start("burst", "Forty-five clusters at once, and ELB's older rate").await;
    story.brief();
    story.when("all are converged", |world| {
        clusters(world, 45);
        world.set_limits(Some(Limits::CLASSIC));
    });
    story.runs(2).await;
    story.when("eight move", |world| {
        for n in 0..8 {
            move_cluster(world, n);
        }
    });
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
