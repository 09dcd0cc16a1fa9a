//! Refuses answers that are too long or cut off, which the SDK would accept.
//!
//! 1. [`Bounded`]: the SDK reads an answer whole before it looks at it, however
//!    long. Without a limit the other end decides how much memory is used.
//! 2. [`WholeXml`]: the SDK's XML deserialisers stop at the end of the input as
//!    if the document ended there. A partial list would be taken for a whole
//!    one, and a target group whose tags are cut off for one without tags. HTTP
//!    notices most cuts, but not a cut that a proxy made before it.
//!
//! We found no issue about either in smithy-rs or aws-sdk-rust (searched in
//! November 2026). Each can be deleted once `tests/hostile` passes without.

use std::cell::Cell;
use std::error::Error;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::{LengthLimitError, Limited};

use super::unreachable::{chain, is_untrusted};

/// The most bytes that an answer may have: more than twice the longest one, the
/// tags of 20 resources. Each has at most 50 tags of 128 and 256 characters,
/// which is 1.6 MB if every character takes four bytes. A page of 400 load
/// balancers has some 0.8 MB.
pub const MAX_ANSWER_BYTES: usize = 4 << 20;

tokio::task_local! {
    /// The status of the last response to a call, whichever attempt it was. The error
    /// of a call that takes too long does not contain the responses.
    pub(super) static LAST_STATUS: Cell<u16>;
}

/// Whether a response was longer than [`MAX_ANSWER_BYTES`].
pub(super) fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(<dyn Error>::is::<LengthLimitError>)
}

/// Stops the SDK from retrying where a retry must fail again: the response is
/// too long, or the certificate is not trusted.
#[derive(Debug)]
pub(super) struct FinalErrors;

impl ClassifyRetry for FinalErrors {
    fn name(&self) -> &'static str {
        "FinalErrors"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if is_too_long(error) || chain(error).any(is_untrusted) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }
}

/// An HTTP client whose answers end in an error at [`MAX_ANSWER_BYTES`].
#[derive(Debug)]
pub(super) struct Bounded<C>(pub(super) C);

impl<C: HttpClient> HttpClient for Bounded<C> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            // Calls for credentials have no such value.
            _ = LAST_STATUS.try_with(|last| last.set(answer.status().as_u16()));
            Ok(answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, MAX_ANSWER_BYTES))))
        })
    }
}

/// Rejects a success whose XML does not end with its first element.
#[derive(Debug)]
pub(super) struct WholeXml;

/// The answer ends before its document does.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut off, or no XML")]
struct CutOff;

#[dyn_dispatch_hint]
impl Intercept for WholeXml {
    fn name(&self) -> &'static str {
        "WholeXml"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A call that has failed already keeps its error: the SDK would log
        // that one error replaces another.
        let is_cut_off = context.output_or_error().is_ok()
            && context.response().body().bytes().is_some_and(|document| !is_whole(document));
        if is_cut_off { Err(CutOff.into()) } else { Ok(()) }
    }
}

/// Whether an XML document ends with the end of its first element. The SDK
/// checks that it is well formed up to there.
fn is_whole(document: &[u8]) -> bool {
    let first =
        document.split(|byte| *byte == b'<').find(|tag| tag.first().is_some_and(u8::is_ascii_alphabetic));
    let ends_name = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let name = first.and_then(|tag| tag.split(ends_name).next());
    let last = document.trim_ascii_end().strip_suffix(b">").map(<[u8]>::trim_ascii_end);
    match (name, last) {
        (Some(name), Some(last)) => last.strip_suffix(name).is_some_and(|rest| rest.ends_with(b"</")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_document_ends_with_what_it_began_with() {
        for whole in ["<a></a>", "<?xml version=\"1.0\"?>\n<a x=\"y\"><b/></a>\n", "<!-- a --><a>\n</a >"] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
        for other in ["", "a", "<a>", "<a><b></b>", "<a></a", "<a></", "<a>x/a>", "<a></ba>", "{}", "<?xml?>"]
        {
            assert!(!is_whole(other.as_bytes()), "{other}");
        }
    }
}
