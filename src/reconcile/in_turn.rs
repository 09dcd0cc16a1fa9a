//! Gives every frontend its turn: looks up clusters side by side, and
//! reconciles as many frontends at once as calls may be in flight.
//!
//! A frontend keeps its turn from reading its targets to its last write, so
//! what is decided on is seconds old, and a write never queues behind the
//! reads of all others.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use futures_util::stream::FuturesUnordered;
use hickory_resolver::net::runtime::RuntimeProvider;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Ready, Reconciler};
use crate::model::{ApiEndpoint, ClusterName, Family, Frontend};
use crate::report::FrontendReport;

/// What came of looking up a frontend's cluster: it is ready for its turn, or
/// its outcome is known.
type LookedUp = Result<Ready, FrontendReport>;

impl<P: RuntimeProvider> Reconciler<'_, P> {
    /// Reconciles `frontends`. There is one report for each.
    pub async fn reconcile_all(&self, frontends: Vec<Frontend>) -> Vec<FrontendReport> {
        let mut by_cluster: BTreeMap<ClusterName, Vec<Frontend>> = BTreeMap::new();
        for frontend in frontends {
            by_cluster.entry(frontend.cluster.clone()).or_default().push(frontend);
        }
        let (sender, looked_up) = unbounded_channel();
        let look_up = async move {
            let clusters = by_cluster.into_iter();
            join_all(clusters.map(|(cluster, frontends)| self.look_up(cluster, frontends, &sender))).await;
        };
        join(look_up, self.take_turns(looked_up)).await.1
    }

    /// Gives turns to the frontends that are looked up, until all have had theirs.
    async fn take_turns(&self, mut looked_up: UnboundedReceiver<LookedUp>) -> Vec<FrontendReport> {
        let mut reports = Vec::new();
        let mut waiting = BTreeMap::new();
        let mut turns = FuturesUnordered::new();
        loop {
            while turns.len() < self.elb.paces.turns_at_once(self.limits.max_concurrency()) {
                let Some((_, ready)) = waiting.pop_first() else { break };
                turns.push(self.take_turn(ready));
            }
            tokio::select! {
                biased;
                Some(looked_up) = looked_up.recv() => match looked_up {
                    Ok(ready) => {
                        let group = ready.frontend.target_group.clone();
                        let place = self.turns.place(&group, &ready.desired);
                        waiting.insert((place, group), ready);
                    }
                    Err(report) => reports.push(report),
                },
                Some(report) = turns.next() => reports.push(report),
                else => return reports,
            }
        }
    }

    async fn take_turn(&self, ready: Ready) -> FrontendReport {
        let report = self.reconcile(&ready).await;
        // What the time did not suffice for comes first in the next run.
        if !report.is_cut_off() {
            self.turns.note(&ready.frontend.target_group, &ready.desired);
        }
        report
    }

    /// Finds out what is desired for the frontends of one cluster.
    async fn look_up(
        &self,
        cluster: ClusterName,
        frontends: Vec<Frontend>,
        looked_up: &UnboundedSender<LookedUp>,
    ) {
        match self.lookups.endpoint(&cluster).await {
            Err(outcome) => {
                for frontend in frontends {
                    send(looked_up, Err(FrontendReport::of(&frontend, outcome.clone())));
                }
            }
            Ok(endpoint) => {
                // A family that DNS is slow to resolve does not hold up the other.
                let (v4, v6): (Vec<_>, Vec<_>) =
                    frontends.into_iter().partition(|frontend| frontend.family == Family::Ipv4);
                let learn = |family, frontends| self.learn(&cluster, family, frontends, &endpoint, looked_up);
                join(learn(Family::Ipv4, v4), learn(Family::Ipv6, v6)).await;
            }
        }
    }

    /// Finds out what is desired for the frontends of one cluster and family.
    async fn learn(
        &self,
        cluster: &ClusterName,
        family: Family,
        frontends: Vec<Frontend>,
        endpoint: &ApiEndpoint,
        looked_up: &UnboundedSender<LookedUp>,
    ) {
        if frontends.is_empty() {
            return;
        }
        let desired = self.sources.desired(cluster, endpoint, family).await;
        for frontend in frontends {
            send(
                looked_up,
                match &desired {
                    Ok(desired) => {
                        Ok(Ready { frontend, endpoint: endpoint.clone(), desired: desired.clone() })
                    }
                    Err(error) => Err(FrontendReport {
                        host: Some(endpoint.host.clone()),
                        ..FrontendReport::of(&frontend, error.into())
                    }),
                },
            );
        }
    }
}

fn send(looked_up: &UnboundedSender<LookedUp>, one: LookedUp) {
    // The receiver outlives all senders.
    _ = looked_up.send(one);
}
