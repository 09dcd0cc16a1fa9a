//! What DNS answers.

use std::time::Duration;

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::{Answer, ClusterSpec, Family, Reply, TargetGroupSpec, Tcp};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::Story;

/// The settings of a function that reads no interfaces.
const BY_DNS: [(&str, &str); 1] = [("ADDRESS_SOURCE", "dns")];

/// A cluster with a frontend, whose name DNS answers so.
fn answered(world: &mut World, cluster: &str, answer: impl Into<Answer>) {
    frontend(world, cluster, OLD);
    let host = world.host(cluster);
    world.dns.set(&host, answer);
}

#[tokio::test(start_paused = true)]
async fn dns_failures() {
    let mut story =
        Story::start_with("dns_failures", "Every answer of DNS that has no usable address", &BY_DNS).await;
    story.when("each cluster's name has another answer", |world| {
        answered(world, "nxdomain", Reply::NoSuchName);
        answered(world, "nodata", Answer::none());
        answered(world, "servfail", Reply::ServerFailure);
        answered(world, "refused", Reply::Refused);
        answered(world, "silent", Reply::Silence);
        answered(world, "garbage", Reply::Garbage);
        answered(world, "other-id", Reply::OtherId(vec![[10, 0, 1, 10].into()]));
        answered(world, "other-type", Reply::OtherType);
        answered(world, "other-name", Reply::OtherName(vec![[10, 0, 1, 10].into()]));
        answered(world, "public", ["203.0.113.7", "203.0.113.8"]);
        answered(world, "mixed", ["10.0.1.10", "203.0.113.8"]);
        answered(world, "late", Answer::from(OLD).after(Duration::from_millis(4_900)));
        answered(world, "too-late", Answer::from(OLD).after(Duration::from_millis(5_100)));
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn dns_answers() {
    let mut story = Story::start_with("dns_answers", "Every answer of DNS that has addresses", &BY_DNS).await;
    story.when("aliases, long answers, answers over TCP", |world| {
        world.dns.set("target.example", OLD);
        answered(world, "alias", Reply::Alias("target.example".to_owned()));
        answered(world, "bare-alias", Reply::BareAlias("target.example".to_owned()));
        answered(world, "alias-of-nothing", Reply::Alias("nothing.example".to_owned()));
        world.dns.set("first.example", Reply::Alias("second.example".to_owned()));
        world.dns.set("second.example", Reply::Alias("target.example".to_owned()));
        answered(world, "alias-of-aliases", Reply::Alias("first.example".to_owned()));
        world.dns.set("loop.example", Reply::Alias("loop.example".to_owned()));
        answered(world, "alias-of-a-loop", Reply::Alias("loop.example".to_owned()));
        answered(world, "over-tcp", Answer::from(OLD).truncated(Tcp::Answers));
        answered(world, "tcp-closed", Answer::from(OLD).truncated(Tcp::Closes));
        answered(world, "tcp-silent", Answer::from(OLD).truncated(Tcp::Silent));
        let many: Vec<_> = (10..60).map(|n| format!("10.0.1.{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        answered(world, "fifty", many.as_slice());
        answered(world, "twice", ["10.0.1.10", "10.0.2.11", "10.0.1.10"]);
        answered(world, "late", Answer::from(OLD).after(Duration::from_millis(700)));
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn two_name_servers() {
    let variables = [
        ("ADDRESS_SOURCE", "dns"),
        ("DNS_SERVERS", "192.0.2.53,192.0.2.54:5353"),
        ("DNS_TIMEOUT_MS", "4000"),
    ];
    let mut story = Story::start_with("two_name_servers", "The first name server fails", &variables).await;
    story.when("two clusters", |world| {
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        converged(world, "payments", OLD);
    });
    story.run().await;
    for (note, answer) in [
        ("the first server is silent", Answer::from(Reply::Silence)),
        ("it fails", Reply::ServerFailure.into()),
        ("it refuses", Reply::Refused.into()),
        (
            "it answers after 1.5 s, with other addresses",
            Answer::from(NEW).after(Duration::from_millis(1_500)),
        ),
        ("it knows no such name", Reply::NoSuchName.into()),
    ] {
        story.when(note, |_| ());
        story.set_server("192.0.2.53", answer);
        story.run().await;
    }
    story.when("the first fails, and the second answers over TCP", |_| ());
    story.set_server("192.0.2.53", Reply::ServerFailure);
    story.set_server("192.0.2.54", Answer::from(OLD).truncated(Tcp::Answers));
    story.run().await;
    story.when("both are silent", |_| ());
    story.set_server("192.0.2.53", Reply::Silence);
    story.set_server("192.0.2.54", Reply::Silence);
    story.run().await;
    story.when("the second fails", |_| ());
    story.set_server("192.0.2.54", Reply::ServerFailure);
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn three_name_servers() {
    let variables = [("ADDRESS_SOURCE", "dns"), ("DNS_SERVERS", "192.0.2.53,192.0.2.54,[2001:db8::53]:5353")];
    let mut story =
        Story::start_with("three_name_servers", "Two of three name servers fail", &variables).await;
    story.when("the first is silent, the second fails", |world| converged(world, "payments", OLD));
    story.set_server("192.0.2.53", Reply::Silence);
    story.set_server("192.0.2.54", Reply::ServerFailure);
    story.run().await;
    story.when("the first fails, the second is silent", |_| ());
    story.set_server("192.0.2.53", Reply::ServerFailure);
    story.set_server("192.0.2.54", Reply::Silence);
    story.run().await;
    story.when("both are late, and the second is first", |_| ());
    story.set_server("192.0.2.53", Answer::from(NEW).after(Duration::from_millis(2_500)));
    story.set_server("192.0.2.54", Answer::from(OLD).after(Duration::from_millis(800)));
    story.run().await;
    story.end();
}

/// Lookups that wait for silent servers do not delay the others.
#[tokio::test(start_paused = true)]
async fn many_silent_names() {
    let mut story =
        Story::start_with("many_silent_names", "Two hundred and twenty names without an answer", &BY_DNS)
            .await;
    story.brief();
    story.when("and twenty with one", |world| {
        for n in 0..240 {
            let cluster = format!("c{n}");
            world.add_cluster(&cluster, [format!("10.0.{n}.10"), format!("10.0.{n}.11")]);
            world.add_frontend(&cluster);
            let host = world.host(&cluster);
            if n % 12 > 0 {
                world.dns.set(&host, Reply::Silence);
            }
        }
    });
    story.run().await;
    story.end();
}

/// A target group of IPv6 addresses gets those only.
#[tokio::test(start_paused = true)]
async fn ipv6() {
    let mut story = Story::start_with("ipv6", "A target group for each family", &BY_DNS).await;
    story.when("a cluster with two addresses of each", |world| {
        world
            .create_cluster(ClusterSpec::new("payments", ["10.0.1.10", "10.0.2.11", "fd00::10", "fd00::11"]));
        let load_balancer = world.add_frontend("payments").load_balancer;
        let group = TargetGroupSpec { family: Family::Ipv6, ..TargetGroupSpec::ip(&load_balancer) };
        world.add_target_group(group);
    });
    story.runs(2).await;
    story.when("DNS names no IPv6 address any more", |world| {
        let host = world.host("payments");
        world.dns.set_family(&host, Family::Ipv6, Answer::none());
    });
    story.run().await;
    story.end();
}
