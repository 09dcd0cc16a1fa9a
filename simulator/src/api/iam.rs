//! Speaks IAM: the query protocol and XML.

use serde::Serialize;

use super::Call;
use super::xml::{List, result};
use crate::world::{Refusal, Tags, World};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Simulated<'a> {
    is_truncated: bool,
    evaluation_results: List<Evaluated<'a>>,
}

#[derive(Serialize)]
struct Evaluated<'a> {
    #[serde(rename = "EvalActionName")]
    action: &'a str,
    #[serde(rename = "EvalResourceName")]
    resource: &'a str,
    #[serde(rename = "EvalDecision")]
    decision: &'static str,
}

/// Carries out one call.
pub(super) fn answer(world: &World, call: &Call) -> Result<String, Refusal> {
    if call.operation != "SimulatePrincipalPolicy" {
        let message = format!("Could not find operation {} for version 2010-05-08", call.operation);
        return Err(Refusal::new(400, "InvalidAction", message));
    }
    let role = call.required("PolicySourceArn")?;
    let function = world.supporting.function.as_ref();
    if function.is_none_or(|function| function.role != role) {
        let message = format!("The role with name {role} cannot be found.");
        return Err(Refusal::new(404, "NoSuchEntity", message));
    }
    let tags = resource_tags(call);
    let decision = if world.allows_writes_to(&tags) { "allowed" } else { "implicitDeny" };
    let resources = call.list("ResourceArns");
    let evaluated = |action| resources.iter().map(move |resource| Evaluated { action, resource, decision });
    let results = call.list("ActionNames").into_iter().flat_map(evaluated).collect();
    Ok(result(&call.operation, &Simulated { is_truncated: false, evaluation_results: results }))
}

/// The tags of the resource in the context of a simulation.
fn resource_tags(call: &Call) -> Tags {
    let entry = |(name, key): &(String, String)| {
        let prefix = name.strip_suffix(".ContextKeyName")?;
        let tag = key.strip_prefix("aws:ResourceTag/")?;
        Some((tag.to_owned(), call.get(&format!("{prefix}.ContextKeyValues.member.1"))?.to_owned()))
    };
    call.parameters.iter().filter_map(entry).collect()
}
