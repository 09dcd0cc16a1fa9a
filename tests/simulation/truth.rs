//! How things really are: which API servers live, what their names should
//! say, and what is managed. The code under test never sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use eks_nlb_simulator::world::{
    Answer, CLUSTER_NAME_TAG, ClusterStatus, EXCLUDED_TAG, Family, LoadBalancerSpec, MANAGED_TAG, Reply,
    Scope, Tags, TargetGroupSpec, TargetType, Tcp,
};
use eks_nlb_simulator::{Fault, Health, TargetState, World};

use crate::history::{
    Checks, ClusterState, FrontendSetup, FrontendState, Hand, Names, Rotation, Setup, Source,
};

/// The time between two runs of the schedule.
pub(crate) const TICK: Duration = Duration::from_mins(1);

/// How long the interface of an API server stays that is gone.
const INTERFACES_LINGER_TICKS: u32 = 5;

/// The port of every target group.
pub(crate) const PORT: u16 = 443;

/// The states of a target group's targets.
pub(crate) type States = BTreeMap<SocketAddr, TargetState>;

/// One API server, with an address in each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Server {
    cluster: u8,
    subnet: u8,
    host: u8,
}

impl Server {
    fn v4(self) -> IpAddr {
        Ipv4Addr::new(10, self.cluster, self.subnet, self.host).into()
    }

    fn v6(self) -> IpAddr {
        let [cluster, subnet, host] = [self.cluster, self.subnet, self.host].map(u16::from);
        Ipv6Addr::new(0xfd00, cluster, subnet, 0, 0, 0, 0, host).into()
    }

    fn addresses(self) -> [IpAddr; 2] {
        [self.v4(), self.v6()]
    }
}

/// A cluster as it really is.
#[derive(Debug)]
pub(crate) struct ClusterTruth {
    pub(crate) name: String,
    /// What its name should say.
    servers: Vec<Server>,
    before: Vec<Server>,
    /// Out of DNS, and serving until a tick; then ELB finds out at a later one.
    leaving: Vec<(Server, u32, u32)>,
    next_host: u8,
    names: Option<(Names, u32)>,
    flipped: bool,
    state: Option<(ClusterState, u32)>,
    /// Its API servers refuse all health checks.
    hardened: bool,
}

/// A managed load balancer with its target group, as they really are.
#[derive(Debug)]
pub(crate) struct FrontendTruth {
    pub(crate) cluster: usize,
    pub(crate) ipv6: bool,
    load_balancer: String,
    cluster_name: String,
    /// None while it is gone.
    pub(crate) group: Option<String>,
    setup: FrontendSetup,
    state: Option<(FrontendState, u32)>,
}

/// How things really are.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) clusters: Vec<ClusterTruth>,
    pub(crate) frontends: Vec<FrontendTruth>,
    /// Groups that are nobody's, or excluded for ever.
    strangers: Vec<String>,
    now: u32,
    /// No cluster has fewer API servers.
    fewest: u8,
}

impl Truth {
    /// Makes the world of `setup`.
    pub(crate) fn create(setup: &Setup, world: &mut World) -> Self {
        world.healthy_after = TICK;
        world.registration = TICK * setup.registers.into();
        world.interfaces_linger = TICK * INTERFACES_LINGER_TICKS;
        // Fewer interfaces are none.
        let fewest = if setup.source == Source::Dns { 1 } else { 2 };
        let mut truth =
            Self { clusters: Vec::new(), frontends: Vec::new(), strangers: Vec::new(), now: 0, fewest };
        for (index, cluster) in setup.clusters.iter().enumerate() {
            let number = u8::try_from(index).expect("few clusters");
            let mut made = ClusterTruth {
                name: format!("cluster-{index}"),
                servers: Vec::new(),
                before: Vec::new(),
                leaving: Vec::new(),
                next_host: 9,
                names: None,
                flipped: false,
                state: None,
                hardened: false,
            };
            made.servers = (0..cluster.servers.max(fewest)).map(|n| made.new_server(number, n)).collect();
            made.before.clone_from(&made.servers);
            world.add_cluster(&made.name, made.addresses());
            truth.clusters.push(made);
            for frontend in &cluster.frontends {
                truth.add_frontend(index, frontend, world);
            }
        }
        if setup.strangers {
            truth.add_strangers(world);
        }
        truth
    }

