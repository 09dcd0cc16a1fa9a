//! Reconciles frontends: observes, plans, and unless it is a dry run applies.
//!
//! A failure is the outcome of its own frontend and of no other.

use futures_util::StreamExt;
use futures_util::future::{join, join3};
use futures_util::stream::FuturesUnordered;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tracing::{Span, field::Empty, instrument};

use crate::apply::{Applied, ResolvedFrontend, apply};
use crate::aws::elb::Elb;
use crate::aws::limiters::Limiters;
use crate::discover::{Discovery, Rejected};
use crate::error::{CallError, FrontendError};
use crate::history::{History, Place};
use crate::model::{Frontend, TargetGroupArn};
use crate::observe::addresses::AddressSources;
use crate::observe::clusters::ClusterEndpoints;
use crate::observe::health::Observed;
use crate::plan::{Plan, Policy};
use crate::publish::report::{FrontendReport, Outcome};
use crate::reasons::FailureCode;
use crate::schedule::budget::RunBudget;
use crate::schedule::queue::{FrontendQueue, Slot};

/// Whether plans are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Apply,
    /// They are reported only.
    DryRun,
}

/// What reconciling needs.
pub struct Reconciler<'a, P: RuntimeProvider = TokioRuntimeProvider> {
    /// Where clusters' APIs are.
    pub endpoints: ClusterEndpoints<'a>,
    /// The addresses of API endpoints.
    pub sources: AddressSources<'a, P>,
    /// Holds the target groups.
    pub elb: Elb<'a>,
    /// The rates that AWS accepts.
    pub limiters: &'a Limiters,
    /// Bounds the run.
    pub budget: &'a RunBudget,
    /// The order of frontends.
    pub history: &'a History,
    /// Whether this run enters its visits into the history. A dry run by event does
    /// not: it serves no frontend, so the next run must not take one for served.
    pub remembers: bool,
    /// The slots of this run.
    pub queue: FrontendQueue<'a>,
    /// What the planner may do.
    pub policy: Policy,
    /// Whether plans are applied.
    pub mode: Mode,
}

/// The targets of a frontend, and the slot in which they were read, if one was
/// needed.
struct Visit<'q, 'a> {
    observed: Observed,
    slot: Option<Slot<'q, 'a>>,
}

impl<'a, P: RuntimeProvider> Reconciler<'a, P> {
    /// Reconciles the frontends of a run, and reads the health of the rejected and
    /// the untagged ones. Returns one report for each, the untagged ones apart.
    pub async fn reconcile_all(&self, discovery: Discovery) -> (Vec<FrontendReport>, Vec<FrontendReport>) {
        // Where EKS or DNS is too slow for all of them, the least recently visited come first.
        let mut frontends = discovery.frontends;
        frontends.sort_by_cached_key(|frontend| self.history.place(&frontend.target_group, None));
        let visits: FuturesUnordered<_> =
            frontends.into_iter().map(|frontend| Box::pin(self.visit(frontend))).collect();
        let looks: FuturesUnordered<_> =
            discovery.rejected.into_iter().map(|rejected| Box::pin(self.look_at(rejected))).collect();
        let untagged: FuturesUnordered<_> =
            discovery.untagged.into_iter().map(|untagged| Box::pin(self.look_at(untagged))).collect();
        let counted = |report| {
            self.budget.count_visited();
            report
        };
        let (mut reports, looked_at, untagged): (Vec<_>, Vec<_>, Vec<_>) =
            join3(visits.map(counted).collect(), looks.map(counted).collect(), untagged.collect()).await;
        reports.extend(looked_at);
        (reports, untagged)
    }

    /// Reads the health of a frontend that is not reconciled.
    async fn look_at(&self, rejected: Rejected) -> FrontendReport {
        let Rejected { report, read } = rejected;
        let Some(group) = read else { return report };
        let early = self.read_early(&group).await;
        self.with_health(&group, report, early).await
    }

    /// Adds health to the report of a frontend that is not reconciled. Old health
    /// does: it decides nothing.
    async fn with_health(
        &self,
        group: &TargetGroupArn,
        report: FrontendReport,
        early: Option<Result<Observed, CallError>>,
    ) -> FrontendReport {
        let observed = match early {
            Some(Ok(observed)) => observed,
            early => match self.visit_group(group, early, self.history.place(group, None)).await {
                Ok(visit) => visit.observed,
                Err(_) => return report,
            },
        };
        if self.remembers {
            self.history.visited(group);
        }
        report.with_health(&observed.targets)
    }

