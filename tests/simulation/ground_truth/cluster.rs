//! A cluster as it really is: its API servers, what DNS answers for it, and what
//! EKS lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use eks_nlb_simulator::world::{Answer, ClusterStatus, Reply, Tcp};
use eks_nlb_simulator::{Fault, World};

use super::server::{Server, set_health, texts};
use crate::history::{Checks, ClusterState, Names, Rotation};

/// A cluster as it really is.
#[derive(Debug)]
pub(crate) struct ClusterTruth {
    pub(crate) name: String,
    /// The servers that DNS should name.
    pub(super) servers: Vec<Server>,
    pub(super) before: Vec<Server>,
    /// Out of DNS, serving until a tick, and failing their checks from a later
    /// one on.
    leaving: Vec<(Server, u32, u32)>,
    next_host: u8,
    pub(super) names: Option<(Names, u32)>,
    pub(super) flipped: bool,
    state: Option<(ClusterState, u32)>,
    /// Its API servers fail all health checks.
    pub(super) hardened: bool,
}

impl ClusterTruth {
    /// Makes the cluster with this number.
    pub(super) fn create(number: usize, servers: u8, world: &mut World) -> Self {
        let mut cluster = Self {
            name: format!("cluster-{number}"),
            servers: Vec::new(),
            before: Vec::new(),
            leaving: Vec::new(),
            next_host: 9,
            names: None,
            flipped: false,
            state: None,
            hardened: false,
        };
        let number = u8::try_from(number).expect("few clusters");
        cluster.servers = (0..servers).map(|subnet| cluster.new_server(number, subnet)).collect();
        cluster.before.clone_from(&cluster.servers);
        world.add_cluster(&cluster.name, cluster.addresses());
        cluster
    }

    /// Begins a tick: conditions that were to last until `now` end.
    pub(super) fn begin(&mut self, now: u32, world: &mut World) {
        self.bury(now, world);
        if self.names.take_if(|(_, until)| *until <= now).is_some() {
            self.publish(world);
        }
        if self.state.is_some_and(|(_, until)| until <= now) {
            self.set_state(None, world);
        }
        if let Some((Names::FlapsByTick, _)) = self.names {
            self.flap(world);
        }
        if let Some((ClusterState::Unknown, _)) = self.state {
            self.hide(world);
        }
    }

    /// Ends every disturbance.
    pub(super) fn settle(&mut self, world: &mut World) {
        self.bury(u32::MAX, world);
        self.names = None;
        self.set_state(None, world);
    }

    fn new_server(&mut self, cluster: u8, subnet: u8) -> Server {
        loop {
            self.next_host = if self.next_host == 250 { 10 } else { self.next_host + 1 };
            let server = Server { cluster, subnet, host: self.next_host };
            if !self.lives(server.v4()) {
                return server;
            }
        }
    }

    pub(super) fn lives(&self, ip: IpAddr) -> bool {
        let leaving = self.leaving.iter().filter(|(_, until, _)| *until > 0).map(|(server, ..)| server);
        self.servers.iter().chain(leaving).any(|server| server.addresses().contains(&ip))
    }

    /// The addresses that DNS should name, in both families.
    fn addresses(&self) -> Vec<String> {
        texts(&self.servers)
    }

    pub(super) fn rotate(
        &mut self,
        number: u8,
        how: Rotation,
        health: Checks,
        (now, (linger, unnoticed)): (u32, (u8, u8)),
        world: &mut World,
    ) {
        let old = self.servers.clone();
        let mut new = old.clone();
        match how {
            Rotation::One(n) => {
                let replaced = &mut new[usize::from(n) % old.len()];
                *replaced = self.new_server(number, replaced.subnet);
            }
            Rotation::All | Rotation::Rebuild => {
                new = old.iter().map(|s| self.new_server(number, s.subnet)).collect();
            }
            Rotation::Subnets => {
                new = old.iter().map(|s| self.new_server(number, s.subnet ^ 8)).collect();
            }
            Rotation::Back => new.clone_from(&self.before),
            Rotation::Resize(servers) => {
                new.truncate(servers.into());
                while new.len() < servers.into() {
                    let subnet = u8::try_from(new.len()).expect("few servers");
                    new.push(self.new_server(number, subnet));
                }
            }
        }
        for &server in new.iter().filter(|server| !old.contains(server)) {
            set_health(server, health, world);
        }
        let until = now + u32::from(linger);
        let left = old.iter().filter(|server| !new.contains(server));
        self.leaving.extend(left.map(|&server| (server, until, until + u32::from(unnoticed))));
        self.leaving.retain(|(server, ..)| !new.contains(server));
        self.before = old;
        self.servers = new;
        if how == Rotation::Rebuild {
            self.set_state(None, world);
            world.recreate_cluster(&self.name, self.addresses());
        } else {
            world.rotate(&self.name, self.addresses());
        }
        self.bury(now, world);
        self.publish(world);
    }

