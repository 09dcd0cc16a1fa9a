//! The deployed function is found, and its settings are those of the commands.

use eks_nlb_simulator::world::{Function, LoadBalancerSpec, TargetGroupSpec};
use eks_nlb_simulator::{Fault, World, sample};
use serde_json::Value;

use crate::support::*;

/// A world in which the function's `NLB_TAG` is not the default.
fn of_another_tag(world: &mut World) {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let spec = LoadBalancerSpec::network("nlb-payments").tag("team", "a").tag("eks", "payments");
    let load_balancer = world.add_load_balancer(spec);
    world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("team", "a"));
    variables(world, &[("NLB_TAG", "team=a"), ("CLUSTER_NAME_TAG", "eks")]);
}

fn variables(world: &mut World, variables: &[(&str, &str)]) {
    let environment = &mut world.supporting.function().environment;
    environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
}

#[tokio::test]
async fn a_command_has_the_settings_of_the_function() {
    let desk = Desk::new(of_another_tag).await;

    for command in ["plan", "status", "explain payments"] {
        let arguments: Vec<_> = command.split(' ').collect();
        let said = desk.run(&arguments).await;

        assert!(said.out.contains("nlb-payments"), "{command}: {said:?}");
        assert_eq!(said.err, "", "{command}");
    }
    let sync = desk.run(&["sync", "--yes"]).await;
    assert_eq!((sync.code, desk.writes()), (Some(0), 1), "{sync:?}");
    assert!(!desk.run(&["doctor"]).await.out.contains("it has another"));
}

#[tokio::test]
async fn a_flag_wins_and_the_difference_is_told() {
    let desk = Desk::new(of_another_tag).await;

    let flag = desk.run(&["plan", "--nlb-tag", "team=b"]).await;
    let variable = desk.run_with(&[("MIN_HEALTHY_TARGETS", "1")], &["status"]).await;
    let same = desk.run(&["plan", "--nlb-tag", "team=a"]).await;

    assert!(flag.err.contains("The function eks-nlb-sync has a different NLB_TAG. "), "{flag:?}");
    assert!(!flag.out.contains("nlb-payments"), "{flag:?}");
    assert!(variable.err.contains("has a different MIN_HEALTHY_TARGETS. "), "{variable:?}");
    variable.assert_shows(&["nlb-payments"]);
    assert_eq!(same.err, "");
}

/// Its tag selects other load balancers than the default does.
#[tokio::test]
async fn a_function_that_does_not_start_with_its_settings_is_told() {
    let desk = Desk::new(|world| {
        of_another_tag(world);
        variables(world, &[("MIN_HEALTHY_TARGETS", "0")]);
    })
    .await;

    for command in ["status", "plan"] {
        let said = desk.run(&[command]).await;

        let note = "takes its other settings: it does not start: MIN_HEALTHY_TARGETS=\"0\"";
        assert!(said.err.contains(note) && said.out.contains("nlb-payments"), "{said:?}");
    }
}

#[tokio::test]
async fn a_function_that_only_plans_is_told() {
    let desk = Desk::new(|world| {
        of_another_tag(world);
        variables(world, &[("DRY_RUN", "true")]);
    })
    .await;

    let said = desk.run(&["plan"]).await;

    assert!(said.err.contains("The function eks-nlb-sync has DRY_RUN=true"), "{said:?}");
}

/// The function has a name that CloudFormation made, and another is there.
fn stack(world: &mut World) {
    of_another_tag(world);
    "stack-Function-1A2B".clone_into(&mut world.supporting.function().name);
    let other = Function { name: "other".to_owned(), ..Function::default() };
    world.supporting.other_functions.push(other);
}

/// Two stacks.
fn two(world: &mut World) {
    stack(world);
    let second = Function { name: "stack-2".to_owned(), ..world.supporting.function().clone() };
    world.supporting.other_functions.push(second);
}

