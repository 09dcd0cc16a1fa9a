//! The clusters, and how their API servers are found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use eks_nlb_sync::error::{FrontendError, chain};
use eks_nlb_sync::model::{Family, Tags};
use futures_util::future::join_all;

use super::check::{Check, Found};
use crate::catalogue::CheckId;
use crate::names::{self, did_you_mean};
use crate::output::time;
use crate::reads::cluster::{self, Cluster};
use crate::reads::network::{self, Subnet};
use crate::reads::{Looked, NotLooked, each, known};
use crate::session::Connection;

/// A certificate authority that ends sooner is about to change: half a year, in
/// which every copy of a kubeconfig can be found and replaced.
const SOON: Duration = Duration::from_hours(24 * 182);

/// Clusters by name, as EKS describes them; `None` for a name that it does not know.
pub(super) type Described = BTreeMap<String, Looked<Option<Cluster>>>;

/// Reads the clusters of these names.
pub(super) async fn describe(account: &Connection<'_>, wanted: BTreeSet<String>) -> Described {
    let ask = account.query();
    let read = each(wanted.iter().map(String::as_str), async |name| cluster::describe(&ask, name).await);
    read.await.into_iter().map(|(name, read)| (name.to_owned(), read)).collect()
}

/// The clusters that other checks can read.
pub(super) fn ready(described: &Described) -> impl Iterator<Item = &Cluster> {
    let read = described.values().filter_map(|read| read.as_ref().ok()?.as_ref());
    read.filter(|it| it.is_ready() && matches!(it.status.as_str(), "ACTIVE" | "UPDATING"))
}

/// Checks the clusters in their `subnets`, and whether they have addresses of the
/// families that `families` says.
pub(super) async fn look(
    account: &Connection<'_>,
    described: &Described,
    subnets: &Looked<BTreeMap<String, Subnet>>,
    families: impl Fn(&str) -> Vec<Family>,
) -> Vec<Check> {
    let is_unknown = described.values().any(|read| matches!(read, Ok(None)));
    let known = if is_unknown { cluster::names(&account.query()).await } else { Ok(Vec::new()) };
    // Without permission to list clusters, no name is suggested.
    let known = known.unwrap_or_default();
    let exists = described.iter().map(|(name, read)| {
        let found = match read {
            Ok(None) => {
                let nearest = names::nearest(name, known.iter().map(String::as_str));
                let (region, meant) = (account.session.region(), did_you_mean(nearest.as_deref()));
                Ok(Some(format!("EKS knows no cluster of this name in {region}{meant}")))
            }
            Ok(Some(cluster)) => is_active(cluster),
            Err(not_looked) => Err(not_looked.clone()),
        };
        (name, found)
    });
    let ready: Vec<_> = ready(described).collect();
    let of_each = |id: CheckId, look: &dyn Fn(&Cluster) -> Found| {
        Check::of(id, ready.iter().map(|cluster| (&cluster.name, look(cluster))))
    };
    let first = ready.iter().filter_map(|cluster| cluster.authorities.as_ref().ok()?.iter().min()).min();
    let note = first.map(|first| format!("the first ends on {}", day(*first)));
    let consent = account.session.settings().cluster_tag.as_ref().map(|wanted| {
        let says = |tags: &Tags| (!wanted.matches(tags)).then(|| format!("it does not carry {wanted}"));
        of_each(CheckId::ClusterConsent, &|cluster| Ok(says(&cluster.tags)))
    });
    let has_issue = |issues: &[String]| (!issues.is_empty()).then(|| issues.join("; "));
    let is_public =
        |cluster: &Cluster| (!cluster.has_private_access).then(|| "its endpoint is public only".to_owned());
    let before = [
        Check::of(CheckId::Cluster, exists),
        of_each(CheckId::ClusterHealth, &|cluster| Ok(has_issue(&cluster.issues))),
    ];
    let after = [
        of_each(CheckId::PrivateEndpoint, &|cluster| Ok(is_public(cluster))),
        addresses(account, &ready, families).await,
        vpc_dns(account, &ready).await,
        of_each(CheckId::ClusterCa, &|cluster| about_to_change(cluster, SystemTime::now())).noting(note),
        of_each(CheckId::FreeAddresses, &|cluster| too_few_addresses(cluster, subnets)),
    ];
    // Addresses may still be those from before the upgrade.
    let updating = ready.iter().filter(|cluster| cluster.status == "UPDATING");
    let says = "its status is UPDATING: EKS still changes the control plane";
    let mut updating = updating.map(|cluster| (&cluster.name, Ok(Some(says.to_owned())))).peekable();
    let settled = updating.peek().is_some().then(|| Check::of(CheckId::Settled, updating));
    before.into_iter().chain(consent).chain(after).chain(settled).collect()
}

fn is_active(cluster: &Cluster) -> Found {
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

/// Whether the subnets have addresses for an upgrade. EKS may put a new API
/// server into any of the subnets.
///
/// Source: AWS re:Post, *How do I plan an upgrade strategy for an Amazon EKS
/// cluster?* (read November 2026): up to five free addresses.
fn too_few_addresses(cluster: &Cluster, subnets: &Looked<BTreeMap<String, Subnet>>) -> Found {
    const NEEDED: u32 = 5;
    let subnets = known(subnets)?;
    let free: Option<u32> = cluster.subnets.iter().map(|id| subnets.get(id)?.free).sum();
    let unknown = || NotLooked::because("EC2 does not say how many addresses its subnets have left");
    let free = free.ok_or_else(unknown)?;
    let says = || format!("its subnets have {free} free addresses, and an upgrade needs up to {NEEDED}");
    Ok((free < NEEDED).then(says))
}

/// Whether addresses are found as the function finds them.
async fn addresses(
    account: &Connection<'_>,
    clusters: &[&Cluster],
    families: impl Fn(&str) -> Vec<Family>,
) -> Check {
    let private = clusters.iter().filter(|cluster| cluster.has_private_access);
    let private = private.flat_map(|cluster| {
        let mut families = families(&cluster.name);
        families.sort_unstable();
        families.dedup();
        // Before there is a target group, addresses of the usual family are wanted.
        let usual = families.is_empty().then_some(Family::Ipv4);
        families.into_iter().chain(usual).map(|family| (*cluster, family))
    });
    let reconciler = account.reconciler();
    let found = private.map(async |(cluster, family)| {
        let endpoint = cluster.endpoint.as_ref()?;
        let desired = reconciler.sources.desired(&cluster.name.parse().ok()?, endpoint, family).await;
        let found = match desired.as_ref().map_err(AsRef::as_ref) {
            Ok(_) => Ok(None),
            Err(FrontendError::Call(error)) => Err(NotLooked::from(error.clone())),
            Err(error) => Ok(Some(chain(error))),
        };
        Some((&cluster.name, found))
    });
    Check::of(CheckId::Addresses, join_all(found).await.into_iter().flatten())
}

async fn vpc_dns(account: &Connection<'_>, clusters: &[&Cluster]) -> Check {
    let vpcs: BTreeSet<_> = clusters.iter().map(|cluster| cluster.vpc.as_str()).collect();
    let ask = account.query();
    let found = each(vpcs, async |vpc| -> Found {
        let lacking = network::lacking_dns(&ask, vpc).await?;
        let verb = if lacking.len() == 1 && !lacking.contains(&"DNS host names") { "is" } else { "are" };
        Ok((!lacking.is_empty()).then(|| format!("{} {verb} off", lacking.join(" and "))))
    });
    Check::of(CheckId::VpcDns, found.await)
}

fn about_to_change(cluster: &Cluster, now: SystemTime) -> Found {
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
