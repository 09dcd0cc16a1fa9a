//! Makes one AWS call, waits throttling out, and classifies failures.

use std::cell::Cell;
use std::error::Error;
use std::pin::Pin;

use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::{Instant, timeout_at};

use super::limiters::Limiters;
use super::response_guard::{LAST_STATUS, MAX_ANSWER_BYTES, is_too_long};
use super::unreachable::{cause_of, is_html};
use crate::error::{CallError, UnreachableCause, chain};
use crate::schedule::budget::RunBudget;
use crate::schedule::rate_limiter::{InFlight, RateLimiter};

/// Makes the calls of one run in one account and Region.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) limiters: &'a Limiters,
    pub(super) budget: &'a RunBudget,
    /// How often a throttled call is made; unlimited unless the operator chose
    /// the SDK's retries.
    pub(super) max_attempts: u32,
    /// Whether the call is given up where calls are spaced.
    pub(super) only_unspaced: bool,
    /// When the call is given up, also in the middle of an attempt.
    pub(super) until: Option<Instant>,
}

impl<'a> Caller<'a> {
    /// The same, but a call is made once, and only while calls are not spaced.
    pub(super) fn only_unspaced(self) -> Self {
        Self { max_attempts: 1, only_unspaced: true, ..self }
    }

    /// The same, but the call is given up at this time.
    pub(super) fn until(self, until: Instant) -> Self {
        Self { until: Some(until), ..self }
    }

    /// Makes `action`, a call as an IAM policy spells it: at the service's rate,
    /// and again while it is throttled and the run has time.
    pub(super) async fn call<T, E, F>(
        self,
        action: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, CallError>
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    {
        let mut throttled = None;
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.attempt(action, &call).await {
                Err(error @ CallError::Throttled { .. })
                    if attempts < self.max_attempts && !self.is_over() && !self.budget.is_stopping() =>
                {
                    throttled = Some(error);
                }
                // The run's time ended before the call was made again or answered. A
                // write without an answer may or may not have been accepted.
                Err(error @ CallError::NotStarted { .. }) => return Err(throttled.unwrap_or(error)),
                Err(error @ CallError::NotFinished { .. }) if is_read(action) => {
                    return Err(throttled.unwrap_or(error));
                }
                result => return result,
            }
        }
    }

