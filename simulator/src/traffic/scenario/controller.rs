//! Keeps target groups, in the ways that are found in the wild, and in ours.
//!
//! The two that are not ours change something only when DNS answers something
//! else than the targets in service. The scripts they stand for mostly do not
//! even look, and then have a gap at every run.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use crate::world::{Family, Reply, Scope, TargetDescription, TargetState, World};
use crate::{Answer, SharedWorld, Simulator, lock};

use super::TICK;

/// Who keeps a target group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Controller {
    /// The function, as it is shipped.
    Shipped,
    /// Deregisters all targets and then registers what DNS names.
    DeregisterAllThenRegister,
    /// Registers what DNS names and then deregisters everything else at once.
    RegisterThenDeregisterAtOnce,
}

impl Controller {
    /// All three.
    pub const ALL: [Self; 3] =
        [Self::Shipped, Self::DeregisterAllThenRegister, Self::RegisterThenDeregisterAtOnce];
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Shipped => "eks-nlb-sync",
            Self::DeregisterAllThenRegister => "deregister all, then register",
            Self::RegisterThenDeregisterAtOnce => "register, then deregister at once",
        })
    }
}

/// Invokes the function, as its schedule would.
pub(super) async fn invoke(sim: &Simulator) -> io::Result<()> {
    match sim.runtime().invoke("{}", TICK).await {
        Answer::Response(_) => Ok(()),
        Answer::Error { raw, .. } => Err(io::Error::other(format!("a run of the function failed: {raw}"))),
    }
}

/// Carries out what `controller` does to `group`, whose cluster is `host`: two
/// calls with `between` between them, or `between` alone.
pub(super) async fn run(
    controller: Controller,
    world: &SharedWorld,
    (group, host): (&str, &str),
    between: impl Future<Output = ()>,
) {
    let (desired, current) = {
        let world = lock(world);
        (desired(&world, host), in_service(&world, group))
    };
    if desired.is_empty() || desired == current {
        return between.await;
    }
    let new: BTreeSet<_> = desired.difference(&current).cloned().collect();
    let stale: BTreeSet<_> = current.difference(&desired).cloned().collect();
    match controller {
        Controller::Shipped => unreachable!("it is a process"),
        Controller::DeregisterAllThenRegister => {
            deregister(&mut lock(world), group, &current);
            between.await;
            register(&mut lock(world), group, &desired);
        }
        Controller::RegisterThenDeregisterAtOnce => {
            register(&mut lock(world), group, &new);
            between.await;
            deregister(&mut lock(world), group, &stale);
        }
    }
}

/// The addresses that DNS names.
pub(super) fn desired(world: &World, host: &str) -> BTreeSet<String> {
    let host = crate::world::normal(host);
    match world.dns.answer(&host, Family::Ipv4).map(|answer| &answer.reply) {
        Some(Reply::Addresses(addresses)) => addresses.iter().map(ToString::to_string).collect(),
        _ => BTreeSet::new(),
    }
}

/// The addresses of the targets in service.
pub(super) fn in_service(world: &World, group: &str) -> BTreeSet<String> {
    let states = world.targets(group);
    let targets = world.target_group(group).targets.keys();
    let in_service = targets.filter(|key| states.get(&key.to_string()) != Some(&TargetState::Draining));
    in_service.map(|key| key.id.clone()).collect()
}

/// RegisterTargets.
pub(super) fn register(world: &mut World, group: &str, addresses: &BTreeSet<String>) {
    if !addresses.is_empty() {
        let done = world.register_targets(&Scope::default(), group, &targets(addresses));
        done.expect("addresses of the VPC");
    }
}

/// DeregisterTargets.
pub(super) fn deregister(world: &mut World, group: &str, addresses: &BTreeSet<String>) {
    if !addresses.is_empty() {
        let done = world.deregister_targets(&Scope::default(), group, &targets(addresses));
        done.expect("a group that exists");
    }
}

fn targets(addresses: &BTreeSet<String>) -> Vec<TargetDescription<'_>> {
    let target = |id| TargetDescription { id, port: None, zone: None };
    addresses.iter().map(|id| target(id.as_str())).collect()
}
