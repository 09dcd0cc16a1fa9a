//! Load balancers, listeners and target groups, as ELB describes them.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::model::Family;

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
    /// As in `internal`.
    pub(crate) scheme: String,
    /// Whether it has IPv6 addresses, too.
    pub(crate) is_dual_stack: bool,
    /// Whether its security groups judge PrivateLink's clients.
    pub(crate) judges_private_link: bool,
}

/// A target group, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) target_type: String,
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) family: Family,
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
    /// With their weights.
    pub(crate) target_groups: BTreeMap<String, u32>,
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
        scheme: described.text_of("Scheme")?,
        is_dual_stack: described.text_of("IpAddressType")?.starts_with("dualstack"),
        judges_private_link: described.text_of("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")?
            != "off",
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
        family: if described.text_of("IpAddressType")? == "ipv6" { Family::Ipv6 } else { Family::Ipv4 },
        check: HealthCheck {
            protocol: described.text_of("HealthCheckProtocol")?,
            port: described.text_of("HealthCheckPort")?,
            path: described.text_of("HealthCheckPath")?,
            matcher: matcher.map_or_else(|| Ok(String::new()), |matcher| matcher.text_of("HttpCode"))?,
        },
    })
}

/// Attributes by their keys.
pub(crate) type Attributes = BTreeMap<String, String>;

/// The attributes of a load balancer.
pub(crate) async fn attributes_of_load_balancer(ask: &QueryClient<'_>, arn: &str) -> Looked<Attributes> {
    let of = vec![parameter("LoadBalancerArn", arn)];
    page(ask, "elasticloadbalancing:DescribeLoadBalancerAttributes", of, attributes).await
}

/// The attributes of a target group.
pub(crate) async fn attributes_of_target_group(ask: &QueryClient<'_>, arn: &str) -> Looked<Attributes> {
    let of = vec![parameter("TargetGroupArn", arn)];
    page(ask, "elasticloadbalancing:DescribeTargetGroupAttributes", of, attributes).await
}

fn attributes(page: &Element) -> Result<Attributes, Unreadable> {
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
    /// The weight of a target group that an action names without one.
    const USUAL_WEIGHT: u32 = 1;
    let mut target_groups = BTreeMap::new();
    for action in list(described, "DefaultActions")? {
        target_groups.insert(action.text_of("TargetGroupArn")?, USUAL_WEIGHT);
        if let Some(forward) = action.child("ForwardConfig")? {
            for group in list(forward, "TargetGroups")? {
                let weight = group.text_of("Weight")?.parse().unwrap_or(USUAL_WEIGHT);
                target_groups.insert(group.text_of("TargetGroupArn")?, weight);
            }
        }
    }
    Ok(Listener { protocol: described.text_of("Protocol")?, port: described.text_of("Port")?, target_groups })
}
