//! Lists load balancers, target groups and their tags in Elastic Load
//! Balancing (v2), by page and by batch for the whole Region.
//!
//! [`targets`] reads and writes the targets of one target group.

pub mod targets;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerTypeEnum, ProtocolEnum, TargetGroup as Description, TargetGroupIpAddressTypeEnum,
    TargetTypeEnum,
};
use futures_util::future::try_join_all;

use super::call::{Caller, all_pages};
use crate::error::CallError;
use crate::model::{Family, LoadBalancerArn, Tags, TargetGroupArn};

/// The largest page of load balancers and target groups.
///
/// Source: ELB API Reference, `PageSize`.
const PAGE_SIZE: i32 = 400;

/// The most resources of one call for tags.
///
/// Source: ELB API Reference, *DescribeTags*.
pub const TAGS_BATCH: usize = 20;

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

/// One network load balancer as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: LoadBalancerArn,
    /// ELB's `Scheme`: `internal` or `internet-facing`.
    pub scheme: String,
}

/// ELB, within the budget of one run.
#[derive(Clone, Copy)]
pub struct Elb<'a> {
    pub(super) client: &'a Client,
    pub(super) caller: Caller<'a>,
}

impl Elb<'_> {
    /// The same for calls that are given up where ELB's calls are spaced.
    #[must_use]
    pub fn only_unspaced(self) -> Self {
        Self { caller: self.caller.only_unspaced(), ..self }
    }

    /// Lists all network load balancers of the Region, each once, by ARN.
    ///
    /// # Errors
    ///
    /// A page that fails: a partial list is never returned.
    pub async fn network_load_balancers(&self) -> Result<Vec<LoadBalancer>, CallError> {
        const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        let pages = all_pages(ACTION, async |marker| {
            let describe = self.client.describe_load_balancers().page_size(PAGE_SIZE).set_marker(marker);
            let page = self.caller.call(ACTION, || describe.clone().send()).await?;
            Ok((page.load_balancers.unwrap_or_default(), page.next_marker))
        });
        let network = pages.await?.into_iter().filter(|lb| lb.r#type == Some(LoadBalancerTypeEnum::Network));
        let listed = network.filter_map(|lb| {
            let scheme = lb.scheme.map(|scheme| scheme.as_str().to_owned()).unwrap_or_default();
            Some(LoadBalancer { arn: LoadBalancerArn(lb.load_balancer_arn?), scheme })
        });
        let by_arn: BTreeMap<_, _> = listed.map(|listed| (listed.arn.clone(), listed)).collect();
        Ok(by_arn.into_values().collect())
    }

    /// Lists all target groups of the Region, each once.
    ///
    /// # Errors
    ///
    /// A page that fails: a partial list is never returned.
    pub async fn target_groups(&self) -> Result<Vec<TargetGroup>, CallError> {
        const ACTION: &str = "elasticloadbalancing:DescribeTargetGroups";
        let pages = all_pages(ACTION, async |marker| {
            let describe = self.client.describe_target_groups().page_size(PAGE_SIZE).set_marker(marker);
            let page = self.caller.call(ACTION, || describe.clone().send()).await?;
            Ok((page.target_groups.unwrap_or_default(), page.next_marker))
        });
        let listed = pages.await?.into_iter().filter_map(target_group);
        let by_arn: BTreeMap<_, _> = listed.map(|group| (group.arn.clone(), group)).collect();
        Ok(by_arn.into_values().collect())
    }

    /// Reads the tags of load balancers and target groups, by ARN. A resource
    /// that was deleted meanwhile has no entry.
    ///
    /// # Errors
    ///
    /// A batch fails for another reason than a deleted resource.
    pub async fn tags(&self, arns: Vec<String>) -> Result<BTreeMap<String, Tags>, CallError> {
        let batches = arns.chunks(TAGS_BATCH).map(|batch| self.tags_of_batch(batch.to_vec()));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// One deleted resource fails its whole batch, and ELB does not name it. So the
    /// batch is halved until that resource is alone in one.
    async fn tags_of_batch(&self, batch: Vec<String>) -> Result<BTreeMap<String, Tags>, CallError> {
        let mut tags = BTreeMap::new();
        let mut batches = VecDeque::from([batch]);
        while let Some(mut batch) = batches.pop_front() {
            let describe = self.client.describe_tags().set_resource_arns(Some(batch.clone()));
            match self.caller.call("elasticloadbalancing:DescribeTags", || describe.clone().send()).await {
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
        vpc: listed.vpc_id.filter(|vpc| !vpc.is_empty()),
    })
}
