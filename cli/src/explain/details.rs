//! Finds out all that is known of one frontend.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::aws::eks::Lookup;
use eks_nlb_sync::aws::elb::TargetGroup;
use eks_nlb_sync::discover::EXCLUDING_TAG;
use eks_nlb_sync::model::{ClusterName, Family, Tags, Target, TargetState, Targets};
use eks_nlb_sync::plan::{Action, Decision};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome};
use eks_nlb_sync::reasons::{FailureCode, Rule, SkipReason};
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::serving::is_healthy;
use serde::Serialize;

use super::answers::{self, Answers};
use super::dns::{self, NameServerAnswer};
use super::health::{self, Reason};
use crate::names;
use crate::problem::Problem;
use crate::session::Session;

/// All that is known of one frontend.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    /// As the report has it.
    #[serde(flatten)]
    pub(crate) frontend: FrontendReport,
    /// When it was read.
    pub(crate) read_at: String,
    /// Which tags decide, in a sentence each.
    pub(crate) tags: Vec<String>,
    /// The port and the family of the targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) takes: Option<String>,
    /// What each name server says of the endpoint.
    pub(crate) name_servers: Vec<NameServerAnswer>,
    /// The addresses of the control plane's network interfaces, or why they
    /// are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interfaces: Option<Result<Vec<IpAddr>, String>>,
    /// What is done with each target.
    pub(crate) targets: Vec<Fate>,
    /// Whether anybody is cut off, by the targets' health.
    pub(crate) cut_off: String,
    /// The answers for each reason that the report gives.
    pub(crate) answers: Vec<Answers>,
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
    pub(crate) action: &'static str,
    /// The rule of docs/reference.md that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<Rule>,
    pub(crate) why: String,
    /// Why it is in its state, by ELB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) elb_says: Option<Reason>,
    #[serde(skip)]
    pub(crate) is: (Option<TargetState>, Action),
}

/// Asks for what the report of `frontend` does not say.
pub(crate) async fn of(session: &Session, frontend: &FrontendReport) -> Result<Details, Problem> {
    let limits = session.budget();
    let clients = session.clients(&limits).await?;
    let elb = clients.elb(&limits);
    let mut frontend = frontend.clone();
    let arns = [
        frontend.load_balancer.as_ref().map(|arn| arn.0.clone()),
        frontend.target_group.as_ref().map(|arn| arn.0.clone()),
    ];
    let tags = elb.tags(arns.into_iter().flatten().collect()).await?;
    let groups = elb.target_groups().await?;
    let group = groups.into_iter().find(|group| Some(&group.arn) == frontend.target_group.as_ref());
    // What failed or is skipped was not read, and yet somebody may be cut off.
    if frontend.current.is_none()
        && let Some(arn) = &frontend.target_group
    {
        frontend.current = elb.targets(arn).await.ok();
    }
    let family = group.as_ref().map_or(Family::Ipv4, |group| group.family);
    let name_servers = match &frontend.host {
        Some(host) => dns::query_each(session, host, family).await,
        None => Vec::new(),
    };
    let interfaces = match &frontend.cluster {
        Some(cluster) if frontend.host.is_some() => interfaces(&clients, &limits, cluster, family).await,
        _ => None,
    };
    Ok(Details {
        read_at: DateTime::from(SystemTime::now()).fmt(Format::DateTime).unwrap_or_default(),
        tags: deciding_tags(session, &frontend, &tags),
        takes: group.as_ref().map(takes),
        name_servers,
        interfaces,
        targets: fates(&frontend, &reasons_of_elb(session, &limits, &frontend).await?),
        cut_off: cut_off(&frontend),
        answers: reasons(&frontend),
        frontend,
    })
}

/// What the control plane's network interfaces say, whether or not they are a
/// source: where both are known, they can be compared.
async fn interfaces(
    clients: &Clients,
    limits: &RunBudget,
    cluster: &ClusterName,
    family: Family,
) -> Option<Result<Vec<IpAddr>, String>> {
    let Ok(Lookup::Found(endpoint)) = clients.eks(limits).api_endpoint(cluster, None).await else {
        return None;
    };
    let listed = clients.ec2(limits).control_plane_interfaces().await;
    Some(listed.map_err(|error| error.to_string()).map(|interfaces| {
        let mut addresses: Vec<_> =
            interfaces.addresses(cluster, &endpoint, family).into_iter().flatten().collect();
        addresses.sort_unstable();
        addresses
    }))
}

fn takes(group: &TargetGroup) -> String {
    let vpc = group.vpc.as_ref().map_or_else(String::new, |vpc| format!(", in {vpc}"));
    format!("{} targets on port {}{vpc}", group.family, group.port)
}

