//! `eks-nlb plan`.

use std::time::Duration;

use eks_nlb_simulator::{Fault, TargetState, World};

use crate::support::*;

#[tokio::test]
async fn a_plan_shows_what_is_not_converged_and_writes_nothing() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["plan"]).await;

    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.lines_with("10.0.1.10:443").len(), 1, "{}", said.out);
    let registered = said.lines_with("10.2.3.32:443")[0];
    assert!(
        registered.contains("register") && registered.contains("desired, and not registered"),
        "{registered}"
    );
    let withheld = said.lines_with("10.2.1.30:443")[0];
    for part in ["orders", "healthy", "withhold", "1 desired target is healthy where 2 must be", "1/2"] {
        assert!(withheld.contains(part), "{part} is missing: {withheld}");
    }
    assert!(said.lines_with("ledger").is_empty(), "{}", said.out);
    said.assert_shows(&["3 to register, 0 to deregister, 1 withheld"]);
    assert_eq!(said.err, "");
    assert_eq!(desk.writes(), 0);
}

#[tokio::test]
async fn all_of_it_is_shown_on_demand() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["plan", "--all"]).await;

    let kept = said.lines_with("10.1.1.20:443")[0];
    assert!(kept.contains("ledger") && kept.contains("keep") && kept.contains("2/2"), "{kept}");
}

#[tokio::test]
async fn the_detailed_exit_code_is_terraforms() {
    let converged = |world: &mut World| _ = ledger(world);
    let failing = |world: &mut World| {
        small_fleet(world);
        world.plant(Fault::on("DescribeCluster").about("ledger").access_denied());
    };
    for (populate, code, detailed) in
        [(converged as fn(&mut World), 0, 0), (small_fleet, 0, 2), (failing, 1, 1)]
    {
        let desk = Desk::new(populate).await;

        assert_eq!(desk.run(&["plan"]).await.code, Some(code));
        assert_eq!(desk.run(&["plan", "--detailed-exitcode"]).await.code, Some(detailed));
    }
}

/// The targets are the right ones, and all are unhealthy.
#[tokio::test]
async fn a_cluster_that_is_cut_off_is_shown_although_there_is_nothing_to_change() {
    for (unhealthy, code, says) in [
        (&["10.1.1.20", "10.1.2.21"][..], 3, "Cut off: ledger (tg-ledger): no healthy target: 2 unhealthy."),
        (&["10.1.2.21"], 0, "Zone cut off: ledger (tg-ledger): no healthy target in eu-west-1b."),
        (&[], 0, ""),
    ] {
        let desk = Desk::new(|world| {
            let group = ledger(world);
            for target in unhealthy {
                world.pin_state(&group, target, TargetState::Unhealthy);
            }
        })
        .await;

        let said = desk.run(&["plan"]).await;
        let detailed = desk.run(&["plan", "--detailed-exitcode"]).await;

        assert_eq!((said.code, detailed.code), (Some(code), Some(code)), "{said:?}");
        let rows = said.lines_with(":443");
        assert_eq!(rows.len(), if unhealthy.is_empty() { 0 } else { 2 }, "{}", said.out);
        said.assert_shows(&[says, "1 converged"]);
        assert_eq!(said.out.contains("ut off"), !unhealthy.is_empty(), "{}", said.out);
    }
}

/// Whether the target group carries the tag that the function's policy asks for,
/// whether IAM says what the policy is, and what the plan says.
#[tokio::test]
async fn a_plan_equals_what_the_next_run_does_with_the_functions_permissions() {
    type Case = (bool, bool, i32, &'static str, &'static str);
    let cases: [Case; 4] = [
        (true, true, 0, "policy", "allow elasticloadbalancing:RegisterTargets"),
        (true, false, 0, "tag", "it carries eks-nlb-sync=enabled"),
        (false, true, 1, "policy", "do not allow elasticloadbalancing:RegisterTargets"),
        (false, false, 1, "tag", "it does not carry eks-nlb-sync=enabled"),
    ];
    for (is_tagged, iam_answers, code, by, message) in cases {
        let desk =
            Desk::new(|world| to_be_written(world, Some("eks-nlb-sync"), is_tagged, iam_answers)).await;

        let text = desk.run(&["plan"]).await;
        let json = desk.run(&["plan", "--output", "json"]).await.json();
        let dry = desk.run(&["sync", "--dry-run"]).await;
        let sync = desk.run(&["sync", "--yes"]).await;

        assert_eq!([text.code, dry.code, sync.code], [Some(code); 3], "{text:?} {sync:?}");
        let may_write = &json["frontends"][0]["mayWrite"];
        assert_eq!(
            (may_write["allowed"].clone(), &may_write["by"]),
            (is_tagged.into(), &by.into()),
            "{json:#}"
        );
        assert!(may_write["message"].as_str().is_some_and(|says| says.contains(message)), "{json:#}");
        for said in [&text, &dry] {
            assert_eq!(said.lines_with("refuse").len(), usize::from(!is_tagged));
        }
        assert_eq!(sync.out.contains("AccessDenied"), !is_tagged, "{sync:?}");
    }
}

