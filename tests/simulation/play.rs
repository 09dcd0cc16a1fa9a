//! Plays a history: makes its events happen, runs the function, and collects
//! the invariants that break.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use eks_nlb_simulator::TargetState;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::ClusterName;
use eks_nlb_sync::publish::report::Report;
use eks_nlb_sync::reconcile::Mode;
use futures_util::future::join;
use tokio::runtime;

use crate::ground_truth::Moment;
use crate::harness::{Harness, ProcessId, SharedHarness, lock};
use crate::history::{History, Run, Setup};
use crate::invariants::{Breach, Invariant, judge_plan, judge_run, unsettled};
use crate::process::Process;
use crate::tally::Tally;
use crate::witness::{Kill, RunOptions};

/// Most runs that a quiet world needs. Targets need at most ten ticks to
/// become healthy: one run registers missing targets, and the tenth after it
/// finds all healthy and deregisters the stale ones.
pub(crate) const CONVERGES_WITHIN_RUNS: usize = 11;

/// Runs after that, none of which may write.
const QUIET_RUNS: usize = 2;

/// A history in which an invariant broke.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// After so many ticks.
    tick: usize,
    breaches: Vec<Breach>,
}

impl Broken {
    /// The first invariant that broke.
    pub(crate) fn invariant(&self) -> Option<Invariant> {
        self.breaches.first().map(|breach| breach.invariant)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in tick {}:", self.tick)?;
        self.breaches.iter().try_for_each(|breach| write!(f, "\n{breach}"))
    }
}

/// A history in which no invariant broke.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) tally: Tally,
    /// The same for two plays only if they made the same AWS calls.
    pub(crate) transcript: u64,
}

/// Plays `history`, and then runs without events.
pub(crate) fn play(history: &History) -> Result<Played, Broken> {
    // The SDK waits for a random time before it tries again.
    fastrand::seed(0);
    let mut runtime = runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime needs nothing");
    let mut tick = 0;
    let played = async { Play::of(history).play(history, &mut tick).await };
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(played)))
        .unwrap_or_else(|panic| Err(vec![Invariant::NoPanic.broken(message(panic.as_ref()))]))
        .map_err(|breaches| Broken { tick, breaches })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// A history that is being played.
struct Play<'a> {
    harness: SharedHarness,
    setup: &'a Setup,
    /// The process that the schedule invokes, once it is started.
    process: Option<Process>,
    started: usize,
}

impl<'a> Play<'a> {
    fn of(history: &'a History) -> Self {
        let harness = Arc::new(Mutex::new(Harness::new(&history.setup)));
        Self { harness, setup: &history.setup, process: None, started: 0 }
    }

    async fn play(mut self, history: &History, tick: &mut usize) -> Result<Played, Vec<Breach>> {
        for happens in &history.ticks {
            *tick += 1;
            {
                let mut harness = lock(&self.harness);
                harness.begin();
                for happening in &happens.happens {
                    harness.happen(happening);
                }
            }
            self.run(&happens.run).await;
            self.end_tick()?;
        }
        self.settle(tick).await?;
        let mut harness = lock(&self.harness);
        harness.tally.count("histories");
        Ok(Played { tally: std::mem::take(&mut harness.tally), transcript: harness.transcript.finish() })
    }

    /// Nothing happens any more.
    async fn settle(&mut self, tick: &mut usize) -> Result<(), Vec<Breach>> {
        for n in 1..=CONVERGES_WITHIN_RUNS + QUIET_RUNS {
            *tick += 1;
            {
                let mut harness = lock(&self.harness);
                harness.begin();
                let Harness { truth, world, .. } = &mut *harness;
                truth.settle(world);
            }
            self.once(RunOptions::default(), None).await;
            if n >= CONVERGES_WITHIN_RUNS {
                let mut harness = lock(&self.harness);
                let unsettled = unsettled(&harness, n);
                harness.broken.extend(unsettled);
                let writes: usize = harness.runs.values().map(|run| run.writes).sum();
                if n > CONVERGES_WITHIN_RUNS && writes > 0 {
                    let breach = Invariant::Converge.broken(format!("{writes} writes in a settled world"));
                    harness.broken.push(breach);
                }
            }
            self.end_tick()?;
        }
        Ok(())
    }

    fn end_tick(&self) -> Result<(), Vec<Breach>> {
        let mut harness = lock(&self.harness);
        harness.end();
        if harness.broken.is_empty() { Ok(()) } else { Err(std::mem::take(&mut harness.broken)) }
    }

