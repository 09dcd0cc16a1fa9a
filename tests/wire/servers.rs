//! Which name servers are asked, in which order, and how many at a time.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use eks_nlb_simulator::process::{self, Process};
use eks_nlb_simulator::world::{Answer, Reply};
use eks_nlb_simulator::{Options, Simulator, World, closed_address};
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::time::timeout;

use crate::relay::{LOCALHOST, Relay};
use crate::support::*;

/// Adds to the additional records of a question, as EDNS does.
const ADDITIONAL_RECORDS: usize = 11;

/// The addresses of `payments` by another name server.
const ELSEWHERE: [&str; 2] = ["10.0.1.14", "10.0.2.15"];

/// A function that asks `first`, then the simulator's name server.
async fn asking(first: SocketAddr, sim: Simulator) -> Function {
    let servers = format!("{first},{}", sim.dns_address());
    Function::start_with(sim, &[BY_DNS, ("DNS_SERVERS", &servers)]).await
}

async fn in_world<T>(populate: impl FnOnce(&mut World) -> T) -> (Simulator, T) {
    let sim = Simulator::start().await;
    let populated = populate(&mut sim.world());
    (sim, populated)
}

#[tokio::test]
async fn the_first_server_that_knows_decides() {
    let (sim, frontend) = in_world(payments).await;
    let (other, ()) = in_world(|world| {
        payments(world);
    })
    .await;
    let host = sim.world().host("payments");
    other.world().dns.set(&host, ELSEWHERE);
    let function = asking(other.dns_address(), sim).await;

    for _ in 0..5 {
        let report = function.sync().await;
        assert_eq!(reported(&report, &frontend)["desired"], json!(ELSEWHERE));
    }

    // NXDOMAIN is an answer.
    other.world().dns.set(&host, Reply::NoSuchName);
    let report = function.sync_with_failures().await;
    assert_eq!(code(reported(&report, &frontend)), "DnsNoRecords");
    assert_eq!(function.world().dns.questions(), []);
}

#[tokio::test]
async fn a_server_that_knows_nothing_is_passed_over() {
    // The first is a closed port; the second never answers.
    let silent = UdpSocket::bind(LOCALHOST).await.expect("a free port");
    let (refusing, ()) = in_world(|_| ()).await;
    let (failing, ()) = in_world(|_| ()).await;
    for dead in [
        closed_address().expect("a free port"),
        silent.local_addr().expect("it is bound"),
        refusing.dns_address(),
        failing.dns_address(),
    ] {
        let (sim, frontend) = in_world(payments).await;
        let host = sim.world().host("payments");
        refusing.world().dns.set(&host, Reply::Refused);
        failing.world().dns.set(&host, Reply::ServerFailure);
        let function = asking(dead, sim).await;

        for outcome in ["changed", "converged"] {
            assert_eq!(reported(&function.sync().await, &frontend)["outcome"], outcome, "{dead}");
        }
    }
}

#[tokio::test]
async fn where_no_server_knows_nothing_is_written() {
    let (sim, frontend) = in_world(busy_payments).await;
    let closed = closed_address().expect("a free port");
    let variables = [BY_DNS, ("DNS_SERVERS", &*format!("{closed},{closed}")), ("DNS_TIMEOUT_MS", "500")];
    let function = Function::start_with(sim, &variables).await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "DnsTimeout", "{report:#}");
    assert_eq!(function.world().writes().len(), 0);
}

/// How long a server of these tests takes to answer: longer than the next one
/// waits.
const SLOWNESS: Duration = Duration::from_millis(900);

/// A name server that takes [`SLOWNESS`] for the addresses of `payments`.
async fn slow() -> Simulator {
    let (server, ()) = in_world(|world| {
        payments(world);
        let host = world.host("payments");
        world.dns.set(&host, Answer::from(PAYMENTS).after(SLOWNESS));
    })
    .await;
    server
}

#[tokio::test]
async fn an_answer_within_the_budget_counts_whichever_server_gives_it() {
    let (sim, frontend) = in_world(payments).await;
    let servers = [slow().await, slow().await, slow().await];
    let addresses = servers.each_ref().map(|server| server.dns_address().to_string()).join(",");
    let variables = [BY_DNS, ("DNS_SERVERS", &*addresses), ("DNS_TIMEOUT_MS", "1500")];
    let function = Function::start_with(sim, &variables).await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
    for server in servers {
        let asked = server.world().dns.questions().len();
        assert!((1..=5).contains(&asked), "{asked} questions");
    }
}

