//! The world, the truth about it, and a witness of every run: where all calls
//! and questions arrive.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eks_nlb_simulator::api::{self, Delivery, Request, Response};
use eks_nlb_simulator::dns::{self, Answered};
use eks_nlb_simulator::world::Transport;
use eks_nlb_simulator::{Fault as Planted, World};
use tokio::sync::Notify;

use crate::history::{Call, Checks, Fault, Happening, Names, Setup, Source};
use crate::promises;
use crate::tally::Tally;
use crate::truth::{Moment, TICK, Truth};
use crate::witness::{Heard, Orders, Witness};

/// The budget of the resolver, and of one attempt of an AWS call.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A stage that the ways to it share.
pub(crate) type SharedStage = Arc<Mutex<Stage>>;

/// The stage, even if somebody panicked while they had it.
pub(crate) fn lock(stage: &SharedStage) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which process it is. No two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Seat(pub(crate) usize);

/// The world, the truth about it, and what came of it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) truth: Truth,
    pub(crate) min_healthy: usize,
    pub(crate) add_only: bool,
    pub(crate) source: Source,
    /// The runs of this tick.
    pub(crate) runs: BTreeMap<Seat, Witness>,
    pub(crate) tally: Tally,
    /// Every AWS call, in order. Not when it came, nor what the resolver asked:
    /// hickory times its retries with the real clock.
    pub(crate) transcript: DefaultHasher,
    /// The promises that were broken.
    pub(crate) broken: Vec<String>,
    /// How long calls are on their way, in turn.
    ways: Vec<Duration>,
    ways_gone: usize,
    /// This many writes from here on are done twice.
    twice: u8,
    /// What changes of the health of API servers at a call.
    meanwhile: Vec<(Call, u8, u8, Checks)>,
}

