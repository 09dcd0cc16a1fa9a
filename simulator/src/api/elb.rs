//! Speaks ELBv2: calls to the world's operations, and their results to XML.

mod attributes;
mod shapes;

use super::Call;
use super::xml::result;
use crate::world::{LoadBalancer, LoadBalancerFilter, Paging, Refusal, Scope, TargetGroupFilter, World};

/// Carries out one call.
pub(super) fn answer(world: &mut World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    let operation = call.operation.as_str();
    match operation {
        "DescribeLoadBalancers" => describe_load_balancers(world, scope, call),
        "DescribeTargetGroups" => describe_target_groups(world, scope, call),
        "DescribeTags" => {
            let arns = call.list("ResourceArns");
            let tags = world.describe_tags(scope, &arns)?;
            Ok(result(operation, &shapes::tags(&tags)))
        }
        "DescribeTargetHealth" => {
            let group = call.required("TargetGroupArn")?;
            let health = world.describe_target_health(scope, group, &call.targets()?)?;
            Ok(result(operation, &shapes::target_health(&health)))
        }
        "DescribeLoadBalancerAttributes" => {
            let balancer = load_balancer(world, scope, call)?;
            Ok(result(operation, &attributes::of_load_balancer(balancer)))
        }
        "DescribeTargetGroupAttributes" => {
            let group = call.required("TargetGroupArn")?;
            let found = world.region(scope).and_then(|region| region.target_group(group));
            let found = found.ok_or_else(Refusal::target_group_not_found)?;
            let settings = world.supporting.groups.get(group).cloned().unwrap_or_default();
            Ok(result(operation, &attributes::of_target_group(found, &settings)))
        }
        "DescribeListeners" => {
            let balancer = load_balancer(world, scope, call)?;
            Ok(result(operation, &attributes::listeners(world, balancer)))
        }
        "RegisterTargets" => {
            let group = call.required("TargetGroupArn")?;
            world.register_targets(scope, group, &call.targets()?)?;
            Ok(result(operation, &shapes::Nothing {}))
        }
        "DeregisterTargets" => {
            let group = call.required("TargetGroupArn")?;
            world.deregister_targets(scope, group, &call.targets()?)?;
            Ok(result(operation, &shapes::Nothing {}))
        }
        _ => Err(Refusal::new(
            400,
            "InvalidAction",
            format!("Could not find operation {operation} for version 2015-12-01"),
        )),
    }
}

fn load_balancer<'a>(world: &'a World, scope: &Scope, call: &Call) -> Result<&'a LoadBalancer, Refusal> {
    let arn = call.required("LoadBalancerArn")?;
    let found = world.region(scope).and_then(|region| region.load_balancer(arn));
    found.ok_or_else(Refusal::load_balancer_not_found)
}

fn describe_load_balancers(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    let filter = LoadBalancerFilter { arns: call.list("LoadBalancerArns"), names: call.list("Names") };
    let page = world.describe_load_balancers(scope, &filter, paging(call)?)?;
    Ok(result(&call.operation, &shapes::load_balancers(world, &page)))
}

fn describe_target_groups(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    let filter = TargetGroupFilter {
        arns: call.list("TargetGroupArns"),
        names: call.list("Names"),
        load_balancer: call.get("LoadBalancerArn"),
    };
    let page = world.describe_target_groups(scope, &filter, paging(call)?)?;
    Ok(result(&call.operation, &shapes::target_groups(world, &page)))
}

fn paging(call: &Call) -> Result<Paging<'_>, Refusal> {
    Ok(Paging { size: call.number("PageSize")?, marker: call.get("Marker") })
}
