//! Random histories: simulated worlds with faults of every kind, in which the
//! shipped code never cuts a cluster off.
//!
//! A *history* is some hundred *ticks*, one simulated minute each: EKS moves API servers, DNS
//! fails or answers wrongly, AWS calls fail, processes are killed, and then the function
//! runs, which is [`eks_nlb_sync::service::Service::run`] with the real SDK clients and the
//! real resolver over a [wire](wire) without sockets. At the end of a history nothing happens
//! any more.
//!
//! # Invariants
//!
//! Every write is judged when it is made, and every run when it ends. The others
//! serve the first two. [`judge`] decides who is served, from AWS's words.
//!
//! - **keep-last-server**: no write takes the last target that clients are sent
//!   to and that may answer, neither of the group nor of a zone that a desired
//!   target is in. Servers that a source names, and servers that pass their
//!   checks, count as answering.
//! - **keep-last-live-server**: while the desired addresses are those of live
//!   API servers, be it all of them, some, or some that are about to leave, no
//!   write takes the last target that serves. Where a higher threshold makes a
//!   zone fail open beside a healthy target, this one must be live, too.
//! - **keep-minimum**: a write that takes a healthy target leaves
//!   `MIN_HEALTHY_TARGETS` healthy ones, or as many as the load balancer uses of
//!   the desired ones. An answer with one address leaves no fewer than the
//!   two that EKS has.
//! - **only-named**: a run registers what its sources name and nothing else, and
//!   deregisters nothing that any of its sources names.
//! - **only-tagged**: only target groups that the tags select are written, none
//!   that is excluded, none next to a tagged one, and none of a cluster that the
//!   event does not name.
//! - **no-write-on-doubt**: without an answer from EKS, the sources of addresses
//!   and ELB, a frontend is not written, whatever the reason.
//! - **dry-run**: a dry run writes nothing, and the run after it does what it
//!   planned.
//! - **register-first**: a target is deregistered only when all desired ones are
//!   in service.
//! - **idempotent**: nothing is registered that is in service, nothing is
//!   deregistered that is not, and `add-only` deregisters nothing.
//! - **fresh-health**: a deregistration rests on health that is at most ten
//!   seconds old.
//! - **serve-all**: every frontend is served unless a call about it failed, or a
//!   read that lags showed that it was not to be. Trouble with another frontend
//!   does not matter.
//! - **report**: the report has every frontend, and ELB has done what it says.
//! - **converge**: in a quiet world, target groups are what they should be within
//!   [`CONVERGES_WITHIN_RUNS`](play::CONVERGES_WITHIN_RUNS) runs, and after that
//!   nothing is written.
//!
//! # Not promised
//!
//! - *That a healthy target is an API server.* Where DNS names a private address
//!   of another server that passes ELB's checks, or a dead one whose checks have
//!   not failed yet, that target counts as a replacement.
//! - *That overlapping runs with different answers agree.* Each keeps every
//!   invariant by itself. Together, one may deregister what the other relies on,
//!   until the next run; `ReservedConcurrency=1` excludes it. Overlapping
//!   runs with the same answers keep every invariant together.
//! - *That what was read still holds.* It may change between reading and writing,
//!   and reads may lag. So what a write takes counts as lost only if it was the
//!   last in what ELB listed to the run, too.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a simulation that is wrong must stop")]

mod any;
mod ground_truth;
mod harness;
mod history;
mod invariants;
#[path = "../support/judge.rs"]
mod judge;
mod model_check;
mod play;
mod process;
mod tally;
mod traffic;
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
fn no_history_breaks_an_invariant() {
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
fn histories_that_once_broke_an_invariant_do_not() {
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

/// A history that failed must fail again, or it could not be shrunk.
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
            "history {number} of seed {seed} breaks an invariant, and so does this one {broken}\n\nIt belongs in \
             tests/simulation/regressions, with a word on what went wrong:\n\n{history}"
        )
    })
}

/// Looks for a smaller history that breaks the same invariant.
fn shrink(tree: &mut impl ValueTree<Value = History>, broken: Broken) -> (History, Broken) {
    let start = Instant::now();
    let longest = Duration::from_secs(variable("SIMULATION_SHRINK_SECONDS").unwrap_or(SHRINK_SECONDS));
    let mut smallest = (tree.current(), broken);
    let mut is_smaller = tree.simplify();
    while is_smaller && start.elapsed() < longest {
        let history = tree.current();
        is_smaller = match play(&history) {
            Err(broken) if broken.invariant() == smallest.1.invariant() => {
                smallest = (history, broken);
                tree.simplify()
            }
            Ok(_) | Err(_) => tree.complicate(),
        };
    }
    smallest
}

#[expect(clippy::disallowed_methods, reason = "the caller of a test sets it")]
fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value:?} is not a whole number")))
}

#[expect(clippy::print_stdout, reason = "figures for the terminal")]
fn print(text: &str) {
    println!("{text}");
}
