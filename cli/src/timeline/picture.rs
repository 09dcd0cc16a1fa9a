//! Turns a trace into what can be drawn: for each address the times of its
//! interface, its name, its target and its probes; for each zone the times in
//! which no client could have connected.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::bars::{Bars, OPEN, set};
use super::unserved::Clients;
use crate::trace::{ABSENT, Change, ENDED, GONE, Probed, Span, Time, Trace};

/// An address, by source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) zone: String,
    /// EC2's status of its interface.
    pub(super) interface: Bars,
    /// `named`, or `named by some` where name servers differ.
    pub(super) names: Bars,
    /// ELB's state of its target.
    pub(super) target: Bars,
    /// `connects`, or where it failed.
    pub(super) probe: Bars,
}

/// A write that shows in target health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) at: Time,
    pub(super) address: IpAddr,
    pub(super) is_registration: bool,
}

/// All that is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) span: Span,
    /// By address, in the order in which they appeared.
    pub(super) rows: Vec<(IpAddr, Row)>,
    /// By zone: when its node is in DNS, and when it connects.
    pub(super) zones: BTreeMap<String, Row>,
    pub(super) writes: Vec<Write>,
    /// By zone, when none of its clients could have connected.
    pub(super) unserved: BTreeMap<String, Vec<Span>>,
    /// When no client in any zone could have connected.
    pub(super) outages: Vec<Span>,
}

impl Picture {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut painter = Painter::default();
        let mut clients = Clients::of(&trace.header);
        let from = trace.lines.first().map_or(trace.header.started, |line| line.at.min(trace.header.started));
        for line in &trace.lines {
            painter.take(line.at, &line.change);
            clients.take(line.at, &line.change);
        }
        let to = trace.lines.last().map_or(from, |line| line.at);
        let (unserved, outages) = clients.finish(to);
        // A hole shows no outage, because nothing is known of it.
        let known = |spans: Vec<Span>| without(spans, &trace.holes);
        let unserved = unserved.into_iter().map(|(zone, spans)| (zone, known(spans)));
        let unserved = unserved.filter(|(_, spans)| !spans.is_empty()).collect();
        painter.finish(from, to, unserved, known(outages))
    }
}

#[derive(Default)]
struct Painter {
    rows: BTreeMap<IpAddr, Row>,
    order: Vec<IpAddr>,
    zones: BTreeMap<String, Row>,
    writes: Vec<Write>,
    /// The addresses that each name server names.
    named: BTreeMap<SocketAddr, BTreeSet<IpAddr>>,
    /// The addresses of each interface.
    interfaces: BTreeMap<String, BTreeSet<IpAddr>>,
    targets_read: Option<Time>,
}

impl Painter {
    fn row(&mut self, address: IpAddr) -> &mut Row {
        if !self.rows.contains_key(&address) {
            self.order.push(address);
        }
        self.rows.entry(address).or_default()
    }

    fn take(&mut self, at: Time, change: &Change) {
        match change {
            Change::Name { server, addresses, .. } => {
                self.named.insert(*server, addresses.clone());
                self.name(at);
            }
            Change::Interface { id, addresses, zone, status, .. } => {
                let before = self.interfaces.insert(id.clone(), addresses.clone()).unwrap_or_default();
                for address in before.difference(addresses) {
                    set(&mut self.row(*address).interface, at, None);
                }
                for address in addresses {
                    let row = self.row(*address);
                    row.zone.clone_from(zone);
                    set(&mut row.interface, at, Some(status.as_str()).filter(|status| *status != GONE));
                }
            }
            Change::Target { address, state, zone, .. } => {
                self.target(at, *address, state, zone.as_deref());
            }
            Change::Probe { of, connects, failed, .. } => {
                let failed = failed.as_deref().unwrap_or("http");
                let state = if *connects { "connects" } else { failed };
                let bars = match of {
                    Probed::Server(address) => &mut self.row(*address).probe,
                    Probed::Node(zone) => &mut self.zones.entry(zone.clone()).or_default().probe,
                };
                set(bars, at, Some(state).filter(|state| *state != ENDED));
            }
            Change::Zone { zone, in_dns, .. } => {
                let row = self.zones.entry(zone.clone()).or_default();
                set(&mut row.names, at, in_dns.then_some("in DNS"));
            }
            Change::Cluster { .. }
            | Change::Unread { .. }
            | Change::Readable { .. }
            | Change::Alive
            | Change::Resumed
            | Change::Ended => {}
        }
    }

    /// The function's writes show in what ELB lists. What it lists at first was
    /// there before.
    fn target(&mut self, at: Time, address: IpAddr, state: &str, zone: Option<&str>) {
        let is_first_look = self.targets_read.is_none_or(|first| first == at);
        self.targets_read.get_or_insert(at);
        let row = self.row(address);
        if let Some(zone) = zone.filter(|_| row.zone.is_empty()) {
            zone.clone_into(&mut row.zone);
        }
        let is_in = |state: &str| state != ABSENT && state != "draining";
        let before = row.target.last().filter(|bar| bar.span.to == OPEN).is_some_and(|bar| is_in(&bar.state));
        set(&mut row.target, at, Some(state).filter(|state| *state != ABSENT));
        if before != is_in(state) && !is_first_look {
            self.writes.push(Write { at, address, is_registration: is_in(state) });
        }
    }

    /// Which addresses are named now.
    fn name(&mut self, at: Time) {
        let answers: Vec<_> = self.named.values().filter(|named| !named.is_empty()).cloned().collect();
        let all: BTreeSet<IpAddr> = answers.iter().flatten().copied().collect();
        let known: BTreeSet<IpAddr> = self.rows.keys().copied().chain(all).collect();
        for address in known {
            let by = answers.iter().filter(|named| named.contains(&address)).count();
            let state = match by {
                0 => None,
                _ if by == answers.len() => Some("named"),
                _ => Some("named by some"),
            };
            if state.is_some() || self.rows.contains_key(&address) {
                set(&mut self.row(address).names, at, state);
            }
        }
    }

    fn finish(
        mut self,
        from: Time,
        to: Time,
        unserved: BTreeMap<String, Vec<Span>>,
        outages: Vec<Span>,
    ) -> Picture {
        let rows = self.rows.values_mut().chain(self.zones.values_mut());
        for row in rows {
            for bars in [&mut row.interface, &mut row.names, &mut row.target, &mut row.probe] {
                set(bars, to, None);
            }
        }
        let rows = self.order.into_iter().filter_map(|address| self.rows.remove_entry(&address)).collect();
        Picture { span: Span { from, to }, rows, zones: self.zones, writes: self.writes, unserved, outages }
    }
}

/// The parts of `spans` that are in no hole.
fn without(mut spans: Vec<Span>, holes: &[Span]) -> Vec<Span> {
    for hole in holes {
        let cut =
            |Span { from, to }| [Span { from, to: to.min(hole.from) }, Span { from: from.max(hole.to), to }];
        spans = spans.into_iter().flat_map(cut).filter(|span| span.from < span.to).collect();
    }
    spans
}
