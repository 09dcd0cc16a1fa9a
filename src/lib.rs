//! Keeps Network Load Balancers pointed at the private addresses of EKS API
//! servers.
//!
//! A run reads everything, decides in a pure function, and applies:
//!
//! ```text
//!                  ┌─ DescribeCluster ─▶ ApiEndpoint ─ DNS ─▶ Addresses ─┐
//! NLBs ─ tags ─▶ Frontend                                                ├─ plan ─▶ Plan ─ apply ─▶ Outcome ─▶ Report
//!                  └─ DescribeTargetHealth ─────────────▶ Targets ───────┘
//! ```
//!
//! It keeps no state: the target group is the state, and the next run is the
//! retry. An event says *when* to run, never *what changed*.
//!
//! Modules know only what stands before them here: [`model`], [`plan`],
//! [`error`], [`report`]; [`settings`] and [`request`]; [`dns`], [`aws`],
//! [`log`] and [`metrics`]; [`discover`] and [`reconcile`]; [`handler`]. `model` and `plan` know
//! neither SDK, resolver, runtime, log, clock nor environment.

pub mod aws;
pub mod discover;
pub mod dns;
pub mod error;
pub mod handler;
pub mod log;
pub mod metrics;
pub mod model;
pub mod plan;
pub mod reconcile;
pub mod report;
pub mod request;
pub mod settings;

use std::collections::BTreeSet;

use aws::{Clients, Limits};
use dns::Resolver;
use error::AwsError;
use hickory_resolver::net::runtime::RuntimeProvider;
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
) -> Result<Report, AwsError> {
    let reconciler = Reconciler {
        eks: clients.eks(limits),
        elb: clients.elb(limits),
        limits,
        resolver,
        policy: settings.policy,
        mode,
    };
    let fleet = discover::fleet(&reconciler.elb, settings, clusters).await?;
    let mut entries = fleet.settled;
    entries.extend(reconciler.reconcile_all(fleet.frontends).await);
    Ok(Report::new(mode == Mode::DryRun, clients.region.clone(), fleet.load_balancers, entries))
}
