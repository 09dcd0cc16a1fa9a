//! Plays incidents minute by minute, and prints what the function logged in each
//! as one JSON document a line.
//!
//!     incidents LIBFAKETIME [NAME]...
//!
//! Without names, all but the day from which the dashboard is drawn.
//!
//! The function is the shipped program. `libfaketime` gives it the incident's
//! clock, because it remembers by the clock how long something lasts. The tests
//! of the alarms evaluate the metrics that it wrote, and the queries find its
//! lines.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the program is for")]

mod account;
mod day;
mod scenes;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use day::DAY;
use eks_nlb_simulator::process::{Process, command};
use eks_nlb_simulator::{Answer, Simulator, World};
use scenes::INCIDENTS;
use serde_json::{Value, json};
use tokio::time::timeout;

/// The day of every incident. Past, so that the deadlines that the simulator
/// gives are never over.
const MIDNIGHT: &str = "2026-11-24";
const MINUTE: Duration = Duration::from_mins(1);

/// Longer than any run takes.
const PATIENCE: Duration = Duration::from_mins(1);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A function's life over some hours, and what happens in it.
struct Incident {
    name: &'static str,
    /// How long it is played.
    minutes: u64,
    /// The interval of the schedule, in minutes.
    every: u64,
    /// How long a process of the function lives, in minutes.
    life: u64,
    /// Settings of the function.
    variables: &'static [(&'static str, &'static str)],
    /// The events of each time that is due; none where nothing invokes it.
    invoked: fn(u64) -> Vec<String>,
    /// Whether the program waits for events; else it ends at its start.
    starts: bool,
    populate: fn(&mut World),
    /// What happens in the world, before the run of that minute.
    happens: fn(u64, &mut World),
}

/// The function that plays in one incident.
struct Player<'a> {
    incident: &'a Incident,
    sim: Simulator,
    library: &'a OsStr,
    clock: PathBuf,
    process: Option<(u64, Process)>,
    log: Vec<Value>,
    runs: Vec<Value>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(library) = words.next() else {
        eprintln!("usage: incidents LIBFAKETIME [NAME]...");
        return ExitCode::from(2);
    };
    let names: Vec<_> = words.collect();
    let is_named = |incident: &&Incident| names.iter().any(|name| name == incident.name);
    let wanted: Vec<_> = if names.is_empty() {
        INCIDENTS.iter().collect()
    } else {
        INCIDENTS.iter().chain([&DAY]).filter(is_named).collect()
    };
    for incident in wanted {
        match play(incident, &library).await {
            Ok((log, runs)) => {
                let (name, minutes) = (incident.name, incident.minutes);
                println!("{}", json!({"incident": name, "minutes": minutes, "log": log, "runs": runs}));
            }
            Err(error) => {
                eprintln!("{}: {error}", incident.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// What is logged in an incident, and its runs.
async fn play(incident: &Incident, library: &OsStr) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let folder = tempfile::tempdir()?;
    let sim = Simulator::start().await;
    (incident.populate)(&mut sim.world());
    let clock = folder.path().join("clock");
    let mut player =
        Player { incident, sim, library, clock, process: None, log: Vec::new(), runs: Vec::new() };
    for minute in 0..incident.minutes {
        set(&player.clock, minute)?;
        (incident.happens)(minute, &mut player.sim.world());
        if minute % incident.every == 0 {
            for event in (incident.invoked)(minute) {
                player.invoke(minute, event).await?;
            }
        }
        player.sim.world().advance(MINUTE);
    }
    player.end().await?;
    Ok((player.log, player.runs))
}

impl Player<'_> {
    /// One invocation, in a process that is new where the last one has lived long
    /// enough.
    async fn invoke(&mut self, minute: u64, event: String) -> Outcome<()> {
        if !self.incident.starts {
            let mut process = self.start()?;
            timeout(PATIENCE, process.child().wait()).await??;
            timeout(PATIENCE, process.logged(is_counted)).await?;
            self.log.extend(process.log());
            return Ok(());
        }
        if self.process.as_ref().is_none_or(|(born, _)| minute - born >= self.incident.life) {
            self.end().await?;
            let asked = self.sim.runtime().nexts();
            self.process = Some((minute, self.start()?));
            // The old process no longer asks for invocations.
            timeout(PATIENCE, until(|| self.sim.runtime().nexts() > asked)).await?;
        }
        let Some((_, process)) = &self.process else { return Ok(()) };
        let before = counted(process);
        let is_limited = event.contains("\"dryRun\"");
        let calls_before = self.sim.world().requests().len();
        let answer = timeout(PATIENCE, self.sim.runtime().invoke(event, MINUTE)).await?;
        let calls = self.sim.world().requests().len() - calls_before;
        let is_ok = matches!(answer, Answer::Response(_));
        self.runs.push(json!({"minute": minute, "ok": is_ok, "calls": calls}));
        if is_limited {
            return Ok(());
        }
        Ok(timeout(PATIENCE, until(|| counted(process) > before)).await?)
    }

    /// Starts the function.
    fn start(&self) -> std::io::Result<Process> {
        let program = std::env::current_exe()?.with_file_name("eks-nlb-sync");
        let mut function = command(&program, &self.sim);
        function
            .env("LD_PRELOAD", self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.clock)
            // libfaketime reads the file at every call, and does not change
            // time-outs.
            .envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("TZ", "UTC")])
            .envs(self.incident.variables.iter().copied());
        Process::start(function)
    }

    /// Ends the process that runs, and keeps what it logged.
    async fn end(&mut self) -> Outcome<()> {
        if let Some((_, mut process)) = self.process.take() {
            self.log.extend(process.log());
            process.child().kill().await?;
        }
        Ok(())
    }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn is_counted(line: &Value) -> bool {
    line.get("_aws").is_some()
}

/// The runs of a process so far: each writes its metrics last.
fn counted(process: &Process) -> usize {
    process.log().iter().filter(|line| is_counted(line)).count()
}

/// Sets the function's clock, which stands still until it is set again.
fn set(clock: &Path, minute: u64) -> std::io::Result<()> {
    fs::write(clock, format!("{MIDNIGHT} {:02}:{:02}:00\n", minute / 60, minute % 60))
}
