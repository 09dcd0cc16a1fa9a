//! Registers and deregisters targets, by ELB's rules.
//!
//! # Rules
//!
//! 1. A call is accepted or refused as a whole.
//! 2. Registering a target that is registered, and deregistering one that is
//!    not, changes nothing and succeeds.
//! 3. A draining target that is registered begins again as `initial`.
//! 4. An address inside a subnet of the group's VPC may not be in zone `all`;
//!    an address outside must name a zone, and be one that is not routed on
//!    the internet.
//! 5. A deregistered target drains; an `unused` one is gone at once.
//! 6. A target is found by address, port *and* zone. ELB fills in a zone that
//!    is not named, for an address inside the VPC; without one an address
//!    outside is not found. Nobody is told: rule 2.

use std::net::IpAddr;

use super::health::NOT_REGISTERED;
use super::vpc::may_be_outside_a_vpc;
use super::{
    Family, Refusal, Scope, Target, TargetDescription, TargetGroup, TargetHealth, TargetKey, TargetState,
    TargetType, World,
};

impl World {
    /// DescribeTargetHealth: of all targets, or of those in `only`.
    pub(crate) fn describe_target_health(
        &self,
        scope: &Scope,
        group: &str,
        only: &[TargetDescription<'_>],
    ) -> Result<Vec<TargetHealth>, Refusal> {
        let group = self.group_in(scope, group)?;
        let describe = |key: &TargetKey, target: &Target| {
            let (state, reason) = self.state_of(group, key, target);
            TargetHealth { key: key.clone(), zone: Some(target.zone.clone()), state, reason }
        };
        if only.is_empty() {
            let all = group.targets.iter();
            return Ok(all.map(|(key, target)| describe(key, target)).collect());
        }
        let named = only.iter().map(|target| {
            let key = group.key(target);
            match self.find(group, target) {
                Some(target) => describe(&key, target),
                None => TargetHealth {
                    zone: target.zone.map(str::to_owned),
                    key,
                    state: TargetState::Unused,
                    reason: Some(NOT_REGISTERED),
                },
            }
        });
        Ok(named.collect())
    }

    /// RegisterTargets: all or none.
    pub(crate) fn register_targets(
        &mut self,
        scope: &Scope,
        group: &str,
        targets: &[TargetDescription<'_>],
    ) -> Result<(), Refusal> {
        let now = self.now;
        let quota = self.targets_per_group;
        let found = self.group_in(scope, group)?;
        let accept = |target| Ok((found.key(target), self.accept(found, target)?));
        let accepted: Vec<(TargetKey, String)> = targets.iter().map(accept).collect::<Result<_, _>>()?;
        if accepted.is_empty() {
            return Err(Refusal::validation("Targets must be specified"));
        }
        let group = self.target_group_mut(group);
        let new = accepted.iter().filter(|(key, _)| !group.targets.contains_key(key));
        if group.targets.len() + new.count() > quota {
            let message = format!("A target group can have at most {quota} targets");
            return Err(Refusal::new(400, "TooManyTargets", message));
        }
        for (key, zone) in accepted {
            let registered = group.targets.get(&key);
            if registered.is_some_and(|target| target.gone_at.is_none()) {
                continue;
            }
            let target = Target { zone, registered_at: Some(now), gone_at: None, pinned: None };
            group.targets.insert(key, target);
        }
        Ok(())
    }

    /// DeregisterTargets: those that are not registered are ignored.
    pub(crate) fn deregister_targets(
        &mut self,
        scope: &Scope,
        group: &str,
        targets: &[TargetDescription<'_>],
    ) -> Result<(), Refusal> {
        let found = self.group_in(scope, group)?;
        if targets.is_empty() {
            return Err(Refusal::validation("Targets must be specified"));
        }
        let deregistered = targets.iter().filter_map(|named| {
            let target = self.find(found, named)?;
            let unused = self.not_in_use(found, target).is_some();
            target.gone_at.is_none().then_some((found.key(named), unused))
        });
        let found: Vec<(TargetKey, bool)> = deregistered.collect();
        let now = self.now;
        let group = self.target_group_mut(group);
        let gone_at = now + group.deregistration_delay;
        for (key, unused) in found {
            if unused || gone_at == now {
                group.targets.remove(&key);
            } else if let Some(target) = group.targets.get_mut(&key) {
                target.gone_at = Some(gone_at);
            }
        }
        Ok(())
    }

    /// The registered or draining target that a call names.
    fn find<'a>(&self, group: &'a TargetGroup, named: &TargetDescription<'_>) -> Option<&'a Target> {
        let found = group.targets.get(&group.key(named))?;
        let zone = named.zone.or_else(|| self.zone_in_vpc(group, named.id));
        (group.target_type != TargetType::Ip || zone == Some(&found.zone)).then_some(found)
    }

    /// The zone a target gets, unless ELB refuses it.
    fn accept(&self, group: &TargetGroup, target: &TargetDescription<'_>) -> Result<String, Refusal> {
        let TargetDescription { id, zone, .. } = *target;
        match group.target_type {
            TargetType::Ip => {}
            TargetType::Instance if !id.starts_with("i-") => {
                let message = format!("Instance ID '{id}' is not valid");
                return Err(Refusal::validation(message));
            }
            TargetType::Instance => return Ok(group.scope.zones()[0].clone()),
            TargetType::Lambda | TargetType::Alb if !id.starts_with("arn:") => {
                let message = format!("'{id}' is not a valid target ARN");
                return Err(Refusal::validation(message));
            }
            TargetType::Lambda | TargetType::Alb => return Ok("all".to_owned()),
        }
        let address = address_of(group.family, id)?;
        match (self.zone_in_vpc(group, id), zone) {
            (Some(own), Some("all")) => Err(Refusal::validation(format!(
                "The IP address '{id}' is within the VPC, and cannot have its Availability Zone \
                 overridden to 'all' from '{own}'"
            ))),
            (Some(own), None) => Ok(own.to_owned()),
            (Some(own), Some(zone)) if zone == own => Ok(own.to_owned()),
            (Some(own), Some(zone)) => Err(Refusal::validation(format!(
                "The IP address '{id}' is within the VPC, and cannot have its Availability Zone \
                 overridden to '{zone}' from '{own}'"
            ))),
            (None, _) if !may_be_outside_a_vpc(address) => {
                let message = format!("The IP address '{id}' is not in a range that targets may have");
                Err(Refusal::new(400, "InvalidTarget", message))
            }
            (None, None) => Err(Refusal::validation(format!(
                "The Availability Zone is required for IP address '{id}' because it is not in the \
                 VPC"
            ))),
            (None, Some(zone)) => Ok(zone.to_owned()),
        }
    }

    /// The zone of the subnet of the group's VPC that holds an address.
    pub(super) fn zone_in_vpc(&self, group: &TargetGroup, id: &str) -> Option<&str> {
        let vpc = self.region(&group.scope)?.vpcs.get(group.vpc.as_deref()?)?;
        vpc.zone_of(id.parse().ok()?)
    }

    /// The target group `arn` as callers in `scope` see it.
    fn group_in(&self, scope: &Scope, arn: &str) -> Result<&TargetGroup, Refusal> {
        let found = self.region(scope).and_then(|region| region.target_group(arn));
        found.ok_or_else(Refusal::target_group_not_found)
    }
}

/// The address `id`, if it is one of `family`.
fn address_of(family: Family, id: &str) -> Result<IpAddr, Refusal> {
    let parsed = match family {
        Family::Ipv4 => id.parse().map(IpAddr::V4).ok(),
        Family::Ipv6 => id.parse().map(IpAddr::V6).ok(),
    };
    parsed.ok_or_else(|| {
        let version = match family {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        };
        let message = format!("The IP address '{id}' is not a valid {version} address");
        Refusal::validation(message)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::{ClusterSpec, Frontend, LoadBalancerSpec, TargetGroupSpec};

    fn world() -> (World, String) {
        let mut world = World::new();
        world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
        let Frontend { target_group, .. } = world.add_frontend("payments");
        (world, target_group)
    }

    fn target<'a>(id: &'a str, zone: Option<&'a str>) -> TargetDescription<'a> {
        TargetDescription { id, port: None, zone }
    }

    fn register(world: &mut World, group: &str, id: &str) -> Result<(), Refusal> {
        world.register_targets(&Scope::default(), group, &[target(id, None)])
    }

    fn deregister(world: &mut World, group: &str, id: &str) -> Result<(), Refusal> {
        world.deregister_targets(&Scope::default(), group, &[target(id, None)])
    }

    #[test]
    fn a_target_lives_drains_returns_and_goes() {
        let (mut world, group) = world();
        let state = |world: &World| world.targets(&group).get("10.0.1.10:443").copied();
        let minute = Duration::from_mins(1);

        assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()), "unknown ones are ignored");
        assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
        assert_eq!(state(&world), Some(TargetState::Initial));
        world.advance(minute);
        assert_eq!(state(&world), Some(TargetState::Healthy));
        assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
        assert_eq!(state(&world), Some(TargetState::Healthy), "registering again changes nothing");

        assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()));
        assert_eq!(state(&world), Some(TargetState::Draining));
        world.advance(minute * 4);
        assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()), "no second delay");
        world.advance(minute);
        assert_eq!(state(&world), None);

        assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
        world.advance(minute);
        assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()));
        assert_eq!(register(&mut world, &group, "10.0.1.10"), Ok(()));
        assert_eq!(state(&world), Some(TargetState::Initial), "it begins again");
        world.advance(minute * 9);
        assert_eq!(state(&world), Some(TargetState::Healthy), "the old delay is forgotten");
    }

    #[test]
    fn an_unused_target_goes_without_draining() {
        let (mut world, group) = world();
        world.target_group_mut(&group).listener = false;
        register(&mut world, &group, "10.0.1.10").expect("an address of the VPC");

        assert_eq!(deregister(&mut world, &group, "10.0.1.10"), Ok(()));
        assert!(world.targets(&group).is_empty());
    }

    #[test]
    fn zones_are_checked_as_elb_does() {
        let (mut world, group) = world();
        let outside = "it is not in the VPC";
        let inside = "is within the VPC, and cannot have its Availability Zone overridden to";
        let cases = [
            ("10.0.1.10", None, Ok("eu-west-1a")),
            ("10.0.1.11", Some("eu-west-1a"), Ok("eu-west-1a")),
            ("10.0.1.12", Some("all"), Err(("ValidationError", inside))),
            ("10.0.1.12", Some("eu-west-1b"), Err(("ValidationError", inside))),
            ("10.9.0.1", None, Err(("ValidationError", outside))),
            ("10.9.0.1", Some("all"), Ok("all")),
            ("100.64.0.1", Some("all"), Ok("all")),
            ("100.128.0.1", Some("all"), Err(("InvalidTarget", "100.128.0.1"))),
            ("203.0.113.7", Some("all"), Err(("InvalidTarget", "203.0.113.7"))),
            ("203.0.113.7", None, Err(("InvalidTarget", "203.0.113.7"))),
            ("fd00::1", Some("all"), Err(("ValidationError", "is not a valid IPv4 address"))),
            ("i-0123", None, Err(("ValidationError", "is not a valid IPv4 address"))),
        ];
        for (id, zone, expected) in cases {
            let done = world.register_targets(&Scope::default(), &group, &[target(id, zone)]);
            match (done, expected) {
                (Ok(()), Ok(zone)) => {
                    let key = TargetKey { id: id.to_owned(), port: 443 };
                    assert_eq!(world.target_group(&group).targets[&key].zone, zone, "{id}");
                }
                (Err(refusal), Err((code, text))) => {
                    assert_eq!(refusal.code, code, "{id} {zone:?}");
                    assert!(refusal.message.contains(text), "{id} {zone:?}: {}", refusal.message);
                }
                (done, expected) => panic!("{id} {zone:?}: {done:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn a_target_that_is_named_without_its_zone_is_missed_in_silence() {
        let (mut world, group) = world();
        let scope = Scope::default();
        let (far, all) = ("10.9.0.1", Some("all"));
        world.register_targets(&scope, &group, &[target(far, all)]).expect("outside, and for all");
        register(&mut world, &group, "10.0.1.10").expect("inside");

        let states = |world: &World, id, zone| {
            let told = world.describe_target_health(&scope, &group, &[target(id, zone)]);
            told.expect("the group exists")[0].state
        };
        assert_eq!(states(&world, far, None), TargetState::Unused);
        assert_eq!(states(&world, far, all), TargetState::Initial);
        assert_eq!(states(&world, "10.0.1.10", Some("eu-west-1b")), TargetState::Unused);
        for zone in [None, Some("eu-west-1a")] {
            assert_eq!(states(&world, "10.0.1.10", zone), TargetState::Initial);
        }

        for (zone, state) in [(None, TargetState::Initial), (all, TargetState::Draining)] {
            assert_eq!(world.deregister_targets(&scope, &group, &[target(far, zone)]), Ok(()));
            assert_eq!(states(&world, far, all), state, "{zone:?}");
        }
    }

    #[test]
    fn families_do_not_mix() {
        let mut world = World::new();
        world.create_cluster(ClusterSpec::new("six", ["fd00:1::10"]));
        let balancer = world
            .add_load_balancer(LoadBalancerSpec { dual_stack: true, ..LoadBalancerSpec::managed("six") });
        let group = world
            .add_target_group(TargetGroupSpec { family: Family::Ipv6, ..TargetGroupSpec::ip(&balancer) });

        assert_eq!(register(&mut world, &group, "fd00:1:0:0::10"), Ok(()));
        assert!(world.targets(&group).contains_key("[fd00:1::10]:443"));
        let refusal = register(&mut world, &group, "10.0.0.1").expect_err("IPv4");
        assert!(refusal.message.contains("is not a valid IPv6 address"), "{refusal}");
    }

    #[test]
    fn one_bad_target_or_one_too_many_refuses_them_all() {
        let (mut world, group) = world();
        let both = [target("10.0.1.10", None), target("203.0.113.7", None)];
        assert!(world.register_targets(&Scope::default(), &group, &both).is_err());
        assert!(world.targets(&group).is_empty());

        world.targets_per_group = 2;
        register(&mut world, &group, "10.0.1.1").expect("within the quota");
        let two = [target("10.0.1.2", None), target("10.0.1.3", None)];
        let refusal = world.register_targets(&Scope::default(), &group, &two).expect_err("three");
        assert_eq!(refusal.code, "TooManyTargets");
        assert_eq!(world.targets(&group).len(), 1);
        let known = [target("10.0.1.1", None), target("10.0.1.2", None)];
        assert_eq!(world.register_targets(&Scope::default(), &group, &known), Ok(()));
    }

    #[test]
    fn a_group_that_is_gone_or_another_accounts_is_not_found() {
        let (mut world, group) = world();
        let elsewhere = Scope::new("444455556666", "eu-west-1");
        let done = world.register_targets(&elsewhere, &group, &[target("10.0.1.10", None)]);
        assert_eq!(done.map_err(|refusal| refusal.code), Err("TargetGroupNotFound".into()));

        world.delete_target_group(&group);
        for done in [register(&mut world, &group, "10.0.1.1"), deregister(&mut world, &group, "10.0.1.1")] {
            assert_eq!(done.map_err(|refusal| refusal.code), Err("TargetGroupNotFound".into()));
        }
    }

    #[test]
    fn a_target_that_is_asked_for_and_not_there_is_said_to_be_unused() {
        let (world, group) = world();
        let asked = [target("10.0.1.77", None)];
        let told = world.describe_target_health(&Scope::default(), &group, &asked);
        let told = told.expect("the group exists");
        assert_eq!(told[0].state, TargetState::Unused);
        assert_eq!(told[0].reason.map(|(code, _)| code), Some("Target.NotRegistered"));
    }
}
