//! Plays replacements: what happens, what controllers do about it, and which
//! connections fail.

mod happen;
mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;
use std::time::Duration;

use eks_nlb_simulator::{Health, SharedWorld, World};
use eks_nlb_sync::request::Request;

use crate::controllers::{Controller, Group};
use crate::function::{self, Function, Undisturbed};
use crate::kinds::{Happening, Kind, MINUTE, ROUND, STEP_SECONDS, Server};
use crate::lanes::{CLUSTER, Lane, Setup, lanes};
use crate::score::{CONNECTIONS, Scores};
use crate::sources::{Known, Source};
use happen::Events;

pub use recorded::{Moment, Observer, Script, observe, replay};

/// Nothing happens at first, so that the first replacement does not come at the
/// moment of a run.
const QUIET: u32 = 3 * MINUTE + 2;

/// When a zonal shift begins and ends in each replacement.
const SHIFT: [u32; 2] = [MINUTE, 9 * MINUTE];

impl Server {
    fn address(self) -> String {
        format!("10.0.{}.{}", self.zone, self.number)
    }
}

/// Replacements that are being played.
struct Play {
    world: SharedWorld,
    setup: Setup,
    kind: Kind,
    lanes: Vec<Lane>,
    functions: Vec<Function<Undisturbed>>,
    step: u32,
    /// What is to happen, by step.
    to_come: BTreeMap<u32, Vec<Happening>>,
    /// What checks will have found, by step.
    to_find: BTreeMap<u32, Vec<(Server, Health)>>,
    /// What DNS names; nothing if it fails.
    named: Option<Vec<String>>,
    events: Events,
    /// What the hostname controller remembers.
    misses: BTreeMap<String, u32>,
    /// What the all-knowing controller knows.
    serves_from: BTreeMap<String, u32>,
    stopped: Vec<String>,
    /// The servers that would pass their checks.
    ready: BTreeSet<String>,
    observer: Option<Observer>,
}

/// Plays replacements of one kind, and scores each controller.
#[must_use]
pub fn play(kind: Kind, setup: Setup, replacements: usize) -> Scores {
    in_simulated_time(async { Play::set_up(kind, zones_of(kind), setup).await.play(replacements).await })
}

/// How many zones the load balancers of a kind are enabled in.
fn zones_of(kind: Kind) -> usize {
    if kind == Kind::OtherZones { 3 } else { 2 }
}

fn in_simulated_time<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime needs nothing");
    runtime.block_on(work)
}

impl Play {
    async fn set_up(kind: Kind, zones: usize, setup: Setup) -> Self {
        let world = SharedWorld::default();
        let lanes = lanes(&mut lock(&world), zones, setup);
        let mut functions = Vec::new();
        for source in Source::ALL {
            functions.push(function::start(&world, source).await);
        }
        Self {
            world,
            setup,
            kind,
            lanes,
            functions,
            step: 0,
            to_come: BTreeMap::new(),
            to_find: BTreeMap::new(),
            named: None,
            events: Events::default(),
            misses: BTreeMap::new(),
            serves_from: BTreeMap::new(),
            stopped: Vec::new(),
            ready: BTreeSet::new(),
            observer: None,
        }
    }

    async fn play(mut self, replacements: usize) -> Scores {
        let mut numbers = 10..;
        let mut fresh = |zones: &[u8]| -> Vec<Server> {
            zones.iter().zip(numbers.by_ref()).map(|(&zone, number)| Server { zone, number }).collect()
        };
        let mut servers = fresh(&[1, 2]);
        let mut before = fresh(&[1, 2]);
        self.begin_with(&servers, self.kind != Kind::ExistedBefore);
        for _ in 0..QUIET {
            self.step().await;
        }
        for n in 0..replacements {
            let mut new = fresh(self.kind.new_zones(n));
            if self.kind == Kind::Back {
                new.clone_from(&before);
            } else if matches!(self.kind, Kind::One | Kind::Crash) {
                // The others stay.
                new.extend(servers.iter().skip(1));
            }
            for (at, happening) in self.kind.script(&servers, &new) {
                if let Happening::Serves(server) = happening {
                    self.serves_from.insert(server.address(), self.step + at);
                }
                self.to_come.entry(self.step + at).or_default().push(happening);
            }
            before.clone_from(&servers);
            servers = new;
            for step in 0..ROUND {
                self.shift(step);
                self.step().await;
            }
        }
        self.scores()
    }

    fn scores(self) -> Scores {
        self.lanes.into_iter().map(|lane| (lane.controller, lane.score)).collect()
    }

