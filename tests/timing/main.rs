//! Runs whose outcome depends on time: Regions with more target groups than ELB
//! lets a run read, throttling, and health that is no longer fresh.
//!
//! Time is paused, so a minute's run takes as long as its work. AWS and DNS
//! answer in process.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test stops, and tells its figures")]

mod names;
mod old_health;
mod order;
mod roles;
mod sources;
mod throttling;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_config::Region;
use aws_sdk_eks::config::Credentials;
use eks_nlb_simulator::api::{Request, Response, respond};
use eks_nlb_simulator::dns::{self, Answered};
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY, Transport};
use eks_nlb_simulator::{Fault, Limits as Rates, SharedWorld, World};
use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::history::History;
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::publish::report::{FrontendReport, Report};
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::request::Request as RunRequest;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::{SdkRetries, Settings};
use eks_nlb_traffic::connector::{Aws, Connector};
use eks_nlb_traffic::in_memory_net::{InMemoryNet, NameServer};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The time-out of the function in `template.yaml`, and the interval of its
/// schedule.
const MINUTE: Duration = Duration::from_mins(1);

/// How long a call is on its way.
const LATENCY: Duration = Duration::from_millis(25);

/// AWS and DNS in process.
#[derive(Clone, Default)]
struct Wire {
    world: SharedWorld,
    /// When each call arrived, with its operation.
    arrived: Arc<Mutex<Vec<(Instant, String)>>>,
    /// Until when every call is refused.
    refuses_until: Arc<Mutex<Option<Instant>>>,
}

/// Every call of a run.
const OPERATIONS: [&str; 7] = [
    "DescribeLoadBalancers",
    "DescribeTargetGroups",
    "DescribeTags",
    "DescribeNetworkInterfaces",
    "DescribeCluster",
    "DescribeTargetHealth",
    "RegisterTargets",
];

impl Wire {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics with it")
    }

    /// Refuses every call until then.
    fn refuse_until(&self, until: Instant) {
        for operation in OPERATIONS {
            self.world().plant(Fault::on(operation).throttle());
        }
        *self.refuses_until.lock().expect("nobody panics with it") = Some(until);
    }

    /// Makes 30 calls a second, as other clients of the account: three times what
    /// is accepted.
    fn use_whole_rate(&self) -> JoinHandle<()> {
        let wire = self.clone();
        tokio::spawn(async move {
            let scope = format!("{ACCESS_KEY_ID}/20260101/{HOME_REGION}/elasticloadbalancing/aws4_request");
            let authorization =
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
            let mut calls = tokio::time::interval(Duration::from_millis(33));
            loop {
                calls.tick().await;
                let body = b"Action=DescribeLoadBalancers&Version=2015-12-01";
                let authorization = Some(authorization.as_str());
                let request = Request { method: "POST", target: "/", authorization, body };
                respond(&mut wire.world(), &request);
            }
        })
    }
}

impl Aws for Wire {
    type Delivered = ();

    fn latency(&self) -> Duration {
        LATENCY
    }

    fn answer(&self, request: &Request<'_>) -> Option<(Response, ())> {
        let mut world = self.world();
        let mut refuses_until = self.refuses_until.lock().expect("nobody panics with it");
        if refuses_until.take_if(|until| Instant::now() >= *until).is_some() {
            world.clear_faults();
        }
        let response = respond(&mut world, request);
        let call = world.requests().last().expect("it was just recorded");
        let arrived = (Instant::now(), call.operation.clone());
        self.arrived.lock().expect("nobody panics with it").push(arrived);
        Some((response, ()))
    }
}

impl NameServer for Wire {
    fn answer(&self, _: SocketAddr, question: &[u8], transport: Transport) -> Vec<Answered> {
        vec![dns::answer(&mut self.world(), question, transport)]
    }
}

/// A function in a Region.
struct Function {
    wire: Wire,
    service: Service<InMemoryNet<Wire>>,
}

fn cluster(n: usize) -> (String, [String; 2]) {
    let (high, low) = (n / 250, n % 250);
    (format!("cluster-{n}"), [format!("10.{high}.{low}.10"), format!("10.{high}.{low}.11")])
}

impl Function {
    /// In a Region with `clusters` converged clusters, behind ELB's `rates`.
    async fn start(clusters: usize, rates: Rates) -> Self {
        let wire = Wire::default();
        for n in 0..clusters {
            let (name, addresses) = cluster(n);
            let mut world = wire.world();
            world.add_cluster(&name, addresses.each_ref().map(String::as_str));
            let frontend = world.add_frontend(&name);
            world.put_targets(&frontend.target_group, addresses);
        }
        wire.world().set_limits(Some(rates));
        Self::with_tag(wire, "eks-nlb-sync=enabled").await
    }

