//! The load balancers: their zones, listeners and way to the control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eks_nlb_sync::model::LoadBalancerArn;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::{FailureCode, SkipReason};
use futures_util::future::join_all;

use super::check::Check;
use super::desk::{Balancer, Desk, name_of};
use super::security;
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::cluster::Cluster;
use crate::reads::elb::{self, Listener, LoadBalancer};
use crate::reads::metrics::{self, Metric};
use crate::reads::network::{self, EndpointService};
use crate::reads::{Looked, NotLooked};

/// The load balancers, as far as they could be read.
pub(super) struct Balancers {
    /// By ARN.
    pub(super) described: Looked<BTreeMap<String, LoadBalancer>>,
    pub(super) attributes: BTreeMap<LoadBalancerArn, Looked<elb::Attributes>>,
    pub(super) listeners: BTreeMap<LoadBalancerArn, Looked<Vec<Listener>>>,
    pub(super) checks: Vec<Check>,
}

/// Checks the load balancers of `frontends`.
pub(super) async fn look(
    desk: &Desk<'_>,
    report: &Report,
    frontends: &[&FrontendReport],
    clusters: &[Cluster],
    services: &Looked<Vec<EndpointService>>,
) -> Balancers {
    let arns: BTreeSet<_> = frontends.iter().filter_map(|frontend| frontend.load_balancer.as_ref()).collect();
    let described = elb::load_balancers(&desk.ask, &[]).await.map_err(NotLooked::from);
    let balancers: Vec<_> = arns.iter().map(|arn| balancer(arn, &described, frontends, clusters)).collect();
    let attributes = arns.iter().map(async |arn| {
        let attributes = elb::attributes_of_load_balancer(&desk.ask, &arn.0).await;
        ((*arn).clone(), attributes.map_err(NotLooked::from))
    });
    let attributes = join_all(attributes).await.into_iter().collect();
    let listeners = arns.iter().map(async |arn| {
        let listeners = elb::listeners(&desk.ask, &arn.0).await;
        ((*arn).clone(), listeners.map_err(NotLooked::from))
    });
    let listeners = join_all(listeners).await.into_iter().collect();
    let subnets = subnets(desk, &balancers, clusters).await;
    let allows_public = desk.session.settings().allow_internet_facing;
    let internal = Check::of(CheckId::Internal, &balancers, name, |balancer| {
        let scheme = &balancer.described.as_ref().map_err(Clone::clone)?.scheme;
        Ok((scheme != "internal" && !allows_public).then(|| format!("it is {scheme}")))
    });
    let zones = Check::of(CheckId::Zones, &balancers, name, |balancer| missing_zones(balancer, &subnets));
    let [reach, admitted] = security::look(desk, &balancers, &subnets, &listeners, services).await;
    let (managed, cluster_tag) = (managed(desk, report), cluster_tag(frontends));
    let ports = port_allocation(desk, &arns).await;
    let checks = vec![managed, cluster_tag, internal, controllers(report), zones, reach, admitted, ports];
    Balancers { described, attributes, listeners, checks }
}

/// The target groups whose targets another controller keeps.
fn controllers(report: &Report) -> Check {
    let mut check = Check::new(CheckId::Controller);
    for frontend in &report.frontends {
        let is_owned = frontend.outcome == Outcome::Skipped { reason: SkipReason::OwnedByController };
        if frontend.target_group.is_some() {
            let says = || "it carries elbv2.k8s.aws/cluster, so the function leaves it alone".to_owned();
            check.sees(&name_of(frontend), Ok(is_owned.then(says)));
        }
    }
    check
}

/// Whether connections failed because a load balancer had no source port left.
///
/// Source: ELB User Guide for Network Load Balancers, *CloudWatch metrics*,
/// `PortAllocationErrorCount` (read November 2026).
async fn port_allocation(desk: &Desk<'_>, arns: &BTreeSet<&LoadBalancerArn>) -> Check {
    const BACK: Duration = Duration::from_hours(1);
    let errors = arns.iter().map(async |arn| {
        let dimension = arn.0.split_once("loadbalancer/").map_or(arn.0.as_str(), |(_, name)| name);
        let metric = Metric {
            namespace: "AWS/NetworkELB",
            name: "PortAllocationErrorCount",
            dimension: ("LoadBalancer", dimension),
            statistic: "Sum",
        };
        (*arn, metrics::points(&desk.ask, metric, BACK).await)
    });
    let mut check = Check::new(CheckId::PortAllocation);
    for (arn, points) in join_all(errors).await {
        let errors = points.map(|points| points.iter().map(|point| point.value).sum::<f64>());
        let says =
            errors.map(|errors| (errors > 0.0).then(|| format!("{errors} connections found no source port")));
        check.sees(names::load_balancer(arn), says);
    }
    check
}

