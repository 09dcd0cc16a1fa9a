//! Reads and writes target groups in Elastic Load Balancing (v2).
//!
//! Reading is by page and by batch for the whole Region. Writing is in chunks,
//! and one bad target does not keep out the good ones.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerTypeEnum, ProtocolEnum, TargetDescription, TargetGroup as Description,
    TargetGroupIpAddressTypeEnum, TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
    TargetTypeEnum,
};
use futures_util::future::try_join_all;

use super::Limits;
use crate::error::AwsError;
use crate::model::{Family, LoadBalancerArn, Tags, Target, TargetGroupArn, TargetState, Targets};

/// The largest page of load balancers and target groups.
///
/// Source: ELB API Reference, `PageSize`.
const PAGE_SIZE: i32 = 400;

/// The most resources of one call for tags.
///
/// Source: ELB API Reference, *DescribeTags*.
const TAGS_BATCH: usize = 20;

/// The most targets of one call. AWS publishes no limit; this is what the AWS
/// Load Balancer Controller sends.
const TARGETS_CHUNK: usize = 200;

/// One target group as listed, with what decides whether it is managed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: TargetGroupArn,
    /// The load balancers that forward to it.
    pub load_balancers: BTreeSet<LoadBalancerArn>,
    /// Whether its targets are addresses.
    pub has_ip_targets: bool,
    /// Whether its protocol is TCP or TLS.
    pub is_tcp: bool,
    /// The port of its targets, unless a target overrides it.
    pub port: u16,
    /// The family of its targets.
    pub family: Family,
    /// Its VPC.
    pub vpc: Option<String>,
}

/// Where a target's address is, seen from its target group: what ELB calls
/// the target's Availability Zone.
///
/// Source: ELB API Reference, *TargetDescription*, `AvailabilityZone`: left
/// out for an address inside the target group's VPC, `all` for any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the target group's VPC.
    SameVpc,
    /// In another.
    OtherVpc,
}

impl Placement {
    fn availability_zone(self) -> Option<String> {
        match self {
            Self::SameVpc => None,
            Self::OtherVpc => Some("all".to_owned()),
        }
    }

    fn other(self) -> Self {
        match self {
            Self::SameVpc => Self::OtherVpc,
            Self::OtherVpc => Self::SameVpc,
        }
    }
}

/// What became of some targets that were written.
#[derive(Debug, Default)]
pub struct Written {
    /// The targets that ELB took.
    pub done: BTreeSet<Target>,
    /// The first refusal. There is one if and only if a target is missing above.
    pub failure: Option<AwsError>,
}

/// ELB, within the limits of one run.
pub struct Elb<'a> {
    /// The SDK's client.
    pub client: &'a Client,
    /// The limits of the run.
    pub limits: &'a Limits,
}

