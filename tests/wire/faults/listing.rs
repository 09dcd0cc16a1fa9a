//! Listings that fail, or are incomplete.

use super::*;

#[tokio::test]
async fn a_failed_listing_fails_the_run_before_anything_is_written() {
    let faults: [(&str, Befall); 6] = [
        ("Throttled", Fault::throttle),
        ("AwsUnreachable", Fault::reset),
        ("AwsUnavailable", Fault::internal_failure),
        ("AwsUnavailable", Fault::unavailable),
        ("AwsRejected", Fault::garble),
        ("AwsRejected", Fault::truncate),
    ];
    let (function, frontend) = Function::start_in_with(&[ONE_ATTEMPT], busy_payments).await;
    for operation in DISCOVERY {
        for (code, befall) in faults {
            function.world().plant(befall(Fault::on(operation)));

            let message = function.sync_without_discovery().await;

            assert!(message.contains(operation), "{operation}: {message}");
            assert_eq!(function.world().writes().len(), 0, "{operation}");
            // The failure is in the log, too.
            let id = function.request_id();
            let is_it = |line: &Value| line["span"]["requestId"] == *id;
            let line = function.logged(is_it).await;
            assert_eq!(line["message"], "discovery failed", "{line}");
            assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!(code)), "{line}");
            function.world().clear_faults();
        }
    }
    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");
    function.last_report().await;
    let told = function.log().into_iter().filter(|line| line["message"] == "discovery failed").count();
    assert_eq!(told, DISCOVERY.len() * faults.len(), "each is told once");
}

/// The answer arrives whole by its `content-length`, but was cut off before it
/// was sent.
#[tokio::test]
async fn half_a_document_is_no_answer() {
    for operation in ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags", "DescribeTargetHealth"]
    {
        // Cut at the end of a member, so that the rest is well-formed.
        let cut = move |request: &str, mut answer: String| {
            if request.contains(operation) {
                answer.truncate(answer.find("</member>").expect("a listing") + "</member>".len());
            }
            answer
        };
        let sim = Simulator::start().await;
        busy_payments(&mut sim.world());
        let relay = Relay::of_aws(&sim, Afterwards::Kept, cut).await;
        let function = Function::start_with(sim, &[ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &relay.url())]).await;

        let (error_type, message) = function.error("{}").await;

        let expected = if DISCOVERY.contains(&operation) { "DiscoveryFailed" } else { "FrontendsFailed" };
        assert_eq!(error_type, expected, "{operation}: {message}");
        assert_eq!(function.world().writes().len(), 0, "{operation}");
    }
}

#[tokio::test]
async fn half_a_listing_is_none() {
    for operation in ["DescribeLoadBalancers", "DescribeTargetGroups"] {
        let (function, ()) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
            payments(world);
            bystander(world);
            world.page_cap = 1;
            world.plant(Fault::on(operation).skip(1).unavailable());
        })
        .await;

        function.sync_without_discovery().await;

        assert_eq!(function.world().writes().len(), 0, "{operation}");
    }
}
