//! Looks at what surrounds the frontends, and says of each thing that is not as
//! it should be what to do about it; changes nothing.
//!
//! linkerd's `check` is the model. What the caller may not look at is said and
//! fails nothing: IAM's refusal tells nothing of what is there.

mod account;
mod balancers;
mod catalogue;
mod check;
mod clusters;
mod function;
mod groups;
mod security;
mod services;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::discover::EXCLUDING_TAG;
use eks_nlb_sync::model::Tags;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::schedule::budget::RunBudget;
use serde::Serialize;

use crate::args::{Common, DoctorArgs, Output};
use crate::names;
use crate::output::{SCHEMA_VERSION, print, print_json};
use crate::problem::Problem;
use crate::reads::{self, Looked, NotLooked};
use crate::serving::{self, Serving};
use crate::session::Session;
use check::{Check, Group, Status};

/// What is needed to look.
struct Desk<'a> {
    session: &'a Session,
    ask: QueryClient<'a>,
    clients: &'a Clients,
    limits: &'a RunBudget,
}

/// The tags of target groups, by ARN.
type TagsOf = BTreeMap<String, Tags>;

/// What all checks come to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Diagnosis<'a> {
    schema_version: u16,
    region: &'a str,
    /// Nothing failed.
    ok: bool,
    groups: Vec<Group>,
}

/// The ids of all checks.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    catalogue::CHECKS.iter().map(|check| check.id)
}

/// A check by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) id: &'static str,
    /// What is so where all is well.
    pub(crate) title: &'static str,
    pub(crate) remedy: &'static str,
}

/// Every check, in the order in which they are made.
pub(crate) fn checks() -> impl Iterator<Item = Named> {
    catalogue::CHECKS.iter().map(|&catalogue::Entry { id, title, remedy }| Named { id, title, remedy })
}

