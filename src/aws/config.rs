//! Configures the SDK for every client: time-outs and retries.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_sdk_eks::config::retry::{RetryMode, RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::HttpClient;

pub use super::endpoint::{MalformedUrl, check_given_urls};
pub use super::http_client::{InvalidEnvironment, https};
use super::response_guard;
use crate::settings::SdkRetries;

/// Budget for connecting: one lost SYN is sent again after 1 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Budget for one attempt, connecting included. A page of 400 load balancers
/// takes a fraction of a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Attempts per call, the first included. Standard retries rather than
/// adaptive ones, which take more than twice as long to get a large Region
/// through ELB's token buckets: `make measure` compares them.
const MAX_ATTEMPTS: u32 = 12;

/// Longest back-off before the second attempt; doubles up to [`MAX_BACKOFF`].
const INITIAL_BACKOFF: Duration = Duration::from_millis(500);

/// Longest back-off before any attempt.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// Budget for one call: the longest back-offs add up to 19.5 s, so a call that
/// is throttled throughout ends as throttled, not as timed out. The
/// function's time-out in `template.yaml` is three times this.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);

/// The one policy of retries and time-outs of every AWS client. Region,
/// credentials and endpoints are still to be loaded.
///
/// `sdk_retries` leaves the retries to the SDK's own variables.
pub fn loader(http_client: impl HttpClient + 'static, sdk_retries: SdkRetries) -> ConfigLoader {
    let http_client = response_guard::Bounded(http_client);
    let loader = aws_config::defaults(behavior_version()).http_client(http_client).timeout_config(
        TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build(),
    );
    if sdk_retries != SdkRetries::default() {
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

/// The SDK's defaults that are not set here.
pub(super) fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::latest()
}

/// The tokens that a service's retries borrow: none for a throttled call,
/// [`RETRY_COST`] for any other.
///
/// With the SDK's default, fifty to a hundred retries use up the tokens, and
/// every call that fails after that fails at once. A large Region needs more:
/// it waits for ELB's request rate, or for a service that fails for a moment,
/// and [`RunBudget`](crate::schedule::budget::RunBudget) already bounds the calls in
/// flight.
pub(super) fn retry_quota(service: &'static str) -> RetryPartition {
    let quota = TokenBucket::builder()
        .capacity(RETRY_QUOTA)
        .retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .throttling_retry_cost(0)
        .refill_rate(RETRY_QUOTA_PER_SECOND)
        .build();
    RetryPartition::custom(service).token_bucket(quota).build()
}

/// Tokens a retry borrows from [`RETRY_QUOTA`]; a success returns them.
const RETRY_COST: u32 = 10;

/// Retries of calls that fail at the same time: 200, some five for each of 40
/// frontends. While a service is down, its calls use them up and are then made
/// once each.
const RETRY_QUOTA: usize = 2000;

/// Tokens that return to [`RETRY_QUOTA`] by themselves, so that a frontend that
/// fails in every run does not use them up for the others: all of them in two
/// minutes.
const RETRY_QUOTA_PER_SECOND: f32 = 16.0;
