//! Reconciles one frontend: observes, plans, and unless it is a dry run
//! applies. [`in_turn`] gives every frontend its turn.
//!
//! What fails for one frontend is that frontend's outcome and no other's.

mod in_turn;

use std::collections::BTreeMap;
use std::time::Duration;

use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tokio::time::Instant;
use tracing::{Span, field::Empty, instrument};

use crate::aws::elb::Elb;
use crate::error::{CallError, ReconcileError};
use crate::limits::Limits;
use crate::lookups::Lookups;
use crate::model::{ApiEndpoint, Desired, Frontend, Target, Targets, Zone};
use crate::plan::{Plan, Policy, WithholdReason, plan};
use crate::report::{FrontendReport, Outcome};
use crate::sources::Sources;
use crate::turns::Turns;

/// A target is deregistered only on health that was read this recently. It is
/// far longer than the two calls take, unless ELB throttles them.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// How often targets are read again for a deregistration that failed after it
/// took too long; after that the next run tries again.
const READS_AGAIN: usize = 1;

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
    /// Tell where a cluster's API is.
    pub lookups: Lookups<'a>,
    /// Holds the target groups.
    pub elb: Elb<'a>,
    /// Bounds the run.
    pub limits: &'a Limits,
    /// Tell the addresses of an API endpoint.
    pub sources: Sources<'a, P>,
    /// What the planner may do.
    pub policy: Policy,
    /// Whether plans are applied.
    pub mode: Mode,
    /// Whose turn it is.
    pub turns: &'a Turns,
}

/// A frontend whose desired addresses are known.
struct Ready {
    frontend: Frontend,
    endpoint: ApiEndpoint,
    desired: Desired,
}

/// The targets of a frontend, and when they were read.
struct Observed {
    targets: Targets,
    at: Instant,
}

impl Observed {
    fn is_in_service(&self, target: &Target) -> bool {
        self.targets.get(target).is_some_and(|listed| listed.state.is_in_service())
    }
}

impl Ready {
    fn plan(&self, observed: &Observed, policy: Policy) -> Plan {
        plan(&self.desired, self.frontend.port, &observed.targets, policy)
    }

    /// The zone in which ELB wants the desired targets named.
    fn zone(&self) -> Option<Zone> {
        match (&self.endpoint.vpc, &self.frontend.vpc) {
            (Some(cluster), Some(group)) if cluster != group => Some(Zone::All),
            _ => None,
        }
    }

    fn report(&self, outcome: Outcome) -> FrontendReport {
        FrontendReport {
            host: Some(self.endpoint.host.clone()),
            desired: self.desired.addresses.iter().collect(),
            ..FrontendReport::of(&self.frontend, outcome)
        }
    }
}

impl<P: RuntimeProvider> Reconciler<'_, P> {
    /// Observes, plans, and (in [`Mode::Apply`]) changes one target group.
    ///
    /// Registers before it deregisters, so a failure in between leaves too
    /// many targets rather than too few. Nothing is rolled back: the next run
    /// plans from what it then observes.
    #[instrument(
        level = "debug",
        skip_all,
        fields(cluster = %ready.frontend.cluster, target_group = %ready.frontend.target_group, register = Empty, deregister = Empty, withheld = Empty),
    )]
    async fn reconcile(&self, ready: &Ready) -> FrontendReport {
        let observed = match self.observe(ready).await {
            Ok(observed) => observed,
            Err(error) => return ready.report((&ReconcileError::from(error)).into()),
        };
        let plan = ready.plan(&observed, self.policy);
        Span::current()
            .record("register", plan.register.len())
            .record("deregister", plan.deregister.len())
            .record("withheld", plan.withheld.len());
        let current = observed.targets.clone();
        let (plan, outcome) = match self.mode {
            _ if plan.is_noop() && plan.withheld.is_empty() => (plan, Outcome::Converged),
            _ if plan.is_noop() => (plan, Outcome::Waiting),
            Mode::DryRun => (plan, Outcome::Planned),
            Mode::Apply => self.apply(ready, observed, plan).await,
        };
        ready.report(outcome).with_targets(current, ready.frontend.port).with_plan(plan)
    }

    async fn observe(&self, ready: &Ready) -> Result<Observed, CallError> {
        let targets = self.elb.targets(&ready.frontend.target_group).await?;
        Ok(Observed { targets, at: Instant::now() })
    }

    /// Applies `plan` and returns what was really done of it.
    async fn apply(&self, ready: &Ready, observed: Observed, mut plan: Plan) -> (Plan, Outcome) {
        #[cfg(feature = "stoppable")]
        let _writing = self.limits.writing().await;
        let group = &ready.frontend.target_group;
        let registered = self.elb.register(group, &plan.register, ready.zone()).await;
        plan.register = registered.done;
        let failure = match registered.failure {
            Some(error) => {
                plan.withhold_deregistrations(&WithholdReason::RegistrationFailed);
                Some(error)
            }
            None => self.deregister(ready, observed, &mut plan).await.err(),
        };
        (plan, failure.map_or(Outcome::Changed, |error| (&ReconcileError::from(error)).into()))
    }

    /// Deregisters what `plan` says, and leaves in it what was deregistered.
    async fn deregister(
        &self,
        ready: &Ready,
        mut observed: Observed,
        plan: &mut Plan,
    ) -> Result<(), CallError> {
        let group = &ready.frontend.target_group;
        let mut done = BTreeMap::new();
        let mut failures = 0;
        let result = loop {
            if observed.at.elapsed() >= FRESH_FOR {
                observed = match self.observe(ready).await {
                    Ok(observed) => observed,
                    Err(error) => break Err(error),
                };
                let again = ready.plan(&observed, self.policy);
                if failures > 0 {
                    // An answer that never came may have been a success.
                    done.extend(plan.deregister.extract_if(.., |target, _| !observed.is_in_service(target)));
                }
                (plan.deregister, plan.withheld) = (again.deregister, again.withheld);
            }
            if plan.deregister.is_empty() {
                break Ok(());
            }
            let written = self.elb.deregister(group, &plan.deregister, observed.at + FRESH_FOR).await;
            done.extend(plan.deregister.extract_if(.., |target, _| written.done.contains(target)));
            let Some(error) = written.failure else { continue };
            failures += 1;
            if failures > READS_AGAIN || observed.at.elapsed() < FRESH_FOR {
                break Err(error);
            }
        };
        plan.withhold_deregistrations(&WithholdReason::DeregistrationFailed);
        plan.deregister = done;
        result
    }
}
