//! Lists load balancers, target groups and their tags in Elastic Load
//! Balancing (v2), by page and by batch for the whole Region.
//!
//! [`targets`] reads and writes the targets of one target group.

pub mod paces;
pub mod targets;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::error::Error;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerTypeEnum, ProtocolEnum, TargetGroup as Description, TargetGroupIpAddressTypeEnum,
    TargetTypeEnum,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::try_join_all;
use tokio::time::Instant;

use paces::Paces;

use super::call::{all_pages, answer};
use super::config::OPERATION_TIMEOUT;
use crate::error::{AwsError, CallError};
use crate::limits::Limits;
use crate::model::{Family, LoadBalancerArn, Tags, TargetGroupArn};

/// The largest page of load balancers and target groups.
///
/// Source: ELB API Reference, `PageSize`.
const PAGE_SIZE: i32 = 400;

/// The most resources of one call for tags.
///
/// Source: ELB API Reference, *DescribeTags*.
const TAGS_BATCH: usize = 20;

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

/// ELB, within the limits of one run.
pub struct Elb<'a> {
    /// The SDK's client.
    pub client: &'a Client,
    /// The limits of the run.
    pub limits: &'a Limits,
    /// The paces of the account and Region.
    pub paces: &'a Paces,
}

impl Elb<'_> {
    /// Makes one call when its turn comes, again while it is throttled.
    /// `action` is the call as an IAM policy spells it.
    async fn call<T, E, F>(&self, action: &'static str, call: impl Fn() -> F) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let give_up = Instant::now() + OPERATION_TIMEOUT;
        let mut attempts = 1;
        loop {
            self.limits.before(action, self.paces.turn(action)).await?;
            // The SDK's futures are some 17 kB each. Boxed, and made only now,
            // they do not add up in the futures around them.
            let result = answer(action, self.limits.call(action, || Box::pin(call())).await);
            let is_throttled = matches!(result, Err(CallError::Aws(AwsError::Throttled { .. })));
            if !is_throttled || attempts >= self.paces.max_attempts || Instant::now() >= give_up {
                return result;
            }
            attempts += 1;
        }
    }

    /// Lists all network load balancers of the Region, each once.
    ///
    /// # Errors
    ///
    /// A page that fails: half a list is none.
    pub async fn network_load_balancers(&self) -> Result<BTreeSet<LoadBalancerArn>, CallError> {
        const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        let pages = all_pages(ACTION, async |marker| {
            let describe = self.client.describe_load_balancers().page_size(PAGE_SIZE).set_marker(marker);
            let page = self.call(ACTION, || describe.clone().send()).await?;
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
    pub async fn target_groups(&self) -> Result<Vec<TargetGroup>, CallError> {
        const ACTION: &str = "elasticloadbalancing:DescribeTargetGroups";
        let pages = all_pages(ACTION, async |marker| {
            let describe = self.client.describe_target_groups().page_size(PAGE_SIZE).set_marker(marker);
            let page = self.call(ACTION, || describe.clone().send()).await?;
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
    pub async fn tags(&self, arns: Vec<String>) -> Result<BTreeMap<String, Tags>, CallError> {
        let batches = arns.chunks(TAGS_BATCH).map(|batch| self.tags_of_batch(batch.to_vec()));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// One resource that is gone fails its whole batch without being named, so
    /// the batch is halved until it stands alone.
    async fn tags_of_batch(&self, batch: Vec<String>) -> Result<BTreeMap<String, Tags>, CallError> {
        let mut tags = BTreeMap::new();
        let mut batches = VecDeque::from([batch]);
        while let Some(mut batch) = batches.pop_front() {
            let describe = self.client.describe_tags().set_resource_arns(Some(batch.clone()));
            match self.call("elasticloadbalancing:DescribeTags", || describe.clone().send()).await {
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
        // Only a Lambda target group has none, and it is skipped.
        port: listed.port.and_then(|port| port.try_into().ok()).unwrap_or_default(),
        family: match listed.ip_address_type {
            Some(TargetGroupIpAddressTypeEnum::Ipv6) => Family::Ipv6,
            _ => Family::Ipv4,
        },
        vpc: listed.vpc_id,
    })
}
