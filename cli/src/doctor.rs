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
mod facts;
mod function;
mod groups;
mod listeners;
mod run;
mod security;
mod services;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use eks_nlb_sync::publish::report::Report;

use crate::args::{Common, DoctorArgs};
use crate::catalogue::{self, CheckId};
use crate::output::{self, hint};
use crate::problem::Problem;
use crate::reads::{Looked, NotLooked, cluster, network};
use crate::session::{Connection, Session, TIME};
use check::{Check, Diagnosis, Group, Status};
use facts::Facts;

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
    let account = session.connect(TIME).await?;
    let (credentials, is_known) = account::credentials(&account).await;
    let mut has_listed = false;
    let mut groups = if !is_known {
        // Every other check would fail for the same reason.
        vec![Group::new("account", [credentials])]
    } else if wanted.pre {
        let reads = account::reads(&account).await;
        vec![Group::new("account", [credentials, reads]), before(&account).await]
    } else {
        let (mut groups, listed) = deployed(&account).await;
        groups.insert(0, Group::new("account", [credentials]));
        has_listed = listed;
        groups
    };
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
    let checks = || groups.iter().flat_map(|group| &group.checks);
    let checked = |id| checks().any(|check| check.id == id && check.checked > 0);
    let is_known = if wanted.pre {
        checks().any(|check| check.status == Status::Ok)
    } else {
        // Frontends that were not seen may all be cut off.
        has_listed && (!wanted.after_upgrade || !is_wanted(CheckId::Settled) || checked(CheckId::Settled))
    };
    let ok = is_known && !checks().any(|check| check.status == Status::Failed);
    let diagnosis = Diagnosis { region: session.region(), ok, groups };
    output::show(common.output, &diagnosis, || text::of(&diagnosis))?;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Clusters without a load balancer yet: the named ones, or all of the Region.
async fn before(account: &Connection<'_>) -> Group {
    let names: Looked<_> = match &account.session.request.clusters {
        Some(names) => Ok(names.iter().map(ToString::to_string).collect()),
        None => cluster::names(&account.query()).await,
    };
    match names {
        Ok(names) => {
            let described = clusters::describe(account, names.into_iter().collect()).await;
            let subnets = clusters::ready(&described).flat_map(|cluster| &cluster.subnets).cloned();
            let subnets = network::subnets(&account.query(), &subnets.collect()).await;
            let checks = clusters::look(account, &described, &subnets, |_| Vec::new()).await;
            Group::new("clusters", checks)
        }
        Err(not_looked) => {
            let check = Check::of_one(CheckId::Cluster, account.session.region(), Err(not_looked));
            Group::new("clusters", [check])
        }
    }
}

/// Whether the Region has many frontends. Where they cannot be listed, the checks
/// say why.
async fn is_large(account: &Connection<'_>) -> bool {
    let listed = account.discover(&account.session.request).await;
    listed.is_ok_and(|listed| listed.frontends.len() + listed.rejected.len() > MANY_FRONTENDS)
}

/// The resources around the frontends of a run, and whether it could list them.
async fn deployed(account: &Connection<'_>) -> (Vec<Group>, bool) {
    if is_large(account).await {
        hint(
            "Reading slowly, so that the function keeps its share of ELB's request rate: about three seconds for each \
             frontend\n",
        );
        account.clients.limiters().pace_elb(ELB_EVERY);
    }
    let report = account.session.plan(TIME).await.map_err(NotLooked::from);
    let mut groups = match &report {
        Ok(report) => of_frontends(account, report).await,
        Err(not_looked) => ["clusters", "load balancers", "target groups", "endpoint services"]
            .map(|name| Group::not_looked(name, not_looked))
            .into(),
    };
    groups.push(Group::new("function", function::look(account).await));
    groups.push(Group::new("run", run::look(account.session.region(), &report)));
    (groups, report.is_ok())
}

/// The clusters and the resources in front of them.
async fn of_frontends(account: &Connection<'_>, report: &Report) -> Vec<Group> {
    let facts = Facts::read(account, report).await;
    let families = |cluster: &str| facts.families(cluster);
    vec![
        Group::new("clusters", clusters::look(account, &facts.clusters, &facts.subnets, families).await),
        Group::new("load balancers", balancers::look(&facts).await),
        Group::new("target groups", groups::look(&facts).await),
        Group::new("endpoint services", services::look(&facts).await),
    ]
}
