//! Pages of interfaces that are longer than a response may be.

use eks_nlb_simulator::World;

use crate::support::*;

/// As many interfaces as the largest page holds, each with twenty long tags:
/// more than the 4 MiB that a response may have.
fn fill_a_page(world: &mut World) {
    let tags = (0..20).map(|n| (format!("example.com/team/{n:04}"), "x".repeat(200)));
    let mut other = world.control_plane_interface("payments", ["10.0.1.99"]);
    (other.tags, other.instance_owner) = (tags.collect(), None);
    for _ in 0..1_000 {
        world.add_interface(other.clone());
    }
}

#[tokio::test]
async fn a_page_that_is_too_long_is_asked_for_once_and_then_in_parts() {
    let (function, frontend) = Function::start_in_with(&[("ADDRESS_SOURCE", "eni")], |world| {
        let frontend = payments(world);
        fill_a_page(world);
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    assert_eq!(reported(&report, &frontend)["source"], "eni");
    let world = function.world();
    let sizes: Vec<_> = world
        .requests_of("DescribeNetworkInterfaces")
        .iter()
        .map(|call| call.parameter("MaxResults").unwrap_or_default().to_owned())
        .collect();
    // 1,002 interfaces: one page that is too long, then eleven.
    let expected = std::iter::once("1000").chain(std::iter::repeat_n("100", 11));
    assert_eq!(sizes, expected.collect::<Vec<_>>());
}
