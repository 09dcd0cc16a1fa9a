//! Selects frontends by tags, type, protocol and scheme; does no I/O.

use std::collections::BTreeSet;

use super::Listed;
use crate::aws::elb::TargetGroup;
use crate::error::FrontendError;
use crate::model::{ClusterName, Frontend, Tags, TargetGroupArn};
use crate::publish::report::{FrontendReport, Outcome};
use crate::reasons::SkipReason;
use crate::request::Request;
use crate::settings::Settings;

/// A target group that carries it is left alone.
pub const EXCLUDING_TAG: (&str, &str) = ("eks-nlb-sync", "disabled");

/// Whether the resource with these tags is left alone.
#[must_use]
pub fn is_excluded(tags: &Tags) -> bool {
    let (key, value) = EXCLUDING_TAG;
    tags.get(key).is_some_and(|found| found == value)
}

/// The AWS Load Balancer Controller puts it on its target groups.
///
/// Source: AWS Load Balancer Controller, *Specification*, resource tags
/// (November 2026).
const CONTROLLER_TAG: &str = "elbv2.k8s.aws/cluster";

/// ELB's `Scheme` of a load balancer that has no public address.
const INTERNAL: &str = "internal";

/// The frontends of a run.
#[derive(Debug, Default)]
pub struct Discovery {
    /// How many managed load balancers the run includes.
    pub load_balancers: usize,
    /// What to reconcile.
    pub frontends: Vec<Frontend>,
    /// Frontends that are skipped or have failed already.
    pub rejected: Vec<Rejected>,
    /// Target groups of load balancers that were managed and lost their tag.
    pub untagged: Vec<Rejected>,
}

/// A frontend that is not reconciled.
#[derive(Debug)]
pub struct Rejected {
    /// Its report, with the reason.
    pub report: FrontendReport,
    /// The target group whose health is read nevertheless.
    pub read: Option<TargetGroupArn>,
}

/// Selects the frontends of `listed` that `request` asks for.
#[must_use]
pub fn select(listed: &[Listed], settings: &Settings, request: &Request) -> Discovery {
    let clusters = request.clusters.as_ref();
    let mut found = BTreeSet::new();
    let mut discovery = Discovery::default();
    for listed in listed {
        let mut is_asked_for = clusters.is_none();
        for candidate in candidates(listed, settings) {
            let cluster = candidate.cluster();
            if clusters.is_some_and(|asked| !cluster.is_some_and(|name| asked.contains(name))) {
                continue;
            }
            is_asked_for = true;
            found.extend(cluster.cloned());
            match candidate {
                Candidate::ToReconcile(frontend) => discovery.frontends.push(frontend),
                Candidate::Rejected(rejected) => discovery.rejected.push(*rejected),
            }
        }
        discovery.load_balancers += usize::from(is_asked_for);
    }
    let missing = clusters.into_iter().flatten().filter(|cluster| !found.contains(cluster));
    discovery.rejected.extend(missing.map(|cluster| {
        let error = FrontendError::ClusterNotSelected { cluster: cluster.clone() };
        let report =
            FrontendReport { cluster: Some(cluster.clone()), ..FrontendReport::new((&error).into()) };
        Rejected { report, read: None }
    }));
    // Every managed load balancer counts, whether the event asks for it or not.
    let found = listed.len();
    if let Some(minimum) = request.min_load_balancers.filter(|minimum| found < *minimum) {
        let error = FrontendError::TooFewLoadBalancers { found, minimum };
        discovery.rejected.push(Rejected { report: FrontendReport::new((&error).into()), read: None });
    }
    discovery
}

/// A target group of a managed load balancer, or the load balancer without one.
enum Candidate {
    ToReconcile(Frontend),
    Rejected(Box<Rejected>),
}

impl Candidate {
    fn cluster(&self) -> Option<&ClusterName> {
        match self {
            Self::ToReconcile(frontend) => Some(&frontend.cluster),
            Self::Rejected(rejected) => rejected.report.cluster.as_ref(),
        }
    }
}

