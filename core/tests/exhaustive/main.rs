//! The planner against every small target group, up to symmetry, judged by who
//! is served.
//!
//! A group has up to five targets. Each is desired or not, in one of three zones,
//! in `all` or in a zone that ELB does not list, and absent or in any state. A
//! zonal shift may be active for one zone. Groups that differ in the order of
//! targets or zones only are judged once.
//!
//! # What is proven
//!
//! - No plan takes the last server that clients are sent to, in all or in a zone
//!   that a desired target is in or may turn out to be in. That holds with
//!   cross-zone load balancing off and on, for each threshold in [`THRESHOLDS`],
//!   and by every reading of AWS's documentation ([`judge`]).
//! - Before a healthy target goes, `MIN_HEALTHY_TARGETS` desired ones are healthy,
//!   or as many as the load balancer uses. An answer with one address counts as
//!   two, also before an unhealthy target goes from a zone that fails open.
//! - A desired target that is not in service is registered, and no other.
//! - No target that serves no clients is kept indefinitely. `unused` targets, and
//!   unhealthy ones whose zone a healthy target serves, go at once. Every unhealthy
//!   one goes once the desired targets have come to rest, healthy or not; every
//!   stale target goes once all desired ones are healthy.
//! - Applying a plan twice changes nothing: until ELB's answers change, the second
//!   one is empty.
//!
//! Servers of desired and of healthy targets answer; of the others any may. Where
//! a state leaves open whether a target gets connections, a stale one does and a
//! desired one does not.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that is wrong must stop")]

mod group;
#[path = "../../../tests/support/judge.rs"]
#[expect(dead_code, reason = "the simulation uses all of it")]
mod judge;

use std::num::{NonZero, NonZeroU16};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use eks_nlb_sync_core::model::{
    Addresses, AllowedCidrs, CurrentTarget, Desired, Source, TargetState, Targets,
};
use eks_nlb_sync_core::plan::{Plan, Policy, SyncPolicy, plan};

use TargetState::{Draining, Initial, Unhealthy, Unused};
use group::{Group, KNOWN_STATES, Kind, MOST_TARGETS, PORT, STATES, Worded, address, kinds, target};
use judge::{Listed, Place, Reading, Set, Snapshot, State, Threshold};

const THRESHOLDS: [Threshold; 3] =
    [Threshold::DEFAULT, Threshold { count: 2, percentage: 0 }, Threshold { count: 1, percentage: 50 }];

/// The targets that `plan` deregisters.
fn taken(plan: &Plan, group: Group<'_>) -> Set {
    let gone = plan.deregister();
    let targets = (0..group.targets.len()).filter(|index| gone.contains_key(&target(*index)));
    targets.fold(0, |set, index| set | 1 << index)
}

/// The first plan for `group` that is wrong.
fn judged(group: Group<'_>, allowed: &AllowedCidrs) -> Result<(), String> {
    let named = group.targets.iter().enumerate().filter(|(_, kind)| kind.is_desired);
    let addresses =
        Addresses::new(named.map(|(index, _)| address(index)), allowed).expect("some, all allowed");
    let desired = Desired::by(Source::Dns, addresses);
    let (current, listed) = (group.current(), group.listed());
    for min_healthy in (1..=3).filter_map(NonZeroU16::new) {
        let policy = Policy { sync: SyncPolicy::Sync, min_healthy };
        let planned = plan(&desired, PORT, &current, policy);
        let wrong = wrong(group, &listed, taken(&planned, group), min_healthy);
        let wrong = wrong.or_else(|| wrongly_registered(group, &planned)).or_else(|| {
            let again = plan(&desired, PORT, &applied(&planned, &current), policy);
            (!again.is_noop()).then(|| format!("idempotent: applied once, it plans more: {again:?}"))
        });
        if let Some(wrong) = wrong {
            return Err(format!("{wrong}\nMIN_HEALTHY_TARGETS={min_healthy}: {group}"));
        }
    }
    Ok(())
}

/// Why a target in `taken` must stay, or another one must be deregistered.
fn wrong(group: Group<'_>, listed: &[Listed], taken: Set, min_healthy: NonZeroU16) -> Option<String> {
    let desired = group.such(|kind| kind.is_desired);
    if taken & desired != 0 {
        return Some(format!("only-named: {taken:#b} go, of which some are desired"));
    }
    let kept = group.such(Kind::is_stale) & !taken;
    if kept & must_go(group, min_healthy) != 0 {
        return Some(format!("converge: {kept:#b} stay and serve no clients"));
    }
    if taken == 0 {
        return None;
    }
    let healthy = group.such(|kind| group.is_healthy(kind));
    let needed = minimum(group, min_healthy);
    if healthy & taken != 0 && (healthy & !taken & desired).count_ones() < needed {
        return Some(format!(
            "keep-minimum: {taken:#b} go, and fewer than {needed} desired targets are healthy"
        ));
    }
    let failing_open = group.such(|kind| kind.is(Unhealthy) && !is_zone_served(group, kind));
    if desired.count_ones() < 2 && min_healthy.get() > 1 && taken & failing_open != 0 {
        return Some(format!(
            "keep-minimum: an answer with one address takes {taken:#b} while the zone fails open"
        ));
    }
    let answers = |reading: Reading| {
        let passing = listed.iter().enumerate().filter(|(_, listed)| reading.passes(**listed));
        passing.fold(desired | taken, |set, (index, _)| set | 1 << index)
    };
    let worlds = [false, true].into_iter().flat_map(|cross| THRESHOLDS.map(|threshold| (cross, threshold)));
    worlds.into_iter().find_map(|(is_cross_zone, threshold)| {
        let snapshot = Snapshot { targets: listed, zones: 0b111, is_cross_zone, threshold };
        let loss = judge::loss(&[&snapshot], taken, answers, snapshot.zones_of(desired))?;
        Some(format!(
            "keep-last-server: {taken:#b} are the last: {loss:?}, with cross-zone {is_cross_zone}, {threshold:?}"
        ))
    })
}