    async fn visit(&self, frontend: Frontend) -> FrontendReport {
        let group = frontend.target_group.clone();
        let (early, resolved) = join(self.read_early(&group), self.resolve(frontend)).await;
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(report) => {
                // The lookup was not made in time, so this is no visit.
                let is_unreached = report.failure().is_some_and(|failure| {
                    matches!(failure.code, FailureCode::DeadlineExceeded | FailureCode::Throttled)
                });
                return match early {
                    Some(Ok(observed)) if is_unreached => report.with_health(&observed.targets),
                    early => self.with_health(&group, *report, early).await,
                };
            }
        };
        let place = self.history.place(&group, Some(&resolved.desired));
        let seen = early.clone();
        match (self.visit_group(&group, early, place).await, seen) {
            (Ok(visit), _) => Box::pin(self.reconcile(resolved, visit, place)).await,
            (Err(error), Some(Ok(seen))) => {
                let port = resolved.frontend.port;
                failed(&resolved, error).with_health(&seen.targets).with_healthy(port).with_unwritten(port)
            }
            (Err(error), _) => failed(&resolved, error),
        }
    }

    /// Reads a target group while lookups are under way. Once ELB's calls are
    /// spaced, that would take the slot of a frontend that changed.
    async fn read_early(&self, group: &TargetGroupArn) -> Option<Result<Observed, CallError>> {
        let read = Observed::read(&self.elb.only_unspaced(), group).await;
        Some(read).filter(|read| !matches!(read, Err(CallError::Throttled { .. })))
    }

    /// The targets as they were read early, if that is recent; else as they are
    /// read in the frontend's slot.
    async fn visit_group(
        &self,
        group: &TargetGroupArn,
        early: Option<Result<Observed, CallError>>,
        place: Place,
    ) -> Result<Visit<'_, 'a>, CallError> {
        match early {
            Some(Ok(observed)) if observed.is_fresh() => return Ok(Visit { observed, slot: None }),
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) | None => {}
        }
        let slot = self.budget.wait("a slot to visit this frontend", self.queue.acquire(place)).await?;
        let observed = Observed::read(&self.elb, group).await?;
        Ok(Visit { observed, slot: Some(slot) })
    }

    /// Looks up the desired addresses of a frontend, or returns its outcome.
    async fn resolve(&self, frontend: Frontend) -> Result<ResolvedFrontend, Box<FrontendReport>> {
        let endpoint = match self.endpoints.of(&frontend.cluster).await {
            Ok(endpoint) => endpoint,
            Err(outcome) => return Err(Box::new(FrontendReport::of(&frontend, outcome))),
        };
        match self.sources.desired(&frontend.cluster, &endpoint, frontend.family).await {
            Ok(desired) => Ok(ResolvedFrontend { frontend, endpoint, desired }),
            Err(error) => Err(Box::new(FrontendReport {
                host: Some(endpoint.host),
                ..FrontendReport::of(&frontend, error.as_ref().into())
            })),
        }
    }

    /// Plans and (in [`Mode::Apply`]) changes one target group.
    #[instrument(
        level = "debug",
        skip_all,
        fields(cluster = %resolved.frontend.cluster, target_group = %resolved.frontend.target_group, register = Empty, deregister = Empty),
    )]
    async fn reconcile(
        &self,
        resolved: ResolvedFrontend,
        visit: Visit<'_, 'a>,
        place: Place,
    ) -> FrontendReport {
        let Visit { observed, slot } = visit;
        let targets = observed.targets.clone();
        if let Some(contradiction) = resolved.contradiction(&observed) {
            self.remember(&resolved, Some(contradiction.code()));
            return report(&resolved, (&contradiction).into())
                .with_health(&targets)
                .with_healthy(resolved.frontend.port);
        }
        let (resolved, plan) = self.plan(resolved, &observed).await;
        Span::current()
            .record("register", plan.register().len())
            .record("deregister", plan.deregister().len());
        let (plan, failure) = if plan.is_noop() || self.mode == Mode::DryRun {
            (plan, None)
        } else {
            let Applied { plan, failure } = self.apply(&resolved, observed, plan, slot, place).await;
            (plan, failure)
        };
        self.remember(&resolved, failure.as_ref().map(FrontendError::code));
        let outcome = failure.map_or_else(|| self.outcome(&plan), |error| (&error).into());
        let port = resolved.frontend.port;
        report(&resolved, outcome)
            .with_health(&targets)
            .with_healthy(port)
            .with_plan(plan)
            .with_unwritten(port)
    }

    fn remember(&self, resolved: &ResolvedFrontend, failure: Option<FailureCode>) {
        if self.remembers {
            self.history.reconciled(&resolved.frontend.target_group, &resolved.desired, failure);
        }
    }

    /// Plans after asking the source that did not decide about the targets to
    /// be deregistered.
    async fn plan(&self, mut resolved: ResolvedFrontend, observed: &Observed) -> (ResolvedFrontend, Plan) {
        let plan = resolved.plan(observed, self.policy);
        if plan.deregister().is_empty() {
            return (resolved, plan);
        }
        let ResolvedFrontend { frontend, endpoint, desired } = &resolved;
        let confirmed = self.sources.confirm(&frontend.cluster, endpoint, frontend.family, desired).await;
        resolved.desired = confirmed;
        let plan = resolved.plan(observed, self.policy);
        (resolved, plan)
    }

    async fn apply(
        &self,
        resolved: &ResolvedFrontend,
        observed: Observed,
        plan: Plan,
        slot: Option<Slot<'_, 'a>>,
        place: Place,
    ) -> Applied {
        let _slot = match slot {
            Some(slot) => slot,
            None => {
                match self.budget.wait("a slot to visit this frontend", self.queue.acquire(place)).await {
                    Ok(slot) => slot,
                    Err(error) => return Applied { plan: Plan::default(), failure: Some(error.into()) },
                }
            }
        };
        let _writing = self.budget.writing().await;
        apply(&self.elb, resolved, self.policy, observed, plan).await
    }

    fn outcome(&self, plan: &Plan) -> Outcome {
        match self.mode {
            _ if plan.is_noop() && plan.withheld().next().is_none() => Outcome::Converged,
            _ if plan.is_noop() => Outcome::Waiting,
            Mode::DryRun => Outcome::Planned,
            Mode::Apply => Outcome::Changed,
        }
    }
}

fn failed(resolved: &ResolvedFrontend, error: CallError) -> FrontendReport {
    report(resolved, (&FrontendError::from(error)).into())
}

fn report(resolved: &ResolvedFrontend, outcome: Outcome) -> FrontendReport {
    FrontendReport {
        host: Some(resolved.endpoint.host.clone()),
        source: Some(resolved.desired.source),
        desired: resolved.desired.addresses.iter().collect(),
        ..FrontendReport::of(&resolved.frontend, outcome)
    }
}