fn name<'a>(balancer: &'a Balancer<'_>) -> &'a str {
    names::load_balancer(balancer.arn)
}

fn balancer<'a>(
    arn: &'a LoadBalancerArn,
    described: &Looked<BTreeMap<String, LoadBalancer>>,
    frontends: &[&FrontendReport],
    clusters: &'a [Cluster],
) -> Balancer<'a> {
    let own = frontends.iter().filter(|frontend| frontend.load_balancer.as_ref() == Some(arn));
    let named: BTreeSet<_> = own.filter_map(|frontend| frontend.cluster.as_ref()).collect();
    let is_named = |cluster: &&Cluster| named.iter().any(|name| name.as_str() == cluster.name);
    let found = described.as_ref().map_err(Clone::clone).and_then(|all| {
        let gone = || NotLooked::because("it has been deleted meanwhile");
        all.get(&arn.0).cloned().ok_or_else(gone)
    });
    Balancer { arn, described: found, clusters: clusters.iter().filter(is_named).collect() }
}

/// The subnets of load balancers and control planes.
async fn subnets(
    desk: &Desk<'_>,
    balancers: &[Balancer<'_>],
    clusters: &[Cluster],
) -> Looked<BTreeMap<String, network::Subnet>> {
    let of_balancers = balancers.iter().filter_map(|balancer| balancer.described.as_ref().ok());
    let of_balancers = of_balancers.flat_map(|described| &described.subnets);
    let of_clusters = clusters.iter().flat_map(|cluster| &cluster.subnets);
    network::subnets(&desk.ask, &of_balancers.chain(of_clusters).cloned().collect()).await
}

/// Whether load balancers are managed, and one for each cluster that
/// `--cluster` names.
fn managed(desk: &Desk<'_>, report: &Report) -> Check {
    let mut check = Check::new(CheckId::Managed);
    if report.summary.load_balancers == 0 && desk.session.request.clusters.is_none() {
        let says = format!("no load balancer carries {}", desk.session.settings().nlb_tag);
        check.sees(desk.session.region(), Ok(Some(says)));
    }
    for frontend in &report.frontends {
        let cluster = frontend.cluster.as_ref().map(ToString::to_string).unwrap_or_default();
        match &frontend.load_balancer {
            None => check.sees(&cluster, Ok(Some("no managed load balancer carries its name".to_owned()))),
            Some(arn) => check.sees(names::load_balancer(arn), Ok(None)),
        }
    }
    // Several frontends may share a load balancer.
    check.looked = check.looked.min(report.summary.load_balancers.max(1));
    check
}

fn cluster_tag(frontends: &[&FrontendReport]) -> Check {
    let mut check = Check::new(CheckId::ClusterTag);
    for frontend in frontends.iter().filter(|frontend| frontend.load_balancer.is_some()) {
        let says = match &frontend.outcome {
            Outcome::Failed { error }
                if matches!(
                    error.code,
                    FailureCode::MissingClusterName | FailureCode::InvalidClusterName
                ) =>
            {
                Some(error.message.clone())
            }
            Outcome::Converged
            | Outcome::Waiting
            | Outcome::Changed
            | Outcome::Planned
            | Outcome::Skipped { .. }
            | Outcome::Failed { .. } => None,
        };
        check.sees(&name_of(frontend), Ok(says));
    }
    check
}

/// The zones of the control plane that the load balancer is not in. Only
/// targets in its own VPC have a zone.
fn missing_zones(
    balancer: &Balancer<'_>,
    subnets: &Looked<BTreeMap<String, network::Subnet>>,
) -> Looked<Option<String>> {
    let described = balancer.described.as_ref().map_err(Clone::clone)?;
    let subnets = subnets.as_ref().map_err(Clone::clone)?;
    let own = balancer.clusters.iter().filter(|cluster| cluster.vpc == described.vpc);
    let zones = own.flat_map(|cluster| &cluster.subnets).filter_map(|id| Some(&subnets.get(id)?.zone));
    let missing: BTreeSet<_> = zones.filter(|zone| !described.zones.contains(*zone)).cloned().collect();
    let missing: Vec<_> = missing.into_iter().collect();
    Ok((!missing.is_empty()).then(|| format!("the control plane is in {}, too", missing.join(" and "))))
}
