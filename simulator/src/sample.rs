//! Makes a small fleet to try the function on.
//!
//! | cluster | what the first run does |
//! |---|---|
//! | `payments` | registers both addresses: its target group is empty |
//! | `ledger` | nothing: the target group has the addresses already |
//! | `orders` | registers the new address; the one that was left waits for it |
//! | `search` | removes a stale target that fails its checks |
//! | `audit` | nothing for the excluded target group, both for the other |
//! | `billing` | skips it: EKS is still creating it |
//!
//! One more load balancer is not managed. All supporting resources are in order.

use crate::Frontend;
use crate::world::{
    ClusterSpec, ClusterStatus, Health, LoadBalancerKind, LoadBalancerSpec, MANAGED_TAG, TargetGroupSpec,
    World,
};

/// A frontend as `terraform/cluster-access` makes it.
pub fn frontend(world: &mut World, cluster: &str) -> Frontend {
    let spec = LoadBalancerSpec { cross_zone: true, ..LoadBalancerSpec::managed(cluster) };
    let load_balancer = world.add_load_balancer(spec);
    let group = TargetGroupSpec::ip(&load_balancer).tag(MANAGED_TAG.0, MANAGED_TAG.1);
    Frontend { target_group: world.add_target_group(group), load_balancer }
}

/// Fills `world` with six clusters and their load balancers.
pub fn fleet(world: &mut World) {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    frontend(world, "payments");

    world.add_cluster("ledger", ["10.1.1.20", "10.1.2.21"]);
    let ledger = frontend(world, "ledger");
    world.put_targets(&ledger.target_group, ["10.1.1.20", "10.1.2.21"]);

    world.add_cluster("orders", ["10.2.1.30", "10.2.2.31"]);
    let orders = frontend(world, "orders");
    world.put_targets(&orders.target_group, ["10.2.1.30", "10.2.2.31"]);
    world.rotate("orders", ["10.2.3.32"]);

    world.create_cluster(ClusterSpec {
        status: ClusterStatus::Updating,
        ..ClusterSpec::new("search", ["10.3.1.40", "10.3.2.41"])
    });
    let search = frontend(world, "search");
    world.put_targets(&search.target_group, ["10.3.1.40", "10.3.2.41", "10.3.2.99"]);
    world.set_health("10.3.2.99", Health::Never);

    world.add_cluster("audit", ["10.4.1.50", "10.4.2.51"]);
    let audit = frontend(world, "audit");
    world.add_target_group(TargetGroupSpec::ip(&audit.load_balancer).excluded());

    world.create_cluster(ClusterSpec {
        status: ClusterStatus::Creating,
        ..ClusterSpec::new("billing", ["10.5.1.60", "10.5.2.61"])
    });
    frontend(world, "billing");

    world.add_load_balancer(LoadBalancerSpec {
        kind: LoadBalancerKind::Application,
        ..LoadBalancerSpec::network("website")
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{LoadBalancerFilter, MANAGED_TAG, Paging, Scope};

    #[test]
    fn six_of_seven_load_balancers_are_managed() {
        let mut world = World::new();
        fleet(&mut world);

        let all = LoadBalancerFilter::default();
        let listed = world.describe_load_balancers(&Scope::default(), &all, Paging::default());
        let listed = listed.expect("nothing is filtered").items;
        let managed = listed.iter().filter(|lb| lb.tags.contains_key(MANAGED_TAG.0));
        assert_eq!((listed.len(), managed.count()), (7, 6));
    }
}
