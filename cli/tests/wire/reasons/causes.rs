//! Worlds in which `payments` meets one reason.

use eks_nlb_simulator::world::{ClusterSpec, LoadBalancerSpec, Reply, TargetGroupSpec};
use eks_nlb_simulator::{Fault, Frontend, World};

/// `payments` with its old addresses healthy in the target group.
pub(super) fn payments(world: &mut World) -> Frontend {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let frontend = world.add_frontend("payments");
    world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
    frontend
}

pub(super) fn served(world: &mut World) {
    payments(world);
}

/// `payments` behind a target group that `change` spoils.
pub(super) fn group(world: &mut World, change: impl FnOnce(TargetGroupSpec) -> TargetGroupSpec) {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("payments"));
    world.add_target_group(change(TargetGroupSpec::ip(&load_balancer)));
}

pub(super) fn cluster(world: &mut World, change: impl FnOnce(ClusterSpec) -> ClusterSpec) {
    world.create_cluster(change(ClusterSpec::new("payments", ["10.0.1.10", "10.0.2.11"])));
    world.add_frontend("payments");
}

pub(super) fn dns(world: &mut World, reply: Reply) {
    served(world);
    let host = world.host("payments");
    world.dns.set(&host, reply);
}

pub(super) fn fault(world: &mut World, befall: fn(Fault) -> Fault) {
    served(world);
    world.plant(befall(Fault::on("DescribeCluster")));
}
