//! Counts what happened, so that a simulation in which too little happens
//! fails.

use std::collections::BTreeMap;
use std::fmt;

use eks_nlb_simulator::Fault;

/// How often each thing happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

/// What must happen, and at least once in how many ticks. A replacement takes
/// several ticks, because registration and checks do.
const ENOUGH: &[(&str, u64)] = &[
    ("RegisterTargets", 20),
    ("DeregisterTargets", 20),
    ("healthy targets to be deregistered", 200),
    ("targets withheld", 10),
    ("frontends converged", 2),
    ("frontends waiting", 20),
    ("frontends changed", 10),
];

/// What must happen at least once in [`RARELY_TICKS`], like each of [`faults`], and
/// three quarters of it in a shorter play.
const RARELY: &[&str] = &[
    "API servers refuse health checks",
    "AWS: Slow",
    "AWS: Twice",
    "AWS: reads lag",
    "AccessDenied",
    "AddressNotAllowed",
    "AwsRejected",
    "AwsUnreachable",
    "ClusterFailed",
    "ClusterNotFound",
    "DNS: FlapsByQuestion",
    "DNS: FlapsByTick",
    "DNS: Garbage",
    "DNS: Half",
    "DNS: Impostor { passes: false }",
    "DNS: Impostor { passes: true }",
    "DNS: Late",
    "DNS: Mixed",
    "DNS: NoData",
    "DNS: NoSuchName",
    "DNS: Old",
    "DNS: OtherName",
    "DNS: Public",
    "DNS: Refused",
    "DNS: ServerFailure",
    "DNS: Silence",
    "DNS: Truncated",
    "DNS: TruncatedSilent",
    "DnsFailed",
    "DnsNoRecords",
    "DnsTimeout",
    "NoTargetGroup",
    "PrivateAccessDisabled",
    "SourcesDisagree",
    "Throttled",
    "by hand: Deregisters",
    "by hand: Registers",
    "by hand: RegistersOld",
    "by hand: RegistersOtherPort",
    "by hand: StopsChecks",
    "calls done twice",
    "cluster: Creating",
    "cluster: Deleting",
    "cluster: Failed",
    "cluster: PublicOnly",
    "cluster: Unknown",
    "cluster: Updating",
    "deregistrations while the load balancer fails open",
    "frontend: Excluded",
    "frontend: GoesAt",
    "frontend: Gone",
    "frontend: ShiftedAway",
    "frontend: Unmanaged",
    "frontend: Unused",
    "frontends planned",
    "frontends skipped",
    "health of an API server changed",
    "health of an API server changed in the middle of a run",
    "plans compared with what was done",
    "processes killed",
    "processes killed right after registering",
    "rotated: All",
    "rotated: Back",
    "rotated: One",
    "rotated: Rebuild",
    "rotated: Resize",
    "rotated: Subnets",
    "run: dry",
    "run: dry, then real",
    "run: not",
    "run: one cluster",
    "run: two at once",
    "runs that could not list",
    "target groups gone in the middle of a run",
    "target groups listed as they were before",
    "two runs at once deregister from one target group",
];

/// The simulator's faults, as the tally has them.
fn faults() -> impl Iterator<Item = String> {
    Fault::NAMED.iter().map(|(_, name, _)| format!("AWS: {name}"))
}

/// How often is rarely.
const RARELY_TICKS: u64 = 10_000;

impl Tally {
    pub(crate) fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&mut self, what: &str, times: usize) {
        *self.0.entry(what.to_owned()).or_default() += times as u64;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what.clone()).or_default() += times;
        }
    }

    /// Fails unless enough has happened for the ticks there were.
    pub(crate) fn assert_enough(&self) {
        let ticks = self.of("ticks");
        for (what, every) in ENOUGH {
            let (found, least) = (self.of(what), (ticks / every).max(1));
            assert!(found >= least, "only {found} times in {ticks} ticks, not {least}: {what}");
        }
        let rarely: Vec<_> = RARELY.iter().map(|&what| what.to_owned()).chain(faults()).collect();
        let never: Vec<_> = rarely.iter().filter(|what| self.of(what) == 0).collect();
        let most = if ticks < RARELY_TICKS { rarely.len() / 4 } else { 0 };
        assert!(never.len() <= most, "never in {ticks} ticks: {never:?}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.0 {
            writeln!(f, "{times:>10}  {what}")?;
        }
        Ok(())
    }
}
