//! Holds all that the simulated AWS knows, and its clock; does no I/O.
//!
//! A [`World`] is changed by tests through its own methods, by the code under
//! test through the AWS calls it makes, and by time, which passes only when
//! [`World::advance`] says so. Nothing in it is random: the same calls make
//! the same world, ids included.
//!
//! # Names
//!
//! Load balancers and target groups are named by ARN. A *cluster* is named by
//! its name if it is in the home scope ([`Scope::default`]) and by its ARN if
//! it is anywhere else. A test that names something that does not exist
//! panics: the test is wrong, not the code under test.

mod attributes;
mod calls;
mod cluster;
mod data_plane;
mod dns;
mod health;
mod interface;
mod load_balancer;
mod page;
mod registration;
mod role;
mod staleness;
mod supporting;
mod tags;
mod target;
mod target_group;
mod vpc;
mod watching;
mod wire_enums;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

pub use attributes::{RoutingAttributes, Threshold};
pub use cluster::{Cluster, ClusterIssue, ClusterSpec, ClusterUpdate, PUBLIC_ADDRESSES};
pub use data_plane::Node;
pub(crate) use dns::normal;
pub use dns::{Answer, Dns, Question, Reply, Tcp, Transport, View};
pub use health::{Health, TargetHealth};
pub(crate) use interface::InterfaceQuery;
pub use interface::{EKS_ACCOUNT, NetworkInterface};
pub(crate) use load_balancer::LoadBalancerFilter;
pub use load_balancer::{LoadBalancer, LoadBalancerSpec};
pub use page::{Page, Paging};
pub use role::{ACCESS_KEY_ID, RoleSpec, SECRET_ACCESS_KEY, Session};
pub use supporting::{
    EndpointService, Function, GroupSettings, Listener, SecurityRule, SupportingResources, security_group_of,
};
pub use tags::{CLUSTER_NAME_TAG, CLUSTER_OF_CONTROLLER_TAG, EXCLUDED_TAG, MANAGED_TAG};
pub use target::{Target, TargetDescription, TargetKey};
pub(crate) use target_group::TargetGroupFilter;
pub use target_group::{TargetGroup, TargetGroupSpec};
pub use vpc::{Subnet, Vpc};
pub use watching::{Alarm, Measured, usual_topic};
pub use wire_enums::{
    ClusterStatus, CrossZone, Family, LoadBalancerKind, OverrideState, Protocol, Scheme, TargetState,
    TargetType,
};

pub use crate::refusal::Refusal;
pub use crate::scope::{HOME_ACCOUNT, HOME_REGION, Scope};

use crate::faults::Faults;
use crate::journal::Recorded;
use crate::throttle::Throttle;
use staleness::Staleness;

/// Tags of one resource.
pub type Tags = BTreeMap<String, String>;

/// How long NLB may take to register a target. An assumption: AWS announced in
/// September 2024 that it is "much faster" than the minutes it used to take, and
/// documents no duration.
pub const REGISTRATION_TIMES: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(3)];

/// Everything one account has in one Region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Regional {
    pub(crate) load_balancers: BTreeMap<u64, LoadBalancer>,
    pub(crate) target_groups: BTreeMap<u64, TargetGroup>,
    pub(crate) clusters: BTreeMap<String, Cluster>,
    pub(crate) vpcs: BTreeMap<String, Vpc>,
    pub(crate) interfaces: BTreeMap<u64, NetworkInterface>,
    pub(crate) default_vpc: Option<String>,
}

/// The simulated AWS: all accounts and Regions, names, and the clock.
#[derive(Debug)]
pub struct World {
    /// How long each AWS call takes, in real time. Default none.
    pub latency: Duration,
    /// Most items in a page, however many are asked for. Default as many as the
    /// service's own limit.
    pub page_cap: usize,
    /// Most targets in a target group. Default 1,000, as AWS's quota.
    pub targets_per_group: usize,
    /// How long a target stays `initial`, in simulated time, unless
    /// [`World::set_health`] says otherwise for its address. Default 30 s.
    pub healthy_after: Duration,
    /// How long the registration of a target takes. Meanwhile it is `initial`
    /// and gets no connection. Default 10 s, so that tests need not wait;
    /// [`REGISTRATION_TIMES`] are the ones to try.
    pub registration: Duration,
    /// How long the interface of an address stays that its cluster has left.
    /// Default 5 min.
    pub interfaces_linger: Duration,
    /// Whether EC2 hides the interfaces of EKS's control planes from calls
    /// without `IncludeManagedResources`. Default no.
    ///
    /// Source: EC2 API Reference, *DescribeNetworkInterfaces* (2016-11-15, read
    /// November 2026): accounts may hide what AWS services manage. Whether EKS's
    /// interfaces count as managed is an assumption.
    pub hides_managed: bool,
    /// What resolvers answer.
    pub dns: Dns,
    /// The resources that support the frontends.
    pub supporting: SupportingResources,
    pub(crate) now: Duration,
    pub(crate) regions: BTreeMap<Scope, Regional>,
    pub(crate) roles: BTreeMap<String, RoleSpec>,
    pub(crate) sessions: BTreeMap<String, String>,
    pub(crate) health: BTreeMap<String, Health>,
    /// The addresses whose servers do not answer.
    pub(crate) dead: BTreeSet<String>,
    pub(crate) faults: Faults<World>,
    pub(crate) journal: Vec<Recorded>,
    pub(crate) throttle: Option<Throttle>,
    staleness: Staleness,
    ids: u64,
}

