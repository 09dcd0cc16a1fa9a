//! Applies the plan of one frontend: registers, then deregisters.
//!
//! A failure in between leaves too many targets rather than too few. Nothing is
//! rolled back: the next run plans from what it then reads.

use std::collections::BTreeMap;

use crate::aws::elb::Elb;
use crate::aws::elb::targets::{Refusal, VpcRelation};
use crate::error::{CallError, FrontendError};
use crate::model::{ApiEndpoint, Desired, Frontend, Target, TargetState};
use crate::observe::health::Observed;
use crate::plan::{Decision, Plan, Policy, Withheld, plan};

/// How often targets are read again for a deregistration that had no answer in
/// time; after that the next run tries again. A throttled one is tried while the
/// run has time.
const READS_AGAIN: usize = 1;

/// A frontend whose desired addresses are known.
#[derive(Clone, Debug)]
pub struct ResolvedFrontend {
    /// The frontend.
    pub frontend: Frontend,
    /// Where its cluster's API is.
    pub endpoint: ApiEndpoint,
    /// What is desired.
    pub desired: Desired,
}

impl ResolvedFrontend {
    /// Plans the target group as it was read.
    #[must_use]
    pub fn plan(&self, observed: &Observed, policy: Policy) -> Plan {
        plan(&self.desired, self.frontend.port, &observed.targets, policy)
    }

    /// How the cluster's VPC relates to that of the target group.
    #[must_use]
    pub fn vpc_relation(&self) -> VpcRelation {
        match (&self.endpoint.vpc, &self.frontend.vpc) {
            (Some(cluster), Some(group)) if cluster == group => VpcRelation::Same,
            (Some(_), Some(_)) => VpcRelation::Different,
            _ => VpcRelation::Unknown,
        }
    }

    /// ELB and EKS contradict each other about the VPC of `target`.
    #[must_use]
    pub fn wrong_vpc(&self, target: Target, reason: String) -> FrontendError {
        let vpc = |vpc: &Option<String>| vpc.clone().unwrap_or_default();
        let (ip, group_vpc) = (target.ip(), vpc(&self.frontend.vpc));
        match self.vpc_relation() {
            VpcRelation::Different => {
                let cluster_vpc = vpc(&self.endpoint.vpc);
                FrontendError::AddressInOtherVpc { ip, group_vpc, cluster_vpc, reason }
            }
            VpcRelation::Same | VpcRelation::Unknown => {
                FrontendError::AddressOutsideVpc { ip, vpc: group_vpc, reason }
            }
        }
    }

    fn failure(&self, refusal: Refusal) -> FrontendError {
        if refusal.is_about_the_vpc && self.vpc_relation() != VpcRelation::Unknown {
            self.wrong_vpc(refusal.target, refusal.error.to_string())
        } else {
            refusal.error.into()
        }
    }
}

/// What has been done of a plan, and why not all of it, if so.
pub struct Applied {
    /// The plan with what was done, and what was withheld instead.
    pub plan: Plan,
    /// The first failure.
    pub failure: Option<FrontendError>,
}

/// Applies `plan`, which was made of `observed`.
pub async fn apply(
    elb: &Elb<'_>,
    resolved: &ResolvedFrontend,
    policy: Policy,
    observed: Observed,
    mut plan: Plan,
) -> Applied {
    let group = &resolved.frontend.target_group;
    let registered = elb.register(group, &plan.register(), resolved.vpc_relation()).await;
    plan.keep_registered(&registered.done);
    let Some(refusal) = registered.failure else {
        return deregister(elb, resolved, policy, observed, plan).await;
    };
    // Where ELB has no room, `unused` targets make room for the next run.
    let goes = |state| refusal.is_for_want_of_room() && state == TargetState::Unused;
    plan.withhold_deregistrations(&Withheld::RegistrationFailed, |listed| !goes(listed.state));
    let Applied { plan, failure } = deregister(elb, resolved, policy, observed, plan).await;
    Applied { plan, failure: Some(failure.unwrap_or_else(|| resolved.failure(refusal))) }
}

/// Deregisters what `plan` says, as long as it rests on fresh health.
async fn deregister(
    elb: &Elb<'_>,
    resolved: &ResolvedFrontend,
    policy: Policy,
    mut observed: Observed,
    mut plan: Plan,
) -> Applied {
    let group = &resolved.frontend.target_group;
    let mut done: BTreeMap<Target, Decision> = plan
        .register()
        .into_iter()
        .filter_map(|new| Some((new, plan.decisions().get(&new)?.clone())))
        .collect();
    let mut silences = 0;
    let mut has_failed = false;
    let failure = loop {
        let mut pending = plan.deregister();
        pending.retain(|target, _| !done.contains_key(target));
        if pending.is_empty() {
            break None;
        }
        if !observed.is_fresh() {
            observed = match Observed::read(elb, group).await {
                Ok(observed) => observed,
                Err(error) => break Some(error),
            };
            if has_failed {
                // A write without an answer may have succeeded.
                let gone = plan.decisions().iter().filter(|(target, decision)| {
                    decision.action.deregisters() && !observed.is_in_service(target)
                });
                let gone: Vec<_> = gone.map(|(target, decision)| (*target, decision.clone())).collect();
                done.extend(gone);
            }
            plan = resolved.plan(&observed, policy);
            continue;
        }
        let written = elb.deregister(group, &pending, observed.fresh_until()).await;
        let decisions = plan.decisions();
        done.extend(written.done.iter().filter_map(|gone| Some((*gone, decisions.get(gone)?.clone()))));
        let Some(Refusal { error, .. }) = written.failure else { break None };
        has_failed = true;
        let is_throttled = matches!(error, CallError::Throttled { .. });
        silences += usize::from(!is_throttled);
        if silences > READS_AGAIN || observed.is_fresh() {
            break Some(error);
        }
    };
    plan.overlay(done.clone());
    if failure.is_some() {
        plan.withhold_undone(&done);
    }
    Applied { plan, failure: failure.map(FrontendError::from) }
}
