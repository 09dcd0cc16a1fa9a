//! Describes the targets of a target group as ELB does.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use serde::{Serialize, Serializer};

/// One target: an address *and* a port.
///
/// Shown as `10.0.1.10:443` or `[fd00::1]:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target(SocketAddr);

impl Target {
    /// The target at `ip` on `port`.
    #[must_use]
    pub fn new(ip: IpAddr, port: u16) -> Self {
        Self(SocketAddr::new(ip, port))
    }

    /// ELB's `Id`.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.0.ip()
    }

    /// ELB's `Port`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The health state of a registered target. A target that ELB does not list is
/// absent.
///
/// Source: ELB API Reference, *TargetHealth*, `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetState {
    /// Registered, first checks under way.
    Initial,
    /// Passing its checks.
    Healthy,
    /// Failing its checks. ELB's `unhealthy.draining` is this too: the target
    /// is still registered, only its connections drain.
    Unhealthy,
    /// Registered where the load balancer sends nothing: its zone is not
    /// enabled, or the target group has no listener.
    Unused,
    /// Deregistered, finishing its connections.
    Draining,
    /// Not checked.
    Unavailable,
    /// A state that this version does not know.
    Unknown,
}

impl TargetState {
    /// Registered and not draining, whatever its health.
    #[must_use]
    pub fn is_in_service(self) -> bool {
        self != Self::Draining
    }
}

/// The Availability Zone of a target, as ELB names it.
///
/// Without cross-zone load balancing, ELB's default, clients in a zone reach
/// the targets of that zone only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// `all`: an address outside the target group's VPC, served from every zone.
    All,
    /// One zone, as in `eu-west-1a`.
    Named(String),
}

impl Zone {
    /// ELB's `AvailabilityZone`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Named(name) => name,
        }
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<String> for Zone {
    fn from(name: String) -> Self {
        if name == "all" { Self::All } else { Self::Named(name) }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A target as DescribeTargetHealth lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentTarget {
    /// Its state.
    pub state: TargetState,
    /// Its zone. ELB finds a target by address, port *and* zone, so a target
    /// is named in a call exactly as it was listed.
    pub zone: Option<Zone>,
    /// Whether ELB keeps new connections away although the target is registered
    /// and known: by a zonal shift, or while it is `unhealthy.draining`.
    ///
    /// Source: ELB API Reference, *AdministrativeOverride*, `State` (November
    /// 2026): anything but `no_override`. `unknown` is an internal error of
    /// ELB's, so it counts as an override. ELB User Guide for Network Load
    /// Balancers, *Unhealthy target connection termination*: in
    /// `unhealthy.draining` a target gets no new connection, even where its zone
    /// fails open.
    pub is_overridden: bool,
}

/// The current targets of one target group.
pub type Targets = BTreeMap<Target, CurrentTarget>;
