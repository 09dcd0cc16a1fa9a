//! What can happen to a world, tick by tick, as values that can be written
//! down: one line of JSON for the world, and one for each tick.
//!
//! A tick is the time between two runs of the schedule. First everything
//! happens that happens in it, and then the function runs. Clusters and
//! frontends are counted round: number 5 of two clusters is number 1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A world, and what happens in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) ticks: Vec<Tick>,
}

/// A world at its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Setup {
    /// `MIN_HEALTHY_TARGETS`.
    pub(crate) min_healthy: u16,
    /// `SYNC_POLICY` is `add-only`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) add_only: bool,
    /// `ADDRESS_SOURCE`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) source: Source,
    /// How many ticks it takes to register a target.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) registers: u8,
    /// There are target groups that are nobody's, or excluded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) strangers: bool,
    pub(crate) clusters: Vec<ClusterSetup>,
}

/// Where the function learns addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Source {
    #[default]
    Dns,
    Interfaces,
    Both,
}

/// A cluster and the load balancers before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterSetup {
    /// How many API servers it has.
    pub(crate) servers: u8,
    pub(crate) frontends: Vec<FrontendSetup>,
}

/// A managed load balancer with one target group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a line of JSON, and most are left out")]
pub(crate) struct FrontendSetup {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) ipv6: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) other_vpc: bool,
    /// Cross-zone load balancing is on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) cross_zone: bool,
    /// In how many zones it is enabled; 0 for all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) zones: u8,
    /// Its target group carries the selecting tag, and others beside it do not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) tagged: bool,
    /// Its target group names the cluster, and the load balancer another.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) named_by_group: bool,
    /// Its targets are there from the beginning.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) filled: bool,
    /// How many ticks a deregistered target drains.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) drains: u8,
}

/// What happens in one tick, and how the function then runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tick {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) happens: Vec<Happening>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) run: Run,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Happening {
    /// EKS replaces API servers. Those that leave DNS serve on for `linger`
    /// ticks, and ELB takes `unnoticed` ticks more to find that they do not.
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
    /// For some ticks, the cluster's name is not told as it should be.
    Names { cluster: u8, say: Names, ticks: u8 },
    /// For some ticks, the cluster is not as it should be in EKS.
    Cluster { cluster: u8, is: ClusterState, ticks: u8 },
    /// For some ticks, a frontend is not as it should be in ELB.
    Frontend { frontend: u8, is: FrontendState, ticks: u8 },
    /// Somebody changes a target group by hand.
    Hand { frontend: u8, does: Hand },
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
    /// Those of before are back.
    Back,
    /// Until there are so many.
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

/// What the resolver says instead of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Names {
    ServerFailure,
    NoSuchName,
    Refused,
    Silence,
    /// The name exists, without an address.
    NoData,
    /// Bytes that are no DNS.
    Garbage,
    /// The right addresses, said of another name.
    OtherName,
    /// The public endpoint's addresses.
    Public,
    /// A public address among the right ones.
    Mixed,
    /// Half of the right addresses, from this one on.
    Half(u8),
    /// The addresses of before.
    Old,
    /// The addresses of before and the right ones, tick by tick.
    FlapsByTick,
    /// The same, question by question.
    FlapsByQuestion,
    /// A private address where no API server is.
    Impostor {
        /// And yet something there passes ELB's checks.
        passes: bool,
    },
    /// The truth, but only over TCP.
    Truncated,
    /// The truth, but only over TCP, where nobody answers.
    TruncatedSilent,
    /// The truth, after so many tenths of a second.
    Late(u8),
}

/// What a cluster is instead of active.
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

/// What a frontend is instead of managed.
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
}

/// What somebody does by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Hand {
    /// Registers an address that no cluster ever had.
    Registers,
    /// Registers an API server on another port.
    RegistersOtherPort,
    /// Registers the API servers of before.
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
    Throttled,
    AccessDenied,
    InternalFailure,
    /// The connection is reset, and nothing is done.
    Reset,
    /// There is no answer, and nothing is done.
    Silence,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is done, and half the answer arrives.
    Truncated,
    /// It is done, and the answer is neither XML nor JSON.
    Garbage,
    /// It is done twice.
    Twice,
    /// The answer takes so many seconds.
    Slow(u8),
}

/// How the function runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Run {
    #[default]
    Once,
    /// The schedule is lost.
    Not,
    Dry,
    /// A dry run, and then a real one.
    DryThenReal,
    /// The event names one cluster.
    OneCluster(u8),
    /// The process is killed when it has made so many AWS calls.
    KilledAtCall(u8),
    /// The process is killed when it has made so many writes.
    KilledAtWrite(u8),
    /// Two processes run at once; each call is on its way for so many
    /// hundredths of a second, in turn.
    TwoAtOnce(Vec<u8>),
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = |value: Result<String, _>| value.map_err(|_: serde_json::Error| fmt::Error);
        writeln!(f, "{}", json(serde_json::to_string(&self.setup))?)?;
        for tick in &self.ticks {
            writeln!(f, "{}", json(serde_json::to_string(tick))?)?;
        }
        Ok(())
    }
}

impl FromStr for History {
    type Err = serde_json::Error;

    /// Lines that begin with `#` are for the reader.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let setup = serde_json::from_str(lines.next().unwrap_or_default())?;
        let ticks = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { setup, ticks })
    }
}
