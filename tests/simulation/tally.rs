//! Counts what happened, so that a simulation in which too little happens
//! fails.

use std::collections::BTreeMap;
use std::fmt;

/// How often each thing happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

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

/// What must happen at least once in [`RARELY_TICKS`], and three quarters of it
/// in a shorter play.
const RARELY: &[&str] = &[
    "AWS: access denied",
    "AWS: connection reset",
    "AWS: done twice",
    "AWS: done, answer garbage",
    "AWS: done, answer lost",
    "AWS: done, answer truncated",
    "AWS: internal failure",
    "AWS: silence",
    "AWS: slow",
    "AWS: throttled",
    "API servers refuse health checks",
    "AccessDenied",
    "AddressNotAllowed",
    "AwsRejected",
    "AwsUnreachable",
    "ClusterFailed",
    "ClusterNotFound",
    "DNS: NODATA",
    "DNS: NXDOMAIN",
    "DNS: REFUSED",
    "DNS: SERVFAIL",
    "DNS: a private address of another server",
    "DNS: a private address without a server",
    "DNS: addresses of another name",
    "DNS: flaps by question",
    "DNS: flaps by tick",
    "DNS: garbage",
    "DNS: half of the addresses",
    "DNS: late",
    "DNS: old addresses",
    "DNS: public addresses",
    "DNS: public and private addresses",
    "DNS: silence",
    "DNS: truncated, TCP answers",
    "DNS: truncated, TCP is silent",
    "DnsFailed",
    "DnsNoRecords",
    "DnsTimeout",
    "SourcesDisagree",
    "NoTargetGroup",
    "PrivateAccessDisabled",
    "Throttled",
    "by hand: deregistered",
    "by hand: registered a stranger",
    "by hand: registered another port",
    "by hand: registered old API servers",
    "by hand: stopped checks",
    "calls done twice",
    "cluster: CREATING",
    "cluster: DELETING",
    "cluster: FAILED",
    "cluster: UPDATING",
    "cluster: public only",
    "cluster: unknown to EKS",
    "deregistrations while the load balancer fails open",
    "frontend: excluded",
    "frontend: no listener",
    "frontend: target group gone",
    "frontend: target group to go",
    "frontend: untagged",
    "frontend: zone shifted away",
    "frontends planned",
    "frontends skipped",
    "health of an API server changed in the middle of a run",
    "health of an API server changed",
    "plans compared with what was done",
    "processes killed",
    "processes killed right after registering",
    "rotated: all API servers",
    "rotated: another endpoint",
    "rotated: back again",
    "rotated: more or fewer API servers",
    "rotated: one API server",
    "rotated: to other subnets",
    "run: dry",
    "run: dry, then real",
    "run: not",
    "run: one cluster",
    "run: two at once",
    "runs that could not list",
    "target groups gone in the middle of a run",
    "two runs at once deregister from one target group",
];

/// How often is rarely.
const RARELY_TICKS: u64 = 10_000;

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&mut self, what: &'static str, times: usize) {
        *self.0.entry(what).or_default() += times as u64;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Fails unless enough has happened for the ticks there were.
    pub(crate) fn assert_enough(&self) {
        let ticks = self.of("ticks");
        for (what, every) in ENOUGH {
            let (found, least) = (self.of(what), (ticks / every).max(1));
            assert!(found >= least, "only {found} times in {ticks} ticks, not {least}: {what}");
        }
        let never: Vec<_> = RARELY.iter().filter(|what| self.of(what) == 0).collect();
        let most = if ticks < RARELY_TICKS { RARELY.len() / 4 } else { 0 };
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
