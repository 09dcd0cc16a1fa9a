//! Configures the AWS SDK and makes every call within a run's limits.
//!
//! The adapters below are the only users of SDK types: [`eks`] reads clusters,
//! [`elb`] reads and writes target groups, [`sts`] assumes roles. [`answers`]
//! bounds what any of them may be told. Nothing above the SDK retries: the next
//! scheduled run does.

pub mod answers;
pub mod eks;
pub mod elb;
pub mod sts;

use std::error::Error;
use std::future::Future;
use std::num::NonZeroU16;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_sdk_eks::config::SharedCredentialsProvider;
use aws_sdk_eks::config::retry::{RetryMode, RetryPartition, TokenBucket};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::error::{AwsError, chain};
use crate::request::{self, Scope};

/// Budget for connecting: one lost SYN is sent again after 1 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Budget for one attempt, connecting included. A page of 400 load balancers
/// takes a fraction of a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Attempts per call, the first included. Standard retries rather than
/// adaptive ones, which take more than twice as long to get a large Region
/// through ELB's token buckets: see docs/performance.md.
const MAX_ATTEMPTS: u32 = 12;

/// Longest back-off before the second attempt; doubles up to [`MAX_BACKOFF`].
const INITIAL_BACKOFF: Duration = Duration::from_millis(500);

/// Longest back-off before any attempt.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// Budget for one call: the longest back-offs add up to 19.5 s, so a call that
/// is throttled throughout is told so, and not that it timed out. The
/// function's time-out in `template.yaml` is three times this.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);

/// Credentials of an assumed role are replaced this long before they expire:
/// no run takes longer.
const RENEWAL_MARGIN: Duration = Duration::from_mins(15);

/// The one HTTP client of every AWS client.
#[must_use]
pub fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https()
}

/// The one policy of retries and time-outs of every AWS client. Region,
/// credentials and endpoints are still to be loaded.
///
/// `sdk_retries` leaves the retries to the SDK's own variables.
pub fn config(http_client: impl HttpClient + 'static, sdk_retries: bool) -> ConfigLoader {
    let http_client = answers::Bounded(http_client);
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client).timeout_config(
        TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build(),
    );
    if sdk_retries {
        return loader;
    }
    loader.retry_config(
        RetryConfig::standard()
            .with_retry_mode(RetryMode::Standard)
            .with_max_attempts(MAX_ATTEMPTS)
            .with_initial_backoff(INITIAL_BACKOFF)
            .with_max_backoff(MAX_BACKOFF),
    )
}

/// The SDK's allowance for retries, in which a throttled call costs nothing
/// and any other [`RETRY_COST`].
///
/// By default some fifty to a hundred of them use it up, and whatever fails
/// after that fails at once. Here [`Limits`] bounds the calls in flight, so
/// that waiting for ELB's tokens, or for a service that fails for a moment, is
/// all that a large Region needs.
fn retry_quota(service: &'static str) -> RetryPartition {
    let quota = TokenBucket::builder()
        .capacity(RETRY_QUOTA)
        .retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .throttling_retry_cost(0)
        .refill_rate(RETRY_QUOTA_PER_SECOND)
        .build();
    RetryPartition::custom(service).token_bucket(quota).build()
}

/// What a retry takes out of [`RETRY_QUOTA`] until it succeeds.
const RETRY_COST: u32 = 10;

/// Retries of calls that fail at the same time: 200, some five for each of 40
/// frontends. A service that is down for good uses them up, and then costs one
/// attempt a call.
const RETRY_QUOTA: usize = 2000;

/// What flows back into [`RETRY_QUOTA`], so that a frontend that fails in every
/// run does not use it up for the others: a whole quota in two minutes.
const RETRY_QUOTA_PER_SECOND: f32 = 16.0;

/// Where the function is at home, and the clients of whom it last acted as.
pub struct Account {
    home: SdkConfig,
    last: Mutex<Option<(Scope, Clients)>>,
}

/// The clients of one account and Region.
#[derive(Clone)]
pub struct Clients {
    /// The Region acted in.
    pub region: String,
    eks: aws_sdk_eks::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    /// When the credentials of an assumed role are replaced.
    renewal: Option<SystemTime>,
}

/// The function has no Region, so there is nowhere to call.
#[derive(Debug, thiserror::Error)]
#[error("no Region: set AWS_REGION")]
pub struct NoRegion;

impl Account {
    /// Takes the function's own configuration.
    ///
    /// # Errors
    ///
    /// [`NoRegion`] outside Lambda, which always sets one.
    pub fn new(home: SdkConfig) -> Result<Self, NoRegion> {
        home.region().ok_or(NoRegion)?;
        Ok(Self { home, last: Mutex::new(None) })
    }

    /// The Region of `scope`.
    #[must_use]
    pub fn region<'a>(&'a self, scope: &'a Scope) -> &'a str {
        let home = || self.home.region().map(Region::as_ref);
        scope.region.as_ref().map(request::Region::as_str).or_else(home).unwrap_or_default()
    }

