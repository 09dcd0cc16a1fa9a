//! Starts one of the programs before a simulated account, and runs it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eks_nlb_simulator::process::{Process, command};
use eks_nlb_simulator::{Answer, Options, Simulator, World};
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::machine::{self, Share};
use crate::process::Usage;

/// Lambda's longest time-out.
const TIME: Duration = Duration::from_mins(15);

/// Threads of the pool: with more of them, they wait for each other.
const WORKERS: &str = "20";

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    Function,
    /// boto3 with a pool of threads.
    Pool,
    /// boto3, one call after the other.
    Sequential,
}

impl Program {
    pub(crate) const ALL: [Self; 3] = [Self::Function, Self::Pool, Self::Sequential];
}

/// Where the programs are.
pub(crate) struct Programs {
    function: PathBuf,
    python: PathBuf,
}

impl Programs {
    pub(crate) fn new(function: &Path, python: &Path) -> io::Result<Self> {
        // Not resolved: a virtual environment is found by its own link to Python.
        Ok(Self { function: function.canonicalize()?, python: std::path::absolute(python)? })
    }

    fn words(&self, program: Program) -> Vec<PathBuf> {
        match program {
            Program::Function => vec![self.function.clone()],
            Program::Pool | Program::Sequential => {
                vec![self.python.clone(), "-m".into(), "awslambdaric".into(), "function.handler".into()]
            }
        }
    }
}

/// How a program is run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Way<'a> {
    /// The share of a core that it gets; without one, a whole core.
    pub(crate) share: Option<&'a Share>,
    pub(crate) variables: &'a [(&'a str, &'a str)],
}

/// A program that runs, and the account that it runs in.
pub(crate) struct Running {
    pub(crate) sim: Simulator,
    process: Process,
    clusters: usize,
    pub(crate) started: Instant,
    _trusted: NamedTempFile,
}

/// One run: its time, and what the function said if it failed.
pub(crate) struct Run {
    pub(crate) took: Duration,
    pub(crate) failure: Option<String>,
}

impl Running {
    /// Starts `program` in an account of `clusters` clusters whose targets are
    /// up to date.
    pub(crate) async fn start(
        programs: &Programs,
        program: Program,
        clusters: usize,
        way: Way<'_>,
    ) -> io::Result<Self> {
        let sim = Simulator::start_with(Options { https: true, ..Options::default() }).await?;
        populate(&mut sim.world(), clusters);
        let trusted = trusted(&sim)?;
        let command = configured(programs, program, &sim, &trusted, way);
        let started = Instant::now();
        Ok(Self { process: Process::start(command)?, sim, clusters, started, _trusted: trusted })
    }

    /// Waits until it asks for its first event.
    pub(crate) async fn is_ready(&self) {
        while self.sim.runtime().first_next().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Invokes it once.
    pub(crate) async fn run(&self) -> Run {
        self.sim.world().clear_requests();
        let start = Instant::now();
        let answer = self.sim.runtime().invoke("{}", TIME).await;
        let took = start.elapsed();
        let failure = match answer {
            Answer::Error { message, .. } => Some(message),
            Answer::Response(report) => {
                let converged = &report["summary"]["converged"];
                (*converged != self.clusters).then(|| format!("{converged} of {} converged", self.clusters))
            }
        };
        Run { took, failure }
    }

    /// The same, where it must succeed.
    pub(crate) async fn sync(&self) -> Result<Duration, String> {
        let run = self.run().await;
        run.failure.map_or(Ok(run.took), Err)
    }

    /// Ends it, and waits until it is gone.
    pub(crate) async fn end(mut self) -> io::Result<()> {
        self.process.child().kill().await
    }

    pub(crate) fn cpu_time(&self) -> Duration {
        machine::cpu_time(self.process.id())
    }

    pub(crate) fn peak_kb(&self) -> u64 {
        Usage::of(self.process.id()).peak_kb
    }

    pub(crate) fn connections(&self) -> usize {
        let url = self.sim.endpoint_url();
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        machine::connections_to(port.expect("the URL ends in a port"))
    }

    /// The calls of the last run, and how many of them were refused.
    pub(crate) fn calls(&self) -> (usize, usize) {
        let world = self.sim.world();
        let calls = world.requests();
        (calls.len(), calls.iter().filter(|call| call.error.is_some()).count())
    }
}

/// Fills the account with clusters of two addresses, all of them registered.
fn populate(world: &mut World, clusters: usize) {
    for n in 0..clusters {
        let (high, low) = (n / 250, n % 250);
        let name = format!("cluster-{n}");
        let addresses = [format!("10.{high}.{low}.10"), format!("10.{high}.{low}.11")];
        world.add_cluster(&name, addresses.clone());
        let frontend = world.add_frontend(&name);
        world.put_targets(&frontend.target_group, addresses);
    }
}

/// The certificates that the machine trusts, and the simulator's authority.
fn trusted(sim: &Simulator) -> io::Result<NamedTempFile> {
    let own = sim.env().into_iter().find(|(name, _)| name == "SSL_CERT_FILE");
    let (_, own) = own.expect("it is served over HTTPS");
    let mut file = NamedTempFile::new()?;
    file.write_all(machine::trusted().as_bytes())?;
    file.write_all(std::fs::read_to_string(own)?.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// The command that starts a program, if need be within its share.
fn configured(
    programs: &Programs,
    program: Program,
    sim: &Simulator,
    trusted: &NamedTempFile,
    way: Way<'_>,
) -> Command {
    const ENTER: &str = r#"echo $$ > "$0"; exec "$@""#;
    let mut words = programs.words(program);
    if let Some(share) = way.share {
        words.splice(..0, ["/bin/sh".into(), "-c".into(), ENTER.into(), share.entrance()]);
    }
    let mut words = words.into_iter();
    let mut command = command(words.next().expect("a program"), sim);
    command
        .args(words)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/boto3"))
        .env("SSL_CERT_FILE", trusted.path())
        .env("AWS_CA_BUNDLE", trusted.path())
        .env("WORKERS", if program == Program::Pool { WORKERS } else { "1" })
        .envs(way.variables.iter().copied());
    command
}
