//! Shows whether the clients of each cluster are served, from one dry run.

mod document;
mod text;

use std::cmp::Reverse;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;

use crate::args::Common;
use crate::output::{Output, show, time};
use crate::problem::Problem;
use crate::reads::metrics;
use crate::serving::{CUT_OFF, Serving};
use crate::session::{Connection, SHORT, Session, TIME};
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
    find_since(session, &mut status.clusters).await;
    let known = session.refuse_unknown_clusters(&report).await;
    if known.is_ok() || common.output == Output::Json || !status.clusters.is_empty() {
        show(common.output, &status, || text::of(&status, session))?;
    }
    known?;
    Ok(match status.summary {
        Summary { cut_off: 1.., .. } => ExitCode::from(CUT_OFF),
        Summary { failed: 1.., .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// Reads since when clusters are cut off, all at once.
async fn find_since(session: &Session, clusters: &mut [Cluster<'_>]) {
    let cut_off: Vec<_> = clusters.iter_mut().filter(|cluster| cluster.state == Serving::CutOff).collect();
    if cut_off.is_empty() {
        return;
    }
    let Ok(account) = session.connect(TIME).await else { return };
    let read = cut_off.into_iter().map(async |cluster: &mut Cluster<'_>| {
        let of_each = join_all(cluster.frontends.iter().map(|frontend| since(&account, frontend))).await;
        cluster.since = of_each.into_iter().flatten().min().map(time);
    });
    join_all(read).await;
}

/// Since when at least ELB counts no healthy target in the frontend's target group;
/// nothing if CloudWatch does not say, or may not be asked.
///
/// Source: ELB User Guide for Network Load Balancers, *CloudWatch metrics*,
/// `HealthyHostCount` (read November 2026): it is reported each minute where targets
/// are registered, and each zone counts its own.
async fn since(account: &Connection<'_>, frontend: &Frontend<'_>) -> Option<SystemTime> {
    /// After a longer time without a value, an older one may be about another outage.
    const GAP: Duration = Duration::from_mins(5);
    /// As far back as one answer reaches, minute by minute.
    const BACK: Duration = Duration::from_hours(23);
    if frontend.state != Serving::CutOff || !frontend.has_targets {
        return None;
    }
    let metric = metrics::of_load_balancer(
        "HealthyHostCount",
        "Maximum",
        frontend.load_balancer?,
        Some(frontend.target_group?),
    );
    let mut points = metrics::points(&account.query(), metric, BACK).await.ok()?;
    points.sort_by_key(|point| Reverse(point.at));
    let mut since = None;
    for point in points {
        let is_near =
            since.unwrap_or_else(SystemTime::now).duration_since(point.at).is_ok_and(|it| it <= GAP);
        if !is_near || point.value > 0.0 {
            break;
        }
        since = Some(point.at);
    }
    since
}
