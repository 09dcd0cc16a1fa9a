//! Puts the stages of a run together: discover, observe, plan, apply. The
//! function, the command line, the benchmarks and every test harness run this.

use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};

use crate::aws::account::{Account, Clients};
use crate::discover::discover;
use crate::error::CallError;
use crate::history::History;
use crate::model::{AddressSource, Scope};
use crate::observe::addresses::{AddressSources, AddressesRead};
use crate::observe::clusters::ClusterEndpoints;
use crate::observe::dns::Resolver;
use crate::publish::report::Report;
use crate::reconcile::{Mode, Reconciler};
use crate::request::Request;
use crate::schedule::budget::RunBudget;
use crate::schedule::queue::FrontendQueue;
use crate::settings::Settings;

/// Everything that outlives a run.
pub struct Service<P: RuntimeProvider = TokioRuntimeProvider> {
    /// What the operator chose.
    pub settings: Settings,
    /// Makes clients.
    pub account: Account,
    /// Queries DNS.
    pub resolver: Resolver<P>,
    /// What the process remembers.
    pub history: History,
}

impl<P: RuntimeProvider> Service<P> {
    /// A service without memory of earlier runs.
    #[must_use]
    pub fn new(settings: Settings, account: Account, resolver: Resolver<P>) -> Self {
        Self { settings, account, resolver, history: History::default() }
    }

    /// One run over the account and Region of `request`. `name` identifies it in
    /// the CloudTrail events of an assumed role.
    ///
    /// # Errors
    ///
    /// Discovery fails. A later failure is the outcome of its frontend.
    pub async fn run(&self, request: &Request, name: &str, budget: &RunBudget) -> Result<Report, CallError> {
        let report = Box::pin(self.try_run(request, name, budget)).await;
        self.history.forget_old();
        let is_refused = |report: &Report| report.failures().any(|(_, failure)| failure.is_about_credentials);
        if report.as_ref().map_or(true, is_refused) {
            self.history.assumed.forget().await;
        }
        report
    }

    async fn try_run(&self, request: &Request, name: &str, budget: &RunBudget) -> Result<Report, CallError> {
        let clients = self.clients(&request.scope, name, budget).await?;
        let reconciler = self.reconciler(&clients, request, budget);
        let work = async {
            let discovery = discover(&reconciler.elb, &self.settings, request, &self.history).await?;
            if let AddressSource::Fixed(source) = self.settings.address_source
                && source != crate::model::Source::Dns
            {
                reconciler.sources.interfaces().await.map_err(Clone::clone)?;
            }
            budget.expect_frontends(discovery.frontends.len() + discovery.rejected.len());
            let load_balancers = discovery.load_balancers;
            let (reports, untagged) = reconciler.reconcile_all(discovery).await;
            let is_dry = reconciler.mode == Mode::DryRun;
            let report = Report::new(is_dry, clients.region.clone(), load_balancers, reports);
            Ok(Report { untagged, ..report })
        };
        if !self.settings.address_source.reads_interfaces() {
            return work.await;
        }
        // Interfaces are listed while load balancers are. A run does not wait
        // for them once its work is done.
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = reconciler.sources.interfaces() => {}
        }
        work.await
    }

    /// The clients of `scope`.
    ///
    /// # Errors
    ///
    /// Its role cannot be assumed.
    pub async fn clients(&self, scope: &Scope, name: &str, budget: &RunBudget) -> Result<Clients, CallError> {
        let session = format!("eks-nlb-sync-{name}");
        self.account.clients(scope, &session, budget, &self.history.assumed).await
    }

    /// What reconciles the frontends of one run.
    #[must_use]
    pub fn reconciler<'a>(
        &'a self,
        clients: &'a Clients,
        request: &'a Request,
        budget: &'a RunBudget,
    ) -> Reconciler<'a, P> {
        let Self { settings, resolver, history, .. } = self;
        let is_dry = settings.dry_run || request.dry_run;
        let limiters = clients.limiters();
        Reconciler {
            endpoints: ClusterEndpoints::new(clients.eks(budget), settings.cluster_tag.as_ref()),
            sources: AddressSources {
                source: settings.address_source,
                resolver,
                ec2: clients.ec2(budget),
                allowed: &settings.allowed_cidrs,
                budget,
                scope: &request.scope,
                history,
                read: AddressesRead::default(),
            },
            elb: clients.elb(budget),
            limiters,
            budget,
            history,
            remembers: settings.dry_run || !request.dry_run,
            queue: FrontendQueue::new(move || limiters.turns_at_once(budget.max_concurrency())),
            policy: settings.policy,
            mode: if is_dry { Mode::DryRun } else { Mode::Apply },
        }
    }
}