/// How many desired targets must be healthy before a healthy target goes.
fn minimum(group: Group<'_>, min_healthy: NonZeroU16) -> u32 {
    let desired = group.such(|kind| kind.is_desired).count_ones();
    let used = group.such(|kind| kind.is_desired && !kind.is(Unused)).count_ones();
    u32::from(min_healthy.get()).min(used.max(if desired < 2 { 2 } else { 1 }))
}

/// Why the targets in `planned` are not those that must be registered.
fn wrongly_registered(group: Group<'_>, planned: &Plan) -> Option<String> {
    let is_missing = |kind: Kind| kind.is_desired && (kind.state.is_none() || kind.is(Draining));
    let (missing, registered) = (group.such(is_missing), planned.register());
    let registered = (0..group.targets.len()).filter(|index| registered.contains(&target(*index)));
    let registered = registered.fold(0, |set, index| set | 1 << index);
    (registered != missing)
        .then(|| format!("serve-all: {registered:#b} are registered, {missing:#b} are missing"))
}

/// The stale targets that serve no clients, now or later.
fn must_go(group: Group<'_>, min_healthy: NonZeroU16) -> Set {
    let desired = || group.targets.iter().copied().filter(|kind| kind.is_desired);
    let is_short = desired().count() < 2 && min_healthy.get() > 1;
    let is_calm = !is_short
        && desired().all(|kind| group.is_healthy(kind) || kind.is(Unused))
        && desired().any(|kind| group.is_healthy(kind));
    let is_at_rest = !is_short
        && !group.is_shifted
        && desired().all(has_come_to_rest)
        && desired().any(|kind| !kind.is(Unused));
    let is_failing = |kind: Kind| kind.is(Unhealthy) && (is_at_rest || is_zone_served(group, kind));
    group.such(|kind| kind.is_stale() && (is_calm || kind.is(Unused) || is_failing(kind)))
}

/// Whether a desired target stays as it is until its server changes: it is
/// registered, its first checks are over, and its connections are not draining.
fn has_come_to_rest(desired: Kind) -> bool {
    desired.state.is_some_and(|(state, worded)| {
        !matches!(state, Initial | Draining) && worded != State::UnhealthyDraining
    })
}

/// Whether a healthy target serves the zone that `stale` serves.
fn is_zone_served(group: Group<'_>, stale: Kind) -> bool {
    let near = |kind: &Kind| match (kind.place, stale.place) {
        (Place::All | Place::Unknown, _) => true,
        (place, own) => place == own,
    };
    group.targets.iter().copied().filter(near).any(|kind| group.is_healthy(kind))
}

/// What ELB lists right after `plan` was applied.
fn applied(plan: &Plan, current: &Targets) -> Targets {
    let mut after = current.clone();
    for new in plan.register() {
        let zone = current.get(&new).and_then(|listed| listed.zone.clone());
        after.insert(new, CurrentTarget { state: Initial, zone, is_overridden: false });
    }
    for gone in plan.deregister().keys() {
        after.get_mut(gone).expect("it was listed").state = Draining;
    }
    after
}

/// Judges the plans of every group of up to `most` targets that begins with
/// `targets`; counts these groups.
fn judge_all(
    kinds: &[Kind],
    targets: &mut Vec<Kind>,
    most: usize,
    allowed: &AllowedCidrs,
) -> Result<u64, String> {
    let mut groups = 0;
    if targets.iter().any(|kind| kind.is_desired) {
        for is_shifted in [false, true] {
            let group = Group { targets: targets.as_slice(), is_shifted };
            if group.is_canonical() {
                groups += 1;
                judged(group, allowed)?;
            }
        }
    }
    if targets.len() < most {
        let last = targets.last().copied();
        for kind in kinds.iter().filter(|kind| last.is_none_or(|last| last <= **kind)) {
            targets.push(*kind);
            groups += judge_all(kinds, targets, most, allowed)?;
            targets.pop();
        }
    }
    Ok(groups)
}

fn judge_up_to(most: usize, states: &[Worded]) {
    let kinds: Vec<Kind> = kinds(states).into_iter().collect();
    let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().expect("a range")]);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut groups = 0;
        while let Some(first) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
            groups += judge_all(&kinds, &mut vec![*first], most, &allowed)?;
        }
        Ok::<u64, String>(groups)
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect::<Vec<_>>()
    });
    let groups: u64 = results.into_iter().map(|result| result.unwrap_or_else(|why| panic!("{why}"))).sum();
    print(&format!("{groups} groups of up to {most} targets"));
}

#[expect(clippy::print_stdout, reason = "figures for the terminal")]
fn print(text: &str) {
    println!("{text}");
}

#[test]
fn no_plan_for_three_targets_cuts_clients_off() {
    judge_up_to(3, &STATES);
}

#[test]
fn no_plan_for_four_targets_cuts_clients_off() {
    judge_up_to(4, &STATES[..KNOWN_STATES]);
}

#[test]
#[ignore = "twenty-six million groups, minutes even if it is optimised: make simulate"]
fn no_plan_for_five_targets_cuts_clients_off() {
    judge_up_to(MOST_TARGETS, &STATES);
}
