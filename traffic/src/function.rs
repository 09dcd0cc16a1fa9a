//! The shipped function over the simulated wire: its settings, clients and
//! resolver. What runs in it is what Lambda runs.

use std::net::SocketAddr;
use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use eks_nlb_simulator::api::{Request, Response, respond};
use eks_nlb_simulator::dns::{self, Answered};
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, MANAGED_TAG, SECRET_ACCESS_KEY, Transport};
use eks_nlb_simulator::{SharedWorld, World};
use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::history::History;
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::publish::report::Report;
use eks_nlb_sync::request;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::Settings;

use crate::clock::SimulatedClock;
use crate::connector::{Aws, Connector};
use crate::in_memory_net::{InMemoryNet, NameServer};
use crate::sources::Source;

/// The time that a run is given, in simulated time.
const TIME: Duration = Duration::from_mins(1);

/// A process of the function.
pub struct Function<N: NameServer> {
    /// What runs.
    pub service: Service<InMemoryNet<N>>,
}

impl<N: NameServer> Function<N> {
    /// Starts a process that calls `aws` and queries `names`, with a new
    /// [`SimulatedClock`].
    pub async fn between(settings: Settings, aws: impl Aws, names: N) -> Self {
        let clock = SimulatedClock::default();
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "simulation");
        let home = config::loader(Connector(aws), settings.sdk_retries)
            .region(Region::from_static(HOME_REGION))
            .credentials_provider(credentials)
            .time_source(clock)
            .load();
        let account = Account::new(Box::pin(home).await, settings.sdk_retries).expect("there is a Region");
        let resolver = Resolver::with_provider(&settings, &InMemoryNet::to(names));
        let resolver = resolver.expect("name servers are given");
        let service = Service { history: History::new(0), ..Service::new(settings, account, resolver) };
        Self { service }
    }

    /// One run, as the handler makes it.
    ///
    /// # Errors
    ///
    /// Discovery fails.
    pub async fn run(&self, request: &request::Request) -> Result<Report, CallError> {
        let budget = RunBudget::new(self.service.settings.max_concurrency, TIME);
        Box::pin(self.service.run(request, "simulation", &budget)).await
    }
}

/// AWS and DNS of a world, without injected faults.
#[derive(Clone)]
pub struct Undisturbed(pub SharedWorld);

impl Undisturbed {
    fn with<T>(&self, does: impl FnOnce(&mut World) -> T) -> T {
        does(&mut self.0.lock().expect("no holder of the world panics"))
    }
}

impl Aws for Undisturbed {
    type Delivered = ();

    fn answer(&self, request: &Request<'_>) -> Option<(Response, ())> {
        Some((self.with(|world| respond(world, request)), ()))
    }
}

impl NameServer for Undisturbed {
    fn answer(&self, _: SocketAddr, question: &[u8], transport: Transport) -> Vec<Answered> {
        vec![self.with(|world| dns::answer(world, question, transport))]
    }
}

/// A process with this `ADDRESS_SOURCE`, which is also the value of the tag of
/// its load balancer. All other settings are the default.
pub async fn start(world: &SharedWorld, source: Source) -> Function<Undisturbed> {
    let settings = Settings::from_lookup(|name| match name {
        "DNS_SERVERS" => Some("10.0.0.2".to_owned()),
        "ADDRESS_SOURCE" => Some(source.as_str().to_owned()),
        "NLB_TAG" => Some(format!("{}={}", MANAGED_TAG.0, source.as_str())),
        _ => None,
    });
    let here = Undisturbed(world.clone());
    Function::between(settings.expect("they are valid"), here.clone(), here).await
}
