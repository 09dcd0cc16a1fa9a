//! The rules that hold always, over many runs.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use eks_nlb_simulator::world::{Family, LoadBalancerSpec, Reply, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, Health, TargetState, World};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::*;

/// The addresses that take the place of all of [`PAYMENTS`], in the same zones.
const REPLACEMENT: [&str; 2] = ["10.0.1.14", "10.0.2.15"];

/// The same as targets.
const REPLACEMENT_TARGETS: [&str; 2] = ["10.0.1.14:443", "10.0.2.15:443"];

/// The writes so far, as operation and targets.
fn writes(world: &World) -> Vec<(String, Vec<String>)> {
    world.writes().iter().map(|write| (write.operation.clone(), write.targets())).collect()
}

fn healthy(world: &World, frontend: &Frontend) -> Vec<String> {
    let targets = world.targets(&frontend.target_group).into_iter();
    targets.filter(|(_, state)| *state == TargetState::Healthy).map(|(target, _)| target).collect()
}

fn withheld(reported: &Value) -> Vec<(&str, &str)> {
    let list = reported["withheld"].as_array().expect("a list");
    list.iter()
        .map(|one| (one["target"].as_str().expect("one"), one["reason"].as_str().expect("one")))
        .collect()
}

#[tokio::test]
async fn what_is_missing_is_registered_before_what_is_stale_is_deregistered() {
    let (function, frontend) = Function::start_in(busy_payments).await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    let expected = [
        ("RegisterTargets".to_owned(), vec!["10.0.2.11:443".to_owned()]),
        ("DeregisterTargets".to_owned(), vec!["10.0.3.13:443".to_owned()]),
    ];
    assert_eq!(writes(&function.world()), expected);
}

#[tokio::test]
async fn a_new_control_plane_takes_over_without_a_gap() {
    let (function, frontend) = Function::start_in(converged_payments).await;
    let group = frontend.target_group.as_str();
    function.world().rotate("payments", REPLACEMENT);
    let waiting = PAYMENTS_TARGETS.map(|target| (target, "waitingForHealthyReplacement"));

    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["registered"], json!(REPLACEMENT_TARGETS));
    assert_eq!(withheld(reported(&report, &frontend)), waiting);
    assert_eq!(healthy(&function.world(), &frontend), PAYMENTS_TARGETS);

    // Still on its first checks: nothing to do but to wait.
    function.world().advance(Duration::from_secs(10));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "waiting");
    assert_eq!(withheld(reported(&report, &frontend)), waiting);
    assert_eq!(function.world().writes().len(), 1);

    function.world().advance(Duration::from_secs(30));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["deregistered"], json!(PAYMENTS_TARGETS));
    assert_eq!(healthy(&function.world(), &frontend), REPLACEMENT_TARGETS);

    // What drains is left to drain, and what is gone is gone.
    function.sync().await;
    function.world().advance(Duration::from_mins(6));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "converged");
    assert_eq!(targets_of(&function.world(), group), REPLACEMENT_TARGETS);
    assert_eq!(function.world().writes().len(), 2);
}

#[tokio::test]
async fn the_last_one_that_may_serve_stays_as_long_as_nothing_replaces_it() {
    for state in [TargetState::Healthy, TargetState::Initial, TargetState::Unavailable] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = payments(world);
            world.rotate("payments", REPLACEMENT);
            for address in REPLACEMENT {
                world.set_health(address, Health::Never);
            }
            world.put_targets(&frontend.target_group, ["10.0.1.10"]);
            world.pin_state(&frontend.target_group, "10.0.1.10", state);
            frontend
        })
        .await;

        for _ in 0..5 {
            let report = function.sync().await;
            let waiting = [("10.0.1.10:443", "waitingForHealthyReplacement")];
            assert_eq!(withheld(reported(&report, &frontend)), waiting, "{state}");
            function.world().advance(Duration::from_hours(1));
        }

        assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0, "{state}");
        assert_eq!(function.world().requests_of("RegisterTargets").len(), 1, "{state}");
    }
}

