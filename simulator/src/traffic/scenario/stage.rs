//! Carries out the steps of a schedule, on sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use super::controller::{Controller, invoke, run};
use super::perfect;
use super::schedule::{Kind, Server, Step};
use super::score::{Possible, Score};
use super::{Outcome, STEP, Script};
use crate::Simulator;
use crate::process::{Process, command};
use crate::traffic::{ApiServer, Authority, Checks, Client, NetworkLoadBalancer, Pace, Session};
use crate::world::{Answer, ClusterSpec, LoadBalancerSpec, Scope, TargetGroupSpec, World};

/// The cluster whose control plane is replaced.
const CLUSTER: &str = "payments";

/// In service after 3.5 minutes: NLB takes 3 to 5.
const PACE: Pace = Pace { registration: Duration::from_secs(150), healthy_checks: 3, unhealthy_checks: 2 };

/// Where clients are that stay connected.
const STAYING: Ipv4Addr = Ipv4Addr::new(127, 0, 8, 1);

/// One load balancer, its clients and its controller.
struct Lane {
    controller: Controller,
    group: String,
    balancer: NetworkLoadBalancer,
    client: Client,
    score: Mutex<Score>,
    /// Connections made in each step.
    connections: usize,
}

/// Everything that is there while the scenario is played.
pub(super) struct Stage {
    sim: Simulator,
    _process: Process,
    host: String,
    port: u16,
    authority: Authority,
    servers: BTreeMap<SocketAddr, ApiServer>,
    checks: Checks,
    lanes: Vec<Lane>,
    sessions: Vec<Session>,
    /// How many sessions there are to be.
    wanted: usize,
    /// The target group of the perfect controller, and what it has in service.
    perfect: (String, NetworkLoadBalancer),
}

impl Stage {
    /// Sets up the cluster, its `servers`, and a load balancer for everyone.
    pub(super) async fn set(program: &Path, script: &Script, servers: &[Server]) -> io::Result<Self> {
        let sim = Simulator::start().await;
        let authority = Authority::make()?;
        let addresses: Vec<_> = servers.iter().map(|&server| address_of(server)).collect();
        let vpc = make_cluster(&mut sim.world(), &addresses);
        let host = sim.world().host(CLUSTER);

        // The port of the first server, which may be any, is that of all.
        let mut running = BTreeMap::new();
        let mut port = 0;
        for &ip in &addresses {
            let server = ApiServer::start((ip, port).into(), &authority, &host).await?;
            port = server.address().port();
            running.insert(server.address(), server);
        }

        let group = |spec| make_group(&mut sim.world(), spec, &vpc, port, &addresses);
        let client = Client::new(&authority, &host)?;
        let mut lanes = Vec::new();
        for controller in Controller::ALL {
            // Only the function's load balancer has the tags.
            let (spec, connections) = match controller {
                Controller::Shipped => (LoadBalancerSpec::managed(CLUSTER), script.connections),
                Controller::DeregisterAllThenRegister | Controller::RegisterThenDeregisterAtOnce => {
                    (LoadBalancerSpec::network("other"), script.others)
                }
            };
            let group = group(spec);
            let balancer = NetworkLoadBalancer::start(sim.shared_world(), &group, PACE).await?;
            let (client, score) = (client.clone(), Mutex::default());
            lanes.push(Lane { controller, group, balancer, client, score, connections });
        }
        let perfect = group(LoadBalancerSpec::network("perfect"));
        let balancer = NetworkLoadBalancer::start(sim.shared_world(), &perfect, PACE).await?;
        let groups = lanes.iter().map(|lane| &lane.group).chain([&perfect]).cloned().collect();
        let checks = Checks::new(sim.shared_world(), client, groups, PACE);

        let mut function = command(program, &sim);
        function.env("ALLOWED_CIDRS", "127.0.0.0/8");
        Ok(Self {
            _process: Process::start(function)?,
            sim,
            host,
            port,
            authority,
            servers: running,
            checks,
            lanes,
            sessions: Vec::new(),
            wanted: script.sessions,
            perfect: (perfect, balancer),
        })
    }

    /// Carries out one step of a replacement.
    pub(super) async fn step(&mut self, step: Step, kind: Kind) -> io::Result<()> {
        self.happen(&step).await?;
        self.checks.round().await;
        for lane in &self.lanes {
            lane.balancer.settle();
        }
        if step.tick {
            let leaving = step.leaving.iter().map(|&server| address_of(server).to_string()).collect();
            perfect::run(&mut self.sim.world(), (&self.perfect.0, &self.host), &leaving);
        }
        let could = Arc::new(Possible {
            when: format!("after {} s", self.sim.world().now().as_secs()),
            orderly: Kind::ORDERLY.contains(&kind),
            live: self.servers.keys().copied().collect(),
            in_service: self.perfect.1.serving().into_iter().collect(),
        });
        let (sim, host) = (&self.sim, self.host.as_str());
        let [function, second, third] = self.lanes.as_slice() else { unreachable!("three controllers") };
        let (first, (), ()) = tokio::join!(
            function.step(sim, host, step.tick, &could),
            async { second.step(sim, host, step.tick, &could).await.unwrap_or_default() },
            async { third.step(sim, host, step.tick, &could).await.unwrap_or_default() },
        );
        first?;
        self.converse().await;
        Ok(())
    }

