//! What decides: network interfaces, DNS, or both.

use std::time::Duration;

use eks_nlb_simulator::world::{Answer, Reply};
use eks_nlb_simulator::{Fault, TargetState, World};

use crate::setup::{NEW, OLD, converged};
use crate::story::Story;

/// A cluster whose servers moved and whose new targets are healthy; EC2 shows the
/// new interfaces only, and DNS answers so.
fn moved(world: &mut World, cluster: &str, dns: impl Into<Answer>) {
    world.interfaces_linger = Duration::ZERO;
    let frontend = converged(world, cluster, OLD);
    world.put_targets(&frontend.target_group, NEW);
    world.put_targets(&frontend.target_group, ["10.0.3.40"]);
    world.pin_state(&frontend.target_group, "10.0.3.40", TargetState::Unused);
    world.rotate(cluster, NEW);
    let host = world.host(cluster);
    world.dns.set(&host, dns);
}

/// Clusters that differ in what DNS answers.
fn clusters(world: &mut World) {
    moved(world, "agreed", NEW);
    moved(world, "old-in-dns", OLD);
    moved(world, "half-in-dns", ["10.0.1.20", "10.0.2.11"]);
    moved(world, "silent", Reply::Silence);
    moved(world, "servfail", Reply::ServerFailure);
    moved(world, "nxdomain", Reply::NoSuchName);
    moved(world, "public", ["203.0.113.7"]);
    moved(world, "mixed", ["10.0.1.20", "203.0.113.7"]);
    moved(world, "foreign", OLD);
    world.rotate("foreign", ["192.0.2.20", "192.0.2.21"]);
    let host = world.host("foreign");
    world.dns.set(&host, OLD);
}

async fn by(source: &'static str, name: &'static str, title: &str) {
    let mut story = Story::start_with(name, title, &[("ADDRESS_SOURCE", source)]).await;
    story.when(
        "nine clusters moved, one outside ALLOWED_CIDRS; EC2 names the new servers, DNS answers differ",
        clusters,
    );
    story.runs(2).await;
    story.when("one cluster has one interface, one none", |world| {
        world.remove_interfaces_at("10.0.2.21");
    });
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn by_auto() {
    by("auto", "by_auto", "Interfaces decide, and DNS must agree before a target goes").await;
}

#[tokio::test(start_paused = true)]
async fn by_eni() {
    by("eni", "by_eni", "Interfaces alone").await;
}

#[tokio::test(start_paused = true)]
async fn by_both() {
    by("dns+eni", "by_both", "What both name is registered").await;
}

#[tokio::test(start_paused = true)]
async fn interfaces_cannot_be_read() {
    let mut story = Story::start("interfaces_cannot_be_read", "EC2 refuses, or does not answer").await;
    story.when("the servers moved, and IAM denies DescribeNetworkInterfaces", |world| {
        moved(world, "payments", OLD);
        world.plant(Fault::on("DescribeNetworkInterfaces").access_denied());
    });
    story.runs(2).await;
    for (note, fault) in [
        ("EC2 is silent", Fault::on("DescribeNetworkInterfaces").silence()),
        ("EC2 fails", Fault::on("DescribeNetworkInterfaces").unavailable()),
        ("EC2 throttles", Fault::on("DescribeNetworkInterfaces").throttle()),
        ("half the answer arrives", Fault::on("DescribeNetworkInterfaces").truncate()),
        ("the answer is no XML", Fault::on("DescribeNetworkInterfaces").garble()),
    ] {
        story.when(note, |world| {
            world.clear_faults();
            let host = world.host("payments");
            world.dns.set(&host, NEW);
            world.plant(fault);
        });
        story.run().await;
    }
    story.when("it answers again", World::clear_faults);
    story.run().await;
    story.end();
}

/// With `eni` and with `dns+eni` the interfaces are part of the listing.
async fn unlisted(source: &'static str, name: &'static str) {
    let title = "Without interfaces a run by them lists nothing";
    let mut story = Story::start_with(name, title, &[("ADDRESS_SOURCE", source)]).await;
    story.when("IAM denies DescribeNetworkInterfaces", |world| {
        moved(world, "payments", NEW);
        world.plant(Fault::on("DescribeNetworkInterfaces").access_denied());
    });
    story.runs(3).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn interfaces_are_needed() {
    unlisted("eni", "interfaces_are_needed").await;
}

#[tokio::test(start_paused = true)]
async fn interfaces_are_needed_by_both() {
    unlisted("dns+eni", "interfaces_are_needed_by_both").await;
}
