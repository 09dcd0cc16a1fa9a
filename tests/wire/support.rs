//! Runs the shipped binary against the simulator and reads its output.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Output;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use eks_nlb_simulator::process::{self, Process};
use eks_nlb_simulator::runtime_api::request_id;
use eks_nlb_simulator::{Answer, Fault, Frontend, Health, Options, Simulator, World};
use eks_nlb_sync::publish::log::{LINES, Line};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

/// The time that Lambda would give an invocation.
pub(crate) const TIME: Duration = Duration::from_mins(1);

/// Longer than anything here may take: a test that hangs is a test that failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// One attempt per AWS call: for tests of what a failure leads to, not of how
/// often it is tried.
pub(crate) const ONE_ATTEMPT: (&str, &str) = ("AWS_MAX_ATTEMPTS", "1");

/// DNS alone decides: for tests of what DNS answers.
pub(crate) const BY_DNS: (&str, &str) = ("ADDRESS_SOURCE", "dns");

/// A kind of fault of a call.
pub(crate) type Befall = fn(Fault) -> Fault;

/// The addresses of the cluster `payments`.
pub(crate) const PAYMENTS: [&str; 2] = ["10.0.1.10", "10.0.2.11"];

/// The same as targets.
pub(crate) const PAYMENTS_TARGETS: [&str; 2] = ["10.0.1.10:443", "10.0.2.11:443"];

/// The running function, fed by the simulator's Runtime API.
pub(crate) struct Function {
    /// The world that it acts in.
    pub(crate) sim: Simulator,
    process: Process,
    invocations: AtomicUsize,
}

impl Function {
    /// Starts the function with its default settings in the world that
    /// `populate` makes.
    pub(crate) async fn start_in<T>(populate: impl FnOnce(&mut World) -> T) -> (Self, T) {
        Self::start_in_with(&[], populate).await
    }

    /// The same with more variables.
    pub(crate) async fn start_in_with<T>(
        variables: &[(&str, &str)],
        populate: impl FnOnce(&mut World) -> T,
    ) -> (Self, T) {
        let sim = Simulator::start().await;
        let populated = populate(&mut sim.world());
        (Self::start_with(sim, variables).await, populated)
    }

    /// Starts the function against `sim`, with more variables.
    #[expect(clippy::unused_async, reason = "it must be called within a runtime")]
    pub(crate) async fn start_with(sim: Simulator, variables: &[(&str, &str)]) -> Self {
        let command = command(&sim, variables);
        Self::spawn(sim, command)
    }

    /// Starts the function as `command` says.
    pub(crate) fn spawn(sim: Simulator, command: Command) -> Self {
        let process = Process::start(command).expect("the function starts");
        Self { sim, process, invocations: AtomicUsize::new(0) }
    }

    /// Waits until the function has started and served an event, if only to
    /// refuse it.
    pub(crate) async fn started(&self) {
        self.error("[]").await;
    }

    /// The world, for the length of a statement.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.sim.world()
    }

    /// Invokes the function with an event, as Lambda would.
    pub(crate) async fn invoke(&self, event: &str) -> Answer {
        self.invoke_within(event, TIME).await
    }

    /// The same with another time.
    pub(crate) async fn invoke_within(&self, event: &str, time: Duration) -> Answer {
        self.invoke_until(event, SystemTime::now() + time).await
    }

    /// The same with a deadline, which may be past.
    pub(crate) async fn invoke_until(&self, event: &str, deadline: SystemTime) -> Answer {
        self.invocations.fetch_add(1, Ordering::SeqCst);
        let answer = self.sim.runtime().invoke_until(event.to_owned(), deadline);
        timeout(PATIENCE, answer).await.expect("the function answers")
    }

    /// The answer to an event that is to succeed: its report.
    pub(crate) async fn answer(&self, event: &str) -> Value {
        self.invoke(event).await.response()
    }

    /// Type and message of the error of an event that is to fail.
    pub(crate) async fn error(&self, event: &str) -> (String, String) {
        self.invoke(event).await.error()
    }

    /// One full sync that is to succeed: its report.
    pub(crate) async fn sync(&self) -> Value {
        self.answer("{}").await
    }

    /// One full sync in which a frontend is to fail: the report as logged, without the
    /// converged frontends.
    pub(crate) async fn sync_with_failures(&self) -> Value {
        let (error_type, message) = self.error("{}").await;
        assert_eq!(error_type, "FrontendsFailed", "{message}");
        self.last_report().await
    }

    /// One full sync that is to fail before any frontend is known: the message.
    pub(crate) async fn sync_without_discovery(&self) -> String {
        let (error_type, message) = self.error("{}").await;
        assert_eq!(error_type, "DiscoveryFailed", "{message}");
        message
    }

    /// What the function has logged so far. Its latest lines may still be on
    /// their way: await [`Function::last_report`] first, which is written last.
    pub(crate) fn log(&self) -> Vec<Value> {
        let log = self.process.log();
        log.iter().for_each(assert_listed);
        log
    }

    /// The first line that `is_it`, once it is logged.
    pub(crate) async fn logged(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        timeout(PATIENCE, self.process.logged(is_it)).await.expect("it is logged")
    }

    /// The report of the latest invocation, as logged.
    pub(crate) async fn last_report(&self) -> Value {
        let id = self.request_id();
        self.logged(|line| line["message"] == "report" && line["requestId"] == id.as_str()).await
    }

    /// The id that the simulator gave the latest invocation.
    pub(crate) fn request_id(&self) -> String {
        request_id(self.invocations.load(Ordering::SeqCst))
    }

    /// The process id of the function.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

