//! AWS refuses calls, fails, is slow, or cannot be reached.

mod listing;
mod unknown;
mod vanished;

use eks_nlb_simulator::world::{LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, Simulator, World};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cases::*;
use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// Every call of a run that registers and deregisters.
const EVERY_CALL: [&str; 7] = [
    "DescribeLoadBalancers",
    "DescribeTargetGroups",
    "DescribeTags",
    "DescribeCluster",
    "DescribeTargetHealth",
    "RegisterTargets",
    "DeregisterTargets",
];

/// The calls of discovery.
const DISCOVERY: [&str; 3] = ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags"];

/// Plants a fault of one call of the frontend of `payments`.
fn plant(world: &mut World, frontend: &Frontend, operation: &str, befall: Befall) {
    let about = if operation == "DescribeCluster" { "payments" } else { &frontend.target_group };
    world.plant(befall(Fault::on(operation).about(about)));
}

fn assert_names_the_remedy(message: &str) {
    for word in ["NAT gateway", "interface endpoints", "eks", "elasticloadbalancing", "sts"] {
        assert!(message.contains(word), "{word} is missing: {message}");
    }
}

/// Faults that a call gets over when it is tried again.
const PASSING_FAULTS: [(&str, Befall); 6] = [
    ("500", Fault::internal_failure),
    ("503", Fault::unavailable),
    ("throttled", |fault| fault.throttle().times(2)),
    ("reset", Fault::reset),
    ("lost", Fault::lose_answer),
    ("truncated", Fault::truncate),
];

#[tokio::test]
async fn a_passing_fault_of_any_call_is_got_over() {
    let got_over = async |(name, befall): (&str, Befall)| {
        let (function, frontend) = Function::start_in_with(&[("ADDRESS_SOURCE", "eni")], |world| {
            for operation in EVERY_CALL.iter().chain(&["DescribeNetworkInterfaces"]) {
                world.plant(befall(Fault::on(operation).times(1)));
            }
            busy_payments(world)
        })
        .await;

        let report = function.sync().await;

        let reported = reported(&report, &frontend);
        assert_eq!(reported["registered"], json!(["10.0.2.11:443"]), "{name}: {reported:#}");
        assert_eq!(reported["deregistered"], json!(["10.0.3.13:443"]), "{name}: {reported:#}");
        assert_eq!(function.world().faults_left(), 0, "{name}");
    };
    join_all(PASSING_FAULTS.map(got_over)).await;
}

/// A faulty read, and the code of the failure.
const READ_FAULTS: [(&str, Befall); 10] = [
    ("AccessDenied", Fault::access_denied),
    ("Throttled", Fault::throttle),
    ("AwsUnreachable", Fault::reset),
    ("AwsUnreachable", Fault::lose_answer),
    ("AwsUnavailable", Fault::internal_failure),
    ("AwsUnavailable", Fault::unavailable),
    ("AwsRejected", |fault| fault.refuse(400, "InvalidParameterException", "It is not right")),
    ("AwsRejected", Fault::truncate),
    ("AwsRejected", Fault::garble),
    ("AwsRejected", |fault| fault.bloat(100_000)),
];

#[tokio::test]
async fn what_a_read_fails_with_is_told_by_its_code() {
    for operation in ["DescribeCluster", "DescribeTargetHealth"] {
        let (function, (frontends, bystander)) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
            let mut n = 0;
            let frontends = READ_FAULTS.map(|(expected, befall)| {
                n += 1;
                let cluster = format!("spoilt-{n:02}");
                world.add_cluster(&cluster, [format!("10.1.{n}.10")]);
                let frontend = world.add_frontend(&cluster);
                let about = if operation == "DescribeCluster" { &cluster } else { &frontend.target_group };
                world.plant(befall(Fault::on(operation).about(about)));
                (expected, frontend)
            });
            (frontends, bystander(world))
        })
        .await;

        let report = function.sync_with_failures().await;

        for (n, (expected, frontend)) in frontends.iter().enumerate() {
            let failed = reported(&report, frontend);
            assert_eq!(code(failed), *expected, "{operation}, {n}: {}", message(failed));
            assert!(message(failed).contains(&format!(":{operation}")), "{}", message(failed));
            assert!(message(failed).len() < 2_000, "{} bytes", message(failed).len());
            if let "AwsUnreachable" = *expected {
                assert_names_the_remedy(message(failed));
            }
        }
        let refusal = message(reported(&report, &frontends[6].1));
        assert!(refusal.contains("InvalidParameterException: It is not right"), "{refusal}");
        assert_only_written(&function.world(), &bystander);
    }
}