/// Makes the checks, and says what they find. With `--pre` only those of what
/// must be there before anything is deployed.
pub(crate) async fn doctor(
    session: &Session,
    wanted: &DoctorArgs,
    common: &Common,
) -> Result<ExitCode, Problem> {
    let limits = session.budget();
    let clients = session.clients(&limits).await?;
    let desk = Desk { ask: clients.query_client(&limits), clients: &clients, session, limits: &limits };
    let (credentials, is_known) = account::credentials(&desk).await;
    let mut groups = Vec::new();
    if !is_known {
        // Nothing else can be looked at, and each would say so again.
        groups.push(Group::new("account", [credentials]));
    } else if wanted.pre {
        groups.push(Group::new("account", [credentials, account::reads(&desk).await]));
        groups.push(before(&desk).await);
    } else {
        groups.push(Group::new("account", [credentials]));
        groups.extend(deployed(&desk).await?);
    }
    for group in &mut groups {
        group.checks.retain(|check| !wanted.skip.iter().any(|id| id == check.id));
    }
    groups.retain(|group| !group.checks.is_empty());
    let has =
        |status: Status| groups.iter().flat_map(|group| &group.checks).any(|check| check.status == status);
    // Where nothing could be looked at, nothing is known to be in order.
    let ok = has(Status::Ok) && !has(Status::Failed);
    let diagnosis = Diagnosis { schema_version: SCHEMA_VERSION, region: session.region(), ok, groups };
    match common.output {
        Output::Json => print_json(&diagnosis)?,
        Output::Table => print(&text::of(&diagnosis))?,
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The clusters before anything stands in front of them: those that are named,
/// or all of the Region.
async fn before(desk: &Desk<'_>) -> Group {
    let names = match &desk.session.request.clusters {
        Some(names) => Ok(names.iter().map(ToString::to_string).collect()),
        None => reads::cluster::names(&desk.ask).await.map(|names| names.into_iter().collect()),
    };
    match names {
        Ok(names) => Group::new("clusters", clusters::look(desk, &names).await.checks),
        Err(not_looked) => {
            let mut check = Check::new("cluster");
            check.sees(desk.session.region(), Err(not_looked));
            Group::new("clusters", [check])
        }
    }
}

/// All that surrounds the frontends of a run.
async fn deployed(desk: &Desk<'_>) -> Result<Vec<Group>, Problem> {
    let mut groups = Vec::new();
    let report = match desk.session.plan().await {
        Ok(report) => Ok(report),
        Err(error) => Err(NotLooked::from(error)),
    };
    if let Ok(report) = &report {
        let groups_of = report.frontends.iter().filter_map(|frontend| frontend.target_group.as_ref());
        let elb = desk.clients.elb(desk.limits);
        let tags = elb.tags(groups_of.map(|arn| arn.0.clone()).collect()).await.map_err(NotLooked::from);
        let frontends = served(desk, report, &tags);
        let named = frontends.iter().filter_map(|frontend| frontend.cluster.as_ref());
        let named: BTreeSet<_> = named.map(ToString::to_string).collect();
        let clusters = clusters::look(desk, &named).await;
        groups.push(Group::new("clusters", clusters.checks));
        groups.extend(in_front(desk, report, &frontends, &clusters.ready, &tags).await);
    }
    groups.push(Group::new("function", function::look(desk).await));
    groups.push(Group::new("run", [served_clients(desk, &report), plan(desk, &report)]));
    Ok(groups)
}

/// What stands in front of the clusters.
async fn in_front(
    desk: &Desk<'_>,
    report: &Report,
    frontends: &[&FrontendReport],
    clusters: &[reads::cluster::Cluster],
    tags: &Looked<TagsOf>,
) -> [Group; 3] {
    let balancers = balancers::look(desk, report, frontends, clusters).await;
    let targets = groups::look(desk, frontends, &balancers.listeners, tags).await;
    let services = services::look(desk, frontends).await;
    [
        Group::new("load balancers", balancers.checks),
        Group::new("target groups", targets),
        Group::new("endpoint services", services),
    ]
}

/// The frontends that a run is to serve: what is left alone by its tag is
/// nobody's business here, either. A run names other reasons first.
fn served<'a>(desk: &Desk<'_>, report: &'a Report, tags: &Looked<TagsOf>) -> Vec<&'a FrontendReport> {
    let none = TagsOf::new();
    let tags = tags.as_ref().unwrap_or(&none);
    let of = |frontend: &FrontendReport| tags.get(&frontend.target_group.as_ref()?.0);
    let is_tagged = |frontend: &FrontendReport| {
        of(frontend).is_some_and(|tags| desk.session.settings().nlb_tag.first_matches(tags))
    };
    let is_excluded = |frontend: &FrontendReport| {
        of(frontend)
            .is_some_and(|tags| tags.get(EXCLUDING_TAG.0).is_some_and(|value| value == EXCLUDING_TAG.1))
    };
    let is_beside_tagged = |frontend: &FrontendReport| {
        let siblings = report.frontends.iter().filter(|other| other.load_balancer == frontend.load_balancer);
        !is_tagged(frontend) && siblings.into_iter().any(is_tagged)
    };
    report.frontends.iter().filter(|frontend| !is_excluded(frontend) && !is_beside_tagged(frontend)).collect()
}

/// Whether a run would serve every frontend.
fn plan(desk: &Desk<'_>, report: &Looked<Report>) -> Check {
    let mut check = Check::new("plan");
    match report {
        Err(not_looked) => check.sees(desk.session.region(), Err(not_looked.clone())),
        Ok(report) => {
            for frontend in report.frontends.iter().filter(|frontend| frontend.load_balancer.is_some()) {
                let fails = match &frontend.outcome {
                    Outcome::Failed { error } if is_of_the_call(error.code) => {
                        Err(NotLooked::because(format!("{}: {}", error.code, error.message)))
                    }
                    Outcome::Failed { error } => Ok(Some(format!("{}: {}", error.code, error.message))),
                    Outcome::Converged
                    | Outcome::Waiting
                    | Outcome::Changed
                    | Outcome::Planned
                    | Outcome::Skipped { .. } => Ok(None),
                };
                check.sees(&name_of(frontend), fails);
            }
        }
    }
    check
}

/// Whether the clients of every frontend are served, excluded ones included.
fn served_clients(desk: &Desk<'_>, report: &Looked<Report>) -> Check {
    let mut check = Check::new("served");
    match report {
        Err(not_looked) => check.sees(desk.session.region(), Err(not_looked.clone())),
        Ok(report) => {
            for frontend in report.frontends.iter().filter(|frontend| frontend.load_balancer.is_some()) {
                let why = || serving::why(frontend).unwrap_or_default();
                let is_skipped = matches!(frontend.outcome, Outcome::Skipped { .. });
                let looked = match Serving::of(frontend) {
                    // A run never reads it, so nobody failed to.
                    Serving::Unknown if is_skipped => continue,
                    Serving::CutOff | Serving::ZoneCutOff => Ok(Some(why())),
                    Serving::Unknown => Err(NotLooked::because(why())),
                    Serving::OldAddressesOnly | Serving::Served => Ok(None),
                };
                check.sees(&name_of(frontend), looked);
            }
        }
    }
    check
}

/// Whether a frontend failed because a call of this command did.
fn is_of_the_call(code: FailureCode) -> bool {
    matches!(
        code,
        FailureCode::AccessDenied
            | FailureCode::Throttled
            | FailureCode::AwsUnreachable
            | FailureCode::AwsUnavailable
            | FailureCode::DeadlineExceeded
    )
}

/// What people call a frontend.
fn name_of(frontend: &FrontendReport) -> String {
    let group = frontend.target_group.as_ref().map(|arn| names::target_group(arn).to_owned());
    let balancer = frontend.load_balancer.as_ref().map(|arn| names::load_balancer(arn).to_owned());
    group.or(balancer).unwrap_or_default()
}
