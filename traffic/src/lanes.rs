//! The load balancers of the controllers, and what ELB does with them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::{
    ClusterSpec, LoadBalancerSpec, MANAGED_TAG, OverrideState, Scope, TargetGroupSpec, Threshold,
};

use crate::controllers::Controller;
use crate::kinds::STEP_SECONDS;
use crate::score::{CONNECTIONS, Score};

/// The cluster whose control plane is replaced.
pub(crate) const CLUSTER: &str = "payments";

/// How long checks take to find out that a server has begun or ceased to answer:
/// ELB wants three in a row, 10 s apart.
const CHECKS: Duration = Duration::from_secs(30);

/// How load balancers are set up, and how ELB behaves.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Cross-zone load balancing is on.
    pub is_cross_zone: bool,
    /// With fewer healthy targets than this a node fails open.
    pub threshold: Threshold,
    /// A zonal shift moves traffic away from zone a for minutes of each
    /// replacement.
    pub is_shifted: bool,
    /// How long the registration of a target takes: an assumption, AWS documents
    /// no duration.
    pub registration: Duration,
    /// How far AWS's reads lag behind its writes.
    pub read_lag: Duration,
}

impl Setup {
    /// ELB's defaults, where NLB takes some three minutes to take a target in.
    pub const DEFAULT: Self = Self {
        is_cross_zone: false,
        threshold: Threshold { count: Some(1), percentage: None },
        is_shifted: false,
        registration: Duration::from_secs(150),
        read_lag: Duration::ZERO,
    };

    /// The same where a target takes `in_service` until it has passed its checks.
    #[must_use]
    pub fn with_in_service(self, in_service: Duration) -> Self {
        Self { registration: in_service.saturating_sub(CHECKS), ..self }
    }

    /// Until a target is registered and has passed its checks.
    #[must_use]
    pub fn in_service(self) -> Duration {
        self.registration + CHECKS
    }

    /// How many steps before a server serves an all-knowing controller registers
    /// it. Where nodes may fail open, it gets connections before it has passed its
    /// checks.
    pub(crate) fn lead_steps(self) -> u32 {
        let lead = if self.threshold == Threshold::default() { self.in_service() } else { self.registration };
        u32::try_from(lead.as_secs()).expect("minutes") / STEP_SECONDS
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cross_zone = if self.is_cross_zone { "on" } else { "off" };
        let shift = if self.is_shifted { "yes" } else { "no" };
        let lag = if self.read_lag.is_zero() { "fresh" } else { "stale" };
        let Threshold { count, percentage } = self.threshold;
        let threshold = match (count, percentage) {
            (_, Some(percentage)) => format!("{percentage} %"),
            (Some(count), None) => count.to_string(),
            (None, None) => "off".to_owned(),
        };
        write!(f, "{cross_zone} | {threshold} | {shift} | {} s | {lag}", self.registration.as_secs())
    }
}

/// A target group and the controller that keeps it.
pub(crate) struct Lane {
    pub(crate) controller: Controller,
    pub(crate) balancer: String,
    pub(crate) group: String,
    pub(crate) score: Score,
}

/// Makes the cluster, without servers, and a load balancer for each controller.
pub(crate) fn lanes(world: &mut World, zones: usize, setup: Setup) -> Vec<Lane> {
    world.registration = setup.registration;
    world.healthy_after = setup.in_service();
    // Interfaces come and go as the script says.
    world.interfaces_linger = Duration::MAX;
    let scope = Scope::default();
    let vpc = world.add_vpc(&scope);
    for (subnet, zone) in (1..).zip(scope.zones()) {
        world.add_subnet(&scope, &vpc, &format!("10.0.{subnet}.0/24"), &zone);
    }
    let none: [&str; 0] = [];
    world.create_cluster(ClusterSpec { vpc: Some(vpc.clone()), ..ClusterSpec::new(CLUSTER, none) });
    let zones: Vec<String> = scope.zones().into_iter().take(zones).collect();
    let lane = |controller| {
        // Only the function's load balancers have the tags.
        let spec = if let Controller::Function(source) = controller {
            LoadBalancerSpec::managed(CLUSTER).tag(MANAGED_TAG.0, source.as_str())
        } else {
            LoadBalancerSpec::network("other")
        };
        let (vpc, zones) = (Some(vpc.clone()), Some(zones.clone()));
        let cross_zone = setup.is_cross_zone;
        let balancer = world.add_load_balancer(LoadBalancerSpec { vpc, zones, cross_zone, ..spec });
        let group = world.add_target_group(TargetGroupSpec::ip(&balancer));
        let routing = &mut world.target_group_mut(&group).routing;
        routing.routing_failover = setup.threshold;
        // With cross-zone load balancing, zonal shifts need that.
        routing.terminates_unhealthy = !setup.is_shifted;
        Lane { controller, balancer, group, score: Score::default() }
    };
    Controller::ALL.map(lane).into()
}

impl Lane {
    /// Starts or ends a zonal shift away from zone a.
    pub(crate) fn shift(&self, starts: bool, world: &mut World) {
        if starts {
            let [zone, ..] = Scope::default().zones();
            world.shift_away(&self.balancer, &zone, OverrideState::ZonalShiftActive);
        } else {
            world.load_balancer_mut(&self.balancer).zonal_shift = None;
        }
    }

    /// For each zone, how many connections its node sends to a server.
    pub(crate) fn served(&self, world: &World) -> BTreeMap<String, usize> {
        let (nodes, served) = (world.nodes(&self.group), world.served(&self.group));
        let share = |zone: &String| CONNECTIONS * served[zone].len() / nodes[zone].targets.len().max(1);
        nodes.keys().map(|zone| (zone.clone(), share(zone))).collect()
    }
}