#[tokio::test]
async fn what_serves_nothing_goes_at_once() {
    for state in [TargetState::Unhealthy, TargetState::UnhealthyDraining, TargetState::Unused] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = payments(world);
            world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.3.12"]);
            world.pin_state(&frontend.target_group, "10.0.3.12", state);
            frontend
        })
        .await;

        let report = function.sync().await;

        assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.2.11:443"]), "{state}");
        assert_eq!(reported(&report, &frontend)["deregistered"], json!(["10.0.3.12:443"]), "{state}");
    }
}

#[tokio::test]
async fn as_many_must_be_healthy_as_the_operator_says_or_all_if_there_are_fewer() {
    for (minimum, healthy, goes) in
        [("1", 1, true), ("2", 1, false), ("2", 2, true), ("9", 1, false), ("9", 2, true)]
    {
        let variables = [("MIN_HEALTHY_TARGETS", minimum)];
        let (function, frontend) = Function::start_in_with(&variables, |world| {
            let frontend = converged_payments(world);
            for address in &PAYMENTS[healthy..] {
                world.set_health(address, Health::Never);
            }
            world.put_targets(&frontend.target_group, ["10.0.1.12"]);
            frontend
        })
        .await;

        let report = function.sync().await;

        let reported = reported(&report, &frontend);
        let (deregistered, kept) = if goes {
            (json!(["10.0.1.12:443"]), vec![])
        } else {
            (json!([]), vec![("10.0.1.12:443", "waitingForHealthyReplacement")])
        };
        assert_eq!(reported["deregistered"], deregistered, "{minimum} wanted, {healthy} healthy");
        assert_eq!(withheld(reported), kept, "{minimum} wanted, {healthy} healthy");
    }
}

/// Without cross-zone load balancing, clients of a zone have only its targets.
#[tokio::test]
async fn no_zone_is_left_without_a_healthy_target() {
    let (function, frontend) = Function::start_in_with(&[("MIN_HEALTHY_TARGETS", "1")], |world| {
        let frontend = converged_payments(world);
        world.rotate("payments", REPLACEMENT);
        world.set_health(REPLACEMENT[1], Health::After(Duration::from_mins(5)));
        frontend
    })
    .await;
    let [a1, b1] = PAYMENTS_TARGETS;
    function.sync().await;

    // a2 is healthy, and b2 is not yet.
    function.world().advance(Duration::from_mins(1));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["deregistered"], json!([a1]));
    assert_eq!(withheld(reported(&report, &frontend)), [(b1, "waitingForHealthyReplacement")]);
    assert_eq!(reported(&report, &frontend)["healthy"], 1);

    function.world().advance(Duration::from_mins(1));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "waiting");
    let line = function.logged(|line| line["message"] == "waiting").await;
    let reason = "it may be serving, and no desired target in zone eu-west-1b is healthy";
    assert_eq!(line["reason"], reason, "{line}");

    function.world().advance(Duration::from_mins(4));
    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["deregistered"], json!([b1]));
    assert_eq!(reported(&report, &frontend)["healthy"], 2);
}

/// Where all checks fail although servers serve, as in a cluster that answers
/// them with 401, the unhealthy targets carry all traffic.
#[tokio::test]
async fn a_load_balancer_that_fails_open_is_not_emptied() {
    for replacement in [Health::Never, Health::After(Duration::from_mins(3))] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = converged_payments(world);
            world.healthy_after = Duration::from_mins(3);
            world.rotate("payments", REPLACEMENT);
            for (old, new) in PAYMENTS.iter().zip(REPLACEMENT) {
                world.set_health(old, Health::Never);
                world.set_health(new, replacement);
            }
            frontend
        })
        .await;
        let waiting = PAYMENTS_TARGETS.map(|target| (target, "waitingForHealthyReplacement"));

        let report = function.sync().await;
        assert_eq!(reported(&report, &frontend)["registered"], json!(REPLACEMENT_TARGETS), "{replacement:?}");
        assert_eq!(withheld(reported(&report, &frontend)), waiting, "{replacement:?}");

        // A new target gets nothing until its registration is complete.
        function.world().advance(Duration::from_mins(1));
        let report = function.sync().await;
        assert_eq!(reported(&report, &frontend)["outcome"], "waiting", "{replacement:?}");
        function.logged(|line| line["message"] == "unhealthy" && line["level"] == "WARN").await;

        function.world().advance(Duration::from_mins(3));
        let report = function.sync().await;
        assert_eq!(reported(&report, &frontend)["deregistered"], json!(PAYMENTS_TARGETS), "{replacement:?}");
    }
}

