//! The clusters, and how their API servers are found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use eks_nlb_sync::error::{FrontendError, chain};
use eks_nlb_sync::model::Family;
use futures_util::future::join_all;

use super::check::Check;
use super::desk::{Desk, Families};
use crate::catalogue::CheckId;
use crate::names;
use crate::names::did_you_mean;
use crate::output::time;
use crate::reads::cluster::{self, Cluster};
use crate::reads::network;
use crate::reads::{Looked, NotLooked};

/// A certificate authority that ends sooner is about to change: half a year, in
/// which every copy of a kubeconfig can be found and replaced.
const SOON: Duration = Duration::from_hours(24 * 182);

/// The clusters, as far as they could be read.
pub(super) struct Clusters {
    /// The clusters that other checks can read.
    pub(super) ready: Vec<Cluster>,
    pub(super) checks: Vec<Check>,
}

/// Checks the clusters of these names.
pub(super) async fn look(desk: &Desk<'_>, wanted: &BTreeSet<String>, families: &Families) -> Clusters {
    let described = wanted.iter().map(async |name| (name, cluster::describe(&desk.ask, name).await));
    let described = join_all(described).await;
    let is_gone = |(_, cluster): &(_, Looked<Option<Cluster>>)| matches!(cluster, Ok(None));
    let known = if described.iter().any(is_gone) { cluster::names(&desk.ask).await } else { Ok(Vec::new()) };
    // Without permission to list clusters, no name is suggested.
    let known = known.unwrap_or_default();
    let mut check = Check::new(CheckId::Cluster);
    for (name, cluster) in &described {
        let says = match cluster {
            Ok(None) => {
                let nearest = names::nearest(name, known.iter().map(String::as_str));
                let (region, meant) = (desk.session.region(), did_you_mean(nearest.as_deref()));
                Ok(Some(format!("EKS knows no cluster of this name in {region}{meant}")))
            }
            Ok(Some(cluster)) => is_active(cluster),
            Err(not_looked) => Err(not_looked.clone()),
        };
        check.sees(name, says);
    }
    let ready: Vec<_> = described.into_iter().filter_map(|(_, cluster)| cluster.ok().flatten()).collect();
    let ready: Vec<_> = ready.into_iter().filter(is_ready).collect();
    let private = Check::of(CheckId::PrivateEndpoint, &ready, name, |cluster| {
        Ok((!cluster.has_private_access).then(|| "its endpoint is public only".to_owned()))
    });
    let first = ready.iter().filter_map(|cluster| cluster.authorities.as_ref().ok()?.iter().min()).min();
    let note = first.map(|first| format!("the first ends on {}", day(*first)));
    let authorities =
        Check::of(CheckId::ClusterCa, &ready, name, |cluster| about_to_change(cluster, SystemTime::now()));
    let issues = Check::of(CheckId::ClusterHealth, &ready, name, |cluster| {
        Ok((!cluster.issues.is_empty()).then(|| cluster.issues.join("; ")))
    });
    let checks = vec![
        check,
        issues,
        consent(desk, &ready),
        private,
        addresses(desk, &ready, families).await,
        vpc_dns(desk, &ready).await,
        authorities.noting(note),
        free_addresses(desk, &ready).await,
    ];
    Clusters { ready, checks }
}

fn name(cluster: &Cluster) -> &str {
    &cluster.name
}

fn is_ready(cluster: &Cluster) -> bool {
    cluster.is_ready() && matches!(cluster.status.as_str(), "ACTIVE" | "UPDATING")
}

fn is_active(cluster: &Cluster) -> Looked<Option<String>> {
    if !cluster.is_in_region {
        return Ok(Some("it runs on an Outpost or outside AWS".to_owned()));
    }
    match cluster.status.as_str() {
        "ACTIVE" | "UPDATING" => Ok(None),
        "FAILED" => Ok(Some("EKS could not create it: its status is FAILED".to_owned())),
        // This state ends by itself, and until then there is nothing to check.
        other => Err(NotLooked::because(format!("its status is {other}"))),
    }
}

/// Whether the owners of the clusters consent, where `CLUSTER_TAG` requires it.
fn consent(desk: &Desk<'_>, clusters: &[Cluster]) -> Check {
    let Some(wanted) = &desk.session.settings().cluster_tag else {
        return Check::new(CheckId::ClusterConsent);
    };
    Check::of(CheckId::ClusterConsent, clusters, name, |cluster| {
        Ok((!wanted.matches(&cluster.tags)).then(|| format!("it does not carry {wanted}")))
    })
}

