//! `eks-nlb record`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eks_nlb_simulator::world::{ClusterStatus, ClusterUpdate, HOME_ACCOUNT};
use eks_nlb_simulator::{Fault, World};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::timeout;

use crate::support::*;

/// A short interval, so that tests need not wait.
const QUICK: [&str; 4] = ["--every", "20ms", "--elb-every", "10ms"];

/// A recording of `ledger`, and its file.
struct Recording {
    child: Child,
    path: PathBuf,
}

impl Recording {
    fn start(desk: &Desk, path: &Path, more: &[&str]) -> Self {
        Self::of("ledger", desk, path, more)
    }

    fn of(cluster: &str, desk: &Desk, path: &Path, more: &[&str]) -> Self {
        let out = path.to_str().expect("text");
        let arguments = [&["record", cluster, "--out", out], &QUICK, more].concat();
        let child = desk.command(&arguments).spawn().expect("it starts");
        Self { child, path: path.to_owned() }
    }

    /// Waits for a line that `is_it`.
    async fn line(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let comes = async {
            loop {
                if let Some(line) = lines(&self.path).into_iter().find(&is_it) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let text = || fs::read_to_string(&self.path).unwrap_or_default();
        timeout(PATIENCE, comes).await.unwrap_or_else(|_| panic!("it does not come: {}", text()))
    }

    /// Waits until every source has been read.
    async fn begun(&self) {
        for change in ["name", "interface", "cluster", "target", "zone"] {
            self.line(|line| line["change"] == change).await;
        }
    }

    /// Waits until DNS and an interface have the new address.
    async fn moved(&self) {
        self.line(|line| line["change"] == "name" && line["addresses"][1] == "10.1.3.22").await;
        self.line(|line| line["change"] == "interface" && line["addresses"][0] == "10.1.3.22").await;
    }

    async fn signal(self, signal: &str) -> Said {
        kill(signal, self.child.id()).await;
        ended(self.child).await
    }
}

/// Records until every source has been read, an update of the cluster included.
pub(crate) async fn briefly(desk: &Desk, cluster: &str) {
    let (_directory, path) = trace();
    update(&mut desk.sim.world(), cluster, "4d5e", "InProgress");
    let recording = Recording::of(cluster, desk, &path, &[]);
    recording.begun().await;
    assert_eq!(recording.signal("-TERM").await.code, Some(0));
}

/// The lines of a trace that are whole.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn trace() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ledger.trace.jsonl");
    (directory, path)
}

/// A converged frontend of `ledger`, and another of `payments`; the former's
/// target group.
fn fleet(world: &mut World) -> String {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    world.add_frontend("payments");
    let group = ledger(world);
    update(world, "ledger", "0f9c", "Successful");
    group
}

/// EKS lists an update of the cluster.
fn update(world: &mut World, cluster: &str, id: &str, status: &str) {
    let (kind, status) = ("VersionUpdate".to_owned(), status.to_owned());
    world.cluster_mut(cluster).updates.push(ClusterUpdate { id: id.to_owned(), kind, status });
}

async fn desk() -> Desk {
    Desk::new(|world| _ = fleet(world)).await
}

#[tokio::test]
async fn a_replacement_is_recorded_and_nothing_is_written_to_aws() {
    let desk = Desk::new(|_| {}).await;
    let group = fleet(&mut desk.sim.world());
    let (_directory, path) = trace();
    let recording = Recording::start(&desk, &path, &[]);
    recording.begun().await;

    {
        let mut world = desk.sim.world();
        world.cluster_mut("ledger").status = ClusterStatus::Updating;
        update(&mut world, "ledger", "4d5e", "InProgress");
        world.rotate("ledger", ["10.1.1.20", "10.1.3.22"]);
    }
    recording.moved().await;
    {
        let mut world = desk.sim.world();
        world.target_group_mut(&group).targets.retain(|key, _| key.id != "10.1.2.21");
        world.put_targets(&group, ["10.1.3.22"]);
    }
    let target = |address: &'static str, state: &'static str| {
        move |line: &Value| line["address"] == address && line["state"] == state
    };
    recording.line(target("10.1.3.22", "healthy")).await;
    recording.line(target("10.1.2.21", "absent")).await;

    let said = recording.signal("-TERM").await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("Recorded "), "{said:?}");
    let lines = lines(&path);
    assert_eq!(lines[0]["trace"], 1, "{lines:#?}");
    assert_eq!(lines[0]["cluster"], "ledger");
    assert_eq!(lines[0]["nameServers"][0], desk.sim.dns_address().to_string());
    assert_eq!(lines.last().expect("lines")["change"], "ended");
    let world = desk.sim.world();
    let asked = |name: &str| name.starts_with("Describe") || name.starts_with("List");
    assert!(world.requests().iter().all(|call| asked(&call.operation)), "{:?}", world.request_counts());
}