#[tokio::test]
async fn a_refusal_by_iam_names_the_action() {
    for operation in EVERY_CALL {
        let (function, frontend) = Function::start_in(|world| {
            world.plant(Fault::on(operation).access_denied());
            busy_payments(world)
        })
        .await;

        let service = if operation == "DescribeCluster" { "eks" } else { "elasticloadbalancing" };
        let message = if DISCOVERY.contains(&operation) {
            function.sync_without_discovery().await
        } else {
            let report = function.sync_with_failures().await;
            assert_eq!(code(reported(&report, &frontend)), "AccessDenied", "{operation}");
            message(reported(&report, &frontend)).to_owned()
        };
        assert!(message.contains(&format!("{service}:{operation}")), "{message}");
        let writes = function.world().writes().iter().filter(|write| write.error.is_none()).count();
        assert_eq!(writes, usize::from(operation == "DeregisterTargets"), "{operation}");
        assert_eq!(function.world().requests_of(operation).len(), 1, "{operation} is not tried again");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_registration_is_made_good() {
    let (function, frontend) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        let frontend = payments(world);
        plant(world, &frontend, "RegisterTargets", |fault| fault.times(1).lose_answer());
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;
    assert_eq!(code(reported(&report, &frontend)), "AwsUnreachable");
    assert_eq!(targets_of(&function.world(), &frontend.target_group), PAYMENTS_TARGETS);

    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "converged");
    assert_eq!(function.world().requests_of("RegisterTargets").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_deregistration_is_made_good() {
    let (function, frontend) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
        let frontend = busy_payments(world);
        plant(world, &frontend, "DeregisterTargets", |fault| fault.times(1).lose_answer());
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;
    assert_eq!(code(reported(&report, &frontend)), "AwsUnreachable");

    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "waiting");
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 1, "what drains is left alone");
}

#[tokio::test]
async fn what_lasts_is_given_up_well_inside_the_functions_time() {
    let faults: [(&str, &str, Befall); 6] = [
        ("DescribeCluster", "Throttled", Fault::throttle),
        ("DescribeCluster", "AwsUnreachable", Fault::silence),
        ("DescribeTargetHealth", "Throttled", Fault::throttle),
        ("DescribeTargetHealth", "AwsUnavailable", Fault::unavailable),
        ("RegisterTargets", "AwsUnreachable", Fault::silence),
        ("RegisterTargets", "AwsUnreachable", Fault::reset),
    ];
    let (function, (spoilt, bystander)) = Function::start_in(|world| {
        let mut spoilt = Vec::new();
        for (n, (operation, _, befall)) in faults.into_iter().enumerate() {
            let name = format!("spoilt-{n}");
            world.add_cluster(&name, [format!("10.{n}.0.1")]);
            let frontend = world.add_frontend(&name);
            let about = if operation == "DescribeCluster" { &name } else { &frontend.target_group };
            world.plant(befall(Fault::on(operation).about(about)));
            spoilt.push(frontend);
        }
        (spoilt, bystander(world))
    })
    .await;

    // A call that is not given up ends as DeadlineExceeded.
    let (error_type, _) = function.invoke_within("{}", TIME / 2).await.error();

    assert_eq!(error_type, "FrontendsFailed");
    let report = function.last_report().await;
    for (frontend, (operation, expected, _)) in spoilt.iter().zip(faults) {
        let reported = reported(&report, frontend);
        assert_eq!(code(reported), expected, "{operation}: {}", message(reported));
        if expected == "AwsUnreachable" {
            assert_names_the_remedy(message(reported));
        }
    }
    assert_eq!(reported(&report, &bystander)["outcome"], "changed");
    // Throttled calls are repeated until the time is up, some two a second once the
    // rate is known; failing calls a few times.
    let most = 3 * usize::try_from(TIME.as_secs() / 2).expect("seconds");
    let world = function.world();
    for tried_again in [&spoilt[2], &spoilt[3], &spoilt[5]] {
        let group = Some(tried_again.target_group.as_str());
        let calls = world.requests().iter().filter(|call| call.target_group() == group).count();
        assert!((3..=most).contains(&calls), "{calls} calls");
    }
}

/// A retry mode does not say how often a call is made; `AWS_MAX_ATTEMPTS` does.
#[tokio::test]
async fn throttling_is_waited_out_in_every_retry_mode() {
    for (variable, succeeds) in [(("AWS_RETRY_MODE", "standard"), true), (("AWS_MAX_ATTEMPTS", "3"), false)] {
        let (function, frontend) = Function::start_in_with(&[variable], |world| {
            world.plant(Fault::on("DescribeLoadBalancers").times(5).throttle());
            payments(world)
        })
        .await;
        if succeeds {
            assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
        } else {
            let error = function.sync_without_discovery().await;
            assert!(error.contains("was throttled on every attempt"), "{error}");
        }
    }
}

#[tokio::test]
async fn connections_that_died_between_two_runs_do_no_harm() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    // Each connection is closed after its first answer, without notice.
    let relay = Relay::of_aws(&sim, Afterwards::Dropped, |_, answer| answer).await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;

    for outcome in ["changed", "converged", "converged"] {
        let report = function.sync().await;
        assert_eq!(reported(&report, &frontend)["outcome"], outcome);
    }
}
