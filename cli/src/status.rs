//! Shows whether the clients of each cluster are served, from one dry run.

mod text;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_sync::model::{ClusterName, LoadBalancerArn, TargetGroupArn, Zone};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use serde::Serialize;

use crate::args::{Common, Output};
use crate::output::{SCHEMA_VERSION, print, print_json};
use crate::plan::refuse_unknown_clusters;
use crate::problem::Problem;
use crate::reads::metrics;
use crate::serving::{self, Serving};
use crate::session::Session;

/// The exit code where a cluster is cut off.
pub(crate) const CUT_OFF: u8 = 3;

/// Every cluster with its state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    schema_version: u16,
    region: &'a str,
    /// When it was read.
    read_at: String,
    summary: Summary,
    /// Worst first.
    clusters: Vec<Cluster<'a>>,
}

/// The clusters, counted by state.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    clusters: usize,
    served: usize,
    old_addresses_only: usize,
    zone_cut_off: usize,
    cut_off: usize,
    unknown: usize,
    /// Frontends that a run fails for.
    failed: usize,
}

/// A cluster: the state of its worst frontend.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster<'a> {
    /// Absent where no tag names one.
    #[serde(rename = "cluster", skip_serializing_if = "Option::is_none")]
    name: Option<&'a ClusterName>,
    state: Serving,
    /// No later than which it began; absent where CloudWatch cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    frontends: Vec<Frontend<'a>>,
}

/// One target group of a load balancer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Frontend<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    load_balancer: Option<&'a LoadBalancerArn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_group: Option<&'a TargetGroupArn>,
    state: Serving,
    /// The zones without a healthy target.
    #[serde(skip_serializing_if = "Option::is_none")]
    unserved: Option<&'a [Zone]>,
    /// Healthy targets among the current addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    healthy: Option<usize>,
    /// The current addresses, counted.
    desired: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip)]
    is_skipped: bool,
}

/// Prints one line for each cluster.
pub(crate) async fn status(session: &Session, common: &Common) -> Result<ExitCode, Problem> {
    let report = session.plan().await?;
    let now = SystemTime::now();
    let mut status = Status {
        schema_version: SCHEMA_VERSION,
        region: session.region(),
        read_at: time(now),
        summary: Summary::default(),
        clusters: clusters(&report),
    };
    status.summary = summary(&status.clusters, &report);
    if let Some(cluster) = only_cut_off(&mut status.clusters) {
        cluster.since = since(session).await.map(time);
    }
    match common.output {
        Output::Json => print_json(&status)?,
        Output::Table => print(&text::of(&status, session))?,
    }
    refuse_unknown_clusters(session, &report).await?;
    Ok(match status.summary {
        Summary { cut_off: 1.., .. } => ExitCode::from(CUT_OFF),
        Summary { failed: 1.., .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn time(at: SystemTime) -> String {
    DateTime::from_secs(DateTime::from(at).secs()).fmt(Format::DateTime).unwrap_or_default()
}

/// The clusters of a report, worst first. A frontend whose tags name no cluster
/// stands for itself.
fn clusters(report: &Report) -> Vec<Cluster<'_>> {
    let mut named: BTreeMap<&ClusterName, Vec<Frontend<'_>>> = BTreeMap::new();
    let mut clusters = Vec::new();
    for frontend in &report.frontends {
        match &frontend.cluster {
            Some(name) => named.entry(name).or_default().push(Frontend::of(frontend)),
            None => clusters.push(Cluster::of(None, vec![Frontend::of(frontend)])),
        }
    }
    clusters.extend(named.into_iter().map(|(name, frontends)| Cluster::of(Some(name), frontends)));
    clusters.sort_by_key(|cluster| (cluster.state, cluster.name));
    clusters
}

impl<'a> Cluster<'a> {
    /// Skipped frontends come last among frontends of one state.
    fn of(name: Option<&'a ClusterName>, mut frontends: Vec<Frontend<'a>>) -> Self {
        frontends.sort_by_key(|frontend| (frontend.state, frontend.is_skipped));
        let state = frontends.first().map_or(Serving::Unknown, |worst| worst.state);
        Self { name, state, since: None, frontends }
    }
}

impl<'a> Frontend<'a> {
    fn of(frontend: &'a FrontendReport) -> Self {
        Self {
            load_balancer: frontend.load_balancer.as_ref(),
            target_group: frontend.target_group.as_ref(),
            state: Serving::of(frontend),
            unserved: frontend.unserved.as_deref(),
            healthy: frontend.healthy,
            desired: frontend.desired.len(),
            message: serving::why(frontend),
            is_skipped: matches!(frontend.outcome, Outcome::Skipped { .. }),
        }
    }
}

fn summary(clusters: &[Cluster<'_>], report: &Report) -> Summary {
    let count = |state: Serving| clusters.iter().filter(|cluster| cluster.state == state).count();
    Summary {
        clusters: clusters.len(),
        served: count(Serving::Served),
        old_addresses_only: count(Serving::OldAddressesOnly),
        zone_cut_off: count(Serving::ZoneCutOff),
        cut_off: count(Serving::CutOff),
        unknown: count(Serving::Unknown),
        failed: report.summary.failed,
    }
}

/// The cluster that the function's metric is about: it counts target groups, so it does
/// not tell which of several it is.
fn only_cut_off<'a, 'b>(clusters: &'b mut [Cluster<'a>]) -> Option<&'b mut Cluster<'a>> {
    let is_measured =
        |frontend: &&Frontend<'_>| frontend.state == Serving::CutOff && frontend.unserved.is_some();
    let count = clusters.iter().flat_map(|cluster| &cluster.frontends).filter(is_measured).count();
    let mut of = clusters.iter_mut().filter(|cluster| cluster.frontends.iter().any(|one| is_measured(&one)));
    of.next().filter(|_| count == 1)
}

/// Since when at least the function counts a target group as unserved; nothing if
/// CloudWatch does not say, or may not be asked.
async fn since(session: &Session) -> Option<SystemTime> {
    /// An older value may be about an outage that is over.
    const RECENT: Duration = Duration::from_mins(5);
    /// As far back as one answer reaches, minute by minute.
    const BACK: Duration = Duration::from_hours(23);
    if session.request.clusters.is_some() {
        // The metric may be about another cluster.
        return None;
    }
    let budget = session.budget();
    let clients = session.clients(&budget).await.ok()?;
    let (function, namespace) = (session.deployed().name.as_str(), &session.settings().metrics_namespace);
    let of = metrics::OfFunction { namespace, function };
    let mut points =
        metrics::points(&clients.query_client(&budget), of.metric("Unserved"), BACK).await.ok()?;
    points.sort_by_key(|point| point.at);
    let last = points.last()?.at;
    let is_recent = SystemTime::now().duration_since(last).is_ok_and(|age| age <= RECENT);
    let unserved = points.iter().rev().take_while(|point| is_recent && point.value > 0.0);
    unserved.last().map(|point| point.at)
}
