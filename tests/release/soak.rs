//! A soak: one process of the function is invoked thousands of times with
//! random faults.
//!
//! What must hold: no answer comes after its deadline; every frontend for
//! which something was spoilt fails with the code for it, and no other fails,
//! so that a frontend recovers in the first run after its trouble; the process
//! keeps its size and its file descriptors.
//!
//! `SOAK_INVOCATIONS` says how many (default 5,000), `SOAK_SEED` which ones
//! (default 0). Both are printed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use eks_nlb_simulator::{Answer, Frontend, Simulator, World};
use tokio::process::Child;
use tokio::time::timeout;

use crate::process::Usage;
use crate::support::{self, PATIENCE};
use crate::trouble::{self, Kind, Random, Trouble};

/// No name is a prefix of another, because faults are planted by name.
const CLUSTERS: [&str; 8] = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"];

/// The time of an invocation, and of a very short one.
const TIME: Duration = Duration::from_secs(30);
const LITTLE_TIME: Duration = Duration::from_secs(3);

/// By then every kind of fault has occurred, so its memory is allocated.
const WARM_UP: usize = 100;

/// What resident memory may grow by after that, in kB.
const GROWTH_KB: u64 = 1_000;

/// What it may be in between: with an answer that is too long for each of four
/// frontends, kept until it is.
const MOST_KB: u64 = 40_000;

/// Connections that may be open at one time and closed at another.
const SPARE_DESCRIPTORS: u64 = 8;

#[expect(clippy::disallowed_methods, reason = "the environment configures the test")]
fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value:?} is not a whole number")))
}

/// The function and the world that it is in.
struct Soak {
    sim: Simulator,
    child: Child,
    frontends: BTreeMap<&'static str, Frontend>,
    random: Random,
    /// How often a kind of trouble was reported correctly.
    told: BTreeMap<Kind, usize>,
}

impl Soak {
    async fn start(seed: u64) -> Self {
        let sim = Simulator::start().await;
        let mut random = Random::new(seed);
        let frontends = {
            let mut world = sim.world();
            let mut add = |name| {
                world.add_cluster(name, addresses(name, &mut random));
                (name, world.add_frontend(name))
            };
            CLUSTERS.map(&mut add).into()
        };
        // One attempt and one source of addresses: with more, a fault would not fail
        // the frontend. Only silence uses up the budget of DNS, even on a busy
        // machine.
        let variables = [support::ONE_ATTEMPT, support::BY_DNS, ("DNS_TIMEOUT_MS", "900")];
        let mut command = support::command(&sim, &variables);
        // What is logged is tested elsewhere, and would fill the memory here.
        let child = command.stdout(std::process::Stdio::null()).spawn().expect("the function starts");
        Self { sim, child, frontends, random, told: BTreeMap::new() }
    }

    fn usage(&self) -> Usage {
        Usage::of(self.child.id().expect("it runs"))
    }

    /// A minute later, some clusters have other addresses.
    fn pass_time(&mut self) {
        let mut world = self.sim.world();
        world.clear_requests();
        world.dns.clear_questions();
        world.advance(Duration::from_mins(1));
        for name in CLUSTERS {
            if self.random.one_in(4) {
                world.rotate(name, addresses(name, &mut self.random));
            }
        }
    }

    async fn invoke(&self, event: &str, time: Duration) -> Answer {
        let deadline = SystemTime::now() + time;
        let answer = self.sim.runtime().invoke_until(event.to_owned(), deadline);
        let answer = timeout(PATIENCE, answer).await.expect("the function answers");
        let late = SystemTime::now().duration_since(deadline);
        assert!(late.is_err(), "the answer to {event} came {late:?} after its deadline");
        answer
    }

