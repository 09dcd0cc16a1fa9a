//! Computes which targets clients reach, from the targets that ELB lists.
//!
//! # Sources
//!
//! - ELB User Guide for Network Load Balancers, *Target group health* (read in
//!   November 2026): while cross-zone load balancing is off, ELB's default, the
//!   requirements on healthy targets apply to each Availability Zone by itself,
//!   and a node without enough healthy targets sends traffic to all targets that
//!   it knows (*fails open*).
//! - The same guide, *Zonal shift*: a target in a zone that is shifted away
//!   stays `healthy` and gets no new connections.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::model::{CurrentTarget, TargetState, Targets, Zone};

/// Whether ELB sends new connections to a target because it passes its checks.
#[must_use]
pub fn is_healthy(listed: &CurrentTarget) -> bool {
    listed.state == TargetState::Healthy && !listed.is_overridden
}

/// Whether a target passes its checks, and a zonal shift sends new connections to
/// other zones.
#[must_use]
pub fn is_shifted_away(listed: &CurrentTarget) -> bool {
    listed.state == TargetState::Healthy && listed.is_overridden
}

/// Whether clients in `zone` reach a target without cross-zone load balancing.
/// A target in `all`, or without a zone, serves every zone.
#[must_use]
pub fn serves(listed: &CurrentTarget, zone: &Zone) -> bool {
    listed.zone.as_ref().is_none_or(|own| *own == Zone::All || own == zone)
}

/// The zones whose clients reach no healthy target: `all` where the whole group
/// has none.
///
/// The zones of a group are those of its targets that are neither draining nor
/// `unused`.
#[must_use]
pub fn unserved(targets: &Targets) -> Vec<Zone> {
    let used = || {
        targets.values().filter(|listed| listed.state.is_in_service() && listed.state != TargetState::Unused)
    };
    if !used().any(is_healthy) {
        return Vec::from([Zone::All]);
    }
    let zones: BTreeSet<&Zone> = used().filter_map(|listed| listed.zone.as_ref()).collect();
    let named = zones.into_iter().filter(|zone| **zone != Zone::All);
    named.filter(|zone| !used().any(|listed| is_healthy(listed) && serves(listed, zone))).cloned().collect()
}

/// The unserved zones in which clients are cut off: a target there was in use
/// before, or has failed its checks. In other unserved zones every target is
/// new, and ELB has not decided yet. A target group without targets has never
/// served, or was emptied on purpose.
#[must_use]
pub fn cut_off(targets: &Targets) -> Vec<Zone> {
    let in_use = |listed: &CurrentTarget| {
        use TargetState::{Draining, Initial, Unused};
        !matches!(listed.state, Draining | Initial | Unused)
    };
    let mut zones = unserved(targets);
    zones.retain(|zone| {
        targets.values().any(|listed| match zone {
            Zone::All => in_use(listed),
            Zone::Named(_) => in_use(listed) && serves(listed, zone) && !is_shifted_away(listed),
        })
    });
    zones
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{listed, target};
    use TargetState::{Draining, Healthy, Initial, Unhealthy, Unused};

    #[test]
    fn a_zone_is_unserved_without_a_healthy_target_of_its_own() {
        type Case = (&'static [(TargetState, &'static str)], &'static [&'static str]);
        #[rustfmt::skip]
        let cases: &[Case] = &[
            (&[],                                                       &["all"]),
            (&[(Unused, "a"), (Draining, "b")],                         &["all"]),
            (&[(Initial, "a"), (Unhealthy, "b")],                       &["all"]),
            (&[(Healthy, "a"), (Healthy, "b")],                         &[]),
            (&[(Healthy, "a"), (Unhealthy, "b"), (Initial, "c")],       &["b", "c"]),
            (&[(Healthy, "a"), (Unhealthy, "a")],                       &[]),
            (&[(Healthy, "a"), (Draining, "b"), (Unused, "c")],         &[]),
            (&[(Healthy, "all"), (Unhealthy, "b")],                     &[]),
            (&[(Healthy, ""), (Unhealthy, "b")],                        &[]),
            (&[(Healthy, "a"), (Unhealthy, "all")],                     &[]),
        ];
        for (group, unserved_zones) in cases {
            let targets: Targets =
                (1..).zip(*group).map(|(n, (state, zone))| (target(n), listed(*state, zone))).collect();
            let zones: Vec<_> = unserved(&targets).iter().map(alloc::string::ToString::to_string).collect();
            assert_eq!(zones, *unserved_zones, "{group:?}");
        }
    }

    #[test]
    fn clients_are_cut_off_where_a_target_failed_and_not_where_all_are_new() {
        type Case = (&'static [(TargetState, &'static str)], &'static [&'static str]);
        #[rustfmt::skip]
        let cases: &[Case] = &[
            (&[],                                                       &[]),
            (&[(Unused, "a"), (Draining, "b")],                         &[]),
            (&[(Initial, "a"), (Initial, "b")],                         &[]),
            (&[(Initial, "a"), (Unhealthy, "b")],                       &["all"]),
            (&[(Healthy, "a"), (Unhealthy, "b"), (Initial, "c")],       &["b"]),
            (&[(Healthy, "a"), (Unhealthy, "b"), (Initial, "b")],       &["b"]),
            (&[(Healthy, "a"), (Healthy, "b")],                         &[]),
        ];
        for (group, zones) in cases {
            let targets: Targets =
                (1..).zip(*group).map(|(n, (state, zone))| (target(n), listed(*state, zone))).collect();
            let found: Vec<_> = cut_off(&targets).iter().map(alloc::string::ToString::to_string).collect();
            assert_eq!(found, *zones, "{group:?}");
        }
        let shifted = CurrentTarget { is_overridden: true, ..listed(Healthy, "a") };
        let beside = Targets::from([(target(1), shifted.clone()), (target(2), listed(Healthy, "b"))]);
        assert_eq!(cut_off(&beside), [], "clients of a go to b");
        assert_eq!(cut_off(&Targets::from([(target(1), shifted)])), [Zone::All]);
        // `unhealthy.draining`, which no zonal shift causes.
        let draining = CurrentTarget { is_overridden: true, ..listed(Unhealthy, "a") };
        let beside = Targets::from([(target(1), draining), (target(2), listed(Healthy, "b"))]);
        assert_eq!(cut_off(&beside), [Zone::from(alloc::string::String::from("a"))]);
    }

    #[test]
    fn a_target_that_a_zonal_shift_overrides_serves_no_new_client() {
        let shifted = CurrentTarget { is_overridden: true, ..listed(Healthy, "a") };
        let alone = Targets::from([(target(1), shifted.clone())]);
        assert_eq!(unserved(&alone), [Zone::All]);
        let beside = Targets::from([(target(1), shifted), (target(2), listed(Healthy, "b"))]);
        assert_eq!(unserved(&beside), [Zone::from(alloc::string::String::from("a"))]);
    }
}
