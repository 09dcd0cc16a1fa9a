//! Reconciles frontends: observes, plans, and unless it is a dry run applies.
//!
//! A cluster is looked up and resolved once for all its frontends. What fails
//! for one frontend is that frontend's outcome and nobody else's.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tracing::{Span, field::Empty, instrument};

use crate::aws::eks::{Eks, Lookup};
use crate::aws::elb::Elb;
use crate::dns::Resolver;
use crate::error::ReconcileError;
use crate::limits::Limits;
use crate::model::{ApiEndpoint, ClusterName, Desired, Family, Frontend, Host, TargetState, Targets, Zone};
use crate::plan::{Plan, Policy, WithholdReason, plan};
use crate::report::{FrontendReport, Outcome, SkipReason};

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
    /// Reconciles all `frontends` at once. There is one report for each.
    pub async fn reconcile_all(&self, frontends: Vec<Frontend>) -> Vec<FrontendReport> {
        let mut by_cluster: BTreeMap<ClusterName, Vec<Frontend>> = BTreeMap::new();
        for frontend in frontends {
            by_cluster.entry(frontend.cluster.clone()).or_default().push(frontend);
        }
        let clusters =
            by_cluster.iter().map(|(cluster, frontends)| self.reconcile_cluster(cluster, frontends));
        join_all(clusters).await.into_iter().flatten().collect()
    }

    async fn reconcile_cluster(&self, cluster: &ClusterName, frontends: &[Frontend]) -> Vec<FrontendReport> {
        let all = |outcome: Outcome| -> Vec<FrontendReport> {
            frontends.iter().map(|frontend| FrontendReport::of(frontend, outcome.clone())).collect()
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
    ) -> Vec<FrontendReport> {
        if frontends.is_empty() {
            return Vec::new();
        }
        let reports = match self.resolve(&endpoint.host, family).await {
            Ok(desired) => {
                join_all(frontends.iter().map(|frontend| self.reconcile(frontend, endpoint, &desired))).await
            }
            Err(error) => {
                frontends.iter().map(|frontend| FrontendReport::of(frontend, (&error).into())).collect()
            }
        };
        let host = Some(endpoint.host.clone());
        reports.into_iter().map(|report| FrontendReport { host: host.clone(), ..report }).collect()
    }

    async fn resolve(&self, host: &Host, family: Family) -> Result<Desired, ReconcileError> {
        let resolved = self.resolver.resolve(host, family);
        self.limits.within("resolving the API endpoint", resolved).await?.map(Desired::from)
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
    async fn reconcile(
        &self,
        frontend: &Frontend,
        endpoint: &ApiEndpoint,
        desired: &Desired,
    ) -> FrontendReport {
        let report = |outcome| FrontendReport {
            desired: desired.addresses.iter().collect(),
            ..FrontendReport::of(frontend, outcome)
        };
        let current = match self.elb.targets(&frontend.target_group).await {
            Ok(current) => current,
            Err(error) => return report((&ReconcileError::from(error)).into()),
        };
        let plan = plan(desired, frontend.port, &current, self.policy);
        Span::current()
            .record("register", plan.register.len())
            .record("deregister", plan.deregister.len())
            .record("withheld", plan.withheld.len());
        let (plan, outcome) = match self.mode {
            _ if plan.is_noop() && plan.withheld.is_empty() => (plan, Outcome::Converged),
            _ if plan.is_noop() => (plan, Outcome::Waiting),
            Mode::DryRun => (plan, Outcome::Planned),
            Mode::Apply => self.apply(frontend, endpoint, plan).await,
        };
        FrontendReport {
            healthy: Some(healthy(desired, frontend.port, &current)),
            has_healthy_target: Some(current.values().any(|listed| listed.state == TargetState::Healthy)),
            ..report(outcome).with_plan(plan)
        }
    }

    /// Applies `plan` and returns what was really done of it.
    async fn apply(&self, frontend: &Frontend, endpoint: &ApiEndpoint, mut plan: Plan) -> (Plan, Outcome) {
        let group = &frontend.target_group;
        let zone = match (&endpoint.vpc, &frontend.vpc) {
            (Some(cluster), Some(group)) if cluster != group => Some(Zone::All),
            _ => None,
        };
        let registered = self.elb.register(group, &plan.register, zone).await;
        plan.register = registered.done;
        if let Some(error) = registered.failure {
            plan.withhold_deregistrations(&WithholdReason::RegistrationFailed);
            return (plan, (&ReconcileError::from(error)).into());
        }
        let deregistered = self.elb.deregister(group, &plan.deregister).await;
        let Some(error) = deregistered.failure else { return (plan, Outcome::Changed) };
        let done = plan.deregister.extract_if(.., |target, _| deregistered.done.contains(target)).collect();
        plan.withhold_deregistrations(&WithholdReason::DeregistrationFailed);
        plan.deregister = done;
        (plan, (&ReconcileError::from(error)).into())
    }
}

fn healthy(desired: &Desired, port: u16, current: &Targets) -> usize {
    let is_healthy =
        |target: &_| current.get(target).is_some_and(|listed| listed.state == TargetState::Healthy);
    desired.addresses.on_port(port).iter().filter(|target| is_healthy(target)).count()
}
