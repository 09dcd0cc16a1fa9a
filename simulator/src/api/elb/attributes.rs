//! Attributes and listeners, as ELB describes them.

use serde::Serialize;

use crate::api::xml::List;
use crate::world::{GroupSettings, Listener, LoadBalancer, TargetGroup, World};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    attributes: List<Attribute>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    key: &'static str,
    value: String,
}

fn attributes(attributes: impl IntoIterator<Item = (&'static str, String)>) -> Attributes {
    Attributes { attributes: attributes.into_iter().map(|(key, value)| Attribute { key, value }).collect() }
}

pub(super) fn of_load_balancer(balancer: &LoadBalancer) -> Attributes {
    attributes([
        ("deletion_protection.enabled", false.to_string()),
        ("load_balancing.cross_zone.enabled", balancer.cross_zone.to_string()),
        ("zonal_shift.config.enabled", balancer.zonal_shift.is_some().to_string()),
    ])
}

pub(super) fn of_target_group(group: &TargetGroup, settings: &GroupSettings) -> Attributes {
    let routing = group.routing;
    let or_off = |number: Option<usize>| number.map_or_else(|| "off".to_owned(), |n| n.to_string());
    attributes([
        ("deregistration_delay.timeout_seconds", group.deregistration_delay.as_secs().to_string()),
        ("load_balancing.cross_zone.enabled", routing.cross_zone.to_string()),
        ("preserve_client_ip.enabled", settings.preserves_client_ip.to_string()),
        ("proxy_protocol_v2.enabled", settings.proxy_protocol.to_string()),
        (
            "target_group_health.dns_failover.minimum_healthy_targets.count",
            or_off(routing.dns_failover.count),
        ),
        (
            "target_group_health.dns_failover.minimum_healthy_targets.percentage",
            or_off(routing.dns_failover.percentage),
        ),
        (
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
            or_off(routing.routing_failover.count),
        ),
        (
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
            or_off(routing.routing_failover.percentage),
        ),
        (
            "target_health_state.unhealthy.connection_termination.enabled",
            routing.terminates_unhealthy.to_string(),
        ),
    ])
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listeners<'a> {
    listeners: List<Described<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described<'a> {
    load_balancer_arn: &'a str,
    protocol: String,
    port: u16,
    default_actions: List<Action<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Action<'a> {
    r#type: &'static str,
    forward_config: Forward<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Forward<'a> {
    target_groups: List<Group<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Group<'a> {
    target_group_arn: &'a str,
    weight: u16,
}

/// Every listener of `balancer`. Each forwards to target groups by their weights.
pub(super) fn listeners<'a>(world: &'a World, balancer: &'a LoadBalancer) -> Listeners<'a> {
    let groups = world.region(&balancer.scope).into_iter().flat_map(|region| region.target_groups.values());
    let groups: Vec<_> = groups
        .filter(|group| group.listener && group.load_balancers.contains(&balancer.arn))
        .map(|group| (group.arn.as_str(), group.weight))
        .collect();
    let usual = vec![Listener { protocol: "TCP".to_owned(), port: 443, groups: None }];
    let listeners = world.supporting.listeners.get(&balancer.arn).cloned().unwrap_or(usual);
    let is_of = |listener: &Listener, arn: &str| {
        listener.groups.as_ref().is_none_or(|own| own.iter().any(|group| group == arn))
    };
    let described = |listener: Listener| Described {
        load_balancer_arn: &balancer.arn,
        protocol: listener.protocol.clone(),
        port: listener.port,
        default_actions: List::from_iter([Action {
            r#type: "forward",
            forward_config: Forward {
                target_groups: groups
                    .iter()
                    .filter(|(arn, _)| is_of(&listener, arn))
                    .map(|&(target_group_arn, weight)| Group { target_group_arn, weight })
                    .collect(),
            },
        }]),
    };
    Listeners { listeners: listeners.into_iter().map(described).collect() }
}
