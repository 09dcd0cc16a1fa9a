//! The simulated world, the ground truth about it, and a witness of every run.
//! All AWS calls and DNS questions arrive here.

mod faults;
mod reads;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eks_nlb_simulator::World;
use eks_nlb_simulator::api::{self, Delivery, Request, Response};
use eks_nlb_simulator::dns::{self, Answered};
use eks_nlb_simulator::world::Transport;
use tokio::sync::Notify;

use crate::ground_truth::{GroundTruth, Moment, TICK};
use crate::history::{Call, Checks, Happening, Setup, Source};
use crate::invariants::{self, Breach};
use crate::tally::Tally;
use crate::witness::{Delivered, RunOptions, Witness};

/// The budget of the resolver, and of one attempt of an AWS call.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A harness that the latencies to it share.
pub(crate) type SharedHarness = Arc<Mutex<Harness>>;

/// The harness, even if a test panicked while it held the lock.
pub(crate) fn lock(harness: &SharedHarness) -> MutexGuard<'_, Harness> {
    harness.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which process it is. No two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProcessId(pub(crate) usize);

/// The world, the ground truth, and the results so far.
#[derive(Debug)]
pub(crate) struct Harness {
    pub(crate) world: World,
    pub(crate) truth: GroundTruth,
    pub(crate) min_healthy: usize,
    pub(crate) add_only: bool,
    pub(crate) source: Source,
    /// The runs of this tick.
    pub(crate) runs: BTreeMap<ProcessId, Witness>,
    pub(crate) tally: Tally,
    /// Every AWS call, in order. Not when it came, nor what the resolver asked:
    /// hickory times its retries with the real clock.
    pub(crate) transcript: DefaultHasher,
    pub(crate) broken: Vec<Breach>,
    /// How long calls take, in turn.
    latencies: Vec<Duration>,
    calls_delayed: usize,
    /// This many writes from here on are done twice.
    twice: u8,
    /// The health of API servers that changes at a call.
    meanwhile: Vec<(Call, u8, u8, Checks)>,
}

