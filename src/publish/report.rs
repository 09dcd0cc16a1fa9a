//! What a run did, for the caller and for the log.

mod risk;

use std::net::IpAddr;

use serde::Serialize;

use crate::error::{FrontendError, chain};
use crate::model::{
    ClusterName, Frontend, Host, LoadBalancerArn, Source, Target, TargetGroupArn, Targets, Zone,
};
use crate::plan::{Plan, Withheld};
use crate::reasons::{FailureCode, SkipReason};
use crate::serving::{is_healthy, unserved};

/// The version of the report's format. A new field does not change it.
pub const SCHEMA_VERSION: u16 = 1;

/// The version of the program that made the report.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What one run did, or in a dry run would have done.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u16,
    /// [`VERSION`].
    pub version: &'static str,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The Region acted in.
    pub region: String,
    /// The frontends, counted.
    pub summary: Summary,
    /// Every frontend, by load balancer and target group.
    pub frontends: Vec<FrontendReport>,
    /// Target groups of load balancers that were managed and lost their tag.
    #[serde(skip)]
    pub untagged: Vec<FrontendReport>,
}

/// The frontends of a report, counted by outcome, and their targets by what was
/// done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field counts what its name says")]
pub struct Summary {
    pub load_balancers: usize,
    pub frontends: usize,
    pub converged: usize,
    pub waiting: usize,
    pub changed: usize,
    pub planned: usize,
    pub skipped: usize,
    pub failed: usize,
    pub registered: usize,
    pub deregistered: usize,
    pub withheld: usize,
}

/// The report of one frontend.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendReport {
    /// Absent only where an event names a cluster, or a number, that no load
    /// balancer meets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancerArn>,
    /// Absent where the load balancer has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group: Option<TargetGroupArn>,
    /// Absent where no tag names one, or an invalid one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterName>,
    /// Absent until EKS has named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The source that decided the desired addresses; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The desired addresses; none where they are not known.
    pub desired: Vec<IpAddr>,
    /// Desired targets that were healthy when the targets were read; absent
    /// where they were not read, or nothing is desired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<usize>,
    /// The zones whose clients reach no healthy target; absent where the targets
    /// were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unserved: Option<Vec<Zone>>,
    /// What was registered, or in a dry run would be.
    pub registered: Vec<Target>,
    /// What was deregistered, or in a dry run would be.
    pub deregistered: Vec<Target>,
    /// What is stale and stays on purpose.
    pub withheld: Vec<WithheldTarget>,
    /// Desired targets that are not in service because writing failed, where the
    /// target group has served before.
    #[serde(skip)]
    pub unwritten: usize,
    /// The targets as they were read; absent where they were not.
    #[serde(skip)]
    pub current: Option<Targets>,
    /// What was decided about each target; absent where nothing was.
    #[serde(skip)]
    pub plan: Option<Plan>,
}

/// A stale target that stays, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithheldTarget {
    /// The target.
    pub target: Target,
    /// Why it stays.
    pub reason: Withheld,
}

/// How the visit of one frontend ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// There was nothing to do.
    Converged,
    /// There was nothing to do yet: something is withheld.
    Waiting,
    /// Something was registered or deregistered.
    Changed,
    /// A dry run that would have changed something.
    Planned,
    /// The frontend was skipped.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
    /// A step failed.
    Failed {
        /// The reason, and what to do about it.
        error: Failure,
    },
}

/// A failure as reports and logs show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// [`FrontendError::code`].
    pub code: FailureCode,
    /// The whole chain of causes.
    pub message: String,
    /// Whether the credentials of the run may be the cause.
    #[serde(skip)]
    pub is_about_credentials: bool,
}

impl From<&FrontendError> for Failure {
    fn from(error: &FrontendError) -> Self {
        Self { code: error.code(), message: chain(error), is_about_credentials: error.is_about_credentials() }
    }
}

impl From<&FrontendError> for Outcome {
    fn from(error: &FrontendError) -> Self {
        Self::Failed { error: error.into() }
    }
}

