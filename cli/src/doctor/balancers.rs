//! The load balancers: their zones, listeners and way to the control plane.

use std::collections::BTreeSet;
use std::time::Duration;

use eks_nlb_sync::publish::report::{FrontendReport, Outcome};
use eks_nlb_sync::reasons::{FailureCode, SkipReason};

use super::check::{Check, Found};
use super::facts::{Balancer, Facts};
use super::security;
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::metrics;
use crate::reads::{each, known};

/// Checks the load balancers.
pub(super) async fn look(facts: &Facts<'_>) -> Vec<Check> {
    let allows_public = facts.account.session.settings().allow_internet_facing;
    let is_public = |balancer: &Balancer<'_>| {
        let scheme = &known(&balancer.described)?.scheme;
        Ok((scheme != "internal" && !allows_public).then(|| format!("it is {scheme}")))
    };
    let [reach, admitted] = security::look(facts).await;
    vec![
        managed(facts),
        cluster_tag(facts),
        facts.of_balancers(CheckId::Internal, is_public),
        controllers(facts),
        facts.of_balancers(CheckId::Zones, |balancer| missing_zones(facts, balancer)),
        reach,
        admitted,
        port_allocation(facts).await,
    ]
}

/// The target groups whose targets another controller keeps.
fn controllers(facts: &Facts<'_>) -> Check {
    let groups = facts.report.frontends.iter().filter(|frontend| frontend.target_group.is_some());
    let found = groups.map(|frontend| {
        let is_owned = frontend.outcome == Outcome::Skipped { reason: SkipReason::OwnedByController };
        let says = || "it carries elbv2.k8s.aws/cluster, so the function leaves it alone".to_owned();
        (names::frontend(frontend), Ok(is_owned.then(says)))
    });
    Check::of(CheckId::Controller, found)
}

/// Whether connections failed because a load balancer had no source port left.
///
/// Source: ELB User Guide for Network Load Balancers, *CloudWatch metrics*,
/// `PortAllocationErrorCount` (read November 2026).
async fn port_allocation(facts: &Facts<'_>) -> Check {
    const BACK: Duration = Duration::from_hours(1);
    let ask = facts.account.query();
    let errors = each(facts.balancers.keys().copied(), async |arn| -> Found {
        let metric = metrics::of_load_balancer("PortAllocationErrorCount", "Sum", arn, None);
        let points = metrics::points(&ask, metric, BACK).await?;
        let errors = points.iter().map(|point| point.value).sum::<f64>();
        Ok((errors > 0.0).then(|| format!("{errors} connections found no source port")))
    });
    let found = errors.await.into_iter().map(|(arn, found)| (names::load_balancer(arn), found));
    Check::of(CheckId::PortAllocation, found)
}

/// Whether load balancers are managed, and one for each cluster that
/// `--cluster` names.
fn managed(facts: &Facts<'_>) -> Check {
    let session = facts.account.session;
    let count = facts.report.summary.load_balancers;
    let none = (count == 0 && session.request.clusters.is_none()).then(|| {
        let says = format!("no load balancer carries {}", session.settings().nlb_tag);
        (session.region().to_owned(), Ok(Some(says)))
    });
    let found = facts.report.frontends.iter().map(|frontend| match &frontend.load_balancer {
        None => {
            let cluster = frontend.cluster.as_ref().map(ToString::to_string).unwrap_or_default();
            (cluster, Ok(Some("no managed load balancer carries its name".to_owned())))
        }
        Some(arn) => (names::load_balancer(arn).to_owned(), Ok(None)),
    });
    let lost = facts.report.untagged.iter().map(|frontend| {
        let says =
            format!("it lost the tag {}: it names a cluster, and was managed", session.settings().nlb_tag);
        (names::frontend(frontend).to_owned(), Ok(Some(says)))
    });
    let mut check = Check::of(CheckId::Managed, none.into_iter().chain(found).chain(lost));
    // Several frontends may share a load balancer.
    check.checked = check.checked.min(count.max(1));
    check
}

fn cluster_tag(facts: &Facts<'_>) -> Check {
    let is_misnamed =
        |code| matches!(code, FailureCode::MissingClusterName | FailureCode::InvalidClusterName);
    let says = |frontend: &FrontendReport| {
        let failure = frontend.failure().filter(|failure| is_misnamed(failure.code));
        failure.map(|failure| failure.message.clone())
    };
    let found = facts.frontends.iter().filter(|frontend| frontend.load_balancer.is_some());
    Check::of(CheckId::ClusterTag, found.map(|frontend| (names::frontend(frontend), Ok(says(frontend)))))
}

/// The zones of the control plane that the load balancer is not in. Only
/// targets in its own VPC have a zone.
fn missing_zones(facts: &Facts<'_>, balancer: &Balancer<'_>) -> Found {
    let described = known(&balancer.described)?;
    let subnets = known(&facts.subnets)?;
    let own = facts.clusters_of(balancer).filter(|cluster| cluster.vpc == described.vpc);
    let zones = own.flat_map(|cluster| &cluster.subnets).filter_map(|id| Some(&subnets.get(id)?.zone));
    let missing: BTreeSet<_> = zones.filter(|zone| !described.zones.contains(*zone)).cloned().collect();
    let missing: Vec<_> = missing.into_iter().collect();
    Ok((!missing.is_empty()).then(|| format!("the control plane is in {}, too", missing.join(" and "))))
}
