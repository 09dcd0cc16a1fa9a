//! Addresses outside `ALLOWED_CIDRS`.

use super::*;

#[tokio::test]
async fn one_address_that_is_not_allowed_makes_the_whole_answer_suspect() {
    const OUTSIDE: [&str; 16] = [
        "203.0.113.10",
        "52.16.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "8.8.8.8",
    ];
    let (function, (frontends, bystander)) = Function::start_in_with(&[BY_DNS], |world| {
        let frontends = OUTSIDE.map(|wrong| (wrong, [wrong, "10.0.2.11", "10.0.1.10"]));
        let mut n = 0;
        let frontends = frontends.map(|(wrong, answer)| {
            n += 1;
            (wrong, spoilt(world, n, answer))
        });
        (frontends, bystander(world))
    })
    .await;

    let report = function.sync_with_failures().await;

    for (wrong, frontend) in &frontends {
        let failed = reported(&report, frontend);
        assert_eq!(code(failed), "AddressNotAllowed", "{wrong}");
        for word in [*wrong, "ALLOWED_CIDRS", "DNS_SERVERS"] {
            assert!(message(failed).contains(word), "{}", message(failed));
        }
    }
    assert_only_written(&function.world(), &bystander);
}

/// Amazon's ranges are not private: the message says what to set.
#[tokio::test]
async fn an_ipv6_address_that_is_not_allowed_writes_nothing() {
    const OUTSIDE: [&str; 8] =
        ["2001:db8::1", "2a05:d018::1", "::1", "fe80::1", "::ffff:10.0.1.10", "::", "ff02::1", "fe00::1"];
    let (function, frontends) = Function::start_in_with(&[BY_DNS], |world| {
        OUTSIDE.map(|wrong| {
            let name = format!("cluster-{}", wrong.replace([':', '.'], "-"));
            let frontend = of_family(world, &format!("c{name}"), Family::Ipv6);
            world.dns.set(&world.host(&format!("c{name}")), ["fd00:1::10", wrong]);
            (wrong, frontend)
        })
    })
    .await;

    let report = function.sync_with_failures().await;

    for (wrong, frontend) in &frontends {
        let failed = reported(&report, frontend);
        assert_eq!(code(failed), "AddressNotAllowed", "{wrong}");
        assert!(message(failed).contains("add the VPC's own range to ALLOWED_CIDRS"), "{}", message(failed));
    }
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn the_edges_of_the_allowed_networks_are_inside() {
    let addresses = [
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
    ];
    let (function, frontend) = Function::start_in_with(&[BY_DNS], |world| {
        world.add_cluster("payments", addresses);
        world.add_frontend("payments")
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["desired"], json!(addresses));
    assert_eq!(function.world().targets(&frontend.target_group).len(), 8);
}
