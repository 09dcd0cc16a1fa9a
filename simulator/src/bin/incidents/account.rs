//! The accounts in which incidents happen, and what happens to them.

use std::time::Duration;

use eks_nlb_simulator::world::{ClusterSpec, Health, LoadBalancerSpec, Scope, TargetGroupSpec};
use eks_nlb_simulator::{Fault, World};
use serde_json::json;

/// The clusters of a usual account.
const CLUSTERS: [&str; 3] = ["ledger", "orders", "payments"];

/// The members of a fleet.
const MEMBERS: usize = 12;

/// The addresses of the servers of a cluster, one in each of two zones.
pub(super) fn servers(cluster: &str) -> [String; 2] {
    let number = cluster.bytes().map(usize::from).sum::<usize>() % 200;
    [format!("10.0.1.{}", number + 10), format!("10.0.2.{}", number + 10)]
}

/// Those of payments after it was replaced.
pub(super) const NEW: [&str; 2] = ["10.0.1.250", "10.0.2.251"];

pub(super) fn usual(world: &mut World) {
    world.healthy_after = Duration::from_mins(4);
    for cluster in CLUSTERS {
        converged(world, &Scope::default(), cluster);
    }
}

/// The same accounts on their first day: every target group is empty.
pub(super) fn new_account(world: &mut World) {
    world.healthy_after = Duration::from_mins(4);
    for cluster in CLUSTERS {
        world.add_cluster(cluster, servers(cluster));
        world.add_frontend(cluster);
    }
}

pub(super) fn fifty(world: &mut World) {
    for n in 0..50 {
        converged(world, &Scope::default(), &format!("cluster-{n:02}"));
    }
}

/// One lookup in 500 fails, and works a minute later.
pub(super) fn fail_once(minute: u64, world: &mut World) {
    if minute % 10 == 3 {
        let cluster = format!("cluster-{:02}", minute / 10 * 7 % 50);
        world.plant(Fault::on("DescribeCluster").about(&cluster).times(1).internal_failure());
    }
}

/// A security group keeps the load balancer from the new servers.
pub(super) fn stale(world: &mut World) {
    usual(world);
    // The new servers are in the zones of the old ones, which still serve.
    for address in NEW {
        world.set_health(address, Health::Never);
    }
    world.rotate("payments", NEW);
}

fn converged(world: &mut World, scope: &Scope, cluster: &str) {
    world.create_cluster(ClusterSpec { scope: scope.clone(), ..ClusterSpec::new(cluster, servers(cluster)) });
    let load_balancer = LoadBalancerSpec { scope: scope.clone(), ..LoadBalancerSpec::managed(cluster) };
    let load_balancer = world.add_load_balancer(load_balancer);
    let group = world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled"));
    world.put_targets(&group, servers(cluster));
}

/// The servers that a cluster began with stop.
pub(super) fn kill(world: &mut World, cluster: &str) {
    for address in servers(cluster) {
        world.set_health(&address, Health::Never);
    }
}

pub(super) fn untag(world: &mut World, cluster: &str, key: &str) {
    let of = world.frontend_named(cluster);
    world.load_balancer_mut(&of.load_balancer).tags.remove(key);
}

/// What the load balancer's tag says.
pub(super) fn rename(world: &mut World, cluster: &str, name: &str) {
    let of = world.frontend_named(cluster);
    world.load_balancer_mut(&of.load_balancer).tags.insert("cluster_name".to_owned(), name.to_owned());
}

pub(super) fn tag_group(world: &mut World, cluster: &str, value: &str) {
    let of = world.frontend_named(cluster);
    world.target_group_mut(&of.target_group).tags.insert("eks-nlb-sync".to_owned(), value.to_owned());
}

fn account(member: usize) -> String {
    format!("4444555566{member:02}")
}

pub(super) fn role(member: usize) -> String {
    format!("arn:aws:iam::{}:role/eks-nlb-sync", account(member))
}

pub(super) fn fleet(world: &mut World) {
    world.healthy_after = Duration::from_mins(4);
    for member in 0..MEMBERS {
        world.add_role_with(&role(member), Some("platform"));
        converged(world, &Scope::new(account(member), "eu-west-1"), &format!("member-{member}"));
    }
}

pub(super) fn round(_: u64) -> Vec<String> {
    let event = |member| json!({"roleArn": role(member), "externalId": "platform", "summaryOnly": true});
    (0..MEMBERS).map(|member| event(member).to_string()).collect()
}
