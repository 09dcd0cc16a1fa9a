//! Opens the account that a command acts in, and makes runs in it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY};
use eks_nlb_simulator::{Simulator, sample};
use eks_nlb_sync::aws::account::{Account, Clients};
use eks_nlb_sync::aws::config;
use eks_nlb_sync::aws::elb::Elb;
use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::discover::{Discovery, discover};
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::{ClusterName, Role, Scope};
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::reconcile::Reconciler;
use eks_nlb_sync::request::Request;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::{self, Settings};

use crate::args::Common;
use crate::deployed::Deployed;
use crate::output::hint;
use crate::problem::Problem;
use crate::reads::NotLooked;
use crate::{credentials, names, profile, progress};

/// The time of one run. A Region that is too large for it is read in the next
/// run, as by the function.
pub(crate) const TIME: Duration = Duration::from_mins(10);

/// How long the deployed function is looked for. Where Lambda cannot be
/// reached, every command is delayed by this.
const PATIENCE: Duration = Duration::from_secs(3);

/// The time of a run that a person waits for. At ELB's older rate, 10 calls a second,
/// 1,200 target groups are read in it; a call that is throttled throughout ends then.
pub(crate) const SHORT: Duration = Duration::from_mins(2);

/// The name of a run in the CloudTrail events of an assumed role.
const RUN_NAME: &str = "cli";

/// How often simulated time catches up with real time.
const TICK: Duration = Duration::from_millis(200);

/// An account and Region, with the service that acts in it.
pub(crate) struct Session {
    pub(crate) service: Service,
    /// What every run of the command is about; it does not write.
    pub(crate) request: Request,
    deployed: Deployed,
    demo: Option<Simulator>,
}

impl Session {
    /// Opens the account that flags and environment name. Calls AWS only where
    /// credentials are to be fetched.
    pub(crate) async fn open(common: &Common) -> Result<Self, Problem> {
        let demo = if common.demo { Some(demo().await?) } else { None };
        let settings = settings(common, demo.as_ref(), |_| None)?;
        let role = common.role_arn.clone().map(|arn| Role::new(arn, common.external_id.clone()));
        let scope = Scope { region: None, role: role.transpose()? };

        // The simulated account is on this machine, which no proxy can reach.
        let variable = |name: &str| if common.demo { None } else { settings::variable(name) };
        let https = || config::https(variable).map_err(|error| Problem::Usage(error.to_string()));
        let mut loader = config::loader(https()?, settings.sdk_retries);
        let profile =
            if common.demo { None } else { Some(profile::selected(common.profile.as_deref()).await?) };
        if let Some(name) = common.profile.as_ref().filter(|_| !common.demo) {
            loader = loader.profile_name(name);
            loader = loader.credentials_provider(profile::credentials(name, https()?).await);
        }
        if let Some(region) = &common.region {
            loader = loader.region(Region::new(region.as_str().to_owned()));
        }
        if let Some(simulator) = &demo {
            let keys = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "demo");
            loader = loader.endpoint_url(simulator.endpoint_url()).credentials_provider(keys);
            loader = loader.region(Region::from_static(HOME_REGION)).use_fips(false).use_dual_stack(false);
        }
        let home = Box::pin(loader.load()).await;
        // Variables for one service name no simulator.
        let home = if common.demo { home.to_builder().service_config(NoVariables).build() } else { home };
        let region = home.region().map(AsRef::as_ref).filter(|region| !region.is_empty());
        let region = region.ok_or(Problem::NoRegion)?.to_owned();
        if region.parse::<eks_nlb_sync::model::Region>().is_err() {
            return Err(Problem::InvalidRegion(region));
        }
        config::check_given_urls(&home)?;
        let home = match profile {
            Some(profile) => credentials::fetched(home, profile).await?,
            None => home,
        };
        let resolver = Resolver::new(&settings).map_err(|error| Problem::Resolver(error.to_string()))?;
        let account = Account::new(home, settings.sdk_retries).map_err(|_| Problem::NoRegion)?;
        let clusters = Some(common.clusters.iter().cloned().collect::<BTreeSet<_>>());
        let clusters = clusters.filter(|names| !names.is_empty());
        Ok(Self {
            service: Service::new(settings, account, resolver),
            request: Request { dry_run: true, clusters, scope, ..Request::default() },
            deployed: Deployed::unknown(
                common.function(),
                NotLooked::because("the function was not looked for"),
            ),
            demo,
        })
    }

    /// The same, with the settings of the deployed function where neither flag nor
    /// variable gives another. Reports differences, and continues without the function
    /// where it does not exist.
    pub(crate) async fn open_as_function(common: &Common) -> Result<Self, Problem> {
        let mut session = Self::open(common).await?;
        let name = common.function();
        session.deployed = match session.connect(PATIENCE).await {
            Ok(account) => Deployed::find(name, &account.query()).await,
            Err(error) => Deployed::unknown(name, error),
        };
        let deployed = &session.deployed;
        // `doctor` reports a function that cannot start with its settings.
        if let Ok(settings) = settings(common, session.demo.as_ref(), |name| deployed.variable(name)) {
            session.service.settings = settings;
        }
        Ok(session)
    }

    /// Prints the differences of this command and the function to standard
    /// error.
    pub(crate) fn tell_differences(&self) {
        for note in self.deployed.notes(self.settings()) {
            hint(&format!("{note}\n"));
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.service.settings
    }

    /// The deployed function.
    pub(crate) fn deployed(&self) -> &Deployed {
        &self.deployed
    }

    /// The Region acted in.
    pub(crate) fn region(&self) -> &str {
        self.service.account.region(&self.request.scope)
    }

    fn budget(&self, time: Duration) -> RunBudget {
        RunBudget::new(self.settings().max_concurrency, time)
    }

    /// What reads in the account for as long as `time`.
    pub(crate) async fn connect(&self, time: Duration) -> Result<Connection<'_>, CallError> {
        let budget = self.budget(time);
        let clients = self.service.clients(&self.request.scope, RUN_NAME, &budget).await?;
        Ok(Connection { session: self, clients, budget })
    }

    /// Makes one run that writes, unless `stop` comes first: see
    /// [`Session::run_until`].
    pub(crate) async fn apply(&self, stop: impl Future<Output = ()>) -> Result<Option<Report>, Problem> {
        let request = Request { dry_run: false, ..self.request.clone() };
        Ok(self.run_until(&request, TIME, stop).await.ok().transpose()?)
    }

    /// Makes one run of at most `time` unless `stop` comes first, which is then returned:
    /// the run ends between writes, and between the registration and the deregistration of
    /// one frontend only where ELB throttles the latter.
    pub(crate) async fn run_until<T>(
        &self,
        request: &Request,
        time: Duration,
        stop: impl Future<Output = T>,
    ) -> Result<Result<Report, CallError>, T> {
        let budget = self.budget(time);
        tokio::select! {
            report = self.run_within(request, &budget) => Ok(report),
            (stopped, _no_writes) = async { (stop.await, budget.stop().await) } => Err(stopped),
        }
    }

    /// Makes one run that only reads.
    pub(crate) async fn plan(&self, time: Duration) -> Result<Report, CallError> {
        self.run_within(&self.request, &self.budget(time)).await
    }

    /// Refuses clusters that no load balancer carries, and names the nearest.
    pub(crate) async fn refuse_unknown_clusters(&self, report: &Report) -> Result<(), Problem> {
        let unknown = report.failures().find_map(|(frontend, failure)| {
            let is_unknown = failure.code == FailureCode::ClusterNotSelected;
            frontend.cluster.clone().filter(|_| is_unknown)
        });
        let Some(name) = unknown else { return Ok(()) };
        let discovered = self.connect(TIME).await?.discover(&Request::default()).await?;
        let known = listed(&discovered);
        let clusters = known.iter().filter_map(|frontend| frontend.cluster.as_ref());
        let nearest = names::nearest(name.as_str(), clusters.map(ClusterName::as_str));
        Err(Problem::UnknownCluster { name, nearest })
    }

    async fn run_within(&self, request: &Request, budget: &RunBudget) -> Result<Report, CallError> {
        let run = self.service.run(request, RUN_NAME, budget);
        progress::of_run(self.region(), budget, Box::pin(run)).await
    }
}

