//! Looks clusters up in EKS, each once in a run.

use crate::aws::eks::{Eks, Lookup};
use crate::model::{ApiEndpoint, ClusterName, TagSelector};
use crate::publish::report::Outcome;
use crate::reasons::SkipReason;
use crate::schedule::memo::Memo;

/// The API endpoints of one run's clusters.
pub struct ClusterEndpoints<'a> {
    eks: Eks<'a>,
    /// `CLUSTER_TAG`.
    consent: Option<&'a TagSelector>,
    found: Memo<ClusterName, Result<ApiEndpoint, Outcome>>,
}

impl<'a> ClusterEndpoints<'a> {
    /// Looks clusters up when they are asked for.
    #[must_use]
    pub fn new(eks: Eks<'a>, consent: Option<&'a TagSelector>) -> Self {
        Self { eks, consent, found: Memo::default() }
    }

    /// The API endpoint of `cluster`.
    ///
    /// # Errors
    ///
    /// The outcome of its frontends, if the cluster has no endpoint to follow, or the
    /// endpoint cannot be read.
    pub async fn of(&self, cluster: &ClusterName) -> Result<ApiEndpoint, Outcome> {
        self.found.get(cluster.clone(), || self.look_up(cluster)).await
    }

    async fn look_up(&self, cluster: &ClusterName) -> Result<ApiEndpoint, Outcome> {
        match self.eks.api_endpoint(cluster, self.consent).await {
            Ok(Lookup::Found(endpoint)) => Ok(endpoint),
            Ok(Lookup::NotReady) => Err(Outcome::Skipped { reason: SkipReason::ClusterNotReady }),
            Ok(Lookup::Local) => Err(Outcome::Skipped { reason: SkipReason::LocalCluster }),
            Err(error) => Err((&error).into()),
        }
    }
}