    /// One run with this trouble: each fault must be reported, and nothing
    /// else.
    async fn run(&mut self, number: usize, troubles: &[(&'static str, Kind)]) {
        self.pass_time();
        let planted: Vec<Trouble> = {
            let mut world = self.sim.world();
            troubles.iter().map(|&(name, kind)| kind.plant(&mut world, name, &self.frontends[name])).collect()
        };
        let is_short = troubles.iter().any(|(_, kind)| *kind == Kind::Silence);
        let answer = self.invoke("{}", if is_short { LITTLE_TIME } else { TIME }).await;

        let failed = failures(&answer);
        let names: BTreeSet<&str> = failed.keys().map(String::as_str).collect();
        let expected: BTreeSet<&str> =
            planted.iter().filter(|one| !one.codes.is_empty()).map(|one| one.cluster).collect();
        assert_eq!(names, expected, "run {number}: {troubles:?}: {answer:?}");
        for trouble in &planted {
            let code = failed.get(trouble.cluster).map(String::as_str);
            let is_right = code.map_or(trouble.codes.is_empty(), |code| trouble.codes.contains(&code));
            assert!(is_right, "run {number}: {trouble:?} was reported as {code:?}");
            *self.told.entry(trouble.kind).or_default() += 1;
        }
        let mut world = self.sim.world();
        world.clear_faults();
        for trouble in planted {
            trouble.end(&mut world);
        }
    }

    /// A run whose listing fails, and an event that is refused.
    async fn run_without_discovery(&mut self, number: usize) {
        self.pass_time();
        let operations = ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags"];
        let operation = operations[self.random.below(operations.len())];
        let fault = trouble::any_fault(&mut self.random, operation);
        self.sim.world().plant(fault);
        let (error_type, message) = self.invoke("{}", TIME).await.error();
        assert_eq!(error_type, "DiscoveryFailed", "run {number}: {operation}: {message}");
        self.sim.world().clear_faults();
        assert!(self.sim.world().writes().is_empty(), "run {number}");
        let (error_type, _) = self.invoke(r#"{"dry_run": true}"#, TIME).await.error();
        assert_eq!(error_type, "InvalidEvent", "run {number}");
    }

    /// Faults for at most five frontends, because an error names no more.
    fn any_troubles(&mut self, number: usize) -> Vec<(&'static str, Kind)> {
        let count = self.random.below(4);
        let first = self.random.below(CLUSTERS.len());
        let mut troubles: Vec<_> = (0..count)
            .map(|n| (CLUSTERS[(first + n) % CLUSTERS.len()], Kind::any(&mut self.random)))
            .collect();
        // At first, each once, in order.
        if number < WARM_UP {
            troubles.push((CLUSTERS[(first + count) % CLUSTERS.len()], Kind::ALL[number % Kind::ALL.len()]));
        }
        troubles
    }
}

/// Two to four addresses of the sixteen that a cluster ever has.
fn addresses(cluster: &str, random: &mut Random) -> Vec<String> {
    let own = CLUSTERS.iter().position(|name| *name == cluster).expect("one of them");
    let count = 2 + random.below(3);
    let first = random.below(16);
    (0..count).map(|n| format!("10.{own}.1.{}", 10 + (first + n) % 16)).collect()
}

/// The clusters that an answer says have failed, with their codes.
fn failures(answer: &Answer) -> BTreeMap<String, String> {
    match answer {
        Answer::Response(_) => BTreeMap::new(),
        Answer::Error { error_type, message, .. } => {
            assert_eq!(error_type, "FrontendsFailed", "{message}");
            let (_, list) = message.split_once("failed: ").expect("it names them");
            let (list, _) = list.split_once(';').expect("it says where to look");
            let one = |text: &str| {
                let (name, code) = text.split_once(" (")?;
                Some((name.to_owned(), code.trim_end_matches(')').to_owned()))
            };
            list.split(", ").map(|text| one(text).expect("a name and a code")).collect()
        }
    }
}

fn is_converged(world: &World, name: &str, frontend: &Frontend) -> bool {
    let wanted: BTreeSet<String> =
        world.cluster(name).addresses.iter().map(|ip| format!("{ip}:443")).collect();
    world.targets(&frontend.target_group).into_keys().collect::<BTreeSet<_>>() == wanted
}

#[tokio::test]
#[ignore = "needs the artifact: make test-release, make soak"]
async fn thousands_of_invocations_change_nothing_but_target_groups() {
    let invocations = variable("SOAK_INVOCATIONS").unwrap_or(5_000);
    let invocations = usize::try_from(invocations).expect("a number of invocations").max(2 * WARM_UP);
    let seed = variable("SOAK_SEED").unwrap_or_default();
    println!("seed {seed}, {invocations} invocations");
    let start = std::time::Instant::now();
    let mut soak = Soak::start(seed).await;
    let (mut usages, mut failed_runs) = (Vec::new(), 0);

    for number in 0..invocations {
        if number % 29 == 28 {
            soak.run_without_discovery(number).await;
        } else {
            let troubles = soak.any_troubles(number);
            failed_runs += usize::from(!troubles.is_empty());
            soak.run(number, &troubles).await;
        }
        usages.push(soak.usage());
        if number % 500 == WARM_UP {
            println!("after {number}: {}", soak.usage());
        }
    }

    let (warm_up, rest) = usages.split_at(WARM_UP);
    let (warm, end) =
        (Usage::typical(&warm_up[WARM_UP / 2..]), Usage::typical(&rest[rest.len() - WARM_UP / 2..]));
    let most = Usage::most(rest);
    println!(
        "typical after the first hundred: {warm}\ntypical at the end:              {end}\n\
         at most in between:              {most}"
    );
    let told: usize = soak.told.values().sum();
    println!(
        "{failed_runs} runs with trouble, {told} troubles reported correctly, {:.0} s\n{:?}",
        start.elapsed().as_secs_f64(),
        soak.told
    );
    assert_eq!(soak.told.len(), Kind::ALL.len(), "a kind of trouble never came");
    // Without faults, the runs finish what is left and then write nothing.
    for _ in 0..8 {
        soak.sim.world().advance(Duration::from_mins(1));
        soak.sim.world().clear_requests();
        assert!(failures(&soak.invoke("{}", TIME).await).is_empty());
    }
    let world = soak.sim.world();
    assert!(soak.frontends.iter().all(|(name, frontend)| is_converged(&world, name, frontend)));
    assert!(world.writes().is_empty(), "it still writes or fails: {:?}", world.writes());
    // Long answers take memory for a moment, so the median counts.
    let growth_kb = end.resident_kb.saturating_sub(warm.resident_kb);
    assert!(growth_kb < GROWTH_KB, "memory grew by {growth_kb} kB");
    assert!(most.resident_kb < MOST_KB, "{most}");
    assert!(end.descriptors <= warm.descriptors + SPARE_DESCRIPTORS, "{end}");
    assert!(most.descriptors <= warm.descriptors + SPARE_DESCRIPTORS, "{most}");
    assert_eq!(most.threads, warm.threads, "{most}");
}
