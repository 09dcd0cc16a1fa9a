//! Takes the answer of an AWS call, and says why it failed.

use std::error::Error;

use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{AwsError, CallError, DeadlineExceeded, chain};

/// Takes the answer of a call that [`Limits`] let through. `action` is the call
/// as an IAM policy spells it.
pub(super) fn answer<T, E>(
    action: &'static str,
    answer: Result<Result<T, SdkError<E, HttpResponse>>, DeadlineExceeded>,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    answer?.map_err(|error| classify(action, &error).into())
}

/// Asks for page after page. A marker that comes back unchanged would go on for ever.
pub(super) async fn all_pages<T, F>(
    action: &'static str,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), CallError>>,
{
    let mut items = Vec::new();
    let mut marker = None;
    loop {
        let (page, next) = page(marker.clone()).await?;
        items.extend(page);
        match next {
            None => return Ok(items),
            next if next == marker => {
                return Err(CallError::Aws(unusable(action, "the same page is announced for ever")));
            }
            next => marker = next,
        }
    }
}

/// An answer that the service's API does not allow.
pub(super) fn unusable(action: &'static str, reason: impl Into<String>) -> AwsError {
    AwsError::Rejected { action, service_code: String::new(), reason: reason.into() }
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
