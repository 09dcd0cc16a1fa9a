//! Makes one cluster for each failure that a world can hold, named after its
//! code in kebab-case: what an operator may meet, to try remedies and queries on.
//!
//! Beside them: `waits`, whose stale targets are withheld, and `well`. Two fail
//! only with `ADDRESS_SOURCE=dns+eni`.

use crate::faults::Fault;
use crate::world::{ClusterStatus, Frontend, Reply, Scheme, World};

/// ELB's words for an address outside the VPC that EKS names.
const OUTSIDE: &str =
    "The Availability Zone is required for IP address '10.0.1.10' because it is not in the VPC";

/// The name of a cluster, and the cause of its failure.
type Trouble = (&'static str, fn(&mut World, &Frontend));

const TROUBLES: &[Trouble] = &[
    ("well", |world, frontend| world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"])),
    ("waits", |world, frontend| {
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
        world.rotate("waits", ["10.0.3.12", "10.0.4.13"]);
    }),
    ("missing-cluster-name", |world, frontend| name_cluster(world, frontend, "")),
    ("invalid-cluster-name", |world, frontend| name_cluster(world, frontend, "<cluster name>")),
    ("no-target-group", |world, frontend| world.delete_target_group(&frontend.target_group)),
    ("cluster-not-found", |world, _| world.delete_cluster("cluster-not-found")),
    ("cluster-failed", |world, _| world.cluster_mut("cluster-failed").status = ClusterStatus::Failed),
    ("private-access-disabled", |world, _| {
        let cluster = world.cluster_mut("private-access-disabled");
        (cluster.private_access, cluster.public_access) = (false, true);
        world.publish("private-access-disabled");
    }),
    ("dns-no-records", |world, _| answer(world, "dns-no-records", Reply::NoSuchName)),
    ("dns-failed", |world, _| answer(world, "dns-failed", Reply::ServerFailure)),
    ("dns-timeout", |world, _| answer(world, "dns-timeout", Reply::Silence)),
    ("address-not-allowed", |world, _| {
        let host = world.host("address-not-allowed");
        world.dns.set(&host, ["203.0.113.7"]);
    }),
    ("sources-disagree", |world, _| {
        let host = world.host("sources-disagree");
        world.dns.set(&host, ["10.0.5.14", "10.0.6.15"]);
    }),
    ("access-denied", |world, _| {
        world.plant(Fault::on("RegisterTargets").about("tg-access-denied").access_denied());
    }),
    ("throttled", |world, _| {
        world.plant(Fault::on("DescribeTargetHealth").about("tg-throttled").throttle());
    }),
    ("aws-unreachable", |world, _| {
        world.plant(Fault::on("DescribeCluster").about("aws-unreachable").reset());
    }),
    ("aws-unavailable", |world, _| {
        world.plant(Fault::on("DescribeCluster").about("aws-unavailable").unavailable());
    }),
    ("internet-facing", |world, frontend| {
        world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing;
    }),
    ("address-in-wrong-vpc", |world, _| {
        let refused = Fault::on("RegisterTargets").about("tg-address-in-wrong-vpc");
        world.plant(refused.refuse(400, "ValidationError", OUTSIDE));
    }),
    ("aws-rejected", |world, _| {
        let refused = Fault::on("RegisterTargets").about("tg-aws-rejected");
        world.plant(refused.refuse(
            400,
            "TooManyTargets",
            "You've reached the limit on the number of targets",
        ));
    }),
];

/// Fills `world` with them.
pub fn troubles(world: &mut World) {
    for (name, cause) in TROUBLES {
        world.add_cluster(name, ["10.0.1.10", "10.0.2.11"]);
        let frontend = world.add_frontend(name);
        cause(world, &frontend);
    }
    world.add_cluster("interfaces-not-found", ["10.0.7.16", "10.0.8.17"]);
    world.add_frontend("interfaces-not-found");
    world.remove_interfaces_at("10.0.7.16");
}

fn name_cluster(world: &mut World, frontend: &Frontend, name: &str) {
    let tags = &mut world.load_balancer_mut(&frontend.load_balancer).tags;
    tags.insert("cluster_name".to_owned(), name.to_owned());
}

fn answer(world: &mut World, cluster: &str, reply: Reply) {
    let host = world.host(cluster);
    world.dns.set(&host, reply);
}
