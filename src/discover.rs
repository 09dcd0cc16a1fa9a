//! Finds the managed load balancers and turns their target groups into
//! frontends; writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;

use crate::aws::elb::{Elb, TargetGroup};
use crate::error::{CallError, ReconcileError};
use crate::model::{ClusterName, Expected, Frontend, LoadBalancerArn, Tags};
use crate::report::{FrontendReport, Outcome, SkipReason};
use crate::settings::Settings;

/// A target group that carries it is left alone.
pub const EXCLUDING_TAG: (&str, &str) = ("eks-nlb-sync", "disabled");

/// What a run is about.
#[derive(Debug, Default)]
pub struct Discovered {
    /// How many managed load balancers the run is about.
    pub load_balancers: usize,
    /// What the next run is likely to be about.
    pub expected: Expected,
    /// What to reconcile.
    pub frontends: Vec<Frontend>,
    /// What is decided already: skipped, or failed.
    pub decided: Vec<FrontendReport>,
}

/// Lists the frontends that `settings` make managed; of these only those of
/// `clusters`, if given.
///
/// The tags of a target group are read once it is known that its load balancer
/// is managed, or at once where that is `expected`.
///
/// # Errors
///
/// The first call that fails: half a list is none.
pub async fn discover(
    elb: &Elb<'_>,
    settings: &Settings,
    clusters: Option<&BTreeSet<ClusterName>>,
    expected: &BTreeSet<LoadBalancerArn>,
) -> Result<Discovered, CallError> {
    let managed = managed_load_balancers(elb, settings);
    let listed = target_groups(elb, expected);
    let (managed, (target_groups, mut tags)) = try_join(managed, listed).await?;
    let groups = by_load_balancer(&target_groups);
    let of_managed = managed.keys().flat_map(|arn| groups.get(arn).into_iter().flatten());
    let untold = of_managed.map(|group| &group.arn.0).filter(|arn| !tags.contains_key(*arn));
    tags.extend(elb.tags(untold.cloned().collect()).await?);

    let mut selection = Selection { clusters, found: BTreeSet::new(), discovered: Discovered::default() };
    for (arn, own_tags) in &managed {
        let groups = groups.get(arn).map(Vec::as_slice).unwrap_or_default();
        let load_balancer = LoadBalancer { arn, tags: own_tags, settings };
        selection.add(load_balancer.frontends(groups, &tags));
    }
    let mut discovered = selection.finish();
    let needed = discovered.frontends.iter().map(|frontend| frontend.cluster.clone());
    discovered.expected =
        Expected { clusters: needed.collect(), load_balancers: managed.into_keys().collect() };
    Ok(discovered)
}

async fn managed_load_balancers(
    elb: &Elb<'_>,
    settings: &Settings,
) -> Result<BTreeMap<LoadBalancerArn, Tags>, CallError> {
    let listed = elb.network_load_balancers().await?;
    let tags = elb.tags(listed.into_iter().map(|arn| arn.0).collect()).await?;
    let managed = tags.into_iter().filter(|(_, tags)| settings.nlb_tag.matches(tags));
    Ok(managed.map(|(arn, tags)| (LoadBalancerArn(arn), tags)).collect())
}

/// Lists the target groups, with the tags of those of `expected` load balancers.
async fn target_groups(
    elb: &Elb<'_>,
    expected: &BTreeSet<LoadBalancerArn>,
) -> Result<(Vec<TargetGroup>, BTreeMap<String, Tags>), CallError> {
    let listed = elb.target_groups().await?;
    let likely = listed.iter().filter(|group| !group.load_balancers.is_disjoint(expected));
    let tags = elb.tags(likely.map(|group| group.arn.0.clone()).collect()).await?;
    Ok((listed, tags))
}

fn by_load_balancer(groups: &[TargetGroup]) -> BTreeMap<&LoadBalancerArn, Vec<&TargetGroup>> {
    let mut by_load_balancer: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for group in groups {
        for load_balancer in &group.load_balancers {
            by_load_balancer.entry(load_balancer).or_default().push(group);
        }
    }
    by_load_balancer
}

/// A target group of a managed load balancer.
enum Candidate {
    ToReconcile(Frontend),
    Decided(FrontendReport),
}

impl Candidate {
    fn cluster(&self) -> Option<&ClusterName> {
        match self {
            Self::ToReconcile(frontend) => Some(&frontend.cluster),
            Self::Decided(report) => report.cluster.as_ref(),
        }
    }
}

/// A managed load balancer.
struct LoadBalancer<'a> {
    arn: &'a LoadBalancerArn,
    tags: &'a Tags,
    settings: &'a Settings,
}