/// The function is found by its name, else as the only one that has its
/// variables.
#[tokio::test]
async fn the_function_finds_itself_where_there_is_one() {
    type Case = (fn(&mut World), &'static [&'static str], &'static str);
    let cases: [Case; 5] = [
        (of_another_tag, &[], "function eks-nlb-sync in eu-west-1"),
        (stack, &[], "function stack-Function-1A2B in eu-west-1"),
        (two, &[], "give --function with one of stack-Function-1A2B and stack-2"),
        (two, &["--function", "stack-Function-1A2B"], "function stack-Function-1A2B in eu-west-1"),
        (of_another_tag, &["--function", "nothing"], "Lambda knows no function nothing in eu-west-1"),
    ];
    for (populate, arguments, says) in cases {
        let desk = Desk::new(populate).await;

        let said = desk.run(&[&["version"], arguments].concat()).await;

        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        said.assert_shows(&[says]);
        let plan = desk.run(&[&["plan"], arguments].concat()).await;
        let is_missing = arguments.last() == Some(&"nothing");
        assert_eq!(
            plan.err.contains("The settings of the function nothing are not known"),
            is_missing,
            "{plan:?}"
        );
        let is_ambiguous = says.starts_with("give --function");
        assert_eq!(plan.err.contains("are not known") && plan.err.contains(says), is_ambiguous, "{plan:?}");
        assert_eq!(plan.out.contains("nlb-payments"), says.starts_with("function "), "{plan:?}");
    }
}

/// A report of a fault names this program's version, also from a machine without an account.
#[tokio::test]
async fn its_own_version_needs_no_account() {
    let desk = Desk::new(|_| {}).await;

    let text = desk.run_with(&[("AWS_REGION", "nowhere")], &["version"]).await;
    let json = desk.run_with(&[("AWS_REGION", "nowhere")], &["version", "-o", "json"]).await.json();

    assert_eq!((text.code, text.err.as_str()), (Some(0), ""), "{text:?}");
    assert!(text.out.starts_with(concat!("eks-nlb ", env!("CARGO_PKG_VERSION"), "\nfunction: ")), "{text:?}");
    text.assert_shows(&["is not the name of a Region"]);
    assert_eq!(json["version"], Value::from(env!("CARGO_PKG_VERSION")));
    assert_eq!(json["function"].get("region"), None, "{json:#}");
}

#[tokio::test]
async fn both_versions_are_told() {
    let desk = Desk::new(of_another_tag).await;

    let text = desk.run(&["version"]).await;
    let json = desk.run(&["version", "-o", "json"]).await.json();
    let doctor = desk.run(&["doctor"]).await;

    // The SHA-256 of `test`.
    let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert!(text.out.starts_with(concat!("eks-nlb ", env!("CARGO_PKG_VERSION"), "\n")), "{text:?}");
    text.assert_shows(&[sha256, "2026-01-01T00:00:00", "arn:aws:iam::111122223333:role/eks-nlb-sync"]);
    assert_eq!(json["function"]["codeSha256"], Value::from(sha256));
    assert_eq!(json["version"], Value::from(env!("CARGO_PKG_VERSION")));
    doctor.assert_shows(&["eks-nlb-sync, code 9f86d0818"]);
}

/// By the description that the templates give: of the same version, of others, and of
/// a function that was described by hand.
#[tokio::test]
async fn the_version_of_the_function_is_told_and_compared() {
    let own = env!("CARGO_PKG_VERSION");
    for (description, version, words) in [
        (format!("eks-nlb-sync {own}: keeps"), Some(own), own.to_owned()),
        (
            "eks-nlb-sync 0.0.9: keeps".to_owned(),
            Some("0.0.9"),
            format!("0.0.9, older than this program ({own})"),
        ),
        (
            "eks-nlb-sync 99.0.0".to_owned(),
            Some("99.0.0"),
            format!("99.0.0, newer than this program ({own})"),
        ),
        ("eks-nlb-sync 0.2.0-rc1: keeps".to_owned(), Some("0.2.0-rc1"), "0.2.0-rc1".to_owned()),
        ("the team's own".to_owned(), None, "unknown: its description does not begin with".to_owned()),
    ] {
        let desk = Desk::new(|world| {
            of_another_tag(world);
            world.supporting.function().description.clone_from(&description);
        })
        .await;

        let text = desk.run(&["version"]).await;
        let json = desk.run(&["version", "-o", "json"]).await.json();
        let doctor = desk.run(&["doctor"]).await;

        assert_eq!(text.code, Some(0), "{text:?}");
        assert_eq!(
            text.lines_with(&format!("version        {words}")).len(),
            1,
            "{description}: {}",
            text.out
        );
        assert_eq!(json["function"].get("version").and_then(Value::as_str), version, "{json:#}");
        doctor.assert_shows(&[&format!("version {words}")]);
    }
}