impl Stage {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut world = World::new();
        let truth = Truth::create(setup, &mut world);
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
            ways: Vec::new(),
            ways_gone: 0,
            twice: 0,
            meanwhile: Vec::new(),
        }
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        self.runs.clear();
        self.ways.clear();
        self.twice = 0;
        self.meanwhile.clear();
        self.world.clear_requests();
        self.world.dns.clear_questions();
        self.truth.begin(&mut self.world);
        self.tally.count("ticks");
    }

    /// Ends a tick.
    pub(crate) fn end(&mut self) {
        self.world.advance(TICK);
    }

    /// Begins a run of the process in `seat`; tells how to hear of its death.
    pub(crate) fn admit(&mut self, seat: Seat, orders: Orders) -> Arc<Notify> {
        self.tally.count("runs");
        let run = Witness::new(orders, self.truth.managed());
        let killed = Arc::clone(&run.killed);
        self.runs.insert(seat, run);
        killed
    }

    /// From now on calls are on their way for these hundredths of a second.
    pub(crate) fn delay_calls(&mut self, ways: &[u8]) {
        self.ways = ways.iter().map(|&way| Duration::from_millis(10) * way.into()).collect();
        self.ways_gone = 0;
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
            Happening::Fault { call, about, fault, skip, times } => {
                self.plant(call, about, fault, skip, times);
            }
        }
        self.tally.count(happening.kind());
    }

    fn plant(&mut self, call: Call, about: Option<u8>, fault: Fault, skip: u8, times: u8) {
        let mut planted = Planted::on(call.operation()).skip(skip.into()).times(times.into());
        if let Some(frontend) = about.map(|number| &self.truth.frontends[self.truth.frontend(number)]) {
            let cluster = &self.truth.clusters[frontend.cluster].name;
            planted = match (call, &frontend.group) {
                (Call::DescribeCluster, _) => planted.about(cluster),
                (
                    Call::DescribeTargetHealth | Call::RegisterTargets | Call::DeregisterTargets,
                    Some(group),
                ) => planted.about(group),
                _ => planted,
            };
        }
        let planted = match fault {
            Fault::Throttled => planted.throttle(),
            Fault::AccessDenied => planted.access_denied(),
            Fault::InternalFailure => planted.internal_failure(),
            Fault::Reset => planted.reset(),
            Fault::Silence => planted.silence(),
            Fault::AnswerLost => planted.lose_answer(),
            Fault::Truncated => planted.truncate(),
            Fault::Garbage => planted.garble(),
            Fault::Slow(seconds) => planted.delay(Duration::from_secs(seconds.into())),
            Fault::Twice => {
                self.twice = times;
                return;
            }
        };
        if times > 0 {
            self.world.plant(planted);
        }
    }

    /// How long the next call of `seat` is on its way.
    pub(crate) fn way(&mut self) -> Duration {
        self.ways_gone += 1;
        self.ways.get(self.ways_gone % self.ways.len().max(1)).copied().unwrap_or_default()
    }

    /// Answers an AWS call, unless whoever made it is dead by then.
    pub(crate) fn call(&mut self, seat: Seat, request: &Request<'_>) -> Option<(Response, Heard)> {
        let operation = operation(request);
        (seat, request.target, request.body).hash(&mut self.transcript);
        if self.runs.get(&seat).is_none_or(|run| run.dead) {
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
            promises::judge_write(self, seat, &call, &before);
        }
        let read = well && operation == "DescribeTargetHealth";
        let group = call.target_group().filter(|_| read);
        let seen = group.and_then(|group| self.moments().remove(group));
        let interfaces =
            (well && operation == "DescribeNetworkInterfaces").then(|| self.truth.interfaces(&self.world));
        let Self { runs, tally, .. } = self;
        let run = runs.get_mut(&seat).expect("it was there before");
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
            run.is_in_trouble(&call);
        }
        Some((response, Heard { call, well, seen, interfaces }))
    }

    /// An answer has arrived.
    pub(crate) fn arrives(&mut self, seat: Seat, heard: Heard) {
        if let Some(run) = self.runs.get_mut(&seat) {
            run.hears(heard);
        }
    }

    /// Answers a question to the resolver.
    pub(crate) fn answer(&mut self, seat: Seat, question: &[u8], transport: Transport) -> Answered {
        let Self { world, runs, truth, tally, .. } = self;
        let answered = dns::answer(world, question, transport);
        tally.count("DNS questions");
        if let Some(run) = runs.get_mut(&seat) {
            run.is_told(question, &answered, is_private);
        }
        let asked = world.dns.questions().last().map(|question| question.name.clone());
        world.dns.clear_questions();
        for cluster in &mut truth.clusters {
            if asked.as_ref().is_some_and(|name| world.host(&cluster.name).eq_ignore_ascii_case(name)) {
                cluster.was_asked(world);
            }
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

    /// Deletes the target groups whose end is this call.
    fn lose_groups(&mut self, operation: &str, request: &Request<'_>) {
        let Self { world, truth, tally, .. } = self;
        for frontend in &mut truth.frontends {
            let Some(call) = frontend.goes_at() else { continue };
            let group = frontend.group.as_deref().expect("or it could not go");
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

/// Whether `ALLOWED_CIDRS` allows it, of the addresses that are told here.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

impl Call {
    /// The operation as the simulator names it.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Any => "*",
            Self::DescribeLoadBalancers => "DescribeLoadBalancers",
            Self::DescribeTags => "DescribeTags",
            Self::DescribeTargetGroups => "DescribeTargetGroups",
            Self::DescribeCluster => "DescribeCluster",
            Self::DescribeNetworkInterfaces => "DescribeNetworkInterfaces",
            Self::DescribeTargetHealth => "DescribeTargetHealth",
            Self::RegisterTargets => "RegisterTargets",
            Self::DeregisterTargets => "DeregisterTargets",
        }
    }
}

impl Happening {
    /// What it is counted as.
    fn kind(&self) -> &'static str {
        use crate::history::{ClusterState as C, FrontendState as F, Hand as H, Rotation as R};
        match self {
            Self::Rotate { how, .. } => match how {
                R::One(_) => "rotated: one API server",
                R::All => "rotated: all API servers",
                R::Subnets => "rotated: to other subnets",
                R::Back => "rotated: back again",
                R::Resize(_) => "rotated: more or fewer API servers",
                R::Rebuild => "rotated: another endpoint",
            },
            Self::Health { at: None, .. } => "health of an API server changed",
            Self::Health { at: Some(_), .. } => "health of an API server to change",
            Self::Hardened { .. } => "API servers refuse health checks",
            Self::Names { say, .. } => match say {
                Names::ServerFailure => "DNS: SERVFAIL",
                Names::NoSuchName => "DNS: NXDOMAIN",
                Names::Refused => "DNS: REFUSED",
                Names::Silence => "DNS: silence",
                Names::NoData => "DNS: NODATA",
                Names::Garbage => "DNS: garbage",
                Names::OtherName => "DNS: addresses of another name",
                Names::Public => "DNS: public addresses",
                Names::Mixed => "DNS: public and private addresses",
                Names::Half(_) => "DNS: half of the addresses",
                Names::Old => "DNS: old addresses",
                Names::FlapsByTick => "DNS: flaps by tick",
                Names::FlapsByQuestion => "DNS: flaps by question",
                Names::Impostor { passes: false } => "DNS: a private address where nobody is",
                Names::Impostor { passes: true } => "DNS: a private address of somebody else",
                Names::Truncated => "DNS: truncated, TCP answers",
                Names::TruncatedSilent => "DNS: truncated, TCP is silent",
                Names::Late(_) => "DNS: late",
            },
            Self::Cluster { is, .. } => match is {
                C::Updating => "cluster: UPDATING",
                C::Creating => "cluster: CREATING",
                C::Deleting => "cluster: DELETING",
                C::Failed => "cluster: FAILED",
                C::PublicOnly => "cluster: public only",
                C::Unknown => "cluster: unknown to EKS",
            },
            Self::Frontend { is, .. } => match is {
                F::Excluded => "frontend: excluded",
                F::Unmanaged => "frontend: untagged",
                F::Gone => "frontend: target group gone",
                F::GoesAt(_) => "frontend: target group to go",
                F::Unused => "frontend: no listener",
            },
            Self::Hand { does, .. } => match does {
                H::Registers => "by hand: registered a stranger",
                H::RegistersOtherPort => "by hand: registered another port",
                H::RegistersOld => "by hand: registered old API servers",
                H::Deregisters(_) => "by hand: deregistered",
                H::StopsChecks(_) => "by hand: stopped checks",
            },
            Self::Fault { fault, .. } => match fault {
                Fault::Throttled => "AWS: throttled",
                Fault::AccessDenied => "AWS: access denied",
                Fault::InternalFailure => "AWS: internal failure",
                Fault::Reset => "AWS: connection reset",
                Fault::Silence => "AWS: silence",
                Fault::AnswerLost => "AWS: done, answer lost",
                Fault::Truncated => "AWS: done, answer truncated",
                Fault::Garbage => "AWS: done, answer garbage",
                Fault::Twice => "AWS: done twice",
                Fault::Slow(_) => "AWS: slow",
            },
        }
    }
}
