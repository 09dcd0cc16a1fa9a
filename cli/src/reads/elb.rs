//! Load balancers, listeners and target groups, as ELB describes them.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};

use super::{list, page, pages, parameter};
use crate::reads::Looked;

const MARKER: (&str, &str) = ("Marker", "NextMarker");

/// A load balancer, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) vpc: String,
    pub(crate) zones: BTreeSet<String>,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
}

/// A target group, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) target_type: String,
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) check: HealthCheck,
}

/// How a target group checks its targets.
#[derive(Clone, Debug)]
pub(crate) struct HealthCheck {
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) path: String,
    pub(crate) matcher: String,
}

/// A listener with the target groups that it forwards to.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) target_groups: BTreeSet<String>,
}

/// All load balancers of the Region, by ARN.
pub(crate) async fn load_balancers(ask: &QueryClient<'_>) -> Looked<BTreeMap<String, LoadBalancer>> {
    let listed = pages(ask, "elasticloadbalancing:DescribeLoadBalancers", vec![], MARKER, |page| {
        list(page, "LoadBalancers")?.into_iter().map(load_balancer).collect()
    });
    Ok(listed.await?.into_iter().map(|one| (one.arn.clone(), one)).collect())
}

fn load_balancer(described: &Element) -> Result<LoadBalancer, Unreadable> {
    let zones = list(described, "AvailabilityZones")?;
    let of_zones = |name: &str| zones.iter().map(|zone| zone.text_of(name)).collect::<Result<Vec<_>, _>>();
    // A list of texts, not of elements.
    let groups = list(described, "SecurityGroups")?;
    Ok(LoadBalancer {
        arn: described.text_of("LoadBalancerArn")?,
        vpc: described.text_of("VpcId")?,
        zones: of_zones("ZoneName")?.into_iter().collect(),
        subnets: of_zones("SubnetId")?,
        security_groups: groups.into_iter().map(|group| group.text().to_owned()).collect(),
    })
}

/// All target groups of the Region, by ARN.
pub(crate) async fn target_groups(ask: &QueryClient<'_>) -> Looked<BTreeMap<String, TargetGroup>> {
    let listed = pages(ask, "elasticloadbalancing:DescribeTargetGroups", vec![], MARKER, |page| {
        list(page, "TargetGroups")?.into_iter().map(target_group).collect()
    });
    Ok(listed.await?.into_iter().map(|one| (one.arn.clone(), one)).collect())
}

fn target_group(described: &Element) -> Result<TargetGroup, Unreadable> {
    let matcher = described.child("Matcher")?;
    Ok(TargetGroup {
        arn: described.text_of("TargetGroupArn")?,
        target_type: described.text_of("TargetType")?,
        protocol: described.text_of("Protocol")?,
        port: described.text_of("Port")?,
        check: HealthCheck {
            protocol: described.text_of("HealthCheckProtocol")?,
            port: described.text_of("HealthCheckPort")?,
            path: described.text_of("HealthCheckPath")?,
            matcher: matcher.map_or_else(|| Ok(String::new()), |matcher| matcher.text_of("HttpCode"))?,
        },
    })
}

/// The attributes of a load balancer.
pub(crate) async fn attributes_of_load_balancer(
    ask: &QueryClient<'_>,
    arn: &str,
) -> Looked<BTreeMap<String, String>> {
    let of = vec![parameter("LoadBalancerArn", arn)];
    page(ask, "elasticloadbalancing:DescribeLoadBalancerAttributes", of, attributes).await
}

/// The attributes of a target group.
pub(crate) async fn attributes_of_target_group(
    ask: &QueryClient<'_>,
    arn: &str,
) -> Looked<BTreeMap<String, String>> {
    let of = vec![parameter("TargetGroupArn", arn)];
    page(ask, "elasticloadbalancing:DescribeTargetGroupAttributes", of, attributes).await
}

fn attributes(page: &Element) -> Result<BTreeMap<String, String>, Unreadable> {
    let attribute = |one: &Element| Ok((one.text_of("Key")?, one.text_of("Value")?));
    list(page, "Attributes")?.into_iter().map(attribute).collect()
}

/// The listeners of a load balancer.
pub(crate) async fn listeners(ask: &QueryClient<'_>, arn: &str) -> Looked<Vec<Listener>> {
    let of = vec![parameter("LoadBalancerArn", arn)];
    let listed = pages(ask, "elasticloadbalancing:DescribeListeners", of, MARKER, |page| {
        list(page, "Listeners")?.into_iter().map(listener).collect()
    });
    listed.await
}

fn listener(described: &Element) -> Result<Listener, Unreadable> {
    let mut target_groups = BTreeSet::new();
    for action in list(described, "DefaultActions")? {
        target_groups.insert(action.text_of("TargetGroupArn")?);
        if let Some(forward) = action.child("ForwardConfig")? {
            for group in list(forward, "TargetGroups")? {
                target_groups.insert(group.text_of("TargetGroupArn")?);
            }
        }
    }
    Ok(Listener { protocol: described.text_of("Protocol")?, port: described.text_of("Port")?, target_groups })
}
