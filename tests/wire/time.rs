//! A call that hangs is given up, and no run outlives the function's time.

use std::time::{Duration, SystemTime};

use eks_nlb_simulator::world::{Family, Reply, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, Health, World};
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::*;

/// Hears when something is registered in `group`, while the run still waits for
/// what `slow` counts: it has been tried once, or once more on a machine that
/// is slow itself. A run that visited one frontend after the other would first
/// wait for the call that hangs.
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
    let hangs = async {
        while slow(&function.world()) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, hangs).await.expect("something hangs");
    assert!(slow(&function.world()) <= 2, "it was held up");
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
    is_not_held_up(&[BY_DNS, ("DNS_TIMEOUT_MS", "60000")], populate, |world| {
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
    is_not_held_up(&[BY_DNS, ("DNS_TIMEOUT_MS", "60000")], populate, |world| {
        world.dns.questions().iter().filter(|asked| asked.kind == "AAAA").count().div_ceil(4)
    })
    .await;
}

/// Enough time for calls that do not hang. Without the function's time, what
/// hangs would fail otherwise than by the deadline, and later.
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
    let (function, (slow, other)) = Function::start_in_with(&[BY_DNS], |world| {
        let slow = STEPS.map(|step| {
            let name = format!("slow-{step}");
            world.add_cluster(&name, ["10.0.1.10", "10.0.2.11"]);
            let frontend = world.add_frontend(&name);
            world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.1.13"]);
            world.set_health("10.0.1.13", Health::Never);
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
            "RegisterTargets" => json!([{"target": "10.0.1.13:443", "reason": "registrationFailed"}]),
            "DeregisterTargets" => json!([{"target": "10.0.1.13:443", "reason": "deregistrationFailed"}]),
            _ => json!([]),
        };
        assert_eq!(cut_off["withheld"], withheld, "{step}");
    }
    assert_eq!(reported(&report, &other)["outcome"], "changed");
}

#[tokio::test]
async fn discovery_keeps_to_the_functions_time() {
    let keeps_to_it = async |operation| {
        let (function, _) = Function::start_in_with(&[("ADDRESS_SOURCE", "eni")], busy_payments).await;
        function.world().plant(Fault::on(operation).silence());

        assert_eq!(sync_in_short_time(&function).await, "DiscoveryFailed", "{operation}");

        let line = function.logged(|line| line["message"] == "discovery failed").await;
        assert_eq!(line["code"], "DeadlineExceeded", "{operation}");
        assert_eq!(function.world().writes().len(), 0, "{operation}");
    };
    let listings =
        ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags", "DescribeNetworkInterfaces"];
    join_all(listings.map(keeps_to_it)).await;
}

#[tokio::test]
async fn nothing_is_started_that_no_longer_fits() {
    let (function, _) = Function::start_in_with(&[BY_DNS], busy_payments).await;
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
    let (function, frontend) = Function::start_in_with(&[BY_DNS], payments).await;
    let emulator = SystemTime::UNIX_EPOCH + Duration::from_mins(10);

    let report = function.invoke_until("{}", emulator).await.response();

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
}
