//! Control planes are replaced while clients connect, through a load balancer
//! that the shipped binary keeps and through two that are kept as they are
//! elsewhere. See [`eks_nlb_simulator::traffic::scenario`].

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test stops, and tells its figures")]

use std::path::PathBuf;
use std::time::Duration;

use eks_nlb_simulator::traffic::scenario::{Controller, Kind, Outcome, Script, play};
use tokio::time::timeout;

/// Longer than it takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_replacement_fails_no_connection_that_could_have_been_served() {
    let replacements = [Kind::ORDERLY.as_slice(), &[Kind::Crash, Kind::Gap]].concat();
    let outcome = played(Script { replacements, connections: 4, others: 2, sessions: 2 }).await;

    hold(&outcome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "50,000 handshakes: run it with --profile simulation"]
async fn a_hundred_replacements_fail_no_connection_that_could_have_been_served() {
    let replacements = Kind::mix(100);
    let outcome = played(Script { replacements, connections: 26, others: 4, sessions: 4 }).await;

    hold(&outcome);
    let made = outcome.of(Controller::Shipped).made;
    assert!(made >= 50_000, "{made} connections");
}

async fn played(script: Script) -> Outcome {
    let played = timeout(PATIENCE, play(&program(), &script)).await;
    let outcome = played.expect("it takes a minute at most").expect("it can be played");
    show(&outcome);
    outcome
}

/// The program under test: the one that cargo built for this test, or another
/// build of it, such as the artifact that is deployed.
#[expect(clippy::disallowed_methods, reason = "a test is told so by its caller")]
fn program() -> PathBuf {
    let other = std::env::var_os("EKS_NLB_SYNC_PROGRAM");
    other.map_or_else(|| env!("CARGO_BIN_EXE_eks-nlb-sync").into(), PathBuf::from)
}

/// Asserts that the function loses nothing, and that this would be seen.
#[track_caller]
fn hold(outcome: &Outcome) {
    let ours = outcome.of(Controller::Shipped);
    assert_eq!(ours.avoidable, 0, "{:#?}", ours.complaints);
    // Not one fails while EKS does what it should, whatever the reason.
    assert_eq!(ours.orderly, 0, "{ours:#?}");
    // A connection that stays sees its server go, and not its target before.
    assert_eq!(ours.cut, 0, "{:#?}", ours.complaints);
    assert!(ours.ended >= outcome.replacements, "{ours:#?}");
    // What ends without notice is seen, and is little.
    assert!((1..ours.made / 20).contains(&ours.unavoidable), "{ours:#?}");
    for other in [Controller::DeregisterAllThenRegister, Controller::RegisterThenDeregisterAtOnce] {
        let score = outcome.of(other);
        assert!(score.avoidable > score.made / 100, "{other}: {score:#?}");
    }
}

/// Prints the figures.
fn show(outcome: &Outcome) {
    let hours = outcome.simulated.as_secs() / 3600;
    println!("{} control planes replaced in {hours} simulated hours:", outcome.replacements);
    for (controller, score) in &outcome.scores {
        println!("  {controller:<34} {score}");
    }
    let ours = outcome.of(Controller::Shipped);
    println!(
        "  {} connections stayed, for {} requests: {} ended with their server or target, {} were cut",
        ours.sessions, ours.requests, ours.ended, ours.cut
    );
}
