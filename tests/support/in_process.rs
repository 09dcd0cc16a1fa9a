//! An HTTP client that opens no socket: what the SDK asks is answered in the
//! same process.

use std::fmt;
use std::future::pending;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use eks_nlb_simulator::api::{Delivery, Request, Response};

/// Who answers the SDK.
pub(crate) trait Aws: Clone + Send + Sync + 'static {
    /// What is answered, and how it is delivered. Its delay has passed already.
    fn answer(&self, request: &Request<'_>) -> impl Future<Output = Response> + Send;
}

/// The way of a client to AWS.
#[derive(Clone)]
pub(crate) struct InProcess<A>(pub(crate) A);

impl<A> fmt::Debug for InProcess<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl<A: Aws> HttpClient for InProcess<A> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<A: Aws> HttpConnector for InProcess<A> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(aws) = self.clone();
        HttpConnectorFuture::new(async move {
            let uri = request.uri();
            let path = uri.split_once("://").map_or(uri, |(_, rest)| rest);
            let request = Request {
                method: request.method(),
                target: path.find('/').map_or("/", |at| &path[at..]),
                authorization: request.headers().get("authorization"),
                body: request.body().bytes().unwrap_or_default(),
            };
            deliver(aws.answer(&request).await).await
        })
    }
}

async fn deliver(response: Response) -> Result<HttpResponse, ConnectorError> {
    let Response { status, headers, body, delivery, .. } = response;
    match delivery {
        Delivery::Whole => {}
        // HTTP says how long a body is, so half of one is none.
        Delivery::Truncated => return Err(ConnectorError::io("connection closed in the body".into())),
        Delivery::Reset => return Err(ConnectorError::io("connection reset".into())),
        Delivery::Silence => pending().await,
    }
    let mut delivered = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
    for (name, value) in headers {
        delivered.headers_mut().insert(name, value);
    }
    Ok(delivered)
}
