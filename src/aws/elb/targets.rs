//! Reads the targets of a target group, registers and deregisters them.
//!
//! Writing is in chunks, and one bad target does not keep out the good ones.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
};

use tokio::time::{Instant, timeout_at};

use super::Elb;
use crate::aws::call::unusable;
use crate::error::{AwsError, CallError};
use crate::model::{CurrentTarget, Target, TargetGroupArn, TargetState, Targets, Zone};

/// The most targets of one call. AWS publishes no limit; this is what the AWS
/// Load Balancer Controller sends.
const TARGETS_CHUNK: usize = 200;

/// What became of the targets of a write.
#[derive(Debug, Default)]
pub struct Written {
    /// The targets that ELB took.
    pub done: BTreeSet<Target>,
    /// The first refusal. There is one if and only if a target is missing above.
    pub failure: Option<CallError>,
}

impl Elb<'_> {
    /// Reads the current targets of a target group.
    ///
    /// # Errors
    ///
    /// The call fails, or names a target that is no address and port.
    pub async fn targets(&self, group: &TargetGroupArn) -> Result<Targets, CallError> {
        const ACTION: &str = "elasticloadbalancing:DescribeTargetHealth";
        let describe = self.client.describe_target_health().target_group_arn(&group.0);
        let answer = self.call(ACTION, || describe.clone().send()).await?;
        let mut targets = Targets::new();
        for described in answer.target_health_descriptions.unwrap_or_default() {
            let Some(state) = target_state(&described) else { continue };
            let (target, zone) =
                described.target.as_ref().and_then(target).ok_or_else(|| {
                    unusable(ACTION, format!("{:?} is no address and port", described.target))
                })?;
            // In two zones at once, what is in service counts.
            let is_known = targets.get(&target).is_some_and(|known| known.state.is_in_service());
            if !is_known {
                targets.insert(target, CurrentTarget { state, zone });
            }
        }
        Ok(targets)
    }

    /// Registers `targets` in `zone`, good ones even if others are refused.
    ///
    /// An address inside the target group's VPC needs no zone, any other must
    /// be in `all`. Where ELB refuses one, the other is tried once.
    ///
    /// Source: ELB API Reference, *TargetDescription*, `AvailabilityZone`.
    pub async fn register(
        &self,
        group: &TargetGroupArn,
        targets: &BTreeSet<Target>,
        zone: Option<Zone>,
    ) -> Written {
        let other_zone = if zone.is_none() { Some(Zone::All) } else { None };
        let mut written = Written::default();
        let targets: Vec<Target> = targets.iter().copied().collect();
        let mut chunks: VecDeque<Vec<Target>> = targets.chunks(TARGETS_CHUNK).map(<[_]>::to_vec).collect();
        while let Some(mut chunk) = chunks.pop_front() {
            let mut answer = self.register_chunk(group, &chunk, zone.as_ref()).await;
            if answer.as_ref().is_err_and(is_about_the_zone) {
                answer = self.register_chunk(group, &chunk, other_zone.as_ref()).await;
            }
            match answer {
                Ok(()) => written.done.extend(chunk),
                // Somewhere in the chunk is a bad target: halve it until that stands alone.
                Err(error) if chunk.len() > 1 && is_about_a_target(&error) => {
                    let half = chunk.split_off(chunk.len() / 2);
                    chunks.push_front(half);
                    chunks.push_front(chunk);
                }
                Err(error) => _ = written.failure.get_or_insert(error),
            }
        }
        written
    }

    async fn register_chunk(
        &self,
        group: &TargetGroupArn,
        chunk: &[Target],
        zone: Option<&Zone>,
    ) -> Result<(), CallError> {
        const ACTION: &str = "elasticloadbalancing:RegisterTargets";
        let targets = chunk.iter().map(|target| description(*target, zone)).collect();
        let register = self.client.register_targets().target_group_arn(&group.0).set_targets(Some(targets));
        self.call(ACTION, || register.clone().send()).await.map(drop)
    }

    /// Deregisters `targets`, each named by the zone in which ELB listed it:
    /// ELB ignores a target that it does not find under that zone, and reports
    /// success. Whatever ELB has not answered at `fresh_until` has failed.
    pub async fn deregister(
        &self,
        group: &TargetGroupArn,
        targets: &BTreeMap<Target, Option<Zone>>,
        fresh_until: Instant,
    ) -> Written {
        const ACTION: &str = "elasticloadbalancing:DeregisterTargets";
        let mut written = Written::default();
        let targets: Vec<_> = targets.iter().collect();
        for chunk in targets.chunks(TARGETS_CHUNK) {
            let named = chunk.iter().map(|(target, zone)| description(**target, zone.as_ref())).collect();
            let deregister =
                self.client.deregister_targets().target_group_arn(&group.0).set_targets(Some(named));
            let deregister = self.call(ACTION, || deregister.clone().send());
            match timeout_at(fresh_until, deregister).await.unwrap_or_else(|_| Err(self.too_late(ACTION))) {
                Ok(_) => written.done.extend(chunk.iter().map(|(target, _)| **target)),
                Err(error) => _ = written.failure.get_or_insert(error),
            }
        }
        written
    }

    /// Why a write was given up before ELB had answered.
    fn too_late(&self, action: &'static str) -> CallError {
        let reason = "no answer while what was read of the targets' health was fresh".to_owned();
        CallError::Aws(if self.paces.refuse_writes() {
            AwsError::Throttled { action, reason }
        } else {
            AwsError::Unreachable { action, reason }
        })
    }
}

fn description(target: Target, zone: Option<&Zone>) -> TargetDescription {
    TargetDescription::builder()
        .id(target.ip().to_string())
        .port(target.port().into())
        .set_availability_zone(zone.map(ToString::to_string))
        .build()
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

/// Whether ELB says that the Availability Zone should have been given, or
/// should not. The API model has no error for it, so its text decides.
fn is_about_the_zone(error: &CallError) -> bool {
    error.is_rejected_as(&["ValidationError"]) && error.to_string().contains("Availability Zone")
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
