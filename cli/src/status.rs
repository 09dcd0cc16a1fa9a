//! Shows whether the clients of each cluster are served, from one dry run.

mod document;
mod text;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use crate::args::Common;
use crate::output::{show, time};
use crate::problem::Problem;
use crate::reads::metrics;
use crate::serving::{CUT_OFF, Serving};
use crate::session::{SHORT, Session, TIME};
use document::{Cluster, Frontend, Status, Summary, clusters, summary};

/// Prints one line for each cluster.
pub(crate) async fn status(session: &Session, common: &Common) -> Result<ExitCode, Problem> {
    let report = session.plan(SHORT).await?;
    let now = SystemTime::now();
    let mut status = Status {
        region: session.region(),
        read_at: time(now),
        summary: Summary::default(),
        clusters: clusters(&report),
    };
    status.summary = summary(&status.clusters, &report);
    if let Some(cluster) = only_cut_off(&mut status.clusters) {
        cluster.since = since(session).await.map(time);
    }
    show(common.output, &status, || text::of(&status, session))?;
    session.refuse_unknown_clusters(&report).await?;
    Ok(match status.summary {
        Summary { cut_off: 1.., .. } => ExitCode::from(CUT_OFF),
        Summary { failed: 1.., .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
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
    let account = session.connect(TIME).await.ok()?;
    let (function, namespace) = (session.deployed().name.as_str(), &session.settings().metrics_namespace);
    let metric = metrics::of_function(namespace, function, "Unserved");
    let mut points = metrics::points(&account.query(), metric, BACK).await.ok()?;
    points.sort_by_key(|point| point.at);
    let last = points.last()?.at;
    let is_recent = SystemTime::now().duration_since(last).is_ok_and(|age| age <= RECENT);
    let unserved = points.iter().rev().take_while(|point| is_recent && point.value > 0.0);
    unserved.last().map(|point| point.at)
}