impl FrontendReport {
    /// A report that has only the outcome.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self {
            load_balancer: None,
            target_group: None,
            cluster: None,
            host: None,
            outcome,
            source: None,
            desired: Vec::new(),
            healthy: None,
            unserved: None,
            registered: Vec::new(),
            deregistered: Vec::new(),
            withheld: Vec::new(),
            unwritten: 0,
            current: None,
            plan: None,
        }
    }

    /// The report of `frontend`.
    #[must_use]
    pub fn of(frontend: &Frontend, outcome: Outcome) -> Self {
        Self {
            load_balancer: Some(frontend.load_balancer.clone()),
            target_group: Some(frontend.target_group.clone()),
            cluster: Some(frontend.cluster.clone()),
            ..Self::new(outcome)
        }
    }

    /// The same with the targets that were read, and the zones that they do not
    /// serve.
    #[must_use]
    pub fn with_health(mut self, current: &Targets) -> Self {
        self.unserved = Some(unserved(current));
        self.current = Some(current.clone());
        self
    }

    /// The same with the number of healthy desired targets on `port`.
    #[must_use]
    pub fn with_healthy(mut self, port: u16) -> Self {
        let listed = |ip: &IpAddr| self.current.as_ref()?.get(&Target::new(*ip, port));
        self.healthy =
            Some(self.desired.iter().filter_map(listed).filter(|listed| is_healthy(listed)).count());
        self
    }

    /// The same with what `plan` changes and withholds.
    #[must_use]
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.registered = plan.register().into_iter().collect();
        self.deregistered = plan.deregister().into_keys().collect();
        let withheld = plan.withheld();
        self.withheld =
            withheld.map(|(target, reason)| WithheldTarget { target, reason: reason.clone() }).collect();
        self.plan = Some(plan);
        self
    }

    /// The sort key of frontends.
    fn place(&self) -> (Option<&LoadBalancerArn>, Option<&TargetGroupArn>, Option<&ClusterName>) {
        (self.load_balancer.as_ref(), self.target_group.as_ref(), self.cluster.as_ref())
    }

    /// Whether the run ended before this frontend was visited.
    #[must_use]
    pub fn is_out_of_time(&self) -> bool {
        self.failure().is_some_and(|failure| failure.code == FailureCode::DeadlineExceeded)
    }

    /// The failure, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed { error } => Some(error),
            Outcome::Converged
            | Outcome::Waiting
            | Outcome::Changed
            | Outcome::Planned
            | Outcome::Skipped { .. } => None,
        }
    }
}

impl Report {
    /// Orders and counts `frontends` of `load_balancers`.
    #[must_use]
    pub fn new(
        dry_run: bool,
        region: String,
        load_balancers: usize,
        mut frontends: Vec<FrontendReport>,
    ) -> Self {
        frontends.sort_by(|a, b| a.place().cmp(&b.place()));
        let mut summary = Summary { load_balancers, frontends: frontends.len(), ..Summary::default() };
        for frontend in &frontends {
            match frontend.outcome {
                Outcome::Converged => summary.converged += 1,
                Outcome::Waiting => summary.waiting += 1,
                Outcome::Changed => summary.changed += 1,
                Outcome::Planned => summary.planned += 1,
                Outcome::Skipped { .. } => summary.skipped += 1,
                Outcome::Failed { .. } => summary.failed += 1,
            }
            summary.registered += frontend.registered.len();
            summary.deregistered += frontend.deregistered.len();
            summary.withheld += frontend.withheld.len();
        }
        Self {
            schema_version: SCHEMA_VERSION,
            version: VERSION,
            dry_run,
            region,
            summary,
            frontends,
            untagged: Vec::new(),
        }
    }

    /// The frontends that failed, in order.
    pub fn failures(&self) -> impl Iterator<Item = (&FrontendReport, &Failure)> {
        self.frontends.iter().filter_map(|frontend| Some((frontend, frontend.failure()?)))
    }
}
