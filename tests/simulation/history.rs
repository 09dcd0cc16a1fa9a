//! What can happen to a world, tick by tick, as values that can be written
//! down: one line of JSON for the world, and one for each tick.
//!
//! A tick is the time between two runs of the schedule. First everything
//! happens that happens in it, and then the function runs. Numbers of clusters
//! and frontends wrap around: of two clusters, number 5 is number 1.

mod happening;
mod labels;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use happening::{
    Call, Checks, ClusterState, Fault, FrontendState, Hand, Happening, NamedFault, Names, Rotation,
};

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
    /// There are target groups that must not be written.
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
    Auto,
}

/// With fewer healthy targets than this a node fails open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum FailoverThreshold {
    #[default]
    One,
    Two,
    /// Half of the registered targets.
    Half,
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
    /// When its nodes fail open.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) failover_threshold: FailoverThreshold,
    /// In how many zones it is enabled; 0 for all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) zones: u8,
    /// Its target group carries the selecting tag, and a second one does not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) tagged: bool,
    /// Its target group names the cluster, and the load balancer another.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) named_by_group: bool,
    /// Its targets are registered from the beginning.
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

/// How the function runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Run {
    #[default]
    Once,
    /// The scheduled invocation is lost.
    Not,
    Dry,
    /// A dry run, and then a real one.
    DryThenReal,
    /// The event names one cluster.
    OneCluster(u8),
    /// The process is killed at its n-th AWS call.
    KilledAtCall(u8),
    /// The process is killed at its n-th write.
    KilledAtWrite(u8),
    /// Two processes run at once. Calls take these hundredths of a second, in
    /// turn.
    TwoAtOnce(Vec<u8>),
}

/// Whether a line of JSON leaves it out.
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