    /// The clients for `scope`, those of the last run if it was the same and
    /// its credentials still hold.
    ///
    /// # Errors
    ///
    /// The role cannot be assumed.
    pub async fn clients(&self, scope: &Scope, limits: &Limits) -> Result<Clients, AwsError> {
        let mut last = self.last.lock().await;
        match &*last {
            Some((of, clients)) if of == scope && !clients.is_due(SystemTime::now()) => Ok(clients.clone()),
            _ => {
                let clients = self.new_clients(scope, limits).await?;
                *last = Some((scope.clone(), clients.clone()));
                Ok(clients)
            }
        }
    }

    /// Forgets whom the last run acted as: its credentials may have been revoked.
    pub async fn forget(&self) {
        *self.last.lock().await = None;
    }

    async fn new_clients(&self, scope: &Scope, limits: &Limits) -> Result<Clients, AwsError> {
        let mut config = self.home.to_builder();
        if let Some(region) = &scope.region {
            config.set_region(Region::new(region.as_str().to_owned()));
        }
        let mut renewal = None;
        if let Some(role) = &scope.role {
            let credentials = sts::assume(role, &self.home, limits).await?;
            renewal = credentials.expiry().and_then(|expiry| expiry.checked_sub(RENEWAL_MARGIN));
            config.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
        }
        let config = config.build();
        let eks = aws_sdk_eks::config::Builder::from(&config).retry_partition(retry_quota("eks"));
        let elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(&config)
            .retry_partition(retry_quota("elasticloadbalancing"))
            .interceptor(answers::WholeXml);
        Ok(Clients {
            region: self.region(scope).to_owned(),
            eks: aws_sdk_eks::Client::from_conf(eks.build()),
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()),
            renewal,
        })
    }
}

impl Clients {
    /// EKS, within `limits`.
    #[must_use]
    pub fn eks<'a>(&'a self, limits: &'a Limits) -> eks::Eks<'a> {
        eks::Eks { client: &self.eks, limits }
    }

    /// ELB, within `limits`.
    #[must_use]
    pub fn elb<'a>(&'a self, limits: &'a Limits) -> elb::Elb<'a> {
        elb::Elb { client: &self.elb, limits }
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.renewal.is_some_and(|renewal| renewal <= now)
    }
}

/// The limits of one run, which every AWS call keeps.
pub struct Limits {
    in_flight: Semaphore,
    deadline: Instant,
}

impl Limits {
    /// At most `max_concurrency` calls at once, and none after `deadline`.
    #[must_use]
    pub fn new(max_concurrency: NonZeroU16, deadline: Instant) -> Self {
        Self { in_flight: Semaphore::new(max_concurrency.get().into()), deadline }
    }

    /// Makes one call when its turn comes. `action` is the call as an IAM
    /// policy spells it.
    fn call<T, E>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> impl Future<Output = Result<T, AwsError>>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // The SDK's futures are some 17 kB each. Boxed, they do not add up in
        // the futures around them.
        let call = Box::pin(call);
        async move {
            let in_turn = async {
                // The semaphore is never closed, so there is always a permit to wait for.
                let _permit = self.in_flight.acquire().await;
                self.in_time(action)?;
                call.await.map_err(|error| classify(action, &error))
            };
            self.within(action, in_turn).await?
        }
    }

    /// Takes one step of the run unless its time is up before the step ends.
    ///
    /// # Errors
    ///
    /// [`AwsError::DeadlineExceeded`], which names the step.
    pub async fn within<T>(&self, step: &'static str, work: impl Future<Output = T>) -> Result<T, AwsError> {
        // What no longer fits is not started: `timeout_at` would still poll it once.
        self.in_time(step)?;
        timeout_at(self.deadline, work).await.map_err(|_| AwsError::DeadlineExceeded { step })
    }

    fn in_time(&self, step: &'static str) -> Result<(), AwsError> {
        if Instant::now() < self.deadline { Ok(()) } else { Err(AwsError::DeadlineExceeded { step }) }
    }
}

/// Codes by which services say that IAM refuses; none of them is modelled.
const ACCESS_DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "AuthorizationError",
];

fn classify<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(refusal) => {
            let status = refusal.raw().status().as_u16();
            let service_code =
                refusal.err().code().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
            let reason = match refusal.err().message() {
                Some(text) => format!("{service_code}: {text}"),
                None => service_code.clone(),
            };
            if ACCESS_DENIED.contains(&service_code.as_str()) {
                AwsError::AccessDenied { action, reason }
            } else if status == 429 || THROTTLING_ERRORS.contains(&service_code.as_str()) {
                AwsError::Throttled { action, reason }
            } else {
                AwsError::Rejected { action, service_code, reason }
            }
        }
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
            AwsError::Unreachable { action, reason: causes(error) }
        }
        // The request could not be built, or the answer not be read.
        SdkError::ConstructionFailure(_) | SdkError::ResponseError(_) | _ => {
            AwsError::Rejected { action, service_code: String::new(), reason: causes(error) }
        }
    }
}

/// The chain below an [`SdkError`], whose own message only names its variant.
fn causes<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    error.source().map_or_else(|| error.to_string(), chain)
}
