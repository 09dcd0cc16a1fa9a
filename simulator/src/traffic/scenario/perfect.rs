//! Keeps a target group as well as it can be kept; see
//! [what is avoidable](super#what-is-avoidable).

use std::collections::BTreeSet;

use super::controller::{deregister, desired, in_service, register};
use crate::world::{TargetState, World};

/// One run, by someone who knows that the servers at `leaving` will have
/// stopped by the next one.
///
/// Registers all that DNS names. Deregisters what is leaving once another
/// target is healthy, and what is unhealthy once another is not; nothing else.
pub(super) fn run(world: &mut World, (group, host): (&str, &str), leaving: &BTreeSet<String>) {
    let named: BTreeSet<_> = desired(world, host).difference(leaving).cloned().collect();
    let new = named.difference(&in_service(world, group)).cloned().collect();
    register(world, group, &new);

    if with_state(world, group, TargetState::Healthy).difference(leaving).next().is_some() {
        let going = in_service(world, group).intersection(leaving).cloned().collect();
        deregister(world, group, &going);
    }
    let unhealthy = with_state(world, group, TargetState::Unhealthy);
    if in_service(world, group).difference(&unhealthy).next().is_some() {
        deregister(world, group, &unhealthy);
    }
}

/// The addresses of the targets in `state`.
fn with_state(world: &World, group: &str, state: TargetState) -> BTreeSet<String> {
    let states = world.targets(group);
    let targets = world.target_group(group).targets.keys();
    let targets = targets.filter(|key| states.get(&key.to_string()) == Some(&state));
    targets.map(|key| key.id.clone()).collect()
}
