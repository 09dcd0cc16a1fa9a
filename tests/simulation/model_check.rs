//! Every history of a small target group, not only random ones: a breadth-first
//! search through everything that can happen to it.
//!
//! A [model](model::Setup) has up to four addresses in two or three zones. At every
//! moment any of these may happen next:
//!
//! - ELB moves: a registration completes, a check passes or fails, a drained
//!   target is removed. Where the model has them, a zonal shift begins or ends, and
//!   a target is `unhealthy.draining`. Nothing bounds how long each takes.
//! - A run reads. Its sources of addresses give any answer that `dns`, `eni`,
//!   `dns+eni` or `auto` can give, independent of earlier answers. The shipped
//!   [`plan`](fn@eks_nlb_sync::plan::plan) decides. Where reads are stale, ELB may
//!   list the group as it was before the last write.
//! - A run writes what it planned: registers, then deregisters. It may be killed
//!   before and after each write; a lost answer is the same. It may also have
//!   read again after registering, and then only deregisters.
//!
//! Two runs may overlap. The search ends when it finds no new state.
//!
//! Whether a server answers is not part of a state, because neither checks nor
//! DNS depend on it. A write is judged for every set of servers that may answer,
//! by [`judge`](crate::judge): those of desired targets do, of the others any may.
//!
//! A write is not judged for what its run could not know: what changed after it
//! had read, be it health or what a run wrote that read other addresses. So
//! runs overlap only while ELB does not change and both read the same
//! addresses. Where ELB changes during a run, that run is alone.

mod answers;
mod group;
mod model;
mod search;

use std::collections::BTreeSet;
use std::time::Instant;

use group::{A, ALL, B, C};
use model::{Model, Setup};
use search::search;

/// Two addresses in each zone, as EKS has while it replaces its servers.
const TWO_ZONES: Setup = Setup { places: &[A, B, A, B], ..Setup::CALM };

/// One zone has two addresses, the others have one.
const THREE_ZONES: Setup = Setup { places: &[A, B, C, A], ..Setup::CALM };

#[test]
fn two_zones_keep_every_invariant() {
    check(TWO_ZONES);
}

#[test]
fn three_zones_keep_every_invariant() {
    check(THREE_ZONES);
}

/// With zonal shifts and stale reads, a state is one of millions.
#[test]
#[ignore = "takes minutes unless it is optimised: make simulate"]
fn disturbed_zones_keep_every_invariant() {
    check(TWO_ZONES.disturbed());
    check(THREE_ZONES.disturbed());
}

#[test]
fn disturbed_zones_of_three_addresses_keep_every_invariant() {
    check(Setup { places: &[A, A, B], ..Setup::CALM }.disturbed());
    check(Setup { places: &[A, B, C], ..Setup::CALM }.disturbed());
}

/// A target gets no connection while it is `unhealthy.draining`.
#[test]
fn unhealthy_targets_that_drain_keep_every_invariant() {
    let drains = Setup { unhealthy_drain: true, ..Setup::CALM };
    check(Setup { places: &[A, A, B], ..drains }.disturbed());
    check(Setup { places: &[A, B, C], ..drains }.disturbed());
}

/// Nodes send to the targets of every zone.
#[test]
fn cross_zone_load_balancing_keeps_every_invariant() {
    check(Setup { places: &[A, A, B], is_cross_zone: true, ..Setup::CALM }.disturbed());
}

/// A target serves every zone, as those of a peered VPC do.
#[test]
fn a_target_for_all_zones_keeps_every_invariant() {
    check(Setup { places: &[ALL, A, B], ..Setup::CALM }.disturbed());
}

fn check(setup: Setup) {
    for min_healthy in 1..=3 {
        let start = Instant::now();
        let model = Model::new(setup, min_healthy);
        let states = search(&model).unwrap_or_else(|history| panic!("{model}: {history}"));
        let groups: BTreeSet<_> = states.iter().map(|state| state.group).collect();
        for group in &groups {
            model.converges(*group).unwrap_or_else(|why| panic!("{model}: {why}"));
        }
        let (states, groups, seconds) = (states.len(), groups.len(), start.elapsed().as_secs_f64());
        crate::print(&format!("{model}: {states} states, {groups} of the group, {seconds:.1} s"));
    }
}