    /// Several functions in one account, each with a cluster and a tag of its own.
    async fn start_beside_each_other(functions: usize, rates: Rates) -> Vec<Self> {
        let wire = Wire::default();
        let mut started = Vec::new();
        for n in 0..functions {
            let (name, addresses) = cluster(n);
            {
                let mut world = wire.world();
                world.add_cluster(&name, addresses.each_ref().map(String::as_str));
                let frontend = world.add_frontend(&name);
                world.put_targets(&frontend.target_group, addresses);
                let tags = &mut world.load_balancer_mut(&frontend.load_balancer).tags;
                tags.insert("function".to_owned(), name.clone());
            }
            started.push(Self::with_tag(wire.clone(), &format!("function={name}")).await);
        }
        wire.world().set_limits(Some(rates));
        started
    }

    async fn with_tag(wire: Wire, tag: &str) -> Self {
        // Retries and spaced calls are jittered: the same in every test run.
        fastrand::seed(0);
        let settings = Settings::from_lookup(|name| match name {
            "DNS_SERVERS" => Some("192.0.2.53".to_owned()),
            "NLB_TAG" => Some(tag.to_owned()),
            _ => None,
        });
        let settings = settings.expect("valid");
        let home = config::loader(Connector(wire.clone()), SdkRetries::default())
            .region(Region::from_static(HOME_REGION))
            .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test"))
            .load();
        let account = Account::new(home.await, SdkRetries::default()).expect("there is a Region");
        let resolver = Resolver::with_provider(&settings, &InMemoryNet::to(wire.clone()));
        let resolver = resolver.expect("name servers are given");
        let service = Service { history: History::new(0), ..Service::new(settings, account, resolver) };
        Self { wire, service }
    }

    /// One run, and the rest of its minute.
    async fn run(&self) -> Report {
        let begun = Instant::now();
        let report = self.run_within(MINUTE).await;
        tokio::time::sleep_until(begun + MINUTE).await;
        report
    }

    /// One run that has this much time.
    async fn run_within(&self, time: Duration) -> Report {
        self.try_run_within(time).await.expect("it can list")
    }

    async fn try_run_within(&self, time: Duration) -> Result<Report, CallError> {
        self.run_request(&RunRequest::default(), time).await
    }

    async fn run_request(&self, request: &RunRequest, time: Duration) -> Result<Report, CallError> {
        let budget = RunBudget::new(self.service.settings.max_concurrency, time);
        self.service.run(request, "test", &budget).await
    }

    /// Moves the control planes of the first `n` clusters.
    fn move_clusters(&self, n: usize) {
        for n in 0..n {
            let addresses =
                [format!("10.{}.{}.20", n / 250, n % 250), format!("10.{}.{}.21", n / 250, n % 250)];
            self.wire.world().rotate(&cluster(n).0, addresses.each_ref().map(String::as_str));
        }
    }

    /// ELB's calls since this was last asked, and how many were refused.
    fn calls(&self) -> (Vec<(Instant, String)>, usize) {
        let mut arrived = std::mem::take(&mut *self.wire.arrived.lock().expect("nobody panics with it"));
        arrived.retain(|(_, operation)| operation != "DescribeCluster");
        let mut world = self.wire.world();
        let refused = world.requests().iter().filter(|call| call.error.is_some()).count();
        world.clear_requests();
        (arrived, refused)
    }
}

fn was_looked_at(frontend: &FrontendReport) -> bool {
    frontend.current.is_some()
}

/// A lookup that begins before the run knows how many frontends it will report
/// still leaves time for the report: half a second, and 2 ms for each frontend.
#[tokio::test(start_paused = true)]
async fn lookups_that_hang_leave_time_for_the_report() {
    const TIME: Duration = Duration::from_secs(4);
    let function = Function::start(200, Rates::NEWER).await;
    function.run().await;
    function.wire.world().plant(Fault::on("DescribeCluster").silence());
    let begun = Instant::now();

    let report = function.run_within(TIME).await;

    assert_eq!(
        report.failures().filter(|(_, failure)| failure.code == FailureCode::DeadlineExceeded).count(),
        200
    );
    let left = TIME.saturating_sub(begun.elapsed());
    assert!(left >= Duration::from_millis(500 + 2 * 200), "{left:?}");
}
