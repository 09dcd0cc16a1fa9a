//! The clusters, and how their API servers are found.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_sync::error::{FrontendError, chain};
use eks_nlb_sync::model::Family;
use futures_util::future::join_all;

use super::Desk;
use super::check::Check;
use crate::names;
use crate::problem::did_you_mean;
use crate::reads::cluster::{self, Cluster};
use crate::reads::network;
use crate::reads::{Looked, NotLooked};

/// A certificate authority that ends sooner is about to change: half a year, in
/// which every copy of a kubeconfig can be found and replaced.
const SOON: Duration = Duration::from_hours(24 * 182);

/// What is known of the clusters.
pub(super) struct Clusters {
    /// Those that other checks can look at.
    pub(super) ready: Vec<Cluster>,
    pub(super) checks: Vec<Check>,
}

/// Looks at the clusters of these names.
pub(super) async fn look(desk: &Desk<'_>, wanted: &BTreeSet<String>) -> Clusters {
    let described = wanted.iter().map(async |name| (name, cluster::describe(&desk.ask, name).await));
    let described = join_all(described).await;
    let is_gone = |(_, cluster): &(_, Looked<Option<Cluster>>)| matches!(cluster, Ok(None));
    let known = if described.iter().any(is_gone) { cluster::names(&desk.ask).await } else { Ok(Vec::new()) };
    // Whoever may not list clusters gets no suggestion.
    let known = known.unwrap_or_default();
    let mut check = Check::new("cluster");
    for (name, cluster) in &described {
        let says = match cluster {
            Ok(None) => {
                let nearest = names::nearest(name, known.iter().map(String::as_str));
                let (region, meant) = (desk.session.region(), did_you_mean(nearest.as_deref()));
                Ok(Some(format!("there is no such cluster in {region}{meant}")))
            }
            Ok(Some(cluster)) => is_active(cluster),
            Err(not_looked) => Err(not_looked.clone()),
        };
        check.sees(name, says);
    }
    let ready: Vec<_> = described.into_iter().filter_map(|(_, cluster)| cluster.ok().flatten()).collect();
    let ready: Vec<_> = ready.into_iter().filter(is_ready).collect();
    let private = Check::of("private-endpoint", &ready, name, |cluster| {
        Ok((!cluster.has_private_access).then(|| "its endpoint is public only".to_owned()))
    });
    let first = ready.iter().filter_map(|cluster| cluster.authorities.as_ref().ok()?.iter().min()).min();
    let note = first.map(|first| format!("the first ends on {}", day(*first)));
    let authorities =
        Check::of("cluster-ca", &ready, name, |cluster| about_to_change(cluster, SystemTime::now()));
    let checks = vec![
        check,
        private,
        addresses(desk, &ready).await,
        vpc_dns(desk, &ready).await,
        authorities.noting(note),
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
        // It passes, and there is nothing to look at meanwhile.
        other => Err(NotLooked::because(format!("its status is {other}"))),
    }
}

/// Whether addresses are found as the function finds them.
async fn addresses(desk: &Desk<'_>, clusters: &[Cluster]) -> Check {
    let mut check = Check::new("addresses");
    let private: Vec<_> = clusters.iter().filter(|cluster| cluster.has_private_access).collect();
    let reconciler = desk.session.service.reconciler(desk.clients, &desk.session.request, desk.limits);
    let sources = &reconciler.sources;
    let found = private.iter().map(async |cluster| {
        let endpoint = cluster.endpoint.as_ref()?;
        let name = cluster.name.parse().ok()?;
        let desired = sources.desired(&name, endpoint, Family::Ipv4).await;
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
    let mut check = Check::new("vpc-dns");
    for (vpc, lacking) in join_all(looked).await {
        let says = lacking
            .map(|lacking| (!lacking.is_empty()).then(|| format!("it lacks {}", lacking.join(" and "))));
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
        format!("it has {} of them: EKS is replacing that which ends on {}", ends.len(), day(*first))
    } else if left < SOON {
        format!("it ends on {}, in {} days", day(*first), left.as_secs() / (24 * 60 * 60))
    } else {
        return Ok(None);
    };
    Ok(Some(says))
}

/// As in 2036-01-01.
fn day(at: SystemTime) -> String {
    let text = DateTime::from(at).fmt(Format::DateTime).unwrap_or_default();
    text.split('T').next().unwrap_or_default().to_owned()
}
