//! Reads one cluster from EKS.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{Cluster, ClusterStatus};

use super::call::{answer, unusable};
use crate::error::ReconcileError;
use crate::limits::Limits;
use crate::model::{ApiEndpoint, ClusterName, Host};

pub(crate) const ACTION: &str = "eks:DescribeCluster";

/// Where a cluster's API is, or why that does not matter now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It has a private endpoint.
    Found(ApiEndpoint),
    /// CREATING, DELETING or PENDING, or without an endpoint yet.
    NotReady,
    /// An Outposts local cluster: its addresses never change.
    Local,
}

/// EKS, within the limits of one run.
#[derive(Clone, Copy)]
pub struct Eks<'a> {
    /// The SDK's client.
    pub client: &'a Client,
    /// The limits of the run.
    pub limits: &'a Limits,
}

impl Eks<'_> {
    /// Asks where the API of `cluster` is.
    ///
    /// # Errors
    ///
    /// The call fails, or the cluster has no endpoint to follow: see the
    /// variants of [`ReconcileError`] that name a cluster.
    pub async fn api_endpoint(&self, cluster: &ClusterName) -> Result<Lookup, ReconcileError> {
        // Made only now, so that a thousand clusters that wait for their turn take little.
        let describe = || Box::pin(self.client.describe_cluster().name(cluster.as_str()).send());
        let described = self.limits.lookup(ACTION, describe).await;
        let described = answer(ACTION, described).map_err(|error| {
            if error.is_rejected_as(&["ResourceNotFoundException"]) {
                ReconcileError::ClusterNotFound { cluster: cluster.clone() }
            } else {
                error.into()
            }
        })?;
        let described = described.cluster.ok_or_else(|| unusable(ACTION, "the answer holds no cluster"))?;
        look_up(cluster, &described)
    }
}

fn look_up(cluster: &ClusterName, described: &Cluster) -> Result<Lookup, ReconcileError> {
    if described.outpost_config.is_some() {
        return Ok(Lookup::Local);
    }
    match &described.status {
        // UPDATING is exactly when addresses move.
        Some(ClusterStatus::Active | ClusterStatus::Updating) => {}
        Some(ClusterStatus::Creating | ClusterStatus::Deleting | ClusterStatus::Pending) => {
            return Ok(Lookup::NotReady);
        }
        Some(ClusterStatus::Failed) => {
            return Err(ReconcileError::ClusterFailed { cluster: cluster.clone() });
        }
        unknown => {
            let status = unknown.as_ref().map_or("none", |status| status.as_str()).to_owned();
            return Err(ReconcileError::UnknownStatus { cluster: cluster.clone(), status });
        }
    }
    let Some(url) = described.endpoint() else { return Ok(Lookup::NotReady) };
    let network = described.resources_vpc_config();
    if !network.is_some_and(|network| network.endpoint_private_access) {
        return Err(ReconcileError::PrivateAccessDisabled { cluster: cluster.clone() });
    }
    let host = Host::from_endpoint(url)
        .map_err(|source| ReconcileError::InvalidEndpoint { cluster: cluster.clone(), source })?;
    let vpc = network.and_then(|network| network.vpc_id.clone());
    let security_group = network.and_then(|network| network.cluster_security_group_id.clone());
    Ok(Lookup::Found(ApiEndpoint { host, vpc, security_group }))
}