/// Whether the subnets have addresses for an upgrade. EKS may put a new API
/// server into any of the subnets.
///
/// Source: AWS re:Post, *How do I plan an upgrade strategy for an Amazon EKS
/// cluster?* (read November 2026): up to five free addresses.
async fn free_addresses(desk: &Desk<'_>, clusters: &[Cluster]) -> Check {
    const NEEDED: u32 = 5;
    let ids = clusters.iter().flat_map(|cluster| &cluster.subnets).cloned().collect();
    let subnets = network::subnets(&desk.ask, &ids).await;
    Check::of(CheckId::FreeAddresses, clusters, name, |cluster| {
        let subnets = subnets.as_ref().map_err(Clone::clone)?;
        let free: Option<u32> = cluster.subnets.iter().map(|id| subnets.get(id)?.free).sum();
        let unknown = || NotLooked::because("EC2 does not say how many addresses its subnets have left");
        let free = free.ok_or_else(unknown)?;
        let says = || format!("its subnets have {free} free addresses, and an upgrade needs up to {NEEDED}");
        Ok((free < NEEDED).then(says))
    })
}

/// Whether addresses are found as the function finds them.
async fn addresses(desk: &Desk<'_>, clusters: &[Cluster], families: &Families) -> Check {
    let mut check = Check::new(CheckId::Addresses);
    let private = clusters.iter().filter(|cluster| cluster.has_private_access);
    // Before there is a target group, addresses of the usual family are wanted.
    let usual = vec![Family::Ipv4];
    let of_cluster = |cluster: &Cluster| families.get(&cluster.name).unwrap_or(&usual).iter().copied();
    let private = private.flat_map(|cluster| of_cluster(cluster).map(move |family| (cluster, family)));
    let private: BTreeMap<_, _> =
        private.map(|(cluster, family)| ((&cluster.name, family), cluster)).collect();
    let reconciler = desk.session.service.reconciler(desk.clients, &desk.session.request, desk.limits);
    let sources = &reconciler.sources;
    let found = private.iter().map(async |((_, family), cluster)| {
        let endpoint = cluster.endpoint.as_ref()?;
        let name = cluster.name.parse().ok()?;
        let desired = sources.desired(&name, endpoint, *family).await;
        let looked = match desired.as_ref().map_err(AsRef::as_ref) {
            Ok(_) => Ok(None),
            Err(FrontendError::Call(error)) => Err(NotLooked::from(error.clone())),
            Err(error) => Ok(Some(chain(error))),
        };
        Some((&cluster.name, looked))
    });
    for (name, looked) in join_all(found).await.into_iter().flatten() {
        check.sees(name, looked);
    }
    check
}

async fn vpc_dns(desk: &Desk<'_>, clusters: &[Cluster]) -> Check {
    let vpcs: BTreeSet<_> = clusters.iter().map(|cluster| cluster.vpc.as_str()).collect();
    let looked = vpcs.into_iter().map(async |vpc| (vpc, network::lacking_dns(&desk.ask, vpc).await));
    let mut check = Check::new(CheckId::VpcDns);
    for (vpc, lacking) in join_all(looked).await {
        let says = lacking.map(|lacking| {
            let verb = if lacking.len() == 1 && !lacking.contains(&"DNS host names") { "is" } else { "are" };
            (!lacking.is_empty()).then(|| format!("{} {verb} off", lacking.join(" and ")))
        });
        check.sees(vpc, says);
    }
    check
}

fn about_to_change(cluster: &Cluster, now: SystemTime) -> Looked<Option<String>> {
    let ends = cluster.authorities.as_ref().map_err(Clone::clone)?;
    let Some(first) = ends.iter().min() else { return Ok(None) };
    let left = first.duration_since(now).unwrap_or_default();
    let says = if left.is_zero() {
        format!("it ended on {}", day(*first))
    } else if ends.len() > 1 {
        format!("it has {} of them: EKS is replacing the one that ends on {}", ends.len(), day(*first))
    } else if left < SOON {
        format!("it ends on {}, in {} days", day(*first), left.as_secs() / (24 * 60 * 60))
    } else {
        return Ok(None);
    };
    Ok(Some(says))
}

/// As in 2036-01-01.
fn day(at: SystemTime) -> String {
    time(at).split('T').next().unwrap_or_default().to_owned()
}
