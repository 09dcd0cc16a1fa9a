//! Writes of which ELB accepts a part.

use super::*;

/// `n` addresses of a cluster far larger than any.
fn many(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("10.1.{}.{}", n / 200, n % 200 + 1)).collect()
}

fn chunks(world: &World, operation: &str) -> Vec<usize> {
    world.requests_of(operation).iter().map(|call| call.targets().len()).collect()
}

#[tokio::test]
async fn targets_are_written_in_chunks_of_200() {
    let addresses = many(450);
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.add_cluster("payments", &addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["registered"], 450, "{}", report["summary"]);
    assert_eq!(chunks(&function.world(), "RegisterTargets"), [200, 200, 50]);
    assert_eq!(function.world().targets(&frontend.target_group).len(), 450);

    function.world().rotate("payments", &addresses[..2]);
    function.world().advance(Duration::from_mins(1));
    let report = function.sync().await;
    assert_eq!(report["summary"]["deregistered"], 448, "{}", report["summary"]);
    assert_eq!(chunks(&function.world(), "DeregisterTargets"), [200, 200, 48]);
}

#[tokio::test]
async fn a_bad_target_does_not_keep_out_the_good_ones() {
    let (function, frontend) = Function::start_in_with(&[PUBLIC_ALLOWED], |world| {
        let frontend = payments(world);
        world.rotate("payments", ["10.0.1.10", "10.0.2.11", PUBLIC, "10.0.4.14"]);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.3.12", "10.0.3.13"]);
        world.set_health("10.0.3.13", Health::Never);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let reported = reported(&report, &frontend);
    assert_eq!(code(reported), "AwsRejected");
    assert!(message(reported).contains("elasticloadbalancing:RegisterTargets"), "{}", message(reported));
    assert!(
        message(reported).contains("InvalidTarget") && message(reported).contains(PUBLIC),
        "{}",
        message(reported)
    );
    let failed = function.logged(|line| line["message"] == "failed").await;
    assert_eq!(failed["unwritten"], 1, "{failed}");
    assert_eq!(reported["registered"], json!(["10.0.2.11:443", "10.0.4.14:443"]));
    assert_eq!(reported["deregistered"], json!([]));
    let reasons = json!([
        {"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"},
        {"target": "10.0.3.13:443", "reason": "registrationFailed"},
    ]);
    assert_eq!(reported["withheld"], reasons);
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
}

#[tokio::test]
async fn one_bad_target_among_200_is_found_with_few_calls() {
    let mut addresses = many(200);
    addresses[77] = PUBLIC.to_owned();
    let (function, frontend) = Function::start_in_with(&[PUBLIC_ALLOWED], |world| {
        world.add_cluster("payments", &addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "AwsRejected");
    assert_eq!(report["summary"]["registered"], 199);
    assert_eq!(function.world().targets(&frontend.target_group).len(), 199);
    let calls = function.world().requests_of("RegisterTargets").len();
    assert!(calls <= 2 * 8 + 1, "{calls} calls");
}

#[tokio::test]
async fn a_full_target_group_fails_and_keeps_what_it_has() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.targets_per_group = 3;
        let frontend = payments(world);
        world.rotate("payments", ["10.0.1.10", "10.0.4.14", "10.0.4.15"]);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.1.12"]);
        world.set_health("10.0.1.12", Health::Never);
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let reported = reported(&report, &frontend);
    assert_eq!(code(reported), "AwsRejected");
    assert!(message(reported).contains("TooManyTargets"), "{}", message(reported));
    assert_eq!(reported["withheld"], json!([{"target": "10.0.1.12:443", "reason": "registrationFailed"}]));
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
    let expected = ["10.0.1.10:443", "10.0.1.12:443", "10.0.4.14:443"];
    assert_eq!(targets_of(&function.world(), &frontend.target_group), expected, "there was room for one");
}

/// A group at its quota that is full of targets that get no traffic.
#[tokio::test]
async fn a_full_target_group_makes_room_by_what_is_unused() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.targets_per_group = 4;
        let frontend = payments(world);
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.1.21", "10.0.1.22", "10.0.1.23"]);
        for unused in ["10.0.1.22", "10.0.1.23"] {
            world.pin_state(&frontend.target_group, unused, TargetState::Unused);
        }
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let failed = reported(&report, &frontend);
    assert!(message(failed).contains("TooManyTargets"), "{}", message(failed));
    assert_eq!(failed["deregistered"], json!(["10.0.1.22:443", "10.0.1.23:443"]));
    assert_eq!(failed["withheld"][0]["target"], "10.0.1.21:443");

    function.world().advance(Duration::from_mins(6));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.2.11:443"]));
}

#[tokio::test]
async fn one_target_that_cannot_be_deregistered_does_not_keep_the_others() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        let frontend = converged_payments(world);
        let stuck = ["10.0.1.21", "10.0.1.22", "10.0.1.23", "10.0.1.24"];
        world.put_targets(&frontend.target_group, stuck);
        let refuse = |fault: Fault| fault.refuse(400, "InvalidTarget", "10.0.1.23 is not to be deregistered");
        world.plant(refuse(Fault::on("DeregisterTargets").about("10.0.1.23")));
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;

    let failed = reported(&report, &frontend);
    assert_eq!(code(failed), "AwsRejected");
    assert_eq!(failed["deregistered"], json!(["10.0.1.21:443", "10.0.1.22:443", "10.0.1.24:443"]));
    assert_eq!(failed["withheld"], json!([{"target": "10.0.1.23:443", "reason": "deregistrationFailed"}]));
}

#[tokio::test]
async fn a_failure_that_is_about_no_target_is_tried_once_and_takes_nothing_away() {
    const FAULTS: [(&str, Befall); 7] = [
        ("AwsUnavailable", Fault::internal_failure),
        ("AwsUnavailable", Fault::unavailable),
        ("AccessDenied", Fault::access_denied),
        ("Throttled", Fault::throttle),
        ("AwsUnreachable", Fault::reset),
        ("AwsRejected", |fault| {
            fault.refuse(400, "TargetGroupNotFound", "One or more target groups not found")
        }),
        ("AwsRejected", |fault| fault.refuse(403, "ExpiredToken", "The security token has expired")),
    ];
    let (function, frontends) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        payments(world);
        world.rotate("payments", many(8));
        world.set_health("10.0.3.13", Health::Never);
        FAULTS.map(|(expected, befall)| {
            let frontend = world.add_frontend("payments");
            world.put_targets(&frontend.target_group, ["10.0.3.12", "10.0.3.13", "10.0.3.14"]);
            world.pin_state(&frontend.target_group, "10.0.3.14", TargetState::Unused);
            world.plant(befall(Fault::on("RegisterTargets").about(&frontend.target_group)));
            (expected, frontend)
        })
    })
    .await;

    let report = function.sync_with_failures().await;

    let world = function.world();
    for (expected, frontend) in frontends {
        let failed = reported(&report, &frontend);
        assert_eq!(code(failed), expected, "{failed:#}");
        assert_eq!((&failed["registered"], &failed["deregistered"]), (&json!([]), &json!([])));
        let withheld = json!([
            {"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"},
            {"target": "10.0.3.13:443", "reason": "registrationFailed"},
            {"target": "10.0.3.14:443", "reason": "registrationFailed"},
        ]);
        assert_eq!(failed["withheld"], withheld);
        let calls = world.requests_of("RegisterTargets").into_iter();
        let calls = calls.filter(|call| call.target_group() == Some(&frontend.target_group)).count();
        assert_eq!(calls, 1, "{}", message(failed));
    }
    assert_eq!(world.requests_of("DeregisterTargets").len(), 0);
}