    async fn attempt<T, E, F>(self, action: &'static str, call: &impl Fn() -> F) -> Result<T, CallError>
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    {
        let permit = self.permit(action).await?;
        let mut answer = None;
        // Each of the SDK's futures takes some 17 kB. Boxing them here keeps that size
        // out of the futures that await them. What is the same for all is compiled once.
        let call = call();
        let last_status = self.carry_out(action, Box::pin(async { answer = Some(call.await) })).await?;
        let result = match answer {
            Some(answer) => answer.map_err(|error| classify(action, &error, last_status)),
            None => Err(classify(action, &SdkError::<E, _>::timeout_error("no answer in time"), last_status)),
        };
        permit.settle(result.as_ref().err());
        result
    }

    /// Waits until the service's rate allows the call.
    async fn permit(self, action: &'static str) -> Result<Permit<'a>, CallError> {
        if let Some(pace) = self.limiters.pace_of(action) {
            self.wait(action, pace.acquire()).await?;
        }
        let (limiter, other) = self.limiters.of(action);
        let in_flight = if self.only_unspaced {
            let reason = || "the service refuses some calls for their rate".to_owned();
            let unspaced = self.wait(action, limiter.acquire_unspaced()).await?;
            unspaced.ok_or_else(|| CallError::Throttled { action, reason: reason() })?
        } else {
            self.wait(action, limiter.acquire()).await?
        };
        let other = match other {
            Some(other) => Some((other, self.wait(action, other.acquire()).await?)),
            None => None,
        };
        Ok(Permit { limiter, _in_flight: in_flight, other })
    }

    async fn wait<T>(self, action: &'static str, waiting: impl Future<Output = T>) -> Result<T, CallError> {
        let waited = self.budget.wait(action, self.in_time(waiting)).await?;
        waited.ok_or_else(|| {
            let reason = "the service's rate allows no call in time".to_owned();
            CallError::Throttled { action, reason }
        })
    }

    /// Makes one attempt, unless the call is given up before it ends. Returns the status
    /// of the last response.
    async fn carry_out(
        self,
        action: &'static str,
        attempt: Pin<Box<dyn Future<Output = ()> + Send + '_>>,
    ) -> Result<u16, CallError> {
        let noted = async {
            let done = self.in_time(self.budget.call(action, || attempt)).await;
            done.unwrap_or(Ok(())).map(|()| LAST_STATUS.with(Cell::get))
        };
        LAST_STATUS.scope(Cell::default(), noted).await
    }

    /// The result of `work`, unless the call is given up before.
    async fn in_time<T>(self, work: impl Future<Output = T>) -> Option<T> {
        match self.until {
            Some(until) => timeout_at(until, work).await.ok(),
            None => Some(work.await),
        }
    }

    /// Whether the call is given up by now.
    fn is_over(self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

/// The service's rate allows one call.
struct Permit<'a> {
    limiter: &'a RateLimiter,
    _in_flight: InFlight<'a>,
    /// The limiter of all calls, where the call has one of its own, too.
    other: Option<(&'a RateLimiter, InFlight<'a>)>,
}

impl Permit<'_> {
    /// Lets the limiters adapt to the result of the call.
    fn settle(self, error: Option<&CallError>) {
        match error {
            None => {
                self.limiter.accepted();
                self.other.inspect(|(other, _)| other.accepted());
            }
            Some(CallError::Throttled { .. }) => self.limiter.refused(),
            Some(_) => {}
        }
    }
}

/// Whether `action` changes nothing.
fn is_read(action: &str) -> bool {
    action.split_once(':').is_some_and(|(_, operation)| operation.starts_with("Describe"))
}

/// Reads page after page. A token that repeats is an error, because the listing
/// would never end.
pub(super) async fn all_pages<T, F>(
    action: &'static str,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), CallError>>,
{
    let mut items = Vec::new();
    let mut tokens = Vec::new();
    loop {
        let (page, next) = page(tokens.last().cloned()).await?;
        items.extend(page);
        match next.filter(|token| !token.is_empty()) {
            None => return Ok(items),
            Some(next) if tokens.contains(&next) => {
                return Err(malformed_response(action, "it announces the same page again and again"));
            }
            Some(next) => tokens.push(next),
        }
    }
}

/// A response that the service's API does not allow.
pub(super) fn malformed_response(action: &'static str, reason: impl Into<String>) -> CallError {
    CallError::Rejected { action, service_code: String::new(), reason: reason.into() }
}

/// Codes by which services say that IAM denies a call. The SDK models none.
const ACCESS_DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "AuthorizationError",
];

/// In place of a service's code: the response is longer than
/// [`MAX_ANSWER_BYTES`].
pub(super) const RESPONSE_TOO_LONG: &str = "ResponseTooLong";

/// Classifies the failure of a call whose last response had the status `last`, if it
/// had one.
fn classify<E>(action: &'static str, error: &SdkError<E, HttpResponse>, last: u16) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(refusal) => refused(action, refusal.raw(), refusal.err()),
        SdkError::ResponseError(response) if is_html(response.raw()) => {
            behind_a_proxy(action, response.raw())
        }
        SdkError::ResponseError(_) if is_too_long(error) => {
            let reason = format!("the response is longer than {MAX_ANSWER_BYTES} bytes");
            CallError::Rejected { action, service_code: RESPONSE_TOO_LONG.to_owned(), reason }
        }
        SdkError::TimeoutError(_) if last >= 500 => {
            let reason = format!("HTTP status {last} until the call was given up");
            CallError::Unavailable { action, reason }
        }
        SdkError::ConstructionFailure(_)
        | SdkError::TimeoutError(_)
        | SdkError::DispatchFailure(_)
        | SdkError::ResponseError(_)
        | _ => match cause_of(error) {
            Some(cause) => CallError::Unreachable { action, cause, reason: causes(error) },
            // The request cannot be made, for want of credentials or of an endpoint,
            // or the response cannot be read.
            None => CallError::Rejected { action, service_code: String::new(), reason: causes(error) },
        },
    }
}

fn refused(action: &'static str, raw: &HttpResponse, refusal: &impl ProvideErrorMetadata) -> CallError {
    let status = raw.status().as_u16();
    let service_code = refusal.code().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
    let reason = match refusal.message() {
        Some(text) => format!("{service_code}: {text}"),
        None => service_code.clone(),
    };
    if ACCESS_DENIED.contains(&service_code.as_str()) {
        CallError::AccessDenied { action, reason }
    } else if status == 429 || THROTTLING_ERRORS.contains(&service_code.as_str()) {
        CallError::Throttled { action, reason }
    } else if status == PROXY_AUTHENTICATION_REQUIRED || refusal.code().is_none() && is_html(raw) {
        behind_a_proxy(action, raw)
    } else if status >= 500 {
        CallError::Unavailable { action, reason }
    } else {
        CallError::Rejected { action, service_code, reason }
    }
}

/// No AWS service has this status.
const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;

fn behind_a_proxy(action: &'static str, raw: &HttpResponse) -> CallError {
    let page = if is_html(raw) { " with a page of HTML" } else { "" };
    let reason = format!("HTTP status {}{page}", raw.status().as_u16());
    CallError::Unreachable { action, cause: UnreachableCause::Proxy, reason }
}

/// The chain below an [`SdkError`], whose own message only names its variant.
fn causes<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    error.source().map_or_else(|| error.to_string(), chain)
}

#[cfg(test)]
mod tests;
