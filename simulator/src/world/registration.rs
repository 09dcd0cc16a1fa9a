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
//!    is not named, for an address inside the VPC; an address outside is not
//!    found without one. The call succeeds all the same, by rule 2.
//!
//! # Sources
//!
//! ELB API Reference, *TargetDescription* (2015-12-01, read November 2026), for
//! rule 4. AWS Load Balancer Controller, pull requests 658 and 4544, for rule 6.

use std::net::IpAddr;

use super::health::NOT_REGISTERED;
use super::vpc::may_be_outside_a_vpc;
use super::{
    Family, OverrideState, Refusal, Scope, Target, TargetDescription, TargetGroup, TargetHealth, TargetKey,
    TargetState, TargetType, World,
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
            let override_state = self.override_of(group, target);
            TargetHealth { key: key.clone(), zone: Some(target.zone.clone()), state, reason, override_state }
        };
        if only.is_empty() {
            // A lagging read may show a moment in which a target was just gone.
            let all = group.targets.iter().filter(|(_, target)| !target.is_gone(self.now));
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
                    override_state: OverrideState::NoOverride,
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

    /// DeregisterTargets: a target that is not registered is ignored.
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
mod tests;
