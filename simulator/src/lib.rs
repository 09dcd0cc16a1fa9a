//! A simulated AWS account at the wire; sends nothing beyond loopback.
//!
//! A [`Simulator`] serves one [`World`] to the program under test: ELBv2, EKS,
//! EC2's network interfaces and STS over HTTP or HTTPS, the supporting resources
//! that `eks-nlb doctor` reads, a resolver over UDP and TCP, and the Lambda
//! Runtime API. It simulates the wire and AWS's refusals, so the code under test
//! needs neither traits nor mocks. Nothing listens at a target's address.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use eks_nlb_simulator::Simulator;
//!
//! let sim = Simulator::start().await;
//! let frontend = {
//!     let mut world = sim.world();
//!     world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
//!     world.add_frontend("payments")
//! };
//! // Start the program with `sim.env()`, invoke it through `sim.runtime()`,
//! // and see what it did:
//! assert!(sim.world().targets(&frontend.target_group).is_empty());
//! # });
//! ```
//!
//! Like everything made for tests, it panics when it is used wrongly.

pub mod api;
pub mod dns;
pub mod faults;
mod http;
pub mod journal;
pub mod process;
mod refusal;
pub mod runtime_api;
pub mod sample;
mod scope;
mod server;
pub mod throttle;
mod tls;
pub mod troubles;
pub mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

pub use journal::Recorded;
pub use runtime_api::{Answer, RuntimeApi};
pub use server::{SilentAddress, closed_address};
pub use throttle::Limits;
pub use tls::authority_until;
pub use world::{Frontend, Health, TargetState, World};

use dns::NameServer;
use runtime_api::FUNCTION_NAME;
use server::Server;
use tls::Tls;
use world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY};

/// Something that goes wrong with certain calls.
pub type Fault = faults::Fault<World>;

/// A world that servers, tests and in-process clients share.
pub type SharedWorld = Arc<Mutex<World>>;

/// The world, even if a test panicked while it had it.
fn lock(world: &SharedWorld) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How to serve a world. The default is plain HTTP on free ports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Serve the AWS APIs over HTTPS, with an authority of its own.
    pub https: bool,
    /// The port of the AWS APIs; 0 for any.
    pub port: u16,
    /// The port of the resolver; 0 for any.
    pub dns_port: u16,
    /// The port of the Runtime API; 0 for any.
    pub runtime_port: u16,
}

/// A simulated AWS, served on loopback until it is dropped.
#[derive(Debug)]
pub struct Simulator {
    world: SharedWorld,
    server: Server,
    names: NameServer,
    runtime: RuntimeApi,
    authority: Option<NamedTempFile>,
}

impl Simulator {
    /// Serves an empty world over HTTP.
    pub async fn start() -> Self {
        let started = Self::start_with(Options::default()).await;
        started.expect("loopback has free ports")
    }

    /// Serves an empty world.
    ///
    /// # Errors
    ///
    /// If a port is taken, or the authority's file cannot be written.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        let world = SharedWorld::default();
        let tls = if options.https { Some(Tls::make()?) } else { None };
        let (acceptor, authority) = tls.map(|tls| (tls.acceptor, tls.authority)).unzip();
        Ok(Self {
            server: Server::start(Arc::clone(&world), options.port, acceptor).await?,
            names: NameServer::start(Arc::clone(&world), options.dns_port).await?,
            runtime: RuntimeApi::start(options.runtime_port).await?,
            world,
            authority,
        })
    }

    /// The world, for as long as the guard lives. Servers wait for it, so drop
    /// the guard before you await anything.
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// The same world, shared: for an HTTP client that calls [`api::respond`]
    /// itself.
    #[must_use]
    pub fn shared_world(&self) -> SharedWorld {
        Arc::clone(&self.world)
    }

    /// The Lambda Runtime API.
    #[must_use]
    pub fn runtime(&self) -> &RuntimeApi {
        &self.runtime
    }

    /// The URL of all AWS APIs: the value of `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.server.address)
    }

    /// The resolver.
    #[must_use]
    pub fn dns_address(&self) -> SocketAddr {
        self.names.address
    }

    /// The most AWS requests that were being answered at the same time.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        self.server.max_in_flight()
    }

    /// The variables that point the function, or any AWS client, here.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let runtime = self.runtime.address().to_string();
        let dns = self.dns_address().to_string();
        let authority = self.authority.as_ref().map(|file| file.path().display().to_string());
        let variables = [
            ("AWS_ENDPOINT_URL", Some(self.endpoint_url())),
            ("SSL_CERT_FILE", authority),
            ("DNS_SERVERS", Some(dns)),
            ("AWS_REGION", Some(HOME_REGION.to_owned())),
            ("AWS_DEFAULT_REGION", Some(HOME_REGION.to_owned())),
            ("AWS_ACCESS_KEY_ID", Some(ACCESS_KEY_ID.to_owned())),
            ("AWS_SECRET_ACCESS_KEY", Some(SECRET_ACCESS_KEY.to_owned())),
            ("AWS_EC2_METADATA_DISABLED", Some("true".to_owned())),
            ("AWS_LAMBDA_RUNTIME_API", Some(runtime)),
            ("AWS_LAMBDA_FUNCTION_NAME", Some(FUNCTION_NAME.to_owned())),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Some("128".to_owned())),
            ("AWS_LAMBDA_FUNCTION_VERSION", Some("$LATEST".to_owned())),
            ("AWS_LAMBDA_LOG_GROUP_NAME", Some(format!("/aws/lambda/{FUNCTION_NAME}"))),
            ("AWS_LAMBDA_LOG_STREAM_NAME", Some("simulator".to_owned())),
            ("AWS_LAMBDA_LOG_FORMAT", Some("JSON".to_owned())),
        ];
        let set = variables.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        set.collect()
    }
}
