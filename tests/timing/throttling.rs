//! Throttling is waited out within the run's time, and other clients of the
//! account keep their share.

use std::time::Duration;

use eks_nlb_simulator::{Fault, Limits as Rates};
use eks_nlb_sync::reasons::FailureCode;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Function, MINUTE};

/// Rates that no run exceeds.
const UNLIMITED: Rates = {
    let bucket = eks_nlb_simulator::throttle::Bucket { size: 1e9, rate: 1e9 };
    Rates { describe: bucket, registration: bucket, all: bucket }
};

/// Seconds in which every call is refused, at the start of a run.
#[tokio::test(start_paused = true)]
async fn seconds_of_refused_calls_lose_no_run() {
    for clusters in [1, 100] {
        for seconds in [2, 4, 20] {
            for warm in [false, true] {
                let function = Function::start(clusters, UNLIMITED).await;
                if warm {
                    function.run().await;
                }
                function.wire.refuse_until(Instant::now() + Duration::from_secs(seconds));
                function.move_clusters(clusters);
                let begun = Instant::now();

                let report = function.run_within(MINUTE).await;

                let took = begun.elapsed();
                assert_eq!(
                    report.summary.changed, clusters,
                    "{seconds} s, warm {warm}: {:?}",
                    report.summary
                );
                println!("{clusters} clusters, {seconds} s refused, warm {warm}: {took:?}");
                assert!(took < Duration::from_secs(seconds + 20), "{took:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn six_hundred_clusters_survive_twenty_seconds_of_refused_calls() {
    let function = Function::start(600, UNLIMITED).await;
    function.wire.refuse_until(Instant::now() + Duration::from_secs(20));

    let report = function.run_within(MINUTE).await;

    assert_eq!(report.summary.converged, 600, "{:?}", report.summary);
}

/// A write that is refused in the middle of a run is made again.
#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_made_again() {
    let function = Function::start(1, UNLIMITED).await;
    function.move_clusters(1);
    function.wire.world().plant(Fault::on("RegisterTargets").times(8).throttle());

    let report = function.run_within(MINUTE).await;

    assert_eq!(report.summary.changed, 1, "{:?}", report.summary);
}

/// A run that is throttled throughout ends when its time is nearly up.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_refused_throughout_ends_as_throttled_in_time() {
    let function = Function::start(100, UNLIMITED).await;
    function.wire.refuse_until(Instant::now() + MINUTE * 2);
    let begun = Instant::now();

    let error = function.try_run_within(MINUTE).await.expect_err("nothing is listed");

    assert_eq!(error.code(), FailureCode::Throttled, "{error}");
    let took = begun.elapsed();
    assert!(took > MINUTE.mul_f64(0.8) && took <= MINUTE, "{took:?}");
}

/// Each failure takes EKS two seconds, so the call is given up before its last
/// attempt.
#[tokio::test(start_paused = true)]
async fn slow_failures_of_a_service_are_not_blamed_on_the_network() {
    let function = Function::start(1, UNLIMITED).await;
    function.wire.world().plant(Fault::on("DescribeCluster").delay(Duration::from_secs(2)).unavailable());

    let report = function.run_within(MINUTE).await;

    let codes: Vec<_> = report.failures().map(|(_, failure)| failure.code).collect();
    assert_eq!(codes, [FailureCode::AwsUnavailable], "{report:?}");
}

/// A run that fits into its bucket has few calls refused.
#[tokio::test(start_paused = true)]
async fn few_calls_of_a_run_that_fits_its_bucket_are_refused() {
    for clusters in [40, 100, 150] {
        let function = Function::start(clusters, Rates::CLASSIC).await;
        for run in 0..2 {
            function.calls();

            let report = function.run().await;

            let (calls, refused) = function.calls();
            println!("{clusters} clusters, run {run}: {refused} of {} refused", calls.len());
            assert_eq!(report.summary.converged, clusters, "{:?}", report.summary);
            assert!(refused * 10 <= calls.len(), "{clusters}: {refused} of {} refused", calls.len());
        }
    }
}

/// Sixteen functions of one account on one schedule, each with its own tag.
#[tokio::test(start_paused = true)]
async fn sixteen_functions_of_one_account_all_succeed() {
    const FUNCTIONS: usize = 16;
    let functions = Function::start_beside_each_other(FUNCTIONS, Rates::CLASSIC).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..3 {
        let begun = Instant::now();
        let runs =
            functions.iter().map(async |function| (function.run_within(MINUTE).await, begun.elapsed()));
        for (report, took) in join_all(runs).await {
            assert_eq!((report.summary.converged, report.summary.failed), (1, 0), "{:?}", report.summary);
            slowest = slowest.max(took);
        }
        tokio::time::sleep_until(begun + MINUTE).await;
    }
    println!("sixteen functions: the slowest run took {slowest:?}");
    assert!(slowest < MINUTE / 2, "{slowest:?}");
}

/// Other clients use the whole rate all the time.
#[tokio::test(start_paused = true)]
async fn beside_clients_that_use_the_whole_rate_a_run_gets_through() {
    let function = Function::start(10, Rates::CLASSIC).await;
    for run in 0..5 {
        let others = function.wire.use_whole_rate();

        let report = function.run_within(MINUTE).await;

        others.abort();
        assert_eq!(report.summary.converged, 10, "run {run}: {:?}", report.summary);
    }
}
