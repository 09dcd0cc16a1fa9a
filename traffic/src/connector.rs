//! An HTTP client without sockets: what the SDK sends is answered in the same
//! process, and in simulated time.

use std::fmt;
use std::future::pending;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use eks_nlb_simulator::api::{Delivery, Request, Response};

/// Who answers AWS calls.
pub trait Aws: Clone + Send + Sync + 'static {
    /// Travels with an answer; passed to [`Aws::arrives`] when that arrives.
    type Delivered: Send;

    /// How long the next call is on its way.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }

    /// Answers a call; `None` if the process that made it has been killed.
    fn answer(&self, request: &Request<'_>) -> Option<(Response, Self::Delivered)>;

    /// The answer arrives, and its caller still waits for it.
    fn arrives(&self, _heard: Self::Delivered) {}
}

/// The way to AWS.
#[derive(Clone)]
pub struct Connector<A>(pub A);

impl<A> fmt::Debug for Connector<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl<A: Aws> HttpClient for Connector<A> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<A: Aws> HttpConnector for Connector<A> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(aws) = self.clone();
        HttpConnectorFuture::new(async move {
            pass(aws.latency()).await;
            let request = Request {
                method: request.method(),
                target: path_and_query(request.uri()),
                authorization: request.headers().get("authorization"),
                body: request.body().bytes().unwrap_or_default(),
            };
            let Some((response, delivered)) = aws.answer(&request) else { return pending().await };
            pass(response.delay).await;
            aws.arrives(delivered);
            deliver(response).await
        })
    }
}

async fn deliver(response: Response) -> Result<HttpResponse, ConnectorError> {
    let Response { status, headers, body, delivery, .. } = response;
    match delivery {
        Delivery::Whole => {}
        // HTTP says how long a body is, so a partial body is an error.
        Delivery::Truncated => return Err(ConnectorError::io("connection closed in the body".into())),
        Delivery::Reset => return Err(ConnectorError::io("connection reset".into())),
        Delivery::Silence => pending().await,
    }
    let status = status.try_into().expect("a status");
    let mut delivered = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in headers {
        delivered.headers_mut().insert(name, value);
    }
    Ok(delivered)
}

/// The part of `url` after the host.
fn path_and_query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// Waits for `time`; does not yield where that is zero.
async fn pass(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
