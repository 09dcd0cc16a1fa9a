//! What an event can ask for.

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::Story;

#[tokio::test(start_paused = true)]
async fn limited_runs() {
    let mut story = Story::start("limited_runs", "Runs that an event limits").await;
    story.when("one cluster is converged, one to be written, one missing", |world| {
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        frontend(world, "payments", OLD);
        world.add_frontend("missing");
    });
    for event in [
        r#"{"dryRun": true}"#,
        r#"{"clusters": ["ledger"]}"#,
        r#"{"clusters": ["ledger", "unknown"], "summaryOnly": true}"#,
        r#"{"minLoadBalancers": 4}"#,
        r#"{"clusters": ["ledger"], "minLoadBalancers": 3, "dryRun": true}"#,
        r#"{"summaryOnly": true}"#,
        r#"{"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}"#,
        "null",
    ] {
        story.invoke(event).await;
    }
    story.when("the missing cluster is there", |world| {
        world.add_cluster("missing", ["10.2.1.10", "10.2.2.11"]);
    });
    story.invoke(r#"{"summaryOnly": true}"#).await;
    story.invoke(r#"{"clusters": ["missing"], "summaryOnly": false}"#).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn refused_events() {
    let mut story = Story::start("refused_events", "Events that are refused").await;
    for event in [
        r#"{"dry_run": true}"#,
        r#"{"dryRun": "true"}"#,
        r#"{"dryRun": null}"#,
        r#"{"dryRun": true, "dryRun": false}"#,
        r#"{"clusters": []}"#,
        r#"{"clusters": ["not a name"]}"#,
        r#"{"minLoadBalancers": 0}"#,
        r#"{"externalId": "secret"}"#,
        r#"{"region": "nowhere"}"#,
        r#"{"roleArn": "arn:aws:iam::1:user/me"}"#,
        r#"{"source": "aws.events", "detail-type": "Scheduled Event", "dryRun": true}"#,
        "[]",
        "\"sync\"",
    ] {
        story.invoke(event).await;
    }
    story.end();
}

/// Regions and roles of each partition; there is nothing in most of them.
#[tokio::test(start_paused = true)]
async fn scopes() {
    let mut story = Story::start("scopes", "Regions and roles that an event can name").await;
    for event in [
        r#"{"region": "us-gov-west-1"}"#,
        r#"{"region": "ap-southeast-1"}"#,
        r#"{"region": "EU-west-1"}"#,
        r#"{"region": "eu-west"}"#,
        r#"{"region": "eu-west-1.example.com"}"#,
        r#"{"roleArn": "arn:aws-us-gov:iam::444455556666:role/path/eks-nlb-sync"}"#,
        r#"{"roleArn": "arn:aws-cn:iam::444455556666:role/r", "region": "cn-north-1"}"#,
        r#"{"roleArn": "arn:other:iam::444455556666:role/r"}"#,
        r#"{"roleArn": "arn:aws:iam::44445555666:role/r"}"#,
        r#"{"roleArn": "arn:aws:iam::444455556666:role/"}"#,
        r#"{"roleArn": "arn:aws:iam::444455556666:role/r", "externalId": "x"}"#,
        r#"{"roleArn": "arn:aws:iam::444455556666:role/r", "externalId": 7}"#,
    ] {
        story.invoke(event).await;
    }
    story.end();
}

#[tokio::test(start_paused = true)]
async fn dry_deployment() {
    let mut story =
        Story::start_with("dry_deployment", "A function that only plans", &[("DRY_RUN", "true")]).await;
    story.when("one cluster is to be written, one fails, one has old targets", |world| {
        world.interfaces_linger = std::time::Duration::ZERO;
        frontend(world, "payments", OLD);
        world.add_frontend("missing");
        let frontend = converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        world.put_targets(&frontend.target_group, ["10.1.1.20", "10.1.2.21"]);
        world.rotate("ledger", ["10.1.1.20", "10.1.2.21"]);
    });
    story.runs(2).await;
    story.invoke(r#"{"dryRun": false}"#).await;
    story.end();
}

/// A dry run by event leaves no trace in what the process remembers.
#[tokio::test(start_paused = true)]
async fn dry_run_then_real() {
    let mut story = Story::start("dry_run_then_real", "A dry run, and then the real one").await;
    story.when("a converged cluster", |world| converged(world, "payments", OLD));
    story.run().await;
    story.when("the servers move", |world| world.rotate("payments", NEW));
    story.invoke(r#"{"dryRun": true}"#).await;
    story.runs(2).await;
    story.end();
}
