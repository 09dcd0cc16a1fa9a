//! Checks the health of targets as NLB does, and tells the world.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Client, Pace};
use crate::world::TargetState;
use crate::{SharedWorld, lock};

/// Health checks of some target groups: `GET /readyz` over TLS.
///
/// A target is in the state that the world has it in until it has passed or
/// failed enough checks. So that it stays `initial` until then, let
/// [`World::healthy_after`](crate::World::healthy_after) be for ever.
#[expect(missing_debug_implementations, reason = "nor has its client")]
pub struct Checks {
    world: SharedWorld,
    client: Client,
    groups: Vec<String>,
    pace: Pace,
    history: BTreeMap<(String, SocketAddr), Streak>,
}

/// The latest checks of one target that all ended the same way.
#[derive(Clone, Copy, Debug)]
struct Streak {
    /// When the target was registered: once it is again, checks begin anew.
    registered_at: Option<Duration>,
    passed: bool,
    length: u32,
}

impl Checks {
    /// Checks of the targets of `groups`, made by `client`.
    #[must_use]
    pub fn new(world: SharedWorld, client: Client, groups: Vec<String>, pace: Pace) -> Self {
        Self { world, client, groups, pace, history: BTreeMap::new() }
    }

    /// Checks every target once, all at the same time.
    pub async fn round(&mut self) {
        let passed = self.check(self.targets()).await;
        let mut world = lock(&self.world);
        let mut history = BTreeMap::new();
        for group in &self.groups {
            for (address, registered_at) in self.pace.known(&world, group) {
                let key = (group.clone(), address);
                let before = self.history.get(&key).filter(|streak| streak.registered_at == registered_at);
                let passed = passed.contains(&address);
                let length = before.filter(|s| s.passed == passed).map_or(0, |s| s.length) + 1;
                let state = match passed {
                    true if length >= self.pace.healthy_checks => Some(TargetState::Healthy),
                    false if length >= self.pace.unhealthy_checks => Some(TargetState::Unhealthy),
                    _ => None,
                };
                if let Some(state) = state {
                    world.pin_state(group, &address.to_string(), state);
                }
                history.insert(key, Streak { registered_at, passed, length });
            }
        }
        drop(world);
        self.history = history;
    }

    /// The targets of all groups, each once.
    fn targets(&self) -> BTreeSet<SocketAddr> {
        let world = lock(&self.world);
        self.groups.iter().flat_map(|group| self.pace.known(&world, group).into_keys()).collect()
    }

    /// Those of `targets` that pass.
    async fn check(&self, targets: BTreeSet<SocketAddr>) -> BTreeSet<SocketAddr> {
        let checks = targets.into_iter().map(|target| {
            let client = self.client.clone();
            async move { client.attempt(target).await.outcome.is_ok().then_some(target) }
        });
        let checks: JoinSet<_> = checks.collect();
        checks.join_all().await.into_iter().flatten().collect()
    }
}
