//! Responses with content that is new or malformed.

use super::*;

#[tokio::test]
async fn a_health_that_is_new_may_be_serving() {
    let sim = Simulator::start().await;
    let frontend = {
        let mut world = sim.world();
        let frontend = payments(&mut world);
        world.put_targets(&frontend.target_group, ["10.0.3.12"]);
        frontend
    };
    let wobbling =
        |_: &str, answer: String| answer.replace("<State>healthy</State>", "<State>wobbling</State>");
    let relay = Relay::of_aws(&sim, Afterwards::Kept, wobbling).await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;

    let report = function.sync().await;

    let waiting = json!([{"target": "10.0.3.12:443", "reason": "waitingForHealthyReplacement"}]);
    assert_eq!(reported(&report, &frontend)["withheld"], waiting);
}

#[tokio::test]
async fn a_target_that_is_no_address_stops_its_frontend_only() {
    let failed = fails(|world, frontend| {
        world.put_targets(&frontend.target_group, ["i-0123456789abcdef0"]);
    })
    .await;

    assert_eq!(failed.code(), "AwsRejected");
    assert!(failed.message().contains("i-0123456789abcdef0"), "{}", failed.message());
}
