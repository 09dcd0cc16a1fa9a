//! Serves a Kubernetes API that knows one thing: whether it is ready.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::net::TcpListener;

use super::Authority;
use crate::http::{Payload, Request, Response, Task, serve};

/// An API server at an address, until it is stopped or dropped.
#[derive(Debug)]
pub struct ApiServer {
    address: SocketAddr,
    task: Task,
}

impl ApiServer {
    /// Starts one that has a certificate of its own for `host`.
    ///
    /// # Errors
    ///
    /// If the address is taken, or is not this machine's.
    pub async fn start(address: SocketAddr, authority: &Authority, host: &str) -> io::Result<Self> {
        let acceptor = authority.acceptor(&[host])?;
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = serve(listener, Some(acceptor), |request| async move { Ok(answer(&request)) });
        Ok(Self { address, task })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it, its connections with it: then the address refuses.
    pub async fn stop(self) {
        self.task.stop().await;
    }
}

fn answer(request: &Request) -> Response {
    let (status, body) = match request.uri().path() {
        "/readyz" => (200, "ok"),
        _ => (404, "404 page not found"),
    };
    let built = http::Response::builder().status(status).header("content-type", "text/plain");
    built.body(Payload::whole(Bytes::from_static(body.as_bytes()))).expect("a valid status")
}
