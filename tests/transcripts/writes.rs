//! Writes that are refused, in part, or have no answer.

use std::time::Duration;

use eks_nlb_simulator::world::{LoadBalancerSpec, Scope, TargetGroupSpec};
use eks_nlb_simulator::{Fault, TargetState, World};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::Story;

/// A cluster whose servers have moved, and whose new targets are healthy.
fn replaced(world: &mut World) {
    world.interfaces_linger = Duration::ZERO;
    let frontend = converged(world, "payments", OLD);
    world.put_targets(&frontend.target_group, NEW);
    world.rotate("payments", NEW);
}

#[tokio::test(start_paused = true)]
async fn quota() {
    let mut story = Story::start("quota", "The target group is full").await;
    story.when(
        "a group of at most four targets has a healthy, an unused and two other stale ones",
        |world| {
            world.interfaces_linger = Duration::ZERO;
            world.targets_per_group = 4;
            let frontend = converged(world, "payments", OLD);
            world.put_targets(&frontend.target_group, ["10.0.3.12", "10.0.3.13"]);
            world.pin_state(&frontend.target_group, "10.0.3.13", TargetState::Unused);
            world.rotate("payments", NEW);
        },
    );
    story.runs(5).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn one_target_is_refused() {
    let mut story = Story::start("one_target_is_refused", "ELB refuses one of several targets").await;
    story.when("three servers, of which one may not be registered and one not be deregistered", |world| {
        world.interfaces_linger = Duration::ZERO;
        let frontend = frontend(world, "payments", ["10.0.1.20", "10.0.2.21", "10.0.3.22"]);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
        let refused = |operation, about| {
            Fault::on(operation).about(about).refuse(400, "InvalidTarget", "The target is not valid")
        };
        world.plant(refused("RegisterTargets", "10.0.2.21"));
        world.plant(refused("DeregisterTargets", "10.0.2.11"));
    });
    story.runs(2).await;
    story.when("the registration is accepted", |world| {
        world.clear_faults();
        let refused = Fault::on("DeregisterTargets").about("10.0.2.11");
        world.plant(refused.refuse(400, "InvalidTarget", "The target is not valid"));
    });
    story.runs(3).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn answers_of_writes_are_lost() {
    let mut story =
        Story::start("answers_of_writes_are_lost", "Writes are carried out without an answer").await;
    story.when("the answer of the first registration is lost", |world| {
        frontend(world, "payments", OLD);
        world.plant(Fault::on("RegisterTargets").times(1).lose_answer());
    });
    story.run().await;
    story.when("the servers moved, and two deregistrations have no answer", |world| {
        world.interfaces_linger = Duration::ZERO;
        let frontend = world.frontend_named("payments");
        world.put_targets(&frontend.target_group, NEW);
        world.rotate("payments", NEW);
        world.plant(Fault::on("DeregisterTargets").times(2).silence());
    });
    story.runs(2).await;
    story.when("the answer of every registration is lost", |world| {
        world.rotate("payments", OLD);
        world.plant(Fault::on("RegisterTargets").lose_answer());
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn deregistrations_fail() {
    let mut story =
        Story::start("deregistrations_fail", "Deregistrations are refused, throttled, too slow").await;
    story.when("the service fails", |world| {
        replaced(world);
        world.plant(Fault::on("DeregisterTargets").internal_failure());
    });
    story.run().await;
    story.when("IAM refuses", |world| {
        world.clear_faults();
        world.plant(Fault::on("DeregisterTargets").access_denied());
    });
    story.run().await;
    story.when("ELB throttles twelve times", |world| {
        world.clear_faults();
        world.plant(Fault::on("DeregisterTargets").times(12).throttle());
    });
    story.run().await;
    story.end();
}

/// Old health is read again before a deregistration, which is then withheld.
#[tokio::test(start_paused = true)]
async fn health_grows_old() {
    let mut story = Story::start("health_grows_old", "Health is read again before an old target goes").await;
    story.when("a registration takes twelve seconds, and a new target fails meanwhile", |world| {
        world.interfaces_linger = Duration::ZERO;
        let frontend = converged(world, "payments", OLD);
        world.put_targets(&frontend.target_group, ["10.0.1.20"]);
        world.rotate("payments", ["10.0.1.10", "10.0.2.11", "10.0.3.22"]);
        let slow = Fault::on("RegisterTargets").times(3).delay(Duration::from_secs(4)).unavailable();
        world.plant(slow.after(|world: &mut World| {
            world.set_health("10.0.2.11", eks_nlb_simulator::Health::Never);
        }));
        world.plant(Fault::on("RegisterTargets").times(3).delay(Duration::from_secs(4)).unavailable());
    });
    story.runs(2).await;
    story.end();
}

/// A lookup takes longer than health is fresh, so health is read again.
#[tokio::test(start_paused = true)]
async fn slow_lookups() {
    let mut story = Story::start("slow_lookups", "A lookup takes fourteen seconds").await;
    let slow = || {
        Fault::on("DescribeCluster")
            .about("payments")
            .times(3)
            .delay(Duration::from_millis(4_500))
            .unavailable()
    };
    story.when("the servers moved; EKS answers late", |world| {
        replaced(world);
        world.plant(slow());
    });
    story.run().await;
    story.when("they move again; health cannot be read again", |world| {
        world.rotate("payments", OLD);
        world.plant(slow());
        world.plant(Fault::on("DescribeTargetHealth").skip(1).times(1).access_denied());
    });
    story.run().await;
    story.when("nor where the service fails", |world| {
        world.plant(slow());
        world.plant(Fault::on("DescribeTargetHealth").skip(1).times(14).unavailable());
    });
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn zones_of_targets() {
    let mut story = Story::start("zones_of_targets", "ELB and EKS name different VPCs, or none").await;
    story.when(
        "one load balancer in another VPC, one whose addresses ELB takes for its own VPC's",
        |world| {
            world.add_cluster("remote", OLD);
            let vpc = world.add_vpc(&Scope::default());
            let spec = LoadBalancerSpec { vpc: Some(vpc), ..LoadBalancerSpec::managed("remote") };
            let load_balancer = world.add_load_balancer(spec);
            world.add_target_group(TargetGroupSpec::ip(&load_balancer));
            frontend(world, "local", ["10.1.1.10", "10.1.2.11"]);
            let refused =
                "The Availability Zone is required for IP address '10.1.1.10' because it is not in the VPC";
            world.plant(Fault::on("RegisterTargets").about("tg-local").refuse(
                400,
                "ValidationError",
                refused,
            ));
            frontend(world, "nowhere", ["10.2.1.10", "10.2.2.11"]);
            world.cluster_mut("nowhere").vpc = None;
        },
    );
    story.runs(2).await;
    story.answers_have("DescribeCluster", "\"vpcId\"", "\"noVpcId\"");
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn a_target_group_is_deleted() {
    let mut story =
        Story::start("a_target_group_is_deleted", "A target group goes in the middle of a run").await;
    story.when("two clusters; one group is deleted after it was listed", |world| {
        frontend(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        let group = frontend(world, "payments", OLD).target_group;
        let gone =
            Fault::on("DescribeTags").after(move |world: &mut World| world.delete_target_group(&group));
        world.plant(gone);
    });
    story.runs(2).await;
    story.when("a third one between the listing and the reading of tags", |world| {
        let group = frontend(world, "orders", ["10.2.1.10", "10.2.2.11"]).target_group;
        let gone = Fault::on("DescribeTargetGroups")
            .after(move |world: &mut World| world.delete_target_group(&group));
        world.plant(gone);
    });
    story.run().await;
    story.when("the other one after its health was read", |world| {
        world.rotate("ledger", ["10.1.1.20", "10.1.2.21"]);
        let group = world.frontend_named("ledger").target_group;
        let gone = Fault::on("DescribeTargetHealth")
            .after(move |world: &mut World| world.delete_target_group(&group));
        world.plant(gone);
    });
    story.runs(2).await;
    story.end();
}

/// What the first batch took away is still listed when targets are read again.
#[tokio::test(start_paused = true)]
async fn a_batch_without_an_answer() {
    let variables = [("ADDRESS_SOURCE", "dns")];
    let mut story = Story::start_with(
        "a_batch_without_an_answer",
        "The second batch has no answer, and reads lag",
        &variables,
    )
    .await;
    story.when("230 stale targets", |world| {
        let group = converged(world, "payments", OLD).target_group;
        world.put_targets(&group, (0..230).map(|n| format!("10.0.3.{}", n + 10)));
        world.set_read_lags(&[Duration::from_mins(1)]);
        world.plant(Fault::on("DeregisterTargets").skip(1).times(2).silence());
    });
    story.runs(3).await;
    story.end();
}

/// A batch that is refused is written in halves, until the refused target is alone.
#[tokio::test(start_paused = true)]
async fn refused_among_many() {
    let variables = [("ADDRESS_SOURCE", "dns")];
    let mut story =
        Story::start_with("refused_among_many", "Two of thirty targets are refused", &variables).await;
    story.when("DNS names thirty addresses", |world| {
        frontend(world, "payments", OLD);
        let host = world.host("payments");
        let all: Vec<_> = (0..30).map(|n| format!("10.0.1.{}", n + 20)).collect();
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        world.dns.set(&host, all.as_slice());
        for refused in ["10.0.1.23", "10.0.1.44"] {
            let fault = Fault::on("RegisterTargets").about(refused);
            world.plant(fault.refuse(400, "InvalidTarget", "The target is not valid"));
        }
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn many_targets() {
    let mut story = Story::start_with(
        "many_targets",
        "Hundreds of targets are written in batches",
        &[("ADDRESS_SOURCE", "dns")],
    )
    .await;
    story.when("DNS names 230 addresses, and 230 others are stale", |world| {
        let group = frontend(world, "payments", OLD).target_group;
        let host = world.host("payments");
        let new: Vec<_> = (0..230).map(|n| format!("10.0.1.{}", n + 20)).collect();
        let new: Vec<_> = new.iter().map(String::as_str).collect();
        world.dns.set(&host, new.as_slice());
        world.put_targets(&group, (0..230).map(|n| format!("10.0.2.{}", n + 20)));
    });
    story.runs(3).await;
    story.end();
}
