//! Plays a history: lets things happen, runs the function, and sees that no
//! promise is broken.

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

use crate::history::{History, Run, Setup};
use crate::process::Process;
use crate::promises::{judge_plan, judge_run, unsettled};
use crate::stage::{Seat, SharedStage, Stage, lock};
use crate::tally::Tally;
use crate::truth::Moment;
use crate::witness::{Death, Orders};

/// Most runs that a quiet world needs. Targets need at most ten ticks to
/// become healthy: one run registers what is missing, and the tenth after it
/// finds everything healthy and deregisters what is stale.
pub(crate) const CONVERGES_WITHIN_RUNS: usize = 11;

/// Runs after that, none of which may write.
const QUIET_RUNS: usize = 2;

/// A promise that was broken.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// After so many ticks.
    pub(crate) tick: usize,
    pub(crate) what: Vec<String>,
}

impl Broken {
    /// The first rule that was broken; nothing if it was a panic.
    pub(crate) fn rule(&self) -> &str {
        let text = self.what.first().map_or("", String::as_str);
        let rule = text.find("rule ").map_or("", |at| &text[at..]);
        rule.split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in tick {}: {}", self.tick, self.what.join("\n"))
    }
}

/// A history in which no promise was broken.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) tally: Tally,
    /// The same for two plays only if they made the same AWS calls.
    pub(crate) transcript: u64,
}

/// Plays `history`, and then quiet.
pub(crate) fn play(history: &History) -> Result<Played, Broken> {
    // The SDK waits for a random time before it tries again.
    fastrand::seed(0);
    let mut runtime = runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime needs nothing");
    let mut tick = 0;
    let played = async { Play::of(history).play(history, &mut tick).await };
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(played)))
        .unwrap_or_else(|panic| Err(vec![format!("panicked: {}", message(panic.as_ref()))]))
        .map_err(|what| Broken { tick, what })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// A history that is being played.
struct Play<'a> {
    stage: SharedStage,
    setup: &'a Setup,
    /// The process that the schedule invokes, once it is started.
    process: Option<Process>,
    seats: usize,
}

impl<'a> Play<'a> {
    fn of(history: &'a History) -> Self {
        let stage = Arc::new(Mutex::new(Stage::new(&history.setup)));
        Self { stage, setup: &history.setup, process: None, seats: 0 }
    }

    async fn play(mut self, history: &History, tick: &mut usize) -> Result<Played, Vec<String>> {
        for happens in &history.ticks {
            *tick += 1;
            {
                let mut stage = lock(&self.stage);
                stage.begin();
                for happening in &happens.happens {
                    stage.happen(happening);
                }
            }
            self.run(&happens.run).await;
            self.end_tick()?;
        }
        self.settle(tick).await?;
        let mut stage = lock(&self.stage);
        stage.tally.count("histories");
        Ok(Played { tally: std::mem::take(&mut stage.tally), transcript: stage.transcript.finish() })
    }

    /// Nothing happens any more.
    async fn settle(&mut self, tick: &mut usize) -> Result<(), Vec<String>> {
        for n in 1..=CONVERGES_WITHIN_RUNS + QUIET_RUNS {
            *tick += 1;
            {
                let mut stage = lock(&self.stage);
                stage.begin();
                let Stage { truth, world, .. } = &mut *stage;
                truth.settle(world);
            }
            self.once(Orders::default(), None).await;
            if n >= CONVERGES_WITHIN_RUNS {
                let mut stage = lock(&self.stage);
                let unsettled =
                    unsettled(&stage).map(|text| format!("rule 11: not settled after {n} runs: {text}"));
                stage.broken.extend(unsettled);
                let writes: usize = stage.runs.values().map(|run| run.writes).sum();
                if n > CONVERGES_WITHIN_RUNS && writes > 0 {
                    stage.broken.push(format!("rule 11: {writes} writes in a settled world"));
                }
            }
            self.end_tick()?;
        }
        Ok(())
    }

    fn end_tick(&self) -> Result<(), Vec<String>> {
        let mut stage = lock(&self.stage);
        stage.end();
        if stage.broken.is_empty() { Ok(()) } else { Err(std::mem::take(&mut stage.broken)) }
    }

