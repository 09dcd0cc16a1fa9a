//! Collects everything known about one frontend.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Not;
use std::time::SystemTime;

use eks_nlb_sync::model::{ClusterName, CurrentTarget, Family, Tags, Target};
use eks_nlb_sync::plan::{Action, Decision};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome};
use eks_nlb_sync::reasons::{FailureCode, Rule, WithholdReason};
use eks_nlb_sync::serving::{is_healthy, is_shifted_away};
use serde::Serialize;

use super::advice::{self, Facts, Reason};
use super::answers::{self, Answers};
use super::dns::{self, NameServerAnswer};
use super::observe::Look;
use super::tags;
use crate::names;
use crate::output::{capitalised, time};
use crate::permission::{self, MayWrite};
use crate::problem::Problem;
use crate::reads::elb::{self, ListedTarget};
use crate::serving::Serving;

/// Everything known about one frontend.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    /// As the report has it.
    #[serde(flatten)]
    pub(crate) frontend: FrontendReport,
    pub(crate) read_at: String,
    /// Which tags decide, in a sentence each.
    pub(crate) tags: Vec<String>,
    /// What the target group takes; absent where no run would reconcile it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) takes: Option<Takes>,
    /// The answer of each name server for the endpoint.
    pub(crate) name_servers: Vec<NameServerAnswer>,
    /// The addresses of the control plane's network interfaces; absent where
    /// EKS names no endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interfaces: Option<InterfacesAnswer>,
    /// What is done with each target.
    pub(crate) targets: Vec<Fate>,
    /// Whether clients are served, as `status` has it.
    pub(crate) state: Serving,
    /// Whether clients are cut off, by the health of the targets.
    pub(crate) cut_off: String,
    /// Whether the deployed function may write to the target group; absent where
    /// nothing is to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) may_write: Option<MayWrite>,
    /// What to do, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
    /// The answers for each reason that the report gives.
    pub(crate) answers: Vec<Answers>,
}

/// What a target group takes as targets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Takes {
    pub(crate) family: String,
    pub(crate) port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vpc: Option<String>,
}

/// The control plane's network interfaces, or why they are not known.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InterfacesAnswer {
    pub(crate) addresses: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// What is done with one target.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fate {
    pub(crate) target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<String>,
    /// Absent where ELB does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<&'static str>,
    /// Whether it is healthy, and a zonal shift keeps new connections from it.
    #[serde(skip_serializing_if = "Not::not")]
    pub(crate) shifted_away: bool,
    pub(crate) action: &'static str,
    /// The rule of docs/reference.md that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<Rule>,
    pub(crate) why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) elb_reason: Option<Reason>,
    #[serde(skip)]
    pub(crate) is: (Option<CurrentTarget>, Action),
}

/// Reads what the report of `frontend` does not have.
pub(super) async fn of(look: &Look<'_>, frontend: FrontendReport) -> Result<Details, Problem> {
    let (elb, session) = (&look.reconciler.elb, look.account.session);
    let arns = [
        frontend.load_balancer.as_ref().map(|arn| arn.0.clone()),
        frontend.target_group.as_ref().map(|arn| arn.0.clone()),
    ];
    let tags = elb.tags(arns.into_iter().flatten().collect()).await?;
    let listed = frontend.target_group.as_ref().and_then(|arn| look.listed(arn));
    let family = listed.map_or(Family::Ipv4, |listed| listed.family);
    let name_servers = match &frontend.host {
        Some(host) => dns::query_each(session, host, family).await,
        None => Vec::new(),
    };
    let interfaces = match &frontend.cluster {
        Some(cluster) if frontend.host.is_some() => interfaces(look, cluster, family).await,
        _ => None,
    };
    let reasons = reasons_of_elb(look, &frontend).await;
    let missing_tag = tags::missing(session, &frontend, &tags);
    let may_write = may_write(look, &frontend, &tags).await;
    let facts = Facts {
        frontend: &frontend,
        reasons: &reasons,
        interfaces: interfaces.as_ref().map(|answer| answer.addresses.as_slice()),
        missing_tag: missing_tag.as_deref(),
        may_write: may_write.as_ref(),
        deployed: session.deployed(),
    };
    Ok(Details {
        read_at: time(SystemTime::now()),
        tags: tags::deciding(session, &frontend, &tags),
        takes: listed.map(|it| Takes { family: it.family.to_string(), port: it.port, vpc: it.vpc.clone() }),
        name_servers,
        targets: fates(&frontend, &reasons),
        state: Serving::of(&frontend),
        cut_off: advice::cut_off(&frontend),
        remedy: advice::remedy(facts),
        answers: answers(facts),
        may_write,
        interfaces,
        frontend,
    })
}

