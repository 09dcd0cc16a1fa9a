//! Finds the times in which no client could have connected.
//!
//! A zone's clients reach its node. Where the node was probed, the probe
//! decides. Elsewhere ELB's rules do: the node sends to healthy targets of its
//! own zone, of every zone with cross-zone load balancing, and without a healthy
//! target to all others (fail-open); and a target serves if its probe connects, or
//! without probes if it is healthy.
//!
//! Source: ELB User Guide for Network Load Balancers, *Target group health* and
//! *Cross-zone load balancing for target groups* (read November 2026).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::trace::{ABSENT, Change, ENDED, Header, Probed, Time};

/// When it was, from and to.
pub(super) type Spans = Vec<(Time, Time)>;

/// A target, as ELB lists it.
struct Target {
    zone: Option<String>,
    state: String,
}

/// The clients of each zone.
pub(super) struct Clients {
    cross_zone: bool,
    zones: Vec<String>,
    targets: BTreeMap<(IpAddr, u16), Target>,
    targets_are_known: bool,
    servers: BTreeMap<IpAddr, bool>,
    nodes: BTreeMap<String, bool>,
    /// Since when the clients of a zone cannot connect.
    since: BTreeMap<String, Time>,
    spans: BTreeMap<String, Spans>,
    all_since: Option<Time>,
    outages: Spans,
    /// The moment whose changes are being taken: they count together.
    now: Option<Time>,
}

