//! Random histories: simulated worlds in which everything goes wrong that can,
//! and in which the shipped code never cuts a cluster off.
//!
//! A *history* is some hundred *ticks*, one simulated minute each: EKS moves
//! API servers, DNS fails and lies, AWS calls go wrong, processes are killed,
//! and then the function runs, which is [`eks_nlb_sync::service::Service::run`] with the real
//! SDK clients and the real resolver over a [wire](wire) without sockets. At
//! the end of a history the world is left in peace.
//!
//! # What is promised
//!
//! Every write is judged when it is made, and every run when it ends. [Rules]
//! 1 and 2 are what the others are for.
//!
//! 1. **Whatever DNS says**, no write takes the last target that clients are
//!    sent to, neither of the group nor of a zone for which DNS names one.
//!    Where all targets fail their checks, clients are sent to all of them.
//! 2. **While DNS names live API servers only**, be it all of them, some, or
//!    some that are about to leave, no write takes the last target that serves,
//!    neither of the group nor of a zone for which DNS names one.
//! 3. A run never deregisters what its DNS answer names, and registers nothing
//!    else.
//! 4. Only target groups of tagged load balancers are written, none that is
//!    excluded, and none that the event is not about.
//! 5. Without an answer from EKS, DNS and ELB for a frontend, that frontend is
//!    not written, whatever the reason.
//! 6. A dry run writes nothing, and the run after it does what it planned.
//! 7. Registering comes first: a target is deregistered only when all desired
//!    ones are in service.
//! 8. A write that takes a healthy target leaves `MIN_HEALTHY_TARGETS` healthy
//!    ones, or as many as the load balancer uses of those that are desired. An
//!    answer with one address leaves no fewer than the two that EKS has.
//! 9. Nothing is registered that is in service, nor deregistered that is not,
//!    and `add-only` deregisters nothing.
//! 10. Every frontend is served, or there is a reason: trouble with another one
//!     is none. A report says what ELB was told.
//! 11. In a world at peace, target groups are what they should be within
//!     [`CONVERGES_WITHIN_RUNS`](play::CONVERGES_WITHIN_RUNS) runs, and after
//!     that nothing is written.
//!
//! 12. A deregistration rests on health that ELB told at most ten seconds ago.
//!
//! # What is not promised
//!
//! - *That a healthy target is an API server.* Where DNS names a private
//!   address of somebody else that passes ELB's checks, or a dead one of which
//!   ELB has not found out yet, that target counts as a replacement. Rule 1
//!   holds; rule 2 does not.
//! - *That two runs agree that were told different things.* Each keeps every
//!   rule by itself. Together, one may deregister what the other relies on, so
//!   the function's concurrency is 1 for each account and Region. Two runs that
//!   are told the same keep every rule together.
//! - *That what ELB said still holds.* Health may change between reading and
//!   writing, some seconds later. So what a write takes counts as lost only if
//!   it was the last already when ELB told of it.
//!
//! [Rules]: promises

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a simulation that is wrong must stop")]

mod any;
mod history;
#[path = "../support/judge.rs"]
#[expect(dead_code, reason = "small worlds have fewer states than core/tests/exhaustive")]
mod judge;
mod model_check;
mod play;
mod process;
mod promises;
mod stage;
mod tally;
mod traffic;
mod truth;
mod wire;
mod witness;

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use history::History;
use play::{Broken, Played, play};
use tally::Tally;

/// Ticks to play unless `SIMULATION_TICKS` says otherwise: enough to see that
/// it works, in a build that is not optimised.
const TICKS: u64 = 1_000;

/// Seconds to look for a smaller history that fails, unless
/// `SIMULATION_SHRINK_SECONDS` says otherwise.
const SHRINK_SECONDS: u64 = 120;

#[test]
fn no_history_breaks_a_promise() {
    let ticks = variable("SIMULATION_TICKS").unwrap_or(TICKS);
    let seed = variable("SIMULATION_SEED").unwrap_or_default();
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    let is_done = || {
        failed.load(Ordering::SeqCst) || tally.lock().expect("no worker panics with it").of("ticks") >= ticks
    };

    let play_on = || {
        while !is_done() {
            let number = next.fetch_add(1, Ordering::SeqCst);
            match play_one(seed, number) {
                Ok(played) => tally.lock().expect("no worker panics with it").absorb(&played.tally),
                Err(report) => {
                    failed.store(true, Ordering::SeqCst);
                    return Err(report);
                }
            }
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let reports: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(play_on)).collect();
        workers.into_iter().filter_map(|worker| worker.join().expect("it catches panics").err()).collect()
    });

    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
    let tally = tally.into_inner().expect("no worker panics with it");
    print(&format!("seed {seed}, {workers} threads, {:.1} s\n{tally}", start.elapsed().as_secs_f64()));
    tally.assert_enough();
}

#[test]
fn histories_that_once_broke_a_promise_do_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/regressions");
    let mut played = 0;
    for entry in fs::read_dir(folder).expect("a folder of histories") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("readable");
        let history: History = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(broken) = play(&history) {
            panic!("{} {broken}", path.display());
        }
        played += 1;
    }
    assert!(played > 0, "there are histories");
}

/// What fails once fails again, or it could not be shrunk.
#[test]
fn a_history_plays_the_same_twice() {
    for number in 0..2 {
        let [one, other] =
            [0; 2].map(|seed| play_one(seed, number).unwrap_or_else(|report| panic!("{report}")));
        assert_eq!(one.transcript, other.transcript, "history {number}: {}{}", one.tally, other.tally);
    }
}

/// Plays one of the histories of `seed`: always the same.
fn play_one(seed: u64, number: u64) -> Result<Played, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tree = any::history().new_tree(&mut runner).expect("no history is refused");
    play(&tree.current()).map_err(|broken| {
        let (history, broken) = shrink(&mut tree, broken);
        format!(
            "history {number} of seed {seed} breaks a promise, and so does this one {broken}\n\nIt belongs in \
             tests/simulation/regressions, with a word on what went wrong:\n\n{history}"
        )
    })
}

/// Looks for a smaller history that breaks the same rule.
fn shrink(tree: &mut impl ValueTree<Value = History>, broken: Broken) -> (History, Broken) {
    let start = Instant::now();
    let longest = Duration::from_secs(variable("SIMULATION_SHRINK_SECONDS").unwrap_or(SHRINK_SECONDS));
    let mut smallest = (tree.current(), broken);
    let mut is_smaller = tree.simplify();
    while is_smaller && start.elapsed() < longest {
        let history = tree.current();
        is_smaller = match play(&history) {
            Err(broken) if broken.rule() == smallest.1.rule() => {
                smallest = (history, broken);
                tree.simplify()
            }
            Ok(_) | Err(_) => tree.complicate(),
        };
    }
    smallest
}

#[expect(clippy::disallowed_methods, reason = "a test is told so by its caller")]
fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value:?} is not a whole number")))
}

#[expect(clippy::print_stdout, reason = "figures are for whoever runs it")]
fn print(text: &str) {
    println!("{text}");
}
