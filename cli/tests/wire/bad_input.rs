//! Every error ends in one sentence that says what to do.

use std::ffi::OsStr;
use std::io::PipeWriter;
use std::os::unix::ffi::OsStrExt;

use eks_nlb_simulator::{Fault, closed_address};

use crate::support::*;

/// One attempt per AWS call: how often it is tried is tested elsewhere.
const ONE_ATTEMPT: (&str, &str) = ("AWS_MAX_ATTEMPTS", "1");

#[tokio::test]
async fn a_wrong_command_line_exits_with_1() {
    for (arguments, part) in [
        (&["plan", "--al"][..], "--all"),
        (&["pan"], "plan"),
        (&["explain"], "<SUBJECT>"),
        (&["plan", "--output", "xml"], "json"),
        (&["plan", "--region", "Ireland"], "Ireland"),
        (&["plan", "--cluster", "a/b"], "not an EKS cluster name"),
        (&["plan", "--external-id", "secret"], "--role-arn"),
        (&["plan", "--role-arn", "admin"], "arn:aws:iam::"),
        (&["man", "nothing"], "nothing is not a command"),
        (&["doctor", "--function-name", "arn:aws:lambda:eu-west-1:111122223333:function:a"], "no ARN"),
        (&["doctor", "--skip", "crosszone"], "no check \"crosszone\"; did you mean cross-zone?"),
        (&["doctor", "--skip"], "cross-zone"),
        (&["doctor", "--pre", "--before-upgrade"], "--before-upgrade"),
        (&["watch", "--every", "0s"], "as in 60s, 5m or 1h"),
        (&["watch", "--every", "60"], "as in 60s, 5m or 1h"),
        (&["watch", "--every", "soon"], "as in 60s, 5m or 1h"),
        (&["watch", "--listen", "8080"], "as in 127.0.0.1:8080"),
        (&["record", "a/b"], "not an EKS cluster name"),
        (&["timeline", "/nowhere.jsonl"], "/nowhere.jsonl: cannot be read"),
        (&["replay", "/nowhere.jsonl"], "/nowhere.jsonl: cannot be read"),
        (&["completions", "tcsh"], "fish"),
        (&["completions", "bash", "-o", "json"], "no JSON document"),
        (&["man", "--output", "json"], "no JSON document"),
        (&["record", "payments", "-o", "json"], "no JSON document"),
        (&["timeline", "/nowhere.jsonl", "-o", "json"], "no JSON document"),
        (&["explain", ""], "<SUBJECT>"),
        (&["explain", "payments", "--cluster", "payments"], "no use for --cluster"),
        (&["record", "payments", "--cluster", "payments"], "no use for --cluster"),
        (&["replay", "/nowhere.jsonl", "--cluster", "payments"], "no use for --cluster"),
        (&["version", "--cluster", "payments"], "no use for --cluster"),
        (&["--profile", "nothing", "plan"], "no profile nothing"),
        (&["--demo", "--region", "us-east-1", "plan"], "--region"),
        (&["--demo", "--profile", "dev", "plan"], "--profile"),
    ] {
        let mut command = bare(arguments);
        command.envs([
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
        ]);
        said(command).await.assert_one_sentence(1, &[part]);
    }
}

#[tokio::test]
async fn help_and_version_are_no_errors() {
    for (arguments, part) in [
        (&["--help"][..], "Usage:"),
        (&["plan", "--help"], "--detailed-exitcode"),
        (&["doctor", "--help"], "- cross-zone:"),
        (&["--version"], "eks-nlb 0."),
    ] {
        let said = said(bare(arguments)).await;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        said.assert_shows(&[part]);
    }
}

#[tokio::test]
async fn a_setting_is_named_as_it_was_given() {
    let desk = Desk::new(small_fleet).await;

    let flag = desk.run(&["plan", "--min-healthy-targets", "many"]).await;
    let variable = desk.run_with(&[("MIN_HEALTHY_TARGETS", "many")], &["plan"]).await;

    flag.assert_one_sentence(1, &["--min-healthy-targets=\"many\"", "a whole number"]);
    variable.assert_one_sentence(1, &["MIN_HEALTHY_TARGETS=\"many\"", "a whole number"]);
}

#[tokio::test]
async fn an_unknown_cluster_suggests_the_nearest() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["plan", "--cluster", "paymnets"]).await;

    said.assert_one_sentence(1, &["paymnets", "did you mean payments?"]);
}

#[tokio::test]
async fn without_region_or_credentials_it_says_how_to_give_them() {
    said(bare(&["plan"])).await.assert_one_sentence(1, &["no Region", "--region"]);

    let lacking = said(bare(&["plan", "--region", "eu-west-1"])).await;
    lacking.assert_one_sentence(1, &["no AWS credentials", "AWS_PROFILE", "aws login"]);
}

