//! Serves the AWS APIs over HTTP or HTTPS on loopback.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_rustls::TlsAcceptor;

use crate::api::{self, Delivery, respond};
use crate::http::{Payload, Request, Reset, Response, Task, listen, serve};
use crate::{SharedWorld, lock};

/// The AWS APIs of a world, on a port.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    in_flight: Arc<InFlight>,
    _task: Task,
}

impl Server {
    /// Serves `world` on `port`; 0 for any.
    pub(crate) async fn start(world: SharedWorld, port: u16, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let (listener, address) = listen(port).await?;
        let in_flight = Arc::new(InFlight::default());
        let counter = Arc::clone(&in_flight);
        let task = serve(listener, tls, move |request| {
            let (world, counter) = (Arc::clone(&world), Arc::clone(&counter));
            async move {
                let _flying = counter.enter();
                answer(&world, &request).await
            }
        });
        Ok(Self { address, in_flight, _task: task })
    }

    /// The most requests that were being answered at the same time.
    pub(crate) fn max_in_flight(&self) -> usize {
        self.in_flight.most.load(Ordering::Relaxed)
    }
}

async fn answer(world: &SharedWorld, request: &Request) -> Result<Response, Reset> {
    let header = request.headers().get(http::header::AUTHORIZATION);
    let response = respond(
        &mut lock(world),
        &api::Request {
            method: request.method().as_str(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()),
            authorization: header.and_then(|value| value.to_str().ok()),
            body: request.body(),
        },
    );
    if !response.delay.is_zero() {
        tokio::time::sleep(response.delay).await;
    }
    deliver(response).await
}

async fn deliver(response: api::Response) -> Result<Response, Reset> {
    let length = response.body.len();
    let payload = match response.delivery {
        Delivery::Whole => Payload::whole(response.body),
        Delivery::Truncated => Payload::cut_off(response.body.slice(..length / 2)),
        Delivery::Reset => return Err(Reset),
        Delivery::Silence => std::future::pending().await,
    };
    let mut built =
        http::Response::builder().status(response.status).header(http::header::CONTENT_LENGTH, length);
    for (name, value) in response.headers {
        built = built.header(name, value);
    }
    // Only a fault with a status or code that HTTP cannot carry fails here.
    Ok(built.body(payload).expect("a fault's status and code must fit into HTTP"))
}

/// How many requests are being answered, and how many at most were.
#[derive(Debug, Default)]
struct InFlight {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl InFlight {
    fn enter(&self) -> Flying<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Flying(self)
    }
}

/// One request that is being answered.
struct Flying<'a>(&'a InFlight);

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An address that accepts connections and never answers.
#[derive(Debug)]
pub struct SilentAddress {
    /// The address.
    pub address: SocketAddr,
    // The kernel completes handshakes; nothing ever accepts.
    _listener: TcpListener,
}

impl SilentAddress {
    /// Opens one on loopback.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok(Self { address: listener.local_addr()?, _listener: listener })
    }
}

/// An address on loopback that refuses connections.
///
/// # Errors
///
/// If no port is free.
pub fn closed_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
