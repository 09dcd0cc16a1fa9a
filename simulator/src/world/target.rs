//! Keeps targets, and lets tests put them where they like.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Family, TargetGroup, TargetState, TargetType, World};

/// The identity of a target: its address and its port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetKey {
    /// An address, or the id of an instance.
    pub id: String,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for TargetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, self.port).fmt(f),
            Err(_) => write!(f, "{}:{}", self.id, self.port),
        }
    }
}

/// A registered or draining target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its zone, or `all`.
    pub zone: String,
    /// When it was registered; `None` if that was long ago.
    pub registered_at: Option<Duration>,
    /// When it will be gone, once it is deregistered.
    pub gone_at: Option<Duration>,
    /// A state that a test holds it in.
    pub pinned: Option<TargetState>,
}

impl Target {
    pub(super) fn is_gone(&self, now: Duration) -> bool {
        self.gone_at.is_some_and(|at| at <= now)
    }

    pub(super) fn age(&self, now: Duration) -> Duration {
        self.registered_at.map_or(Duration::MAX, |at| now.saturating_sub(at))
    }
}

/// A target as a call names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetDescription<'a> {
    /// `Id`.
    pub id: &'a str,
    /// `Port`, if it is not the group's.
    pub port: Option<u16>,
    /// `AvailabilityZone`.
    pub zone: Option<&'a str>,
}

impl TargetGroup {
    /// The key of the target that a call names.
    pub(super) fn key(&self, target: &TargetDescription<'_>) -> TargetKey {
        TargetKey { id: self.canonical(target.id), port: target.port.or(self.port).unwrap_or_default() }
    }

    /// `id` as ELB keeps it: IPv6 addresses have one spelling.
    fn canonical(&self, id: &str) -> String {
        if self.target_type == TargetType::Ip && self.family == Family::Ipv6 {
            id.parse::<IpAddr>().map_or_else(|_| id.to_owned(), |address| address.to_string())
        } else {
            id.to_owned()
        }
    }

    /// The key of the target that a test writes as `address:port`, or without
    /// the port if it is the group's.
    fn key_of(&self, text: &str) -> TargetKey {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            let id = socket.ip().to_string();
            return TargetKey { id, port: socket.port() };
        }
        let target = match text.split_once(':').filter(|_| text.parse::<IpAddr>().is_err()) {
            Some((id, port)) => TargetDescription { id, port: port.parse().ok(), zone: None },
            None => TargetDescription { id: text, port: None, zone: None },
        };
        self.key(&target)
    }
}

impl World {
    /// Puts targets into a group whose registration and first checks are long
    /// over; each is `address` or `address:port`.
    pub fn put_targets(&mut self, group: &str, targets: impl IntoIterator<Item = impl AsRef<str>>) {
        for text in targets {
            let key = self.target_group(group).key_of(text.as_ref());
            let zone = self.zone_in_vpc(self.target_group(group), &key.id);
            let target = Target {
                zone: zone.unwrap_or("all").to_owned(),
                registered_at: None,
                gone_at: None,
                pinned: None,
            };
            self.target_group_mut(group).targets.insert(key, target);
        }
    }

    /// Removes a target at once, without draining.
    pub fn drop_target(&mut self, group: &str, target: &str) {
        let key = self.target_group(group).key_of(target);
        let dropped = self.target_group_mut(group).targets.remove(&key);
        assert!(dropped.is_some(), "no target {target} in {group}");
    }

    /// Holds a target in a state until it is registered again; `Draining` starts
    /// to drain it instead.
    pub fn pin_state(&mut self, group: &str, target: &str, state: TargetState) {
        let key = self.target_group(group).key_of(target);
        let now = self.now;
        let in_group = self.target_group_mut(group);
        let gone_at = now + in_group.deregistration_delay;
        let found = in_group.targets.get_mut(&key);
        let found = found.unwrap_or_else(|| panic!("no target {target} in {group}"));
        if state == TargetState::Draining {
            found.gone_at = Some(gone_at);
        } else {
            found.pinned = Some(state);
        }
    }
}