/// Whether the function may write to the target group, as `plan` and `doctor` have
/// it.
async fn may_write(
    look: &Look<'_>,
    frontend: &FrontendReport,
    tags: &BTreeMap<String, Tags>,
) -> Option<MayWrite> {
    let arn = frontend.target_group.as_ref().filter(|_| permission::is_written(frontend))?;
    permission::of_groups(look.account, [arn], tags).await.0.remove(arn)
}

/// The addresses of the control plane's network interfaces, whether or not they
/// are a source, so that they can be compared with those of DNS.
async fn interfaces(look: &Look<'_>, cluster: &ClusterName, family: Family) -> Option<InterfacesAnswer> {
    let endpoint = look.reconciler.endpoints.of(cluster).await.ok()?;
    Some(match look.reconciler.sources.interfaces().await {
        Ok(interfaces) => {
            let mut addresses: Vec<_> =
                interfaces.addresses(cluster, &endpoint, family).into_iter().flatten().collect();
            addresses.sort_unstable();
            InterfacesAnswer { addresses, error: None }
        }
        Err(error) => InterfacesAnswer { error: Some(error.to_string()), ..InterfacesAnswer::default() },
    })
}

/// What is done with each target. Of a frontend without a plan, nothing is.
fn fates(frontend: &FrontendReport, reasons: &BTreeMap<String, Reason>) -> Vec<Fate> {
    let (rule, reason) = match &frontend.outcome {
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => (None, ""),
        Outcome::Skipped { reason } => (reason.rule(), reason.as_str()),
        Outcome::Failed { error } if error.code == FailureCode::DeadlineExceeded => {
            (Some(Rule::Bounded), error.code.as_str())
        }
        Outcome::Failed { error } => (Some(Rule::NoWriteOnDoubt), error.code.as_str()),
    };
    let fate = |target: &Target, decision: &Decision, rule: Option<Rule>, why: String| {
        let listed = decision.listed.as_ref();
        Fate {
            zone: listed.and_then(|listed| listed.zone.as_ref()).map(ToString::to_string),
            state: listed.map(|listed| names::state(listed.state)),
            shifted_away: listed.is_some_and(is_shifted_away),
            action: decision.action.as_str(),
            rule,
            why,
            elb_reason: reasons.get(&target.to_string()).cloned(),
            is: (listed.cloned(), decision.action.clone()),
            target: target.to_string(),
        }
    };
    match &frontend.plan {
        Some(plan) => {
            let decisions = plan.decisions().iter();
            decisions.map(|(target, it)| fate(target, it, it.rule(), it.to_string())).collect()
        }
        None => frontend
            .current
            .iter()
            .flatten()
            .map(|(target, listed)| {
                let left = Decision { listed: Some(listed.clone()), action: Action::Leave };
                fate(target, &left, rule, format!("{reason}: nothing is written"))
            })
            .collect(),
    }
}

/// Why targets are not healthy, where any is not, by target as in `10.0.1.10:443`; a
/// run needs the states only. Nothing, if ELB does not say.
async fn reasons_of_elb(look: &Look<'_>, frontend: &FrontendReport) -> BTreeMap<String, Reason> {
    let listed = match (&frontend.target_group, &frontend.current) {
        (Some(group), Some(current)) if !current.values().all(is_healthy) => {
            elb::targets(&look.account.query(), &group.0).await.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let unhealthy = listed.into_iter().filter(|target| !target.reason.is_empty());
    let reason = |it: ListedTarget| (it.to_string(), Reason { code: it.reason, description: it.description });
    unhealthy.map(reason).collect()
}

/// The answers for each reason of the report, each once, in the words of this
/// frontend where its numbers say more.
fn answers(facts: Facts<'_>) -> Vec<Answers> {
    let frontend = facts.frontend;
    let withheld = frontend.withheld.iter().map(|withheld| withheld.reason.reason().as_str());
    let mut codes: Vec<&str> = withheld.collect();
    let outcome = match &frontend.outcome {
        Outcome::Failed { error } => Some(error.code.as_str()),
        Outcome::Skipped { reason } => Some(reason.as_str()),
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => None,
    };
    codes.extend(outcome);
    codes.dedup();
    let mut answers: Vec<_> = codes.into_iter().filter_map(answers::find).collect();
    for answers in &mut answers {
        // The catalogue only says where to read it.
        let is_cut_off = matches!(Serving::of(frontend), Serving::CutOff | Serving::ZoneCutOff);
        if is_cut_off || outcome == Some(answers.code) {
            answers.cut_off = (capitalised(&advice::cut_off(frontend)) + ".").into();
        }
        if answers.code == WithholdReason::WaitingForHealthyReplacement.as_str() {
            if let Some(stale) = advice::stale(facts) {
                answers.happening = stale.into();
            }
            if let Some(remedy) = advice::remedy(facts) {
                answers.remedy = remedy.into();
            }
        }
    }
    answers
}