/// EKS has at least two addresses, so an answer with one is short.
#[tokio::test]
async fn a_short_answer_takes_nothing_away_unless_one_target_is_enough() {
    const ADDRESSES: [&str; 4] = ["10.0.1.10", "10.0.2.11", "10.0.1.12", "10.0.2.13"];
    for (minimum, goes) in [("5", false), ("2", false), ("1", true)] {
        let variables = [("MIN_HEALTHY_TARGETS", minimum)];
        let (function, frontend) = Function::start_in_with(&variables, |world| {
            world.add_cluster("payments", ADDRESSES);
            let frontend = world.add_frontend("payments");
            world.put_targets(&frontend.target_group, ADDRESSES);
            world.dns.set(&world.host("payments"), [ADDRESSES[0]]);
            frontend
        })
        .await;

        let report = function.sync().await;

        let outcome = if goes { "changed" } else { "waiting" };
        assert_eq!(reported(&report, &frontend)["outcome"], outcome, "{minimum}");
        assert_eq!(withheld(reported(&report, &frontend)).len(), if goes { 0 } else { 3 }, "{minimum}");
    }
}

#[tokio::test]
async fn add_only_never_deregisters() {
    let (function, frontend) = Function::start_in_with(&[("SYNC_POLICY", "add-only")], busy_payments).await;

    let report = function.sync().await;

    let reported = reported(&report, &frontend);
    assert_eq!(reported["registered"], json!(["10.0.2.11:443"]));
    assert_eq!(withheld(reported), [("10.0.3.12:443", "addOnlyPolicy"), ("10.0.3.13:443", "addOnlyPolicy")]);
    function.world().advance(Duration::from_hours(1));
    function.sync().await;
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
}

#[tokio::test]
async fn a_draining_target_that_is_desired_again_is_registered_again() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = converged_payments(world);
        world.pin_state(&frontend.target_group, "10.0.1.10", TargetState::Draining);
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.1.10:443"]));
    let world = function.world();
    assert_eq!(world.targets(&frontend.target_group)["10.0.1.10:443"], TargetState::Initial);
}

#[tokio::test]
async fn a_draining_target_that_is_not_desired_is_left_alone() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = converged_payments(world);
        world.put_targets(&frontend.target_group, ["10.0.3.12"]);
        world.pin_state(&frontend.target_group, "10.0.3.12", TargetState::Draining);
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["outcome"], "converged");
    assert_eq!(withheld(reported(&report, &frontend)), []);
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn a_draining_target_is_no_healthy_replacement() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        world.rotate("payments", REPLACEMENT);
        world.put_targets(&frontend.target_group, [REPLACEMENT[0], REPLACEMENT[1], "10.0.1.10"]);
        world.pin_state(&frontend.target_group, REPLACEMENT[1], TargetState::Draining);
        frontend
    })
    .await;

    let report = function.sync().await;

    let waiting = [("10.0.1.10:443", "waitingForHealthyReplacement")];
    assert_eq!(withheld(reported(&report, &frontend)), waiting);
    assert_eq!(function.world().requests_of("DeregisterTargets").len(), 0);
}

