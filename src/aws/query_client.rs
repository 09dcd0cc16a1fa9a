//! Reads from any AWS service what only the command line needs.
//!
//! Credentials, retries, time-outs, endpoints and rate limits are those of the
//! other clients.

use aws_config::SdkConfig;
use aws_smithy_query::QueryWriter;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;

use super::account::Clients;
use super::call::{Caller, all_pages, malformed_response};
use super::config;
use super::ec2::answer::refusal as ec2_refusal;
use super::endpoint::{SERVICES, Service};
use super::sdk_plugin;
use super::unreachable::is_html;
use super::xml::{Element, Unreadable};
use crate::error::CallError;
use crate::schedule::budget::RunBudget;

/// Reads in the account and Region of some clients.
#[derive(Clone, Copy)]
pub struct QueryClient<'a> {
    config: &'a SdkConfig,
    caller: Caller<'a>,
}

impl Clients {
    /// What reads in the same account and Region, within `budget`.
    #[must_use]
    pub fn query_client<'a>(&'a self, budget: &'a RunBudget) -> QueryClient<'a> {
        QueryClient { config: self.config(), caller: self.caller(budget) }
    }
}

impl QueryClient<'_> {
    /// The result of a call of a service that speaks the query protocol. `action` is
    /// the call as an IAM policy spells it.
    ///
    /// # Errors
    ///
    /// The call fails, or its answer is broken.
    pub async fn xml(
        &self,
        action: &'static str,
        parameters: &[(String, String)],
    ) -> Result<Element, CallError> {
        let (service, operation) = service_of(action)?;
        let version =
            service.query_version.ok_or_else(|| malformed_response(action, "the service speaks no XML"))?;
        let mut form = String::new();
        let mut query = QueryWriter::new(&mut form, operation, version);
        for (name, value) in parameters {
            query.prefix(name).string(value);
        }
        query.finish();
        let document = self.bytes(action, service, operation, Request::Form(form)).await?;
        let answer = Element::read(&document);
        let answer = answer.map_err(|error| malformed_response(action, error.to_string()))?;
        // Other services than EC2 put all but the request's id into a result.
        Ok(answer.into_child(&format!("{operation}Result")))
    }

    /// What `read` takes from each page of a list. The token of the next page is
    /// `answered` in a response and `asked` in a request.
    ///
    /// # Errors
    ///
    /// A page fails, or is announced again: a partial list is never returned.
    pub async fn xml_pages<T>(
        &self,
        action: &'static str,
        parameters: &[(String, String)],
        (asked, answered): (&str, &str),
        read: impl Fn(&Element) -> Result<Vec<T>, Unreadable>,
    ) -> Result<Vec<T>, CallError> {
        let pages = all_pages(action, async |token| {
            let token = token.map(|token| (asked.to_owned(), token));
            let parameters: Vec<_> = parameters.iter().cloned().chain(token).collect();
            let page = self.xml(action, &parameters).await?;
            let next = page.text_of(answered).map(Some);
            let page = read(&page).and_then(|items| Ok((items, next?)));
            page.map_err(|error| malformed_response(action, error.to_string()))
        });
        pages.await
    }

    /// Reads `path` from a service whose protocol is JSON.
    ///
    /// # Errors
    ///
    /// The call fails, or its answer is broken.
    pub async fn json(&self, action: &'static str, path: String) -> Result<Value, CallError> {
        let (service, operation) = service_of(action)?;
        let document = self.bytes(action, service, operation, Request::Get(path)).await?;
        serde_json::from_slice(&document).map_err(|error| malformed_response(action, error.to_string()))
    }

    /// What `read` takes from each page of a list in JSON. The token of the next page
    /// is `answered` in a response and `asked` in the query of `path`, which has one.
    ///
    /// # Errors
    ///
    /// A page fails, or is announced again: a partial list is never returned.
    pub async fn json_pages<T>(
        &self,
        action: &'static str,
        path: &str,
        (asked, answered): (&str, &str),
        read: impl Fn(&Value) -> Vec<T>,
    ) -> Result<Vec<T>, CallError> {
        let pages = all_pages(action, async |token| {
            let page = self.json(action, page_of(path, asked, token)).await?;
            let next = page.get(answered).and_then(Value::as_str).map(str::to_owned);
            Ok((read(&page), next))
        });
        pages.await
    }

    async fn bytes(
        &self,
        action: &'static str,
        service: Service,
        operation: &'static str,
        request: Request,
    ) -> Result<Vec<u8>, CallError> {
        let operation = Operation::builder()
            .service_name(service.name)
            .operation_name(operation)
            .behavior_version(config::behavior_version())
            .serializer(Request::http)
            .deserializer(read)
            .runtime_plugin(sdk_plugin::plugin(self.config, service))
            .build();
        self.caller.call(action, || operation.invoke(request.clone())).await
    }
}

