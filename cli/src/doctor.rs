//! Checks the resources around the frontends, and names a remedy for each fault;
//! changes nothing.
//!
//! linkerd's `check` is the model. A check that the caller has no permission
//! for is reported and fails nothing: IAM's refusal does not show the state of
//! the resource.

mod account;
mod attributes;
mod balancers;
mod check;
mod clusters;
mod desk;
mod function;
mod groups;
mod listeners;
mod run;
mod security;
mod services;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use eks_nlb_sync::discover::{discover, is_excluded};
use eks_nlb_sync::publish::report::{FrontendReport, Report};

use crate::args::{Common, DoctorArgs, Output};
use crate::catalogue::{self, CheckId};
use crate::output::{SCHEMA_VERSION, hint, print, print_json};
use crate::problem::Problem;
use crate::reads::{self, Looked, NotLooked};
use crate::session::Session;
use check::{Check, Diagnosis, Group, Status};
use desk::{Desk, Families, TagsOf};

/// A Region with more frontends than this is large: its checks take more calls
/// than ELB's smallest bucket holds.
const MANY_FRONTENDS: usize = 20;

/// In a large Region at most one call of ELB's is made in this time, a sixth of
/// its older rate: the function's next run needs the rest.
///
/// Source: ELB API Reference, *Request throttling* (read in November 2026): 40
/// tokens, refilled at 10 a second.
const ELB_EVERY: Duration = Duration::from_millis(600);

