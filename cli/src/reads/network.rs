//! Subnets, security groups, VPCs and endpoint services, as EC2 describes them.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use ipnet::Ipv4Net;

use super::{listed, numbered, page, parameter, text_in};
use crate::reads::Looked;

const TOKEN: (&str, &str) = ("NextToken", "nextToken");

/// The most values of one filter.
///
/// Source: EC2 User Guide, *Filtering*: 200.
const MOST_VALUES: usize = 200;

/// A subnet, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) cidr: Option<Ipv4Net>,
    /// Addresses that nothing has.
    pub(crate) free: Option<u32>,
}

/// A rule of a security group that admits TCP.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) group: String,
    pub(crate) is_egress: bool,
    /// The first and the last port.
    pub(crate) ports: (i32, i32),
    pub(crate) peer: Peer,
}

impl Rule {
    pub(crate) fn is_about(&self, port: i32) -> bool {
        self.ports.0 <= port && port <= self.ports.1
    }
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Group(String),
    Range(Ipv4Net),
    /// A range of IPv6, which the way to the control plane does not take.
    Ipv6Range,
    /// A prefix list, which is not looked into.
    PrefixList,
}

/// A VPC endpoint service, as far as checks need it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EndpointService {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) needs_acceptance: bool,
    pub(crate) load_balancers: Vec<String>,
}

/// The subnets of `ids`, by id.
pub(crate) async fn subnets(
    ask: &QueryClient<'_>,
    ids: &BTreeSet<String>,
) -> Looked<BTreeMap<String, Subnet>> {
    let ids: Vec<_> = ids.iter().cloned().collect();
    let mut found = BTreeMap::new();
    for batch in ids.chunks(MOST_VALUES) {
        // By a filter: an id that is gone would fail the whole call.
        let mut of = vec![parameter("Filter.1.Name", "subnet-id")];
        of.extend(numbered("Filter.1.Value", batch));
        let subnets = listed(ask, "ec2:DescribeSubnets", &of, TOKEN, "subnetSet", subnet).await?;
        found.extend(subnets.into_iter().map(|subnet| (subnet.id.clone(), subnet)));
    }
    Ok(found)
}

fn subnet(described: &Element) -> Result<Subnet, Unreadable> {
    Ok(Subnet {
        id: described.text_of("subnetId")?,
        zone: described.text_of("availabilityZone")?,
        cidr: described.text_of("cidrBlock")?.parse().ok(),
        free: described.text_of("availableIpAddressCount")?.parse().ok(),
    })
}

/// The rules of `groups` that admit TCP.
pub(crate) async fn rules(ask: &QueryClient<'_>, groups: &BTreeSet<String>) -> Looked<Vec<Rule>> {
    const ACTION: &str = "ec2:DescribeSecurityGroupRules";
    let groups: Vec<_> = groups.iter().cloned().collect();
    let mut found = Vec::new();
    for batch in groups.chunks(MOST_VALUES) {
        let mut of = vec![parameter("Filter.1.Name", "group-id")];
        of.extend(numbered("Filter.1.Value", batch));
        found.extend(listed(ask, ACTION, &of, TOKEN, "securityGroupRuleSet", rule).await?);
    }
    Ok(found.into_iter().flatten().collect())
}

/// The rule, if it is about TCP.
fn rule(described: &Element) -> Result<Option<Rule>, Unreadable> {
    let protocol = described.text_of("ipProtocol")?;
    let bound = |name: &str| Ok::<_, Unreadable>(described.text_of(name)?.parse::<i32>().unwrap_or(-1));
    let ports = match protocol.as_str() {
        "tcp" | "6" => (bound("fromPort")?, bound("toPort")?),
        "-1" => (0, i32::from(u16::MAX)),
        _ => return Ok(None),
    };
    let referenced = described.child("referencedGroupInfo")?;
    let peer = match (referenced, described.text_of("cidrIpv4")?.parse()) {
        (Some(group), _) => Peer::Group(group.text_of("groupId")?),
        (None, Ok(range)) => Peer::Range(range),
        (None, Err(_)) if !described.text_of("prefixListId")?.is_empty() => Peer::PrefixList,
        (None, Err(_)) if !described.text_of("cidrIpv6")?.is_empty() => Peer::Ipv6Range,
        (None, Err(_)) => return Ok(None),
    };
    Ok(Some(Rule {
        group: described.text_of("groupId")?,
        is_egress: described.text_of("isEgress")? == "true",
        ports,
        peer,
    }))
}

/// Which of DNS support and DNS host names is off in the VPC.
pub(crate) async fn lacking_dns(ask: &QueryClient<'_>, vpc: &str) -> Looked<Vec<&'static str>> {
    let mut lacking = Vec::new();
    for (attribute, name) in [("enableDnsSupport", "DNS support"), ("enableDnsHostnames", "DNS host names")] {
        let of = vec![parameter("VpcId", vpc), parameter("Attribute", attribute)];
        let is_on = page(ask, "ec2:DescribeVpcAttribute", of, |page| text_in(page, attribute, "value"));
        if is_on.await? != "true" {
            lacking.push(name);
        }
    }
    Ok(lacking)
}

/// All endpoint services of the account in the Region.
pub(crate) async fn endpoint_services(ask: &QueryClient<'_>) -> Looked<Vec<EndpointService>> {
    const ACTION: &str = "ec2:DescribeVpcEndpointServiceConfigurations";
    Ok(listed(ask, ACTION, &[], TOKEN, "serviceConfigurationSet", endpoint_service).await?)
}

fn endpoint_service(described: &Element) -> Result<EndpointService, Unreadable> {
    let balancers = described.list("networkLoadBalancerArnSet")?;
    Ok(EndpointService {
        id: described.text_of("serviceId")?,
        state: described.text_of("serviceState")?,
        needs_acceptance: described.text_of("acceptanceRequired")? == "true",
        load_balancers: balancers.into_iter().map(|arn| arn.text().to_owned()).collect(),
    })
}

/// Who may connect to an endpoint service.
pub(crate) async fn principals(ask: &QueryClient<'_>, service: &str) -> Looked<Vec<String>> {
    const ACTION: &str = "ec2:DescribeVpcEndpointServicePermissions";
    let principal = |one: &Element| one.text_of("principal");
    let of = [parameter("ServiceId", service)];
    Ok(listed(ask, ACTION, &of, TOKEN, "allowedPrincipals", principal).await?)
}

/// The endpoints that wait for an endpoint service to accept them.
pub(crate) async fn waiting(ask: &QueryClient<'_>, service: &str) -> Looked<Vec<String>> {
    const ACTION: &str = "ec2:DescribeVpcEndpointConnections";
    let of = [parameter("Filter.1.Name", "service-id"), parameter("Filter.1.Value.1", service)];
    let connection = |one: &Element| Ok((one.text_of("vpcEndpointId")?, one.text_of("vpcEndpointState")?));
    let all = listed(ask, ACTION, &of, TOKEN, "vpcEndpointConnectionSet", connection).await?;
    Ok(all.into_iter().filter(|(_, state)| state == "pendingAcceptance").map(|(id, _)| id).collect())
}
