//! Lookups of many hosts at the same time.

use std::time::Duration;

use eks_nlb_simulator::world::{Answer, Reply};
use eks_nlb_sync::model::{Family, Host};
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::settings::Settings;
use futures_util::future::{join, join_all};
use tokio::time::Instant;

use crate::Wire;
use eks_nlb_traffic::in_memory_net::InMemoryNet;

/// `count` hosts, for each of which the name server gives this `answer`.
fn hosts(wire: &Wire, name: &str, count: usize, answer: impl Fn() -> Answer) -> Vec<Host> {
    let mut world = wire.world();
    let host_of = |n| {
        let cluster = format!("{name}-{n}");
        world.add_cluster(&cluster, ["10.0.1.10", "10.0.2.11"]);
        let host = world.host(&cluster);
        world.dns.set(&host, answer());
        host.parse().expect("a host")
    };
    (0..count).map(host_of).collect()
}

fn resolver(wire: &Wire) -> Resolver<InMemoryNet<Wire>> {
    let settings = Settings::from_lookup(|name| (name == "DNS_SERVERS").then(|| "192.0.2.53".to_owned()));
    let resolver = Resolver::with_provider(&settings.expect("valid"), &InMemoryNet::to(wire.clone()));
    resolver.expect("name servers are given")
}

#[tokio::test(start_paused = true)]
async fn silent_hosts_do_not_delay_the_rest() {
    let wire = Wire::default();
    let silent = hosts(&wire, "silent", 300, || Reply::Silence.into());
    let answered = hosts(&wire, "answered", 100, || ["10.0.1.10", "10.0.2.11"].into());
    let resolver = resolver(&wire);
    let start = Instant::now();

    let failing = join_all(silent.iter().map(|host| resolver.resolve(host, Family::Ipv4)));
    let working = async {
        let found = join_all(answered.iter().map(|host| resolver.resolve(host, Family::Ipv4))).await;
        (found, start.elapsed())
    };
    let (failed, (found, elapsed)) = join(failing, working).await;

    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert!(elapsed < Duration::from_millis(1500), "{elapsed:?}");
    let codes = failed.iter().map(|failure| failure.as_ref().expect_err("it is silent").code());
    assert!(codes.into_iter().all(|code| code == FailureCode::DnsTimeout));
    // 96 at a time: the first ones take five seconds, and later ones the 4.8 that they
    // have left when they become slow.
    let took = start.elapsed();
    assert!(took > Duration::from_secs(19) && took < Duration::from_millis(19_600), "{took:?}");
}

/// Waiting for a permit does not count against a lookup's budget.
#[tokio::test(start_paused = true)]
async fn slow_answers_count_however_many_there_are() {
    let wire = Wire::default();
    let late = || Answer::from(["10.0.1.10", "10.0.2.11"]).after(Duration::from_secs(3));
    let slow = hosts(&wire, "slow", 300, late);
    let resolver = resolver(&wire);

    let found = join_all(slow.iter().map(|host| resolver.resolve(host, Family::Ipv4))).await;

    assert!(found.iter().all(Result::is_ok), "{found:?}");
}