/// The service and the operation of `action`.
fn service_of(action: &'static str) -> Result<(Service, &'static str), CallError> {
    let (prefix, operation) = action.split_once(':').unwrap_or_default();
    let known = SERVICES.into_iter().find(|service| service.actions == prefix);
    Ok((known.ok_or_else(|| malformed_response(action, "no such service is known"))?, operation))
}

/// `path` of the page that starts at `token`.
fn page_of(path: &str, asked: &str, token: Option<String>) -> String {
    token.map_or_else(|| path.to_owned(), |token| format!("{path}&{asked}={}", escaped(&token)))
}

/// `text` as a value in a URL.
#[must_use]
pub fn escaped(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let escape =
        |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// A request as it is sent.
#[derive(Clone, Debug)]
enum Request {
    Form(String),
    Get(String),
}

impl Request {
    fn http(self) -> Result<HttpRequest, BoxError> {
        match self {
            Self::Form(form) => sdk_plugin::form(form),
            Self::Get(path) => {
                let mut request = HttpRequest::new(SdkBody::empty());
                request.set_method("GET")?;
                request.set_uri(path)?;
                Ok(request)
            }
        }
    }
}

/// The document of a success, or a refusal.
fn read(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let document = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        // It could be taken for a document without the requested fields.
        let is_html = is_html(response);
        return if is_html { Err(OrchestratorError::other("HTML")) } else { Ok(document.to_owned()) };
    }
    let refusal = match response.headers().get("x-amzn-errortype") {
        Some(code) => json_refusal(code, document),
        None => query_refusal(document).unwrap_or_else(|| ec2_refusal(document)),
    };
    Err(OrchestratorError::operation(refusal))
}

/// The code may be followed by a URL.
fn json_refusal(code: &str, document: &[u8]) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(document).unwrap_or_default();
    let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
    ErrorMetadata::builder()
        .code(code.split(':').next().unwrap_or_default())
        .message(message.unwrap_or_default())
        .build()
}

/// The form of all services but EC2.
fn query_refusal(document: &[u8]) -> Option<ErrorMetadata> {
    let refused = Element::read(document).ok()?;
    let error = refused.child("Error").ok()??;
    let (code, message) = (error.text_of("Code").ok()?, error.text_of("Message").ok()?);
    Some(ErrorMetadata::builder().code(code).message(message).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_code_and_message_in_each_protocol() {
        let query =
            b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        for refusal in [
            json_refusal("AccessDenied:http://internal.amazon.com/", br#"{"message":"no"}"#),
            json_refusal("AccessDenied", br#"{"Message":"no"}"#),
            query_refusal(query).unwrap(),
        ] {
            assert_eq!((refusal.code(), refusal.message()), (Some("AccessDenied"), Some("no")));
        }
        assert!(query_refusal(b"nonsense").is_none());
    }

    #[test]
    fn a_value_of_a_url_holds_nothing_that_ends_it() {
        assert_eq!(escaped("Az09-._~"), "Az09-._~");
        assert_eq!(page_of("/?size=9", "token", None), "/?size=9");
        assert_eq!(page_of("/?size=9", "token", Some("a+/=&b".to_owned())), "/?size=9&token=a%2B%2F%3D%26b");
        assert_eq!(escaped("a/b?c&d=e+f %g:é"), "a%2Fb%3Fc%26d%3De%2Bf%20%25g%3A%C3%A9");
    }
}
