//! The rules of the planner, a row each.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::model::{Addresses, AllowedCidrs};
use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, Unknown, Unused};
use WithholdReason::{AddOnlyPolicy, NamedByOneSource, RegistrationFailed, WaitingForHealthyReplacement};

pub(super) const PORT: u16 = 443;

pub(super) fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

pub(super) fn target(last: u8) -> Target {
    Target::new(ip(last), PORT)
}

pub(super) fn desired(last: impl IntoIterator<Item = u8>) -> Desired {
    let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    Addresses::new(last.into_iter().map(ip), &allowed).expect("a case desires something").into()
}

pub(super) fn listed(state: TargetState, zone: &str) -> CurrentTarget {
    let zone = Some(zone.to_owned()).filter(|zone| !zone.is_empty());
    CurrentTarget { state, zone: zone.map(Zone::from) }
}

pub(super) fn policy(sync: SyncPolicy, min_healthy: u16) -> Policy {
    Policy { sync, min_healthy: NonZeroU16::new(min_healthy).unwrap() }
}

fn set(last: &[u8]) -> BTreeSet<Target> {
    last.iter().map(|&last| target(last)).collect()
}

/// A target is the last octet of its address, its state and its zone.
struct Case {
    name: &'static str,
    min: u16,
    desired: &'static [u8],
    current: &'static [(u8, TargetState, &'static str)],
    register: &'static [u8],
    deregister: &'static [u8],
    waiting: &'static [u8],
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "converged",                    min: 2, desired: &[1, 2], current: &[(1, Healthy, "a"), (2, Healthy, "b")],                    register: &[],     deregister: &[],     waiting: &[]  },
    Case { name: "converged, nothing healthy",   min: 2, desired: &[1, 2], current: &[(1, Initial, "a"), (2, Unhealthy, "b")],                  register: &[],     deregister: &[],     waiting: &[]  },
    Case { name: "empty group",                  min: 2, desired: &[1, 2], current: &[],                                                        register: &[1, 2], deregister: &[],     waiting: &[]  },
    Case { name: "scaled out",                   min: 2, desired: &[1, 2], current: &[(1, Healthy, "a")],                                       register: &[2],    deregister: &[],     waiting: &[]  },
    // Rules 1 and 2: draining.
    Case { name: "stale is draining",            min: 2, desired: &[1],    current: &[(1, Healthy, "a"), (2, Draining, "a")],                   register: &[],     deregister: &[],     waiting: &[]  },
    Case { name: "desired again, draining",      min: 1, desired: &[1],    current: &[(1, Draining, "a"), (2, Healthy, "a")],                   register: &[1],    deregister: &[],     waiting: &[2] },
    // Rules 5 and 6: what serves nothing.
    Case { name: "unused",                       min: 2, desired: &[1],    current: &[(1, Initial, "a"), (2, Unused, "a")],                     register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "unhealthy beside desired",     min: 2, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "b")],                  register: &[3],    deregister: &[2],    waiting: &[]  },
    Case { name: "unhealthy beside stale",       min: 2, desired: &[1],    current: &[(1, Initial, "a"), (2, Unhealthy, "a"), (3, Healthy, "a")], register: &[],   deregister: &[2],    waiting: &[3] },
    // Rule 7: the load balancer fails open.
    Case { name: "fails open, new absent",       min: 1, desired: &[1],    current: &[(2, Unhealthy, "a")],                                     register: &[1],    deregister: &[],     waiting: &[2] },
    Case { name: "fails open, new draining",     min: 1, desired: &[1],    current: &[(1, Draining, "a"), (2, Unhealthy, "a")],                 register: &[1],    deregister: &[],     waiting: &[2] },
    Case { name: "fails open, one new initial",  min: 1, desired: &[1, 3], current: &[(1, Unhealthy, "a"), (2, Unhealthy, "a"), (3, Initial, "b")], register: &[], deregister: &[],     waiting: &[2] },
    Case { name: "fails open, all new there",    min: 2, desired: &[1, 3], current: &[(1, Unhealthy, "a"), (2, Unhealthy, "a"), (3, Unhealthy, "b")], register: &[], deregister: &[2],  waiting: &[]  },
    Case { name: "fails open, new is unused",    min: 1, desired: &[1],    current: &[(1, Unused, "a"), (2, Unhealthy, "b")],                   register: &[],     deregister: &[],     waiting: &[2] },
    Case { name: "fails open, short answer",     min: 2, desired: &[1],    current: &[(1, Unhealthy, "a"), (2, Unhealthy, "b")],                register: &[],     deregister: &[],     waiting: &[2] },
    Case { name: "fails open, one is enough",    min: 1, desired: &[1],    current: &[(1, Unhealthy, "a"), (2, Unhealthy, "b")],                register: &[],     deregister: &[2],    waiting: &[]  },
    // Rule 8, in all.
    Case { name: "rotated, one of two healthy",  min: 2, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Healthy, "b")],                    register: &[3],    deregister: &[],     waiting: &[2] },
    Case { name: "all rotated",                  min: 1, desired: &[3, 4], current: &[(1, Healthy, "a"), (2, Healthy, "b")],                    register: &[3, 4], deregister: &[],     waiting: &[1, 2] },
    Case { name: "replacement initial",          min: 1, desired: &[3],    current: &[(1, Healthy, "a"), (3, Initial, "a")],                    register: &[],     deregister: &[],     waiting: &[1] },
    Case { name: "replacement unhealthy",        min: 1, desired: &[3],    current: &[(1, Healthy, "a"), (3, Unhealthy, "a")],                  register: &[],     deregister: &[],     waiting: &[1] },
    Case { name: "replacement not checked",      min: 1, desired: &[3],    current: &[(1, Healthy, "a"), (3, Unavailable, "a")],                register: &[],     deregister: &[],     waiting: &[1] },
    Case { name: "replacement healthy",          min: 1, desired: &[3],    current: &[(1, Healthy, "a"), (3, Healthy, "a")],                    register: &[],     deregister: &[1],    waiting: &[]  },
    Case { name: "any state may serve",          min: 1, desired: &[5],    current: &[(1, Initial, "a"), (2, Unavailable, "a"), (3, Unknown, "a"), (5, Initial, "a")], register: &[], deregister: &[], waiting: &[1, 2, 3] },
    Case { name: "both needed healthy",          min: 2, desired: &[3, 4], current: &[(1, Healthy, "a"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[],     deregister: &[1],    waiting: &[]  },
    Case { name: "fewer desired than needed",    min: 5, desired: &[3, 4], current: &[(1, Healthy, "a"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[],     deregister: &[1],    waiting: &[]  },
    Case { name: "short answer",                 min: 5, desired: &[1],    current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a")], register: &[],     deregister: &[],     waiting: &[2, 3] },
    Case { name: "short answer, one is enough",  min: 1, desired: &[1],    current: &[(1, Healthy, "a"), (2, Healthy, "a")],                    register: &[],     deregister: &[2],    waiting: &[]  },
    // Rule 8, in the zone.
    Case { name: "zone b waits for its own",     min: 1, desired: &[3, 4], current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a"), (4, Initial, "b")], register: &[], deregister: &[1], waiting: &[2] },
    Case { name: "both zones healthy",           min: 1, desired: &[3, 4], current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[], deregister: &[1, 2], waiting: &[] },
    Case { name: "zone given up",                min: 2, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a"), (4, Healthy, "a")], register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "new may be in any zone",       min: 1, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a")],                    register: &[4],    deregister: &[],     waiting: &[2] },
    Case { name: "drained is in its zone",       min: 1, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a"), (4, Draining, "a")], register: &[4],   deregister: &[2],    waiting: &[]  },
    Case { name: "new in all serves b",          min: 1, desired: &[3],    current: &[(2, Healthy, "b"), (3, Healthy, "all")],                  register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "new without zone serves b",    min: 1, desired: &[3],    current: &[(2, Healthy, "b"), (3, Healthy, "")],                     register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "new in all is yet initial",    min: 1, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a"), (4, Initial, "all")], register: &[],   deregister: &[],     waiting: &[2] },
    Case { name: "stale without zone",           min: 1, desired: &[3, 4], current: &[(2, Healthy, ""), (3, Healthy, "a"), (4, Initial, "b")],  register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "stale in all serves b",        min: 1, desired: &[3, 4], current: &[(2, Healthy, "all"), (3, Healthy, "a"), (4, Initial, "b")], register: &[],   deregister: &[],     waiting: &[2] },
    Case { name: "stale in all, new anywhere",   min: 1, desired: &[3, 4], current: &[(2, Healthy, "all"), (3, Healthy, "a")],                  register: &[4],    deregister: &[],     waiting: &[2] },
    Case { name: "stale in all, all zones well", min: 1, desired: &[3, 4], current: &[(2, Healthy, "all"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[],   deregister: &[2],    waiting: &[]  },
];

#[test]
fn follows_the_rules() {
    for case in CASES {
        let current: Targets =
            case.current.iter().map(|&(last, state, zone)| (target(last), listed(state, zone))).collect();

        let desired = desired(case.desired.iter().copied());
        let got = plan(&desired, PORT, &current, policy(SyncPolicy::Sync, case.min));

        assert_eq!(got.register, set(case.register), "{}: register", case.name);
        let deregister = set(case.deregister).into_iter().map(|t| (t, current[&t].zone.clone())).collect();
        assert_eq!(got.deregister, deregister, "{}: deregister", case.name);
        let withheld: BTreeSet<_> = got.withheld.keys().copied().collect();
        assert_eq!(withheld, set(case.waiting), "{}: withheld", case.name);
        assert!(
            got.withheld.values().all(|reason| matches!(reason, WaitingForHealthyReplacement(_))),
            "{}: {:?}",
            case.name,
            got.withheld
        );
        let is_noop = case.register.is_empty() && case.deregister.is_empty();
        assert_eq!(got.is_noop(), is_noop, "{}", case.name);
    }
}

#[test]
fn a_reason_carries_its_numbers() {
    let reason = |min, wanted: &[u8], current: &[(u8, TargetState, &str)]| {
        let current = current.iter().map(|&(last, state, zone)| (target(last), listed(state, zone)));
        let got =
            plan(&desired(wanted.iter().copied()), PORT, &current.collect(), policy(SyncPolicy::Sync, min));
        got.withheld[&target(1)].to_string()
    };

    assert_eq!(
        reason(5, &[3], &[(1, Healthy, "a"), (3, Healthy, "a")]),
        "it may be serving, and 1 desired targets are healthy where 2 are needed"
    );
    assert_eq!(
        reason(1, &[3, 4], &[(1, Healthy, "b"), (3, Healthy, "a"), (4, Initial, "b")]),
        "it may be serving, and no desired target in zone b is healthy"
    );
    assert_eq!(
        reason(1, &[3, 4], &[(1, Unhealthy, "b"), (3, Unhealthy, "a")]),
        "it may be serving, and no target is healthy, so the load balancer sends traffic to all of them; 1 desired targets \
         can take it where 2 are needed"
    );
}

#[test]
fn the_same_address_on_another_port_is_another_target() {
    let other_port = Target::new(ip(1), 8443);
    let current = Targets::from([(other_port, listed(Healthy, "a"))]);

    let got = plan(&desired([1]), PORT, &current, policy(SyncPolicy::Sync, 1));

    assert_eq!(got.register, set(&[1]));
    assert!(got.withheld.contains_key(&other_port));
}

#[test]
fn add_only_withholds_every_stale_target() {
    let current = Targets::from([
        (target(1), listed(Healthy, "a")),
        (target(2), listed(Unhealthy, "a")),
        (target(3), listed(Healthy, "a")),
    ]);

    let got = plan(&desired([3]), PORT, &current, policy(SyncPolicy::AddOnly, 1));

    assert!(got.is_noop());
    assert_eq!(got.withheld, BTreeMap::from([(target(1), AddOnlyPolicy), (target(2), AddOnlyPolicy)]));
}

#[test]
fn what_one_source_names_is_neither_registered_nor_deregistered() {
    let half = Desired { named_by_one: BTreeSet::from([ip(1), ip(2)]), ..desired([3, 4]) };
    let other_port = Target::new(ip(1), 8443);
    let current = Targets::from([
        (target(1), listed(Unused, "a")),
        (other_port, listed(Unused, "a")),
        (target(3), listed(Healthy, "a")),
        (target(4), listed(Healthy, "a")),
    ]);

    let got = plan(&half, PORT, &current, policy(SyncPolicy::Sync, 2));

    assert!(got.register.is_empty(), "2 waits until both name it");
    assert_eq!(got.withheld, BTreeMap::from([(target(1), NamedByOneSource)]));
    assert_eq!(got.deregister.into_keys().collect::<Vec<_>>(), [other_port]);
}

#[test]
fn a_failed_registration_withholds_every_stale_target() {
    let current = Targets::from([(target(1), listed(Healthy, "a")), (target(2), listed(Unused, "a"))]);
    let mut got = plan(&desired([3]), PORT, &current, policy(SyncPolicy::Sync, 1));
    let waiting = got.withheld[&target(1)].clone();
    assert!(got.deregister.contains_key(&target(2)));

    got.withhold_deregistrations(&RegistrationFailed);

    assert!(got.deregister.is_empty());
    assert_eq!(got.withheld, BTreeMap::from([(target(1), waiting), (target(2), RegistrationFailed)]));
}