impl Harness {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut world = World::new();
        let truth = GroundTruth::create(setup, &mut world);
        Self {
            world,
            truth,
            min_healthy: setup.min_healthy.into(),
            add_only: setup.add_only,
            source: setup.source,
            runs: BTreeMap::new(),
            tally: Tally::default(),
            transcript: DefaultHasher::new(),
            broken: Vec::new(),
            latencies: Vec::new(),
            calls_delayed: 0,
            twice: 0,
            meanwhile: Vec::new(),
        }
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        self.runs.clear();
        self.latencies.clear();
        self.twice = 0;
        self.meanwhile.clear();
        self.world.clear_requests();
        self.world.dns.clear_questions();
        self.truth.begin(&mut self.world);
        self.tally.count("ticks");
    }

    /// Ends a tick.
    pub(crate) fn end(&mut self) {
        self.truth.keep_state();
        self.world.advance(TICK);
    }

    /// Begins a run of a process. Returns what is notified when it is killed.
    pub(crate) fn admit(&mut self, id: ProcessId, options: RunOptions) -> Arc<Notify> {
        self.tally.count("runs");
        let run = Witness::new(options, self.truth.shown(), self.truth.reads_lag());
        let killed = Arc::clone(&run.killed);
        self.runs.insert(id, run);
        killed
    }

    /// From now on, calls take these hundredths of a second, in turn.
    pub(crate) fn delay_calls(&mut self, latencies: &[u8]) {
        self.latencies = latencies.iter().map(|&way| Duration::from_millis(10) * way.into()).collect();
        self.calls_delayed = 0;
    }

    /// Lets something happen.
    pub(crate) fn happen(&mut self, happening: &Happening) {
        let Self { world, truth, .. } = self;
        match *happening {
            Happening::Rotate { cluster, how, health, linger, unnoticed } => {
                truth.rotate(cluster, how, health, (linger, unnoticed), world);
            }
            Happening::Health { cluster, server, health, at: None } => {
                truth.set_health(cluster, server, health, world);
            }
            Happening::Health { cluster, server, health, at: Some(call) } => {
                self.meanwhile.push((call, cluster, server, health));
            }
            Happening::Hardened { cluster } => truth.harden(cluster, world),
            Happening::Names { cluster, say, ticks } => truth.set_names(cluster, say, ticks, world),
            Happening::Cluster { cluster, is, ticks } => truth.set_cluster_state(cluster, is, ticks, world),
            Happening::Frontend { frontend, is, ticks } => {
                truth.set_frontend_state(frontend, is, ticks, world);
            }
            Happening::Hand { frontend, does } => truth.by_hand(frontend, does, world),
            Happening::StaleReads { ref lags, ticks } => truth.lag_reads(lags, ticks, world),
            Happening::Fault { call, about, fault, skip, times } => {
                self.plant(call, about, fault, skip, times);
            }
        }
        self.tally.count(&happening.kind());
    }

    /// How long the next call takes.
    pub(crate) fn latency(&mut self) -> Duration {
        self.calls_delayed += 1;
        self.latencies.get(self.calls_delayed % self.latencies.len().max(1)).copied().unwrap_or_default()
    }

    /// Answers an AWS call, unless the process that made it has been killed.
    pub(crate) fn call(&mut self, id: ProcessId, request: &Request<'_>) -> Option<(Response, Delivered)> {
        let operation = operation(request);
        (id, request.target, request.body).hash(&mut self.transcript);
        if self.runs.get(&id).is_none_or(|run| run.dead) {
            return None;
        }
        self.lose_groups(operation, request);
        self.change_health(operation);
        let write = matches!(operation, "RegisterTargets" | "DeregisterTargets");
        let before = if write { self.moments() } else { BTreeMap::new() };

        let mut response = api::respond(&mut self.world, request);
        if write && self.twice > 0 {
            self.twice -= 1;
            response = api::respond(&mut self.world, request);
            self.tally.count("calls done twice");
        }

        let call = self.world.requests().last().expect("it was recorded").clone();
        self.world.clear_requests();
        let readable = str::from_utf8(&response.body).is_ok();
        let well = response.delivery == Delivery::Whole && response.status == 200 && readable;
        self.tally.count("AWS calls");
        if !well {
            self.tally.count("AWS calls that went wrong");
        }
        if write {
            invariants::judge_write(self, id, &call, &before);
        }
        let answer = if well { self.read_answer(id, &call) } else { None };
        let Self { runs, tally, .. } = self;
        let run = runs.get_mut(&id).expect("it was there before");
        if run.makes_call(write) {
            let registered = operation == "RegisterTargets";
            tally.count(if registered {
                "processes killed right after registering"
            } else {
                "processes killed"
            });
            return None;
        }
        if !well || response.delay >= PATIENCE {
            run.fails(&call);
        }
        Some((response, Delivered { call, well, answer }))
    }

    /// An answer has arrived.
    pub(crate) fn arrives(&mut self, id: ProcessId, delivered: Delivered) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.receives(delivered);
        }
    }

    /// Answers a question to the resolver.
    pub(crate) fn answer(&mut self, id: ProcessId, question: &[u8], transport: Transport) -> Answered {
        let Self { world, runs, truth, tally, .. } = self;
        let answered = dns::answer(world, question, transport);
        tally.count("DNS questions");
        if let Some(run) = runs.get_mut(&id) {
            run.is_answered(question, &answered, is_private);
        }
        let asked = world.dns.questions().last().map(|question| question.name.clone());
        world.dns.clear_questions();
        if let Some(host) = asked {
            truth.was_asked(&host, world);
        }
        answered
    }

    /// Every target group that there is, as it is now.
    pub(crate) fn moments(&self) -> BTreeMap<String, Moment> {
        self.truth.moments(&self.world)
    }

    /// Changes what health checks find when this call comes.
    fn change_health(&mut self, operation: &str) {
        let Self { world, truth, tally, meanwhile, .. } = self;
        meanwhile.retain(|(call, cluster, server, health)| {
            let is_now = *call == Call::Any || call.operation() == operation;
            if is_now {
                truth.set_health(*cluster, *server, *health, world);
                tally.count("health of an API server changed in the middle of a run");
            }
            !is_now
        });
    }

    /// Deletes the target groups that are to go at this call.
    fn lose_groups(&mut self, operation: &str, request: &Request<'_>) {
        let Self { world, truth, tally, .. } = self;
        for frontend in &mut truth.frontends {
            let Some(call) = frontend.goes_at() else { continue };
            let group = frontend.group.as_deref().expect("it is there");
            let (_, id) = group.rsplit_once('/').expect("an ARN ends in an id");
            let is_about = |text: &str| request.body.windows(text.len()).any(|part| part == text.as_bytes());
            let its_own = !is_about("TargetGroupArn=") || is_about(id);
            if its_own && (call == Call::Any || call.operation() == operation) {
                frontend.lose_group(world);
                tally.count("target groups gone in the middle of a run");
            }
        }
    }
}

/// The operation that a request is for.
fn operation<'a>(request: &Request<'a>) -> &'a str {
    let body: &'a [u8] = request.body;
    let text = str::from_utf8(body).unwrap_or_default();
    match text.strip_prefix("Action=").and_then(|rest| rest.split('&').next()) {
        Some(action) => action,
        None => "DescribeCluster",
    }
}

/// Whether `ALLOWED_CIDRS` allows an address of these worlds.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}