impl LoadBalancer<'_> {
    fn frontends(&self, groups: &[&TargetGroup], tags: &BTreeMap<String, Tags>) -> Vec<Candidate> {
        if groups.is_empty() {
            let cluster = self.cluster_name(&Tags::new()).ok();
            return vec![self.decided(None, cluster, (&ReconcileError::NoTargetGroup).into())];
        }
        // A target group without tags in the answer was deleted since it was listed.
        let groups: Vec<_> =
            groups.iter().filter_map(|group| Some((*group, tags.get(&group.arn.0)?))).collect();
        let one_is_tagged = groups.iter().any(|(_, tags)| self.settings.nlb_tag.first_matches(tags));
        groups.into_iter().map(|(group, tags)| self.candidate(group, tags, one_is_tagged)).collect()
    }

    fn candidate(&self, group: &TargetGroup, tags: &Tags, one_is_tagged: bool) -> Candidate {
        let cluster = self.cluster_name(tags);
        if let Some(reason) = self.skip_reason(group, tags, one_is_tagged) {
            return self.decided(Some(group), cluster.ok(), Outcome::Skipped { reason });
        }
        match cluster {
            Err(error) => self.decided(Some(group), None, (&error).into()),
            Ok(cluster) => Candidate::ToReconcile(Frontend {
                load_balancer: self.arn.clone(),
                target_group: group.arn.clone(),
                port: group.port,
                family: group.family,
                vpc: group.vpc.clone(),
                cluster,
            }),
        }
    }

    fn skip_reason(&self, group: &TargetGroup, tags: &Tags, one_is_tagged: bool) -> Option<SkipReason> {
        let (key, value) = EXCLUDING_TAG;
        if !group.has_ip_targets {
            Some(SkipReason::TargetTypeNotIp)
        } else if !group.is_tcp {
            Some(SkipReason::ProtocolNotTcp)
        } else if tags.get(key).is_some_and(|found| found == value) {
            Some(SkipReason::ExcludedByTag)
        } else if one_is_tagged && !self.settings.nlb_tag.first_matches(tags) {
            Some(SkipReason::NotTagged)
        } else {
            None
        }
    }

    /// The cluster that a target group fronts: its own tag decides, else that
    /// of the load balancer.
    fn cluster_name(&self, group_tags: &Tags) -> Result<ClusterName, ReconcileError> {
        let tag = &self.settings.cluster_name_tag;
        let named = [("target group", group_tags), ("load balancer", self.tags)];
        let mut named = named.into_iter().filter_map(|(resource, tags)| Some((resource, tags.get(tag)?)));
        let Some((resource, name)) = named.find(|(_, name)| !name.is_empty()) else {
            return Err(ReconcileError::MissingClusterName { tag: tag.clone() });
        };
        name.parse().map_err(|source| ReconcileError::InvalidClusterName {
            resource,
            tag: tag.clone(),
            source,
        })
    }

    fn decided(
        &self,
        group: Option<&TargetGroup>,
        cluster: Option<ClusterName>,
        outcome: Outcome,
    ) -> Candidate {
        Candidate::Decided(FrontendReport {
            load_balancer: Some(self.arn.clone()),
            target_group: group.map(|group| group.arn.clone()),
            cluster,
            ..FrontendReport::new(outcome)
        })
    }
}

/// Keeps what an event asks for.
struct Selection<'a> {
    clusters: Option<&'a BTreeSet<ClusterName>>,
    found: BTreeSet<ClusterName>,
    discovered: Discovered,
}

impl Selection<'_> {
    /// Adds the candidates of one load balancer.
    fn add(&mut self, candidates: Vec<Candidate>) {
        let mut is_asked_for = self.clusters.is_none();
        for candidate in candidates {
            let cluster = candidate.cluster();
            if self.clusters.is_some_and(|asked| !cluster.is_some_and(|name| asked.contains(name))) {
                continue;
            }
            is_asked_for = true;
            self.found.extend(cluster.cloned());
            match candidate {
                Candidate::ToReconcile(frontend) => self.discovered.frontends.push(frontend),
                Candidate::Decided(report) => self.discovered.decided.push(report),
            }
        }
        self.discovered.load_balancers += usize::from(is_asked_for);
    }

    /// Reports the clusters that were asked for and not found.
    fn finish(mut self) -> Discovered {
        let missing = self.clusters.into_iter().flatten().filter(|cluster| !self.found.contains(cluster));
        self.discovered.decided.extend(missing.map(|cluster| {
            let error = ReconcileError::ClusterNotSelected { cluster: cluster.clone() };
            FrontendReport { cluster: Some(cluster.clone()), ..FrontendReport::new((&error).into()) }
        }));
        self.discovered
    }
}