    /// How it went.
    pub(super) fn end(self, replacements: usize) -> Outcome {
        let scores = self.lanes.into_iter().map(|lane| {
            let score = lane.score.into_inner().unwrap_or_else(PoisonError::into_inner);
            (lane.controller, score)
        });
        Outcome { replacements, simulated: self.sim.world().now(), scores: scores.collect() }
    }

    /// Lets time pass, and what happens happen.
    async fn happen(&mut self, step: &Step) -> io::Result<()> {
        self.sim.world().advance(STEP);
        for &server in &step.start {
            let address = SocketAddr::from((address_of(server), self.port));
            let server = ApiServer::start(address, &self.authority, &self.host).await?;
            self.servers.insert(address, server);
        }
        for &server in &step.stop {
            let address = SocketAddr::from((address_of(server), self.port));
            self.servers.remove(&address).expect("only what runs is stopped").stop().await;
        }
        if let Some(names) = &step.names {
            let names = names.iter().map(|&server| address_of(server).into()).collect();
            self.sim.world().dns.set(&self.host, Answer::addresses(names));
        }
        Ok(())
    }

    /// Asks in every connection that stays, and replaces those that ended.
    async fn converse(&mut self) {
        let Some(lane) = self.lanes.first() else { return };
        let there: BTreeSet<_> = self.sim.world().targets(&lane.group).into_keys().collect();
        let mut stay = Vec::new();
        for mut session in self.sessions.drain(..) {
            let asked = session.ask().await;
            let mut score = lane.score();
            score.requests += 1;
            let Err(error) = asked else {
                stay.push(session);
                continue;
            };
            let target = lane.balancer.forget(session.from());
            let blameless = |target: &SocketAddr| {
                !self.servers.contains_key(target) || !there.contains(&target.to_string())
            };
            if target.as_ref().is_some_and(blameless) {
                score.ended += 1;
            } else {
                score.cut += 1;
                score.complain(|| format!("a connection to {target:?} was cut: {error}"));
            }
        }
        while stay.len() < self.wanted {
            // Whether there can be a connection is for the others to count.
            let client = lane.client.at(STAYING);
            let Ok(session) = client.open(lane.balancer.address()).await else { break };
            lane.score().sessions += 1;
            stay.push(session);
        }
        self.sessions = stay;
    }
}

impl Lane {
    fn score(&self) -> MutexGuard<'_, Score> {
        self.score.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects, and runs the controller meanwhile if it is its turn.
    async fn step(&self, sim: &Simulator, host: &str, tick: bool, could: &Arc<Possible>) -> io::Result<()> {
        if !tick {
            self.connect(self.connections, could).await;
            return Ok(());
        }
        let meanwhile = self.connections / 2;
        let clients = self.connect(meanwhile, could);
        if self.controller == Controller::Shipped {
            tokio::join!(invoke(sim), clients).0?;
        } else {
            run(self.controller, &sim.shared_world(), (&self.group, host), clients).await;
        }
        self.connect(self.connections - meanwhile, could).await;
        Ok(())
    }

    /// Makes `n` connections, all at the same time.
    async fn connect(&self, n: usize, could: &Possible) {
        let address = self.balancer.address();
        let attempts = (0..n).map(|n| {
            // Each at an address of its own: a port that is free again and
            // taken by the next is not taken for the one before.
            let client = self.client.at(user(n));
            async move { client.attempt(address).await }
        });
        let attempts: JoinSet<_> = attempts.collect();
        for attempt in attempts.join_all().await {
            let target = attempt.from.and_then(|from| self.balancer.forget(from));
            let failure = attempt.outcome.err().map(|error| error.to_string());
            self.score().count(failure.as_deref(), target, could);
        }
    }
}

/// Makes the cluster, in a VPC whose subnets are on loopback; the VPC's id.
fn make_cluster(world: &mut World, addresses: &[Ipv4Addr]) -> String {
    // Checks alone say who is healthy.
    world.healthy_after = Duration::MAX;
    let scope = Scope::default();
    let vpc = world.add_vpc(&scope);
    for (subnet, zone) in (1..).zip(scope.zones()) {
        world.add_subnet(&scope, &vpc, &format!("127.0.{subnet}.0/24"), &zone);
    }
    let addresses = addresses.iter().map(ToString::to_string);
    world.create_cluster(ClusterSpec { vpc: Some(vpc.clone()), ..ClusterSpec::new(CLUSTER, addresses) });
    vpc
}

/// Makes a load balancer and its group, which has converged; the group's ARN.
fn make_group(
    world: &mut World,
    spec: LoadBalancerSpec,
    vpc: &str,
    port: u16,
    addresses: &[Ipv4Addr],
) -> String {
    let balancer = world.add_load_balancer(LoadBalancerSpec { vpc: Some(vpc.to_owned()), ..spec });
    let spec = TargetGroupSpec { port: Some(port), ..TargetGroupSpec::ip(&balancer) };
    let group = world.add_target_group(spec);
    world.put_targets(&group, addresses.iter().map(ToString::to_string));
    group
}

/// The address of a server.
fn address_of((subnet, host): Server) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, subnet, host)
}

/// Where the n-th of those is who connect at the same time.
fn user(n: usize) -> Ipv4Addr {
    let host = u8::try_from(n).expect("no more than 255 at a time");
    Ipv4Addr::new(127, 0, 9, host)
}
