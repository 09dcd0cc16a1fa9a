//! What a resolver library makes of the answers.

use std::net::IpAddr;
use std::time::Duration;

use eks_nlb_simulator::Simulator;
use eks_nlb_simulator::world::{Answer, ClusterSpec, Family, Reply, Tcp, Transport, View};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;

/// Long enough for an answer on a busy machine.
const PATIENT: Duration = Duration::from_secs(5);

/// Long enough where no answer is to come.
const BRIEF: Duration = Duration::from_millis(100);

/// The addresses of a name, in order, or why there are none.
async fn resolve(sim: &Simulator, host: &str, kind: RecordType) -> Result<Vec<IpAddr>, NetError> {
    resolve_within(sim, host, kind, PATIENT).await
}

async fn resolve_within(
    sim: &Simulator,
    host: &str,
    kind: RecordType,
    patience: Duration,
) -> Result<Vec<IpAddr>, NetError> {
    let server = sim.dns_address();
    let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = server.port();
    }
    let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = patience;
    options.attempts = 0;
    options.cache_size = 0;
    let resolver = builder.build()?;
    let answer = resolver.lookup(format!("{host}."), kind).await?;
    let mut addresses: Vec<IpAddr> = answer.answers().iter().filter_map(|r| r.data.ip_addr()).collect();
    addresses.sort();
    Ok(addresses)
}

fn ips<const N: usize>(addresses: [&str; N]) -> Vec<IpAddr> {
    addresses.map(|address| address.parse().expect("an address")).to_vec()
}

#[tokio::test]
async fn a_cluster_resolves_inside_and_outside_its_vpc() {
    let sim = Simulator::start().await;
    let host = |private_access, public_access| {
        let mut world = sim.world();
        let name = format!("c-{private_access}-{public_access}");
        world.create_cluster(ClusterSpec {
            private_access,
            public_access,
            ..ClusterSpec::new(&name, ["10.0.1.10", "fd00::10"])
        });
        world.host(&name)
    };
    let (private, both, public) = (host(true, false), host(true, true), host(false, true));
    let inside = ips(["10.0.1.10"]);
    let outside = ips(["203.0.113.10", "203.0.113.11"]);
    let a = async |host: &str| resolve(&sim, host, RecordType::A).await.expect("addresses");

    assert_eq!(
        (a(&private).await, a(&both).await, a(&public).await),
        (inside.clone(), inside.clone(), outside.clone())
    );
    assert_eq!(resolve(&sim, &private, RecordType::AAAA).await.expect("one"), ips(["fd00::10"]));
    sim.world().dns.view = View::Outside;
    assert_eq!((a(&private).await, a(&both).await, a(&public).await), (inside, outside.clone(), outside));
}

