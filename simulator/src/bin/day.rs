//! Plays a day of the function's life, and prints what it logged in it as JSON.
//!
//!     day LIBFAKETIME
//!
//! The function is the shipped program, invoked once for each minute of a
//! simulated day in which control planes are replaced, a permission is missing, replacements
//! do not get healthy, and an operator forgets a tag. `libfaketime` gives it the
//! day's clock, because ages in its metrics go by the clock. The day is always
//! the same; the dashboard in the documentation is drawn from it (`make
//! pictures`).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the program is for")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use eks_nlb_simulator::process::{Process, command};
use eks_nlb_simulator::world::Health;
use eks_nlb_simulator::{Answer, Fault, Simulator, World};
use serde_json::{Value, json};
use tokio::time::timeout;

/// The day's first second, in milliseconds since 1970. Past, so that the
/// deadlines that the simulator gives are never over.
const MIDNIGHT_MS: u64 = 1_795_478_400_000;
const DATE: &str = "2026-11-24";

const MINUTE: Duration = Duration::from_mins(1);
const MINUTES: u64 = 24 * 60;

/// How long a target takes to become healthy. An assumption: AWS documents no
/// duration.
const HEALTHY_AFTER: Duration = Duration::from_mins(4);

/// Longer than any run takes.
const PATIENCE: Duration = Duration::from_secs(30);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A minute, and what happens in it.
type Event = (u64, fn(&mut World));

const EVENTS: &[Event] = &[
    // EKS upgrades payments.
    (3 * 60, |world| world.rotate("payments", ["10.0.3.20", "10.0.4.21"])),
    // IAM denies the lookup of orders, for a while.
    (9 * 60, |world| world.plant(Fault::on("DescribeCluster").about("orders").access_denied())),
    (9 * 60 + 35, World::clear_faults),
    // A security group keeps the load balancer from the new servers of search.
    (14 * 60, |world| {
        world.rotate("search", SEARCH);
        health(world, &SEARCH, Health::Never);
    }),
    (15 * 60 + 25, |world| health(world, &SEARCH, Health::After(HEALTHY_AFTER))),
    // The servers of ledger do not answer for some minutes.
    (18 * 60, |world| health(world, &LEDGER, Health::Never)),
    (18 * 60 + 8, |world| health(world, &LEDGER, Health::After(HEALTHY_AFTER))),
    // An operator adds a load balancer without the cluster's name.
    (21 * 60 + 30, |world| {
        let reports = world.add_frontend("reports");
        world.load_balancer_mut(&reports.load_balancer).tags.remove("cluster_name");
    }),
];

/// The addresses of ledger, and the new ones of search.
const LEDGER: [&str; 2] = ["10.4.1.10", "10.4.2.11"];
const SEARCH: [&str; 2] = ["10.2.3.20", "10.2.4.21"];

fn health(world: &mut World, addresses: &[&str], health: Health) {
    for address in addresses {
        world.set_health(address, health);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(library) = std::env::args_os().nth(1) else {
        eprintln!("usage: day LIBFAKETIME");
        return ExitCode::from(2);
    };
    match play(library).await {
        Ok(day) => {
            println!("{day}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn play(library: OsString) -> Outcome<Value> {
    let program = std::env::current_exe()?.with_file_name("eks-nlb-sync");
    let folder = tempfile::tempdir()?;
    let clock = folder.path().join("clock");
    set(&clock, 0)?;
    let sim = Simulator::start().await;
    populate(&mut sim.world());
    let mut function = command(&program, &sim);
    function
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        // libfaketime reads the file at every call, and does not change
        // time-outs.
        .envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("TZ", "UTC")]);
    let process = Process::start(function).map_err(|e| format!("start {}: {e}", program.display()))?;

    let mut runs = Vec::new();
    for minute in 0..MINUTES {
        set(&clock, minute)?;
        for (_, happens) in EVENTS.iter().filter(|(at, _)| *at == minute) {
            happens(&mut sim.world());
        }
        let calls_before = sim.world().requests().len();
        let answer = timeout(PATIENCE, sim.runtime().invoke("{}", MINUTE)).await?;
        let at = MIDNIGHT_MS + minute * 60_000;
        // The last line of a run.
        timeout(PATIENCE, process.logged(|line| line["_aws"]["Timestamp"] == at)).await?;
        runs.push(json!({
            "minute": minute,
            "ok": matches!(answer, Answer::Response(_)),
            "calls": sim.world().requests().len() - calls_before,
        }));
        sim.world().advance(MINUTE);
    }
    Ok(json!({ "runs": runs, "log": process.log() }))
}

/// Sets the function's clock, which stands still until it is set again.
fn set(clock: &Path, minute: u64) -> std::io::Result<()> {
    fs::write(clock, format!("{DATE} {:02}:{:02}:00\n", minute / 60, minute % 60))
}

/// Five clusters whose target groups are converged.
fn populate(world: &mut World) {
    world.healthy_after = HEALTHY_AFTER;
    let clusters = [
        ("audit", ["10.3.1.10", "10.3.2.11"]),
        ("ledger", LEDGER),
        ("orders", ["10.1.1.10", "10.1.2.11"]),
        ("payments", ["10.0.1.10", "10.0.2.11"]),
        ("search", ["10.2.1.10", "10.2.2.11"]),
    ];
    for (cluster, addresses) in clusters {
        world.add_cluster(cluster, addresses);
        let frontend = world.add_frontend(cluster);
        world.put_targets(&frontend.target_group, addresses);
    }
}
