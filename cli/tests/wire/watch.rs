//! `eks-nlb watch`.

mod stop;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use eks_nlb_simulator::process::Process;
use eks_nlb_simulator::{Fault, Simulator, closed_address};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::*;

/// A watch, and what it has logged.
struct Watch {
    sim: Simulator,
    process: Process,
}

impl Watch {
    fn start(desk: Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command(&[&["watch"], arguments].concat());
        command.env("AWS_MAX_ATTEMPTS", "1");
        Self::of(desk, command)
    }

    fn of(desk: Desk, mut command: Command) -> Self {
        command.stderr(Stdio::inherit());
        Self { sim: desk.sim, process: Process::start(command).expect("it starts") }
    }

    async fn logged(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        timeout(PATIENCE, self.process.logged(is_it)).await.expect("it is logged")
    }

    /// Waits until `count` calls of `operation` have arrived.
    async fn calls(&self, operation: &str, count: usize) {
        until(|| self.sim.world().count(operation) >= count).await;
    }

    /// Sends SIGTERM; the exit code, and how long it took.
    async fn terminate(&mut self) -> (Option<i32>, Duration) {
        self.end("-TERM").await
    }

    /// The same with another signal.
    async fn end(&mut self, signal: &str) -> (Option<i32>, Duration) {
        let began = Instant::now();
        kill(signal, self.process.child().id()).await;
        let ended = timeout(PATIENCE, self.process.child().wait()).await.expect("it ends").expect("it ran");
        (ended.code(), began.elapsed())
    }
}

fn is_report(line: &Value) -> bool {
    line["message"] == "report"
}

#[tokio::test]
async fn it_runs_again_and_logs_what_the_function_logs() {
    let mut watch = Watch::start(Desk::new(small_fleet).await, &["--every", "1s"]);

    let first = watch.logged(is_report).await;
    let metrics = watch.logged(|line| line["_aws"].is_object()).await;
    watch.sim.world().advance(Duration::from_mins(5));
    let second = watch.logged(|line| is_report(line) && line["requestId"] != first["requestId"]).await;

    assert_eq!(first["summary"]["registered"], 3, "{first:#}");
    assert_eq!(first["region"], "eu-west-1");
    assert_eq!(metrics["LoadBalancers"], 3, "{metrics:#}");
    assert_eq!(metrics["FunctionName"], "eks-nlb");
    assert_eq!(second["summary"]["deregistered"], 1, "{second:#}");
    let changed = watch.logged(|line| line["message"] == "changed").await;
    assert_eq!(changed["span"]["requestId"], first["requestId"], "{changed:#}");
    assert_eq!(watch.terminate().await.0, Some(0));
}

#[tokio::test]
async fn a_run_of_some_clusters_measures_nothing() {
    let desk = Desk::new(small_fleet).await;
    let mut watch = Watch::start(desk, &["--every", "1s", "--cluster", "payments"]);
    let first = watch.logged(is_report).await;
    watch.logged(|line| is_report(line) && line["requestId"] != first["requestId"]).await;
    assert!(!watch.process.log().iter().any(|line| line["_aws"].is_object()));
    assert_eq!(watch.terminate().await.0, Some(0));
}

#[tokio::test]
async fn flag_and_variable_make_every_run_dry() {
    for (arguments, variable) in [(&["watch", "--dry-run"][..], "false"), (&["watch"], "true")] {
        let desk = Desk::new(small_fleet).await;
        let mut command = desk.command(arguments);
        command.env("DRY_RUN", variable);
        let mut watch = Watch::of(desk, command);

        let report = watch.logged(is_report).await;

        let (dry_run, planned) = (&report["dryRun"], &report["summary"]["planned"]);
        assert_eq!((dry_run, planned), (&true.into(), &2.into()), "{report:#}");
        assert_eq!(watch.sim.world().writes().len(), 0);
        assert_eq!(watch.terminate().await.0, Some(0));
    }
}

