//! Measures start-up and warm runs, with a whole core and with a small share of
//! one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::machine::Share;
use crate::running::{Program, Programs, Running, Way};
use crate::throttled::Throttled;
use crate::{Outcome, Scope, TYPICAL, tell};

/// Runs of one cell, at most.
const RUNS: usize = 20;

/// Clusters from which on boto3 is measured where it matters most only: one run
/// takes up to two minutes.
const MANY: usize = 400;

/// The memory sizes that are compared, in MB.
pub(crate) const MEMORY_MB: [u64; 4] = [128, 256, 512, 1024];

/// The numbers of calls in flight that are compared.
pub(crate) const IN_FLIGHT: [u64; 5] = [10, 20, 40, 64, 128];

/// All that was measured.
pub(crate) struct Measured {
    pub(crate) starts: BTreeMap<Program, Start>,
    /// By clusters, latency in milliseconds, and program.
    pub(crate) warm: BTreeMap<(usize, u64, Program), Warm>,
    /// At the typical latency, by clusters, memory in MB, and program.
    pub(crate) shares: BTreeMap<(usize, u64, Program), Life>,
    /// The function at the typical latency, by clusters, whether it has a whole
    /// core, and calls in flight.
    pub(crate) in_flight: BTreeMap<(usize, bool, u64), Life>,
    pub(crate) throttled: Vec<Throttled>,
}

/// Medians of several starts, in an account of one cluster.
pub(crate) struct Start {
    /// Until it asks for its first event.
    pub(crate) ready: Duration,
    /// Until it has answered it.
    pub(crate) answer: Duration,
    /// The same with the smallest function's share of a core from the beginning.
    pub(crate) answer_in_share: Duration,
}

/// Warm runs of one cell.
#[derive(Clone, Copy)]
pub(crate) struct Warm {
    /// The median.
    pub(crate) took: Duration,
    /// The mean.
    pub(crate) cpu: Duration,
    pub(crate) calls: usize,
    pub(crate) connections: usize,
    /// Of the process up to the end of this cell.
    pub(crate) peak_kb: u64,
}

/// Runs of a process from its first, which connects.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    pub(crate) first: Duration,
    pub(crate) warm: Warm,
}

/// Starts each program several times.
pub(crate) async fn starts(programs: &Programs, scope: Scope) -> Outcome<BTreeMap<Program, Start>> {
    let share = Share::of(MEMORY_MB[0])?;
    let mut starts = BTreeMap::new();
    for program in [Program::Function, Program::Pool] {
        let (mut ready, mut answer, mut in_share) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..scope.starts {
            let running = Running::start(programs, program, 1, Way::default()).await?;
            running.sync().await?;
            answer.push(running.started.elapsed());
            ready.push(running.sim.runtime().first_next().ok_or("it asked")? - running.started);
            running.end().await?;
        }
        for _ in 0..scope.starts.div_ceil(3) {
            let way = Way { share: Some(&share), ..Way::default() };
            let running = Running::start(programs, program, 1, way).await?;
            running.sync().await?;
            in_share.push(running.started.elapsed());
            running.end().await?;
        }
        let [ready, answer, answer_in_share] = [ready, answer, in_share].map(median);
        starts.insert(program, Start { ready, answer, answer_in_share });
    }
    Ok(starts)
}

/// Runs each program at every size and latency.
pub(crate) async fn warm(
    programs: &Programs,
    scope: Scope,
) -> Outcome<BTreeMap<(usize, u64, Program), Warm>> {
    let mut warm = BTreeMap::new();
    for &clusters in scope.clusters {
        for program in Program::ALL {
            tell(&format!("  {clusters} clusters, {program:?}"));
            let running = Running::start(programs, program, clusters, Way::default()).await?;
            running.sync().await?;
            for &latency_ms in scope.latencies_ms {
                let is_typical = u128::from(latency_ms) == TYPICAL.as_millis();
                if program == Program::Sequential && clusters >= MANY && !is_typical {
                    continue;
                }
                let cell = cell(&running, Duration::from_millis(latency_ms), scope).await?;
                warm.insert((clusters, latency_ms, program), cell);
            }
            running.end().await?;
        }
    }
    Ok(warm)
}

/// Runs each program with the share of the smallest function, and the function
/// with that of larger ones.
pub(crate) async fn shares(
    programs: &Programs,
    scope: Scope,
) -> Outcome<BTreeMap<(usize, u64, Program), Life>> {
    let mut shares = BTreeMap::new();
    for memory_mb in MEMORY_MB {
        let share = Share::of(memory_mb)?;
        for &clusters in scope.clusters {
            for program in Program::ALL {
                let is_asked = program == Program::Function || memory_mb == MEMORY_MB[0];
                if !is_asked || program != Program::Function && clusters > MANY {
                    continue;
                }
                tell(&format!("  {memory_mb} MB, {clusters} clusters, {program:?}"));
                let way = Way { share: Some(&share), ..Way::default() };
                let running = Running::start(programs, program, clusters, way).await?;
                match life(running, scope).await {
                    Ok(life) => _ = shares.insert((clusters, memory_mb, program), life),
                    Err(error) if program != Program::Function => tell(&format!("    fails: {error}")),
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(shares)
}

/// Runs the function with other numbers of calls in flight.
pub(crate) async fn in_flight(
    programs: &Programs,
    scope: Scope,
) -> Outcome<BTreeMap<(usize, bool, u64), Life>> {
    let share = Share::of(MEMORY_MB[0])?;
    let mut in_flight = BTreeMap::new();
    for clusters in scope.clusters.iter().copied().filter(|clusters| [100, 1000].contains(clusters)) {
        for is_whole in [true, false] {
            for calls in IN_FLIGHT {
                let text = calls.to_string();
                let way =
                    Way { share: (!is_whole).then_some(&share), variables: &[("MAX_CONCURRENCY", &text)] };
                let running = Running::start(programs, Program::Function, clusters, way).await?;
                in_flight.insert((clusters, is_whole, calls), life(running, scope).await?);
            }
        }
    }
    Ok(in_flight)
}

/// Runs a program that has just started, once it asks for its first event.
async fn life(running: Running, scope: Scope) -> Outcome<Life> {
    running.sim.world().latency = TYPICAL;
    running.is_ready().await;
    let life = Life { first: running.sync().await?, warm: cell(&running, TYPICAL, scope).await? };
    running.end().await?;
    Ok(life)
}

/// Runs a program that is warm until the cell's time is used up.
async fn cell(running: &Running, latency: Duration, scope: Scope) -> Result<Warm, String> {
    running.sim.world().latency = latency;
    let (start, cpu) = (Instant::now(), running.cpu_time());
    let mut times = Vec::new();
    while times.is_empty() || times.len() < RUNS && start.elapsed() < scope.cell {
        times.push(running.sync().await?);
    }
    let runs = u32::try_from(times.len()).expect("few runs");
    let took = median(times);
    tell(&format!("    at {latency:?}: {took:.1?}, median of {runs}"));
    Ok(Warm {
        took,
        cpu: running.cpu_time().saturating_sub(cpu) / runs,
        calls: running.calls().0,
        connections: running.connections(),
        peak_kb: running.peak_kb(),
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