#[tokio::test]
async fn a_variable_that_is_not_unicode_is_named() {
    let mut command = bare(&["plan"]);
    command.env("NLB_TAG", OsStr::from_bytes(b"\xff"));

    said(command).await.assert_one_sentence(1, &["NLB_TAG=", "is not key or key=value"]);
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_told() {
    let desk = Desk::new(small_fleet).await;

    let said = desk.run(&["plan", "--role-arn", "arn:aws:iam::444455556666:role/reader"]).await;

    said.assert_one_sentence(1, &["sts:AssumeRole"]);
}

#[tokio::test]
async fn where_nobody_listens_the_network_is_to_blame() {
    let desk = Desk::new(small_fleet).await;
    let closed = format!("http://{}", closed_address().expect("loopback has free ports"));

    let said = desk.run_with(&[ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &closed)], &["plan"]).await;

    said.assert_one_sentence(1, &["cannot be reached", "NAT gateway"]);
}

/// Every command that reads an account, and what each of them calls.
const READS: [&[&str]; 5] =
    [&["status"], &["plan"], &["explain", "payments"], &["doctor"], &["sync", "--dry-run"]];

/// A pipe without a reader: a program that prints at once may be quicker than one
/// who closes it after the start.
fn closed_pipe() -> PipeWriter {
    let (_reader, writer) = std::io::pipe().expect("a pipe");
    writer
}

#[tokio::test]
async fn a_closed_pipe_ends_every_command_in_silence() {
    let desk = Desk::new(small_fleet).await;
    let others: [&[&str]; 4] = [&["explain", "DnsTimeout"], &["completions", "zsh"], &["man"], &["--help"]];
    for arguments in READS.iter().chain(&others) {
        let has_json = !matches!(arguments[0], "completions" | "man");
        for output in ["table", "json"].into_iter().filter(|output| has_json || *output == "table") {
            let mut command = desk.command(arguments);
            command.args(["--output", output]);
            let child = command.stdout(closed_pipe()).spawn().expect("it starts");

            let said = ended(child).await;

            assert_eq!((said.code, said.err.as_str()), (Some(141), ""), "{arguments:?}");
        }
    }
    assert_eq!(desk.writes(), 0);
}

/// `watch` ends when the reader of its output is gone, although it writes a
/// log.
#[tokio::test]
async fn a_closed_pipe_ends_watch_after_its_run() {
    let desk = Desk::new(small_fleet).await;
    let mut command = desk.command(&["watch", "--dry-run", "--every", "1h"]);
    let child = command.stdout(closed_pipe()).spawn().expect("it starts");

    let said = ended(child).await;

    assert_eq!((said.code, said.err.as_str()), (Some(141), ""));
    assert_eq!(desk.sim.world().count("DescribeLoadBalancers"), 1);
}

#[tokio::test]
async fn an_interruption_ends_every_command_that_reads() {
    for arguments in READS {
        let desk = Desk::new(|world| {
            small_fleet(world);
            world.plant(Fault::on("DescribeTargetHealth").silence());
        })
        .await;
        let child = desk.command(arguments).spawn().expect("it starts");
        until(|| desk.sim.world().count("DescribeTargetHealth") > 0).await;

        kill("-INT", child.id()).await;
        let said = ended(child).await;

        assert_eq!(said.code, Some(130), "{arguments:?}");
        assert_eq!(said.err, "error: interrupted; nothing was written\n", "{arguments:?}");
        assert_eq!(desk.writes(), 0);
    }
}

/// What AWS refuses, whichever command asks: one sentence, and nothing written.
#[tokio::test]
async fn what_aws_refuses_ends_every_command_in_one_sentence() {
    type Befall = fn(Fault) -> Fault;
    let faults: [(Befall, &str); 4] = [
        (Fault::access_denied, "--profile or --role-arn"),
        (Fault::throttle, "try again in a minute"),
        (Fault::internal_failure, "is not available"),
        (|fault| fault.refuse(403, "ExpiredToken", "The security token is expired"), "sign in again"),
    ];
    for (befall, remedy) in faults {
        let commands: [&[&str]; 4] = [&["status"], &["plan"], &["explain", "payments"], &["sync", "--yes"]];
        for arguments in commands {
            let desk = Desk::new(|world| {
                small_fleet(world);
                world.plant(befall(Fault::on("DescribeLoadBalancers")));
            })
            .await;

            let said = desk.run_with(&[ONE_ATTEMPT], arguments).await;

            said.assert_one_sentence(1, &["elasticloadbalancing:DescribeLoadBalancers", remedy]);
            assert_eq!((said.out.as_str(), desk.writes()), ("", 0), "{arguments:?}");
        }
    }
}