impl Elb<'_> {
    /// Lists all network load balancers of the Region, each once.
    ///
    /// # Errors
    ///
    /// A page that fails: half a list is none.
    pub async fn network_load_balancers(&self) -> Result<BTreeSet<LoadBalancerArn>, AwsError> {
        let pages = all_pages("elasticloadbalancing:DescribeLoadBalancers", async |marker| {
            let call = self.client.describe_load_balancers().page_size(PAGE_SIZE).set_marker(marker).send();
            let page = self.limits.call("elasticloadbalancing:DescribeLoadBalancers", call).await?;
            Ok((page.load_balancers.unwrap_or_default(), page.next_marker))
        });
        let network = pages.await?.into_iter().filter(|lb| lb.r#type == Some(LoadBalancerTypeEnum::Network));
        Ok(network.filter_map(|lb| lb.load_balancer_arn).map(LoadBalancerArn).collect())
    }

    /// Lists all target groups of the Region, each once.
    ///
    /// # Errors
    ///
    /// A page that fails: half a list is none.
    pub async fn target_groups(&self) -> Result<Vec<TargetGroup>, AwsError> {
        let pages = all_pages("elasticloadbalancing:DescribeTargetGroups", async |marker| {
            let call = self.client.describe_target_groups().page_size(PAGE_SIZE).set_marker(marker).send();
            let page = self.limits.call("elasticloadbalancing:DescribeTargetGroups", call).await?;
            Ok((page.target_groups.unwrap_or_default(), page.next_marker))
        });
        let listed = pages.await?.into_iter().filter_map(target_group);
        let by_arn: BTreeMap<_, _> = listed.map(|group| (group.arn.clone(), group)).collect();
        Ok(by_arn.into_values().collect())
    }

    /// Reads the tags of load balancers and target groups, by ARN. A resource
    /// that is gone by now has no entry.
    ///
    /// # Errors
    ///
    /// A batch that fails for another reason than a resource that is gone.
    pub async fn tags(&self, arns: Vec<String>) -> Result<BTreeMap<String, Tags>, AwsError> {
        let batches = arns.chunks(TAGS_BATCH).map(|batch| self.tags_of_batch(batch.to_vec()));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// One resource that is gone fails its whole batch without being named, so
    /// the batch is halved until it stands alone.
    async fn tags_of_batch(&self, batch: Vec<String>) -> Result<BTreeMap<String, Tags>, AwsError> {
        let mut tags = BTreeMap::new();
        let mut batches = VecDeque::from([batch]);
        while let Some(mut batch) = batches.pop_front() {
            let call = self.client.describe_tags().set_resource_arns(Some(batch.clone())).send();
            match self.limits.call("elasticloadbalancing:DescribeTags", call).await {
                Ok(answer) => tags.extend(
                    answer.tag_descriptions.unwrap_or_default().into_iter().filter_map(|described| {
                        let pairs = described.tags.unwrap_or_default().into_iter();
                        let tags = pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
                        Some((described.resource_arn?, tags.collect()))
                    }),
                ),
                Err(error) if error.is_rejected_as(&["LoadBalancerNotFound", "TargetGroupNotFound"]) => {
                    if batch.len() > 1 {
                        let half = batch.split_off(batch.len() / 2);
                        batches.extend([batch, half]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(tags)
    }

    /// Reads the current targets of a target group.
    ///
    /// # Errors
    ///
    /// The call fails, or names a target that is no address and port.
    pub async fn targets(&self, group: &TargetGroupArn) -> Result<Targets, AwsError> {
        const ACTION: &str = "elasticloadbalancing:DescribeTargetHealth";
        let call = self.client.describe_target_health().target_group_arn(&group.0).send();
        let answer = self.limits.call(ACTION, call).await?;
        let mut targets = Targets::new();
        for described in answer.target_health_descriptions.unwrap_or_default() {
            let Some(state) = target_state(&described) else { continue };
            let target = described.target.as_ref().and_then(target).ok_or_else(|| AwsError::Rejected {
                action: ACTION,
                service_code: String::new(),
                reason: format!("{:?} is no address and port", described.target),
            })?;
            targets.insert(target, state);
        }
        Ok(targets)
    }

    /// Registers `targets`, good ones even if others are refused.
    pub async fn register(
        &self,
        group: &TargetGroupArn,
        targets: &BTreeSet<Target>,
        placement: Placement,
    ) -> Written {
        let mut written = Written::default();
        let mut chunks: VecDeque<Vec<Target>> = in_chunks(targets).collect();
        while let Some(mut chunk) = chunks.pop_front() {
            let mut answer = self.register_chunk(group, &chunk, placement).await;
            if answer.as_ref().is_err_and(is_about_the_zone) {
                answer = self.register_chunk(group, &chunk, placement.other()).await;
            }
            match answer {
                Ok(()) => written.done.extend(chunk),
                // Somewhere in the chunk is a bad target: it is halved until that stands alone.
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
        placement: Placement,
    ) -> Result<(), AwsError> {
        let targets = chunk
            .iter()
            .map(|target| description(*target).set_availability_zone(placement.availability_zone()).build());
        let call =
            self.client.register_targets().target_group_arn(&group.0).set_targets(Some(targets.collect()));
        self.limits.call("elasticloadbalancing:RegisterTargets", call.send()).await.map(drop)
    }

    /// Deregisters `targets`.
    pub async fn deregister(&self, group: &TargetGroupArn, targets: &BTreeSet<Target>) -> Written {
        let mut written = Written::default();
        for chunk in in_chunks(targets) {
            let targets = chunk.iter().map(|target| description(*target).build()).collect();
            let call =
                self.client.deregister_targets().target_group_arn(&group.0).set_targets(Some(targets)).send();
            match self.limits.call("elasticloadbalancing:DeregisterTargets", call).await {
                Ok(_) => written.done.extend(chunk),
                Err(error) => _ = written.failure.get_or_insert(error),
            }
        }
        written
    }
}

/// Asks for page after page. A marker that comes back unchanged would go on for ever.
async fn all_pages<T, F>(action: &'static str, page: impl Fn(Option<String>) -> F) -> Result<Vec<T>, AwsError>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), AwsError>>,
{
    let mut items = Vec::new();
    let mut marker = None;
    loop {
        let (page, next) = page(marker.clone()).await?;
        items.extend(page);
        match next {
            None => return Ok(items),
            next if next == marker => {
                return Err(AwsError::Rejected {
                    action,
                    service_code: String::new(),
                    reason: "the same page is announced for ever".to_owned(),
                });
            }
            next => marker = next,
        }
    }
}

fn in_chunks(targets: &BTreeSet<Target>) -> impl Iterator<Item = Vec<Target>> {
    let targets: Vec<Target> = targets.iter().copied().collect();
    targets.chunks(TARGETS_CHUNK).map(<[Target]>::to_vec).collect::<Vec<_>>().into_iter()
}

fn description(target: Target) -> aws_sdk_elasticloadbalancingv2::types::builders::TargetDescriptionBuilder {
    TargetDescription::builder().id(target.ip().to_string()).port(target.port().into())
}

fn target(described: &TargetDescription) -> Option<Target> {
    let ip = described.id()?.parse().ok()?;
    let port = described.port()?.try_into().ok()?;
    Some(Target::new(ip, port))
}

fn target_group(listed: Description) -> Option<TargetGroup> {
    Some(TargetGroup {
        arn: TargetGroupArn(listed.target_group_arn?),
        load_balancers: listed
            .load_balancer_arns
            .unwrap_or_default()
            .into_iter()
            .map(LoadBalancerArn)
            .collect(),
        has_ip_targets: listed.target_type == Some(TargetTypeEnum::Ip),
        is_tcp: matches!(listed.protocol, Some(ProtocolEnum::Tcp | ProtocolEnum::Tls)),
        // A Lambda target group has none, and is none of ours.
        port: listed.port.and_then(|port| port.try_into().ok()).unwrap_or_default(),
        family: match listed.ip_address_type {
            Some(TargetGroupIpAddressTypeEnum::Ipv6) => Family::Ipv6,
            _ => Family::Ipv4,
        },
        vpc: listed.vpc_id,
    })
}

/// The state of a target, or nothing if it is not registered at all: that is
/// how ELB answers for a target it was asked about by name.
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
/// should not. The refusal is un-modelled, so its text must do.
fn is_about_the_zone(error: &AwsError) -> bool {
    error.is_rejected_as(&["ValidationError"]) && error.to_string().contains("Availability Zone")
}

/// Whether ELB refuses a target, so that others of the same call may still be
/// taken.
fn is_about_a_target(error: &AwsError) -> bool {
    error.is_rejected_as(&[
        "InvalidTarget",
        "TooManyRegistrationsForTargetId",
        "TooManyTargets",
        "ValidationError",
    ])
}
