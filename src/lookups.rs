//! Looks clusters up in EKS: those that the last run asked about while the
//! Region is still being listed.
//!
//! Addresses and health move, so they are read as late as can be; where a
//! cluster's API is does not change while the cluster lives. A Region that ELB
//! throttles may take ten seconds to list, and an answer from before is as good
//! as one from after: a cluster that was deleted meanwhile has no name in DNS
//! and no interfaces any more, which fails its frontend and writes nothing.
//!
//! What an earlier run knew decides only when EKS is asked. A lookup that turns
//! out not to be needed is dropped, and what came of it is nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Shared, join_all, select};

use crate::aws::eks::{ACTION, Eks, Lookup};
use crate::error::ReconcileError;
use crate::model::{ApiEndpoint, ClusterName};
use crate::report::{Outcome, SkipReason};

/// A lookup that several may wait for: where a cluster's API is, or else the
/// outcome of its frontends.
type Begun<'a> = Shared<BoxFuture<'a, Result<ApiEndpoint, Outcome>>>;

/// The lookups of one run.
pub struct Lookups<'a> {
    eks: Eks<'a>,
    ahead: BTreeMap<ClusterName, Begun<'a>>,
}

impl<'a> Lookups<'a> {
    /// Will look up `expected` ahead, and other clusters when they are asked for.
    #[must_use]
    pub fn new(eks: Eks<'a>, expected: BTreeSet<ClusterName>) -> Self {
        let ahead = expected.into_iter().map(|cluster| (cluster.clone(), look_up(eks, cluster)));
        Self { eks, ahead: ahead.collect() }
    }

    /// Looks up what is expected while `discovery` goes on, and no longer. What
    /// is then under way goes on when it is asked for.
    pub async fn beside<T>(&self, discovery: impl Future<Output = T>) -> T {
        // Discovery is polled first, so its calls are before all of these.
        match select(pin!(discovery), join_all(self.ahead.values().cloned())).await {
            Either::Left((discovered, _)) => discovered,
            Either::Right((_, discovery)) => discovery.await,
        }
    }

    /// Drops what is not needed, so that nobody waits for it.
    pub fn keep(&mut self, needed: &BTreeSet<ClusterName>) {
        self.ahead.retain(|cluster, _| needed.contains(cluster));
    }

    /// Finds out where the API of `cluster` is.
    ///
    /// # Errors
    ///
    /// It is nowhere, or cannot be found out: the outcome of its frontends.
    pub async fn endpoint(&self, cluster: &ClusterName) -> Result<ApiEndpoint, Outcome> {
        let begun = self.ahead.get(cluster).cloned().unwrap_or_else(|| look_up(self.eks, cluster.clone()));
        // What was begun early has its deadline from before it was known how much is to be reported.
        let in_time = self.eks.limits.within(ACTION, begun).await;
        in_time.unwrap_or_else(|late| Err((&ReconcileError::from(late)).into()))
    }
}

/// Looks up one cluster once it is waited for.
fn look_up(eks: Eks<'_>, cluster: ClusterName) -> Begun<'_> {
    let lookup = async move {
        match eks.api_endpoint(&cluster).await {
            Ok(Lookup::Found(endpoint)) => Ok(endpoint),
            Ok(Lookup::NotReady) => Err(Outcome::Skipped { reason: SkipReason::ClusterNotReady }),
            Ok(Lookup::Local) => Err(Outcome::Skipped { reason: SkipReason::LocalCluster }),
            Err(error) => Err((&error).into()),
        }
    };
    lookup.boxed().shared()
}
