//! What can be wrong with the function, its schedule and its alarms.

use std::time::Duration;

use eks_nlb_simulator::world::usual_topic;

use super::{Case, assert_found, case, healthy, variable};
use crate::support::*;

pub(super) const CASES: &[Case] = &[
    case(
        "the function failed",
        |world, _| "Failed".clone_into(&mut world.supporting.function().state),
        &["function"],
        "its state is Failed",
    ),
    case(
        "the function only plans",
        |world, _| variable(world, "DRY_RUN", "true"),
        &["function-settings"],
        "its DRY_RUN is true",
    ),
    case(
        "a variable of this command differs from the function's",
        |world, _| variable(world, "ADDRESS_SOURCE", "eni"),
        &["function-settings"],
        "it has another ADDRESS_SOURCE",
    ),
    case(
        "the function does not start",
        |world, _| variable(world, "MIN_HEALTHY_TARGETS", "many"),
        &["function-settings"],
        "it does not start: MIN_HEALTHY_TARGETS=\"many\"",
    ),
    case(
        "no schedule invokes the function",
        |world, _| world.supporting.function().schedule = None,
        &["schedule"],
        "no schedule has it as its target",
    ),
    case(
        "the schedule is disabled",
        |world, _| world.supporting.function().schedule = Some("DISABLED".to_owned()),
        &["schedule"],
        "eks-nlb-sync is disabled",
    ),
    case(
        "the last success is long ago",
        |world, _| world.supporting.function().last_report = Some(Duration::from_mins(42)),
        &["last-success"],
        "the last was 42 min ago",
    ),
    case(
        "there was no success",
        |world, _| world.supporting.function().last_report = None,
        &["last-success"],
        "none in EksNlbSync within the last three hours",
    ),
    case(
        "no alarm watches the function",
        |world, _| world.supporting.alarms.clear(),
        &["alarms"],
        "no alarm watches its metrics",
    ),
    case(
        "an alarm notifies nobody",
        |world, _| world.supporting.alarms[0].actions.clear(),
        &["alarms"],
        "it does nothing when it fires",
    ),
    case(
        "the actions of an alarm are off",
        |world, _| world.supporting.alarms[0].actions_enabled = false,
        &["alarms"],
        "it does nothing when it fires",
    ),
    case(
        "the subscription is not confirmed",
        |world, _| _ = world.supporting.subscriptions.insert(usual_topic(), 0),
        &["alarms"],
        "this topic has no confirmed subscription",
    ),
];

#[tokio::test]
async fn faults_of_the_function_are_found() {
    assert_found(CASES).await;
}

#[tokio::test]
async fn a_function_of_another_name_is_found_by_it() {
    let desk = Desk::new(|world| {
        healthy(world);
        "sync-Function-1A2B".clone_into(&mut world.supporting.function().name);
        "sync-Function-1A2B".clone_into(&mut world.supporting.alarms[0].function);
    })
    .await;

    let unnamed = desk.run(&["doctor"]).await;
    let named = desk.run(&["doctor", "--function", "sync-Function-1A2B"]).await;
    let wrong = desk.run(&["doctor", "--function", "missing"]).await;

    assert_eq!(unnamed.code, Some(0), "{unnamed:?}");
    assert!(
        words(&unnamed.out).contains("not checked: Lambda knows no function of this name"),
        "{}",
        unnamed.out
    );
    assert_eq!(named.code, Some(0), "{named:?}");
    assert!(!named.out.lines().any(|line| line.starts_with('‼')), "{}", named.out);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        words(&wrong.out).contains("missing Lambda knows no function of this name in eu-west-1"),
        "{}",
        wrong.out
    );
}
