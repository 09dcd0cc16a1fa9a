//! Plays replacements: what happens, what controllers do about it, and who
//! serves whom meanwhile.

use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::Duration;

use eks_nlb_simulator::world::{
    Answer, ClusterSpec, LoadBalancerSpec, MANAGED_TAG, Reply, Scope, TargetGroupSpec,
};
use eks_nlb_simulator::{Health, SharedWorld, World};
use eks_nlb_sync::request::Request;

use crate::controllers::{Controller, Group, Known, Source};
use crate::function::{self, Function, Undisturbed};
use crate::kinds::{Happening, Kind, MINUTE, ROUND, STEP_SECONDS, Server};
use crate::score::{CONNECTIONS, Score, Scores};

/// The cluster whose control plane is replaced.
const CLUSTER: &str = "payments";

/// Nothing happens for so long at first: the first replacement does not come
/// at the moment of a run.
const QUIET: u32 = 3 * MINUTE + 2;

/// How long a registration takes, and until a target has passed its checks too:
/// NLB takes some 3 min.
const REGISTRATION: Duration = Duration::from_secs(150);
const IN_SERVICE: Duration = Duration::from_mins(3);

/// The same, in steps.
const IN_SERVICE_STEPS: u32 = 3 * MINUTE;

/// Steps until checks find out that a server has begun or ceased to answer:
/// ELB wants three in a row, 10 s apart.
const CHECKS_LAG: u32 = 2;

impl Server {
    fn address(self) -> String {
        format!("10.0.{}.{}", self.zone, self.number)
    }
}

/// A target group and who keeps it.
struct Lane {
    controller: Controller,
    group: String,
    score: Score,
}

/// Everything that is there while replacements are played.
struct Stage {
    world: SharedWorld,
    kind: Kind,
    lanes: Vec<Lane>,
    functions: Vec<Function<Undisturbed>>,
    step: u32,
    /// What is to happen, by step.
    to_come: BTreeMap<u32, Vec<Happening>>,
    /// What checks will have found, by step.
    to_find: BTreeMap<u32, Vec<(Server, Health)>>,
    /// What DNS says; nothing if it fails.
    named: Option<Vec<String>>,
    events: Events,
    /// What the hostname controller remembers.
    misses: BTreeMap<String, u32>,
    /// What the all-knowing one knows.
    serves_from: BTreeMap<String, u32>,
    stopped: Vec<String>,
}

/// The events that tell of interfaces.
#[derive(Default)]
struct Events {
    sent: usize,
    /// Whether one has arrived in this step.
    arrived: bool,
}

impl Events {
    /// Sends the next; whether it arrives.
    fn arrives(&mut self, kind: Kind) -> bool {
        let arrives = !kind.loses_event(self.sent);
        self.sent += 1;
        self.arrived |= arrives;
        arrives
    }
}

/// Plays replacements of one kind; how each controller fared.
#[must_use]
pub fn play(kind: Kind, cross_zone: bool, replacements: usize) -> Scores {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime needs nothing");
    runtime.block_on(async { Stage::set(kind, cross_zone).await.play(replacements).await })
}

impl Stage {
    async fn set(kind: Kind, cross_zone: bool) -> Self {
        let world = SharedWorld::default();
        let lanes = lanes(&mut lock(&world), kind, cross_zone);
        let mut functions = Vec::new();
        for source in Source::ALL {
            functions.push(function::start(&world, source).await);
        }
        Self {
            world,
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
        }
    }