/// Without the permission, or without a function, a command continues with its own
/// settings.
#[tokio::test]
async fn no_function_is_no_obstacle() {
    for operation in ["GetFunctionConfiguration", "ListFunctions"] {
        let desk = Desk::new(|world| {
            world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
            sample::frontend(world, "payments");
            world.supporting.function = None;
            world.plant(Fault::on(operation).access_denied());
        })
        .await;

        let said = desk.run(&["plan"]).await;

        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{operation}: {said:?}");
        assert!(said.out.contains("2 to register"), "{operation}: {said:?}");
    }
}

/// Of a function that does not exist, or does not write, no command promises a run.
#[tokio::test]
async fn no_run_is_promised_that_does_not_write() {
    type Case = (fn(&mut World), &'static str);
    let cases: [Case; 4] = [
        (
            |world| world.supporting.function = None,
            "it registers 10.0.1.10, 10.0.2.11. No function was found here",
        ),
        (
            |world| variables(world, &[("DRY_RUN", "true")]),
            "it registers 10.0.1.10, 10.0.2.11. Runs of the function eks-nlb-sync do not: it has DRY_RUN=true.",
        ),
        (
            |world| variables(world, &[("MIN_HEALTHY_TARGETS", "0")]),
            "Runs of the function eks-nlb-sync do not: it does not start: MIN_HEALTHY_TARGETS",
        ),
        (
            |world| world.plant(Fault::on("GetFunctionConfiguration").access_denied()),
            "or wait for the next run of the function if one is deployed: it registers",
        ),
    ];
    for (populate, advice) in cases {
        let desk = Desk::new(|world| {
            to_be_written(world, None, true, true);
            populate(world);
        })
        .await;

        let explained = desk.run(&["explain", "payments"]).await;
        let [status, plan] = [desk.run(&["status"]).await, desk.run(&["plan"]).await];

        explained.assert_shows(&[advice]);
        assert!(
            !words(&explained.out).contains("wait for the next run of the function: it"),
            "{explained:?}"
        );
        assert_eq!((status.code, plan.code), (Some(3), Some(0)), "{plan:?}");
        for said in [status, plan] {
            said.assert_shows(&["the target group is empty; 2 to register"]);
            assert!(!said.out.contains("next run") && !said.out.contains("may not write"), "{said:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_variable_names_no_function() {
    let desk = Desk::new(of_another_tag).await;

    let said = desk.run_with(&[("EKS_NLB_FUNCTION", "")], &["plan"]).await;

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    said.assert_shows(&["nlb-payments"]);
}

/// `watch` in a container has a role of its own.
#[tokio::test]
async fn without_a_function_a_missing_tag_is_no_refusal() {
    let desk = Desk::new(|world| {
        to_be_written(world, Some("eks-nlb-sync"), false, true);
        world.supporting.function = None;
    })
    .await;

    let plan = desk.run(&["plan"]).await;
    let explained = desk.run(&["explain", "payments"]).await;
    let doctor = desk.run(&["doctor"]).await;

    assert_eq!((plan.code, plan.lines_with("refuse").len()), (Some(0), 0), "{plan:?}");
    assert!(!explained.out.contains("May write"), "{explained:?}");
    explained
        .assert_shows(&["Run `eks-nlb sync`: it registers 10.0.1.10, 10.0.2.11. No function was found here"]);
    doctor.assert_shows(&["not checked: it does not carry eks-nlb-sync=enabled, and no function was found"]);
}
