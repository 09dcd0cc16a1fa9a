//! Reads the targets of a target group, registers and deregisters them.
//!
//! Writes are in chunks, and a bad target does not keep out the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_sdk_elasticloadbalancingv2::types::{
    TargetAdministrativeOverrideStateEnum, TargetDescription, TargetHealthDescription,
    TargetHealthReasonEnum, TargetHealthStateEnum,
};

use tokio::time::Instant;

use super::Elb;
use crate::aws::call::malformed_response;
use crate::error::CallError;
use crate::model::{CurrentTarget, Target, TargetGroupArn, TargetState, Targets, Zone};

/// The most targets of one call. AWS publishes no limit; this is what the AWS
/// Load Balancer Controller sends.
const TARGETS_CHUNK: usize = 200;

const READ: &str = "elasticloadbalancing:DescribeTargetHealth";

/// How the cluster's VPC, by EKS, relates to the target group's, by ELB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpcRelation {
    /// They are the same: a target is named without a zone.
    Same,
    /// They differ: a target is named with zone `all`.
    Different,
    /// One of the services names none: without a zone, and once with `all` if
    /// ELB refuses that.
    Unknown,
}

/// The result of a write.
#[derive(Debug, Default)]
pub struct Written {
    /// The targets that ELB accepted.
    pub done: BTreeSet<Target>,
    /// The first refusal; present if and only if a target is missing above.
    pub failure: Option<Refusal>,
}

/// Why ELB did not accept a target.
#[derive(Debug)]
pub struct Refusal {
    /// The target, or the first of a chunk that failed as a whole.
    pub target: Target,
    /// Whether ELB's reason is the VPC of the address.
    pub is_about_the_vpc: bool,
    /// ELB's answer.
    pub error: CallError,
}

impl Refusal {
    /// Whether the target group has no room.
    #[must_use]
    pub fn is_for_want_of_room(&self) -> bool {
        self.error.is_rejected_as(&["TooManyTargets"])
    }
}

impl Elb<'_> {
    /// Reads the current targets of a target group.
    ///
    /// # Errors
    ///
    /// The call fails, or a target's id is not an address.
    pub async fn targets(&self, group: &TargetGroupArn) -> Result<Targets, CallError> {
        let describe = self.client.describe_target_health().target_group_arn(&group.0);
        let answer = self.caller.call(READ, || describe.clone().send()).await?;
        listed(answer.target_health_descriptions.unwrap_or_default())
    }

    /// Registers `targets`; one that ELB refuses does not keep the others out.
    ///
    /// Source: ELB API Reference, *TargetDescription*, `AvailabilityZone`: an
    /// address inside the target group's VPC needs no zone, any other must be in
    /// `all`.
    pub async fn register(
        &self,
        group: &TargetGroupArn,
        targets: &BTreeSet<Target>,
        relation: VpcRelation,
    ) -> Written {
        let zone = (relation == VpcRelation::Different).then_some(Zone::All);
        write(targets.iter().copied(), async |chunk| {
            let named = |zone: Option<&Zone>| chunk.iter().map(|target| description(*target, zone)).collect();
            match self.register_chunk(group, named(zone.as_ref())).await {
                Err(error) if relation == VpcRelation::Unknown && is_about_the_zone(&error) => {
                    self.register_chunk(group, named(Some(&Zone::All))).await
                }
                answer => answer,
            }
        })
        .await
    }

    async fn register_chunk(
        &self,
        group: &TargetGroupArn,
        chunk: Vec<TargetDescription>,
    ) -> Result<(), CallError> {
        const ACTION: &str = "elasticloadbalancing:RegisterTargets";
        let register = self.client.register_targets().target_group_arn(&group.0).set_targets(Some(chunk));
        self.caller.call(ACTION, || register.clone().send()).await.map(drop)
    }

    /// Deregisters `targets`; one that ELB refuses does not keep the others in.
    /// Each is named by the zone in which ELB listed it: ELB ignores a target
    /// that it does not find under that zone, and reports success. A write that
    /// ELB has not answered by `fresh_until` is given up.
    pub async fn deregister(
        &self,
        group: &TargetGroupArn,
        targets: &BTreeMap<Target, Option<Zone>>,
        fresh_until: Instant,
    ) -> Written {
        const ACTION: &str = "elasticloadbalancing:DeregisterTargets";
        write(targets.keys().copied(), async |chunk| {
            let zone = |target: &Target| targets.get(target).and_then(Option::as_ref);
            let named = chunk.iter().map(|target| description(*target, zone(target))).collect();
            let deregister =
                self.client.deregister_targets().target_group_arn(&group.0).set_targets(Some(named));
            self.caller.until(fresh_until).call(ACTION, || deregister.clone().send()).await.map(drop)
        })
        .await
    }
}

