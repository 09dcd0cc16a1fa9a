//! The true state: which API servers live, what DNS should answer, and which
//! target groups may be written. The code under test never sees it.

mod cluster;
mod frontend;
mod happen;
mod moment;
mod reads;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::{LoadBalancerSpec, TargetGroupSpec};

use crate::history::{Names, Setup, Source};
use cluster::ClusterTruth;
use frontend::FrontendTruth;

pub(crate) use moment::{Moment, Numbering, States, states};
pub(crate) use reads::{Interfaces, Shown};

/// The time between two runs of the schedule.
pub(crate) const TICK: Duration = Duration::from_mins(1);

/// How long the interface of an API server stays that has stopped.
const INTERFACES_LINGER_TICKS: u32 = 5;

/// The port of every target group.
pub(crate) const PORT: u16 = 443;

/// How things really are.
#[derive(Debug)]
pub(crate) struct GroundTruth {
    pub(crate) clusters: Vec<ClusterTruth>,
    pub(crate) frontends: Vec<FrontendTruth>,
    /// Groups that are always excluded, or that no managed load balancer has.
    strangers: Vec<String>,
    now: u32,
    /// No cluster has fewer API servers.
    fewest: u8,
    /// Reads lag until this tick.
    reads_lag: Option<u32>,
    /// What a read could show at the end of the last ticks.
    past: Vec<(u32, Shown)>,
}

/// A target group that a run may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Managed {
    pub(crate) frontend: usize,
    /// Whether the run has to manage it. A group next to a tagged one that is
    /// deleted in the middle of the run may be managed or skipped.
    pub(crate) is_certain: bool,
}

impl GroundTruth {
    /// Makes the world of `setup`.
    pub(crate) fn create(setup: &Setup, world: &mut World) -> Self {
        world.healthy_after = TICK;
        world.registration = TICK * setup.registers.into();
        world.interfaces_linger = TICK * INTERFACES_LINGER_TICKS;
        // These sources fail with fewer interfaces.
        let fewest = if matches!(setup.source, Source::Interfaces | Source::Both) { 2 } else { 1 };
        let mut truth = Self {
            clusters: Vec::new(),
            frontends: Vec::new(),
            strangers: Vec::new(),
            now: 0,
            fewest,
            reads_lag: None,
            past: Vec::new(),
        };
        for (index, cluster) in setup.clusters.iter().enumerate() {
            let made = ClusterTruth::create(index, cluster.servers.max(fewest), world);
            for frontend in &cluster.frontends {
                let frontend = FrontendTruth::create(index, &made, frontend, world);
                truth.frontends.push(frontend);
            }
            truth.clusters.push(made);
        }
        if setup.strangers {
            truth.add_strangers(world);
        }
        world.keep_past(reads::LONGEST_LAG);
        truth
    }

    fn add_strangers(&mut self, world: &mut World) {
        let unmanaged = world.add_load_balancer(LoadBalancerSpec::network("strange"));
        let managed = self.frontends[0].load_balancer.clone();
        for spec in [
            TargetGroupSpec::ip(&unmanaged),
            TargetGroupSpec::ip(&unmanaged).unattached(),
            TargetGroupSpec::ip(&managed).excluded(),
        ] {
            let group = world.add_target_group(spec);
            world.put_targets(&group, ["10.200.0.1", "10.200.0.2"]);
            self.strangers.push(group);
        }
    }

    /// Begins a tick: conditions that were to last until now end.
    pub(crate) fn begin(&mut self, world: &mut World) {
        self.now += 1;
        let now = self.now;
        world.clear_faults();
        if self.reads_lag.take_if(|until| *until <= now).is_some() {
            world.set_read_lags(&[]);
        }
        for cluster in &mut self.clusters {
            cluster.begin(now, world);
        }
        for frontend in &mut self.frontends {
            if frontend.state.is_some_and(|(_, until)| until <= now) {
                frontend.restore(world);
            }
        }
        self.keep_state();
    }

    /// Ends every disturbance. API servers that never pass their checks stay.
    pub(crate) fn settle(&mut self, world: &mut World) {
        self.begin(world);
        self.reads_lag = None;
        world.set_read_lags(&[]);
        for cluster in &mut self.clusters {
            cluster.settle(world);
        }
        for frontend in &mut self.frontends {
            frontend.restore(world);
            let group = frontend.group.as_deref().expect("it was restored");
            for target in world.target_group_mut(group).targets.values_mut() {
                target.pinned = None;
            }
        }
    }

    /// The number of the cluster that a history means.
    pub(crate) fn cluster(&self, number: u8) -> usize {
        usize::from(number) % self.clusters.len()
    }

    /// The number of the frontend that a history means.
    pub(crate) fn frontend(&self, number: u8) -> usize {
        usize::from(number) % self.frontends.len()
    }

    /// Switches to the other answer, where DNS alternates for this host name.
    pub(crate) fn was_asked(&mut self, host: &str, world: &mut World) {
        for cluster in &mut self.clusters {
            let alternates = matches!(cluster.names, Some((Names::FlapsByQuestion, _)));
            if alternates && world.host(&cluster.name).eq_ignore_ascii_case(host) {
                cluster.flap(world);
            }
        }
    }

    /// Whether an API server of the frontend's cluster lives at `target`.
    pub(crate) fn lives(&self, frontend: usize, target: SocketAddr) -> bool {
        let cluster = &self.clusters[self.frontends[frontend].cluster];
        target.port() == PORT && cluster.lives(target.ip())
    }

    /// What the frontend's group should have in service.
    pub(crate) fn desired(&self, frontend: usize) -> BTreeSet<SocketAddr> {
        let frontend = &self.frontends[frontend];
        let servers = self.clusters[frontend.cluster].servers.iter();
        servers.map(|server| frontend.target_at(*server, PORT)).collect()
    }

    /// The target groups that may be written.
    pub(crate) fn managed(&self) -> BTreeMap<String, Managed> {
        let frontends = self.frontends.iter().enumerate();
        let groups = frontends.flat_map(|(index, frontend)| {
            frontend
                .managed()
                .map(move |(group, is_certain)| (group, Managed { frontend: index, is_certain }))
        });
        groups.collect()
    }

    /// Every target group that there is, as it is now.
    pub(crate) fn moments(&self, world: &World) -> BTreeMap<String, Moment> {
        let frontends = self.frontends.iter().enumerate();
        let own =
            frontends.flat_map(|(index, frontend)| frontend.groups().map(move |group| (group, Some(index))));
        let all = own.chain(self.strangers.iter().map(|group| (group.as_str(), None)));
        all.map(|(group, frontend)| (group.to_owned(), self.moment(world, group, frontend))).collect()
    }

    /// `group` of a frontend, if it has one, as it is in `world`.
    pub(crate) fn moment(&self, world: &World, group: &str, frontend: Option<usize>) -> Moment {
        Moment::of(world, group, |target| frontend.is_some_and(|index| self.lives(index, *target)))
    }

    /// Whether there is such a target group.
    pub(crate) fn has(&self, group: &str) -> bool {
        let mut own = self.frontends.iter().flat_map(FrontendTruth::groups);
        own.any(|there| there == group) || self.strangers.iter().any(|there| there == group)
    }
}