impl World {
    /// An empty world at time zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            latency: Duration::ZERO,
            page_cap: usize::MAX,
            targets_per_group: 1_000,
            healthy_after: Duration::from_secs(30),
            registration: Duration::from_secs(10),
            interfaces_linger: Duration::from_mins(5),
            hides_managed: false,
            dns: Dns::default(),
            supporting: SupportingResources::healthy(),
            now: Duration::ZERO,
            regions: BTreeMap::new(),
            roles: BTreeMap::new(),
            sessions: role::home_session(),
            health: BTreeMap::new(),
            dead: BTreeSet::new(),
            faults: Faults::default(),
            journal: Vec::new(),
            throttle: None,
            staleness: Staleness::default(),
            ids: 0,
        }
    }

    /// The simulated time since the world began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Lets simulated time pass: checks pass, drained targets and abandoned
    /// interfaces are removed.
    pub fn advance(&mut self, by: Duration) {
        self.remember();
        self.now += by;
        let now = self.now;
        for region in self.regions.values_mut() {
            for group in region.target_groups.values_mut() {
                group.targets.retain(|_, target| !target.is_gone(now));
            }
            region.interfaces.retain(|_, interface| interface.gone_at.is_none_or(|at| at > now));
        }
    }

    /// Makes the managed load balancer of `cluster` with one `ip` target group
    /// on TCP 443, both in the cluster's VPC if there is such a cluster.
    pub fn add_frontend(&mut self, cluster: &str) -> Frontend {
        self.add_frontend_in(&Scope::default(), cluster)
    }

    /// The same in another scope than the home scope.
    pub fn add_frontend_in(&mut self, scope: &Scope, cluster: &str) -> Frontend {
        let load_balancer = self.add_load_balancer(LoadBalancerSpec {
            scope: scope.clone(),
            ..LoadBalancerSpec::managed(cluster)
        });
        let target_group = self.add_target_group(TargetGroupSpec::ip(&load_balancer));
        Frontend { load_balancer, target_group }
    }

    /// The frontend that [`World::add_frontend`] made for `cluster`, whatever its
    /// tags are by now.
    ///
    /// # Panics
    ///
    /// There is none.
    #[must_use]
    pub fn frontend_named(&self, cluster: &str) -> Frontend {
        let name = format!("nlb-{cluster}");
        let found = self.regions.values().find_map(|region| {
            let load_balancer = region.load_balancers.values().find(|it| it.name == name)?.arn.clone();
            let mut groups = region.target_groups.values();
            let target_group = groups.find(|it| it.load_balancers.contains(&load_balancer))?.arn.clone();
            Some(Frontend { load_balancer, target_group })
        });
        found.unwrap_or_else(|| panic!("no frontend of {cluster}"))
    }

    /// The next id: never the same twice, and in no order.
    pub(crate) fn next_id(&mut self) -> u64 {
        // SplitMix64: a bijection, so ids stay distinct. Their order is as
        // arbitrary as that of AWS's pages.
        self.ids = self.ids.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.ids;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn region(&self, scope: &Scope) -> Option<&Regional> {
        self.regions.get(scope)
    }

    pub(crate) fn region_mut(&mut self, scope: &Scope) -> &mut Regional {
        // Not `entry`: it needs an owned key even when there is one.
        if !self.regions.contains_key(scope) {
            self.regions.insert(scope.clone(), Regional::default());
        }
        self.regions.get_mut(scope).expect("just inserted")
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The ARNs of one target group and the load balancer before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// The load balancer's ARN.
    pub load_balancer: String,
    /// The target group's ARN.
    pub target_group: String,
}

/// The id at the end of a load balancer's or target group's ARN.
pub(crate) fn id_of(arn: &str) -> Option<u64> {
    u64::from_str_radix(arn.rsplit('/').next()?, 16).ok()
}

/// Parses what a test wrote as addresses.
pub(crate) fn parse_addresses(addresses: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<IpAddr> {
    let parse = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text} is no address"));
    addresses.into_iter().map(|text| parse(text.as_ref())).collect()
}
