//! Keeps Network Load Balancers pointed at the private addresses of EKS API
//! servers.
//!
//! A run discovers the frontends, then takes these steps for each; everything
//! before `plan` only reads:
//!
//! ```text
//! tagged NLBs ─▶ Frontend          DescribeLoadBalancers, DescribeTargetGroups, DescribeTags
//!                   │
//!                   ▼
//!              ApiEndpoint         DescribeCluster, once for each cluster
//!                   ▼
//!               Desired            DNS, once for each cluster and address family
//!                   ▼
//!               Targets            DescribeTargetHealth
//!                   ▼
//!                 Plan             a pure function: plan()
//!                   ▼
//!               Outcome            RegisterTargets, then DeregisterTargets
//!                   ▼
//!                Report
//! ```
//!
//! It is stateless: the target group is the state, and the next run is the
//! retry. An event says *when* to run, never *what changed*.
//!
//! Modules know only what stands before them here: [`model`], [`plan`],
//! [`error`], [`report`]; [`settings`], [`request`] and [`limits`]; [`dns`],
//! [`aws`], [`log`] and [`metrics`]; [`discover`] and [`reconcile`];
//! [`handler`]. `model` and `plan` know neither SDK, resolver, runtime, log,
//! clock nor environment.

pub mod aws;
pub mod discover;
pub mod dns;
pub mod error;
pub mod handler;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod model;
pub mod plan;
pub mod reconcile;
pub mod report;
pub mod request;
pub mod settings;

use std::collections::BTreeSet;

use aws::account::Clients;
use dns::Resolver;
use error::CallError;
use hickory_resolver::net::runtime::RuntimeProvider;
use limits::Limits;
use model::ClusterName;
use reconcile::{Mode, Reconciler};
use report::Report;
use settings::Settings;

/// One full run over one account and Region: discover, reconcile, report.
///
/// # Errors
///
/// Discovery fails. Whatever fails later is the outcome of its frontend.
pub async fn sync<P: RuntimeProvider>(
    settings: &Settings,
    clusters: Option<&BTreeSet<ClusterName>>,
    mode: Mode,
    clients: &Clients,
    resolver: &Resolver<P>,
    limits: &Limits,
) -> Result<Report, CallError> {
    let reconciler = Reconciler {
        eks: clients.eks(limits),
        elb: clients.elb(limits),
        limits,
        resolver,
        policy: settings.policy,
        mode,
    };
    let discovered = discover::discover(&reconciler.elb, settings, clusters).await?;
    let mut reports = discovered.decided;
    reports.extend(reconciler.reconcile_all(discovered.frontends).await);
    Ok(Report::new(mode == Mode::DryRun, clients.region.clone(), discovered.load_balancers, reports))
}