#[tokio::test]
async fn a_cluster_moves_and_goes() {
    let sim = Simulator::start().await;
    sim.world().add_cluster("payments", ["10.0.1.10"]);
    let old = sim.world().host("payments");

    sim.world().rotate("payments", ["10.0.7.70", "10.0.8.80"]);
    assert_eq!(resolve(&sim, &old, RecordType::A).await.expect("two"), ips(["10.0.7.70", "10.0.8.80"]));

    sim.world().recreate_cluster("payments", ["10.0.1.10"]);
    let new = sim.world().host("payments");
    assert_ne!(old, new);
    assert!(resolve(&sim, &old, RecordType::A).await.expect_err("gone").is_nx_domain());
    assert_eq!(resolve(&sim, &new.to_lowercase(), RecordType::A).await.expect("one"), ips(["10.0.1.10"]));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let sim = Simulator::start().await;
    let host = "api.example";
    let ask = async |answer: Answer| {
        sim.world().dns.set(host, answer);
        resolve(&sim, host, RecordType::A).await
    };

    let none = ask(Answer::none()).await.expect_err("no data");
    assert!(none.is_no_records_found() && !none.is_nx_domain(), "{none:?}");
    let no_name = ask(Reply::NoSuchName.into()).await.expect_err("no name");
    assert!(no_name.is_nx_domain(), "{no_name:?}");
    for reply in [Reply::ServerFailure, Reply::Refused] {
        let error = ask(reply.clone().into()).await.expect_err("a failure");
        assert!(!error.is_no_records_found(), "{reply:?}: {error:?}");
    }
    for reply in [Reply::OtherName(ips(["10.0.0.1"])), Reply::OtherType] {
        let got = ask(reply.clone().into()).await;
        assert!(got.as_ref().map_or(true, Vec::is_empty), "{reply:?}: {got:?}");
    }
    for reply in [Reply::Silence, Reply::Garbage, Reply::OtherId(ips(["10.0.0.1"]))] {
        sim.world().dns.set(host, reply.clone());
        let got = resolve_within(&sim, host, RecordType::A, BRIEF).await;
        let error = got.expect_err("no answer");
        assert!(!error.is_no_records_found(), "{reply:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_for_udp_comes_over_tcp() {
    let sim = Simulator::start().await;
    let many: Vec<IpAddr> = (0..200).map(|n| IpAddr::from([10, 0, 1, n])).collect();
    sim.world().dns.set("many.example", Answer::addresses(many.clone()));

    assert_eq!(resolve(&sim, "many.example", RecordType::A).await.expect("all"), many);
    let by: Vec<Transport> = sim.world().dns.questions().iter().map(|q| q.transport).collect();
    assert_eq!(by, [Transport::Udp, Transport::Tcp]);

    sim.world().dns.clear_questions();
    sim.world().dns.set("cut.example", Answer::from(["10.0.0.1"]).truncated(Tcp::Answers));
    assert_eq!(resolve(&sim, "cut.example", RecordType::A).await.expect("one"), ips(["10.0.0.1"]));
    assert_eq!(sim.world().dns.questions().len(), 2);

    for tcp in [Tcp::Closes, Tcp::Silent] {
        sim.world().dns.set("cut.example", Answer::from(["10.0.0.1"]).truncated(tcp));
        let got = resolve_within(&sim, "cut.example", RecordType::A, BRIEF).await;
        assert!(got.as_ref().map_or(true, Vec::is_empty), "{tcp:?}: {got:?}");
    }
}

#[tokio::test]
async fn aliases_are_followed_and_loops_end() {
    let sim = Simulator::start().await;
    {
        let mut world = sim.world();
        let dns = &mut world.dns;
        dns.set("a.example", Reply::Alias("b.example".to_owned()));
        dns.set("b.example", Reply::Alias("c.example".to_owned()));
        dns.set("c.example", ["10.0.0.3"]);
        dns.set("bare.example", Reply::BareAlias("c.example".to_owned()));
        dns.set("loop.example", Reply::Alias("pool.example".to_owned()));
        dns.set("pool.example", Reply::Alias("loop.example".to_owned()));
        dns.set("astray.example", Reply::Alias("nowhere.example".to_owned()));
    }
    let a = async |host: &str| resolve(&sim, host, RecordType::A).await;

    assert_eq!(a("a.example").await.expect("one"), ips(["10.0.0.3"]));
    assert_eq!(a("bare.example").await.expect("one"), ips(["10.0.0.3"]));
    for astray in ["loop.example", "astray.example"] {
        let got = a(astray).await;
        assert!(got.as_ref().map_or(true, Vec::is_empty), "{astray}: {got:?}");
    }
}

#[tokio::test]
async fn one_family_can_fail_alone_and_answers_can_be_late() {
    let sim = Simulator::start().await;
    let host = "api.example";
    {
        let mut world = sim.world();
        world.dns.set(host, ["10.0.0.1", "fd00::1"]);
        world.dns.set_family(host, Family::Ipv4, Reply::ServerFailure);
    }
    assert!(resolve(&sim, host, RecordType::A).await.is_err());
    assert_eq!(resolve(&sim, host, RecordType::AAAA).await.expect("one"), ips(["fd00::1"]));

    sim.world().dns.set(host, Answer::from(["10.0.0.1"]).after(Duration::from_millis(50)));
    let start = std::time::Instant::now();
    assert_eq!(resolve(&sim, host, RecordType::A).await.expect("late"), ips(["10.0.0.1"]));
    assert!(start.elapsed() >= Duration::from_millis(50));
}
