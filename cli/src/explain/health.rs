//! Asks ELB why a target is in its state. A run needs the state only.

use std::collections::BTreeMap;

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::TargetGroupArn;
use serde::Serialize;

use crate::reads::elb::{self, ListedTarget};

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
    let listed = elb::targets(ask, &group.0).await?;
    let unhealthy = listed.into_iter().filter(|target| !target.reason.is_empty());
    Ok(unhealthy.map(|target| (target.to_string(), Reason::of(target))).collect())
}

impl Reason {
    fn of(target: ListedTarget) -> Self {
        Self { code: target.reason, description: target.description }
    }
}
