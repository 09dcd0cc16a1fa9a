//! Clusters and frontends that most stories begin with, and their files.

use eks_nlb_simulator::{Frontend, World};

use crate::generated;

/// Addresses of a cluster, one in zone a and one in zone b.
pub(crate) const OLD: [&str; 2] = ["10.0.1.10", "10.0.2.11"];

/// The addresses that take their places, in the same zones.
pub(crate) const NEW: [&str; 2] = ["10.0.1.20", "10.0.2.21"];

/// A cluster, and its frontend without targets.
pub(crate) fn frontend<const N: usize>(world: &mut World, cluster: &str, addresses: [&str; N]) -> Frontend {
    world.add_cluster(cluster, addresses);
    world.add_frontend(cluster)
}

/// A cluster whose frontend has its addresses.
pub(crate) fn converged<const N: usize>(world: &mut World, cluster: &str, addresses: [&str; N]) -> Frontend {
    let frontend = frontend(world, cluster, addresses);
    world.put_targets(&frontend.target_group, addresses);
    frontend
}

/// Holds `text` to the file of this name.
pub(crate) fn hold(name: &str, text: String) {
    let path = format!("{}/tests/transcripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    generated::hold(&path, |_| text);
}
