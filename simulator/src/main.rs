//! Serves a sample fleet until Ctrl-C, and prints how to reach it.
//!
//! What it prints is shell: `simulator > env.sh &`, then `. ./env.sh`, and any
//! AWS client in that shell talks to the simulated account. Simulated time
//! passes with real time.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the program is for")]

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use eks_nlb_simulator::troubles::troubles;
use eks_nlb_simulator::{Options, SharedWorld, Simulator, sample};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

const USAGE: &str = "\
usage: simulator [--https] [--port N] [--dns-port N] [--runtime-port N] [--troubles] [--until-eof]

Serves a simulated AWS account on loopback and prints the variables that point
AWS clients at it, as shell. Ports are free ones unless they are given.

  --https           serve the AWS APIs over HTTPS, with an authority of its own
  --port N          the port of the AWS APIs
  --dns-port N      the port of the resolver
  --runtime-port N  the port of the Lambda Runtime API
  --troubles        a cluster for each failure instead of the sample fleet
  --until-eof       end when standard input does, and not only on Ctrl-C; a line
                    of it, a name and its addresses, is what the resolver knows";

/// How often simulated time catches up with real time.
const TICK: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if arguments.help {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let simulator = match Simulator::start_with(arguments.options).await {
        Ok(simulator) => simulator,
        Err(error) => {
            eprintln!("start the simulator: {error}");
            return ExitCode::FAILURE;
        }
    };
    let fill = if arguments.troubles { troubles } else { sample::fleet };
    fill(&mut simulator.world());
    if let Err(error) = announce(&simulator) {
        eprintln!("print the variables: {error}");
        return ExitCode::FAILURE;
    }
    let end = end_of_input(arguments.until_eof, simulator.shared_world());
    tokio::select! {
        () = pass_time(&simulator) => {}
        _ = tokio::signal::ctrl_c() => {}
        () = end => {}
    }
    ExitCode::SUCCESS
}

/// The parsed command line.
#[derive(Debug, Default)]
struct Arguments {
    options: Options,
    troubles: bool,
    until_eof: bool,
    help: bool,
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let mut port = || {
            let number = words.next().and_then(|number| number.parse().ok());
            number.ok_or_else(|| format!("{word} needs a port"))
        };
        let options = &mut arguments.options;
        match word.as_str() {
            "--https" => options.https = true,
            "--port" => options.port = port()?,
            "--dns-port" => options.dns_port = port()?,
            "--runtime-port" => options.runtime_port = port()?,
            "--troubles" => arguments.troubles = true,
            "--until-eof" => arguments.until_eof = true,
            "--help" | "-h" => arguments.help = true,
            _ => return Err(format!("{word}: no such option")),
        }
    }
    Ok(arguments)
}

/// Prints the variables, as shell.
fn announce(simulator: &Simulator) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "# A simulated AWS account; Ctrl-C ends it.")?;
    for (name, value) in simulator.env() {
        writeln!(out, "export {name}='{value}'")?;
    }
    out.flush()
}

/// Moves the world's clock along with the real one, without end.
async fn pass_time(simulator: &Simulator) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        ticks.tick().await;
        simulator.world().advance(TICK);
    }
}

/// Waits for the end of standard input if it is `awaited`, and takes names and
/// addresses from it; otherwise never returns.
async fn end_of_input(awaited: bool, world: SharedWorld) {
    if !awaited {
        return std::future::pending().await;
    }
    let (ended, end) = oneshot::channel();
    // In a thread, because a blocking read cannot be cancelled.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if let Some((name, addresses)) = line.split_once(' ') {
                let addresses: Vec<_> = addresses.split(' ').collect();
                world.lock().expect("no holder of the world panics").dns.set(name, addresses.as_slice());
                println!("# {name} is known");
            }
        }
        let _ = ended.send(());
    });
    let _ = end.await;
}