#[tokio::test]
async fn a_killed_recording_loses_nothing_and_goes_on() {
    let desk = desk().await;
    let (_directory, path) = trace();
    let recording = Recording::start(&desk, &path, &[]);
    recording.begun().await;
    assert_eq!(recording.signal("-KILL").await.code, None);
    let whole = fs::read_to_string(&path).expect("a trace");
    assert!(whole.ends_with('\n'), "{whole}");

    // A machine that loses power leaves a partial line.
    fs::write(&path, format!("{whole}{{\"at\":\"2026")).expect("it is written");
    desk.sim.world().rotate("ledger", ["10.1.1.20", "10.1.3.22"]);
    let recording = Recording::start(&desk, &path, &[]);
    recording.moved().await;
    assert_eq!(recording.signal("-TERM").await.code, Some(0));

    let text = fs::read_to_string(&path).expect("a trace");
    assert!(text.starts_with(&whole), "what was recorded stays: {text}");
    let more: Vec<Value> =
        text[whole.len()..].lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect();
    assert_eq!(more[0]["change"], "resumed", "{more:#?}");
    // What has not changed is not written again.
    assert!(more.iter().all(|line| line["change"] != "target" && line["change"] != "cluster"), "{more:#?}");
}

#[tokio::test]
async fn nothing_of_account_names_and_addresses_is_left_under_pseudonyms() {
    let desk = desk().await;
    let (directory, path) = trace();
    let recording = Recording::start(&desk, &path, &["--pseudonymise"]);
    recording.begun().await;
    assert_eq!(recording.signal("-TERM").await.code, Some(0));
    desk.sim.world().rotate("ledger", ["10.1.1.20", "10.1.3.22"]);
    let recording = Recording::start(&desk, &path, &["--pseudonymise"]);
    let moved = |line: &Value| line["change"] == "name" && line["addresses"][1] != "10.0.0.3";
    recording.line(moved).await;
    let said = recording.signal("-TERM").await;
    assert_eq!(said.code, Some(0), "{said:?}");

    let text = fs::read_to_string(&path).expect("a trace");
    let (host, vpc, interfaces) = {
        let world = desk.sim.world();
        let ids: Vec<_> = world.interfaces().map(|interface| interface.id.clone()).collect();
        (world.host("ledger"), world.cluster("ledger").vpc.clone().expect("a VPC"), ids)
    };
    let name_server = desk.sim.dns_address().ip().to_string();
    let mut secrets =
        vec![HOME_ACCOUNT, "ledger", &host, &vpc, "10.1.", &name_server, "0f9c", "sg-", "subnet-"];
    secrets.extend(interfaces.iter().map(String::as_str));
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is left: {text}");
    }
    assert!(text.contains("\"pseudonymised\":true"));
    let names = directory.path().join("ledger.trace.jsonl.names.json");
    let mode = fs::metadata(&names).expect("the names are kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(said.err.contains("do not pass it on"), "{said:?}");
}

#[tokio::test]
async fn it_ends_when_it_is_quiet_after_something_has_happened() {
    let desk = desk().await;
    let (_directory, path) = trace();
    let recording = Recording::start(&desk, &path, &["--until-quiet", "1s"]);
    recording.begun().await;
    desk.sim.world().rotate("ledger", ["10.1.1.20", "10.1.3.22"]);
    let said = ended(recording.child).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(lines(&path).iter().any(|line| line["addresses"][1] == "10.1.3.22"));
}

#[tokio::test]
async fn a_source_that_cannot_be_read_is_named_and_the_others_go_on() {
    let desk = desk().await;
    let (_directory, path) = trace();
    desk.sim.world().plant(Fault::on("DescribeNetworkInterfaces").access_denied().times(usize::MAX));
    let recording = Recording::start(&desk, &path, &[]);
    let unread = recording.line(|line| line["change"] == "unread").await;
    assert_eq!((&unread["source"], &unread["error"]), (&"interfaces".into(), &"AccessDenied".into()));
    recording.line(|line| line["change"] == "target").await;
    assert_eq!(recording.signal("-TERM").await.code, Some(0));
    let count = lines(&path).iter().filter(|line| line["change"] == "unread").count();
    assert_eq!(count, 1, "it is written once");
}

#[tokio::test]
async fn calls_of_elb_keep_their_distance() {
    let desk = desk().await;
    let (_directory, path) = trace();
    let out = path.to_str().expect("text");
    let distance = ["--elb-every", "200ms"];
    let began = Instant::now();
    let mut child = desk
        .command(&[&["record", "ledger", "--out", out], &distance[..]].concat())
        .spawn()
        .expect("it starts");
    let of_elb = || {
        let world = desk.sim.world();
        world.requests().iter().filter(|call| call.service == "elasticloadbalancing").count()
    };
    until(|| of_elb() >= 4).await;
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
    child.kill().await.expect("it runs");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_a_sentence() {
    let desk = desk().await;
    let (_directory, path) = trace();
    let out = path.to_str().expect("text");
    let record =
        async |cluster: &str| desk.run(&[&["record", cluster, "--out", out], &QUICK[..]].concat()).await;
    let said = record("nonesuch").await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("no managed target group of cluster nonesuch"), "{said:?}");

    fs::write(&path, "nonsense\n").expect("it is written");
    let said = record("ledger").await;
    assert!(said.err.contains("line 1: a trace begins with the header"), "{said:?}");
    assert_eq!(fs::read_to_string(&path).expect("a file"), "nonsense\n", "it is left alone");

    fs::remove_file(&path).expect("it is there");
    let recording = Recording::start(&desk, &path, &[]);
    recording.begun().await;
    recording.signal("-TERM").await;
    let said = record("payments").await;
    assert!(said.err.contains("it is a trace of ledger"), "{said:?}");
}
