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
//!               Desired            DNS once for each cluster and address family, or
//!                   │              DescribeNetworkInterfaces once, or both
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
//! retry. An event says *when* to run, never *what changed*. What a process
//! remembers of earlier runs decides when something is asked or whose turn it
//! is ([`lookups`], [`turns`]), never what is done.
//!
//! Modules know only what stands before them here: [`model`], [`plan`],
//! [`error`], [`report`]; [`settings`], [`request`], [`limits`], [`pace`] and
//! [`turns`]; [`dns`], [`aws`], [`log`] and [`metrics`]; [`discover`],
//! [`lookups`] and [`sources`]; [`reconcile`]; [`handler`]. `model` and `plan`
//! know neither SDK, resolver, runtime, log, clock nor environment.

pub mod aws;
pub mod discover;
pub mod dns;
pub mod error;
pub mod handler;
pub mod limits;
pub mod log;
pub mod lookups;
pub mod metrics;
pub mod model;
pub mod pace;
pub mod plan;
pub mod reconcile;
pub mod report;
pub mod request;
pub mod settings;
pub mod sources;
pub mod turns;

use std::collections::BTreeSet;

use aws::account::Clients;
use dns::Resolver;
use error::CallError;
use futures_util::future::try_join;
use hickory_resolver::net::runtime::RuntimeProvider;
use limits::Limits;
use lookups::Lookups;
use model::{AddressSource, ClusterName, Interfaces};
use reconcile::{Mode, Reconciler};
use report::Report;
use settings::Settings;
use sources::Sources;
use turns::Turns;

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
    turns: &Turns,
    limits: &Limits,
) -> Result<Report, CallError> {
    let elb = clients.elb(limits);
    let mut expected = clients.expected();
    expected.clusters.retain(|cluster| clusters.is_none_or(|wanted| wanted.contains(cluster)));
    let discovery = discover::discover(&elb, settings, clusters, &expected.load_balancers);
    let reading = try_join(discovery, interfaces(settings, clients, limits));
    let mut lookups = Lookups::new(clients.eks(limits), expected.clusters);
    let (discovered, interfaces) = lookups.beside(reading).await?;
    lookups.keep(&discovered.expected.clusters);
    if clusters.is_none() {
        clients.expect(discovered.expected);
    }
    limits.expect_frontends(discovered.frontends.len() + discovered.decided.len());
    let mut reports = discovered.decided;
    let sources = Sources {
        source: settings.address_source,
        resolver,
        interfaces,
        allowed: &settings.allowed_cidrs,
        limits,
    };
    let reconciler = Reconciler { lookups, elb, limits, sources, policy: settings.policy, mode, turns };
    reports.extend(reconciler.reconcile_all(discovered.frontends).await);
    Ok(Report::new(mode == Mode::DryRun, clients.region.clone(), discovered.load_balancers, reports))
}

/// The interfaces of the Region's control planes, where they are a source.
async fn interfaces(
    settings: &Settings,
    clients: &Clients,
    limits: &Limits,
) -> Result<Interfaces, CallError> {
    match settings.address_source {
        AddressSource::Dns => Ok(Interfaces::default()),
        AddressSource::Eni | AddressSource::DnsAndEni => clients.ec2(limits).control_plane_interfaces().await,
    }
}
