//! Measures runs in an account that ELB throttles, and compares them with the
//! best that its token buckets allow.

use std::time::Duration;

use eks_nlb_simulator::Limits;

use crate::running::{Program, Programs, Running, Way};
use crate::{Outcome, Scope, TYPICAL, tell};

/// ELB's rate: its name, and its buckets.
type Rate = (&'static str, Limits);

const RATES: [Rate; 2] = [("40 + 10/s", Limits::CLASSIC), ("200 + 50/s", Limits::NEWER)];

/// The rate limiter learns the rate from a burst of calls. On a schedule, runs
/// are a minute apart, so this pause separates a run from the one before, which
/// was not throttled.
const PAUSE: Duration = Duration::from_secs(5);

/// The most clusters for which boto3 is measured at the older rate.
const PATIENCE_CLUSTERS: usize = 600;

/// One run that began with full buckets.
pub(crate) struct Throttled {
    pub(crate) clusters: usize,
    pub(crate) rate: &'static str,
    pub(crate) program: Program,
    /// What the buckets allow at best.
    pub(crate) floor: Duration,
    pub(crate) took: Duration,
    pub(crate) calls: usize,
    pub(crate) refused: usize,
    /// What it said if it failed.
    pub(crate) failure: Option<String>,
}

/// boto3's retries that pace calls, and do best in such a run.
const ADAPTIVE: [(&str, &str); 1] = [("RETRY_MODE", "adaptive")];

/// Runs the function and boto3 with threads at both rates.
pub(crate) async fn runs(programs: &Programs, scope: Scope) -> Outcome<Vec<Throttled>> {
    let sizes: &[usize] = if scope.is_whole { &[150, 600, 1000] } else { &[150] };
    let mut throttled = Vec::new();
    for (rate, limits) in RATES {
        for &clusters in sizes {
            for program in [Program::Function, Program::Pool] {
                if program == Program::Pool && limits == Limits::CLASSIC && clusters > PATIENCE_CLUSTERS {
                    continue;
                }
                tell(&format!("  {clusters} clusters at {rate}, {program:?}"));
                throttled.push(run(programs, program, clusters, (rate, limits)).await?);
            }
        }
    }
    Ok(throttled)
}

async fn run(
    programs: &Programs,
    program: Program,
    clusters: usize,
    (rate, limits): Rate,
) -> Outcome<Throttled> {
    let way = Way { variables: &ADAPTIVE, ..Way::default() };
    let running = Running::start(programs, program, clusters, way).await?;
    running.sync().await?;
    tokio::time::sleep(PAUSE).await;
    {
        let mut world = running.sim.world();
        world.latency = TYPICAL;
        world.set_limits(Some(limits));
    }
    let run = running.run().await;
    let (calls, refused) = running.calls();
    running.end().await?;
    Ok(Throttled {
        clusters,
        rate,
        program,
        floor: floor(clusters, limits),
        took: run.took,
        calls,
        refused,
        failure: run.failure,
    })
}

/// The calls of a run in which nothing is to be done: ELB's, and EKS's.
pub(crate) fn fewest_calls(clusters: usize) -> (usize, usize) {
    let (pages, batches) = (clusters.div_ceil(400), clusters.div_ceil(20));
    (2 * pages + 2 * batches + clusters, clusters)
}

fn floor(clusters: usize, limits: Limits) -> Duration {
    let (calls, _) = fewest_calls(clusters);
    let calls = u32::try_from(calls).expect("few calls");
    Duration::from_secs_f64(((f64::from(calls) - limits.all.size) / limits.all.rate).max(0.0))
}