/// Makes the checks and prints their findings; with `--pre`, only the
/// prerequisites of a deployment.
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
        // Every other check would fail for the same reason.
        groups.push(Group::new("account", [credentials]));
    } else if wanted.pre {
        groups.push(Group::new("account", [credentials, account::reads(&desk).await]));
        groups.push(before(&desk).await);
    } else {
        groups.push(Group::new("account", [credentials]));
        groups.extend(deployed(&desk).await);
    }
    let phase = match wanted {
        DoctorArgs { before_upgrade: true, .. } => Some(catalogue::BEFORE_UPGRADE),
        DoctorArgs { after_upgrade: true, .. } => Some(catalogue::AFTER_UPGRADE),
        DoctorArgs { .. } => None,
    };
    let is_wanted = |id: CheckId| {
        // Between upgrades, a run may have something to do at any time.
        let is_of_phase = phase.map_or(id != CheckId::Settled, |phase| phase.contains(&id));
        is_of_phase && !wanted.skip.contains(&id)
    };
    groups.retain_mut(|group| group.retain(is_wanted));
    let has =
        |status: Status| groups.iter().flat_map(|group| &group.checks).any(|check| check.status == status);
    // If nothing could be checked, nothing is known to be in order.
    let ok = has(Status::Ok) && !has(Status::Failed);
    let diagnosis = Diagnosis { schema_version: SCHEMA_VERSION, region: session.region(), ok, groups };
    match common.output {
        Output::Json => print_json(&diagnosis)?,
        Output::Table => print(&text::of(&diagnosis))?,
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Clusters without a load balancer yet: the named ones, or all of the Region.
async fn before(desk: &Desk<'_>) -> Group {
    let names = match &desk.session.request.clusters {
        Some(names) => Ok(names.iter().map(ToString::to_string).collect()),
        None => reads::cluster::names(&desk.ask).await.map(|names| names.into_iter().collect()),
    };
    match names {
        Ok(names) => Group::new("clusters", clusters::look(desk, &names, &Families::new()).await.checks),
        Err(not_looked) => {
            let mut check = Check::new(CheckId::Cluster);
            check.sees(desk.session.region(), Err(not_looked));
            Group::new("clusters", [check])
        }
    }
}

/// Whether the Region has many frontends. Where they cannot be listed, the checks
/// say why.
async fn is_large(desk: &Desk<'_>) -> bool {
    let elb = desk.clients.elb(desk.limits);
    let listed =
        discover(&elb, desk.session.settings(), &desk.session.request, &desk.session.service.history).await;
    listed.is_ok_and(|listed| listed.frontends.len() + listed.rejected.len() > MANY_FRONTENDS)
}

/// The resources around the frontends of a run.
async fn deployed(desk: &Desk<'_>) -> Vec<Group> {
    if is_large(desk).await {
        hint(
            "Leaving the function its share of ELB's rate: this takes some three seconds for each frontend\n",
        );
        desk.clients.limiters().pace_elb(ELB_EVERY);
    }
    let report = desk.session.plan_slowly().await.map_err(NotLooked::from);
    let mut groups = match &report {
        Ok(report) => of_frontends(desk, report).await,
        Err(not_looked) => ["clusters", "load balancers", "target groups", "endpoint services"]
            .map(|name| Group::not_looked(name, not_looked))
            .into(),
    };
    groups.push(Group::new("function", function::look(desk).await));
    groups.push(Group::new("run", run::look(desk, &report)));
    groups
}

/// The clusters and the resources in front of them.
async fn of_frontends(desk: &Desk<'_>, report: &Report) -> Vec<Group> {
    let groups_of = report.frontends.iter().filter_map(|frontend| frontend.target_group.as_ref());
    let elb = desk.clients.elb(desk.limits);
    let tags = elb.tags(groups_of.map(|arn| arn.0.clone()).collect()).await.map_err(NotLooked::from);
    let frontends = served(desk, report, &tags);
    let target_groups = reads::elb::target_groups(&desk.ask).await.map_err(NotLooked::from);
    let named = frontends.iter().filter_map(|frontend| frontend.cluster.as_ref());
    let named: BTreeSet<_> = named.map(ToString::to_string).collect();
    let clusters = clusters::look(desk, &named, &families(&frontends, &target_groups)).await;
    let services = reads::network::endpoint_services(&desk.ask).await;
    let balancers = balancers::look(desk, report, &frontends, &clusters.ready, &services).await;
    let targets = groups::look(desk, &frontends, &balancers, &target_groups, &tags).await;
    let services = services::look(desk, &frontends, &services).await;
    vec![
        Group::new("clusters", clusters.checks),
        Group::new("load balancers", balancers.checks),
        Group::new("target groups", targets),
        Group::new("endpoint services", services),
    ]
}

fn families(
    frontends: &[&FrontendReport],
    target_groups: &Looked<BTreeMap<String, reads::elb::TargetGroup>>,
) -> Families {
    let mut families = Families::new();
    for frontend in frontends {
        if let (Some(cluster), Some(arn), Ok(known)) =
            (&frontend.cluster, &frontend.target_group, target_groups)
            && let Some(group) = known.get(&arn.0)
        {
            families.entry(cluster.to_string()).or_default().push(group.family);
        }
    }
    families
}

/// The frontends that a run is to serve: a target group that is excluded by its tag is
/// not checked, either. A run names other reasons first.
fn served<'a>(desk: &Desk<'_>, report: &'a Report, tags: &Looked<TagsOf>) -> Vec<&'a FrontendReport> {
    let none = TagsOf::new();
    let tags = tags.as_ref().unwrap_or(&none);
    let of = |frontend: &FrontendReport| tags.get(&frontend.target_group.as_ref()?.0);
    let is_tagged = |frontend: &FrontendReport| {
        of(frontend).is_some_and(|tags| desk.session.settings().nlb_tag.first_matches(tags))
    };
    let is_excluded = |frontend: &FrontendReport| of(frontend).is_some_and(is_excluded);
    let is_beside_tagged = |frontend: &FrontendReport| {
        let siblings = report.frontends.iter().filter(|other| other.load_balancer == frontend.load_balancer);
        !is_tagged(frontend) && siblings.into_iter().any(is_tagged)
    };
    report.frontends.iter().filter(|frontend| !is_excluded(frontend) && !is_beside_tagged(frontend)).collect()
}