impl Clients {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            cross_zone: header.cross_zone,
            zones: header.zones.clone(),
            targets: BTreeMap::new(),
            targets_are_known: false,
            servers: BTreeMap::new(),
            nodes: BTreeMap::new(),
            since: BTreeMap::new(),
            spans: BTreeMap::new(),
            all_since: None,
            outages: Vec::new(),
            now: None,
        }
    }

    pub(super) fn take(&mut self, at: Time, change: &Change) {
        if let Some(now) = self.now.filter(|now| *now < at) {
            self.judge(now);
        }
        self.now = Some(at);
        match change {
            Change::Target { address, port, state, zone, .. } => {
                self.targets_are_known = true;
                let target = Target { zone: zone.clone(), state: state.clone() };
                self.targets.insert((*address, *port), target);
            }
            Change::Probe { of, connects, failed, .. } => {
                let has_ended = failed.as_deref() == Some(ENDED);
                match of {
                    Probed::Server(address) if has_ended => _ = self.servers.remove(address),
                    Probed::Server(address) => _ = self.servers.insert(*address, *connects),
                    Probed::Node(zone) if has_ended => _ = self.nodes.remove(zone),
                    Probed::Node(zone) => _ = self.nodes.insert(zone.clone(), *connects),
                }
            }
            Change::Name { .. }
            | Change::Interface { .. }
            | Change::Cluster { .. }
            | Change::Zone { .. }
            | Change::Unread { .. }
            | Change::Readable { .. }
            | Change::Alive
            | Change::Resumed
            | Change::Ended => {}
        }
    }

    /// By zone, and in all zones at once.
    pub(super) fn finish(mut self, to: Time) -> (BTreeMap<String, Spans>, Spans) {
        if let Some(now) = self.now {
            self.judge(now);
        }
        for (zone, since) in std::mem::take(&mut self.since) {
            self.spans.entry(zone).or_default().push((since, to));
        }
        self.outages.extend(self.all_since.map(|since| (since, to)));
        let lasts = |(from, to): &(Time, Time)| from < to;
        self.outages.retain(lasts);
        self.spans.values_mut().for_each(|spans| spans.retain(lasts));
        self.spans.retain(|_, spans| !spans.is_empty());
        (self.spans, self.outages)
    }

    fn judge(&mut self, at: Time) {
        let served: Vec<bool> = self.zones.iter().map(|zone| self.is_served(zone)).collect();
        for (zone, is_served) in self.zones.iter().zip(&served) {
            if !is_served {
                self.since.entry(zone.clone()).or_insert(at);
            } else if let Some(since) = self.since.remove(zone) {
                self.spans.entry(zone.clone()).or_default().push((since, at));
            }
        }
        if !served.is_empty() && !served.contains(&true) {
            self.all_since.get_or_insert(at);
        } else if let Some(since) = self.all_since.take() {
            self.outages.push((since, at));
        }
    }

    fn is_served(&self, zone: &str) -> bool {
        if let Some(connects) = self.nodes.get(zone) {
            return *connects;
        }
        if !self.targets_are_known {
            return true;
        }
        let is_here = |target: &Target| {
            self.cross_zone || target.zone.as_deref().is_none_or(|own| own == zone || own == "all")
        };
        let here = || self.targets.iter().filter(|(_, target)| is_here(target));
        let is_healthy = |target: &Target| target.state == "healthy";
        let fails_open = !here().any(|(_, target)| is_healthy(target));
        let gets = |target: &Target| {
            let is_in = !matches!(target.state.as_str(), ABSENT | "initial" | "unused" | "draining");
            is_in && (is_healthy(target) || fails_open)
        };
        here().filter(|(_, target)| gets(target)).any(|((address, _), target)| {
            self.servers.get(address).copied().unwrap_or_else(|| is_healthy(target))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(cross_zone: bool) -> Clients {
        let mut header: Header = serde_json::from_str(crate::trace::HEADER_OF_TESTS).unwrap();
        header.zones = vec!["a".to_owned(), "b".to_owned()];
        header.cross_zone = cross_zone;
        Clients::of(&header)
    }

    fn target(last: u8, zone: &str, state: &str) -> Change {
        Change::Target {
            address: [10, 0, 0, last].into(),
            port: 443,
            state: state.to_owned(),
            reason: None,
            zone: Some(zone.to_owned()),
            overridden: None,
        }
    }

    fn probe(of: Probed, connects: bool) -> Change {
        Change::Probe { of, connects, readyz: None, failed: None, milliseconds: None }
    }

    fn server(last: u8) -> Probed {
        Probed::Server([10, 0, 0, last].into())
    }

    type Seconds = (u64, u64);

    /// What is unserved if `changes` come one second after the other.
    fn unserved(mut clients: Clients, changes: &[Change]) -> (Vec<(String, u64, u64)>, Vec<Seconds>) {
        for (second, change) in (0..).zip(changes) {
            clients.take(Time(second * 1000), change);
        }
        let (zones, outages) = clients.finish(Time(changes.len() as u64 * 1000));
        let second = |time: Time| time.0 / 1000;
        let zones = zones.into_iter().flat_map(|(zone, spans)| {
            spans.into_iter().map(move |(from, to)| (zone.clone(), second(from), second(to)))
        });
        (zones.collect(), outages.into_iter().map(|(from, to)| (second(from), second(to))).collect())
    }

    #[test]
    fn a_zone_is_served_by_its_own_targets_unless_cross_zone_is_on() {
        let changes = [target(1, "a", "healthy"), target(2, "b", "healthy"), target(2, "b", "draining")];
        let zones = vec![("b".to_owned(), 0, 1), ("b".to_owned(), 2, 3)];
        assert_eq!(unserved(clients(false), &changes), (zones, vec![]));
        assert_eq!(unserved(clients(true), &changes), (vec![], vec![]));
    }

    #[test]
    fn a_node_that_fails_open_reaches_unhealthy_targets_that_answer() {
        let fails = [
            target(1, "a", "unhealthy"),
            probe(server(1), true),
            probe(server(1), false),
            target(1, "a", "initial"),
        ];
        let (zones, outages) = unserved(clients(false), &fails);
        let a: Vec<_> = zones.into_iter().filter(|(zone, ..)| zone == "a").collect();
        assert_eq!(a, [("a".to_owned(), 0, 1), ("a".to_owned(), 2, 4)]);
        assert_eq!(outages, [(0, 1), (2, 4)]);
    }

    #[test]
    fn a_probe_of_the_node_decides() {
        let changes = [
            target(1, "a", "healthy"),
            probe(Probed::Node("a".to_owned()), false),
            probe(Probed::Node("a".to_owned()), true),
            probe(Probed::Node("b".to_owned()), true),
        ];
        let zones = vec![("a".to_owned(), 1, 2), ("b".to_owned(), 0, 3)];
        assert_eq!(unserved(clients(false), &changes), (zones, vec![(1, 2)]));
    }

    #[test]
    fn changes_of_the_same_moment_count_together() {
        let mut clients = clients(true);
        clients.take(Time(0), &target(1, "a", "healthy"));
        clients.take(Time(1000), &target(1, "a", "draining"));
        clients.take(Time(1000), &target(2, "a", "healthy"));
        assert_eq!(clients.finish(Time(2000)), (BTreeMap::new(), vec![]));
    }
}