    async fn run(&mut self, run: &Run) {
        lock(&self.stage).tally.count(match run {
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
            Run::Once => _ = self.once(Orders::default(), None).await,
            Run::Dry => _ = self.once(Orders { dry: true, ..Orders::default() }, None).await,
            Run::DryThenReal => self.dry_then_real().await,
            Run::OneCluster(number) => {
                let (only, name) = {
                    let stage = lock(&self.stage);
                    let only = stage.truth.cluster(*number);
                    (only, stage.truth.clusters[only].name.clone())
                };
                let names = BTreeSet::from([name.parse().expect("a cluster's name")]);
                self.once(Orders { only: Some(only), ..Orders::default() }, Some(&names)).await;
            }
            Run::KilledAtCall(n) => self.doomed(Death::AtCall((*n).into())).await,
            Run::KilledAtWrite(n) => self.doomed(Death::AtWrite((*n).into())).await,
            Run::TwoAtOnce(ways) => self.two_at_once(ways).await,
        }
    }

    /// One run of the process at hand, or of a new one.
    async fn once(
        &mut self,
        orders: Orders,
        only: Option<&BTreeSet<ClusterName>>,
    ) -> Option<(Seat, Result<Report, CallError>)> {
        let process = match self.process.take() {
            Some(process) => process,
            None => self.start().await,
        };
        let result = watch(&self.stage, &process, orders, only).await?;
        let seat = process.seat;
        // A process that was killed is gone for good.
        self.process = Some(process);
        Some((seat, result))
    }

    async fn dry_then_real(&mut self) {
        let dry = self.once(Orders { dry: true, ..Orders::default() }, None).await;
        // Another process, so that both are remembered.
        self.process = None;
        let real = self.once(Orders::default(), None).await;
        if let (Some((dry, Ok(planned))), Some((real, Ok(done)))) = (dry, real) {
            judge_plan(&mut lock(&self.stage), (dry, &planned), (real, &done));
        }
    }

    async fn doomed(&mut self, death: Death) {
        self.once(Orders { death: Some(death), ..Orders::default() }, None).await;
    }

    async fn two_at_once(&mut self, ways: &[u8]) {
        let healthy = |stage: &Stage| -> BTreeSet<String> {
            let moments = stage.moments().into_iter();
            let is_healthy = |moment: &Moment| moment.states.values().any(|s| *s == TargetState::Healthy);
            moments.filter(|(_, moment)| is_healthy(moment)).map(|(group, _)| group).collect()
        };
        let (one, other) = (self.start().await, self.start().await);
        let before = {
            let mut stage = lock(&self.stage);
            stage.delay_calls(ways);
            healthy(&stage)
        };
        let run = |process| watch(&self.stage, process, Orders::default(), None);
        join(run(&one), run(&other)).await;

        let mut stage = lock(&self.stage);
        let runs = [&one, &other].map(|process| &stage.runs[&process.seat]);
        let groups = runs.map(|run| run.deregistered.keys().cloned().collect::<BTreeSet<_>>());
        let both = (&groups[0] & &groups[1]).len();
        // Only two runs that were told different things can do that: rule 1.
        let lost = (&before - &healthy(&stage)).len();
        stage.tally.add("two runs at once deregister from one target group", both);
        stage.tally.add("two runs at once lose the last healthy target", lost);
    }

    async fn start(&mut self) -> Process {
        self.seats += 1;
        Process::start(&self.stage, Seat(self.seats), self.setup).await
    }
}

/// Runs `process` once under the eyes of a witness: what it returns, unless it
/// is killed.
async fn watch(
    stage: &SharedStage,
    process: &Process,
    orders: Orders,
    only: Option<&BTreeSet<ClusterName>>,
) -> Option<Result<Report, CallError>> {
    let mode = if orders.dry { Mode::DryRun } else { Mode::Apply };
    let killed = lock(stage).admit(process.seat, orders);
    let result = tokio::select! {
        biased;
        () = killed.notified() => return None,
        result = process.run(mode, only) => result,
    };
    judge_run(&mut lock(stage), process.seat, &result);
    Some(result)
}