#[tokio::test]
async fn a_target_that_fails_its_checks_is_registered_all_the_same() {
    for state in [TargetState::Unhealthy, TargetState::UnhealthyDraining, TargetState::Unused] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = converged_payments(world);
            world.pin_state(&frontend.target_group, "10.0.1.10", state);
            frontend
        })
        .await;

        assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "converged", "{state}");
        assert_eq!(function.world().writes().len(), 0, "{state}");
    }
}

#[tokio::test]
async fn a_target_is_an_address_and_a_port() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        world.put_targets(&frontend.target_group, ["10.0.1.10:8443", "10.0.2.11"]);
        world.pin_state(&frontend.target_group, "10.0.1.10:8443", TargetState::Unhealthy);
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.1.10:443"]));
    assert_eq!(reported(&report, &frontend)["deregistered"], json!(["10.0.1.10:8443"]));
    let expected = [
        ("RegisterTargets".to_owned(), vec!["10.0.1.10:443".to_owned()]),
        ("DeregisterTargets".to_owned(), vec!["10.0.1.10:8443".to_owned()]),
    ];
    assert_eq!(writes(&function.world()), expected);
}

#[tokio::test]
async fn a_target_groups_own_port_is_the_targets_port() {
    let (function, group) = Function::start_in(|world| {
        world.add_cluster("payments", PAYMENTS);
        let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
        let spec = TargetGroupSpec::ip(&load_balancer);
        world.add_target_group(TargetGroupSpec { port: Some(6443), ..spec })
    })
    .await;

    function.sync().await;

    assert_eq!(targets_of(&function.world(), &group), ["10.0.1.10:6443", "10.0.2.11:6443"]);
}

/// Hears when something is registered in `group`, while the run still waits
/// for what `slow` counts: it has been tried once, or once more on a machine
/// that is slow itself. A run that takes one frontend after the other tries
/// what hangs until it gives up.
async fn is_not_held_up(
    variables: &[(&str, &str)],
    populate: impl FnOnce(&mut World) -> Frontend,
    slow: impl Fn(&World) -> usize,
) {
    let (function, told) = Function::start_in_with(variables, |world| {
        let (tell, told) = oneshot::channel();
        let group = populate(world).target_group;
        world.plant(Fault::on("RegisterTargets").about(&group).after(|_| tell.send(()).expect("awaited")));
        told
    })
    .await;

    tokio::select! {
        told = told => told.expect("it is served"),
        answer = function.invoke("{}") => panic!("nothing hung: {answer:?}"),
    }
    assert!((1..=2).contains(&slow(&function.world())), "it was held up");
}

#[tokio::test]
async fn a_frontend_that_hangs_does_not_hold_up_another() {
    for operation in ["DescribeCluster", "DescribeTargetHealth", "RegisterTargets"] {
        let populate = |world: &mut World| {
            let slow = payments(world);
            let about = if operation == "DescribeCluster" { "payments" } else { &slow.target_group };
            world.plant(Fault::on(operation).about(about).silence());
            bystander(world)
        };
        is_not_held_up(&[], populate, |world| {
            let calls = world.requests_of(operation).into_iter();
            calls.filter(|call| call.error.is_none() && call.status == 0).count()
        })
        .await;
    }
}

#[tokio::test]
async fn a_name_that_is_not_answered_does_not_hold_up_another() {
    let populate = |world: &mut World| {
        payments(world);
        world.dns.set(&world.host("payments"), Reply::Silence);
        bystander(world)
    };
    // Each attempt sends up to four packets.
    is_not_held_up(&[("DNS_TIMEOUT_MS", "60000")], populate, |world| {
        world
            .dns
            .questions()
            .iter()
            .filter(|asked| asked.name == world.host("payments").to_ascii_lowercase())
            .count()
            .div_ceil(4)
    })
    .await;
}

#[tokio::test]
async fn a_family_that_is_not_answered_does_not_hold_up_the_other() {
    let populate = |world: &mut World| {
        let frontend = payments(world);
        let spec = TargetGroupSpec::ip(&frontend.load_balancer);
        world.add_target_group(TargetGroupSpec { family: Family::Ipv6, ..spec });
        world.dns.set_family(&world.host("payments"), Family::Ipv6, Reply::Silence);
        frontend
    };
    is_not_held_up(&[("DNS_TIMEOUT_MS", "60000")], populate, |world| {
        world.dns.questions().iter().filter(|asked| asked.kind == "AAAA").count().div_ceil(4)
    })
    .await;
}

