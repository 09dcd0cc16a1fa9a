//! What is shown: clusters, each with the state of its worst frontend.

use std::collections::BTreeMap;

use eks_nlb_sync::model::{ClusterName, LoadBalancerArn, TargetGroupArn, Zone};
use eks_nlb_sync::publish::report::{FrontendReport, Report};
use serde::Serialize;

use crate::serving::{self, Serving};

/// Every cluster with its state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status<'a> {
    pub(super) region: &'a str,
    pub(super) read_at: String,
    pub(super) summary: Summary,
    /// Worst first.
    pub(super) clusters: Vec<Cluster<'a>>,
}

/// The clusters, counted by state.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) clusters: usize,
    pub(super) served: usize,
    pub(super) old_addresses_only: usize,
    pub(super) zone_cut_off: usize,
    pub(super) cut_off: usize,
    pub(super) unknown: usize,
    /// Frontends that a run fails for.
    pub(super) failed: usize,
}

/// A cluster: the state of its worst frontend.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cluster<'a> {
    /// Absent where no tag names one.
    #[serde(rename = "cluster", skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a ClusterName>,
    pub(super) state: Serving,
    /// A target group of it is cut off since this time or longer; absent where
    /// CloudWatch does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    pub(super) frontends: Vec<Frontend<'a>>,
}

/// One target group of a load balancer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frontend<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) load_balancer: Option<&'a LoadBalancerArn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target_group: Option<&'a TargetGroupArn>,
    pub(super) state: Serving,
    /// The zones without a healthy target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unserved: Option<&'a [Zone]>,
    /// Healthy targets among the current addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) healthy: Option<usize>,
    /// The current addresses, counted.
    pub(super) desired: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// Whether ELB lists any target.
    #[serde(skip)]
    pub(super) has_targets: bool,
}

/// The clusters of a report, worst first. A frontend whose tags name no cluster
/// stands for itself. A name that is asked for and that no load balancer carries is
/// no cluster.
pub(super) fn clusters(report: &Report) -> Vec<Cluster<'_>> {
    let mut named: BTreeMap<&ClusterName, Vec<&FrontendReport>> = BTreeMap::new();
    let mut clusters = Vec::new();
    let is_known = |frontend: &&FrontendReport| frontend.load_balancer.is_some();
    for frontend in serving::frontends(report).filter(is_known) {
        match &frontend.cluster {
            Some(name) => named.entry(name).or_default().push(frontend),
            None => clusters.push(Cluster::of(None, vec![frontend])),
        }
    }
    clusters.extend(named.into_iter().map(|(name, frontends)| Cluster::of(Some(name), frontends)));
    clusters.sort_by_key(|cluster| (cluster.state, cluster.name));
    clusters
}

impl<'a> Cluster<'a> {
    fn of(name: Option<&'a ClusterName>, mut frontends: Vec<&'a FrontendReport>) -> Self {
        frontends.sort_by_key(|frontend| serving::order(frontend));
        let state = frontends.first().map_or(Serving::Unknown, |worst| Serving::of(worst));
        Self { name, state, since: None, frontends: frontends.into_iter().map(Frontend::of).collect() }
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
            has_targets: frontend.current.as_ref().is_some_and(|current| !current.is_empty()),
        }
    }
}

pub(super) fn summary(clusters: &[Cluster<'_>], report: &Report) -> Summary {
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
