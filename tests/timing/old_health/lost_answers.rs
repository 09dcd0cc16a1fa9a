//! Deregistrations whose answer does not come.

use super::*;

/// ELB has deregistered it, and every answer is lost.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_out_by_reading_again() {
    for is_forgotten in [false, true] {
        let (function, group) = with_something_to_do().await;
        {
            let mut world = function.wire.world();
            world.plant(Fault::on("DeregisterTargets").lose_answer());
            if is_forgotten {
                let forget = move |world: &mut World| world.drop_target(&group, STALE);
                world.plant(Fault::on("DescribeTargetHealth").skip(1).times(1).before(forget));
            }
        }

        let report = only(function.run_within(MINUTE).await);

        assert_eq!(report.outcome, Outcome::Changed, "{report:?}");
        assert_eq!(deregistered(&report), ["10.0.0.9:443"]);
        assert_eq!(report.registered.len(), 1);
    }
}

/// The group is full, so only what is unused may go: also after targets were read
/// again for a lost answer.
#[tokio::test(start_paused = true)]
async fn after_a_failed_registration_a_lost_answer_lets_nothing_else_go() {
    let (function, group) = with_something_to_do().await;
    {
        let mut world = function.wire.world();
        world.put_targets(&group, ["10.0.0.8"]);
        world.pin_state(&group, "10.0.0.8", TargetState::Unused);
        world.targets_per_group = world.targets(&group).len();
        world.plant(Fault::on("DeregisterTargets").lose_answer());
    }

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(deregistered(&report), ["10.0.0.8:443"], "{report:?}");
    let [withheld] = &report.withheld[..] else { panic!("{report:?}") };
    assert_eq!(withheld.target.to_string(), format!("{STALE}:443"));
    assert_eq!(withheld.reason.reason(), WithholdReason::RegistrationFailed);
}

/// ELB does not answer at all: the next run tries again.
#[tokio::test(start_paused = true)]
async fn a_deregistration_without_an_answer_is_tried_twice() {
    let (function, _) = with_something_to_do().await;
    function.wire.world().plant(Fault::on("DeregisterTargets").silence());

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(report.failure().map(|failure| failure.code), Some(FailureCode::AwsUnreachable));
    let reason = report.withheld.first().map(|withheld| withheld.reason.reason());
    assert_eq!(reason, Some(WithholdReason::DeregistrationFailed));
    assert_eq!(report.registered.len(), 1, "what was registered is reported");
    assert_eq!(count(&function, "DescribeTargetHealth"), 2);
}

/// Nor is a target deregistered again that ELB's next read still shows.
#[tokio::test(start_paused = true)]
async fn what_was_deregistered_before_a_lost_answer_is_not_deregistered_again() {
    let (function, group) = with_something_to_do().await;
    {
        let mut world = function.wire.world();
        world.put_targets(&group, ["10.0.0.8"]);
        // ELB refuses the two together, takes the first, and never answers for the second.
        world.plant(Fault::on("DeregisterTargets").times(1).refuse(400, "ValidationError", "one at a time"));
        world.keep_past(MINUTE);
        let lag = |world: &mut World| world.set_read_lags(&[Duration::from_secs(30)]);
        world.plant(Fault::on("DeregisterTargets").skip(2).times(1).before(lag));
        world.plant(Fault::on("DeregisterTargets").skip(2).silence());
    }

    let report = only(function.run_within(MINUTE).await);

    assert_eq!(deregistered(&report), ["10.0.0.8:443"], "{report:?}");
    let world = function.wire.world();
    let calls = world.requests_of("DeregisterTargets");
    let names = calls.iter().filter(|call| call.targets().iter().any(|target| *target == "10.0.0.8:443"));
    assert_eq!(names.count(), 2, "with the other one, and alone");
}
