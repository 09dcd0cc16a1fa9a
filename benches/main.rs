//! Measures the function and the same Lambda function in Python, over HTTPS
//! against the simulator, and writes the tables of docs/performance.md.
//!
//! `make bench` calls it: `against_boto3 FUNCTION PYTHON [DOCUMENT]`. Without a
//! document it measures for a few minutes and only prints.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the program is for")]

mod machine;
mod measure;
#[path = "../tests/support/process.rs"]
#[expect(dead_code, reason = "the soak uses the rest of it")]
mod process;
mod running;
mod tables;
mod throttled;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use measure::Measured;
use running::Programs;

/// What a call takes, in milliseconds.
const LATENCIES_MS: [u64; 4] = [0, 5, 20, 50];

/// The latency of the tables that have one: what a call to ELB takes in its Region.
const TYPICAL: Duration = Duration::from_millis(20);

const CLUSTERS: [usize; 5] = [1, 10, 100, 400, 1000];

/// What is measured: everything, or enough to see whether it works.
#[derive(Clone, Copy)]
struct Scope {
    clusters: &'static [usize],
    latencies_ms: &'static [u64],
    /// Processes that are started to measure the start.
    starts: usize,
    /// How long one cell of a table may take, unless one run takes longer.
    cell: Duration,
    is_whole: bool,
}

const WHOLE: Scope = Scope {
    clusters: &CLUSTERS,
    latencies_ms: &LATENCIES_MS,
    starts: 9,
    cell: Duration::from_secs(3),
    is_whole: true,
};

const QUICK: Scope = Scope {
    clusters: &[1, 100],
    latencies_ms: &[0, 20],
    starts: 3,
    cell: Duration::from_secs(1),
    is_whole: false,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    // `cargo bench` adds an option of its own.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench").map(PathBuf::from);
    let (Some(function), Some(python)) = (words.next(), words.next()) else {
        return Err("usage: against_boto3 FUNCTION PYTHON [DOCUMENT]".into());
    };
    let document = words.next();
    let programs = Programs::new(&function, &python)?;
    let scope = if document.is_some() { WHOLE } else { QUICK };
    let measured = everything(&programs, scope).await?;
    let tables = tables::render(&measured, scope);
    println!("{tables}");
    if let Some(document) = document {
        let text = std::fs::read_to_string(&document)?;
        std::fs::write(&document, tables::put(&text, &tables)?)?;
    }
    Ok(())
}

async fn everything(programs: &Programs, scope: Scope) -> Outcome<Measured> {
    tell("start");
    let starts = measure::starts(programs, scope).await?;
    tell("warm runs");
    let warm = measure::warm(programs, scope).await?;
    tell("warm runs with the share of a small function");
    let shares = measure::shares(programs, scope).await?;
    tell("calls in flight");
    let in_flight = measure::in_flight(programs, scope).await?;
    tell("throttled runs");
    let throttled = throttled::runs(programs, scope).await?;
    Ok(Measured { starts, warm, shares, in_flight, throttled })
}

/// Says on standard error how far it is.
fn tell(what: &str) {
    eprintln!("{what}");
    let _ = std::io::stderr().flush();
}
