//! An address source that does not answer.

use super::*;

/// With `auto`, DNS decides soon, and nothing is deregistered.
#[tokio::test(start_paused = true)]
async fn without_an_answer_from_ec2_dns_decides_after_ten_seconds() {
    let function = Function::start(1, Rates::NEWER).await;
    function.run().await;
    function.move_clusters(1);
    function.wire.world().plant(Fault::on("DescribeNetworkInterfaces").silence());
    let begun = Instant::now();

    let report = function.run_within(MINUTE).await;

    let took = begun.elapsed();
    assert!(took > Duration::from_secs(10) && took < Duration::from_secs(12), "{took:?}");
    assert_eq!((report.summary.registered, report.summary.deregistered), (2, 0), "{:?}", report.summary);
    assert_eq!(report.summary.withheld, 2, "{:?}", report.summary);
}

/// They never act on different answers.
#[tokio::test(start_paused = true)]
async fn the_frontends_of_a_cluster_ask_dns_once() {
    let function = Function::start(1, Rates::NEWER).await;
    {
        let mut world = function.wire.world();
        for _ in 0..3 {
            let frontend = world.add_frontend("cluster-0");
            world.put_targets(&frontend.target_group, ["10.0.0.10", "10.0.0.11", "10.0.0.9"]);
        }
    }

    let report = function.run().await;

    assert_eq!(report.summary.deregistered, 3, "{:?}", report.summary);
    assert_eq!(function.wire.world().dns.questions().len(), 1);
}
