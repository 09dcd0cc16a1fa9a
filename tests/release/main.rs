//! The artifact that is deployed, through a real Lambda Runtime API.
//!
//! What counts here is the optimised build, which `EKS_NLB_SYNC_PROGRAM` names,
//! so every test is ignored until make runs it on the artifact: `make
//! test-release` those of memory, panics and the short soak, `make soak` the
//! long one, and `make measure` those of time, which an idle machine must judge.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops, and tells its figures"
)]

mod artifact;
mod measure;
#[path = "../support/process.rs"]
mod process;
mod soak;
#[path = "../wire/support.rs"]
#[expect(dead_code, reason = "the wire tests use the rest of it")]
mod support;
mod trouble;

use eks_nlb_simulator::{Simulator, World};

/// A simulated account with `clusters` clusters of two addresses, each with a
/// frontend.
async fn account_of(clusters: usize) -> Simulator {
    let sim = Simulator::start().await;
    populate(&mut sim.world(), clusters);
    sim
}

fn populate(world: &mut World, clusters: usize) {
    for n in 0..clusters {
        let (high, low) = (n / 250, n % 250);
        let name = format!("cluster-{n}");
        world.add_cluster(&name, [format!("10.{high}.{low}.10"), format!("10.{high}.{low}.11")]);
        world.add_frontend(&name);
    }
}