fn candidates(listed: &Listed, settings: &Settings) -> Vec<Candidate> {
    if !listed.has_target_group {
        let cluster = cluster_name(&Tags::new(), &listed.tags, &settings.cluster_name_tag).ok();
        let outcome = (&FrontendError::NoTargetGroup).into();
        let report = FrontendReport {
            load_balancer: Some(listed.load_balancer.arn.clone()),
            cluster,
            ..FrontendReport::new(outcome)
        };
        return vec![Candidate::Rejected(Box::new(Rejected { report, read: None }))];
    }
    let groups = || {
        listed.target_groups.iter().map(|(group, tags)| Group { described: group, tags, listed, settings })
    };
    let one_is_tagged = groups().any(|group| group.is_tagged() && group.refusal().is_none());
    groups().map(|group| group.candidate(one_is_tagged)).collect()
}

/// A target group of a load balancer.
pub(super) struct Group<'a> {
    pub(super) described: &'a TargetGroup,
    pub(super) tags: &'a Tags,
    pub(super) listed: &'a Listed,
    pub(super) settings: &'a Settings,
}

impl Group<'_> {
    fn candidate(&self, one_is_tagged: bool) -> Candidate {
        let cluster = self.cluster();
        let rejected = |cluster, outcome| Candidate::Rejected(Box::new(self.rejected(cluster, outcome)));
        let not_tagged = (one_is_tagged && !self.is_tagged()).then_some(SkipReason::NotTagged);
        if let Some(reason) = self.refusal().or(not_tagged) {
            return rejected(cluster.ok(), Outcome::Skipped { reason });
        }
        let scheme = &self.listed.load_balancer.scheme;
        match cluster {
            Err(error) => rejected(None, (&error).into()),
            Ok(cluster) if scheme != INTERNAL && !self.settings.allow_internet_facing => {
                let error = FrontendError::InternetFacing { scheme: scheme.clone() };
                rejected(Some(cluster), (&error).into())
            }
            Ok(cluster) => Candidate::ToReconcile(Frontend {
                load_balancer: self.listed.load_balancer.arn.clone(),
                target_group: self.described.arn.clone(),
                port: self.described.port,
                family: self.described.family,
                vpc: self.described.vpc.clone(),
                cluster,
            }),
        }
    }

    pub(super) fn cluster(&self) -> Result<ClusterName, FrontendError> {
        cluster_name(self.tags, &self.listed.tags, &self.settings.cluster_name_tag)
    }

    /// Why the group could not be served, whatever the other groups of its load
    /// balancer are.
    pub(super) fn refusal(&self) -> Option<SkipReason> {
        if !self.described.has_ip_targets {
            Some(SkipReason::TargetTypeNotIp)
        } else if !self.described.is_tcp {
            Some(SkipReason::ProtocolNotTcp)
        } else if is_excluded(self.tags) {
            Some(SkipReason::ExcludedByTag)
        } else if self.tags.contains_key(CONTROLLER_TAG) {
            Some(SkipReason::OwnedByController)
        } else {
            None
        }
    }

    pub(super) fn is_tagged(&self) -> bool {
        self.settings.nlb_tag.first_matches(self.tags)
    }

    pub(super) fn rejected(&self, cluster: Option<ClusterName>, outcome: Outcome) -> Rejected {
        let is_readable =
            self.described.has_ip_targets && self.described.is_tcp && !self.tags.contains_key(CONTROLLER_TAG);
        let report = FrontendReport {
            load_balancer: Some(self.listed.load_balancer.arn.clone()),
            target_group: Some(self.described.arn.clone()),
            cluster,
            ..FrontendReport::new(outcome)
        };
        let read = is_readable.then(|| self.described.arn.clone());
        Rejected { report, read }
    }
}

/// The cluster that a target group fronts: its own tag decides, else that of
/// the load balancer.
fn cluster_name(group: &Tags, load_balancer: &Tags, tag: &str) -> Result<ClusterName, FrontendError> {
    let named = [("target group", group), ("load balancer", load_balancer)];
    let mut named = named.into_iter().filter_map(|(resource, tags)| Some((resource, tags.get(tag)?)));
    let Some((resource, name)) = named.find(|(_, name)| !name.is_empty()) else {
        return Err(FrontendError::MissingClusterName { tag: tag.to_owned() });
    };
    name.parse().map_err(|source| FrontendError::InvalidClusterName { resource, tag: tag.to_owned(), source })
}

#[cfg(test)]
pub(super) mod tests;
