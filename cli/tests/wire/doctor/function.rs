//! What can be wrong with the function, its schedule and its alarms.

use std::time::Duration;

use eks_nlb_simulator::world::usual_topic;

use super::{Case, assert_found, healthy, variable};
use crate::support::*;

pub(super) const CASES: &[Case] = &[
    (
        |world, _| "Failed".clone_into(&mut world.supporting.function().state),
        &["function"],
        "its state is Failed",
    ),
    (|world, _| variable(world, "DRY_RUN", "true"), &["function-settings"], "its DRY_RUN is true"),
    (
        |world, _| variable(world, "ADDRESS_SOURCE", "eni"),
        &["function-settings"],
        "it has another ADDRESS_SOURCE",
    ),
    (
        |world, _| variable(world, "MIN_HEALTHY_TARGETS", "many"),
        &["function-settings"],
        "it does not start: MIN_HEALTHY_TARGETS=\"many\"",
    ),
    (
        |world, _| world.supporting.function().schedule = None,
        &["schedule"],
        "no schedule has it as its target",
    ),
    (
        |world, _| world.supporting.function().schedule = Some("DISABLED".to_owned()),
        &["schedule"],
        "eks-nlb-sync is disabled",
    ),
    (
        |world, _| world.supporting.function().last_report = Some(Duration::from_mins(42)),
        &["last-success"],
        "the last was 42 min ago",
    ),
    (
        |world, _| world.supporting.function().last_report = None,
        &["last-success"],
        "none in EksNlbSync within the last three hours",
    ),
    (|world, _| world.supporting.alarms.clear(), &["alarms"], "no alarm watches its metrics"),
    (|world, _| world.supporting.alarms[0].actions.clear(), &["alarms"], "it does nothing when it fires"),
    (
        |world, _| world.supporting.alarms[0].actions_enabled = false,
        &["alarms"],
        "it does nothing when it fires",
    ),
    (
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
    unnamed.assert_shows(&["not checked: Lambda knows no function of this name"]);
    assert_eq!(named.code, Some(0), "{named:?}");
    assert!(!named.out.lines().any(|line| line.starts_with('‼')), "{}", named.out);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    wrong.assert_shows(&["missing Lambda knows no function of this name in eu-west-1"]);
}
