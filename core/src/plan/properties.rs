//! What holds for every plan, judged by who is served before and after it.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::tests::{PORT, desired, listed, policy, target};
use super::*;
use crate::model::TargetState;
use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, Unknown, Unused};

fn any_listed() -> impl Strategy<Value = CurrentTarget> {
    let states = vec![Initial, Healthy, Unhealthy, Unused, Draining, Unavailable, Unknown];
    let zones = vec!["a", "b", "all", ""];
    (prop::sample::select(states), prop::sample::select(zones), prop::bool::weighted(0.1))
        .prop_map(|(state, zone, is_overridden)| CurrentTarget { is_overridden, ..listed(state, zone) })
}

prop_compose! {
    fn any_world()(
        addresses in prop::collection::btree_set(0u8..8, 1..6),
        current in prop::collection::btree_map((0u8..8).prop_map(target), any_listed(), 0..10),
        min_healthy in 1u16..5,
        add_only in any::<bool>(),
    ) -> (Desired, Targets, Policy) {
        let sync = if add_only { SyncPolicy::AddOnly } else { SyncPolicy::Sync };
        (desired(addresses), current, policy(sync, min_healthy))
    }
}

/// What ELB lists right after the plan was applied.
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

/// The targets that a node of `zone` sends its clients to while each zone is
/// by itself: healthy ones of the zone, or all of it whose registration is
/// complete if none is healthy.
fn serving<'a>(targets: &'a Targets, zone: &'a str) -> impl Iterator<Item = &'a Target> {
    let is_in = move |listed: &CurrentTarget| {
        listed.zone.as_ref().is_none_or(|own| ["all", zone].contains(&own.as_str()))
    };
    let is_healthy = |listed: &CurrentTarget| listed.state == Healthy && !listed.is_overridden;
    let fails_open = !targets.values().any(|listed| is_healthy(listed) && is_in(listed));
    let takes = move |listed: &CurrentTarget| {
        is_healthy(listed)
            || (fails_open && matches!(listed.state, Healthy | Unhealthy | Unavailable | Unknown))
    };
    targets.iter().filter(move |(_, listed)| takes(listed) && is_in(listed)).map(|(target, _)| target)
}

proptest! {
    #[test]
    fn a_desired_target_is_in_service_afterwards((desired, current, policy) in any_world()) {
        let got = plan(&desired, PORT, &current, policy);
        let after = applied(&got, &current);
        for target in desired.addresses.on_port(PORT) {
            prop_assert!(after[&target].state.is_in_service());
            let is_stale = got.withheld().any(|(withheld, _)| withheld == target);
            prop_assert!(!got.deregister().contains_key(&target) && !is_stale);
        }
    }

    #[test]
    fn every_stale_target_is_decided_once((desired, current, policy) in any_world()) {
        let got = plan(&desired, PORT, &current, policy);
        let desired = desired.addresses.on_port(PORT);
        for (target, listed) in current {
            let is_withheld = got.withheld().any(|(withheld, _)| withheld == target);
            let decided = usize::from(got.deregister().contains_key(&target)) + usize::from(is_withheld);
            let stale = listed.state.is_in_service() && !desired.contains(&target);
            prop_assert_eq!(decided, usize::from(stale), "{}", target);
        }
    }

    #[test]
    fn no_plan_takes_the_last_target_that_serves((desired, current, policy) in any_world()) {
        let got = plan(&desired, PORT, &current, policy);
        let after = applied(&got, &current);
        let in_all = |targets: &Targets| ["a", "b"].iter().any(|zone| serving(targets, zone).next().is_some());
        prop_assert!(!in_all(&current) || in_all(&after), "nothing serves after {:?}", got);
    }

    #[test]
    fn no_plan_takes_the_last_healthy_target_of_a_zone_that_gets_another((desired, current, policy) in any_world()) {
        let got = plan(&desired, PORT, &current, policy);
        let after = applied(&got, &current);
        let healthy = |targets: &Targets, zone| {
            serving(targets, zone).filter(|target| targets[target].state == Healthy).copied().collect::<Vec<_>>()
        };
        for zone in ["a", "b"] {
            // A desired target that the load balancer uses in the zone, or one
            // that may turn out to be there.
            let gets_another = desired.addresses.on_port(PORT).iter().any(|target| {
                current.get(target).is_none_or(|listed| {
                    let is_near = |own: &Zone| ["all", zone].contains(&own.as_str());
                    listed.state != Unused && listed.zone.as_ref().is_none_or(is_near)
                })
            });
            // The zone that a target without a zone serves is unknown.
            let is_served = healthy(&current, zone).iter().any(|target| current[target].zone.is_some());
            prop_assert!(!gets_another || !is_served || !healthy(&after, zone).is_empty(), "{zone} after {:?}", got);
        }
    }

    #[test]
    fn applying_a_plan_leaves_nothing_to_register_or_deregister((desired, current, policy) in any_world()) {
        let got = plan(&desired, PORT, &current, policy);
        let again = plan(&desired, PORT, &applied(&got, &current), policy);
        prop_assert!(again.is_noop(), "{:?}", again);
        prop_assert!(again.withheld().eq(got.withheld()), "{:?} after {:?}", again, got);
    }
}
