//! What the checks share.

use std::collections::BTreeMap;

use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::model::{Family, LoadBalancerArn, Tags};
use eks_nlb_sync::publish::report::FrontendReport;
use eks_nlb_sync::schedule::budget::RunBudget;

use crate::names;
use crate::reads::Looked;
use crate::reads::cluster::Cluster;
use crate::reads::elb::LoadBalancer;
use crate::session::Session;

/// What the checks need.
pub(super) struct Desk<'a> {
    pub(super) session: &'a Session,
    pub(super) ask: QueryClient<'a>,
    pub(super) clients: &'a Clients,
    pub(super) limits: &'a RunBudget,
}

/// The tags of target groups, by ARN.
pub(super) type TagsOf = BTreeMap<String, Tags>;

/// The families of the addresses that clusters are asked for, by their names.
pub(super) type Families = BTreeMap<String, Vec<Family>>;

/// A load balancer with the clusters behind it.
pub(super) struct Balancer<'a> {
    pub(super) arn: &'a LoadBalancerArn,
    pub(super) described: Looked<LoadBalancer>,
    pub(super) clusters: Vec<&'a Cluster>,
}

/// The short name of a frontend.
pub(super) fn name_of(frontend: &FrontendReport) -> String {
    let group = frontend.target_group.as_ref().map(|arn| names::target_group(arn).to_owned());
    let balancer = frontend.load_balancer.as_ref().map(|arn| names::load_balancer(arn).to_owned());
    group.or(balancer).unwrap_or_default()
}
