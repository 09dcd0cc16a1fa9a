//! Reconciles frontends: observes, plans, and unless it is a dry run applies.
//!
//! A cluster is looked up and resolved once for all its frontends. What fails
//! for one frontend is that frontend's outcome and nobody else's.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tracing::{Span, field::Empty, instrument};

use crate::aws::Limits;
use crate::aws::eks::{Eks, Lookup};
use crate::aws::elb::{Elb, Placement};
use crate::dns::Resolver;
use crate::error::ReconcileError;
use crate::model::{Addresses, ApiEndpoint, ClusterName, Family, Frontend, Host, TargetState, Targets};
use crate::plan::{Plan, Policy, plan};
use crate::report::{Entry, Outcome, SkipReason};

/// Whether plans are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Apply,
    /// They are reported only.
    DryRun,
}

/// What reconciling needs of the world.
pub struct Reconciler<'a, P: RuntimeProvider = TokioRuntimeProvider> {
    /// Tells where a cluster's API is.
    pub eks: Eks<'a>,
    /// Holds the target groups.
    pub elb: Elb<'a>,
    /// Bounds the run.
    pub limits: &'a Limits,
    /// Tells the addresses of an API endpoint.
    pub resolver: &'a Resolver<P>,
    /// What the planner may do.
    pub policy: Policy,
    /// Whether plans are applied.
    pub mode: Mode,
}

impl<P: RuntimeProvider> Reconciler<'_, P> {
    /// Reconciles all `frontends` at once. There is one entry for each.
    pub async fn reconcile_all(&self, frontends: Vec<Frontend>) -> Vec<Entry> {
        let mut by_cluster: BTreeMap<ClusterName, Vec<Frontend>> = BTreeMap::new();
        for frontend in frontends {
            by_cluster.entry(frontend.cluster.clone()).or_default().push(frontend);
        }
        let clusters =
            by_cluster.iter().map(|(cluster, frontends)| self.reconcile_cluster(cluster, frontends));
        join_all(clusters).await.into_iter().flatten().collect()
    }

    async fn reconcile_cluster(&self, cluster: &ClusterName, frontends: &[Frontend]) -> Vec<Entry> {
        let all = |outcome: Outcome| -> Vec<Entry> {
            frontends.iter().map(|frontend| Entry::of(frontend, outcome.clone())).collect()
        };
        let endpoint = match self.eks.api_endpoint(cluster).await {
            Ok(Lookup::Found(endpoint)) => endpoint,
            Ok(Lookup::NotReady) => return all(Outcome::Skipped { reason: SkipReason::ClusterNotReady }),
            Ok(Lookup::Local) => return all(Outcome::Skipped { reason: SkipReason::LocalCluster }),
            Err(error) => return all((&error).into()),
        };
        // A family that is slow to resolve does not hold up the other.
        let family = |family| {
            let frontends = frontends.iter().filter(|frontend| frontend.family == family).collect();
            self.reconcile_family(family, frontends, &endpoint)
        };
        let (v4, v6) = join(family(Family::Ipv4), family(Family::Ipv6)).await;
        v4.into_iter().chain(v6).collect()
    }

    async fn reconcile_family(
        &self,
        family: Family,
        frontends: Vec<&Frontend>,
        endpoint: &ApiEndpoint,
    ) -> Vec<Entry> {
        if frontends.is_empty() {
            return Vec::new();
        }
        let entries = match self.resolve(&endpoint.host, family).await {
            Ok(desired) => {
                join_all(frontends.iter().map(|frontend| self.reconcile(frontend, endpoint, &desired))).await
            }
            Err(error) => frontends.iter().map(|frontend| Entry::of(frontend, (&error).into())).collect(),
        };
        let host = Some(endpoint.host.clone());
        entries.into_iter().map(|entry| Entry { host: host.clone(), ..entry }).collect()
    }

    async fn resolve(&self, host: &Host, family: Family) -> Result<Addresses, ReconcileError> {
        let resolved = self.resolver.resolve(host, family);
        self.limits.within("the API endpoint was resolved", resolved).await?
    }

    /// Observes, plans, and (in [`Mode::Apply`]) changes one target group.
    ///
    /// Registers before it deregisters, so a failure in between leaves too
    /// many targets rather than too few. Nothing is rolled back: the next run
    /// plans from what it then observes.
    #[instrument(
        level = "debug",
        skip_all,
        fields(cluster = %frontend.cluster, target_group = %frontend.target_group, register = Empty, deregister = Empty, withheld = Empty),
    )]
    async fn reconcile(&self, frontend: &Frontend, endpoint: &ApiEndpoint, desired: &Addresses) -> Entry {
        let entry =
            |outcome: Outcome| Entry { desired: desired.iter().collect(), ..Entry::of(frontend, outcome) };
        let current = match self.elb.targets(&frontend.target_group).await {
            Ok(current) => current,
            Err(error) => return entry((&ReconcileError::from(error)).into()),
        };

        let plan = plan(desired, frontend.port, &current, self.policy);
        Span::current()
            .record("register", plan.register.len())
            .record("deregister", plan.deregister.len())
            .record("withheld", plan.withheld.len());

        let (plan, outcome) = match self.mode {
            _ if plan.is_noop() => (plan, Outcome::Converged),
            Mode::DryRun => (plan, Outcome::Planned),
            Mode::Apply => self.apply(frontend, endpoint, plan).await,
        };
        let healthy = Some(healthy(desired, frontend.port, &current));
        Entry { healthy, ..entry(outcome).with_plan(plan) }
    }

    /// Applies `plan` and returns what was really done of it.
    async fn apply(&self, frontend: &Frontend, endpoint: &ApiEndpoint, mut plan: Plan) -> (Plan, Outcome) {
        let group = &frontend.target_group;
        let placement = match (&endpoint.vpc, &frontend.vpc) {
            (Some(cluster), Some(group)) if cluster != group => Placement::OtherVpc,
            _ => Placement::SameVpc,
        };
        let registered = self.elb.register(group, &plan.register, placement).await;
        plan.register = registered.done;
        if let Some(error) = registered.failure {
            plan.withhold_deregistrations();
            return (plan, (&ReconcileError::from(error)).into());
        }
        let deregistered = self.elb.deregister(group, &plan.deregister).await;
        plan.deregister = deregistered.done;
        match deregistered.failure {
            Some(error) => (plan, (&ReconcileError::from(error)).into()),
            None => (plan, Outcome::Changed),
        }
    }
}

fn healthy(desired: &Addresses, port: u16, current: &Targets) -> usize {
    let is_healthy = |target: &_| current.get(target) == Some(&TargetState::Healthy);
    desired.on_port(port).iter().filter(|target| is_healthy(target)).count()
}
