//! Connections between runs. Lambda freezes the process between two events for any time.
//! Meanwhile network devices drop the connections without an RST.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_sdk_eks::config::Credentials;
use aws_smithy_async::time::TimeSource;
use eks_nlb_simulator::Simulator;
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY};
use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::history::History;
use eks_nlb_sync::model::Scope;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::settings::{SdkRetries, Settings};
use tokio::process::Command;

use crate::relay::{Afterwards, Relay};
use crate::support::*;

async fn signal(function: &Function, name: &str) {
    let sent = Command::new("kill").args([name, &function.pid().to_string()]).status().await;
    assert!(sent.expect("there is such a program").success());
}

/// Frozen for less than the connections are kept, it uses them once more, and
/// each that is dead costs an attempt and not the run.
#[tokio::test]
async fn a_process_that_was_frozen_gets_over_connections_that_died() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let relay = Relay::of_aws(&sim, Afterwards::Kept, |_, answer| answer).await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;
    function.sync().await;

    signal(&function, "-STOP").await;
    relay.forget_connections();
    signal(&function, "-CONT").await;

    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "converged");
    assert_ne!(relay.swallowed(), 0, "no connection was dead");
    let swallowed = relay.swallowed();
    function.sync().await;
    assert_eq!(relay.swallowed(), swallowed, "a connection that failed is not used again");
}

/// The wall clock, as a test sets it.
#[derive(Clone, Debug)]
struct Clock(Arc<Mutex<SystemTime>>);

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("nobody panics with it")
    }
}

impl Clock {
    fn advance(&self, by: Duration) {
        *self.0.lock().expect("nobody panics with it") += by;
    }
}

/// The configuration of the function's own account, with the shipped HTTP client.
async fn home(clock: impl TimeSource + 'static) -> SdkConfig {
    let https = config::https(|_| None).expect("no variable is wrong");
    let home = config::loader(https, SdkRetries::default())
        .region(Region::from_static(HOME_REGION))
        .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "freeze"))
        .time_source(clock);
    home.load().await
}

/// How many target groups are listed there.
async fn target_groups(home: &SdkConfig) -> usize {
    let account = Account::new(home.clone(), SdkRetries::default()).expect("there is a Region");
    let settings = Settings::from_lookup(|_| None).expect("the defaults are valid");
    let budget = RunBudget::new(settings.max_concurrency, TIME);
    let history = History::default();
    let clients = account.clients(&Scope::default(), "freeze", &budget, &history.assumed).await;
    let clients = clients.expect("no role is assumed");
    clients.elb(&budget).target_groups().await.expect("it is answered").len()
}

/// Ten minutes cannot be waited for, so the SDK is given a clock; the HTTP client and
/// its connections are the shipped ones.
#[tokio::test]
async fn after_ten_minutes_no_request_goes_to_a_connection_that_died() {
    let sim = Simulator::start().await;
    payments(&mut sim.world());
    let relay = Relay::of_aws(&sim, Afterwards::Kept, |_, answer| answer).await;
    let clock = Clock(Arc::new(Mutex::new(SystemTime::now())));
    let home = home(clock.clone()).await.to_builder().endpoint_url(relay.url()).build();
    let list = async || target_groups(&home).await;

    // Runs a minute apart use one connection.
    for _ in 0..3 {
        assert_eq!(list().await, 1);
        clock.advance(Duration::from_mins(1));
    }
    assert_eq!(relay.accepted(), 1);

    relay.forget_connections();
    clock.advance(Duration::from_mins(10));

    assert_eq!(list().await, 1);
    assert_eq!((relay.accepted(), relay.swallowed()), (2, 0));
}

/// The process of a fleet may serve each Region there is, and open 1,024 files.
#[tokio::test]
async fn connections_to_hosts_of_earlier_runs_are_dropped() {
    let sim = Simulator::start().await;
    payments(&mut sim.world());
    let home = home(Clock(Arc::new(Mutex::new(SystemTime::now())))).await;
    let mut relays = Vec::new();
    for _ in 0..13 {
        relays.push(Relay::of_aws(&sim, Afterwards::Kept, |_, answer| answer).await);
    }
    let list = async |relay: &Relay| {
        let home = home.to_builder().endpoint_url(relay.url()).build();
        assert_eq!(target_groups(&home).await, 1);
    };

    for relay in &relays {
        list(relay).await;
        list(relay).await;
    }

    assert!(relays.iter().all(|relay| relay.accepted() == 1), "a run uses its connections again");
    list(&relays[12]).await;
    list(&relays[0]).await;
    assert_eq!((relays[0].accepted(), relays[12].accepted()), (2, 1));
}
