//! Opens the account that a command acts in, and makes runs in it.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY};
use eks_nlb_simulator::{Simulator, sample};
use eks_nlb_sync::aws::account::{Account, Clients};
use eks_nlb_sync::aws::ask::Ask;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::dns::Resolver;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::limits::Limits;
use eks_nlb_sync::model::{ClusterName, Role, Scope};
use eks_nlb_sync::reconcile::Mode;
use eks_nlb_sync::report::Report;
use eks_nlb_sync::settings::{self, Settings};
use eks_nlb_sync::turns::Turns;

use crate::args::Common;
use crate::problem::Problem;
use crate::progress;

/// The time of one run. A Region that is too large for it is read in the next
/// run, as by the function.
const TIME: Duration = Duration::from_mins(10);

/// What the trail of an assumed role says of who acted.
const ROLE_SESSION: &str = "eks-nlb";

/// How often simulated time catches up with real time.
const TICK: Duration = Duration::from_millis(200);

/// An account and Region, with the settings to act in it.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) clusters: Option<BTreeSet<ClusterName>>,
    pub(crate) scope: Scope,
    pub(crate) turns: Turns,
    pub(crate) resolver: Resolver,
    account: Account,
    _demo: Option<Simulator>,
}

impl Session {
    /// Opens the account that flags and environment name. Calls AWS only where
    /// credentials are to be fetched.
    pub(crate) async fn open(common: &Common) -> Result<Self, Problem> {
        let demo = if common.demo { Some(demo().await?) } else { None };
        let settings = settings(common, demo.as_ref())?;
        let role = common.role_arn.clone().map(|arn| Role::new(arn, common.external_id.clone()));
        let scope = Scope { region: None, role: role.transpose()? };

        let mut loader = config::loader(config::https(), settings.sdk_retries);
        if let Some(region) = &common.region {
            loader = loader.region(Region::new(region.as_str().to_owned()));
        }
        if let Some(simulator) = &demo {
            let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "demo");
            loader = loader.endpoint_url(simulator.endpoint_url()).credentials_provider(credentials);
            loader = loader.region(Region::from_static(HOME_REGION));
        }
        let home = Box::pin(loader.load()).await;
        if home.region().is_none() {
            return Err(Problem::NoRegion);
        }
        // The SDK would say of missing credentials that a call cannot be sent.
        if let Some(provider) = home.credentials_provider() {
            provider.provide_credentials().await.map_err(Problem::Credentials)?;
        }
        Ok(Self {
            resolver: Resolver::new(&settings).map_err(|error| Problem::Resolver(error.to_string()))?,
            settings,
            clusters: Some(common.clusters.iter().cloned().collect())
                .filter(|names: &BTreeSet<_>| !names.is_empty()),
            account: Account::new(home).map_err(|_| Problem::NoRegion)?,
            scope,
            turns: Turns::new(RandomState::new().hash_one(std::process::id())),
            _demo: demo,
        })
    }

    /// The Region acted in.
    pub(crate) fn region(&self) -> &str {
        self.account.region(&self.scope)
    }

    /// Lets the next run assume its role anew.
    pub(crate) async fn forget_credentials(&self) {
        self.account.forget().await;
    }

    /// The limits of one run that begins now.
    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.settings.max_concurrency, TIME)
    }

    pub(crate) async fn clients(&self, limits: &Limits) -> Result<Clients, Problem> {
        Ok(self.account.clients(&self.scope, ROLE_SESSION, limits).await?)
    }

    /// Asks what no run asks.
    pub(crate) async fn ask<'a>(&self, limits: &'a Limits) -> Result<Ask<'a>, CallError> {
        self.account.ask(&self.scope, ROLE_SESSION, limits).await
    }

    /// Makes one run that writes, unless `stop` comes first: it then ends
    /// between writes, and never between the registration and the
    /// deregistration of one frontend.
    pub(crate) async fn apply(&self, stop: impl Future<Output = ()>) -> Result<Option<Report>, Problem> {
        self.run_until(Mode::Apply, stop).await
    }

    /// Makes one run unless `stop` comes first: see [`Session::apply`].
    pub(crate) async fn run_until(
        &self,
        mode: Mode,
        stop: impl Future<Output = ()>,
    ) -> Result<Option<Report>, Problem> {
        let limits = self.limits();
        tokio::select! {
            report = self.run_within(mode, &limits) => report.map(Some),
            _nobody_writes = async { stop.await; limits.stop().await } => Ok(None),
        }
    }

    /// Makes one run that only reads.
    pub(crate) async fn plan(&self) -> Result<Report, Problem> {
        self.run_within(Mode::DryRun, &self.limits()).await
    }

    async fn run_within(&self, mode: Mode, limits: &Limits) -> Result<Report, Problem> {
        let clients = self.clients(limits).await?;
        let clusters = self.clusters.as_ref();
        let run =
            eks_nlb_sync::sync(&self.settings, clusters, mode, &clients, &self.resolver, &self.turns, limits);
        Ok(progress::of_run(self.region(), limits, &self.turns, Box::pin(run)).await?)
    }
}

/// The settings by flag, else by variable, else by default.
fn settings(common: &Common, demo: Option<&Simulator>) -> Result<Settings, Problem> {
    let lookup = |name: &str| {
        let given = common.settings.get(name);
        let simulated = demo.filter(|_| name == "DNS_SERVERS").map(|demo| demo.dns_address().to_string());
        simulated.or(given).or_else(|| settings::variable(name))
    };
    Settings::from_lookup(lookup).map_err(|invalid| Problem::Setting {
        spelt: common.settings.spelt(invalid.variable),
        value: invalid.value,
        wanted: invalid.wanted,
    })
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
