//! What the function is for: targets follow the control plane.

use eks_nlb_simulator::world::TargetGroupSpec;
use eks_nlb_simulator::{Health, World};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::Story;

#[tokio::test(start_paused = true)]
async fn first_run() {
    let mut story = Story::start("first_run", "An empty target group gets the cluster's addresses").await;
    story.when("a cluster, and its load balancer without targets", |world| frontend(world, "payments", OLD));
    story.runs(4).await;
    story.end();
}

/// The new servers' interfaces appear, then DNS follows, then the old interfaces go.
#[tokio::test(start_paused = true)]
async fn upgrade() {
    let mut story = Story::start("upgrade", "A control plane is replaced: EC2 shows it before DNS").await;
    let host = story.when("a converged cluster", |world| {
        converged(world, "payments", OLD);
        world.host("payments")
    });
    story.run().await;
    story.when("the API servers move; DNS still names the old ones", |world| {
        world.rotate("payments", NEW);
        world.dns.set(&host, OLD);
    });
    story.runs(3).await;
    story.when("DNS follows", |world| world.publish("payments"));
    story.runs(8).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn upgrade_by_dns() {
    let variables = [("ADDRESS_SOURCE", "dns")];
    let mut story = Story::start_with("upgrade_by_dns", "The same by DNS alone", &variables).await;
    story.when("a converged cluster", |world| converged(world, "payments", OLD));
    story.run().await;
    story.when("the API servers move, and new targets take three minutes", |world| {
        world.registration = std::time::Duration::from_mins(3);
        world.rotate("payments", NEW);
    });
    story.runs(10).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn one_server_leaves() {
    let mut story = Story::start("one_server_leaves", "Servers come and go one by one").await;
    story.when("three servers", |world| {
        converged(world, "payments", ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
        world.interfaces_linger = std::time::Duration::ZERO;
    });
    story.run().await;
    story.when("one leaves", |world| world.rotate("payments", OLD));
    story.run().await;
    story.when("it is there again while its target drains", |world| {
        world.rotate("payments", ["10.0.1.10", "10.0.2.11", "10.0.3.12"]);
    });
    story.runs(2).await;
    story.when("only one is left in EC2 and in DNS", |world| world.rotate("payments", ["10.0.1.10"]));
    story.runs(2).await;
    story.when("the last server fails its checks", |world| world.set_health("10.0.1.10", Health::Never));
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn several_frontends() {
    let mut story =
        Story::start("several_frontends", "Three load balancers of one cluster, and one more group").await;
    story.when("of which the second is converged, and the third has a leftover", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        let first = frontend(world, "payments", OLD);
        for more in [None, Some("10.0.3.12")] {
            let other = world.add_frontend("payments");
            world.put_targets(&other.target_group, OLD.into_iter().chain(more));
        }
        let group = TargetGroupSpec { port: Some(6443), ..TargetGroupSpec::ip(&first.load_balancer) };
        world.add_target_group(group);
    });
    story.runs(3).await;
    story.when("the servers move", |world: &mut World| world.rotate("payments", NEW));
    story.runs(3).await;
    story.end();
}
