//! A managed load balancer with its target groups, as they really are.

use std::net::SocketAddr;

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::{
    CLUSTER_NAME_TAG, Family, LoadBalancerSpec, MANAGED_TAG, Scope, Tags, TargetGroupSpec, TargetType,
    Threshold,
};

use super::cluster::ClusterTruth;
use super::server::Server;
use super::{PORT, TICK};
use crate::history::{Call, FailoverThreshold, FrontendSetup, FrontendState};

/// A managed load balancer with its target groups, as they really are.
#[derive(Debug)]
pub(crate) struct FrontendTruth {
    pub(crate) cluster: usize,
    pub(crate) ipv6: bool,
    pub(super) load_balancer: String,
    cluster_name: String,
    /// None while it is deleted.
    pub(crate) group: Option<String>,
    /// A target group without the selecting tag, where the other one carries it:
    /// it is skipped (`notTagged`) while that one is there and not excluded.
    untagged: Option<String>,
    setup: FrontendSetup,
    pub(super) state: Option<(FrontendState, u32)>,
}

/// Servers that no cluster has.
const STRANGERS: [Server; 2] =
    [Server { cluster: 200, subnet: 0, host: 1 }, Server { cluster: 200, subnet: 0, host: 2 }];

impl FrontendTruth {
    /// Makes a load balancer for the cluster with this number.
    pub(super) fn create(
        number: usize,
        cluster: &ClusterTruth,
        setup: &FrontendSetup,
        world: &mut World,
    ) -> Self {
        let name = &cluster.name;
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
        let mut frontend = Self {
            cluster: number,
            ipv6: setup.ipv6,
            load_balancer,
            group: None,
            cluster_name: name.clone(),
            untagged: None,
            setup: setup.clone(),
            state: None,
        };
        if setup.tagged {
            frontend.add_untagged(world);
        }
        let group = frontend.add_group(world);
        if setup.filled {
            frontend.put(&group, &cluster.servers, world);
        }
        frontend
    }

    /// Adds two target groups that are skipped next to a tagged one: one of
    /// another type, which does not count as tagged although it carries the tag,
    /// and one without the tag.
    fn add_untagged(&mut self, world: &mut World) {
        let instances = TargetGroupSpec { target_type: TargetType::Instance, ..self.spec() };
        world.add_target_group(instances.tag(MANAGED_TAG.0, MANAGED_TAG.1));
        let mut untagged = self.spec();
        untagged.tags.remove(MANAGED_TAG.0);
        let group = world.add_target_group(untagged);
        self.put(&group, &STRANGERS, world);
        self.untagged = Some(group);
    }

    pub(super) fn add_group(&mut self, world: &mut World) -> String {
        let group = world.add_target_group(self.spec());
        world.target_group_mut(&group).routing.routing_failover = match self.setup.failover_threshold {
            FailoverThreshold::One => Threshold::default(),
            FailoverThreshold::Two => Threshold::count(2),
            FailoverThreshold::Half => Threshold::percentage(50),
        };
        self.group = Some(group.clone());
        group
    }

    fn spec(&self) -> TargetGroupSpec {
        TargetGroupSpec {
            family: if self.ipv6 { Family::Ipv6 } else { Family::Ipv4 },
            deregistration_delay: TICK * self.setup.drains.into(),
            tags: self.tags(),
            ..TargetGroupSpec::ip(&self.load_balancer)
        }
    }

    /// The tags of its target group.
    fn tags(&self) -> Tags {
        let (key, value) = MANAGED_TAG;
        let selecting = self.setup.tagged.then_some((key, value));
        let naming = self.setup.named_by_group.then_some((CLUSTER_NAME_TAG, self.cluster_name.as_str()));
        selecting.into_iter().chain(naming).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn put(&self, group: &str, servers: &[Server], world: &mut World) {
        world.put_targets(group, servers.iter().map(|server| self.target_at(*server, PORT).to_string()));
    }

    /// The target at this API server.
    pub(super) fn target_at(&self, server: Server, port: u16) -> SocketAddr {
        SocketAddr::new(if self.ipv6 { server.v6() } else { server.v4() }, port)
    }

    /// Its target groups of addresses.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        [&self.group, &self.untagged].into_iter().filter_map(|group| group.as_deref())
    }

    /// Its target groups that may be written, and whether a run has to.
    pub(super) fn managed(&self) -> impl Iterator<Item = (String, bool)> {
        let state = self.state.map(|(state, _)| state);
        let is_excluded = state == Some(FrontendState::Excluded);
        let own = self.group.clone().filter(|_| !is_excluded).map(|group| (group, true));
        // An excluded group does not count as tagged.
        let untagged = match (&own, state) {
            (None, _) => self.untagged.clone().map(|group| (group, true)),
            (Some(_), Some(FrontendState::GoesAt(_))) => self.untagged.clone().map(|group| (group, false)),
            (Some(_), _) => None,
        };
        let is_managed = state != Some(FrontendState::Unmanaged);
        own.into_iter().chain(untagged).filter(move |_| is_managed)
    }

    pub(crate) fn lose_group(&mut self, world: &mut World) {
        if let Some(group) = self.group.take() {
            world.delete_target_group(&group);
        }
    }

    /// The call at which the group is deleted, if it is to be.
    pub(crate) fn goes_at(&self) -> Option<Call> {
        match self.state {
            Some((FrontendState::GoesAt(call), _)) if self.group.is_some() => Some(call),
            _ => None,
        }
    }

    pub(super) fn restore(&mut self, world: &mut World) {
        self.state = None;
        let (key, value) = MANAGED_TAG;
        let balancer = world.load_balancer_mut(&self.load_balancer);
        debug_assert!(balancer.tags.contains_key(CLUSTER_NAME_TAG), "it never loses it");
        balancer.tags.insert(key.to_owned(), value.to_owned());
        balancer.zonal_shift = None;
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