/// Which tags make it managed, and name its cluster.
fn deciding_tags(session: &Session, frontend: &FrontendReport, tags: &BTreeMap<String, Tags>) -> Vec<String> {
    let settings = session.settings();
    let of = |arn: Option<&String>| arn.and_then(|arn| tags.get(arn));
    let own = of(frontend.load_balancer.as_ref().map(|arn| &arn.0));
    let groups = of(frontend.target_group.as_ref().map(|arn| &arn.0));
    let mut told = Vec::new();
    if own.is_some() {
        told.push(format!("the load balancer carries {}: it is managed", settings.nlb_tag));
    }
    if let Some(tags) = groups {
        let (key, value) = EXCLUDING_TAG;
        if tags.get(key).is_some_and(|found| found == value) {
            told.push(format!("the target group carries {key}={value}: it is left alone"));
        } else if settings.nlb_tag.first_matches(tags) {
            told.push(
                "the target group carries the first of these: the function's policy lets it write".to_owned(),
            );
        } else {
            told.push(
                "the target group does not carry the first of these: the deployed policy refuses to write"
                    .to_owned(),
            );
        }
    }
    let key = &settings.cluster_name_tag;
    let named = [("target group", groups), ("load balancer", own)];
    let named = named.into_iter().filter_map(|(on, tags)| Some((on, tags?.get(key)?)));
    match { named }.find(|(_, name)| !name.is_empty()) {
        Some((on, name)) => told.push(format!("{key}={name} on the {on} names the cluster")),
        None => told.push(format!("no {key} names a cluster")),
    }
    told
}

/// What is done with each target. Of a frontend without a plan, nothing is.
fn fates(frontend: &FrontendReport, reasons: &BTreeMap<String, Reason>) -> Vec<Fate> {
    let (rule, reason) = match &frontend.outcome {
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => (None, ""),
        Outcome::Skipped { reason } => (rule_of_skip(*reason), reason.as_str()),
        Outcome::Failed { error } if error.code == FailureCode::DeadlineExceeded => {
            (Some(Rule::Bounded), error.code.as_str())
        }
        Outcome::Failed { error } => (Some(Rule::NoWriteOnDoubt), error.code.as_str()),
    };
    let fate = |target: &Target, decision: &Decision, rule: Option<Rule>, why: String| {
        let listed = decision.listed.as_ref();
        let state = listed.map(|listed| listed.state);
        Fate {
            zone: listed.and_then(|listed| listed.zone.as_ref()).map(ToString::to_string),
            state: state.map(names::state),
            action: decision.action.as_str(),
            rule,
            why,
            elb_says: reasons.get(&target.to_string()).cloned(),
            is: (state, decision.action.clone()),
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

fn rule_of_skip(reason: SkipReason) -> Option<Rule> {
    match reason {
        SkipReason::ExcludedByTag | SkipReason::NotTagged | SkipReason::OwnedByController => {
            Some(Rule::OnlyTagged)
        }
        SkipReason::ClusterNotReady => Some(Rule::NoWriteOnDoubt),
        SkipReason::TargetTypeNotIp | SkipReason::ProtocolNotTcp | SkipReason::LocalCluster => None,
    }
}

/// Why targets are not healthy, where any is not. Nothing, if ELB does not say.
async fn reasons_of_elb(
    session: &Session,
    limits: &RunBudget,
    frontend: &FrontendReport,
) -> Result<BTreeMap<String, Reason>, Problem> {
    match (&frontend.target_group, &frontend.current) {
        (Some(group), Some(current)) if !current.values().all(is_healthy) => {
            let clients = session.clients(limits).await?;
            Ok(health::reasons(&clients.query_client(limits), group).await.unwrap_or_default())
        }
        _ => Ok(BTreeMap::new()),
    }
}

/// Whether anybody is cut off, as far as the targets' health tells.
fn cut_off(frontend: &FrontendReport) -> String {
    if frontend.target_group.is_none() {
        return "yes: there is no target group, so nobody is served".to_owned();
    }
    let Some(current) = &frontend.current else {
        return "not known: the targets cannot be read".to_owned();
    };
    let healthy = healthy(current);
    match (healthy, current.len()) {
        (0, 0) => "yes: the target group is empty".to_owned(),
        (0, all) => format!(
            "most likely: none of {all} targets is healthy; the load balancer sends clients to all of them and hopes"
        ),
        (1, all) => format!("no: 1 of {all} targets is healthy"),
        (healthy, all) => format!("no: {healthy} of {all} targets are healthy"),
    }
}

fn healthy(current: &Targets) -> usize {
    current.values().filter(|listed| is_healthy(listed)).count()
}

/// The answers for each reason of the report, each once.
fn reasons(frontend: &FrontendReport) -> Vec<Answers> {
    let withheld = frontend.withheld.iter().map(|withheld| withheld.reason.reason().as_str());
    let mut codes: Vec<&str> = withheld.collect();
    codes.extend(match &frontend.outcome {
        Outcome::Failed { error } => Some(error.code.as_str()),
        Outcome::Skipped { reason } => Some(reason.as_str()),
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => None,
    });
    codes.dedup();
    codes.into_iter().filter_map(answers::find).collect()
}
