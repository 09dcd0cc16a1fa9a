//! A day of the function's life, from which the dashboard in the documentation is
//! drawn (`make pictures`): control planes are replaced, a permission is missing,
//! replacements do not get healthy, and an operator forgets a tag.

use std::time::Duration;

use eks_nlb_simulator::world::Health;
use eks_nlb_simulator::{Fault, World};

use super::Incident;
use super::scenes::QUIET;

/// It takes a minute, so it is played only by its name.
pub(super) const DAY: Incident = Incident {
    name: "day",
    minutes: 24 * 60,
    life: 24 * 60,
    // Calls are counted, so retries are the function's own.
    variables: &[],
    populate,
    happens,
    ..QUIET
};

/// How long a target takes to become healthy. An assumption: AWS documents no
/// duration.
const HEALTHY_AFTER: Duration = Duration::from_mins(4);

/// The addresses of ledger, and the new ones of search.
const LEDGER: [&str; 2] = ["10.4.1.10", "10.4.2.11"];
const SEARCH: [&str; 2] = ["10.2.3.20", "10.2.4.21"];

fn happens(minute: u64, world: &mut World) {
    match (minute / 60, minute % 60) {
        // EKS upgrades payments.
        (3, 0) => world.rotate("payments", ["10.0.3.20", "10.0.4.21"]),
        // IAM denies the lookup of orders, for a while.
        (9, 0) => world.plant(Fault::on("DescribeCluster").about("orders").access_denied()),
        (9, 35) => world.clear_faults(),
        // A security group keeps the load balancer from the new servers of search.
        (14, 0) => {
            world.rotate("search", SEARCH);
            health(world, &SEARCH, Health::Never);
        }
        (15, 25) => health(world, &SEARCH, Health::After(HEALTHY_AFTER)),
        // The servers of ledger do not answer for some minutes.
        (18, 0) => health(world, &LEDGER, Health::Never),
        (18, 8) => health(world, &LEDGER, Health::After(HEALTHY_AFTER)),
        // An operator adds a load balancer without the cluster's name.
        (21, 30) => {
            let reports = world.add_frontend("reports");
            world.load_balancer_mut(&reports.load_balancer).tags.remove("cluster_name");
        }
        _ => {}
    }
}

fn health(world: &mut World, addresses: &[&str], health: Health) {
    for address in addresses {
        world.set_health(address, health);
    }
}

/// Five clusters whose target groups are converged.
fn populate(world: &mut World) {
    world.healthy_after = HEALTHY_AFTER;
    let clusters = [
        ("audit", ["10.3.1.10", "10.3.2.11"]),
        ("ledger", LEDGER),
        ("orders", ["10.1.1.10", "10.1.2.11"]),
        ("payments", ["10.0.1.10", "10.0.2.11"]),
        ("search", ["10.2.1.10", "10.2.2.11"]),
    ];
    for (cluster, addresses) in clusters {
        world.add_cluster(cluster, addresses);
        let frontend = world.add_frontend(cluster);
        world.put_targets(&frontend.target_group, addresses);
    }
}