    /// Ends the API servers whose time is over at `now`.
    fn bury(&mut self, now: u32, world: &mut World) {
        for (server, until, found) in &mut self.leaving {
            if *until <= now {
                *until = 0;
            }
            if *found <= now {
                set_health(*server, Checks::Never, world);
            }
        }
        self.leaving.retain(|(_, _, found)| *found > now);
    }

    pub(super) fn flap(&mut self, world: &mut World) {
        self.flipped = !self.flipped;
        self.publish(world);
    }

    /// Sets what the resolver answers now.
    pub(super) fn publish(&self, world: &mut World) {
        let Some((say, _)) = self.names else { return world.publish(&self.name) };
        let host = world.host(&self.name);
        let addresses = |servers: &[Server]| servers.iter().flat_map(|s| s.addresses()).collect::<Vec<_>>();
        let public: [IpAddr; 2] =
            [Ipv4Addr::new(203, 0, 113, 10).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()];
        let right = addresses(&self.servers);
        let answer: Answer = match say {
            Names::ServerFailure => Reply::ServerFailure.into(),
            Names::NoSuchName => Reply::NoSuchName.into(),
            Names::Refused => Reply::Refused.into(),
            Names::Silence => Reply::Silence.into(),
            Names::NoData => Answer::none(),
            Names::Garbage => Reply::Garbage.into(),
            Names::OtherName => Reply::OtherName(right).into(),
            Names::Public => Answer::addresses(public.into()),
            Names::Mixed => Answer::addresses(right.into_iter().chain(public).collect()),
            Names::Half(from) => {
                let all = self.servers.len();
                let half = self.servers.iter().cycle().skip(from.into()).take(all.div_ceil(2));
                Answer::addresses(addresses(&half.copied().collect::<Vec<_>>()))
            }
            Names::Old => Answer::addresses(addresses(&self.before)),
            Names::FlapsByTick | Names::FlapsByQuestion if self.flipped => {
                Answer::addresses(addresses(&self.before))
            }
            Names::FlapsByTick | Names::FlapsByQuestion => Answer::addresses(right),
            Names::Impostor { passes } => {
                let nobody = Server { host: 99, subnet: 99, ..self.servers[0] };
                set_health(nobody, if passes { Checks::After(1) } else { Checks::Never }, world);
                Answer::addresses(nobody.addresses().into())
            }
            Names::Truncated => Answer::addresses(right).truncated(Tcp::Answers),
            Names::TruncatedSilent => Answer::addresses(right).truncated(Tcp::Silent),
            Names::Late(tenths) => Answer::addresses(right).after(Duration::from_millis(100) * tenths.into()),
        };
        world.dns.set(&host, answer);
    }

    pub(super) fn set_state(&mut self, state: Option<(ClusterState, u32)>, world: &mut World) {
        self.state = state;
        let cluster = world.cluster_mut(&self.name);
        cluster.private_access = true;
        cluster.status = match state.map(|(is, _)| is) {
            None | Some(ClusterState::Unknown) => ClusterStatus::Active,
            Some(ClusterState::Updating) => ClusterStatus::Updating,
            Some(ClusterState::Creating) => ClusterStatus::Creating,
            Some(ClusterState::Deleting) => ClusterStatus::Deleting,
            Some(ClusterState::Failed) => ClusterStatus::Failed,
            Some(ClusterState::PublicOnly) => {
                cluster.private_access = false;
                ClusterStatus::Active
            }
        };
        if let Some((ClusterState::Unknown, _)) = state {
            self.hide(world);
        }
        self.publish(world);
    }

    fn hide(&self, world: &mut World) {
        let message = format!("No cluster found for name: {}.", self.name);
        let unknown = Fault::on("DescribeCluster").about(&self.name);
        world.plant(unknown.refuse(404, "ResourceNotFoundException", &message));
    }

    /// Whether EKS returns an endpoint that a run can use.
    pub(crate) fn is_in_order(&self) -> bool {
        matches!(self.state, None | Some((ClusterState::Updating, _)))
    }
}
