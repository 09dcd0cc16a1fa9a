//! A Region of many clusters and more interfaces.

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::PUBLIC_ADDRESSES;

use super::ENI;
use crate::support::*;

const CLUSTERS: usize = 300;

/// Makes public and private clusters, each with a frontend, and for each seven
/// interfaces of its name: two of its own, and five of earlier clusters.
fn fleet(world: &mut World) {
    for n in 0..CLUSTERS {
        let name = format!("cluster-{n}");
        let at = |last| format!("10.{}.{}.{last}", n / 250, n % 250);
        world.add_cluster(&name, [at(10), at(11)]);
        world.cluster_mut(&name).public_access = true;
        let host = world.host(&name);
        world.dns.set(&host, PUBLIC_ADDRESSES);
        for last in 20..25 {
            let mut earlier = world.control_plane_interface(&name, [at(last)]);
            earlier.groups = vec!["sg-of-an-earlier-one".to_owned()];
            world.add_interface(earlier);
        }
        world.add_frontend(&name);
    }
}

#[tokio::test]
async fn three_hundred_clusters_cost_three_calls_and_no_question() {
    let (function, ()) = Function::start_in_with(&[ENI], fleet).await;
    assert_eq!(function.world().interfaces().count(), 2_100);

    let first = function.sync().await;
    assert_eq!(first["summary"]["changed"], CLUSTERS, "{}", first["summary"]);
    assert_eq!(first["summary"]["registered"], 2 * CLUSTERS);

    function.world().clear_requests();
    let second = function.sync().await;

    assert_eq!(second["summary"]["converged"], CLUSTERS, "{}", second["summary"]);
    let world = function.world();
    assert_eq!(world.request_counts()["DescribeNetworkInterfaces"], 3);
    assert_eq!(world.request_counts()["DescribeCluster"], CLUSTERS);
    assert_eq!(world.dns.questions(), []);
}
