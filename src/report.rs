//! Says what a run did, to the caller and to the log.

use std::net::IpAddr;

use serde::Serialize;

use crate::error::{DeadlineExceeded, ReconcileError, chain};
use crate::model::{
    ClusterName, Frontend, Host, LoadBalancerArn, Target, TargetGroupArn, TargetState, Targets,
};
use crate::plan::{Plan, WithholdReason};

/// What one run did, or in a dry run would have done.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The Region acted in.
    pub region: String,
    /// The frontends, counted.
    pub summary: Summary,
    /// Every frontend, by load balancer and target group.
    pub frontends: Vec<FrontendReport>,
}

/// The frontends of a report, counted by outcome, and their targets by fate.
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

/// What became of one frontend.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendReport {
    /// Absent only where an event names a cluster that has none.
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
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The desired addresses; none where they could not be found out.
    pub desired: Vec<IpAddr>,
    /// Desired targets that were healthy when the targets were read; absent
    /// where they were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<usize>,
    /// What was registered, or in a dry run would be.
    pub registered: Vec<Target>,
    /// What was deregistered, or in a dry run would be.
    pub deregistered: Vec<Target>,
    /// What is stale and stays on purpose.
    pub withheld: Vec<WithheldTarget>,
    /// The targets as they were read; absent where they were not.
    #[serde(skip)]
    pub current: Option<Targets>,
}

/// A stale target that stays, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithheldTarget {
    /// The target.
    pub target: Target,
    /// Why it stays.
    pub reason: WithholdReason,
}

/// What became of one frontend.
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
    /// It is left alone, for good or for now.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
    /// A step failed.
    Failed {
        /// Which, and what to do about it.
        error: Failure,
    },
}

/// Why a frontend is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// Its targets are instances, a Lambda function or a load balancer.
    TargetTypeNotIp,
    /// Neither TCP nor TLS.
    ProtocolNotTcp,
    /// Its own tag says so.
    ExcludedByTag,
    /// Another target group of the load balancer carries the first tag of
    /// `NLB_TAG`, this one does not.
    NotTagged,
    /// The cluster is CREATING, DELETING or PENDING, or has no endpoint yet.
    ClusterNotReady,
    /// The cluster is local to an Outpost, where addresses never change.
    LocalCluster,
}

/// A failure as reports and logs show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// [`ReconcileError::code`].
    pub code: &'static str,
    /// The whole chain of causes.
    pub message: String,
    /// [`ReconcileError::is_configuration`].
    #[serde(skip)]
    pub is_configuration: bool,
    /// Whether the credentials of the run may be the cause.
    #[serde(skip)]
    pub is_about_credentials: bool,
}

impl From<&ReconcileError> for Failure {
    fn from(error: &ReconcileError) -> Self {
        Self {
            code: error.code(),
            message: chain(error),
            is_configuration: error.is_configuration(),
            is_about_credentials: matches!(error, ReconcileError::Aws(error) if error.is_about_credentials()),
        }
    }
}

impl From<&ReconcileError> for Outcome {
    fn from(error: &ReconcileError) -> Self {
        Self::Failed { error: error.into() }
    }
}

impl FrontendReport {
    /// A report that knows nothing but the outcome.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self {
            load_balancer: None,
            target_group: None,
            cluster: None,
            host: None,
            outcome,
            desired: Vec::new(),
            healthy: None,
            registered: Vec::new(),
            deregistered: Vec::new(),
            withheld: Vec::new(),
            current: None,
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

    /// The same with the targets that were read.
    #[must_use]
    pub fn with_targets(mut self, current: Targets, port: u16) -> Self {
        let desired = self.desired.iter().map(|ip| current.get(&Target::new(*ip, port)));
        self.healthy = Some(desired.flatten().filter(|listed| listed.state == TargetState::Healthy).count());
        self.current = Some(current);
        self
    }

    /// Whether any target was healthy, desired or not; nothing where the
    /// targets were not read.
    #[must_use]
    pub fn has_healthy_target(&self) -> Option<bool> {
        let current = self.current.as_ref()?;
        Some(current.values().any(|listed| listed.state == TargetState::Healthy))
    }

    /// The same with what `plan` changes and withholds.
    #[must_use]
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.registered = plan.register.into_iter().collect();
        self.deregistered = plan.deregister.into_keys().collect();
        let withheld = plan.withheld.into_iter();
        self.withheld = withheld.map(|(target, reason)| WithheldTarget { target, reason }).collect();
        self
    }

    /// What frontends are ordered by.
    fn place(&self) -> (Option<&LoadBalancerArn>, Option<&TargetGroupArn>, Option<&ClusterName>) {
        (self.load_balancer.as_ref(), self.target_group.as_ref(), self.cluster.as_ref())
    }

    /// Whether the run's time did not suffice for it.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.failure().is_some_and(|failure| failure.code == DeadlineExceeded::CODE)
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
        Self { dry_run, region, summary, frontends }
    }

    /// The frontends that failed, in order.
    pub fn failures(&self) -> impl Iterator<Item = (&FrontendReport, &Failure)> {
        self.frontends.iter().filter_map(|frontend| Some((frontend, frontend.failure()?)))
    }
}
