//! Determines whether the deployed function may write to a target group: by the
//! policies of its role where IAM can be asked, else by the target group's tag.

use std::collections::BTreeMap;

use eks_nlb_sync::model::{TagSelector, Tags, TargetGroupArn};
use eks_nlb_sync::publish::report::{FrontendReport, Report};
use futures_util::future::join_all;
use serde::Serialize;

use crate::problem::Problem;
use crate::reads::{Looked, NotLooked, iam};
use crate::session::{Connection, Session, TIME};

/// The calls that write.
const WRITES: [&str; 2] = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"];

/// Whether the function may write to one target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MayWrite {
    pub(crate) allowed: bool,
    /// What says so.
    pub(crate) by: Basis,
    pub(crate) message: String,
}

/// The evidence for whether the function may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Basis {
    /// The policies of the function's role.
    Policy,
    /// The target group's tags: the policy of the templates asks for one.
    Tag,
}

/// The answers, by target group.
pub(crate) type Permissions = BTreeMap<TargetGroupArn, MayWrite>;

/// What the function may do with each target group that the plan changes. Calls
/// AWS only if there is one.
pub(crate) async fn of_plan(session: &Session, report: &Report) -> Result<Permissions, Problem> {
    let written = report.frontends.iter().filter(|frontend| is_written(frontend));
    let written: Vec<_> = written.filter_map(|frontend| frontend.target_group.as_ref()).collect();
    if !report.dry_run || written.is_empty() {
        return Ok(Permissions::new());
    }
    let account = session.connect(TIME).await?;
    let tags = account.elb().tags(written.iter().map(|arn| arn.0.clone()).collect()).await?;
    Ok(of_groups(&account, written, &tags).await.0)
}

/// Whether the plan changes targets of `frontend`.
pub(crate) fn is_written(frontend: &FrontendReport) -> bool {
    !frontend.registered.is_empty() || !frontend.deregistered.is_empty()
}

/// What the function may do with each of `groups`, and why its role's policies
/// could not be asked, if they could not. Without a function there is no answer, nor
/// for a target group that was deleted meanwhile and has no tags.
pub(crate) async fn of_groups(
    account: &Connection<'_>,
    groups: impl IntoIterator<Item = &TargetGroupArn>,
    tags: &BTreeMap<String, Tags>,
) -> (Permissions, Option<NotLooked>) {
    let role = &account.session.deployed().role();
    let selector = &account.session.settings().nlb_tag;
    let groups = groups.into_iter().filter_map(|arn| Some((arn, tags.get(&arn.0)?)));
    let (tagged, untagged): (Vec<_>, Vec<_>) = groups.partition(|(_, tags)| selector.first_matches(tags));
    // The deployed policy depends on this tag only, so one answer holds for
    // all.
    let answers = [(true, tagged), (false, untagged)].map(async |(is_tagged, alike)| {
        let (first, tags) = alike.first()?;
        let denied = match role {
            Ok(Some(role)) => iam::denied(&account.query(), role, &WRITES, &first.0, tags).await,
            // What writes here instead has policies of its own.
            Ok(None) => return None,
            Err(not_looked) => Err(not_looked.clone()),
        };
        let answer = match &denied {
            Ok(denied) => by_policy(role, denied),
            Err(_) => by_tag(&selector.first(), is_tagged),
        };
        Some((alike, answer, denied.err()))
    });
    let mut permissions = Permissions::new();
    let mut not_asked = None;
    for (alike, answer, error) in join_all(answers).await.into_iter().flatten() {
        permissions.extend(alike.into_iter().map(|(arn, _)| (arn.clone(), answer.clone())));
        not_asked = error.or(not_asked);
    }
    (permissions, not_asked)
}

fn by_policy(role: &Looked<Option<String>>, denied: &[String]) -> MayWrite {
    let role = role.as_ref().ok().and_then(Option::as_deref).unwrap_or_default();
    let verb = if denied.is_empty() { "allow" } else { "do not allow" };
    let actions = if denied.is_empty() { WRITES.join(" and ") } else { denied.join(" and ") };
    let message = format!("the policies of {role} {verb} {actions} on it");
    MayWrite { allowed: denied.is_empty(), by: Basis::Policy, message }
}

/// By the policy that the templates make, unless their `WriteScope` is `any`.
fn by_tag(tag: &TagSelector, is_tagged: bool) -> MayWrite {
    let message = if is_tagged {
        format!("it carries {tag}, which the deployed policy asks for")
    } else {
        format!("it does not carry {tag}, which the deployed policy asks for unless WriteScope is any")
    };
    MayWrite { allowed: is_tagged, by: Basis::Tag, message }
}
