//! What can happen in a tick.

use eks_nlb_simulator::Fault as Planted;
use serde::{Deserialize, Serialize};

use super::is_default;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Happening {
    /// EKS replaces API servers. The old ones leave DNS, serve for `linger`
    /// ticks, and pass their checks for `unnoticed` ticks more.
    Rotate {
        cluster: u8,
        how: Rotation,
        health: Checks,
        #[serde(default, skip_serializing_if = "is_default")]
        linger: u8,
        #[serde(default, skip_serializing_if = "is_default")]
        unnoticed: u8,
    },
    /// Health checks find something else of one API server; in the middle of
    /// the run, if at a call.
    Health {
        cluster: u8,
        server: u8,
        health: Checks,
        #[serde(default, skip_serializing_if = "is_default")]
        at: Option<Call>,
    },
    /// API servers refuse all health checks, new ones too, and serve; or they
    /// accept them again.
    Hardened { cluster: u8 },
    /// For some ticks, DNS does not answer as it should.
    Names { cluster: u8, say: Names, ticks: u8 },
    /// For some ticks, EKS lists the cluster in another state.
    Cluster { cluster: u8, is: ClusterState, ticks: u8 },
    /// For some ticks, a frontend is in another state in ELB.
    Frontend { frontend: u8, is: FrontendState, ticks: u8 },
    /// An operator changes a target group by hand.
    Hand { frontend: u8, does: Hand },
    /// For some ticks, AWS's reads lag: the n-th by the n-th of these, round and
    /// round, in seconds. An old answer may come after a new one.
    StaleReads { lags: Vec<u8>, ticks: u8 },
    /// In this tick, AWS calls go wrong: all, or those about one frontend.
    Fault {
        call: Call,
        #[serde(default, skip_serializing_if = "is_default")]
        about: Option<u8>,
        fault: Fault,
        /// This many calls go well before.
        #[serde(default, skip_serializing_if = "is_default")]
        skip: u8,
        /// This many calls go wrong.
        times: u8,
    },
}

/// How EKS replaces API servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Rotation {
    /// One of them.
    One(u8),
    /// All of them, in the same subnets.
    All,
    /// All of them, in other subnets.
    Subnets,
    /// The earlier API servers come back.
    Back,
    /// API servers are added or removed until there are n.
    Resize(u8),
    /// The cluster is deleted and made again: its endpoint has another name.
    Rebuild,
}

/// What health checks find, in ticks since a target was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Checks {
    After(u8),
    Never,
    Flips { healthy: u8, unhealthy: u8 },
}

/// What the resolver answers instead of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Names {
    ServerFailure,
    NoSuchName,
    Refused,
    Silence,
    /// The name exists, without an address.
    NoData,
    /// Bytes that are not a DNS message.
    Garbage,
    /// The right addresses, of another name.
    OtherName,
    /// The public endpoint's addresses.
    Public,
    /// A public address among the right ones.
    Mixed,
    /// Half of the right addresses, from this one on.
    Half(u8),
    /// The addresses of before.
    Old,
    /// The earlier addresses and the right ones, alternating by tick.
    FlapsByTick,
    /// The same, alternating by question.
    FlapsByQuestion,
    /// A private address where no API server is.
    Impostor {
        /// Whether a server there passes ELB's checks.
        passes: bool,
    },
    /// The truth, but only over TCP.
    Truncated,
    /// The truth, but only over TCP, where no answer comes.
    TruncatedSilent,
    /// The truth, after this many tenths of a second.
    Late(u8),
}

/// The state of a cluster that is not active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum ClusterState {
    Updating,
    Creating,
    Deleting,
    Failed,
    /// Its endpoint is public only.
    PublicOnly,
    /// EKS does not know it.
    Unknown,
}

/// The state of a frontend that is not managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum FrontendState {
    /// Its target group carries the excluding tag.
    Excluded,
    /// Its load balancer has lost the selecting tag.
    Unmanaged,
    /// Its target group is gone, and another one takes its place later.
    Gone,
    /// The same, but it goes in the middle of the run, at this call.
    GoesAt(Call),
    /// Its target group has no listener: every target is unused.
    Unused,
    /// A zonal shift moves traffic away from its n-th zone.
    ShiftedAway(u8),
}

/// What an operator does by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Hand {
    /// Registers an address that no cluster ever had.
    Registers,
    /// Registers an API server on another port.
    RegistersOtherPort,
    /// Registers the earlier API servers.
    RegistersOld,
    /// Deregisters the n-th target.
    Deregisters(u8),
    /// Switches health checks off: the n-th target is `unavailable`.
    StopsChecks(u8),
}

/// An AWS call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Call {
    Any,
    DescribeLoadBalancers,
    DescribeTags,
    DescribeTargetGroups,
    DescribeCluster,
    DescribeNetworkInterfaces,
    DescribeTargetHealth,
    RegisterTargets,
    DeregisterTargets,
}

/// How an AWS call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Fault {
    /// It is done twice.
    Twice,
    /// The answer takes this many seconds.
    Slow(u8),
    #[serde(untagged)]
    Named(NamedFault),
}

/// The n-th of the simulator's faults that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub(crate) struct NamedFault(pub(crate) usize);

impl From<NamedFault> for &'static str {
    fn from(NamedFault(n): NamedFault) -> Self {
        Planted::NAMED[n].1
    }
}

impl TryFrom<String> for NamedFault {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let n = Planted::NAMED.iter().position(|(_, known, _)| *known == name);
        n.map(Self).ok_or(format!("no fault is called {name}"))
    }
}
