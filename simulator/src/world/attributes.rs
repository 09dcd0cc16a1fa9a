//! Keeps the target group attributes that decide who gets connections.
//!
//! # Sources
//!
//! ELB API Reference, *TargetGroupAttribute* (2015-12-01, read November 2026):
//! names, values and defaults.

use super::CrossZone;

/// The target group attributes that decide who gets connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingAttributes {
    /// `load_balancing.cross_zone.enabled`. Default the load balancer's.
    pub cross_zone: CrossZone,
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.*`:
    /// a node with fewer healthy targets fails open. Default one target.
    pub routing_failover: Threshold,
    /// `target_group_health.dns_failover.minimum_healthy_targets.*`: a zone with
    /// fewer healthy targets leaves DNS. Default one target.
    pub dns_failover: Threshold,
    /// `target_health_state.unhealthy.connection_termination.enabled`. Default
    /// yes.
    pub terminates_unhealthy: bool,
}

impl Default for RoutingAttributes {
    fn default() -> Self {
        Self {
            cross_zone: CrossZone::UseLoadBalancer,
            routing_failover: Threshold::default(),
            dns_failover: Threshold::default(),
            terminates_unhealthy: true,
        }
    }
}

/// How many targets must be healthy. It is breached where either number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// `count`; `None` is `off`.
    pub count: Option<usize>,
    /// `percentage` of the registered targets; `None` is `off`.
    pub percentage: Option<usize>,
}

impl Threshold {
    /// At least `count` targets.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self { count: Some(count), percentage: None }
    }

    /// At least one target and `percentage` of all.
    #[must_use]
    pub fn percentage(percentage: usize) -> Self {
        Self { percentage: Some(percentage), ..Self::default() }
    }

    /// Whether `healthy` of `registered` targets are too few.
    pub(super) fn is_breached(self, healthy: usize, registered: usize) -> bool {
        self.count.is_some_and(|count| healthy < count)
            || self.percentage.is_some_and(|percentage| 100 * healthy < percentage * registered)
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::count(1)
    }
}