/// Writes `targets` in chunks. A chunk of which ELB refuses some target is
/// halved until that target is alone.
async fn write(
    targets: impl Iterator<Item = Target>,
    call: impl AsyncFn(&[Target]) -> Result<(), CallError>,
) -> Written {
    let targets: Vec<Target> = targets.collect();
    let mut chunks: VecDeque<Vec<Target>> = targets.chunks(TARGETS_CHUNK).map(<[_]>::to_vec).collect();
    let mut written = Written::default();
    while let Some(mut chunk) = chunks.pop_front() {
        match (call(&chunk).await, chunk.first()) {
            (Ok(()), _) => written.done.extend(chunk),
            (Err(error), _) if chunk.len() > 1 && is_about_a_target(&error) => {
                let half = chunk.split_off(chunk.len() / 2);
                chunks.push_front(half);
                chunks.push_front(chunk);
            }
            (Err(error), Some(&target)) => {
                let refusal = Refusal { target, is_about_the_vpc: is_about_the_zone(&error), error };
                written.failure.get_or_insert(refusal);
            }
            (Err(_), None) => {}
        }
    }
    written
}

fn description(target: Target, zone: Option<&Zone>) -> TargetDescription {
    TargetDescription::builder()
        .id(target.ip().to_string())
        .port(target.port().into())
        .set_availability_zone(zone.map(ToString::to_string))
        .build()
}

/// The targets of a whole answer.
fn listed(answer: Vec<TargetHealthDescription>) -> Result<Targets, CallError> {
    let mut targets = Targets::new();
    for described in answer {
        let Some(state) = target_state(&described) else { continue };
        let (target, zone) = described.target.as_ref().and_then(target).ok_or_else(|| {
            malformed_response(READ, format!("{:?} is not an address and a port", described.target))
        })?;
        // If a target is listed in two zones, the one that is in service
        // counts.
        let is_known = targets.get(&target).is_some_and(|known| known.state.is_in_service());
        if !is_known {
            let is_overridden = is_overridden(&described);
            targets.insert(target, CurrentTarget { state, zone, is_overridden });
        }
    }
    Ok(targets)
}

fn target(described: &TargetDescription) -> Option<(Target, Option<Zone>)> {
    let ip = described.id()?.parse().ok()?;
    let port = described.port()?.try_into().ok()?;
    let zone = described.availability_zone.clone().filter(|zone| !zone.is_empty()).map(Zone::from);
    Some((Target::new(ip, port), zone))
}

/// The state of a target, or nothing if ELB says that it is not registered.
fn target_state(described: &TargetHealthDescription) -> Option<TargetState> {
    let health = described.target_health();
    let absent = health.and_then(|health| health.reason()) == Some(&TargetHealthReasonEnum::NotRegistered);
    match health.and_then(|health| health.state()) {
        Some(TargetHealthStateEnum::Unused) if absent => None,
        Some(TargetHealthStateEnum::Unused) => Some(TargetState::Unused),
        Some(TargetHealthStateEnum::Initial) => Some(TargetState::Initial),
        Some(TargetHealthStateEnum::Healthy) => Some(TargetState::Healthy),
        Some(TargetHealthStateEnum::Unhealthy | TargetHealthStateEnum::UnhealthyDraining) => {
            Some(TargetState::Unhealthy)
        }
        Some(TargetHealthStateEnum::Draining) => Some(TargetState::Draining),
        Some(TargetHealthStateEnum::Unavailable) => Some(TargetState::Unavailable),
        _ => Some(TargetState::Unknown),
    }
}

/// Whether ELB keeps new connections from a target that it knows.
fn is_overridden(described: &TargetHealthDescription) -> bool {
    let health = described.target_health().and_then(|health| health.state());
    let state = described.administrative_override().and_then(|described| described.state());
    health == Some(&TargetHealthStateEnum::UnhealthyDraining)
        || state.is_some_and(|state| *state != TargetAdministrativeOverrideStateEnum::NoOverride)
}

/// Whether ELB says that the Availability Zone should have been given, or should
/// not, or that the target is in another VPC. ELB has no code for that alone, so the
/// text decides.
fn is_about_the_zone(error: &CallError) -> bool {
    let text = error.to_string();
    error.is_rejected_as(&["InvalidTarget", "ValidationError"])
        && ["Availability Zone", "VPC"].iter().any(|word| text.contains(word))
}

/// Whether ELB refuses a target, so that others of the same call may still be
/// taken.
fn is_about_a_target(error: &CallError) -> bool {
    error.is_rejected_as(&[
        "InvalidTarget",
        "TooManyRegistrationsForTargetId",
        "TooManyTargets",
        "ValidationError",
    ])
}

#[cfg(test)]
mod tests;
