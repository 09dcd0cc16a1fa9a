//! Says what a run did, to the caller and to the log.

use std::net::IpAddr;

use serde::Serialize;

use crate::error::{ReconcileError, chain};
use crate::model::{ClusterName, Frontend, Host, LoadBalancerArn, Target, TargetGroupArn};
use crate::plan::{Plan, Withheld};

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
    pub frontends: Vec<Entry>,
}

/// The frontends of a report, counted by outcome, and their targets by fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field counts what its name says")]
pub struct Summary {
    pub load_balancers: usize,
    pub frontends: usize,
    pub converged: usize,
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
pub struct Entry {
    /// Absent only where an event names a cluster that has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancerArn>,
    /// Absent where the load balancer failed before its target groups were known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group: Option<TargetGroupArn>,
    /// Absent where the tag names none.
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
    /// What was registered, or in a dry run would be.
    pub registered: Vec<Target>,
    /// What was deregistered, or in a dry run would be.
    pub deregistered: Vec<Target>,
    /// What is stale and kept on purpose.
    pub withheld: Vec<WithheldTarget>,
    /// Desired targets that were healthy when the targets were read; absent
    /// where they were not.
    #[serde(skip)]
    pub healthy: Option<usize>,
}

/// A stale target that is kept, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WithheldTarget {
    /// The target.
    pub target: Target,
    /// Why it is kept.
    pub reason: Withheld,
}

/// What became of one frontend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// There was nothing to do.
    Converged,
    /// Something was registered or deregistered.
    Changed,
    /// A dry run that would have changed something.
    Planned,
    /// It is none of ours to serve, or not yet.
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

/// Why a frontend is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// Its targets are instances, a Lambda function or a load balancer.
    TargetTypeNotIp,
    /// Neither TCP nor TLS.
    ProtocolNotTcp,
    /// Its own tag says so.
    ExcludedByTag,
    /// The cluster is being made or deleted, or has no endpoint yet.
    ClusterNotReady,
    /// The cluster stands on an Outpost, where addresses never change.
    LocalCluster,
}

/// A failure as reports and logs show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// [`ReconcileError::code`].
    pub code: &'static str,
    /// The whole chain of causes.
    pub message: String,
}

impl From<&ReconcileError> for Failure {
    fn from(error: &ReconcileError) -> Self {
        Self { code: error.code(), message: chain(error) }
    }
}

impl From<&ReconcileError> for Outcome {
    fn from(error: &ReconcileError) -> Self {
        Self::Failed { error: error.into() }
    }
}

impl Entry {
    /// An entry about which nothing but its outcome is known.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self {
            load_balancer: None,
            target_group: None,
            cluster: None,
            host: None,
            outcome,
            desired: Vec::new(),
            registered: Vec::new(),
            deregistered: Vec::new(),
            withheld: Vec::new(),
            healthy: None,
        }
    }

    /// The entry of `frontend`.
    #[must_use]
    pub fn of(frontend: &Frontend, outcome: Outcome) -> Self {
        Self {
            load_balancer: Some(frontend.load_balancer.clone()),
            target_group: Some(frontend.target_group.clone()),
            cluster: Some(frontend.cluster.clone()),
            ..Self::new(outcome)
        }
    }

    /// Takes over what `plan` changes and keeps.
    #[must_use]
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.registered = plan.register.into_iter().collect();
        self.deregistered = plan.deregister.into_iter().collect();
        self.withheld =
            plan.withheld.into_iter().map(|(target, reason)| WithheldTarget { target, reason }).collect();
        self
    }
}

impl Report {
    /// Orders and counts `frontends` of `load_balancers`.
    #[must_use]
    pub fn new(dry_run: bool, region: String, load_balancers: usize, mut frontends: Vec<Entry>) -> Self {
        frontends.sort_by(|a, b| {
            let key = |entry: &Entry| {
                (entry.load_balancer.clone(), entry.target_group.clone(), entry.cluster.clone())
            };
            key(a).cmp(&key(b))
        });
        let mut summary = Summary { load_balancers, frontends: frontends.len(), ..Summary::default() };
        for entry in &frontends {
            match entry.outcome {
                Outcome::Converged => summary.converged += 1,
                Outcome::Changed => summary.changed += 1,
                Outcome::Planned => summary.planned += 1,
                Outcome::Skipped { .. } => summary.skipped += 1,
                Outcome::Failed { .. } => summary.failed += 1,
            }
            summary.registered += entry.registered.len();
            summary.deregistered += entry.deregistered.len();
            summary.withheld += entry.withheld.len();
        }
        Self { dry_run, region, summary, frontends }
    }

    /// The report without the frontends that had nothing to do: what the log
    /// is told, so that a line stays small when all is well.
    #[must_use]
    pub fn for_the_log(&self) -> Self {
        let told = self.frontends.iter().filter(|entry| entry.outcome != Outcome::Converged);
        Self { region: self.region.clone(), frontends: told.cloned().collect(), ..*self }
    }

    /// The failures, in order, each with what it concerns.
    pub fn failures(&self) -> impl Iterator<Item = (&Entry, &Failure)> {
        self.frontends.iter().filter_map(|entry| match &entry.outcome {
            Outcome::Failed { error } => Some((entry, error)),
            Outcome::Converged | Outcome::Changed | Outcome::Planned | Outcome::Skipped { .. } => None,
        })
    }
}
