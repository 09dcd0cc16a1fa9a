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

use super::bars::{Bars, set};
use crate::trace::{ABSENT, Change, ENDED, Header, Probed, Span, Time};

/// A target, as ELB lists it.
struct Target {
    zone: Option<String>,
    state: String,
}

pub(super) struct Clients {
    cross_zone: bool,
    zones: Vec<String>,
    targets: BTreeMap<(IpAddr, u16), Target>,
    servers: BTreeMap<IpAddr, bool>,
    nodes: BTreeMap<String, bool>,
    /// When the clients of a zone could not connect.
    unserved: BTreeMap<String, Bars>,
    /// When the clients of no zone could.
    outages: Bars,
    /// The moment whose changes are being taken: they count together.
    now: Option<Time>,
}

impl Clients {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            cross_zone: header.cross_zone,
            zones: header.zones.clone(),
            targets: BTreeMap::new(),
            servers: BTreeMap::new(),
            nodes: BTreeMap::new(),
            unserved: BTreeMap::new(),
            outages: Vec::new(),
            now: None,
        }
    }

    pub(super) fn take(&mut self, at: Time, change: &Change) {
        if let Some(now) = self.now.filter(|now| *now < at) {
            self.judge(now);
        }
        self.now = Some(at);
        if let Change::Target { address, port, state, zone, .. } = change {
            let target = Target { zone: zone.clone(), state: state.clone() };
            self.targets.insert((*address, *port), target);
        } else if let Change::Probe { of, connects, failed, .. } = change {
            let has_ended = failed.as_deref() == Some(ENDED);
            match of {
                Probed::Server(address) if has_ended => _ = self.servers.remove(address),
                Probed::Server(address) => _ = self.servers.insert(*address, *connects),
                Probed::Node(zone) if has_ended => _ = self.nodes.remove(zone),
                Probed::Node(zone) => _ = self.nodes.insert(zone.clone(), *connects),
            }
        }
    }

    /// By zone, and in all zones at once.
    pub(super) fn finish(mut self, to: Time) -> (BTreeMap<String, Vec<Span>>, Vec<Span>) {
        if let Some(now) = self.now {
            self.judge(now);
        }
        let spans = |mut bars: Bars| {
            set(&mut bars, to, None);
            let spans = bars.into_iter().map(|bar| bar.span);
            spans.filter(|span| span.from < span.to).collect::<Vec<_>>()
        };
        let unserved = self.unserved.into_iter().map(|(zone, bars)| (zone, spans(bars)));
        (unserved.filter(|(_, spans)| !spans.is_empty()).collect(), spans(self.outages))
    }

    fn judge(&mut self, at: Time) {
        const UNSERVED: &str = "unserved";
        let served: Vec<bool> = self.zones.iter().map(|zone| self.is_served(zone)).collect();
        for (zone, is_served) in self.zones.iter().zip(&served) {
            let bars = self.unserved.entry(zone.clone()).or_default();
            set(bars, at, (!is_served).then_some(UNSERVED));
        }
        let is_outage = !served.is_empty() && !served.contains(&true);
        set(&mut self.outages, at, is_outage.then_some(UNSERVED));
    }

    fn is_served(&self, zone: &str) -> bool {
        if let Some(connects) = self.nodes.get(zone) {
            return *connects;
        }
        if self.targets.is_empty() {
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

    fn spans(spans: &[Span]) -> Vec<(u64, u64)> {
        spans.iter().map(|span| (span.from.0 / 1000, span.to.0 / 1000)).collect()
    }

    /// The seconds in which no client of zone a, of zone b, and of any zone could
    /// connect, if `changes` come one second after the other.
    fn unserved(cross_zone: bool, changes: &[Change]) -> [Vec<(u64, u64)>; 3] {
        let mut clients = clients(cross_zone);
        for (second, change) in (0..).zip(changes) {
            clients.take(Time(second * 1000), change);
        }
        let (zones, outages) = clients.finish(Time(changes.len() as u64 * 1000));
        let of = |zone: &str| spans(zones.get(zone).map(Vec::as_slice).unwrap_or_default());
        [of("a"), of("b"), spans(&outages)]
    }

    #[test]
    fn a_zone_is_served_by_its_own_targets_unless_cross_zone_is_on() {
        let changes = [target(1, "a", "healthy"), target(2, "b", "healthy"), target(2, "b", "draining")];
        assert_eq!(unserved(false, &changes), [vec![], vec![(0, 1), (2, 3)], vec![]]);
        assert_eq!(unserved(true, &changes), [vec![], vec![], vec![]]);
    }

    #[test]
    fn a_node_that_fails_open_reaches_unhealthy_targets_that_answer() {
        let changes = [
            target(1, "a", "unhealthy"),
            probe(server(1), true),
            probe(server(1), false),
            target(1, "a", "initial"),
        ];
        let (own, always) = (vec![(0, 1), (2, 4)], vec![(0, 4)]);
        assert_eq!(unserved(false, &changes), [own.clone(), always, own]);
    }

    #[test]
    fn a_probe_of_the_node_decides() {
        let changes = [
            target(1, "a", "healthy"),
            probe(Probed::Node("a".to_owned()), false),
            probe(Probed::Node("a".to_owned()), true),
            probe(Probed::Node("b".to_owned()), true),
        ];
        assert_eq!(unserved(false, &changes), [vec![(1, 2)], vec![(0, 3)], vec![(1, 2)]]);
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
