//! A target is deregistered on health that was read within ten seconds. Older
//! health is read again, and changes meanwhile count.

mod lost_answers;

use std::time::Duration;

use eks_nlb_simulator::{Fault, Limits as Rates, TargetState, World};
use eks_nlb_sync::model::Zone;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::{FailureCode, WithholdReason};

use super::{Function, MINUTE};

/// The stale target of [`with_something_to_do`], in the zone of a healthy one.
const STALE: &str = "10.0.0.9";

/// A cluster of two healthy targets, a third to be registered, and a stale one to
/// be deregistered.
async fn with_something_to_do() -> (Function, String) {
    let function = Function::start(1, Rates::NEWER).await;
    let converged = only(function.run_within(MINUTE).await);
    let group = converged.target_group.expect("it has one").0;
    let mut world = function.wire.world();
    world.rotate("cluster-0", ["10.0.0.10", "10.0.0.11", "10.0.0.12"]);
    world.put_targets(&group, [STALE]);
    world.clear_requests();
    drop(world);
    (function, group)
}

/// `meanwhile` happens after health was read, and the registration takes longer
/// than health is fresh.
async fn run_with_a_slow_registration(
    function: &Function,
    meanwhile: impl FnOnce(&mut World) + Send + 'static,
) -> FrontendReport {
    {
        let mut world = function.wire.world();
        world.plant(Fault::on("DescribeTargetHealth").after(meanwhile));
        world.plant(Fault::on("RegisterTargets").times(3).delay(Duration::from_secs(4)).unavailable());
    }
    only(function.run_within(MINUTE).await)
}

fn only(report: Report) -> FrontendReport {
    report.frontends.into_iter().next().expect("there is one frontend")
}

fn deregistered(report: &FrontendReport) -> Vec<String> {
    report.deregistered.iter().map(ToString::to_string).collect()
}

fn count(function: &Function, operation: &str) -> usize {
    function.wire.world().requests_of(operation).len()
}

#[tokio::test(start_paused = true)]
async fn fresh_health_is_not_read_again() {
    let (function, _) = with_something_to_do().await;

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(deregistered(&report), ["10.0.0.9:443"]);
    assert_eq!(count(&function, "DescribeTargetHealth"), 1);
}

