//! What is read of ELB's description of targets.

use aws_sdk_elasticloadbalancingv2::types::{AdministrativeOverride, TargetHealth};

use super::*;

/// A target as DescribeTargetHealth describes it.
fn target_in(zone: &str, state: &str, reason: &str) -> TargetHealthDescription {
    let target = TargetDescription::builder().id("10.0.1.10").port(443).availability_zone(zone);
    let health = TargetHealth::builder().state(state.into()).reason(reason.into());
    TargetHealthDescription::builder().target(target.build()).target_health(health.build()).build()
}

/// The one target of an answer; none if it does not count as registered.
fn only(answer: Vec<TargetHealthDescription>) -> Option<CurrentTarget> {
    let mut targets = listed(answer).unwrap().into_values();
    let only = targets.next();
    assert_eq!(targets.next(), None);
    only
}

/// Source: ELB API Reference, *TargetHealth*, `State` and `Reason` (November 2026).
#[test]
fn states_are_read_as_elb_words_them() {
    use TargetState::{Draining, Healthy, Initial, Unavailable, Unhealthy, Unknown, Unused};
    for (state, reason, expected) in [
        ("initial", "Elb.RegistrationInProgress", Some((Initial, false))),
        ("healthy", "", Some((Healthy, false))),
        ("unhealthy", "Target.FailedHealthChecks", Some((Unhealthy, false))),
        // It gets no new connection, not even where its zone fails open.
        ("unhealthy.draining", "Target.FailedHealthChecks", Some((Unhealthy, true))),
        ("unused", "Target.NotInUse", Some((Unused, false))),
        ("unused", "Target.NotRegistered", None),
        ("draining", "Target.DeregistrationInProgress", Some((Draining, false))),
        ("unavailable", "Target.HealthCheckDisabled", Some((Unavailable, false))),
        ("a-new-state", "", Some((Unknown, false))),
    ] {
        let read = only(vec![target_in("eu-west-1a", state, reason)]);
        let read = read.map(|listed| (listed.state, listed.is_overridden));
        assert_eq!(read, expected, "{state}, {reason}");
    }
}

/// Source: ELB API Reference, *AdministrativeOverride*, `State` (November 2026).
#[test]
fn only_no_override_is_none() {
    for (state, expected) in [
        ("no_override", false),
        ("zonal_shift_active", true),
        ("zonal_shift_delegated_to_dns", true),
        ("unknown", true),
        ("a-new-state", true),
    ] {
        let mut shifted = target_in("eu-west-1a", "healthy", "");
        shifted.administrative_override = Some(AdministrativeOverride::builder().state(state.into()).build());
        assert_eq!(only(vec![shifted]).map(|listed| listed.is_overridden), Some(expected), "{state}");
    }
}

#[test]
fn a_target_without_a_zone_has_none() {
    let named = |zone: &str| only(vec![target_in(zone, "healthy", "")]).unwrap().zone;
    assert_eq!(named("eu-west-1a"), Some(Zone::Named("eu-west-1a".to_owned())));
    assert_eq!(named("all"), Some(Zone::All));
    assert_eq!(named(""), None);
}

/// A target that drains in the zone where it was, and is registered in another.
#[test]
fn of_a_target_in_two_zones_the_registered_one_counts() {
    let (registered, draining) = (target_in("all", "initial", ""), target_in("eu-west-1a", "draining", ""));
    let expected = CurrentTarget { state: TargetState::Initial, zone: Some(Zone::All), is_overridden: false };
    for answer in [vec![registered.clone(), draining.clone()], vec![draining, registered]] {
        assert_eq!(only(answer), Some(expected.clone()));
    }
    let first = vec![target_in("all", "initial", ""), target_in("eu-west-1a", "healthy", "")];
    assert_eq!(only(first), Some(expected));
}

#[test]
fn an_answer_with_a_target_that_is_no_address_is_refused() {
    let mut instance = target_in("eu-west-1a", "healthy", "");
    instance.target = Some(TargetDescription::builder().id("i-0123456789abcdef0").port(443).build());
    assert!(listed(vec![target_in("eu-west-1a", "healthy", ""), instance]).is_err());
}
