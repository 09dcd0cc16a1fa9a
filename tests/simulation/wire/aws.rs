//! Carries the SDK's requests to the world in process: an HTTP client without
//! sockets.

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

use crate::stage::{Seat, SharedStage, lock};

/// The way of one process to AWS.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) stage: SharedStage,
    pub(crate) seat: Seat,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("seat", &self.seat).finish_non_exhaustive()
    }
}

impl HttpClient for Connection {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { stage, seat } = self.clone();
        HttpConnectorFuture::new(async move {
            let way = lock(&stage).way();
            pass(way).await;
            let request = Request {
                method: request.method(),
                target: path_and_query(request.uri()),
                authorization: request.headers().get("authorization"),
                body: request.body().bytes().unwrap_or_default(),
            };
            let called = lock(&stage).call(seat, &request);
            let Some((response, heard)) = called else { return pending().await };
            pass(response.delay).await;
            // Who has given up by now does not come here.
            lock(&stage).arrives(seat, heard);
            deliver(response).await
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
    let status = status.try_into().expect("a status");
    let mut delivered = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in headers {
        delivered.headers_mut().insert(name, value);
    }
    Ok(delivered)
}

/// What follows the host in `url`.
fn path_and_query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// Waits, unless there is nothing to wait for.
async fn pass(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
