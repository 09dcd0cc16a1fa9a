//! Targets that ELB keeps new connections from: by a zonal shift, or because they
//! are `unhealthy.draining`.

use std::vec::Vec;

use super::*;

fn overridden(state: TargetState, zone: &str) -> CurrentTarget {
    CurrentTarget { is_overridden: true, ..listed(state, zone) }
}

/// The targets that go where 3 and 4 are desired, one healthy target suffices,
/// and there are these.
fn gone(current: &[(u8, CurrentTarget)]) -> Vec<Target> {
    let current = current.iter().map(|(last, listed)| (target(*last), listed.clone())).collect();
    let got = plan(&desired([3, 4]), PORT, &current, policy(SyncPolicy::Sync, 1));
    got.deregister().into_keys().collect()
}

/// A zonal shift leaves a target `healthy` and takes its new connections away.
#[test]
fn an_overridden_target_is_not_healthy() {
    let shifted = |zone| CurrentTarget { is_overridden: true, ..listed(Healthy, zone) };
    let mut current = Targets::from([
        (target(1), listed(Healthy, "b")),
        (target(3), shifted("a")),
        (target(4), shifted("a")),
        (target(5), listed(Initial, "b")),
        (target(6), listed(Initial, "b")),
    ]);
    let wanted = desired([3, 4, 5, 6]);
    let sync = policy(SyncPolicy::Sync, 2);
    assert!(plan(&wanted, PORT, &current, sync).is_noop(), "nothing else serves");

    current.extend([5, 6].map(|last| (target(last), listed(Healthy, "b"))));
    let got = plan(&wanted, PORT, &current, sync);
    assert_eq!(got.deregister().into_keys().collect::<Vec<_>>(), [target(1)]);

    // An unhealthy one serves while those of its zone are shifted away.
    let current = Targets::from([(target(1), listed(Unhealthy, "a")), (target(3), shifted("a"))]);
    assert!(plan(&desired([3, 4]), PORT, &current, sync).deregister().is_empty());
}

#[test]
fn an_unhealthy_target_goes_from_a_zone_that_is_shifted_away_with_its_replacement() {
    let there = |replacement| {
        [(1, overridden(Unhealthy, "a")), (3, overridden(replacement, "a")), (4, listed(Healthy, "b"))]
    };
    assert_eq!(gone(&there(Healthy)), [target(1)]);
    // It may serve when the shift ends, and the others may not: `unhealthy` may be
    // `unhealthy.draining`, which stays overridden.
    assert!(gone(&there(Initial)).is_empty());
    assert!(gone(&there(Unhealthy)).is_empty());
}

#[test]
fn a_shift_of_another_zone_does_not_keep_an_unhealthy_target() {
    let there = |in_zone, in_shifted| {
        [(1, listed(Unhealthy, "b")), (3, listed(in_zone, "b")), (4, overridden(in_shifted, "a"))]
    };
    assert_eq!(gone(&there(Unhealthy, Healthy)), [target(1)]);
    assert!(gone(&there(Initial, Healthy)).is_empty());
    // With cross-zone load balancing, every target serves zone b.
    assert!(gone(&there(Unhealthy, Initial)).is_empty());
}

/// An `unused` target gets no traffic, even where its zone fails open.
#[test]
fn an_unused_target_does_not_replace_one_that_is_shifted_away() {
    let there = |beside| {
        [
            (1, listed(Unhealthy, "b")),
            (2, listed(Healthy, "a")),
            (3, listed(beside, "b")),
            (4, overridden(Healthy, "b")),
        ]
    };
    assert!(!gone(&there(Unused)).contains(&target(1)));
    assert!(gone(&there(Unhealthy)).contains(&target(1)));
}
