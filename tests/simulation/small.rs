//! Every history of a small world, not only random ones: a breadth-first search
//! through all that can happen to one target group.
//!
//! There are two zones, cross-zone load balancing is off, and there are up to
//! four addresses. At every moment any of these may happen next:
//!
//! - ELB goes on: a registration is complete, a check passes or fails, a
//!   drained target is gone. Nothing says when.
//! - A run reads: DNS names some of the addresses, whatever it said before, and
//!   of two sources one may name others. The shipped [`plan`](fn@plan) decides.
//! - A run writes what it planned: registers, then deregisters. It may die
//!   before and after each write, or its answer is lost, which is the same. It
//!   may also have read again after registering, and then only deregisters.
//!
//! Two runs may overlap. The search has no other bound than the size of this
//! world: it ends when no new state is found.
//!
//! Who serves is no part of a state. Checks and DNS know nothing of it, so a
//! write is judged for whoever may serve at that moment.
//!
//! A write is not judged for what its run could not know: what changed after it
//! had read, be it health or what a run wrote that was told something else. So
//! two runs overlap here while ELB stands still and both are told the same, and
//! whatever one writes is no excuse for the other. A run over which ELB moves
//! goes on alone.

mod run;
mod search;
mod world;

use std::collections::BTreeSet;
use std::time::Instant;

use run::Small;
use search::search;
use world::{A, ALL, B, Place};

/// Two addresses in each zone, as EKS has while it replaces its servers.
#[test]
fn no_history_of_two_zones_breaks_a_promise() {
    check(&[A, B, A, B]);
}

/// One zone has no address to spare.
#[test]
fn no_history_of_three_addresses_breaks_a_promise() {
    check(&[A, A, B]);
}

/// A target serves every zone, as those of a peered VPC do.
#[test]
fn no_history_of_a_target_for_all_zones_breaks_a_promise() {
    check(&[ALL, A, B]);
}

fn check(places: &'static [Place]) {
    for min_healthy in 1..=3 {
        let start = Instant::now();
        let small = Small::new(places, min_healthy);
        let states = search(&small).unwrap_or_else(|history| panic!("{small}: {history}"));
        let groups: BTreeSet<_> = states.iter().map(|state| state.group).collect();
        for group in &groups {
            small.comes_to_rest(*group).unwrap_or_else(|why| panic!("{small}: {why}"));
        }
        let (states, groups, seconds) = (states.len(), groups.len(), start.elapsed().as_secs_f64());
        crate::say(&format!("{small}: {states} states, {groups} of the group, {seconds:.1} s"));
    }
}