    /// The control plane has existed for a long time.
    fn begin_with(&mut self, servers: &[Server], filled: bool) {
        let addresses: Vec<String> = servers.iter().map(|server| server.address()).collect();
        for (server, address) in servers.iter().zip(&addresses) {
            self.serves_from.insert(address.clone(), 0);
            let mut world = lock(&self.world);
            let interface = world.control_plane_interface(CLUSTER, [address]);
            world.add_interface(interface);
            drop(world);
            self.happen(Happening::PassesChecks(*server));
        }
        self.happen(Happening::Names(servers.to_vec()));
        for lane in self.lanes.iter().filter(|_| filled) {
            lock(&self.world).put_targets(&lane.group, &addresses);
        }
        if !self.setup.read_lag.is_zero() {
            lock(&self.world).set_read_lags(&[self.setup.read_lag]);
        }
    }

    /// Starts and ends the zonal shift of a replacement that is at `step`.
    fn shift(&self, step: u32) {
        if self.setup.is_shifted && SHIFT.contains(&step) {
            for lane in &self.lanes {
                lane.shift(step == SHIFT[0], &mut lock(&self.world));
            }
        }
    }

    async fn step(&mut self) {
        for happening in self.to_come.remove(&self.step).unwrap_or_default() {
            self.happen(happening);
        }
        for (server, health) in self.to_find.remove(&self.step).unwrap_or_default() {
            lock(&self.world).set_health(&server.address(), health);
        }
        let runs = std::mem::take(&mut self.events.arrived) || self.step.is_multiple_of(MINUTE);
        for function in self.functions.iter().filter(|_| runs) {
            let report = function.run(&Request::default()).await.expect("nothing disturbs it");
            assert!(self.named.is_none() || report.summary.failed == 0, "{report:?}");
        }
        self.others(runs);
        self.connect();
        self.show().await;
        self.step += 1;
        lock(&self.world).advance(Duration::from_secs(STEP_SECONDS.into()));
    }

    /// Runs every controller but the function, each when it is due. `runs` says
    /// whether the function has run now.
    fn others(&mut self, runs: bool) {
        let mut world = lock(&self.world);
        let every = |minutes: u32| self.step.is_multiple_of(minutes * MINUTE);
        let in_time = |address: &&String| {
            self.serves_from
                .get(*address)
                .is_some_and(|from| from.saturating_sub(self.setup.lead_steps()) <= self.step)
        };
        let interfaces = interfaces(&world);
        let listed = world.as_last_read(|world| self::interfaces(world));
        let known = Known { named: self.named.clone(), interfaces: listed };
        let named = self.named.as_deref();
        let coming = interfaces.iter().filter(in_time).filter(|a| !self.stopped.contains(a));
        let coming: Vec<String> = coming.cloned().collect();
        for lane in &self.lanes {
            let mut group = Group { world: &mut world, arn: &lane.group };
            match lane.controller {
                Controller::Blueprint if every(15) => group.blueprint_sweeps(),
                Controller::Hostname if every(5) => group.hostname(named, &mut self.misses),
                Controller::Cron if every(1) => group.cron(named),
                Controller::SameKnowledge(source) if runs => group.same_knowledge(source, &known),
                Controller::AllKnowing => group.all_knowing(&coming, &self.stopped),
                // It is not due.
                Controller::Function(_)
                | Controller::Blueprint
                | Controller::Hostname
                | Controller::Cron
                | Controller::SameKnowledge(_) => {}
            }
        }
    }

    /// Clients connect in every zone.
    fn connect(&mut self) {
        let world = lock(&self.world);
        let all: BTreeMap<Controller, BTreeMap<String, usize>> =
            self.lanes.iter().map(|lane| (lane.controller, lane.served(&world))).collect();
        let best = &all[&Controller::AllKnowing];
        for Lane { controller, group, score, .. } in &mut self.lanes {
            // The other policies have no controller to be compared with.
            let peer = match *controller {
                Controller::Function(source) => Controller::SameKnowledge(source),
                Controller::AllKnowing => Controller::SameKnowledge(Source::Eni),
                Controller::Blueprint
                | Controller::Hostname
                | Controller::Cron
                | Controller::SameKnowledge(_) => *controller,
            };
            let same = &all[&peer];
            for (zone, &own) in &all[controller] {
                score.made += CONNECTIONS;
                score.failed += CONNECTIONS - own;
                score.avoidable += best[zone].saturating_sub(own);
                score.beyond_same_knowledge += same[zone].saturating_sub(own);
                if same[zone] > own && score.complaints.len() < 5 {
                    let targets = world.targets(group);
                    score.complaints.push(format!("{zone} at step {}, with {targets:?}", self.step));
                }
            }
        }
    }
}

fn lock(world: &SharedWorld) -> MutexGuard<'_, World> {
    world.lock().expect("no holder of the world panics")
}

/// The addresses of the control plane's interfaces.
fn interfaces(world: &World) -> Vec<String> {
    world.interfaces().flat_map(|interface| &interface.addresses).map(ToString::to_string).collect()
}