#[tokio::test(start_paused = true)]
async fn old_health_is_read_again_and_then_counts() {
    let (function, _) = with_something_to_do().await;

    let report = run_with_a_slow_registration(&function, |_| {}).await;

    assert_eq!(deregistered(&report), ["10.0.0.9:443"]);
    assert_eq!(report.registered.len(), 1, "{report:?}");
    assert_eq!(count(&function, "DescribeTargetHealth"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_failed_meanwhile_keeps_the_stale_target() {
    let (function, group) = with_something_to_do().await;

    let report = run_with_a_slow_registration(&function, move |world| {
        world.pin_state(&group, "10.0.0.10", TargetState::Unhealthy);
    })
    .await;

    assert_eq!(deregistered(&report), Vec::<String>::new());
    let reason = report.withheld.first().map(|withheld| withheld.reason.reason());
    assert_eq!(reason, Some(WithholdReason::WaitingForHealthyReplacement));
    assert_eq!(report.outcome, Outcome::Changed, "the registration was made");
    assert_eq!(count(&function, "DeregisterTargets"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_another_client_removed_meanwhile_is_not_removed_again() {
    let (function, group) = with_something_to_do().await;

    let report = run_with_a_slow_registration(&function, move |world| {
        world.pin_state(&group, STALE, TargetState::Draining);
        world.pin_state(&group, "10.0.0.11", TargetState::Draining);
    })
    .await;

    assert_eq!(deregistered(&report), Vec::<String>::new());
    let registered: Vec<_> = report.registered.iter().map(ToString::to_string).collect();
    assert_eq!(registered, ["10.0.0.12:443"], "10.0.0.11 is left to the next run");
    assert_eq!(count(&function, "DeregisterTargets"), 0);
}

/// Health is as old as ELB's answer, however long the read was throttled.
#[tokio::test(start_paused = true)]
async fn health_that_was_throttled_for_long_is_fresh() {
    let (function, _) = with_something_to_do().await;
    function.wire.world().plant(Fault::on("DescribeTargetHealth").times(60).throttle());
    let begun = tokio::time::Instant::now();

    let report = only(function.run_within(MINUTE).await);

    assert!(begun.elapsed() > Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(deregistered(&report), ["10.0.0.9:443"]);
    assert_eq!(count(&function, "DescribeTargetHealth"), 61);
}

/// ELB answers, so its network is not blamed.
#[tokio::test(start_paused = true)]
async fn a_deregistration_that_fails_throughout_is_not_available() {
    let (function, _) = with_something_to_do().await;
    function.wire.world().plant(Fault::on("DeregisterTargets").internal_failure());

    let report = only(function.run_within(MINUTE).await);

    let failure = report.failure().expect("nothing was deregistered");
    assert_eq!(failure.code, FailureCode::AwsUnavailable, "{failure:?}");
    assert!(failure.message.contains("HTTP status 500"), "{failure:?}");
}

/// A deregistration that is throttled is tried while the run has time, each time
/// on fresh health.
#[tokio::test(start_paused = true)]
async fn a_throttled_deregistration_rests_on_fresh_health() {
    let (function, group) = with_something_to_do().await;
    let fails = move |world: &mut World| world.pin_state(&group, "10.0.0.10", TargetState::Unhealthy);
    {
        let mut world = function.wire.world();
        world.plant(Fault::on("DeregisterTargets").throttle());
        world.plant(Fault::on("DescribeTargetHealth").skip(1).times(1).before(fails));
    }

    let report = only(function.run_within(MINUTE).await);

    let reason = report.withheld.first().map(|withheld| withheld.reason.reason());
    assert_eq!(reason, Some(WithholdReason::WaitingForHealthyReplacement), "{report:?}");
    assert_eq!(report.outcome, Outcome::Changed);
}

/// Throttling is waited out, unlike silence, in more than two reads of health.
#[tokio::test(start_paused = true)]
async fn a_deregistration_that_is_throttled_for_long_is_made() {
    let (function, _) = with_something_to_do().await;
    function.wire.world().plant(Fault::on("DeregisterTargets").times(90).throttle());

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(deregistered(&report), ["10.0.0.9:443"], "{report:?}");
    assert!(count(&function, "DescribeTargetHealth") > 2);
}

/// The lookup takes longer than health is fresh. The health that was read at its start
/// is reported nevertheless.
#[tokio::test(start_paused = true)]
async fn an_outage_is_reported_while_the_lookup_is_throttled_throughout() {
    let (function, group) = with_something_to_do().await;
    {
        let mut world = function.wire.world();
        for target in ["10.0.0.10", "10.0.0.11", STALE] {
            world.pin_state(&group, target, TargetState::Unhealthy);
        }
        world.plant(Fault::on("DescribeCluster").throttle());
    }

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(report.failure().map(|failure| failure.code), Some(FailureCode::Throttled));
    assert_eq!(report.unserved, Some(vec![Zone::All]), "{report:?}");
    assert_eq!(count(&function, "DescribeTargetHealth"), 1);
}

/// The lookup outlasts the freshness of health, which cannot be read again.
#[tokio::test(start_paused = true)]
async fn an_outage_is_reported_where_health_cannot_be_read_again() {
    let (function, group) = with_something_to_do().await;
    {
        let mut world = function.wire.world();
        for target in ["10.0.0.10", "10.0.0.11", STALE] {
            world.pin_state(&group, target, TargetState::Unhealthy);
        }
        world.plant(Fault::on("DescribeCluster").times(3).delay(Duration::from_secs(4)).unavailable());
        world.plant(Fault::on("DescribeTargetHealth").skip(1).throttle());
    }

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(report.failure().map(|failure| failure.code), Some(FailureCode::Throttled), "{report:?}");
    assert_eq!(report.unserved, Some(vec![Zone::All]), "{report:?}");
    assert_eq!(report.healthy, Some(0), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn where_health_cannot_be_read_again_nothing_goes() {
    let (function, _) = with_something_to_do().await;
    function.wire.world().plant(Fault::on("DescribeTargetHealth").skip(1).access_denied());

    let report = run_with_a_slow_registration(&function, |_| {}).await;

    assert_eq!(report.failure().map(|failure| failure.code), Some(FailureCode::AccessDenied));
    assert_eq!(count(&function, "DeregisterTargets"), 0);
}

/// A lookup that outlasts the freshness of health does not decide on the health
/// that was read while it ran.
#[tokio::test(start_paused = true)]
async fn health_that_was_read_beside_a_slow_lookup_is_read_again() {
    let (function, _) = with_something_to_do().await;
    function
        .wire
        .world()
        .plant(Fault::on("DescribeCluster").times(3).delay(Duration::from_secs(4)).unavailable());

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(deregistered(&report), ["10.0.0.9:443"]);
    assert_eq!(count(&function, "DescribeTargetHealth"), 2, "{report:?}");
}

/// What another client removed during that lookup is registered in the same run.
#[tokio::test(start_paused = true)]
async fn what_was_removed_during_a_slow_lookup_is_registered() {
    let function = Function::start(1, Rates::NEWER).await;
    let group = only(function.run_within(MINUTE).await).target_group.expect("it has one").0;
    {
        let mut world = function.wire.world();
        let remove = move |world: &mut World| world.drop_target(&group, "10.0.0.10");
        world.plant(Fault::on("DescribeTargetHealth").after(remove));
        world.plant(Fault::on("DescribeCluster").times(3).delay(Duration::from_secs(4)).unavailable());
    }

    let report = only(function.run_within(MINUTE).await);

    let registered: Vec<_> = report.registered.iter().map(ToString::to_string).collect();
    assert_eq!(registered, ["10.0.0.10:443"], "{report:?}");
}
