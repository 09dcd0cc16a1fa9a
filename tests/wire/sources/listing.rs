//! The listing of interfaces: where it is read, and where it fails.

use super::*;

#[tokio::test]
async fn a_listing_that_fails_writes_nothing() {
    let faults: [(&str, Befall); 8] = [
        ("IAM denies", Fault::access_denied),
        ("was throttled", Fault::throttle),
        ("cannot be reached", Fault::reset),
        ("is not available", Fault::internal_failure),
        ("is not available", Fault::unavailable),
        ("was rejected", Fault::garble),
        ("was rejected", Fault::truncate),
        ("was rejected", |fault| fault.bloat(5 << 20)),
    ];
    for skipped in [0, 1] {
        for (expected, befall) in faults {
            let (function, _) = Function::start_in_with(&[ENI, ONE_ATTEMPT], |world| {
                world.page_cap = 1;
                world.plant(befall(Fault::on("DescribeNetworkInterfaces").skip(skipped)));
                busy_payments(world)
            })
            .await;

            let message = function.sync_without_discovery().await;

            assert!(message.contains("ec2:DescribeNetworkInterfaces"), "{message}");
            assert!(message.contains(expected), "{message}");
            assert_eq!(function.world().writes().len(), 0, "{expected}");
        }
    }
}

#[tokio::test]
async fn the_sdks_variables_redirect_ec2_too() {
    let sim = Simulator::start().await;
    payments(&mut sim.world());
    let nowhere = format!("http://{}", closed_address().expect("a free port"));
    let url = sim.endpoint_url();
    let variables = [ENI, ("AWS_ENDPOINT_URL_EC2", nowhere.as_str()), ONE_ATTEMPT];
    let function = Function::start_with(sim, &variables).await;
    let message = function.sync_without_discovery().await;
    assert!(message.contains("ec2:DescribeNetworkInterfaces cannot be reached"), "{message}");
    for word in ["NAT gateway", "interface endpoints", "ec2"] {
        assert!(message.contains(word), "{word} is missing: {message}");
    }

    let sim = Simulator::start().await;
    bystander(&mut sim.world());
    let variables = [ENI, ("AWS_ENDPOINT_URL_EC2", url.as_str())];
    let (other, function) = (function, Function::start_with(sim, &variables).await);
    // EC2 is the first simulator's, which knows no such cluster.
    let report = function.sync_with_failures().await;
    assert_eq!(code(&report["frontends"][0]), "InterfacesNotFound");
    assert_eq!(other.world().requests_of("DescribeNetworkInterfaces").len(), 1);
}
