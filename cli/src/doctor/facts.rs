//! Reads what several checks of the frontends look at.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::discover::is_excluded;
use eks_nlb_sync::model::{ClusterName, Family, LoadBalancerArn, Tags, TargetGroupArn};
use eks_nlb_sync::publish::report::{FrontendReport, Report};

use super::check::{Check, Found};
use super::clusters::{self, Described};
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::cluster::Cluster;
use crate::reads::elb::{self, Attributes, Listener, LoadBalancer, TargetGroup};
use crate::reads::network::{self, EndpointService, Subnet};
use crate::reads::{Looked, NotLooked, each, known};
use crate::session::Connection;

/// The frontends of a run with what is around them, as far as it could be read.
pub(super) struct Facts<'a> {
    pub(super) account: &'a Connection<'a>,
    pub(super) report: &'a Report,
    /// The frontends that a run is to serve.
    pub(super) frontends: Vec<&'a FrontendReport>,
    /// The tags of target groups, by ARN.
    pub(super) tags: Looked<BTreeMap<String, Tags>>,
    /// By ARN.
    target_groups: Looked<BTreeMap<String, TargetGroup>>,
    pub(super) clusters: Described,
    pub(super) services: Looked<Vec<EndpointService>>,
    pub(super) balancers: BTreeMap<&'a LoadBalancerArn, Balancer<'a>>,
    /// The subnets of load balancers and control planes, by ID.
    pub(super) subnets: Looked<BTreeMap<String, Subnet>>,
}

pub(super) struct Balancer<'a> {
    pub(super) arn: &'a LoadBalancerArn,
    pub(super) described: Looked<LoadBalancer>,
    pub(super) attributes: Looked<Attributes>,
    pub(super) listeners: Looked<Vec<Listener>>,
    /// The clusters behind it; one is absent where a frontend names none.
    pub(super) clusters: BTreeSet<Option<&'a ClusterName>>,
}

impl<'a> Facts<'a> {
    pub(super) async fn read(account: &'a Connection<'a>, report: &'a Report) -> Self {
        let ask = account.query();
        let groups = report.frontends.iter().filter_map(|frontend| frontend.target_group.as_ref());
        let tags = account.elb().tags(groups.map(|arn| arn.0.clone()).collect()).await;
        let frontends = served(account, report, tags.as_ref().unwrap_or(&BTreeMap::new()));
        let target_groups = elb::target_groups(&ask).await.map_err(NotLooked::from);
        let named: BTreeSet<_> = frontends.iter().filter_map(|frontend| frontend.cluster.as_ref()).collect();
        let named = named.into_iter().map(ToString::to_string).collect();
        let clusters = clusters::describe(account, named).await;
        let services = network::endpoint_services(&ask).await;
        let balancers = balancers(account, &frontends).await;
        let of_balancers = balancers.values().filter_map(|balancer| balancer.described.as_ref().ok());
        let of_balancers = of_balancers.flat_map(|described| &described.subnets);
        let of_clusters = clusters::ready(&clusters).flat_map(|cluster| &cluster.subnets);
        let subnets = network::subnets(&ask, &of_balancers.chain(of_clusters).cloned().collect()).await;
        let tags = tags.map_err(NotLooked::from);
        Self { account, report, frontends, tags, target_groups, clusters, services, balancers, subnets }
    }

    /// The frontends that have both, by load balancer and target group.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Balancer<'a>, &'a TargetGroupArn)> {
        self.frontends.iter().filter_map(|frontend| {
            let balancer = self.balancers.get(frontend.load_balancer.as_ref()?)?;
            Some((balancer, frontend.target_group.as_ref()?))
        })
    }

    pub(super) fn target_group_arns(&self) -> BTreeSet<&'a TargetGroupArn> {
        self.frontends.iter().filter_map(|frontend| frontend.target_group.as_ref()).collect()
    }

    /// A check of each load balancer.
    pub(super) fn of_balancers(&self, id: CheckId, look: impl Fn(&Balancer<'a>) -> Found) -> Check {
        Check::of(id, self.balancers.values().map(|one| (names::load_balancer(one.arn), look(one))))
    }

    pub(super) fn target_group(&self, arn: &TargetGroupArn) -> Looked<&TargetGroup> {
        known(&self.target_groups)?.get(&arn.0).ok_or_else(gone)
    }

    /// The clusters behind a load balancer.
    pub(super) fn clusters_of(&self, balancer: &Balancer<'_>) -> impl Iterator<Item = &Cluster> {
        let is_named =
            |cluster: &&Cluster| balancer.clusters.iter().flatten().any(|name| name.as_str() == cluster.name);
        clusters::ready(&self.clusters).filter(is_named)
    }

    /// The families of the addresses that a cluster is asked for.
    pub(super) fn families(&self, cluster: &str) -> Vec<Family> {
        let own = self
            .frontends
            .iter()
            .filter(|frontend| frontend.cluster.as_ref().is_some_and(|name| name.as_str() == cluster));
        let groups = own.filter_map(|frontend| self.target_group(frontend.target_group.as_ref()?).ok());
        groups.map(|group| group.family).collect()
    }
}

fn gone() -> NotLooked {
    NotLooked::because("it has been deleted meanwhile")
}

/// The frontends that a run is to serve: a target group that is excluded by its tag is
/// not checked, either. A run names other reasons first.
fn served<'a>(
    account: &Connection<'_>,
    report: &'a Report,
    tags: &BTreeMap<String, Tags>,
) -> Vec<&'a FrontendReport> {
    let of = |frontend: &FrontendReport| tags.get(&frontend.target_group.as_ref()?.0);
    let nlb_tag = &account.session.settings().nlb_tag;
    let is_tagged = |frontend: &FrontendReport| of(frontend).is_some_and(|tags| nlb_tag.first_matches(tags));
    let is_excluded = |frontend: &FrontendReport| of(frontend).is_some_and(is_excluded);
    let is_beside_tagged = |frontend: &FrontendReport| {
        let siblings = report.frontends.iter().filter(|other| other.load_balancer == frontend.load_balancer);
        !is_tagged(frontend) && siblings.into_iter().any(is_tagged)
    };
    report.frontends.iter().filter(|frontend| !is_excluded(frontend) && !is_beside_tagged(frontend)).collect()
}

async fn balancers<'a>(
    account: &Connection<'_>,
    frontends: &[&'a FrontendReport],
) -> BTreeMap<&'a LoadBalancerArn, Balancer<'a>> {
    let ask = account.query();
    let arns: BTreeSet<_> = frontends.iter().filter_map(|frontend| frontend.load_balancer.as_ref()).collect();
    let described = elb::load_balancers(&ask, &[]).await.map_err(NotLooked::from);
    let mut listeners = each(arns.iter().copied(), async |arn| elb::listeners(&ask, &arn.0).await).await;
    let attributes = each(arns, async |arn| elb::attributes(&ask, &arn.0).await).await;
    let balancer = |(arn, attributes): (&'a LoadBalancerArn, _)| {
        let described = known(&described).and_then(|all| all.get(&arn.0).cloned().ok_or_else(gone));
        let listeners = listeners.remove(arn).unwrap_or(Ok(Vec::new()));
        let own = frontends.iter().filter(|frontend| frontend.load_balancer.as_ref() == Some(arn));
        let clusters = own.map(|frontend| frontend.cluster.as_ref()).collect();
        (arn, Balancer { arn, described, attributes, listeners, clusters })
    };
    attributes.into_iter().map(balancer).collect()
}
