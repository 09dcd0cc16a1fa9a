//! Makes the clients of the account and Region that a run acts in.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_eks::config::{IdentityCache, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::ec2::operation::DescribeNetworkInterfaces;
use super::elb::paces::Paces;
use super::{answers, config, ec2, eks, elb, sts};
use crate::error::CallError;
use crate::limits::Limits;
use crate::model::{Expected, Scope};

/// Credentials of an assumed role are replaced this long before they expire:
/// no run takes longer.
const RENEWAL_MARGIN: Duration = Duration::from_mins(15);

/// The account and Region of the function itself, and the clients of the
/// scopes that it acts in.
pub struct Account {
    home: SdkConfig,
    home_clients: Clients,
    /// The clients of the last run that acted elsewhere.
    elsewhere: Mutex<Option<(Scope, Clients)>>,
}

/// The clients of one account and Region.
#[derive(Clone)]
pub struct Clients {
    /// The Region acted in.
    pub region: String,
    eks: aws_sdk_eks::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    elb_paces: Paces,
    interfaces: DescribeNetworkInterfaces,
    /// When the credentials of an assumed role are replaced.
    renewal: Option<SystemTime>,
    /// What the last full run was about.
    expected: Arc<StdMutex<Expected>>,
}

/// The function has no Region, so there is nowhere to call.
#[derive(Debug, thiserror::Error)]
#[error("no Region: set AWS_REGION")]
pub struct NoRegion;

impl Account {
    /// Takes the function's own configuration, and makes the clients of its
    /// own account and Region.
    ///
    /// # Errors
    ///
    /// [`NoRegion`] outside Lambda, which always sets one.
    pub fn new(home: SdkConfig) -> Result<Self, NoRegion> {
        let region = home.region().ok_or(NoRegion)?.as_ref().to_owned();
        let home_clients = Clients::new(region, &home, None);
        Ok(Self { home, home_clients, elsewhere: Mutex::new(None) })
    }

    /// The Region of `scope`.
    #[must_use]
    pub fn region<'a>(&'a self, scope: &'a Scope) -> &'a str {
        scope.region.as_ref().map_or(&self.home_clients.region, |region| region.as_str())
    }

    /// The clients for `scope`: those of the last run that acted there, if
    /// their credentials still hold. `session` names the run to whoever reads
    /// the trail of an assumed role.
    ///
    /// # Errors
    ///
    /// The role cannot be assumed.
    pub async fn clients(&self, scope: &Scope, session: &str, limits: &Limits) -> Result<Clients, CallError> {
        if *scope == Scope::default() {
            return Ok(self.home_clients.clone());
        }
        let mut elsewhere = self.elsewhere.lock().await;
        match &*elsewhere {
            Some((of, clients)) if of == scope && !clients.is_due(SystemTime::now()) => Ok(clients.clone()),
            _ => {
                // Not even for a moment are there clients of two scopes.
                *elsewhere = None;
                let clients = self.new_clients(scope, session, limits).await?;
                *elsewhere = Some((scope.clone(), clients.clone()));
                Ok(clients)
            }
        }
    }

    /// Forgets the credentials of the last run, which may have been revoked.
    pub async fn forget(&self) {
        *self.elsewhere.lock().await = None;
    }

    async fn new_clients(&self, scope: &Scope, session: &str, limits: &Limits) -> Result<Clients, CallError> {
        let (config, renewal) = self.config_in(scope, session, limits).await?;
        Ok(Clients::new(self.region(scope).to_owned(), &config, renewal))
    }

    /// The configuration to act in `scope`, and when its credentials are to be
    /// replaced.
    pub(super) async fn config_in(
        &self,
        scope: &Scope,
        session: &str,
        limits: &Limits,
    ) -> Result<(SdkConfig, Option<SystemTime>), CallError> {
        let mut config = self.home.to_builder();
        if let Some(region) = &scope.region {
            config.set_region(Region::new(region.as_str().to_owned()));
        }
        let mut renewal = None;
        if let Some(role) = &scope.role {
            let credentials = sts::assume(role, session, &self.home, limits).await?;
            renewal = credentials.expiry().and_then(|expiry| expiry.checked_sub(RENEWAL_MARGIN));
            config.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
            // The home configuration's cache would keep them for as long as the process lives.
            config.set_identity_cache(Some(IdentityCache::no_cache()));
        }
        Ok((config.build(), renewal))
    }
}

impl Clients {
    fn new(region: String, config: &SdkConfig, renewal: Option<SystemTime>) -> Self {
        let attempts = config.retry_config().map_or(1, RetryConfig::max_attempts);
        let elb_paces = Paces::new(attempts);
        let eks = aws_sdk_eks::config::Builder::from(config).retry_partition(config::retry_quota("eks"));
        let elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(config)
            .retry_partition(config::retry_quota("elasticloadbalancing"))
            .interceptor(answers::WholeXml)
            .interceptor(elb_paces.clone())
            .retry_classifier(elb_paces.clone());
        Self {
            region,
            eks: aws_sdk_eks::Client::from_conf(eks.build()),
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()),
            elb_paces,
            interfaces: DescribeNetworkInterfaces::new(config),
            renewal,
            expected: Arc::default(),
        }
    }

    /// EKS, within `limits`.
    #[must_use]
    pub fn eks<'a>(&'a self, limits: &'a Limits) -> eks::Eks<'a> {
        eks::Eks { client: &self.eks, limits }
    }

    /// ELB, within `limits`.
    #[must_use]
    pub fn elb<'a>(&'a self, limits: &'a Limits) -> elb::Elb<'a> {
        elb::Elb { client: &self.elb, limits, paces: &self.elb_paces }
    }

    /// EC2, within `limits`.
    #[must_use]
    pub fn ec2<'a>(&'a self, limits: &'a Limits) -> ec2::Ec2<'a> {
        ec2::Ec2 { operation: &self.interfaces, limits }
    }

    /// What the next run is likely to be about: the same as the last full run.
    #[must_use]
    pub fn expected(&self) -> Expected {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of what a full run is about.
    pub fn expect(&self, expected: Expected) {
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = expected;
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.renewal.is_some_and(|renewal| renewal <= now)
    }
}
