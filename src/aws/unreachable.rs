//! Names the cause where a service cannot be reached, by the types of the errors
//! that the SDK passes on.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};

use super::http_client::ThroughProxy;
use crate::error::UnreachableCause;

/// Why the call got no response; `None` if that has nothing to do with the
/// network: no credentials, or no endpoint.
pub(super) fn cause_of<E>(error: &SdkError<E, HttpResponse>) -> Option<UnreachableCause>
where
    E: Error + 'static,
{
    let errors = || chain(error);
    if errors().any(is_untrusted) {
        Some(UnreachableCause::Certificate)
    } else if errors().any(|error| error.is::<ThroughProxy>() || is_no_tls(error)) {
        Some(UnreachableCause::Proxy)
    } else if errors().any(<dyn Error>::is::<ResolveDnsError>) {
        Some(UnreachableCause::Name)
    } else if matches!(error, SdkError::TimeoutError(_)) || errors().any(is_connection) {
        Some(UnreachableCause::Route)
    } else {
        None
    }
}

/// Whether trying again cannot help: the certificate is not trusted.
pub(super) fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Whether something other than a TLS server answers.
fn is_no_tls(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidMessage(_)))
}

/// Whether a connection was refused, was lost, or took too long.
fn is_connection(error: &(dyn Error + 'static)) -> bool {
    let is_failed =
        |error: &ConnectorError| error.is_io() || error.is_timeout() || error.as_other().is_some();
    error.downcast_ref().is_some_and(is_failed)
}

/// An error and all its causes. An [`io::Error`] holds the error that it was
/// made of as its payload; its `source` is that error's source.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|payload| payload as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// Whether a response is HTML. No AWS service sends HTML.
pub(super) fn is_html(response: &HttpResponse) -> bool {
    let kind = response.headers().get("content-type").unwrap_or_default();
    let body = response.body().bytes().unwrap_or_default().trim_ascii_start();
    let starts = |text: &[u8], start: &str| {
        text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()))
    };
    starts(kind.as_bytes(), "text/html") || starts(body, "<!doctype html") || starts(body, "<html")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::retry::ErrorKind;

    use super::*;

    #[test]
    fn only_a_connection_that_failed_is_blamed_on_the_route() {
        let source = || "an error".into();
        for (error, cause) in [
            (ConnectorError::io(source()), Some(UnreachableCause::Route)),
            (ConnectorError::timeout(source()), Some(UnreachableCause::Route)),
            // The connection was closed in the middle of a response.
            (ConnectorError::other(source(), Some(ErrorKind::TransientError)), Some(UnreachableCause::Route)),
            (ConnectorError::other(source(), None), None),
            (ConnectorError::user(source()), None),
        ] {
            let message = format!("{error:?}");
            let error = SdkError::<Infallible, HttpResponse>::dispatch_failure(error);
            assert_eq!(cause_of(&error), cause, "{message}");
        }
    }

    #[test]
    fn html_is_known_by_its_type_or_its_start() {
        for (kind, body, expected) in [
            ("text/html; charset=utf-8", "", true),
            ("", "\n<!DOCTYPE html><p>", true),
            ("", "<HTML><body>", true),
            ("text/xml", "<ErrorResponse><html>", false),
            ("application/json", "{}", false),
            ("", "<ht", false),
        ] {
            let mut response = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(body));
            response.headers_mut().insert("content-type", kind);
            assert_eq!(is_html(&response), expected, "{kind}, {body}");
        }
    }
}