    fn add_frontend(&mut self, cluster: usize, setup: &FrontendSetup, world: &mut World) {
        let name = &self.clusters[cluster].name;
        let own_vpc = world.cluster(name).vpc.clone();
        let vpc = if setup.other_vpc { Some(world.add_vpc(&Scope::default())) } else { own_vpc };
        let zones = Scope::default().zones().into_iter().take(setup.zones.into()).collect();
        let load_balancer = world.add_load_balancer(LoadBalancerSpec {
            vpc,
            zones: (setup.zones > 0).then_some(zones),
            cross_zone: setup.cross_zone,
            dual_stack: setup.ipv6,
            ..LoadBalancerSpec::managed(if setup.named_by_group { "nobody" } else { name })
        });
        if setup.tagged {
            let untagged = TargetGroupSpec::ip(&load_balancer);
            let instances = TargetGroupSpec { target_type: TargetType::Instance, ..untagged.clone() };
            world.add_target_group(instances.tag(MANAGED_TAG.0, MANAGED_TAG.1));
            // Where no other group carries the tag, one without it would be managed.
            let beside = world.add_target_group(untagged.excluded());
            world.put_targets(&beside, ["10.200.0.1", "10.200.0.2"]);
            self.strangers.push(beside);
        }
        let mut frontend = FrontendTruth {
            cluster,
            ipv6: setup.ipv6,
            load_balancer,
            group: None,
            cluster_name: name.clone(),
            setup: setup.clone(),
            state: None,
        };
        let group = frontend.add_group(world);
        if setup.filled {
            let servers = self.clusters[cluster].servers.iter();
            let addresses = servers.map(|server| if setup.ipv6 { server.v6() } else { server.v4() });
            world.put_targets(&group, addresses.map(|ip| SocketAddr::new(ip, PORT).to_string()));
        }
        self.frontends.push(frontend);
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

    /// Begins a tick: what was to last until now ends.
    pub(crate) fn begin(&mut self, world: &mut World) {
        self.now += 1;
        let now = self.now;
        world.clear_faults();
        for cluster in &mut self.clusters {
            cluster.bury(now, world);
            if cluster.names.take_if(|(_, until)| *until <= now).is_some() {
                cluster.publish(world);
            }
            if cluster.state.is_some_and(|(_, until)| until <= now) {
                cluster.set_state(None, world);
            }
            if let Some((Names::FlapsByTick, _)) = cluster.names {
                cluster.flap(world);
            }
            if let Some((ClusterState::Unknown, _)) = cluster.state {
                cluster.hide(world);
            }
        }
        for frontend in &mut self.frontends {
            if frontend.state.is_some_and(|(_, until)| until <= now) {
                frontend.restore(world);
            }
        }
    }

    /// Ends whatever is not as it should be, but for API servers that never
    /// pass their checks.
    pub(crate) fn settle(&mut self, world: &mut World) {
        self.begin(world);
        for cluster in &mut self.clusters {
            cluster.bury(u32::MAX, world);
            cluster.names = None;
            cluster.set_state(None, world);
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

    pub(crate) fn rotate(
        &mut self,
        cluster: u8,
        how: Rotation,
        health: Checks,
        times: (u8, u8),
        world: &mut World,
    ) {
        let index = self.cluster(cluster);
        let number = u8::try_from(index).expect("few clusters");
        let how = if let Rotation::Resize(servers) = how {
            Rotation::Resize(servers.max(self.fewest))
        } else {
            how
        };
        let health = if self.clusters[index].hardened { Checks::Never } else { health };
        self.clusters[index].rotate(number, how, health, (self.now, times), world);
    }

    pub(crate) fn set_health(&mut self, cluster: u8, server: u8, health: Checks, world: &mut World) {
        let cluster = &self.clusters[self.cluster(cluster)];
        let server = cluster.servers[usize::from(server) % cluster.servers.len()];
        set_health(server, health, world);
    }

    pub(crate) fn harden(&mut self, cluster: u8, world: &mut World) {
        let index = self.cluster(cluster);
        let cluster = &mut self.clusters[index];
        cluster.hardened = !cluster.hardened;
        for server in &cluster.servers {
            set_health(*server, if cluster.hardened { Checks::Never } else { Checks::After(1) }, world);
        }
    }

    /// The addresses of each cluster's interfaces.
    pub(crate) fn interfaces(&self, world: &World) -> BTreeMap<String, BTreeSet<IpAddr>> {
        let of = |cluster: &ClusterTruth| {
            // A cluster that is made anew has another group.
            let group = &world.cluster(&cluster.name).security_group;
            let own = world.interfaces().filter(|interface| interface.groups.contains(group));
            own.flat_map(|interface| interface.addresses.iter().copied()).collect()
        };
        self.clusters.iter().map(|cluster| (cluster.name.clone(), of(cluster))).collect()
    }

    pub(crate) fn set_names(&mut self, cluster: u8, say: Names, ticks: u8, world: &mut World) {
        let index = self.cluster(cluster);
        let cluster = &mut self.clusters[index];
        cluster.names = Some((say, self.now + u32::from(ticks)));
        cluster.flipped = true;
        cluster.publish(world);
    }

    pub(crate) fn set_cluster_state(&mut self, cluster: u8, is: ClusterState, ticks: u8, world: &mut World) {
        let index = self.cluster(cluster);
        let until = self.now + u32::from(ticks);
        self.clusters[index].set_state(Some((is, until)), world);
    }

    pub(crate) fn set_frontend_state(
        &mut self,
        frontend: u8,
        is: FrontendState,
        ticks: u8,
        world: &mut World,
    ) {
        let index = self.frontend(frontend);
        let frontend = &mut self.frontends[index];
        frontend.restore(world);
        frontend.state = Some((is, self.now + u32::from(ticks)));
        let group = frontend.group.as_deref().expect("it was restored");
        match is {
            FrontendState::Excluded => {
                let (key, value) = EXCLUDED_TAG;
                world.target_group_mut(group).tags.insert(key.to_owned(), value.to_owned());
            }
            FrontendState::Unmanaged => {
                world.load_balancer_mut(&frontend.load_balancer).tags.remove(MANAGED_TAG.0);
            }
            FrontendState::Gone => frontend.lose_group(world),
            FrontendState::Unused => world.target_group_mut(group).listener = false,
            // The stage does it when that call comes.
            FrontendState::GoesAt(_) => {}
        }
    }

    pub(crate) fn by_hand(&mut self, frontend: u8, does: Hand, world: &mut World) {
        let frontend = &self.frontends[self.frontend(frontend)];
        let Some(group) = frontend.group.as_deref() else { return };
        let cluster = &self.clusters[frontend.cluster];
        let target = |server: Server, port| {
            let ip = if frontend.ipv6 { server.v6() } else { server.v4() };
            SocketAddr::new(ip, port).to_string()
        };
        let in_group: Vec<SocketAddr> = states(world, group).into_keys().collect();
        let nth = |n: u8| in_group.get(usize::from(n) % in_group.len().max(1)).map(ToString::to_string);
        match does {
            Hand::Registers => {
                let nobody = Server { cluster: 201, subnet: 0, host: 1 };
                world.put_targets(group, [target(nobody, PORT)]);
            }
            Hand::RegistersOtherPort => world.put_targets(group, [target(cluster.servers[0], 8443)]),
            Hand::RegistersOld => {
                world.put_targets(group, cluster.before.iter().map(|&server| target(server, PORT)));
            }
            Hand::Deregisters(n) => {
                if let Some(target) = nth(n) {
                    world.pin_state(group, &target, TargetState::Draining);
                }
            }
            Hand::StopsChecks(n) => {
                if let Some(target) = nth(n) {
                    world.pin_state(group, &target, TargetState::Unavailable);
                }
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
        let FrontendTruth { cluster, ipv6, .. } = self.frontends[frontend];
        let servers = self.clusters[cluster].servers.iter();
        servers.map(|s| SocketAddr::new(if ipv6 { s.v6() } else { s.v4() }, PORT)).collect()
    }

    /// The target groups that may be written, and whose frontends they are.
    pub(crate) fn managed(&self) -> BTreeMap<String, usize> {
        let frontends = self.frontends.iter().enumerate();
        let managed = frontends.filter(|(_, frontend)| {
            !matches!(frontend.state, Some((FrontendState::Excluded | FrontendState::Unmanaged, _)))
        });
        managed.filter_map(|(index, frontend)| Some((frontend.group.clone()?, index))).collect()
    }

    /// Every target group that there is, as it is now.
    pub(crate) fn moments(&self, world: &World) -> BTreeMap<String, Moment> {
        let frontends = self.frontends.iter().enumerate();
        let own = frontends.filter_map(|(index, frontend)| Some((frontend.group.as_deref()?, Some(index))));
        let all = own.chain(self.strangers.iter().map(|group| (group.as_str(), None)));
        all.map(|(group, frontend)| {
            let lives = |target: &SocketAddr| frontend.is_some_and(|index| self.lives(index, *target));
            (group.to_owned(), Moment::of(world, group, lives))
        })
        .collect()
    }

    /// Every target group that there is.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        let managed = self.frontends.iter().filter_map(|frontend| frontend.group.as_deref());
        managed.chain(self.strangers.iter().map(String::as_str))
    }
}

impl ClusterTruth {
    fn new_server(&mut self, cluster: u8, subnet: u8) -> Server {
        loop {
            self.next_host = if self.next_host == 250 { 10 } else { self.next_host + 1 };
            let server = Server { cluster, subnet, host: self.next_host };
            if !self.lives(server.v4()) {
                return server;
            }
        }
    }

    fn lives(&self, ip: IpAddr) -> bool {
        let leaving = self.leaving.iter().filter(|(_, until, _)| *until > 0).map(|(server, ..)| server);
        self.servers.iter().chain(leaving).any(|server| server.addresses().contains(&ip))
    }

    /// What its name should say, in both families.
    fn addresses(&self) -> Vec<String> {
        texts(&self.servers)
    }

    fn rotate(
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

    fn flap(&mut self, world: &mut World) {
        self.flipped = !self.flipped;
        self.publish(world);
    }

    /// Sets what the resolver says now.
    fn publish(&self, world: &mut World) {
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

    /// Goes on to the other answer, if it flaps question by question.
    pub(crate) fn was_asked(&mut self, world: &mut World) {
        if let Some((Names::FlapsByQuestion, _)) = self.names {
            self.flap(world);
        }
    }

    fn set_state(&mut self, state: Option<(ClusterState, u32)>, world: &mut World) {
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

    /// Whether a run can learn from EKS where it is.
    pub(crate) fn is_in_order(&self) -> bool {
        matches!(self.state, None | Some((ClusterState::Updating, _)))
    }
}

impl FrontendTruth {
    fn add_group(&mut self, world: &mut World) -> String {
        let group = world.add_target_group(TargetGroupSpec {
            family: if self.ipv6 { Family::Ipv6 } else { Family::Ipv4 },
            deregistration_delay: TICK * self.setup.drains.into(),
            tags: self.tags(),
            ..TargetGroupSpec::ip(&self.load_balancer)
        });
        self.group = Some(group.clone());
        group
    }

    /// The tags of its target group.
    fn tags(&self) -> Tags {
        let (key, value) = MANAGED_TAG;
        let selecting = self.setup.tagged.then_some((key, value));
        let naming = self.setup.named_by_group.then_some((CLUSTER_NAME_TAG, self.cluster_name.as_str()));
        selecting.into_iter().chain(naming).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    pub(crate) fn lose_group(&mut self, world: &mut World) {
        if let Some(group) = self.group.take() {
            world.delete_target_group(&group);
        }
    }

    /// The group goes at the call that this tells, if it is to go.
    pub(crate) fn goes_at(&self) -> Option<crate::history::Call> {
        match self.state {
            Some((FrontendState::GoesAt(call), _)) if self.group.is_some() => Some(call),
            _ => None,
        }
    }

    fn restore(&mut self, world: &mut World) {
        self.state = None;
        let (key, value) = MANAGED_TAG;
        let tags = &mut world.load_balancer_mut(&self.load_balancer).tags;
        debug_assert!(tags.contains_key(CLUSTER_NAME_TAG), "it never loses it");
        tags.insert(key.to_owned(), value.to_owned());
        match &self.group {
            None => _ = self.add_group(world),
            Some(group) => {
                let tags = self.tags();
                let group = world.target_group_mut(group);
                group.tags = tags;
                group.listener = true;
            }
        }
    }
}

/// What ELB says and does with a target group at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) states: States,
    /// The targets that clients in a zone are sent to, by zone.
    pub(crate) takes: Zones,
    /// Those of them where an API server of the cluster serves.
    pub(crate) serves: Zones,
}

/// Targets by the zone of the clients that reach them.
pub(crate) type Zones = BTreeMap<String, BTreeSet<SocketAddr>>;

impl Moment {
    /// `group` as it is now, before API servers that live where `lives` says.
    pub(crate) fn of(world: &World, group: &str, lives: impl Fn(&SocketAddr) -> bool) -> Self {
        let takes: Zones = world.nodes(group).into_iter().map(|(zone, node)| (zone, node.targets)).collect();
        let mut serves = takes.clone();
        for targets in serves.values_mut() {
            targets.retain(&lives);
        }
        Self { states: states(world, group), takes, serves }
    }
}

/// What ELB says of the targets of `group`.
pub(crate) fn states(world: &World, group: &str) -> States {
    let targets = world.targets(group).into_iter();
    targets.map(|(target, state)| (target.parse().expect("an address and a port"), state)).collect()
}

fn set_health(server: Server, checks: Checks, world: &mut World) {
    let health = match checks {
        Checks::After(ticks) => Health::After(TICK * ticks.into()),
        Checks::Never => Health::Never,
        Checks::Flips { healthy, unhealthy } => {
            Health::Flips { healthy: TICK * healthy.into(), unhealthy: TICK * unhealthy.into() }
        }
    };
    for address in server.addresses() {
        world.set_health(&address.to_string(), health);
    }
}

fn texts(servers: &[Server]) -> Vec<String> {
    servers.iter().flat_map(|server| server.addresses()).map(|ip| ip.to_string()).collect()
}
