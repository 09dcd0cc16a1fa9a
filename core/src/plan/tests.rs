//! The rules of the planner, a row each.

mod overrides;
mod reasons;

use core::net::{IpAddr, Ipv4Addr};
use std::borrow::ToOwned;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::model::{Addresses, AllowedCidrs, Source, TargetState};
use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, Unknown, Unused};
use Withheld::{
    AddOnlyPolicy, NamedByOneSource, RegistrationFailed, SourceUnavailable, WaitingForHealthyReplacement,
};

pub(crate) const PORT: u16 = 443;

pub(crate) fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

pub(crate) fn target(last: u8) -> Target {
    Target::new(ip(last), PORT)
}

pub(crate) fn desired(last: impl IntoIterator<Item = u8>) -> Desired {
    let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    let addresses = Addresses::new(last.into_iter().map(ip), &allowed);
    Desired::by(Source::Dns, addresses.expect("a case desires something"))
}

pub(crate) fn listed(state: TargetState, zone: &str) -> CurrentTarget {
    let zone = Some(zone.to_owned()).filter(|zone| !zone.is_empty());
    CurrentTarget { state, zone: zone.map(Zone::from), is_overridden: false }
}

pub(crate) fn policy(sync: SyncPolicy, min_healthy: u16) -> Policy {
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
    // Rules 5 and 6: targets that serve no clients.
    Case { name: "unused",                       min: 2, desired: &[1],    current: &[(1, Initial, "a"), (2, Unused, "a")],                     register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "unhealthy, desired healthy",     min: 2, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "a")],                  register: &[3],    deregister: &[2],    waiting: &[]  },
    Case { name: "unhealthy, stale healthy",       min: 2, desired: &[1],    current: &[(1, Initial, "a"), (2, Unhealthy, "a"), (3, Healthy, "a")], register: &[],   deregister: &[2],    waiting: &[3] },
    // Rules 6 and 7, by zone: each zone fails open by itself.
    Case { name: "zone b fails open, new absent", min: 1, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "b")],                  register: &[3],    deregister: &[],     waiting: &[2] },
    Case { name: "zone b fails open, new initial", min: 1, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "b"), (3, Initial, "b")], register: &[],  deregister: &[],     waiting: &[2] },
    Case { name: "zone b fails open, new there", min: 1, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "b"), (3, Unhealthy, "b")], register: &[],   deregister: &[2],    waiting: &[]  },
    Case { name: "zone b fails open, given up",  min: 2, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "b"), (3, Initial, "a")], register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "zone b fails open, short answer", min: 2, desired: &[1], current: &[(1, Healthy, "a"), (2, Unhealthy, "b")],                   register: &[],     deregister: &[],     waiting: &[2] },
    Case { name: "unhealthy in all beside a",    min: 1, desired: &[1, 3], current: &[(1, Healthy, "a"), (2, Unhealthy, "all"), (3, Initial, "b")], register: &[],   deregister: &[],     waiting: &[2] },
    Case { name: "unhealthy beside all",         min: 1, desired: &[1, 3], current: &[(1, Healthy, "all"), (2, Unhealthy, "b"), (3, Initial, "b")], register: &[],   deregister: &[2],    waiting: &[]  },
    // Rule 7: the whole group fails open.
    Case { name: "fails open, new in other zone", min: 1, desired: &[1, 3], current: &[(1, Initial, "a"), (2, Unhealthy, "b"), (3, Unhealthy, "a")], register: &[],  deregister: &[],     waiting: &[2] },
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
    Case { name: "one replacement is healthy",  min: 2, desired: &[5, 6], current: &[(1, Initial, "a"), (2, Unavailable, "a"), (3, Unknown, "a"), (5, Healthy, "a"), (6, Initial, "a")], register: &[], deregister: &[], waiting: &[1, 2, 3] },
    Case { name: "both needed healthy",          min: 2, desired: &[3, 4], current: &[(1, Healthy, "a"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[],     deregister: &[1],    waiting: &[]  },
    Case { name: "fewer desired than needed",    min: 5, desired: &[3, 4], current: &[(1, Healthy, "a"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[],     deregister: &[1],    waiting: &[]  },
    Case { name: "short answer",                 min: 5, desired: &[1],    current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a")], register: &[],     deregister: &[],     waiting: &[2, 3] },
    Case { name: "short answer, one is enough",  min: 1, desired: &[1],    current: &[(1, Healthy, "a"), (2, Healthy, "a")],                    register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "unused counts as neither",     min: 2, desired: &[3, 4], current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a"), (4, Unused, "c")], register: &[], deregister: &[1, 2], waiting: &[] },
    Case { name: "all desired are unused",       min: 2, desired: &[3, 4], current: &[(1, Healthy, "a"), (3, Unused, "b"), (4, Unused, "c")],    register: &[],     deregister: &[],     waiting: &[1] },
    // Rule 8, in the zone.
    Case { name: "zone b waits for its own",     min: 1, desired: &[3, 4], current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a"), (4, Initial, "b")], register: &[], deregister: &[1], waiting: &[2] },
    Case { name: "new of zone b is unhealthy",   min: 1, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a"), (4, Unhealthy, "b")], register: &[],   deregister: &[],     waiting: &[2] },
    Case { name: "both zones healthy",           min: 1, desired: &[3, 4], current: &[(1, Healthy, "a"), (2, Healthy, "b"), (3, Healthy, "a"), (4, Healthy, "b")], register: &[], deregister: &[1, 2], waiting: &[] },
    Case { name: "zone given up",                min: 2, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a"), (4, Healthy, "a")], register: &[],     deregister: &[2],    waiting: &[]  },
    Case { name: "new of zone b is unused",      min: 1, desired: &[3, 4], current: &[(2, Healthy, "b"), (3, Healthy, "a"), (4, Unused, "b")],   register: &[],     deregister: &[2],    waiting: &[]  },
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

        assert_eq!(got.register(), set(case.register), "{}: register", case.name);
        let deregister = set(case.deregister).into_iter().map(|t| (t, current[&t].zone.clone())).collect();
        assert_eq!(got.deregister(), deregister, "{}: deregister", case.name);
        let withheld: BTreeSet<_> = got.withheld().map(|(target, _)| target).collect();
        assert_eq!(withheld, set(case.waiting), "{}: withheld", case.name);
        let waits = |reason: &Withheld| matches!(reason, WaitingForHealthyReplacement(_));
        assert!(got.withheld().all(|(_, reason)| waits(reason)), "{}: {got:?}", case.name);
        let is_noop = case.register.is_empty() && case.deregister.is_empty();
        assert_eq!(got.is_noop(), is_noop, "{}", case.name);
        let decided: BTreeSet<_> = got.decisions().keys().copied().collect();
        let all: BTreeSet<_> = current.keys().copied().chain(got.register()).collect();
        assert_eq!(decided, all, "{}: every target has a decision", case.name);
    }
}

#[test]
fn the_same_address_on_another_port_is_another_target() {
    let other_port = Target::new(ip(1), 8443);
    let current = Targets::from([(other_port, listed(Healthy, "a"))]);

    let got = plan(&desired([1]), PORT, &current, policy(SyncPolicy::Sync, 1));

    assert_eq!(got.register(), set(&[1]));
    assert!(got.withheld().any(|(target, _)| target == other_port));
}

fn withheld(plan: &Plan) -> BTreeMap<Target, Withheld> {
    plan.withheld().map(|(target, reason)| (target, reason.clone())).collect()
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
    assert_eq!(withheld(&got), BTreeMap::from([(target(1), AddOnlyPolicy), (target(2), AddOnlyPolicy)]));
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

    assert!(got.register().is_empty(), "2 waits until both name it");
    assert_eq!(withheld(&got), BTreeMap::from([(target(1), NamedByOneSource)]));
    assert_eq!(got.deregister().into_keys().collect::<Vec<_>>(), [other_port]);
}

#[test]
fn without_the_other_sources_answer_nothing_is_deregistered() {
    let current = Targets::from([
        (target(1), listed(Healthy, "a")),
        (target(2), listed(Unused, "a")),
        (target(3), listed(Healthy, "a")),
    ]);

    let got = plan(&desired([3, 4]).unconfirmed(), PORT, &current, policy(SyncPolicy::Sync, 1));

    assert_eq!(got.register(), set(&[4]));
    assert!(got.deregister().is_empty());
    assert_eq!(
        withheld(&got),
        BTreeMap::from([(target(1), SourceUnavailable), (target(2), SourceUnavailable)])
    );
}

#[test]
fn a_failed_registration_withholds_every_stale_target() {
    let current = Targets::from([(target(1), listed(Healthy, "a")), (target(2), listed(Unused, "a"))]);
    let planned = plan(&desired([3]), PORT, &current, policy(SyncPolicy::Sync, 1));
    let waiting = withheld(&planned)[&target(1)].clone();
    assert!(planned.deregister().contains_key(&target(2)));

    let mut got = planned.clone();
    got.withhold_deregistrations(&RegistrationFailed, |_| true);
    assert!(got.deregister().is_empty());
    assert_eq!(withheld(&got), BTreeMap::from([(target(1), waiting), (target(2), RegistrationFailed)]));

    // Where ELB has no room, what is unused goes.
    let mut got = planned;
    got.withhold_deregistrations(&RegistrationFailed, |listed| listed.state != Unused);
    assert_eq!(got.deregister().into_keys().collect::<Vec<_>>(), [target(2)]);
}
