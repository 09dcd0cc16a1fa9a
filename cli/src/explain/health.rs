//! Asks ELB why a target is in its state. A run needs the state only.

use std::collections::BTreeMap;

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::TargetGroupArn;
use serde::Serialize;

/// Why a target is in its state, as ELB says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reason {
    /// As in `Target.FailedHealthChecks`.
    pub(crate) code: String,
    /// As in `Health checks failed`.
    pub(crate) description: String,
}

/// The reasons of a target group's targets, by target as in `10.0.1.10:443`. A
/// healthy target has none.
pub(super) async fn reasons(
    ask: &QueryClient<'_>,
    group: &TargetGroupArn,
) -> Result<BTreeMap<String, Reason>, CallError> {
    let of = [("TargetGroupArn".to_owned(), group.0.clone())];
    let answer = ask.xml("elasticloadbalancing:DescribeTargetHealth", &of).await?;
    // If the reasons cannot be read, everything else is shown without them.
    Ok(read(&answer).unwrap_or_default())
}

fn read(answer: &Element) -> Result<BTreeMap<String, Reason>, Unreadable> {
    let result = answer.child("DescribeTargetHealthResult")?;
    let described = match result {
        Some(result) => result.child("TargetHealthDescriptions")?,
        None => None,
    };
    let mut reasons = BTreeMap::new();
    for one in described.into_iter().flat_map(Element::members) {
        let (Some(target), Some(health)) = (one.child("Target")?, one.child("TargetHealth")?) else {
            continue;
        };
        let code = health.text_of("Reason")?;
        if code.is_empty() {
            continue;
        }
        let (id, port) = (target.text_of("Id")?, target.text_of("Port")?);
        let id = if id.contains(':') { format!("[{id}]") } else { id };
        reasons.insert(format!("{id}:{port}"), Reason { code, description: health.text_of("Description")? });
    }
    Ok(reasons)
}