    async fn play(mut self, replacements: usize) -> Scores {
        let mut numbers = 10..;
        let mut fresh = |zones: &[u8]| -> Vec<Server> {
            zones.iter().zip(numbers.by_ref()).map(|(&zone, number)| Server { zone, number }).collect()
        };
        let mut servers = fresh(&[1, 2]);
        let mut before = fresh(&[1, 2]);
        self.begin_with(&servers);
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
            for _ in 0..ROUND {
                self.step().await;
            }
        }
        self.lanes.into_iter().map(|lane| (lane.controller, lane.score)).collect()
    }

    /// The control plane has been there for long.
    fn begin_with(&mut self, servers: &[Server]) {
        let filled = self.kind != Kind::ExistedBefore;
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
        self.step += 1;
        lock(&self.world).advance(Duration::from_secs(STEP_SECONDS.into()));
    }

    fn happen(&mut self, happening: Happening) {
        let mut world = lock(&self.world);
        match happening {
            Happening::InterfaceMade(server) => {
                let address = server.address();
                let interface = world.control_plane_interface(CLUSTER, [&address]);
                world.add_interface(interface);
                world.set_serves(&address, false);
                world.set_health(&address, Health::Never);
                self.stopped.retain(|stopped| *stopped != address);
                let lane = self.lanes.iter().find(|lane| lane.controller == Controller::Blueprint);
                let arn = &lane.expect("there is one each").group;
                if self.events.arrives(self.kind) {
                    Group { world: &mut world, arn }.blueprint_registers(&address);
                }
            }
            Happening::InterfaceGoes(server) => {
                world.remove_interfaces_at(&server.address());
                self.events.arrives(self.kind);
            }
            Happening::Serves(server) => world.set_serves(&server.address(), true),
            Happening::PassesChecks(server) => {
                let fail = self.kind == Kind::ChecksFail;
                let passes = if fail { Health::Never } else { Health::After(IN_SERVICE) };
                self.to_find.entry(self.step + CHECKS_LAG).or_default().push((server, passes));
            }
            Happening::Stops(server) => {
                world.set_serves(&server.address(), false);
                self.stopped.push(server.address());
            }
            Happening::FailsChecks(server) => {
                self.to_find.entry(self.step + CHECKS_LAG).or_default().push((server, Health::Never));
            }
            Happening::Names(servers) => {
                let named: Vec<String> = servers.iter().map(|server| server.address()).collect();
                let host = world.host(CLUSTER);
                let answer = named.iter().map(|address| address.parse().expect("an address")).collect();
                world.dns.set(&host, Answer::addresses(answer));
                self.named = Some(named);
            }
            Happening::NamesFail => {
                let host = world.host(CLUSTER);
                world.dns.set(&host, Reply::ServerFailure);
                self.named = None;
            }
        }
    }

    /// All controllers but the function, each when it is its turn; whether the
    /// function `runs` now.
    fn others(&mut self, runs: bool) {
        let mut world = lock(&self.world);
        let every = |minutes: u32| self.step.is_multiple_of(minutes * MINUTE);
        let in_time = |address: &&String| {
            self.serves_from
                .get(*address)
                .is_some_and(|from| from.saturating_sub(IN_SERVICE_STEPS) <= self.step)
        };
        let interfaces: Vec<String> =
            world.interfaces().flat_map(|i| &i.addresses).map(ToString::to_string).collect();
        let known = Known { named: self.named.clone(), interfaces: interfaces.clone() };
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
                // It is not its turn.
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
            self.lanes.iter().map(|lane| (lane.controller, served(&world, &lane.group))).collect();
        let best = &all[&Controller::AllKnowing];
        for Lane { controller, group, score } in &mut self.lanes {
            // The others are held to nothing.
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

/// Makes the cluster, without servers, and a load balancer for everyone.
fn lanes(world: &mut World, kind: Kind, cross_zone: bool) -> Vec<Lane> {
    world.registration = REGISTRATION;
    world.healthy_after = IN_SERVICE;
    // Interfaces come and go as the script says.
    world.interfaces_linger = Duration::MAX;
    let scope = Scope::default();
    let vpc = world.add_vpc(&scope);
    for (subnet, zone) in (1..).zip(scope.zones()) {
        world.add_subnet(&scope, &vpc, &format!("10.0.{subnet}.0/24"), &zone);
    }
    let none: [&str; 0] = [];
    world.create_cluster(ClusterSpec { vpc: Some(vpc.clone()), ..ClusterSpec::new(CLUSTER, none) });
    let zones = scope.zones().into_iter().take(if kind == Kind::OtherZones { 3 } else { 2 });
    let zones: Vec<String> = zones.collect();
    let lane = |controller| {
        // Only the function's load balancers have the tags.
        let spec = if let Controller::Function(source) = controller {
            LoadBalancerSpec::managed(CLUSTER).tag(MANAGED_TAG.0, source.as_str())
        } else {
            LoadBalancerSpec::network("other")
        };
        let (vpc, zones) = (Some(vpc.clone()), Some(zones.clone()));
        let balancer = world.add_load_balancer(LoadBalancerSpec { vpc, zones, cross_zone, ..spec });
        let group = world.add_target_group(TargetGroupSpec::ip(&balancer));
        Lane { controller, group, score: Score::default() }
    };
    Controller::ALL.map(lane).into()
}

/// How many of its connections each zone's node brings to a server.
fn served(world: &World, group: &str) -> BTreeMap<String, usize> {
    let (nodes, served) = (world.nodes(group), world.served(group));
    let share = |zone: &String| CONNECTIONS * served[zone].len() / nodes[zone].targets.len().max(1);
    nodes.keys().map(|zone| (zone.clone(), share(zone))).collect()
}

fn lock(world: &SharedWorld) -> MutexGuard<'_, World> {
    world.lock().expect("nobody panics with it")
}
