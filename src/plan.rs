//! Decides which targets to register and which to deregister; does no I/O.
//!
//! [`plan`] is a pure function of the desired addresses, the targets that ELB
//! reports, and a [`Policy`]. It reads no clock, environment or network, so
//! any decision in production can be replayed from the logged report.
//!
//! # Rules
//!
//! A target is *in service* while it is registered and not draining, whatever
//! its health. A target in service that is not desired is *stale*.
//!
//! 1. A desired target that is not in service is registered. A draining
//!    target that is desired again is therefore registered again.
//! 2. A stale target that serves nothing (unhealthy or unused) is
//!    deregistered: by then rule 1 has put every desired target in service.
//! 3. A stale target that may be serving is deregistered only while at least
//!    [`Policy::min_healthy`] desired targets, or all of them if there are
//!    fewer, are healthy.
//! 4. A stale target that is not deregistered is *withheld*, with the reason.
//! 5. A draining target that is not desired is left alone.
//! 6. Under [`SyncPolicy::AddOnly`] every stale target is withheld.
//! 7. Registering comes first. If any of it fails, nothing is deregistered:
//!    [`Plan::withhold_deregistrations`].

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use serde::Serialize;

use crate::model::{Addresses, Target, TargetState, Targets};

/// What an operator allows the planner to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether stale targets are deregistered at all.
    pub sync: SyncPolicy,
    /// Healthy desired targets required before a stale target that may be
    /// serving is deregistered.
    pub min_healthy: NonZeroU16,
}

/// Whether stale targets are deregistered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Registers and deregisters.
    Sync,
    /// Never deregisters.
    AddOnly,
}

/// Why a stale target is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Withheld {
    /// It may be serving, and too few desired targets are healthy.
    WaitingForHealthyReplacement,
    /// The policy never deregisters.
    AddOnlyPolicy,
    /// A desired target could not be registered in this run.
    RegistrationFailed,
}

/// The changes that bring the current targets to the desired ones.
///
/// The three sets are disjoint, and no desired target is in the last two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To register, before anything is deregistered.
    pub register: BTreeSet<Target>,
    /// To deregister, once everything above is registered.
    pub deregister: BTreeSet<Target>,
    /// Stale and kept on purpose.
    pub withheld: BTreeMap<Target, Withheld>,
}

impl Plan {
    /// Whether applying it would write nothing; a withheld target writes nothing.
    #[must_use]
    pub fn is_noop(&self) -> bool {
        self.register.is_empty() && self.deregister.is_empty()
    }

    /// Rule 7: keeps what would have been deregistered.
    pub fn withhold_deregistrations(&mut self) {
        let kept = std::mem::take(&mut self.deregister);
        self.withheld.extend(kept.into_iter().map(|target| (target, Withheld::RegistrationFailed)));
    }
}

