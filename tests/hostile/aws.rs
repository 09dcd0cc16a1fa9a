//! AWS in process, over HTTP without sockets, whose answers a test may change.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_config::Region;
use aws_config::retry::RetryConfig;
use aws_sdk_eks::config::Credentials;
use eks_nlb_simulator::api::{Request, Response, respond};
use eks_nlb_simulator::world::{
    ACCESS_KEY_ID, HOME_REGION, LoadBalancerSpec, SECRET_ACCESS_KEY, TargetGroupSpec,
};
use eks_nlb_simulator::{Frontend, Health, Recorded, SharedWorld, World};
use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::publish::report::Report;
use eks_nlb_sync::request::Request as RunRequest;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::{SdkRetries, Settings};
use tokio::time::Instant;

use crate::in_paused_time;
use crate::message::{A, QUESTION_AT, answer, pointer, record};
use crate::name_server::NameServer;
use eks_nlb_traffic::connector::{Aws, Connector};
use eks_nlb_traffic::in_memory_net::InMemoryNet;

/// Every read of a run.
pub(crate) const READS: [&str; 5] = [
    "DescribeLoadBalancers",
    "DescribeTargetGroups",
    "DescribeTags",
    "DescribeCluster",
    "DescribeTargetHealth",
];

/// The addresses that DNS returns for every cluster.
pub(crate) const DESIRED: [[u8; 4]; 2] = [[10, 0, 1, 10], [10, 0, 2, 11]];

/// The same as targets.
pub(crate) const DESIRED_TARGETS: [&str; 2] = ["10.0.1.10:443", "10.0.2.11:443"];

/// The time that a run is given.
const TIME: Duration = Duration::from_mins(1);

/// Returns the body to send instead of the original one, by operation.
pub(crate) type Edit = dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync;

/// AWS, whose bodies a test may change.
#[derive(Clone)]
struct Edited {
    world: SharedWorld,
    edit: Arc<Edit>,
}

impl Aws for Edited {
    type Delivered = ();

    fn answer(&self, request: &Request<'_>) -> Option<(Response, ())> {
        let mut world = lock(&self.world);
        let mut response = respond(&mut world, request);
        let operation = &world.requests().last().expect("it was just recorded").operation;
        response.body = (self.edit)(operation, response.body.to_vec()).into();
        Some((response, ()))
    }
}

pub(crate) fn lock(world: &SharedWorld) -> MutexGuard<'_, World> {
    world.lock().expect("nobody panics with it")
}

/// A run: its target groups, its writes and its report.
pub(crate) struct Run {
    /// The managed frontend, which has something to register and something to
    /// deregister.
    pub(crate) managed: Frontend,
    /// Every other target group: of a load balancer that is not selected, or
    /// excluded by its own tag.
    pub(crate) others: Vec<String>,
    /// The writes that ELB received.
    pub(crate) writes: Vec<Recorded>,
    pub(crate) report: Result<Report, CallError>,
}

impl Run {
    pub(crate) fn deregistered(&self) -> usize {
        self.writes.iter().filter(|write| write.operation == "DeregisterTargets").count()
    }

    /// Asserts that every write is to a group that is managed, and registers
    /// the addresses that DNS returned.
    pub(crate) fn assert_only_ours(&self) {
        for write in &self.writes {
            let group = write.target_group().expect("a write has a target group");
            assert!(!self.others.iter().any(|other| other == group), "{write:?}");
            assert_harmless(write);
        }
    }
}

/// Asserts that a write registers only addresses that DNS returned, and
/// deregisters none of them.
pub(crate) fn assert_harmless(write: &Recorded) {
    for target in write.targets() {
        let ip = target.rsplit_once(':').map_or(target.as_str(), |(ip, _)| ip);
        if write.operation == "RegisterTargets" {
            let is_desired = |desired: &&str| desired.rsplit_once(':').is_some_and(|(own, _)| own == ip);
            assert!(DESIRED_TARGETS.iter().any(is_desired), "{write:?}");
        } else {
            assert!(!DESIRED_TARGETS.contains(&target.as_str()), "{write:?}");
        }
    }
}

fn populate(world: &mut World) -> (Frontend, Vec<String>) {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let managed = world.add_frontend("payments");
    let excluded = world.add_target_group(TargetGroupSpec::ip(&managed.load_balancer).excluded());
    let unselected = world.add_load_balancer(LoadBalancerSpec::network("somebody-elses"));
    let unselected = world.add_target_group(TargetGroupSpec::ip(&unselected));
    world.set_health("10.0.3.13", Health::Never);
    for group in [&managed.target_group, &excluded, &unselected] {
        world.put_targets(group, ["10.0.1.10", "10.0.3.12", "10.0.3.13"]);
    }
    (managed, vec![excluded, unselected])
}

/// One run, with one attempt for each call, against an AWS whose responses
/// `edit` changes.
pub(crate) fn run(edit: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Run {
    let world = SharedWorld::default();
    let (managed, others) = populate(&mut lock(&world));
    let connection = Connector(Edited { world: Arc::clone(&world), edit: Arc::new(edit) });
    let settings = Settings::from_lookup(|name| (name == "DNS_SERVERS").then(|| "192.0.2.53".to_owned()));
    let settings = settings.expect("valid");
    let retries = SdkRetries { attempts: true, mode: false };
    let names = NameServer::new(|_, question| {
        vec![answer(question, &DESIRED.map(|ip| record(&pointer(QUESTION_AT), A, &ip)))]
    });
    let report = in_paused_time(async {
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "hostile");
        let home = config::loader(connection, retries)
            .retry_config(RetryConfig::disabled())
            .region(Region::from_static(HOME_REGION))
            .credentials_provider(credentials)
            .load();
        let account = Account::new(home.await, retries).expect("there is a Region");
        let resolver =
            Resolver::with_provider(&settings, &InMemoryNet::to(names)).expect("name servers are given");
        let start = Instant::now();
        let budget = RunBudget::new(settings.max_concurrency, TIME);
        let service = Service::new(settings, account, resolver);
        let report = service.run(&RunRequest::default(), "hostile", &budget).await;
        assert!(start.elapsed() <= TIME, "{:?}", start.elapsed());
        report
    });
    let writes = lock(&world).writes().into_iter().cloned().collect();
    Run { managed, others, writes, report }
}

/// The answer that AWS gives to the first call of `operation`.
pub(crate) fn answer_to(operation: &'static str) -> Vec<u8> {
    answer_that(move |of, _| of == operation)
}

/// The first response that `is_it` accepts, by operation and body.
pub(crate) fn answer_that(is_it: impl Fn(&str, &[u8]) -> bool + Send + Sync + 'static) -> Vec<u8> {
    let seen: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let see = Arc::clone(&seen);
    run(move |of, body| {
        if is_it(of, &body) {
            see.lock().expect("nobody panics with it").get_or_insert_with(|| body.clone());
        }
        body
    });
    let seen = seen.lock().expect("nobody panics with it").take();
    seen.expect("there is such an answer")
}