#[tokio::test]
async fn a_second_run_over_an_unchanged_world_writes_nothing() {
    let (function, ()) = Function::start_in(|world| {
        busy_payments(world);
        world.set_health("10.0.2.11", Health::Never);
        bystander(world);
    })
    .await;
    function.sync().await;
    let before = function.world().writes().len();

    for by in [Duration::ZERO, Duration::from_secs(5), Duration::from_mins(1), Duration::from_hours(1)] {
        function.world().advance(by);
        let report = function.sync().await;
        let still = [&report["summary"]["converged"], &report["summary"]["waiting"]];
        assert_eq!(still, [1, 1], "{report:#}");
    }

    assert_eq!(function.world().writes().len(), before);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_plans_what_the_real_run_does() {
    let (function, ()) = Function::start_in(|world| {
        busy_payments(world);
        bystander(world);
        world.add_cluster("ledger", ["10.7.0.1"]);
        let ledger = world.add_frontend("ledger");
        world.put_targets(&ledger.target_group, ["10.7.0.1"]);
        world.rotate("ledger", ["10.7.0.2"]);
    })
    .await;

    let plan = function.answer(r#"{"dryRun": true}"#).await;
    assert_eq!(function.world().writes().len(), 0);
    let done = function.sync().await;

    assert_eq!(plan["summary"]["planned"], done["summary"]["changed"]);
    for count in ["registered", "deregistered", "withheld", "converged"] {
        assert_eq!(plan["summary"][count], done["summary"][count], "{count}");
    }
    let (planned, done) = (plan["frontends"].as_array(), done["frontends"].as_array());
    for (planned, done) in planned.expect("a list").iter().zip(done.expect("a list")) {
        assert_eq!(planned["outcome"], "planned");
        for key in ["targetGroup", "desired", "registered", "deregistered", "withheld"] {
            assert_eq!(planned[key], done[key], "{key}");
        }
    }
}

#[tokio::test]
async fn what_is_not_tagged_is_never_written() {
    let (function, mine) = Function::start_in(|world| {
        let mine = busy_payments(world);
        let stale = ["10.0.3.12", "10.0.3.13"];
        let spec = TargetGroupSpec::ip(&mine.load_balancer);
        let excluded = world.add_target_group(spec.clone().excluded());
        let unattached = world.add_target_group(spec.unattached());
        let untagged = LoadBalancerSpec::managed("payments").without_tag("eks-nlb-sync");
        let untagged = world.add_load_balancer(untagged);
        let unselected = world.add_target_group(TargetGroupSpec::ip(&untagged));
        for group in [excluded, unattached, unselected] {
            world.put_targets(&group, stale);
        }
        mine
    })
    .await;

    for _ in 0..3 {
        function.sync().await;
        function.world().advance(Duration::from_mins(10));
    }

    assert_only_written(&function.world(), &mine);
}

/// A time that is long enough for what does not hang. Without the function's
/// time, what hangs would fail otherwise than by the deadline, and later.
const SHORT_TIME: Duration = Duration::from_secs(3);

/// One full sync within [`SHORT_TIME`]: its errorType.
async fn sync_in_short_time(function: &Function) -> String {
    function.started().await;
    function.invoke_within("{}", SHORT_TIME).await.error().0
}

#[tokio::test]
async fn every_step_of_a_frontend_keeps_to_the_functions_time() {
    const STEPS: [&str; 5] =
        ["DescribeCluster", "DNS", "DescribeTargetHealth", "RegisterTargets", "DeregisterTargets"];
    let (function, (slow, other)) = Function::start_in(|world| {
        let slow = STEPS.map(|step| {
            let name = format!("slow-{step}");
            world.add_cluster(&name, ["10.0.1.10", "10.0.2.11"]);
            let frontend = world.add_frontend(&name);
            world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.3.13"]);
            world.set_health("10.0.3.13", Health::Never);
            match step {
                "DNS" => world.dns.set(&world.host(&name), Reply::Silence),
                "DescribeCluster" => world.plant(Fault::on(step).about(&name).silence()),
                _ => world.plant(Fault::on(step).about(&frontend.target_group).silence()),
            }
            (step, frontend)
        });
        (slow, bystander(world))
    })
    .await;

    assert_eq!(sync_in_short_time(&function).await, "FrontendsFailed");

    let report = function.last_report().await;
    for (step, frontend) in &slow {
        let cut_off = reported(&report, frontend);
        assert_eq!(code(cut_off), "DeadlineExceeded", "{step}");
        let begun =
            if *step == "DNS" { "during resolving" } else { &*format!("{step}, whose answer is not known") };
        assert!(message(cut_off).contains(begun), "{}", message(cut_off));
        let registered = if *step == "DeregisterTargets" { json!(["10.0.2.11:443"]) } else { json!([]) };
        assert_eq!(cut_off["registered"], registered, "{step}");
        let withheld = match *step {
            "RegisterTargets" => json!([{"target": "10.0.3.13:443", "reason": "registrationFailed"}]),
            "DeregisterTargets" => json!([{"target": "10.0.3.13:443", "reason": "deregistrationFailed"}]),
            _ => json!([]),
        };
        assert_eq!(cut_off["withheld"], withheld, "{step}");
    }
    assert_eq!(reported(&report, &other)["outcome"], "changed");
}

#[tokio::test]
async fn discovery_keeps_to_the_functions_time() {
    let keeps_to_it = async |operation| {
        let (function, _) = Function::start_in(busy_payments).await;
        function.world().plant(Fault::on(operation).silence());

        assert_eq!(sync_in_short_time(&function).await, "DiscoveryFailed", "{operation}");

        let line = function.logged(|line| line["message"] == "discovery failed").await;
        assert_eq!(line["code"], "DeadlineExceeded", "{operation}");
        assert_eq!(function.world().writes().len(), 0, "{operation}");
    };
    join_all(["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags"].map(keeps_to_it)).await;
}

#[tokio::test]
async fn nothing_is_started_that_no_longer_fits() {
    let (function, _) = Function::start_in(busy_payments).await;
    function.started().await;

    // Less than it takes to write the report, and a deadline that has just passed.
    let now = SystemTime::now();
    for deadline in [now + Duration::from_millis(450), now] {
        let answer = function.invoke_until("{}", deadline).await;

        assert_eq!(answer.error().0, "DiscoveryFailed");
        assert_eq!(function.world().requests().len(), 0);
    }
}

#[tokio::test]
async fn a_deadline_before_the_process_started_is_none() {
    let (function, frontend) = Function::start_in(payments).await;
    let emulator = SystemTime::UNIX_EPOCH + Duration::from_mins(10);

    let report = function.invoke_until("{}", emulator).await.response();

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn whatever_the_first_run_could_not_do_a_later_run_does() {
    let (function, frontend) =
        Function::start_in_with(&[ONE_ATTEMPT, ("DNS_TIMEOUT_MS", "300")], payments).await;
    let host = function.world().host("payments");
    for operation in ["DescribeCluster", "DescribeTargetHealth", "RegisterTargets"] {
        function.world().plant(Fault::on(operation).times(1).unavailable());
        function.sync_with_failures().await;
    }
    function.world().dns.set(&host, Reply::Silence);
    function.sync_with_failures().await;
    assert_eq!(targets_of(&function.world(), &frontend.target_group), Vec::<String>::new());
    function.world().publish("payments");

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    let targets: BTreeSet<_> = targets_of(&function.world(), &frontend.target_group).into_iter().collect();
    assert_eq!(targets, PAYMENTS_TARGETS.map(str::to_owned).into());
}
