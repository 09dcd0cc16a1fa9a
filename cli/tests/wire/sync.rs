//! `eks-nlb sync`.

use std::time::Duration;

use crate::support::*;

#[tokio::test]
async fn a_sync_does_what_the_plan_said() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["sync", "--yes"]).await;

    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.lines_with("10.0.1.10:443")[0].contains("registered"), "{}", said.out);
    said.assert_shows(&["3 registered, 0 deregistered, 1 withheld"]);
    let waits = "payments (tg-payments): the target group was empty, and its new targets wait for";
    said.assert_shows(&[waits]);
    assert_eq!(desk.writes(), 2);

    desk.sim.world().advance(Duration::from_mins(5));
    let said = desk.run(&["sync", "--yes", "--output", "json"]).await;
    assert_eq!(said.json()["summary"]["deregistered"], 1);
    assert_eq!(desk.run(&["plan", "--detailed-exitcode"]).await.code, Some(0));
}

#[tokio::test]
async fn without_a_terminal_nobody_agrees() {
    let desk = Desk::new(small_fleet).await;

    desk.run(&["sync"]).await.assert_one_sentence(1, &["not a terminal", "--yes"]);

    assert_eq!(desk.writes(), 0);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_whoever_asks_for_it() {
    let desk = Desk::new(small_fleet).await;

    let flag = desk.run(&["sync", "--dry-run", "--yes"]).await;
    let variable = desk.run_with(&[("DRY_RUN", "true")], &["sync", "--yes"]).await;

    assert_eq!((flag.code, &flag.out), (variable.code, &variable.out));
    assert_eq!(flag.err, "Nothing was written: --dry-run.\n");
    assert_eq!(variable.err, "Nothing was written: DRY_RUN is true.\n");
    assert!(
        flag.out.starts_with("LOAD BALANCER") && flag.out.contains("Plan: 3 to register"),
        "{}",
        flag.out
    );
    assert_eq!(desk.writes(), 0);
}

/// Asks on a terminal that `script` makes, and types `answer`.
async fn asked(desk: &Desk, answer: &str, command: &str) -> Said {
    let program = env!("CARGO_BIN_EXE_eks-nlb");
    said(desk.shell(&format!("echo {answer} | script -qec '{program} {command}' /dev/null"))).await
}

/// The plan goes to standard error with the question; standard output has the
/// report alone.
#[tokio::test]
async fn json_is_one_document_on_a_terminal_too() {
    let desk = Desk::new(small_fleet).await;

    let said = asked(&desk, "yes", "sync --output json 2>/dev/null").await;

    let (_, document) = said.out.split_once('{').expect("a document");
    let report: serde_json::Value = serde_json::from_str(&format!("{{{document}")).expect("nothing else");
    assert_eq!((&report["dryRun"], &report["summary"]["registered"]), (&false.into(), &3.into()));
    assert_eq!(desk.writes(), 2);
}

#[tokio::test]
async fn on_a_terminal_it_shows_the_plan_in_colour_and_asks() {
    let desk = Desk::new(small_fleet).await;

    let no = asked(&desk, "no", "sync").await;
    no.assert_shows(&["Plan: 3 to register", "nothing was written"]);
    assert!(no.out.contains('\u{1b}'), "{no:?}");
    assert_eq!((no.code, desk.writes()), (Some(1), 0));

    let yes = asked(&desk, "yes", "sync").await;
    yes.assert_shows(&["Done: 3 registered"]);
    assert_eq!((yes.code, desk.writes()), (Some(0), 2));
}

#[tokio::test]
async fn an_interruption_never_parts_registering_from_deregistering() {
    const FRONTENDS: u8 = 30;
    let desk = Desk::new(|world| busy_fleet(world, FRONTENDS)).await;
    let child = desk.command(&["sync", "--yes", "--max-concurrency", "3"]).spawn().expect("it starts");
    until(|| desk.sim.world().count("RegisterTargets") >= 5).await;
    kill("-INT", child.id()).await;

    ended(child).await.assert_one_sentence(130, &["interrupted while writing"]);
    let count = |operation| desk.sim.world().count(operation);
    let (registered, deregistered) = (count("RegisterTargets"), count("DeregisterTargets"));
    assert_eq!(registered, deregistered);
    assert!(registered < usize::from(FRONTENDS), "it was over before");
    // The next run completes what the interrupted one did not do.
    assert_eq!(desk.run(&["sync", "--yes"]).await.code, Some(0));
}