/// A plan that changes nothing needs no permission, and asks for none.
#[tokio::test]
async fn permissions_are_read_only_where_something_is_to_be_written() {
    let desk = Desk::new(|world| _ = ledger(world)).await;

    assert_eq!(desk.run(&["plan"]).await.code, Some(0));

    assert_eq!(desk.sim.world().count("SimulatePrincipalPolicy"), 0);
}

#[tokio::test]
async fn a_failure_is_a_row_with_its_code() {
    let desk = Desk::new(|world| {
        small_fleet(world);
        world.plant(Fault::on("DescribeCluster").about("ledger").access_denied());
    })
    .await;

    let said = desk.run(&["plan"]).await;

    let row = said.lines_with("AccessDenied")[0];
    assert!(row.contains("ledger") && row.contains("fail") && row.contains("eks:DescribeCluster"), "{row}");
    said.assert_shows(&["1 failed"]);
}

#[tokio::test]
async fn json_is_the_functions_report() {
    let desk = Desk::new(small_fleet).await;

    let report = desk.run(&["plan", "--output", "json"]).await.json();

    assert_eq!(report["dryRun"], true);
    assert_eq!(report["summary"]["planned"], 2);
    assert_eq!(report["summary"]["registered"], 3);
    assert_eq!(report["frontends"].as_array().map(Vec::len), Some(3), "converged ones, too");
    let orders =
        report["frontends"].as_array().into_iter().flatten().find(|item| item["cluster"] == "orders");
    assert_eq!(
        orders.map(|item| item["withheld"][0]["reason"].clone()),
        Some("waitingForHealthyReplacement".into())
    );
}

#[tokio::test]
async fn one_cluster_is_read_alone() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["plan", "--cluster", "payments"]).await;

    assert!(said.lines_with("orders").is_empty(), "{}", said.out);
    assert_eq!(desk.sim.world().count("DescribeCluster"), 1);
}

#[tokio::test]
async fn settings_are_flags_and_variables_and_flags_win() {
    let desk = Desk::new(small_fleet).await;

    let add_only = desk.run(&["plan", "--sync-policy", "add-only"]).await;
    let variable = desk.run_with(&[("SYNC_POLICY", "add-only")], &["plan"]).await;
    let flag = desk.run_with(&[("SYNC_POLICY", "add-only")], &["plan", "--sync-policy=sync"]).await;

    add_only.assert_shows(&["SYNC_POLICY is add-only"]);
    assert_eq!(add_only.out, variable.out);
    assert!(!flag.out.contains("add-only"), "{}", flag.out);
}

#[tokio::test]
async fn nothing_managed_is_said_and_is_no_error() {
    let desk = Desk::new(|_| {}).await;

    let said = desk.run(&["plan", "--nlb-tag", "front=yes"]).await;

    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("No network load balancer in eu-west-1 carries front=yes"), "{said:?}");
}

#[tokio::test]
async fn colour_is_for_terminals_and_for_who_insists() {
    let desk = Desk::new(small_fleet).await;
    let has_colour = |said: &Said| said.out.contains('\u{1b}');

    assert!(!has_colour(&desk.run(&["plan"]).await));
    assert!(has_colour(&desk.run_with(&[("CLICOLOR_FORCE", "1")], &["plan"]).await));
    assert!(!has_colour(&desk.run_with(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], &["plan"]).await));
}

#[tokio::test]
async fn a_demonstration_needs_no_account() {
    let said = said(bare(&["--demo", "plan"])).await;

    assert_eq!(said.code, Some(0), "{said:?}");
    said.assert_shows(&["payments", "clusterNotReady"]);
}

#[tokio::test]
async fn a_slow_region_is_no_error() {
    let desk = Desk::new(|world| {
        small_fleet(world);
        world.latency = Duration::from_millis(200);
    })
    .await;

    let said = desk.run(&["plan"]).await;

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "no bar without a terminal");
}