    async fn run(&mut self, run: &Run) {
        lock(&self.harness).tally.count(match run {
            Run::Once => "run: once",
            Run::Not => "run: not",
            Run::Dry => "run: dry",
            Run::DryThenReal => "run: dry, then real",
            Run::OneCluster(_) => "run: one cluster",
            Run::KilledAtCall(_) => "run: to be killed at a call",
            Run::KilledAtWrite(_) => "run: to be killed at a write",
            Run::TwoAtOnce(_) => "run: two at once",
        });
        match run {
            Run::Not => {}
            Run::Once => _ = self.once(RunOptions::default(), None).await,
            Run::Dry => _ = self.once(RunOptions { dry: true, ..RunOptions::default() }, None).await,
            Run::DryThenReal => self.dry_then_real().await,
            Run::OneCluster(number) => {
                let (only, name) = {
                    let harness = lock(&self.harness);
                    let only = harness.truth.cluster(*number);
                    (only, harness.truth.clusters[only].name.clone())
                };
                let names = BTreeSet::from([name.parse().expect("a cluster's name")]);
                self.once(RunOptions { only: Some(only), ..RunOptions::default() }, Some(&names)).await;
            }
            Run::KilledAtCall(n) => self.killed_run(Kill::AtCall((*n).into())).await,
            Run::KilledAtWrite(n) => self.killed_run(Kill::AtWrite((*n).into())).await,
            Run::TwoAtOnce(latencies) => self.two_at_once(latencies).await,
        }
    }

    /// One run of the running process, or of a new one.
    async fn once(
        &mut self,
        options: RunOptions,
        only: Option<&BTreeSet<ClusterName>>,
    ) -> Option<(ProcessId, Result<Report, CallError>)> {
        let process = match self.process.take() {
            Some(process) => process,
            None => self.start().await,
        };
        let result = watch(&self.harness, &process, options, only).await?;
        let id = process.id;
        // A process that was killed is not used again.
        self.process = Some(process);
        Some((id, result))
    }

    async fn dry_then_real(&mut self) {
        let dry = self.once(RunOptions { dry: true, ..RunOptions::default() }, None).await;
        // Another process, so that both are remembered.
        self.process = None;
        let real = self.once(RunOptions::default(), None).await;
        if let (Some((dry, Ok(planned))), Some((real, Ok(done)))) = (dry, real) {
            judge_plan(&mut lock(&self.harness), (dry, &planned), (real, &done));
        }
    }

    async fn killed_run(&mut self, kill: Kill) {
        self.once(RunOptions { kill: Some(kill), ..RunOptions::default() }, None).await;
    }

    async fn two_at_once(&mut self, latencies: &[u8]) {
        let healthy = |harness: &Harness| -> BTreeSet<String> {
            let moments = harness.moments().into_iter();
            let is_healthy = |moment: &Moment| moment.states.values().any(|s| *s == TargetState::Healthy);
            moments.filter(|(_, moment)| is_healthy(moment)).map(|(group, _)| group).collect()
        };
        let (one, other) = (self.start().await, self.start().await);
        let before = {
            let mut harness = lock(&self.harness);
            harness.delay_calls(latencies);
            healthy(&harness)
        };
        let run = |process| watch(&self.harness, process, RunOptions::default(), None);
        join(run(&one), run(&other)).await;

        let mut harness = lock(&self.harness);
        let runs = [&one, &other].map(|process| &harness.runs[&process.id]);
        let groups = runs.map(|run| run.deregistered.keys().cloned().collect::<BTreeSet<_>>());
        let both = (&groups[0] & &groups[1]).len();
        // Only two runs that got different answers can do that.
        let lost = (&before - &healthy(&harness)).len();
        harness.tally.add("two runs at once deregister from one target group", both);
        harness.tally.add("two runs at once lose the last healthy target", lost);
    }

    async fn start(&mut self) -> Process {
        self.started += 1;
        Process::start(&self.harness, ProcessId(self.started), self.setup).await
    }
}

/// Runs `process` once and judges the run. Returns its result, unless it is
/// killed.
async fn watch(
    harness: &SharedHarness,
    process: &Process,
    options: RunOptions,
    only: Option<&BTreeSet<ClusterName>>,
) -> Option<Result<Report, CallError>> {
    let mode = if options.dry { Mode::DryRun } else { Mode::Apply };
    let killed = lock(harness).admit(process.id, options);
    let result = tokio::select! {
        biased;
        () = killed.notified() => return None,
        result = process.run(mode, only) => result,
    };
    judge_run(&mut lock(harness), process.id, &result);
    Some(result)
}
