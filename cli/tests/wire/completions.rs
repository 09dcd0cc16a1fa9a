//! Completions and man pages.

use crate::support::*;

#[tokio::test]
async fn every_shell_gets_a_script_that_asks_the_program() {
    for shell in ["bash", "zsh", "fish"] {
        let said = said(bare(&["completions", shell])).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("COMPLETE") && said.out.contains("eks-nlb"), "{shell}: {said:?}");
    }
}

#[tokio::test]
async fn man_pages_know_every_command() {
    let program = said(bare(&["man"])).await;
    for command in ["status", "plan", "sync", "explain", "doctor", "watch"] {
        assert!(program.out.contains(command), "{command} is missing");
    }
    assert!(said(bare(&["man", "plan"])).await.out.contains("detailed\\-exitcode"));
    let watch = said(bare(&["man", "watch"])).await;
    watch.assert_shows(&["as the function does. Writes"]);
}

/// What `shell` is offered for the last word of `line`.
async fn offered(desk: &Desk, shell: &str, line: &[&str]) -> Vec<String> {
    let mut command = desk.command(&[&["--"], line].concat());
    let last = (line.len() - 1).to_string();
    command.envs([("COMPLETE", shell), ("_CLAP_COMPLETE_INDEX", &last), ("_CLAP_IFS", "\n")]);
    command.envs([("_CLAP_COMPLETE_COMP_TYPE", "9"), ("_CLAP_COMPLETE_SPACE", "true")]);
    let said = said(command).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let word = |line: &str| line.split(['\t', ':']).next().unwrap_or_default().to_owned();
    said.out.lines().map(word).collect()
}

#[tokio::test]
async fn names_checks_policies_and_clusters_are_completed() {
    let desk = Desk::new(|world| {
        small_fleet(world);
        // A check of doctor is called so, too.
        in_service(world, "zones", ["10.4.1.20", "10.4.2.21"]);
    })
    .await;
    let cases: [(&[&str], &str); 8] = [
        (&["eks-nlb", "explain", "cluster/"], "cluster/zones"),
        (&["eks-nlb", "record", "ord"], "orders"),
        (&["eks-nlb", "explain", "NoRunAl"], "NoRunAlarm"),
        (&["eks-nlb", "explain", "nlb-ord"], "nlb-orders"),
        (&["eks-nlb", "doctor", "--skip", "cross"], "cross-zone"),
        (&["eks-nlb", "plan", "--sync-policy", "add"], "add-only"),
        (&["eks-nlb", "plan", "--cluster", "pay"], "payments"),
        (&["eks-nlb", "sta"], "status"),
    ];
    for shell in ["bash", "zsh", "fish"] {
        for (line, expected) in cases {
            let offered = offered(&desk, shell, line).await;
            assert_eq!(offered, [expected], "{shell}: {line:?}");
        }
    }
    assert_eq!(desk.writes(), 0);
}

/// The names that need no account are completed without one.
#[tokio::test]
async fn without_an_account_names_are_still_completed() {
    let mut command = bare(&["--", "eks-nlb", "explain", "DnsTime"]);
    command.envs([("COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", "2"), ("_CLAP_IFS", "\n")]);
    let said = said(command).await;
    assert_eq!((said.code, said.out.trim(), said.err.as_str()), (Some(0), "DnsTimeout", ""));
}

#[tokio::test]
async fn a_shell_that_is_not_known_is_an_error() {
    let mut command = bare(&["plan"]);
    command.env("COMPLETE", "tcsh");

    said(command).await.assert_one_sentence(1, &["unknown shell `tcsh`", "`fish`"]);
}