#[tokio::test]
async fn a_silent_server_leaves_the_next_one_its_time() {
    let (sim, frontend) = in_world(payments).await;
    let silent = UdpSocket::bind(LOCALHOST).await.expect("a free port");
    let slow = slow().await;
    let servers = format!("{},{}", silent.local_addr().expect("it is bound"), slow.dns_address());
    let variables = [BY_DNS, ("DNS_SERVERS", &*servers), ("DNS_TIMEOUT_MS", "1500")];
    let function = Function::start_with(sim, &variables).await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_server_has_an_ipv6_address_in_brackets() {
    let (sim, frontend) = in_world(payments).await;
    let relay = Relay::of_dns(&sim, "[::1]:0", |_, answer| answer).await;
    let server = relay.address.to_string();
    assert!(server.starts_with("[::1]:"));
    let function = Function::start_with(sim, &[BY_DNS, ("DNS_SERVERS", &server)]).await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
}

/// Some servers answer EDNS with a format error.
///
/// Source: RFC 6891, 7.
#[tokio::test]
async fn a_server_that_does_not_know_edns_is_understood() {
    let (sim, frontend) = in_world(payments).await;
    let without_edns = |question: &[u8], answer: Vec<u8>| match question[ADDITIONAL_RECORDS] {
        0 => answer,
        _ => [&answer[..2], &[0x80, 0x01], &[0; 8]].concat(),
    };
    let relay = Relay::of_dns(&sim, LOCALHOST, without_edns).await;
    let function = Function::start_with(sim, &[BY_DNS, ("DNS_SERVERS", &relay.address.to_string())]).await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
}

/// A lookup without an answer holds one or more sockets. Without a limit, no
/// file descriptor would be left for connections to AWS.
#[tokio::test]
async fn hundreds_of_silent_names_do_not_use_up_the_files() {
    const CLUSTERS: usize = 500;
    const OPEN_FILES: usize = 450;
    let (sim, (silent, bystander)) = in_world(|world| {
        let silent: Vec<_> = (0..CLUSTERS)
            .map(|n| {
                let name = format!("silent-{n}");
                world.add_cluster(&name, [format!("10.{}.{}.1", n / 250, n % 250)]);
                world.dns.set(&world.host(&name), Reply::Silence);
                world.add_frontend(&name)
            })
            .collect();
        (silent, bystander(world))
    })
    .await;
    let mut command = process::command("/bin/sh", &sim);
    let limited = format!("ulimit -n {OPEN_FILES} && exec \"$0\"");
    command.args(["-c", &limited, &program()]).env("DNS_TIMEOUT_MS", "1000");
    let function = Function::spawn(sim, command);

    let report = function.sync_with_failures().await;

    for frontend in &silent {
        let failed = reported(&report, frontend);
        assert_eq!(code(failed), "DnsTimeout", "{}", message(failed));
    }
    assert_eq!(reported(&report, &bystander)["outcome"], "changed");
}

/// Set in the process that has a network and an `/etc/resolv.conf` of its own.
const RESOLV_CONF: &str = "EKS_NLB_SYNC_TEST_RESOLV_CONF";

/// Texts of `/etc/resolv.conf` that name the simulator among other things.
const WITH_SERVER: [&str; 7] = [
    "nameserver 127.0.0.1\n",
    // Nothing listens at the first.
    "nameserver 127.0.0.2\nnameserver 127.0.0.1\n",
    "# comment\nsearch svc.cluster.local eu-west-1.compute.internal\nnameserver 127.0.0.1\n",
    "options ndots:5 timeout:1 attempts:1 rotate edns0 trust-ad use-vc\nnameserver 127.0.0.1\n",
    "nameserver 127.0.0.1\nunknown word\n",
    // These lines are not used, so they must not stop the start.
    "search -..- ä.example\ndomain ..\noptions timeout:soon\nnameserver 127.0.0.1\n",
    "nameserver dns.example.com\nnameserver 127.0.0.1\n",
];
const WITHOUT_SERVER: [&str; 3] = ["", "search example.com\n", "nameserver dns.example.com\n"];

/// `/etc/resolv.conf` can be replaced, and port 53 be had, in namespaces only:
/// the test runs itself there, once for each text.
#[tokio::test]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the environment configures the test")]
async fn without_a_setting_the_systems_servers_are_asked() {
    const NAMESPACES: [&str; 5] = ["--user", "--map-root-user", "--mount", "--net", "--"];
    if let Ok(resolv_conf) = std::env::var(RESOLV_CONF) {
        return ask_the_system(Path::new(&resolv_conf)).await;
    }
    let unshare = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(NAMESPACES).arg(program).kill_on_drop(true);
        command
    };
    let available = unshare("true").status().await.is_ok_and(|status| status.success());
    if !available {
        // Ubuntu 24.04 forbids them: sysctl kernel.apparmor_restrict_unprivileged_userns=0.
        assert!(std::env::var("CI").is_err(), "this machine has no user namespaces");
        println!("skipped: this machine has no user namespaces");
        return;
    }
    let resolv_conf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("resolv.conf");
    let set_up = r#"ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@""#;
    let this = std::env::current_exe().expect("this runs");
    let name = "servers::without_a_setting_the_systems_servers_are_asked";

    for text in WITH_SERVER.iter().chain(&WITHOUT_SERVER) {
        std::fs::write(&resolv_conf, text).expect("the folder of tests is writable");
        let mut command = unshare("sh");
        command.args(["-c", set_up]).arg(&resolv_conf).arg(&this).args(["--exact", name]);
        command.env(RESOLV_CONF, &resolv_conf);

        let done = output(command).await;

        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("1 passed"), "{text:?}: {said}");
    }
}

async fn ask_the_system(resolv_conf: &Path) {
    let text = std::fs::read_to_string(resolv_conf).expect("it is readable");
    let options = Options { dns_port: 53, ..Options::default() };
    let sim = Simulator::start_with(options).await.expect("the network is this test's alone");
    let host = {
        let mut world = sim.world();
        payments(&mut world);
        world.host("payments").to_ascii_lowercase()
    };
    let mut function = command(&sim, &[BY_DNS]);
    function.env_remove("DNS_SERVERS");

    if WITHOUT_SERVER.contains(&text.as_str()) {
        let stopped = output(function).await;

        let said = String::from_utf8_lossy(&stopped.stdout);
        assert!(!stopped.status.success());
        assert!(said.contains("/etc/resolv.conf") && said.contains("DNS_SERVERS"), "{said}");
    } else {
        let _process = Process::start(function).expect("the function starts");

        let answer = timeout(PATIENCE, sim.runtime().invoke("{}", TIME)).await.expect("it answers");

        assert_eq!(answer.response()["summary"]["failed"], 0);
        assert_eq!(names_asked_for(&sim.world()), [host].into());
    }
}
