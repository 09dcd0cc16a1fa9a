//! Load balancers, listeners and target groups, as ELB describes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::Family;

use super::{listed, numbered, parameter, text_in};

const MARKER: (&str, &str) = ("Marker", "NextMarker");

/// A load balancer, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) dns_name: String,
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

/// All load balancers of the Region by ARN, or the ones of these ARNs.
pub(crate) async fn load_balancers(
    ask: &QueryClient<'_>,
    arns: &[String],
) -> Result<BTreeMap<String, LoadBalancer>, CallError> {
    const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancers";
    let of = numbered("LoadBalancerArns.member", arns);
    let listed = listed(ask, ACTION, &of, MARKER, "LoadBalancers", load_balancer).await?;
    Ok(listed.into_iter().map(|one| (one.arn.clone(), one)).collect())
}

fn load_balancer(described: &Element) -> Result<LoadBalancer, Unreadable> {
    let zones = described.list("AvailabilityZones")?;
    let of_zones = |name: &str| zones.iter().map(|zone| zone.text_of(name)).collect::<Result<Vec<_>, _>>();
    // A list of texts, not of elements.
    let groups = described.list("SecurityGroups")?;
    Ok(LoadBalancer {
        arn: described.text_of("LoadBalancerArn")?,
        dns_name: described.text_of("DNSName")?,
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
pub(crate) async fn target_groups(ask: &QueryClient<'_>) -> Result<BTreeMap<String, TargetGroup>, CallError> {
    const ACTION: &str = "elasticloadbalancing:DescribeTargetGroups";
    let listed = listed(ask, ACTION, &[], MARKER, "TargetGroups", target_group).await?;
    Ok(listed.into_iter().map(|one| (one.arn.clone(), one)).collect())
}

fn target_group(described: &Element) -> Result<TargetGroup, Unreadable> {
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
            matcher: text_in(described, "Matcher", "HttpCode")?,
        },
    })
}

/// Attributes by their keys.
pub(crate) type Attributes = BTreeMap<String, String>;

/// The attribute of a load balancer, and of a target group, which decides.
pub(crate) const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

/// The attributes of a load balancer or a target group.
pub(crate) async fn attributes(ask: &QueryClient<'_>, arn: &str) -> Result<Attributes, CallError> {
    let (action, kind) = if arn.contains(":targetgroup/") {
        ("elasticloadbalancing:DescribeTargetGroupAttributes", "TargetGroupArn")
    } else {
        ("elasticloadbalancing:DescribeLoadBalancerAttributes", "LoadBalancerArn")
    };
    let attribute = |one: &Element| Ok((one.text_of("Key")?, one.text_of("Value")?));
    let listed = listed(ask, action, &[parameter(kind, arn)], MARKER, "Attributes", attribute).await?;
    Ok(listed.into_iter().collect())
}

pub(crate) async fn listeners(ask: &QueryClient<'_>, arn: &str) -> Result<Vec<Listener>, CallError> {
    let of = [parameter("LoadBalancerArn", arn)];
    listed(ask, "elasticloadbalancing:DescribeListeners", &of, MARKER, "Listeners", listener).await
}

fn listener(described: &Element) -> Result<Listener, Unreadable> {
    /// The weight of a target group that an action names without one.
    const USUAL_WEIGHT: u32 = 1;
    let mut target_groups = BTreeMap::new();
    for action in described.list("DefaultActions")? {
        target_groups.insert(action.text_of("TargetGroupArn")?, USUAL_WEIGHT);
        if let Some(forward) = action.child("ForwardConfig")? {
            for group in forward.list("TargetGroups")? {
                let weight = group.text_of("Weight")?.parse().unwrap_or(USUAL_WEIGHT);
                target_groups.insert(group.text_of("TargetGroupArn")?, weight);
            }
        }
    }
    Ok(Listener { protocol: described.text_of("Protocol")?, port: described.text_of("Port")?, target_groups })
}

/// A target as listed, in ELB's words.
#[derive(Clone, Debug)]
pub(crate) struct ListedTarget {
    /// Its address, or the id of an instance.
    pub(crate) id: String,
    pub(crate) port: String,
    /// As in `initial`.
    pub(crate) state: String,
    /// As in `Target.FailedHealthChecks`; empty for a healthy target.
    pub(crate) reason: String,
    pub(crate) description: String,
    pub(crate) zone: String,
    /// As in `zonal_shift_active`; empty without an override.
    pub(crate) overridden: String,
}

/// As in `10.0.1.10:443` and `[fd00::1]:443`.
impl fmt::Display for ListedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, port, .. } = self;
        if id.contains(':') { write!(f, "[{id}]:{port}") } else { write!(f, "{id}:{port}") }
    }
}

pub(crate) async fn targets(ask: &QueryClient<'_>, group: &str) -> Result<Vec<ListedTarget>, CallError> {
    let of = [parameter("TargetGroupArn", group)];
    listed(ask, "elasticloadbalancing:DescribeTargetHealth", &of, MARKER, "TargetHealthDescriptions", target)
        .await
}

fn target(described: &Element) -> Result<ListedTarget, Unreadable> {
    let target = described.child("Target")?.ok_or("no Target")?;
    let health = described.child("TargetHealth")?.ok_or("no TargetHealth")?;
    let overridden = text_in(described, "AdministrativeOverride", "State")?;
    Ok(ListedTarget {
        id: target.text_of("Id")?,
        port: target.text_of("Port")?,
        state: health.text_of("State")?,
        reason: health.text_of("Reason")?,
        description: health.text_of("Description")?,
        zone: target.text_of("AvailabilityZone")?,
        overridden: Some(overridden).filter(|state| state != "no_override").unwrap_or_default(),
    })
}