/// The status that a probe of `path` gets.
async fn probe(address: &str, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: pod\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

async fn becomes(address: &str, status: u16) {
    let become_so = async {
        while probe(address, "/readyz").await != Some(status) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, become_so).await.expect("it becomes so");
}

/// `ready` is the health check of the container image.
#[tokio::test]
async fn it_is_ready_while_its_runs_can_list_what_there_is() {
    let address = closed_address().expect("loopback has free ports").to_string();
    let desk = Desk::new(|world| {
        small_fleet(world);
        world.plant(Fault::on("DescribeLoadBalancers").delay(Duration::from_millis(500)));
    })
    .await;
    let elsewhere = Desk::new(|_| {}).await;
    let ready = async || elsewhere.run(&["ready", &address]).await;
    ready().await.assert_one_sentence(1, &[&address, "--listen"]);
    let mut watch = Watch::start(desk, &["--every", "1s", "--listen", &address]);

    becomes(&address, 503).await;
    becomes(&address, 200).await;
    assert_eq!(ready().await.code, Some(0));
    assert_eq!(probe(&address, "/elsewhere").await, Some(404));
    watch.sim.world().plant(Fault::on("DescribeLoadBalancers").access_denied());
    becomes(&address, 503).await;
    ready().await.assert_one_sentence(1, &["not ready"]);
    let failed = watch.logged(|line| line["message"] == "discovery failed").await;
    assert_eq!(failed["code"], "AccessDenied");
    watch.sim.world().clear_faults();
    becomes(&address, 200).await;
    assert_eq!(watch.terminate().await.0, Some(0));
}

#[tokio::test]
async fn an_address_of_another_machine_ends_it_in_one_sentence() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["watch", "--listen", "192.0.2.1:1"]).await;

    said.assert_one_sentence(1, &["192.0.2.1:1 cannot be listened on"]);
}

#[tokio::test]
async fn the_manifest_starts_it() {
    const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/watch.yaml");
    let manifest = fs::read_to_string(MANIFEST).expect("the manifest");
    let args =
        manifest.lines().find_map(|line| line.trim().strip_prefix("args: ")).expect("it has arguments");
    let args: Vec<String> = serde_json::from_str(args).expect("a list");
    assert!(manifest.contains("containerPort: 8080") && args.contains(&"--listen=0.0.0.0:8080".to_owned()));
    let port = closed_address().expect("loopback has free ports").port();
    let args: Vec<_> =
        args.iter().map(|argument| argument.replace("0.0.0.0:8080", &format!("127.0.0.1:{port}"))).collect();
    let desk = Desk::new(small_fleet).await;
    let command = desk.command(&args.iter().map(String::as_str).collect::<Vec<_>>());

    let mut watch = Watch::of(desk, command);

    watch.logged(is_report).await;
    assert_eq!(watch.terminate().await.0, Some(0));
}

/// What it prints on a terminal that `script` makes, with `answer` typed, up to
/// `end`.
async fn on_a_terminal(desk: &Desk, answer: &str, arguments: &str, end: &str) -> String {
    let program = env!("CARGO_BIN_EXE_eks-nlb");
    let watch = format!("stty cols 100; {program} watch --every 1h {arguments}");
    let mut command = desk.shell(&format!("exec script -qec '{watch}' /dev/null"));
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let mut terminal = child.stdin.take().expect("piped");
    terminal.write_all(format!("{answer}\n").as_bytes()).await.expect("it is typed");
    let mut screen = child.stdout.take().expect("piped");
    let mut printed = String::new();
    let reads = async {
        while !printed.contains(end) {
            let mut some = [0; 4096];
            match screen.read(&mut some).await.expect("text") {
                0 => break,
                length => printed += &String::from_utf8_lossy(&some[..length]),
            }
        }
    };
    timeout(PATIENCE, reads).await.expect("it prints");
    printed
}

#[tokio::test]
async fn on_a_terminal_it_asks_and_prints_tables() {
    let desk = Desk::new(small_fleet).await;

    let declined = on_a_terminal(&desk, "no", "", "nothing was written").await;
    assert!(declined.contains("every 3600 s until stopped? [y/N]"), "{declined}");
    assert!(declined.contains("nothing was written"), "{declined}");
    assert_eq!(desk.writes(), 0);

    let unanswered = on_a_terminal(&desk, "y", "</dev/null", "cannot be confirmed").await;
    assert!(unanswered.contains("standard input is not a terminal"), "{unanswered}");
    assert_eq!(desk.writes(), 0);

    let dry = on_a_terminal(&desk, "no", "--dry-run", "0 failed").await;
    assert!(dry.contains("Plan: 3 to register"), "{dry}");
    assert_eq!(desk.writes(), 0);

    let agreed = on_a_terminal(&desk, "no", "--yes", "0 failed").await;
    assert!(agreed.contains("LOAD BALANCER") && agreed.contains("Done: 3 registered"), "{agreed}");
    assert!(!agreed.contains("requestId") && !agreed.contains("_aws"), "{agreed}");
    assert_eq!(desk.writes(), 2);
}
