//! Answers reads from the past, because AWS's APIs are eventually consistent.
//!
//! A read that *lags* shows all of ELB, EC2 and EKS as they were that long ago: a
//! target just registered is missing, one just deregistered is still there, and
//! a new interface or cluster is not listed yet, and health is what checks had found
//! by then. Writes act on the present.
//!
//! # Sources
//!
//! - Amazon EC2 Developer Guide, *Eventual consistency in the Amazon EC2 API*
//!   (read November 2026): "the result of an API command you run that affects
//!   your Amazon EC2 resources might not be immediately visible to all
//!   subsequent commands you run".
//! - AWS documents no consistency of ELB's and EKS's reads. That they lag in the
//!   same way is an assumption, as is every duration.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use super::{Health, Regional, Scope, World};

/// Everything that AWS kept at the end of one moment.
#[derive(Debug)]
struct Snapshot {
    at: Duration,
    regions: BTreeMap<Scope, Regional>,
    health: BTreeMap<String, Health>,
}

/// How far reads lag, and what they then show.
#[derive(Debug, Default)]
pub(crate) struct Staleness {
    /// The lag of each read, in turn.
    lags: Vec<Duration>,
    reads: usize,
    /// How long the past is kept.
    kept: Duration,
    /// The oldest first. The first one stands for all earlier moments.
    past: Vec<Snapshot>,
    /// The lag of the latest read.
    latest: Duration,
}

impl World {
    /// Makes reads lag from now on: the n-th by the n-th of `lags`, round and
    /// round. Without any, every read shows the present; that is the default.
    pub fn set_read_lags(&mut self, lags: &[Duration]) {
        self.keep_past(lags.iter().copied().max().unwrap_or_default());
        self.staleness = Staleness {
            lags: lags.to_vec(),
            reads: 0,
            latest: Duration::ZERO,
            ..mem::take(&mut self.staleness)
        };
    }

    /// Keeps the past for `longest` from now on, so that reads may lag that far at
    /// once when [`World::set_read_lags`] says so.
    pub fn keep_past(&mut self, longest: Duration) {
        if !longest.is_zero() && self.staleness.past.is_empty() {
            self.staleness.past.push(self.snapshot());
        }
        self.staleness.kept = self.staleness.kept.max(longest);
    }

    /// The world as the latest read showed it.
    pub fn as_last_read<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        self.look_back(self.staleness.latest, look)
    }

    /// Carries out one read, with the lag that is next.
    pub(crate) fn read<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let Staleness { lags, reads, latest, .. } = &mut self.staleness;
        *latest = lags.get(*reads % lags.len().max(1)).copied().unwrap_or_default();
        *reads += 1;
        self.as_last_read(look)
    }

    /// Notes how things are at the end of this moment, before time passes.
    pub(super) fn remember(&mut self) {
        if self.staleness.past.is_empty() {
            return;
        }
        let oldest = self.now.saturating_sub(self.staleness.kept);
        let now = self.snapshot();
        let past = &mut self.staleness.past;
        let needed = past.iter().rposition(|snapshot| snapshot.at <= oldest).unwrap_or(0);
        past.drain(..needed);
        past.push(now);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { at: self.now, regions: self.regions.clone(), health: self.health.clone() }
    }

    fn look_back<T>(&mut self, lag: Duration, look: impl FnOnce(&mut Self) -> T) -> T {
        if lag.is_zero() {
            return look(self);
        }
        let then = self.now.checked_sub(lag);
        let is_over = |snapshot: &Snapshot| then.is_some_and(|then| snapshot.at <= then);
        let index = self.staleness.past.iter().rposition(is_over).unwrap_or(0);
        let now = mem::replace(&mut self.now, then.unwrap_or_default());
        self.swap_with_past(index);
        let answer = look(self);
        self.swap_with_past(index);
        self.now = now;
        answer
    }

    fn swap_with_past(&mut self, index: usize) {
        let past = &mut self.staleness.past[index];
        mem::swap(&mut self.regions, &mut past.regions);
        mem::swap(&mut self.health, &mut past.health);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Scope, TargetDescription, TargetState};

    const LAG: Duration = Duration::from_secs(20);

    /// What ELB lists of a group, with the lag that is next.
    fn listed(world: &mut World, group: &str) -> Vec<(String, TargetState)> {
        world.read(|world| world.targets(group).into_iter().collect())
    }

    fn write(world: &mut World, group: &str, id: &str, registers: bool) {
        let target = [TargetDescription { id, port: None, zone: None }];
        let scope = Scope::default();
        let done = if registers {
            world.register_targets(&scope, group, &target)
        } else {
            world.deregister_targets(&scope, group, &target)
        };
        done.expect("ELB accepts it");
    }

    #[test]
    fn a_write_shows_after_the_lag_and_not_before() {
        use TargetState::{Draining, Healthy, Initial};

        let mut world = World::new();
        world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
        let group = world.add_frontend("payments").target_group;
        world.put_targets(&group, ["10.0.1.10"]);
        world.set_read_lags(&[LAG]);
        let [old, new] = ["10.0.1.10:443", "10.0.2.11:443"].map(str::to_owned);
        world.advance(LAG);
        write(&mut world, &group, "10.0.2.11", true);
        write(&mut world, &group, "10.0.1.10", false);

        let before = vec![(old.clone(), Healthy)];
        assert_eq!(listed(&mut world, &group), before);
        world.advance(LAG.saturating_sub(Duration::from_secs(1)));
        assert_eq!(listed(&mut world, &group), before);
        world.advance(Duration::from_secs(1));
        assert_eq!(listed(&mut world, &group), [(old.clone(), Draining), (new.clone(), Initial)]);
        world.advance(Duration::from_mins(10));
        assert_eq!(listed(&mut world, &group), [(new.clone(), Healthy)], "the old one is gone");
        world.set_read_lags(&[]);
        assert_eq!(listed(&mut world, &group), [(new, Healthy)]);
    }

    #[test]
    fn reads_lag_in_turn_and_the_latest_can_be_looked_at_again() {
        let mut world = World::new();
        world.add_cluster("payments", ["10.0.1.10"]);
        let group = world.add_frontend("payments").target_group;
        world.set_read_lags(&[Duration::ZERO, LAG]);
        write(&mut world, &group, "10.0.1.10", true);

        let seen: Vec<usize> = (0..4).map(|_| listed(&mut world, &group).len()).collect();
        assert_eq!(seen, [1, 0, 1, 0]);
        assert_eq!(world.as_last_read(|world| world.targets(&group).len()), 0);
        assert_eq!(world.targets(&group).len(), 1);
    }

    #[test]
    fn health_lags_too_and_a_past_that_was_kept_shows_at_once() {
        use TargetState::{Healthy, Unhealthy};

        let mut world = World::new();
        world.keep_past(LAG);
        world.add_cluster("payments", ["10.0.1.10"]);
        let group = world.add_frontend("payments").target_group;
        world.put_targets(&group, ["10.0.1.10"]);
        world.advance(LAG);
        world.set_health("10.0.1.10", Health::Never);
        world.set_read_lags(&[LAG]);

        assert_eq!(listed(&mut world, &group)[0].1, Healthy);
        assert_eq!(world.targets(&group)["10.0.1.10:443"], Unhealthy);
        world.advance(LAG);
        assert_eq!(listed(&mut world, &group)[0].1, Unhealthy);
    }
}