/// A simulator over HTTPS.
pub(crate) async fn over_https() -> Simulator {
    let options = Options { https: true, ..Options::default() };
    Simulator::start_with(options).await.expect("loopback has free ports")
}

/// The file with the authority of a simulator over HTTPS.
pub(crate) fn authority_of(sim: &Simulator) -> String {
    sim.env().into_iter().find(|(name, _)| name == "SSL_CERT_FILE").expect("there is one").1
}

/// Where the AWS APIs of a simulator are.
pub(crate) fn address_of(sim: &Simulator) -> SocketAddr {
    let url = sim.endpoint_url();
    url.split_once("://").and_then(|(_, address)| address.parse().ok()).expect("an address")
}

/// Asserts that docs/reference.md lists a line of the function, with its level and its
/// fields. Libraries may log others.
fn assert_listed(line: &Value) {
    if !line["target"].as_str().is_some_and(|target| target.starts_with("eks_nlb_sync")) {
        return;
    }
    let message = line["message"].as_str().expect("a message");
    let is_it = |listed: &&Line| {
        let rest = message.strip_prefix(listed.message);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let listed = LINES.iter().find(is_it).unwrap_or_else(|| panic!("{message} is not listed"));
    assert_eq!(line["level"], listed.level, "{message}");
    for field in line.as_object().expect("an object").keys() {
        let is_of_all = ["timestamp", "level", "target", "message", "span"].contains(&field.as_str());
        assert!(is_of_all || listed.fields.contains(&format!("`{field}`")), "{message}: {field}");
    }
}

/// The program under test: the one that cargo built for this test, or another
/// build of it, such as the artifact that is deployed.
#[expect(clippy::disallowed_methods, reason = "the environment configures the test")]
pub(crate) fn program() -> String {
    std::env::var("EKS_NLB_SYNC_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_eks-nlb-sync").to_owned())
}

/// The function as a command that has nothing of this process's environment.
pub(crate) fn command(sim: &Simulator, variables: &[(&str, &str)]) -> Command {
    let mut command = process::command(program(), sim);
    command.envs(variables.iter().copied());
    command
}

/// The output of a function that is to end by itself.
pub(crate) async fn output(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts")
}

/// Makes the cluster `payments` and its frontend, whose target group is empty.
pub(crate) fn payments(world: &mut World) -> Frontend {
    world.add_cluster("payments", PAYMENTS);
    world.add_frontend("payments")
}

/// Makes the cluster `payments` and its frontend, which has converged.
pub(crate) fn converged_payments(world: &mut World) -> Frontend {
    let frontend = payments(world);
    world.put_targets(&frontend.target_group, PAYMENTS);
    frontend
}

/// Makes the cluster `payments` and its frontend, which has something to
/// register and something to deregister.
pub(crate) fn busy_payments(world: &mut World) -> Frontend {
    let frontend = payments(world);
    world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.3.12", "10.0.3.13"]);
    world.set_health("10.0.3.13", Health::Never);
    frontend
}

/// The addresses of the cluster `uninvolved`, as targets.
pub(crate) const BYSTANDER_TARGETS: [&str; 2] = ["10.99.1.1:443", "10.99.2.2:443"];

/// Makes an unaffected cluster and its frontend, whose target group is empty. Its name
/// comes after the other's, and so it is visited later.
pub(crate) fn bystander(world: &mut World) -> Frontend {
    world.add_cluster("uninvolved", ["10.99.1.1", "10.99.2.2"]);
    world.add_frontend("uninvolved")
}

/// Asserts that something was written to `frontend`, and to nothing else.
#[track_caller]
pub(crate) fn assert_only_written(world: &World, frontend: &Frontend) {
    let writes = world.writes();
    assert!(!writes.is_empty(), "nothing was written");
    for write in writes {
        assert_eq!(write.target_group(), Some(frontend.target_group.as_str()), "{write:?}");
    }
}

/// The report of a frontend, or of its load balancer if the run got no further.
pub(crate) fn reported<'a>(report: &'a Value, frontend: &Frontend) -> &'a Value {
    let frontends = report["frontends"].as_array().expect("a list of frontends");
    let own = |reported: &&Value| match reported.get("targetGroup") {
        None => reported["loadBalancer"] == frontend.load_balancer.as_str(),
        Some(target_group) => target_group == frontend.target_group.as_str(),
    };
    let mut found = frontends.iter().filter(own);
    let reported = found.next().unwrap_or_else(|| panic!("nothing is reported of {frontend:?}: {report:#}"));
    assert_eq!(found.next(), None, "{frontend:?} is reported twice");
    reported
}

/// The code with which a frontend failed.
pub(crate) fn code(reported: &Value) -> &str {
    reported["error"]["code"].as_str().unwrap_or_else(|| panic!("it did not fail: {reported:#}"))
}

/// The message with which a frontend failed.
pub(crate) fn message(reported: &Value) -> &str {
    reported["error"]["message"].as_str().unwrap_or_else(|| panic!("it did not fail: {reported:#}"))
}

/// The names that were asked for. A question may be sent again where the
/// machine is slow to answer.
pub(crate) fn names_asked_for(world: &World) -> BTreeSet<String> {
    world.dns.questions().iter().map(|asked| asked.name.clone()).collect()
}

/// The targets of a group, whatever their state.
pub(crate) fn targets_of(world: &World, target_group: &str) -> Vec<String> {
    world.targets(target_group).into_keys().collect()
}
