//! Shows the function at work: a few clusters, a control plane that is
//! replaced while clients connect to it, a name that does not resolve, and one
//! that resolves to a public address.
//!
//! The function is the shipped program, run tick by tick against the
//! simulator. Simulated time passes between ticks, so that it all takes a
//! moment. Ends by itself, and with an error if the function does not do what
//! the commentary says.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the program is for")]

mod show;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use eks_nlb_simulator::process::{Process, command};
use eks_nlb_simulator::runtime_api::request_id;
use eks_nlb_simulator::world::Reply;
use eks_nlb_simulator::{Answer, Frontend, Simulator, World};
use serde_json::Value;
use show::{Paint, States, show};
use tokio::time::timeout;

/// The schedule of the demonstration.
const TICK: Duration = Duration::from_mins(1);

/// How long a target takes to become healthy. An assumption: see
/// `simulator/src/world.rs`.
const HEALTHY_AFTER: Duration = Duration::from_secs(90);

/// The addresses of payments, before and after it is replaced.
const OLD: [&str; 2] = ["10.0.1.10", "10.0.2.11"];
const NEW: [&str; 2] = ["10.0.3.20", "10.0.4.21"];

/// Connections that clients make after each run.
const CONNECTIONS: usize = 20;

/// Longer than the whole demonstration takes.
const PATIENCE: Duration = Duration::from_secs(25);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What happens in the world before a tick.
struct Scene {
    title: &'static str,
    happens: fn(&mut World),
    /// How many targets the run registers, deregisters and withholds, and how
    /// many frontends fail.
    leads_to: [u64; 4],
}

const SCENES: &[Scene] = &[
    Scene {
        title: "The first run: three clusters, three empty target groups.",
        happens: |_| {},
        leads_to: [6, 0, 0, 0],
    },
    Scene {
        title: "The targets pass their checks. Nothing to do, and nothing is written.",
        happens: |world| world.advance(HEALTHY_AFTER),
        leads_to: [0, 0, 0, 0],
    },
    Scene {
        title: "EKS upgrades payments: both addresses are replaced. The old ones still serve.",
        happens: |world| {
            world.rotate("payments", NEW);
            for address in OLD {
                world.remove_interfaces_at(address);
            }
        },
        leads_to: [2, 0, 2, 0],
    },
    Scene {
        title: "The new ones are not healthy yet. Until enough are, the old ones stay.",
        happens: |_| {},
        leads_to: [0, 0, 2, 0],
    },
    Scene {
        title: "Now they are, but DNS fails for payments: no target is deregistered without its answer.",
        happens: |world| {
            let host = world.host("payments");
            world.dns.set(&host, Reply::ServerFailure);
        },
        leads_to: [0, 0, 2, 0],
    },
    Scene {
        title: "DNS works again. Of search, an interface is missing and DNS has a public address: rejected.",
        happens: |world| {
            world.publish("payments");
            world.remove_interfaces_at("10.2.1.10");
            let host = world.host("search");
            world.dns.set(&host, ["10.2.1.10", "52.16.1.1"]);
        },
        leads_to: [0, 2, 0, 1],
    },
    Scene {
        title: "All targets are current and healthy.",
        happens: |world| world.publish("search"),
        leads_to: [0, 0, 0, 0],
    },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match timeout(PATIENCE, play()).await {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Err(_) => {
            eprintln!("the function took longer than {} s", PATIENCE.as_secs());
            ExitCode::FAILURE
        }
    }
}

async fn play() -> Outcome<()> {
    let program = function()?;
    let sim = Simulator::start().await;
    let frontends = populate(&mut sim.world());
    let process =
        Process::start(command(&program, &sim)).map_err(|e| format!("start {}: {e}", program.display()))?;
    let paint = Paint(io::stdout().is_terminal());

    let (mut made, mut served) = (0, 0);
    for (n, scene) in SCENES.iter().enumerate() {
        if n > 0 {
            sim.world().advance(TICK);
        }
        (scene.happens)(&mut sim.world());
        let before = states(&sim, &frontends);
        let report = run(&sim, &process, n + 1).await;
        println!(
            "\n{} {}\n",
            paint.bold(&format!("Minute {}.", sim.world().now().as_secs() / 60)),
            scene.title
        );
        show(&before, &states(&sim, &frontends), &report, &paint);
        check(scene, &report)?;
        // Before, nothing can be in service: the target group was empty.
        if n > 0 {
            made += CONNECTIONS;
            served += served_of(CONNECTIONS, &sim.world(), &frontends["payments"]);
        }
    }
    let (calls, writes) = {
        let world = sim.world();
        (world.requests().len(), world.writes().len())
    };
    println!("\n{calls} AWS calls in {} runs, {writes} of them writes.", SCENES.len());
    println!("{made} connections to payments, {} of them failed.", made - served);
    if served == made { Ok(()) } else { Err("no connection was to fail".into()) }
}

/// The function's program, in the directory of this one.
fn function() -> Outcome<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("eks-nlb-sync");
    if beside.exists() { Ok(beside) } else { Err(format!("{} is not built", beside.display()).into()) }
}

fn populate(world: &mut World) -> BTreeMap<&'static str, Frontend> {
    world.healthy_after = HEALTHY_AFTER;
    let clusters =
        [("orders", ["10.1.1.10", "10.1.2.11"]), ("payments", OLD), ("search", ["10.2.1.10", "10.2.2.11"])];
    let frontends = clusters.map(|(cluster, addresses)| {
        world.add_cluster(cluster, addresses);
        (cluster, world.add_frontend(cluster))
    });
    frontends.into()
}

/// Invokes the function as its schedule would, the n-th time; its report.
async fn run(sim: &Simulator, process: &Process, n: usize) -> Value {
    match sim.runtime().invoke("{}", TICK).await {
        Answer::Response(report) => report,
        // The error is short; the log has the whole report.
        Answer::Error { .. } => {
            let id = request_id(n);
            process.logged(|line| line["message"] == "report" && line["requestId"] == id.as_str()).await
        }
    }
}

/// How many of `n` connections reach a server of payments: the nodes of the load
/// balancer send them to their targets in turn.
fn served_of(n: usize, world: &World, payments: &Frontend) -> usize {
    let nodes = world.nodes(&payments.target_group).into_values();
    let targets: Vec<_> = nodes.flat_map(|node| node.targets).map(|target| target.ip().to_string()).collect();
    let is_served = |target: &&String| [OLD, NEW].as_flattened().contains(&target.as_str());
    targets.iter().cycle().take(n).filter(is_served).count()
}

fn states(sim: &Simulator, frontends: &BTreeMap<&'static str, Frontend>) -> States {
    let world = sim.world();
    let of = |frontend: &Frontend| world.targets(&frontend.target_group);
    frontends.iter().map(|(cluster, frontend)| (*cluster, of(frontend))).collect()
}

/// Compares the run with the commentary.
fn check(scene: &Scene, report: &Value) -> Outcome<()> {
    let counts =
        ["registered", "deregistered", "withheld", "failed"].map(|key| report["summary"][key].as_u64());
    if counts == scene.leads_to.map(Some) {
        return Ok(());
    }
    Err(format!("this was to register, deregister, withhold, fail {:?}: {report:#}", scene.leads_to).into())
}
