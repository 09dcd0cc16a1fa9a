//! Applies the plan of one frontend: registers, then deregisters.
//!
//! A failure in between leaves too many targets rather than too few. Nothing is
//! rolled back: the next run plans from what it then reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::elb::Elb;
use crate::aws::elb::targets::{Refusal, VpcRelation};
use crate::error::{CallError, FrontendError};
use crate::model::{ApiEndpoint, CurrentTarget, Desired, Frontend, Target, TargetState, Zone};
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

    /// A desired target that ELB lists in a zone that EKS contradicts. It may pass
    /// its checks, but it is not an API server: it is another host at that address.
    #[must_use]
    pub fn contradiction(&self, observed: &Observed) -> Option<FrontendError> {
        let contradicts = |zone: &Option<Zone>| match (self.vpc_relation(), zone) {
            (VpcRelation::Same, Some(Zone::All)) | (VpcRelation::Different, Some(Zone::Named(_))) => true,
            (VpcRelation::Same | VpcRelation::Different | VpcRelation::Unknown, _) => false,
        };
        let desired = self.desired.addresses.on_port(self.frontend.port);
        let mut listed = desired.iter().filter_map(|target| Some((*target, observed.targets.get(target)?)));
        let (target, listed) =
            listed.find(|(_, listed)| listed.state.is_in_service() && contradicts(&listed.zone))?;
        let zone = listed.zone.as_ref().map(ToString::to_string).unwrap_or_default();
        let by_hand = match self.vpc_relation() {
            VpcRelation::Different => {
                "; if it was registered from another VPC with that zone, deregister it: the next run registers it in all zones"
            }
            VpcRelation::Same | VpcRelation::Unknown => "",
        };
        Some(self.wrong_vpc(target, format!("ELB lists it in zone {zone}{by_hand}")))
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

/// What was done of a plan, and the first error if part of it failed.
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
    let refusal = registered.failure;
    let may_go = |listed: &CurrentTarget| match &refusal {
        None => true,
        // Where ELB has no room, `unused` targets make room for the next run.
        Some(refusal) => refusal.is_for_want_of_room() && listed.state == TargetState::Unused,
    };
    let mut deregistration = Deregistration { elb, resolved, policy, observed, done: BTreeMap::new() };
    let failure = deregistration.carry_out(&mut plan, may_go).await;
    let failure = match refusal {
        Some(refusal) => Some(resolved.failure(refusal)),
        None => failure.map(FrontendError::from),
    };
    Applied { plan, failure }
}

/// The deregistrations of one plan, made only while the health that was read is
/// recent.
struct Deregistration<'a> {
    elb: &'a Elb<'a>,
    resolved: &'a ResolvedFrontend,
    policy: Policy,
    observed: Observed,
    /// What has been deregistered so far.
    done: BTreeMap<Target, Decision>,
}

impl Deregistration<'_> {
    /// Deregisters the targets of `plan` that `may_go`, and leaves in it what was
    /// done.
    async fn carry_out(
        &mut self,
        plan: &mut Plan,
        may_go: impl Fn(&CurrentTarget) -> bool,
    ) -> Option<CallError> {
        let group = &self.resolved.frontend.target_group;
        let mut silences = 0;
        let mut has_failed = false;
        let failure = loop {
            plan.withhold_deregistrations(&Withheld::RegistrationFailed, |listed| !may_go(listed));
            let mut pending = plan.deregister();
            pending.retain(|target, _| !self.done.contains_key(target));
            if pending.is_empty() {
                break None;
            }
            if !self.observed.is_fresh() {
                if let Err(error) = self.plan_again(plan, has_failed).await {
                    break Some(error);
                }
                continue;
            }
            let written = self.elb.deregister(group, &pending, self.observed.fresh_until()).await;
            self.is_done(plan, |target| written.done.contains(target));
            let Some(Refusal { error, .. }) = written.failure else { break None };
            has_failed = true;
            silences += usize::from(!matches!(error, CallError::Throttled { .. }));
            if silences > READS_AGAIN || self.observed.is_fresh() {
                break Some(error);
            }
        };
        if failure.is_some() {
            plan.withhold_deregistrations(&Withheld::DeregistrationFailed, |_| true);
        }
        plan.overlay(std::mem::take(&mut self.done));
        failure
    }

    /// Reads the targets again and plans the deregistrations again.
    async fn plan_again(&mut self, plan: &mut Plan, has_failed: bool) -> Result<(), CallError> {
        self.observed = Observed::read(self.elb, &self.resolved.frontend.target_group).await?;
        if has_failed {
            // A write without an answer may have succeeded.
            let observed = self.observed.clone();
            self.is_done(plan, |target| !observed.is_in_service(target));
        }
        let registered: Vec<_> = plan.registrations().collect();
        *plan = self.resolved.plan(&self.observed, self.policy);
        plan.keep_registered(&BTreeSet::new());
        plan.overlay(registered);
        Ok(())
    }

    /// Records the deregistrations of `plan` that `such` selects as done.
    fn is_done(&mut self, plan: &Plan, such: impl Fn(&Target) -> bool) {
        let gone = plan.decisions().iter().filter(|(target, it)| it.action.deregisters() && such(target));
        self.done.extend(gone.map(|(target, decision)| (*target, decision.clone())));
    }
}