/// Plans one target group, whose targets listen on `port`. See the
/// [rules](self#rules).
#[must_use]
pub fn plan(desired: &Addresses, port: u16, current: &Targets, policy: Policy) -> Plan {
    let desired = desired.on_port(port);
    let in_service = |target: &Target| current.get(target).is_some_and(|state| state.is_in_service());
    let is_healthy = |target: &&Target| current.get(*target) == Some(&TargetState::Healthy);

    let healthy = desired.iter().filter(is_healthy).count();
    let needed = usize::from(policy.min_healthy.get()).min(desired.len());

    let mut plan = Plan {
        register: desired.iter().filter(|target| !in_service(target)).copied().collect(),
        ..Plan::default()
    };
    let stale = current.iter().filter(|(target, state)| state.is_in_service() && !desired.contains(target));
    for (&target, state) in stale {
        let reason = match policy.sync {
            SyncPolicy::AddOnly => Some(Withheld::AddOnlyPolicy),
            SyncPolicy::Sync if state.may_serve() && healthy < needed => {
                Some(Withheld::WaitingForHealthyReplacement)
            }
            SyncPolicy::Sync => None,
        };
        match reason {
            Some(reason) => _ = plan.withheld.insert(target, reason),
            None => _ = plan.deregister.insert(target),
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::model::AllowedCidrs;
    use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, Unknown, Unused};
    use Withheld::{AddOnlyPolicy, WaitingForHealthyReplacement};

    const PORT: u16 = 443;

    fn ip(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    fn target(last: u8) -> Target {
        Target::new(ip(last), PORT)
    }

    fn set(last: &[u8]) -> BTreeSet<Target> {
        last.iter().map(|&last| target(last)).collect()
    }

    fn addresses(last: impl IntoIterator<Item = u8>) -> Addresses {
        let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap()]);
        Addresses::new(last.into_iter().map(ip), &allowed).expect("a case desires something")
    }

    fn policy(sync: SyncPolicy, min_healthy: u16) -> Policy {
        Policy { sync, min_healthy: NonZeroU16::new(min_healthy).unwrap() }
    }

    #[test]
    fn follows_the_rules() {
        struct Case {
            name: &'static str,
            min: u16,
            desired: &'static [u8],
            current: &'static [(u8, TargetState)],
            register: &'static [u8],
            deregister: &'static [u8],
            waiting: &'static [u8],
        }
        #[rustfmt::skip]
        let cases = [
            Case { name: "converged",                  min: 1, desired: &[1, 2], current: &[(1, Healthy), (2, Healthy)],                  register: &[],     deregister: &[],     waiting: &[]  },
            Case { name: "converged, nothing healthy", min: 1, desired: &[1, 2], current: &[(1, Initial), (2, Unhealthy)],                register: &[],     deregister: &[],     waiting: &[]  },
            Case { name: "converged, never in use",    min: 1, desired: &[1],    current: &[(1, Unused)],                                 register: &[],     deregister: &[],     waiting: &[]  },
            Case { name: "empty group",                min: 1, desired: &[1, 2], current: &[],                                            register: &[1, 2], deregister: &[],     waiting: &[]  },
            Case { name: "scaled out",                 min: 1, desired: &[1, 2], current: &[(1, Healthy)],                                register: &[2],    deregister: &[],     waiting: &[]  },
            Case { name: "one rotated, one remains",   min: 1, desired: &[1, 3], current: &[(1, Healthy), (2, Healthy)],                  register: &[3],    deregister: &[2],    waiting: &[]  },
            Case { name: "one rotated, two needed",    min: 2, desired: &[1, 3], current: &[(1, Healthy), (2, Healthy)],                  register: &[3],    deregister: &[],     waiting: &[2] },
            Case { name: "all rotated",                min: 1, desired: &[3, 4], current: &[(1, Healthy), (2, Healthy)],                  register: &[3, 4], deregister: &[],     waiting: &[1, 2] },
            Case { name: "replacement initial",        min: 1, desired: &[3],    current: &[(1, Healthy), (3, Initial)],                  register: &[],     deregister: &[],     waiting: &[1] },
            Case { name: "replacement unhealthy",      min: 1, desired: &[3],    current: &[(1, Healthy), (3, Unhealthy)],                register: &[],     deregister: &[],     waiting: &[1] },
            Case { name: "replacement not checked",    min: 1, desired: &[3],    current: &[(1, Healthy), (3, Unavailable)],              register: &[],     deregister: &[],     waiting: &[1] },
            Case { name: "replacement healthy",        min: 1, desired: &[3],    current: &[(1, Healthy), (3, Healthy)],                  register: &[],     deregister: &[1],    waiting: &[]  },
            Case { name: "one of two needed healthy",  min: 2, desired: &[3, 4], current: &[(1, Healthy), (3, Healthy), (4, Initial)],    register: &[],     deregister: &[],     waiting: &[1] },
            Case { name: "both needed healthy",        min: 2, desired: &[3, 4], current: &[(1, Healthy), (3, Healthy), (4, Healthy)],    register: &[],     deregister: &[1],    waiting: &[]  },
            Case { name: "fewer desired than needed",  min: 5, desired: &[3],    current: &[(2, Healthy), (3, Healthy)],                  register: &[],     deregister: &[2],    waiting: &[]  },
            Case { name: "five shrink to two",         min: 1, desired: &[1, 2], current: &[(1, Healthy), (2, Healthy), (3, Healthy), (4, Healthy), (5, Healthy)], register: &[], deregister: &[3, 4, 5], waiting: &[] },
            Case { name: "stale serves nothing",       min: 1, desired: &[3],    current: &[(1, Unhealthy), (2, Unused), (3, Initial)],   register: &[],     deregister: &[1, 2], waiting: &[]  },
            Case { name: "stale serves nothing, new",  min: 1, desired: &[3],    current: &[(1, Unhealthy)],                              register: &[3],    deregister: &[1],    waiting: &[]  },
            Case { name: "stale may serve",            min: 1, desired: &[5],    current: &[(1, Initial), (2, Unavailable), (3, Unknown), (5, Initial)], register: &[], deregister: &[], waiting: &[1, 2, 3] },
            Case { name: "stale is draining",          min: 1, desired: &[1],    current: &[(1, Healthy), (2, Draining)],                 register: &[],     deregister: &[],     waiting: &[]  },
            Case { name: "desired again, draining",    min: 1, desired: &[1],    current: &[(1, Draining)],                               register: &[1],    deregister: &[],     waiting: &[]  },
            Case { name: "draining is not healthy",    min: 1, desired: &[1],    current: &[(1, Draining), (2, Healthy)],                 register: &[1],    deregister: &[],     waiting: &[2] },
        ];
        for case in cases {
            let current = case.current.iter().map(|&(last, state)| (target(last), state)).collect();

            let got = plan(
                &addresses(case.desired.iter().copied()),
                PORT,
                &current,
                policy(SyncPolicy::Sync, case.min),
            );

            assert_eq!(got.register, set(case.register), "{}: register", case.name);
            assert_eq!(got.deregister, set(case.deregister), "{}: deregister", case.name);
            let waiting = set(case.waiting).into_iter().map(|t| (t, WaitingForHealthyReplacement)).collect();
            assert_eq!(got.withheld, waiting, "{}: withheld", case.name);
            assert_eq!(
                got.is_noop(),
                case.register.is_empty() && case.deregister.is_empty(),
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn the_same_address_on_another_port_is_another_target() {
        let other_port = Target::new(ip(1), 8443);
        let current = Targets::from([(other_port, Healthy)]);

        let got = plan(&addresses([1]), PORT, &current, policy(SyncPolicy::Sync, 1));

        assert_eq!(got.register, set(&[1]));
        assert_eq!(got.withheld, BTreeMap::from([(other_port, WaitingForHealthyReplacement)]));
    }

    #[test]
    fn add_only_keeps_every_stale_target() {
        let current = Targets::from([(target(1), Healthy), (target(2), Unhealthy), (target(3), Healthy)]);

        let got = plan(&addresses([3]), PORT, &current, policy(SyncPolicy::AddOnly, 1));

        assert!(got.is_noop());
        assert_eq!(got.withheld, BTreeMap::from([(target(1), AddOnlyPolicy), (target(2), AddOnlyPolicy)]));
    }

    #[test]
    fn a_failed_registration_keeps_every_stale_target() {
        let current = Targets::from([(target(1), Healthy), (target(2), Unhealthy)]);
        let mut got = plan(&addresses([3]), PORT, &current, policy(SyncPolicy::Sync, 1));
        assert_eq!(got.deregister, set(&[2]));

        got.withhold_deregistrations();

        assert!(got.deregister.is_empty());
        assert_eq!(
            got.withheld,
            BTreeMap::from([
                (target(1), WaitingForHealthyReplacement),
                (target(2), Withheld::RegistrationFailed)
            ])
        );
    }

    fn any_state() -> impl Strategy<Value = TargetState> {
        prop::sample::select(vec![Initial, Healthy, Unhealthy, Unused, Draining, Unavailable, Unknown])
    }

    prop_compose! {
        fn any_world()(
            desired in prop::collection::btree_set(0u8..8, 1..6),
            current in prop::collection::btree_map((0u8..8).prop_map(target), any_state(), 0..10),
            min_healthy in 1u16..5,
            add_only in any::<bool>(),
        ) -> (Addresses, Targets, Policy) {
            let sync = if add_only { SyncPolicy::AddOnly } else { SyncPolicy::Sync };
            (addresses(desired), current, policy(sync, min_healthy))
        }
    }

    /// What ELB reports right after the plan was applied.
    fn applied(plan: &Plan, current: &Targets) -> Targets {
        let mut after = current.clone();
        after.extend(plan.register.iter().map(|&t| (t, Initial)));
        after.extend(plan.deregister.iter().map(|&t| (t, Draining)));
        after
    }

    proptest! {
        #[test]
        fn a_desired_target_is_in_service_afterwards((desired, current, policy) in any_world()) {
            let got = plan(&desired, PORT, &current, policy);
            let after = applied(&got, &current);
            for target in desired.on_port(PORT) {
                prop_assert!(after[&target].is_in_service());
                prop_assert!(!got.deregister.contains(&target) && !got.withheld.contains_key(&target));
            }
        }

        #[test]
        fn every_stale_target_is_decided_once((desired, current, policy) in any_world()) {
            let got = plan(&desired, PORT, &current, policy);
            let desired = desired.on_port(PORT);
            for (target, state) in current {
                let decided = usize::from(got.deregister.contains(&target)) + usize::from(got.withheld.contains_key(&target));
                let stale = state.is_in_service() && !desired.contains(&target);
                prop_assert_eq!(decided, usize::from(stale), "{}", target);
            }
        }

        #[test]
        fn what_may_serve_goes_only_once_enough_desired_targets_are_healthy((desired, current, policy) in any_world()) {
            let got = plan(&desired, PORT, &current, policy);
            let desired = desired.on_port(PORT);
            let healthy = desired.iter().filter(|t| current.get(t) == Some(&Healthy)).count();
            let enough = healthy >= usize::from(policy.min_healthy.get()).min(desired.len());
            for target in &got.deregister {
                prop_assert!(enough || !current[target].may_serve(), "{} went with {} healthy", target, healthy);
            }
        }

        #[test]
        fn applying_a_plan_leaves_nothing_to_register_or_deregister((desired, current, policy) in any_world()) {
            let got = plan(&desired, PORT, &current, policy);
            let again = plan(&desired, PORT, &applied(&got, &current), policy);
            prop_assert!(again.is_noop(), "{:?}", again);
            prop_assert_eq!(again.withheld, got.withheld);
        }
    }
}