/// What reads in the account of a session, within the budget of one run.
pub(crate) struct Connection<'a> {
    pub(crate) session: &'a Session,
    pub(crate) clients: Clients,
    pub(crate) budget: RunBudget,
}

impl Connection<'_> {
    pub(crate) fn query(&self) -> QueryClient<'_> {
        self.clients.query_client(&self.budget)
    }

    pub(crate) fn elb(&self) -> Elb<'_> {
        self.clients.elb(&self.budget)
    }

    pub(crate) fn reconciler(&self) -> Reconciler<'_> {
        self.session.service.reconciler(&self.clients, &self.session.request, &self.budget)
    }

    /// Lists the Region, as a run of `request` does.
    pub(crate) async fn discover(&self, request: &Request) -> Result<Discovery, CallError> {
        discover(&self.elb(), self.session.settings(), request, &self.session.service.history).await
    }
}

/// Every frontend of a listing. Of those that a run would reconcile, nothing else
/// is known.
pub(crate) fn listed(discovery: &Discovery) -> Vec<FrontendReport> {
    let frontends = discovery.frontends.iter();
    let frontends = frontends.map(|frontend| FrontendReport::of(frontend, Outcome::Converged));
    frontends.chain(discovery.rejected.iter().map(|rejected| rejected.report.clone())).collect()
}

/// The settings by flag, else by variable, else as the function has them, else by
/// default.
fn settings(
    common: &Common,
    demo: Option<&Simulator>,
    of_function: impl Fn(&str) -> Option<String>,
) -> Result<Settings, Problem> {
    let lookup = |name: &str| {
        let given = common.settings.get(name);
        let simulated = demo.filter(|_| name == "DNS_SERVERS").map(|demo| demo.dns_address().to_string());
        simulated.or(given).or_else(|| of_function(name)).or_else(|| settings::variable(name))
    };
    Settings::from_lookup(lookup).map_err(|invalid| Problem::Setting {
        spelt: common.settings.spelt(invalid.variable),
        value: invalid.value,
        wanted: invalid.wanted,
    })
}

/// Ignores variables of single services, as in AWS_ENDPOINT_URL_EKS.
#[derive(Debug)]
struct NoVariables;

impl LoadServiceConfig for NoVariables {
    fn load_config(&self, _: ServiceConfigKey<'_>) -> Option<String> {
        None
    }
}

/// A simulated account with a small fleet, in which time passes.
async fn demo() -> Result<Simulator, Problem> {
    let simulator =
        Simulator::start_with(eks_nlb_simulator::Options::default()).await.map_err(Problem::Demo)?;
    sample::fleet(&mut simulator.world());
    let world = simulator.shared_world();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            ticks.tick().await;
            if let Ok(mut world) = world.lock() {
                world.advance(TICK);
            }
        }
    });
    Ok(simulator)
}
