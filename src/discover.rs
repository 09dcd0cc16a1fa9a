//! Finds the managed load balancers and turns their target groups into
//! frontends; writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;

use crate::aws::elb::{Elb, TargetGroup};
use crate::error::{AwsError, ReconcileError};
use crate::model::{ClusterName, Frontend, LoadBalancerArn, Tags};
use crate::report::{Entry, Outcome, SkipReason};
use crate::settings::Settings;

/// A target group that carries it is left alone.
pub const EXCLUDING_TAG: (&str, &str) = ("eks-nlb-sync", "disabled");

/// What a run is about.
#[derive(Debug)]
pub struct Fleet {
    /// How many load balancers are managed, and asked for.
    pub load_balancers: usize,
    /// What to reconcile.
    pub frontends: Vec<Frontend>,
    /// What is decided already: skipped, or failed.
    pub settled: Vec<Entry>,
}

/// Lists what `settings` select; of that only `clusters`, if given.
///
/// # Errors
///
/// The first call that fails: half a list is none.
pub async fn fleet(
    elb: &Elb<'_>,
    settings: &Settings,
    clusters: Option<&BTreeSet<ClusterName>>,
) -> Result<Fleet, AwsError> {
    let managed = managed_load_balancers(elb, settings);
    let (managed, target_groups) = try_join(managed, elb.target_groups()).await?;

    let mut fleet = Fleet { load_balancers: 0, frontends: Vec::new(), settled: Vec::new() };
    let mut by_load_balancer: BTreeMap<&LoadBalancerArn, Vec<&TargetGroup>> = BTreeMap::new();
    for group in &target_groups {
        for load_balancer in &group.load_balancers {
            by_load_balancer.entry(load_balancer).or_default().push(group);
        }
    }
    let mut candidates = Vec::new();
    let mut carried = BTreeSet::new();
    for (load_balancer, tags) in &managed {
        let cluster = cluster_name(tags, &settings.cluster_name_tag);
        if clusters.is_some_and(|clusters| !cluster.as_ref().is_ok_and(|name| clusters.contains(name))) {
            continue;
        }
        fleet.load_balancers += 1;
        let groups = by_load_balancer.get(load_balancer).map(Vec::as_slice).unwrap_or_default();
        match cluster {
            Err(error) => fleet.settled.push(failed(load_balancer, None, &error)),
            Ok(cluster) if groups.is_empty() => {
                fleet.settled.push(failed(load_balancer, Some(&cluster), &ReconcileError::NoTargetGroup));
                carried.insert(cluster);
            }
            Ok(cluster) => {
                for group in groups {
                    let frontend = frontend(load_balancer, group, &cluster);
                    match skip_reason(group) {
                        Some(reason) => fleet.settled.push(skipped(&frontend, reason)),
                        None => candidates.push(frontend),
                    }
                }
                carried.insert(cluster);
            }
        }
    }
    let unknown = clusters.into_iter().flatten().filter(|cluster| !carried.contains(cluster));
    fleet.settled.extend(unknown.map(|cluster| {
        let error = ReconcileError::ClusterNotSelected { cluster: cluster.clone() };
        Entry { cluster: Some(cluster.clone()), ..Entry::new((&error).into()) }
    }));

    let arns = candidates.iter().map(|frontend| frontend.target_group.0.clone()).collect();
    let tags = elb.tags(arns).await?;
    for frontend in candidates {
        match tags.get(&frontend.target_group.0) {
            // Deleted since it was listed.
            None => {}
            Some(tags) if is_excluded(tags) => {
                fleet.settled.push(skipped(&frontend, SkipReason::ExcludedByTag));
            }
            Some(_) => fleet.frontends.push(frontend),
        }
    }
    Ok(fleet)
}

async fn managed_load_balancers(
    elb: &Elb<'_>,
    settings: &Settings,
) -> Result<BTreeMap<LoadBalancerArn, Tags>, AwsError> {
    let listed = elb.network_load_balancers().await?;
    let tags = elb.tags(listed.into_iter().map(|arn| arn.0).collect()).await?;
    let managed = tags.into_iter().filter(|(_, tags)| settings.nlb_tag.matches(tags));
    Ok(managed.map(|(arn, tags)| (LoadBalancerArn(arn), tags)).collect())
}

fn cluster_name(tags: &Tags, key: &str) -> Result<ClusterName, ReconcileError> {
    match tags.get(key).map(String::as_str) {
        None | Some("") => Err(ReconcileError::MissingClusterName { tag: key.to_owned() }),
        Some(name) => {
            name.parse().map_err(|source| ReconcileError::InvalidClusterName { tag: key.to_owned(), source })
        }
    }
}

fn frontend(load_balancer: &LoadBalancerArn, group: &TargetGroup, cluster: &ClusterName) -> Frontend {
    Frontend {
        load_balancer: load_balancer.clone(),
        target_group: group.arn.clone(),
        port: group.port,
        family: group.family,
        vpc: group.vpc.clone(),
        cluster: cluster.clone(),
    }
}

fn skip_reason(group: &TargetGroup) -> Option<SkipReason> {
    if !group.has_ip_targets {
        Some(SkipReason::TargetTypeNotIp)
    } else if !group.is_tcp {
        Some(SkipReason::ProtocolNotTcp)
    } else {
        None
    }
}

fn is_excluded(tags: &Tags) -> bool {
    let (key, value) = EXCLUDING_TAG;
    tags.get(key).is_some_and(|found| found == value)
}

fn skipped(frontend: &Frontend, reason: SkipReason) -> Entry {
    Entry::of(frontend, Outcome::Skipped { reason })
}

fn failed(load_balancer: &LoadBalancerArn, cluster: Option<&ClusterName>, error: &ReconcileError) -> Entry {
    Entry {
        load_balancer: Some(load_balancer.clone()),
        cluster: cluster.cloned(),
        ..Entry::new(error.into())
    }
}
