//! The reason of a decision, in words.

use super::*;

fn reason_of(min: u16, wanted: &[u8], current: &[(u8, TargetState, &str)]) -> String {
    let current = current.iter().map(|&(last, state, zone)| (target(last), listed(state, zone)));
    let got = plan(&desired(wanted.iter().copied()), PORT, &current.collect(), policy(SyncPolicy::Sync, min));
    got.decisions()[&target(1)].to_string()
}

type Case = (u16, &'static [u8], &'static [(u8, TargetState, &'static str)], &'static str);

/// The minimum, the desired and the current targets, and the reason for the first.
const CASES: &[Case] = &[
    (
        5,
        &[3],
        &[(1, Healthy, "a"), (3, Healthy, "a")],
        "stale; it may be serving, and 1 desired target is healthy where 2 must be",
    ),
    (
        1,
        &[3, 4],
        &[(1, Healthy, "b"), (3, Healthy, "a"), (4, Initial, "b")],
        "stale; it may be serving, and no desired target in zone b is healthy",
    ),
    (
        1,
        &[3, 4],
        &[(1, Unhealthy, "b"), (3, Unhealthy, "a")],
        "stale; it may be serving, and no target is healthy, so the load balancer fails open: 1 desired target is \
         ready where 2 must be",
    ),
    (
        1,
        &[3, 4],
        &[(1, Unhealthy, "b"), (3, Healthy, "a"), (4, Initial, "b")],
        "stale; it may be serving, and no target in zone b is healthy, so the zone fails open: 0 desired targets \
         are ready where 1 must be",
    ),
    (1, &[3], &[(1, Healthy, "a"), (3, Healthy, "a")], "stale; 1 desired target is healthy where 1 must be"),
    (1, &[3], &[(1, Unused, "a")], "stale; unused, so it serves no clients"),
    (
        1,
        &[3],
        &[(1, Unhealthy, "a"), (3, Healthy, "a")],
        "stale; unhealthy while a healthy target serves its zone, so it serves no clients",
    ),
    (
        1,
        &[3],
        &[(1, Unhealthy, "a"), (3, Unhealthy, "a")],
        "stale; its zone fails open, and 1 desired target can take its traffic",
    ),
    (1, &[1], &[(1, Healthy, "a")], "desired"),
    (1, &[1], &[(1, Draining, "a")], "desired, and draining"),
    (1, &[1], &[], "desired, and not registered"),
    (1, &[3], &[(1, Draining, "a")], "not desired; it finishes its connections"),
];

#[test]
fn a_reason_carries_its_numbers() {
    for (min, wanted, current, reason) in CASES {
        assert_eq!(reason_of(*min, wanted, current), *reason);
    }
}

/// `eks-nlb explain` shows both.
#[test]
fn a_withheld_target_has_a_reason_and_a_rule() {
    let waiting = WaitingForHealthyReplacement(Shortfall::Healthy { healthy: 0, needed: 1 });
    for (withheld, reason, rule) in [
        (waiting, "waitingForHealthyReplacement", Some("keep-last-healthy")),
        (NamedByOneSource, "namedByOneSource", Some("no-write-on-doubt")),
        (SourceUnavailable, "sourceUnavailable", Some("no-write-on-doubt")),
        (AddOnlyPolicy, "addOnlyPolicy", None),
        (RegistrationFailed, "registrationFailed", Some("keep-last-healthy")),
        (Withheld::DeregistrationFailed, "deregistrationFailed", None),
    ] {
        let decision = Decision { listed: None, action: Action::Withhold(withheld.clone()) };
        assert_eq!(withheld.reason().as_str(), reason);
        assert_eq!(decision.rule().map(crate::reasons::Rule::as_str), rule, "{reason}");
    }
}
