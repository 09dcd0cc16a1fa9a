//! The results of ELBv2, field by field as they are on the wire.

use serde::Serialize;

use crate::api::xml::List;
use crate::world::{
    GroupSettings, LoadBalancer, OverrideState, Page, Protocol, Tags, TargetGroup, TargetHealth, TargetType,
    World,
};

/// A result without content.
#[derive(Serialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoadBalancers<'a> {
    load_balancers: List<Balancer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Balancer<'a> {
    load_balancer_arn: &'a str,
    #[serde(rename = "DNSName")]
    dns_name: String,
    canonical_hosted_zone_id: &'a str,
    created_time: &'a str,
    load_balancer_name: &'a str,
    scheme: &'a str,
    vpc_id: &'a str,
    state: State<'a>,
    r#type: &'a str,
    availability_zones: List<Zone>,
    security_groups: List<String>,
    ip_address_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct State<'a> {
    code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Zone {
    zone_name: String,
    subnet_id: String,
}

pub(super) fn load_balancers<'a>(world: &World, page: &'a Page<'a, LoadBalancer>) -> LoadBalancers<'a> {
    LoadBalancers {
        load_balancers: page.items.iter().map(|balancer| shape_of(world, balancer)).collect(),
        next_marker: page.next_marker.as_deref(),
    }
}

fn shape_of<'a>(world: &World, balancer: &'a LoadBalancer) -> Balancer<'a> {
    let id = balancer.arn.rsplit('/').next().unwrap_or_default();
    let (name, region) = (&balancer.name, &balancer.scope.region);
    let groups = world.security_groups_of(balancer);
    Balancer {
        load_balancer_arn: &balancer.arn,
        dns_name: format!("{name}-{id}.elb.{region}.{}", balancer.scope.domain()),
        canonical_hosted_zone_id: "Z2IFOLAFXWLO4F",
        created_time: "2026-01-01T00:00:00.000Z",
        load_balancer_name: name,
        scheme: balancer.scheme.as_str(),
        vpc_id: &balancer.vpc,
        state: State { code: "active" },
        r#type: balancer.kind.as_str(),
        availability_zones: world
            .subnets_of(balancer)
            .into_iter()
            .map(|subnet| Zone { zone_name: subnet.zone, subnet_id: subnet.id })
            .collect(),
        // ELB describes it for load balancers with security groups only.
        enforce_security_group_inbound_rules_on_private_link_traffic: (!groups.is_empty())
            .then_some(if balancer.enforces_inbound_rules { "on" } else { "off" }),
        security_groups: groups.into_iter().collect(),
        ip_address_type: if balancer.dual_stack { "dualstack" } else { "ipv4" },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TargetGroups<'a> {
    target_groups: List<Group<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Group<'a> {
    target_group_arn: &'a str,
    target_group_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_id: Option<&'a str>,
    health_check_protocol: String,
    health_check_port: String,
    health_check_enabled: bool,
    health_check_interval_seconds: u32,
    health_check_timeout_seconds: u32,
    healthy_threshold_count: u32,
    unhealthy_threshold_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matcher: Option<Matcher>,
    load_balancer_arns: List<&'a str>,
    target_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address_type: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Matcher {
    http_code: String,
}

pub(super) fn target_groups<'a>(world: &World, page: &'a Page<'a, TargetGroup>) -> TargetGroups<'a> {
    let settings = |group: &TargetGroup| world.supporting.groups.get(&group.arn).cloned();
    let group = |group: &&'a TargetGroup| group_of(group, settings(group).unwrap_or_default());
    TargetGroups {
        target_groups: page.items.iter().map(group).collect(),
        next_marker: page.next_marker.as_deref(),
    }
}

fn group_of(group: &TargetGroup, settings: GroupSettings) -> Group<'_> {
    let is_http = settings.check_protocol.starts_with("HTTP");
    Group {
        target_group_arn: &group.arn,
        target_group_name: &group.name,
        protocol: group.protocol.map(Protocol::as_str),
        port: group.port,
        vpc_id: group.vpc.as_deref(),
        health_check_protocol: settings.check_protocol,
        health_check_port: settings.check_port,
        health_check_enabled: true,
        health_check_interval_seconds: 10,
        health_check_timeout_seconds: 10,
        healthy_threshold_count: 2,
        unhealthy_threshold_count: 2,
        health_check_path: is_http.then_some(settings.check_path),
        matcher: is_http.then_some(Matcher { http_code: settings.check_matcher }),
        load_balancer_arns: group.load_balancers.iter().map(String::as_str).collect(),
        target_type: group.target_type.as_str(),
        ip_address_type: (group.target_type != TargetType::Lambda).then(|| group.family.as_str()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagDescriptions<'a> {
    tag_descriptions: List<TagDescription<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagDescription<'a> {
    resource_arn: &'a str,
    tags: List<Tag<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag<'a> {
    key: &'a str,
    value: &'a str,
}

pub(super) fn tags<'a>(described: &[(&'a str, &'a Tags)]) -> TagDescriptions<'a> {
    let description = |&(resource_arn, tags): &(&'a str, &'a Tags)| TagDescription {
        resource_arn,
        tags: tags.iter().map(|(key, value)| Tag { key, value }).collect(),
    };
    TagDescriptions { tag_descriptions: described.iter().map(description).collect() }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TargetHealthDescriptions<'a> {
    target_health_descriptions: List<Description<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description<'a> {
    target: Target<'a>,
    health_check_port: String,
    target_health: Health<'a>,
    administrative_override: Override,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Override {
    state: &'static str,
    reason: &'static str,
    description: &'static str,
}

impl From<OverrideState> for Override {
    fn from(state: OverrideState) -> Self {
        let (reason, description) = state.reason();
        Self { state: state.as_str(), reason, description }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Target<'a> {
    id: &'a str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_zone: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Health<'a> {
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

pub(super) fn target_health<'a>(targets: &'a [TargetHealth]) -> TargetHealthDescriptions<'a> {
    let description = |health: &'a TargetHealth| Description {
        target: Target {
            id: &health.key.id,
            port: health.key.port,
            availability_zone: health.zone.as_deref(),
        },
        health_check_port: health.key.port.to_string(),
        target_health: Health {
            state: health.state.as_str(),
            reason: health.reason.map(|(code, _)| code),
            description: health.reason.map(|(_, text)| text),
        },
        administrative_override: health.override_state.into(),
    };
    TargetHealthDescriptions { target_health_descriptions: targets.iter().map(description).collect() }
}
