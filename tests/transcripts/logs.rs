//! Lambda's log controls.

use eks_nlb_simulator::Fault;

use crate::setup::{OLD, frontend};
use crate::story::Story;

async fn with(name: &'static str, title: &str, variables: &[(&'static str, &str)]) {
    let mut story = Story::start_with(name, title, variables).await;
    story.when("one cluster is written, one fails, EC2 denies", |world| {
        frontend(world, "payments", OLD);
        world.add_frontend("missing");
        world.plant(Fault::on("DescribeNetworkInterfaces").access_denied());
    });
    story.runs(2).await;
    story.invoke(r#"{"dry_run": true}"#).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn log_text() {
    with("log_text", "Log lines as text", &[("AWS_LAMBDA_LOG_FORMAT", "Text")]).await;
}

#[tokio::test(start_paused = true)]
async fn log_errors() {
    with("log_errors", "Errors only", &[("AWS_LAMBDA_LOG_LEVEL", "ERROR")]).await;
}

#[tokio::test(start_paused = true)]
async fn log_debug() {
    with("log_debug", "All levels", &[("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]).await;
}

#[tokio::test(start_paused = true)]
async fn log_by_target() {
    with("log_by_target", "Levels by RUST_LOG", &[("RUST_LOG", "warn,eks_nlb_sync::publish=error")]).await;
}
