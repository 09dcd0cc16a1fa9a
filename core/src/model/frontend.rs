//! Names load balancers, target groups and what they front.

use alloc::string::String;
use core::fmt;

use serde::Serialize;

use super::{ClusterName, Family};

/// The ARN of a load balancer, as ELB gave it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LoadBalancerArn(pub String);

/// The ARN of a target group, as ELB gave it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TargetGroupArn(pub String);

impl fmt::Display for LoadBalancerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TargetGroupArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One target group of one managed load balancer, with its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// The managed load balancer.
    pub load_balancer: LoadBalancerArn,
    /// The target group.
    pub target_group: TargetGroupArn,
    /// The port that every desired target has.
    pub port: u16,
    /// The family of address that the target group takes.
    pub family: Family,
    /// The VPC of the target group.
    pub vpc: Option<String>,
    /// The cluster whose API the load balancer fronts.
    pub cluster: ClusterName,
}
