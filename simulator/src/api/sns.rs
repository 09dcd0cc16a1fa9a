//! Speaks SNS: the query protocol and XML.

use super::Call;
use crate::world::{Refusal, World};

/// Carries out one call.
pub(super) fn answer(world: &World, call: &Call) -> Result<String, Refusal> {
    if call.operation != "GetTopicAttributes" {
        let message = format!("Could not find operation {} for version 2010-03-31", call.operation);
        return Err(Refusal::new(400, "InvalidAction", message));
    }
    let topic = call.required("TopicArn")?;
    let confirmed = world.supporting.subscriptions.get(topic).copied().unwrap_or(1);
    let entry = |key: &str, value: &str| format!("<entry><key>{key}</key><value>{value}</value></entry>");
    let entries = entry("TopicArn", topic) + &entry("SubscriptionsConfirmed", &confirmed.to_string());
    Ok(format!("<GetTopicAttributesResult><Attributes>{entries}</Attributes></GetTopicAttributesResult>"))
}
