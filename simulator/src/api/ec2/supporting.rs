//! Subnets, rules of security groups, VPC attributes and endpoint services, as
//! EC2 describes them.

use serde::Serialize;

use super::{Items, filters};
use crate::api::Call;
use crate::world::{Refusal, Scope, World};

/// Answers a call about supporting resources; `None` for any other operation.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Option<Result<String, Refusal>> {
    Some(match call.operation.as_str() {
        "DescribeSubnets" => Ok(subnets(world, scope, call)),
        "DescribeSecurityGroupRules" => Ok(security_group_rules(world, scope, call)),
        "DescribeVpcAttribute" => vpc_attribute(world, scope, call),
        "DescribeVpcEndpointServiceConfigurations" => Ok(services(world, scope, call)),
        "DescribeVpcEndpointServicePermissions" => permissions(world, scope, call),
        "DescribeVpcEndpointConnections" => Ok(connections(world, scope, call)),
        _ => return None,
    })
}

/// The page of `all` that a call asks for.
fn set<T: Serialize>(world: &World, call: &Call, name: &str, all: Vec<T>) -> String {
    let from = call.get("NextToken").and_then(|token| token.parse().ok()).unwrap_or_default();
    let left = all.len().saturating_sub(from) > world.page_cap;
    let item: Vec<_> = all.into_iter().skip(from).take(world.page_cap).collect();
    let next = if left { format!("<nextToken>{}</nextToken>", from + item.len()) } else { String::new() };
    quick_xml::se::to_string_with_root(name, &Items { item }).expect("a plain struct") + &next
}

fn subnets(world: &World, scope: &Scope, call: &Call) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(clippy::struct_field_names, reason = "EC2's names")]
    struct Subnet {
        subnet_id: String,
        vpc_id: String,
        availability_zone: String,
        cidr_block: String,
        available_ip_address_count: usize,
    }
    let known = world.subnets(scope);
    let wanted = filters(call).into_iter().flat_map(|(_, ids)| ids);
    let found = wanted.filter_map(|id| known.get(id).cloned()).map(|subnet| Subnet {
        subnet_id: subnet.id,
        vpc_id: subnet.vpc,
        availability_zone: subnet.zone,
        cidr_block: subnet.cidr,
        available_ip_address_count: subnet.free,
    });
    set(world, call, "subnetSet", found.collect())
}

fn security_group_rules(world: &World, scope: &Scope, call: &Call) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Rule {
        group_id: String,
        is_egress: bool,
        ip_protocol: &'static str,
        from_port: u16,
        to_port: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        cidr_ipv4: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        referenced_group_info: Option<Referenced>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Referenced {
        group_id: String,
    }
    let wanted: Vec<_> = filters(call).into_iter().flat_map(|(_, values)| values).collect();
    let rules = world.security_rules(scope).into_iter().filter(|(group, _)| wanted.contains(&group.as_str()));
    let rules = rules.map(|(group_id, rule)| {
        let is_group = rule.peer.starts_with("sg-");
        Rule {
            group_id,
            is_egress: rule.is_egress,
            ip_protocol: "tcp",
            from_port: rule.port,
            to_port: rule.port,
            cidr_ipv4: (!is_group).then(|| rule.peer.clone()),
            referenced_group_info: is_group.then_some(Referenced { group_id: rule.peer }),
        }
    });
    set(world, call, "securityGroupRuleSet", rules.collect())
}

fn vpc_attribute(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    let (vpc, attribute) = (call.required("VpcId")?, call.required("Attribute")?);
    if !world.region(scope).is_some_and(|region| region.vpcs.contains_key(vpc)) {
        let message = format!("The vpc ID '{vpc}' does not exist");
        return Err(Refusal::new(400, "InvalidVpcID.NotFound", message));
    }
    let is_on = !world.supporting.without_dns.iter().any(|id| id == vpc);
    Ok(format!("<vpcId>{vpc}</vpcId><{attribute}><value>{is_on}</value></{attribute}>"))
}

/// The id of the endpoint service of a load balancer.
fn service_id(load_balancer: &str) -> String {
    format!("vpce-svc-0{}", load_balancer.rsplit('/').next().unwrap_or_default())
}

fn services(world: &World, scope: &Scope, call: &Call) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(clippy::struct_field_names, reason = "EC2's names")]
    struct Service {
        service_id: String,
        service_state: String,
        acceptance_required: bool,
        network_load_balancer_arn_set: Items<String>,
    }
    let services = world.endpoint_services(scope).into_iter().map(|(arn, service)| Service {
        service_id: service_id(&arn),
        service_state: service.state,
        acceptance_required: service.acceptance_required,
        network_load_balancer_arn_set: Items { item: vec![arn] },
    });
    set(world, call, "serviceConfigurationSet", services.collect())
}

fn permissions(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Allowed {
        principal_type: &'static str,
        principal: String,
    }
    let id = call.required("ServiceId")?;
    let found = world.endpoint_services(scope).into_iter().find(|(arn, _)| service_id(arn) == id);
    let (_, service) = found.ok_or_else(|| {
        let message = format!("The VpcEndpointService Id '{id}' does not exist");
        Refusal::new(400, "InvalidVpcEndpointServiceId.NotFound", message)
    })?;
    let allowed = service.principals.into_iter();
    Ok(set(
        world,
        call,
        "allowedPrincipals",
        allowed.map(|principal| Allowed { principal_type: "Account", principal }).collect(),
    ))
}

fn connections(world: &World, scope: &Scope, call: &Call) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Connection {
        service_id: String,
        vpc_endpoint_id: String,
        vpc_endpoint_state: String,
    }
    let wanted: Vec<_> = filters(call).into_iter().flat_map(|(_, values)| values).collect();
    let connections = world.endpoint_services(scope).into_iter().flat_map(|(arn, service)| {
        let id = service_id(&arn);
        let connections = service.connections.into_iter();
        connections.map(move |(endpoint, state)| Connection {
            service_id: id.clone(),
            vpc_endpoint_id: endpoint,
            vpc_endpoint_state: state,
        })
    });
    let connections =
        connections.filter(|one| wanted.is_empty() || wanted.contains(&one.service_id.as_str()));
    set(world, call, "vpcEndpointConnectionSet", connections.collect())
}
