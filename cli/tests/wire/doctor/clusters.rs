//! What can be wrong with a cluster, and how its API servers are found.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_simulator::world::{ClusterIssue, ClusterStatus, Scope};
use eks_nlb_simulator::{World, authority_until};

use super::{Case, JSON, assert_found, healthy, ids};
use crate::support::*;

pub(super) const CASES: &[Case] = &[
    (
        |world, _| world.cluster_mut("payments").status = ClusterStatus::Failed,
        &["cluster", "plan"],
        "its status is FAILED",
    ),
    (
        |world, _| world.delete_cluster("payments"),
        &["cluster", "plan"],
        "EKS knows no cluster of this name in eu-west-1",
    ),
    (
        |world, _| {
            world.cluster_mut("payments").issues.push(ClusterIssue {
                code: "Ec2SubnetNotFound".to_owned(),
                message: "a subnet is gone".to_owned(),
                resources: vec!["subnet-0".to_owned()],
            });
        },
        &["cluster-health"],
        "Ec2SubnetNotFound: a subnet is gone (subnet-0)",
    ),
    (
        |world, _| world.cluster_mut("payments").private_access = false,
        &["private-endpoint", "plan"],
        "its endpoint is public only",
    ),
    (
        |world, _| {
            let host = world.host("payments");
            world.dns.remove(&host);
        },
        &["addresses", "plan"],
        "no IPv4 address",
    ),
    (
        |world, _| {
            let host = world.host("payments");
            world.dns.set(&host, ["52.16.1.1", "52.16.1.2"]);
        },
        &["addresses", "plan"],
        "52.16.1.1",
    ),
    (
        |world, _| {
            let vpc = world.cluster("payments").vpc.clone().expect("it has one");
            world.supporting.without_dns.push(vpc);
        },
        &["vpc-dns"],
        "DNS support and DNS host names are off",
    ),
    (
        |world, _| {
            let (year, month, day) = day(Duration::from_hours(24 * 90));
            authority(world, authority_until(year, month, day));
        },
        &["cluster-ca"],
        "it ends on ",
    ),
    (|world, _| authority(world, authority_until(2026, 2, 1)), &["cluster-ca"], "it ended on 2026-02-01"),
    (
        |world, _| authority(world, authority_until(2090, 1, 1) + &authority_until(2099, 1, 1)),
        &["cluster-ca"],
        "EKS is replacing the one that ends on 2090-01-01",
    ),
    (|world, _| free_addresses(world, 1), &["free-addresses"], "its subnets have 2 free addresses"),
];

#[tokio::test]
async fn faults_of_clusters_are_found() {
    assert_found(CASES).await;
}

/// The date that is this far away.
fn day(from_now: Duration) -> (i32, u8, u8) {
    let text = DateTime::from(SystemTime::now() + from_now).fmt(Format::DateTime).expect("a time");
    let mut parts = text.split(['-', 'T']).map(|part| part.parse::<u16>().unwrap_or_default());
    let mut next = || parts.next().expect("a part");
    let (year, month, day) = (next(), next(), next());
    (i32::from(year), u8::try_from(month).expect("a month"), u8::try_from(day).expect("a day"))
}

/// Leaves this many addresses in each subnet of the cluster.
pub(super) fn free_addresses(world: &mut World, free: usize) {
    let vpc = world.cluster("payments").vpc.clone().expect("it has one");
    let subnets = world.vpc_mut(&Scope::default(), &vpc).subnets.clone();
    world.supporting.free_addresses.extend(subnets.into_iter().map(|subnet| (subnet.id, free)));
}

fn authority(world: &mut World, pem: String) {
    let arn = world.cluster("payments").arn.clone();
    world.supporting.authorities.insert(arn, pem);
}

#[tokio::test]
async fn a_certificate_authority_that_cannot_be_parsed_is_skipped() {
    let desk = Desk::new(|world| {
        healthy(world);
        authority(world, "nonsense".to_owned());
    })
    .await;

    let diagnosis = desk.run(&JSON).await.json();

    assert_eq!(ids(&diagnosis, "skipped"), ["cluster-ca"]);
    assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new());
}

/// `CLUSTER_TAG` asks for the consent of the cluster's owner.
#[tokio::test]
async fn a_cluster_without_cluster_tag_is_found() {
    let desk = Desk::new(|world| _ = healthy(world)).await;

    let diagnosis = desk.run_with(&[("CLUSTER_TAG", "nlb=yes")], &JSON).await.json();

    let failed = ids(&diagnosis, "failed");
    assert!(failed.contains(&"cluster-consent".to_owned()), "{diagnosis:#}");
    assert!(diagnosis.to_string().contains("it does not carry nlb=yes"), "{diagnosis:#}");
}
