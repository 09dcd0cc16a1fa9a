//! What a role may do, as IAM simulates it.

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::Element;
use eks_nlb_sync::model::Tags;

use super::{Looked, NotLooked, listed, parameter};

const ACTION: &str = "iam:SimulatePrincipalPolicy";
const MARKER: (&str, &str) = ("Marker", "Marker");

/// Those of `actions` that the policies of `role` do not allow on a resource
/// with these tags. Boundaries count; the policies of an organisation count where
/// IAM knows them.
///
/// Source: IAM API Reference, *SimulatePrincipalPolicy* (2010-05-08, read
/// November 2026).
pub(crate) async fn denied(
    ask: &QueryClient<'_>,
    role: &str,
    actions: &[&'static str],
    resource: &str,
    tags: &Tags,
) -> Looked<Vec<String>> {
    let mut of = vec![parameter("PolicySourceArn", role), parameter("ResourceArns.member.1", resource)];
    let numbered = (1..).zip(actions);
    of.extend(numbered.map(|(n, action)| parameter(format!("ActionNames.member.{n}"), *action)));
    for (n, (key, value)) in (1..).zip(tags) {
        let entry = |field: &str| format!("ContextEntries.member.{n}.{field}");
        of.push(parameter(entry("ContextKeyName"), format!("aws:ResourceTag/{key}")));
        of.push(parameter(entry("ContextKeyType"), "string"));
        of.push(parameter(entry("ContextKeyValues.member.1"), value.as_str()));
    }
    let result = |one: &Element| Ok((one.text_of("EvalActionName")?, one.text_of("EvalDecision")?));
    let evaluated = listed(ask, ACTION, &of, MARKER, "EvaluationResults", result).await?;
    if evaluated.len() < actions.len() {
        return Err(NotLooked::unusable(ACTION, "decision on every action"));
    }
    let denied = evaluated.into_iter().filter(|(_, decision)| decision != "allowed");
    Ok(denied.map(|(action, _)| action).collect())
}
