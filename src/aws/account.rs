//! Makes the clients of the account and Region that a run acts in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_eks::config::{IdentityCache, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::call::Caller;
use super::ec2::operation::DescribeNetworkInterfaces;
use super::limiters::{Limiters, ThrottlingIsWaitedOut};
use super::{config, ec2, eks, elb, response_guard, sts};
use crate::error::CallError;
use crate::model::Scope;
use crate::schedule::budget::RunBudget;
use crate::settings::SdkRetries;

/// Credentials of an assumed role are replaced this long before they expire: no
/// run takes longer.
const RENEWAL_MARGIN: Duration = Duration::from_mins(15);

/// The account and Region of the function itself.
#[derive(Debug)]
pub struct Account {
    home: SdkConfig,
    clients: Clients,
    /// How often a throttled call is made.
    max_attempts: u32,
}

/// The clients of one account and Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The Region acted in.
    pub region: String,
    config: SdkConfig,
    eks: aws_sdk_eks::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    interfaces: DescribeNetworkInterfaces,
    limiters: Arc<Limiters>,
    max_attempts: u32,
    /// When the credentials of an assumed role are replaced.
    renewal: Option<SystemTime>,
}

/// The clients of the last run that acted in another scope than the home scope,
/// with the credentials of the role that it assumed.
#[derive(Debug, Default)]
pub struct AssumedRole(Mutex<Option<(Scope, Clients)>>);

/// The environment names no AWS Region.
#[derive(Debug, thiserror::Error)]
#[error("no Region: set AWS_REGION")]
pub struct NoRegion;

impl Account {
    /// Takes the function's own configuration, and makes the clients of its own
    /// account and Region. `AWS_MAX_ATTEMPTS` says how often a throttled call is made; if
    /// it is not set, the call is made again while the run has time.
    ///
    /// # Errors
    ///
    /// [`NoRegion`] outside Lambda, which always sets one.
    pub fn new(home: SdkConfig, sdk_retries: SdkRetries) -> Result<Self, NoRegion> {
        let region = home.region().ok_or(NoRegion)?.as_ref().to_owned();
        let attempts = || home.retry_config().map_or(1, RetryConfig::max_attempts);
        let max_attempts = if sdk_retries.attempts { attempts() } else { u32::MAX };
        let clients = Clients::new(region, home.clone(), max_attempts, None);
        Ok(Self { home, clients, max_attempts })
    }

    /// The time, by the SDK's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.home.time_source().map_or_else(SystemTime::now, |clock| clock.now())
    }

    /// The Region of `scope`.
    #[must_use]
    pub fn region<'a>(&'a self, scope: &'a Scope) -> &'a str {
        scope.region.as_ref().map_or(&self.clients.region, |region| region.as_str())
    }

    /// The clients for `scope`: those of the last run that acted there, if their
    /// credentials are still valid. `session` names the run in the CloudTrail
    /// events of an assumed role.
    ///
    /// # Errors
    ///
    /// The role cannot be assumed.
    pub async fn clients(
        &self,
        scope: &Scope,
        session: &str,
        budget: &RunBudget,
        assumed: &AssumedRole,
    ) -> Result<Clients, CallError> {
        if *scope == Scope::default() {
            return Ok(self.clients.clone());
        }
        let mut assumed = assumed.0.lock().await;
        match &*assumed {
            Some((of, clients)) if of == scope && !clients.is_due(self.now()) => Ok(clients.clone()),
            _ => {
                // The clients of two scopes never exist at the same time.
                *assumed = None;
                let clients = self.new_clients(scope, session, budget).await?;
                *assumed = Some((scope.clone(), clients.clone()));
                Ok(clients)
            }
        }
    }

    async fn new_clients(
        &self,
        scope: &Scope,
        session: &str,
        budget: &RunBudget,
    ) -> Result<Clients, CallError> {
        let mut config = self.home.to_builder();
        if let Some(region) = &scope.region {
            config.set_region(Region::new(region.as_str().to_owned()));
        }
        let mut renewal = None;
        if let Some(role) = &scope.role {
            let caller = self.clients.caller(budget);
            let credentials = sts::assume(role, session, &self.home, caller).await?;
            renewal = credentials.expiry().and_then(|expiry| expiry.checked_sub(RENEWAL_MARGIN));
            config.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
            // The home configuration's cache would keep them for as long as the process lives.
            config.set_identity_cache(Some(IdentityCache::no_cache()));
        }
        let region = self.region(scope).to_owned();
        Ok(Clients::new(region, config.build(), self.max_attempts, renewal))
    }
}

impl AssumedRole {
    /// Drops the credentials, so that the next run assumes the role again.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl Clients {
    fn new(region: String, config: SdkConfig, max_attempts: u32, renewal: Option<SystemTime>) -> Self {
        let eks = aws_sdk_eks::config::Builder::from(&config)
            .retry_partition(config::retry_quota("eks"))
            .retry_classifier(response_guard::FinalErrors)
            .retry_classifier(ThrottlingIsWaitedOut);
        let elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(&config)
            .retry_partition(config::retry_quota("elasticloadbalancing"))
            .interceptor(response_guard::WholeXml)
            .retry_classifier(response_guard::FinalErrors)
            .retry_classifier(ThrottlingIsWaitedOut);
        Self {
            region,
            eks: aws_sdk_eks::Client::from_conf(eks.build()),
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()),
            interfaces: DescribeNetworkInterfaces::new(&config),
            config,
            limiters: Arc::default(),
            max_attempts,
            renewal,
        }
    }

    /// EKS, within `budget`.
    #[must_use]
    pub fn eks<'a>(&'a self, budget: &'a RunBudget) -> eks::Eks<'a> {
        eks::Eks { client: &self.eks, caller: self.caller(budget) }
    }

    /// ELB, within `budget`.
    #[must_use]
    pub fn elb<'a>(&'a self, budget: &'a RunBudget) -> elb::Elb<'a> {
        elb::Elb { client: &self.elb, caller: self.caller(budget) }
    }

    /// EC2, within `budget`.
    #[must_use]
    pub fn ec2<'a>(&'a self, budget: &'a RunBudget) -> ec2::Ec2<'a> {
        ec2::Ec2 { operation: &self.interfaces, caller: self.caller(budget) }
    }

    /// The configuration of the clients: Region, credentials, retries.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The rates at which AWS accepts calls.
    #[must_use]
    pub fn limiters(&self) -> &Limiters {
        &self.limiters
    }

    pub(super) fn caller<'a>(&'a self, budget: &'a RunBudget) -> Caller<'a> {
        let (limiters, max_attempts) = (&*self.limiters, self.max_attempts);
        Caller { limiters, budget, max_attempts, only_unspaced: false, until: None }
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.renewal.is_some_and(|renewal| renewal <= now)
    }
}
