//! Turns a trace into a script for the simulated world.
//!
//! What clients and health checks find is what the probes found. Of a server
//! that was not probed, it is inferred: it serves from when DNS names it or its
//! target is healthy, until its target is unhealthy or its interface is gone.

mod map;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use eks_nlb_traffic::kinds::{Happening, Server};
use eks_nlb_traffic::lanes::Setup;
use eks_nlb_traffic::play::Script;

use map::Map;

use crate::trace::{ABSENT, Change, ENDED, GONE, Probed, Time, Trace, in_words};

/// A script, and what was assumed to make it.
pub(super) struct Reading {
    pub(super) script: Script,
    pub(super) notes: Vec<String>,
}

/// Reads the script of `trace`.
///
/// # Errors
///
/// A sentence, if there is nothing to play.
pub(super) fn of(trace: &Trace) -> Result<Reading, String> {
    let map = Map::of(trace)?;
    let mut notes = map.notes.clone();
    let in_service = in_service(trace);
    notes.push(match in_service {
        Some(time) => format!("a target took {} to be in service, as recorded", in_words(time)),
        None => format!(
            "no target was taken into service: {} are assumed, as in docs/reliability.md",
            in_words(Setup::DEFAULT.in_service())
        ),
    });
    notes.push(match (map.probed.len(), map.servers.len()) {
        (0, _) => {
            "nothing was probed: whether servers answer is inferred from DNS, interfaces and target health"
                .to_owned()
        }
        (some, all) if some < all => {
            format!("{some} of {all} servers were probed; whether the others answer is inferred")
        }
        _ => "every server was probed".to_owned(),
    });
    let mut writer = Writer::of(&map);
    for line in &trace.lines {
        writer.take(step_of(trace, line.at), &line.change);
    }
    if writer.servers.is_empty() {
        return Err("no server is named or has an interface in its first moments".to_owned());
    }
    for happenings in writer.happenings.values_mut() {
        happenings.sort_by_key(rank);
    }
    let script = Script {
        zones: map.enabled,
        servers: writer.servers,
        is_filled: writer.is_filled,
        happenings: writer.happenings,
        steps: trace.lines.last().map_or(0, |line| step_of(trace, line.at)) + 1,
        in_service: in_service.unwrap_or(Setup::DEFAULT.in_service()),
    };
    Ok(Reading { script, notes })
}

fn step_of(trace: &Trace, at: Time) -> u32 {
    let since = trace.header.started.until(at).as_millis();
    u32::try_from(since / Script::STEP.as_millis()).unwrap_or(u32::MAX)
}

/// Causes before effects, where they come in one step.
fn rank(happening: &Happening) -> u8 {
    match happening {
        Happening::InterfaceMade(_) => 0,
        Happening::Serves(_) => 1,
        Happening::PassesChecks(_) => 2,
        Happening::FailsChecks(_) => 3,
        Happening::Stops(_) => 4,
        Happening::InterfaceGoes(_) => 5,
        Happening::Names(_) | Happening::NamesFail => 6,
    }
}

/// The shortest time from `initial` to `healthy`: other targets waited for their
/// servers.
fn in_service(trace: &Trace) -> Option<Duration> {
    let mut since = BTreeMap::new();
    let mut times = Vec::new();
    for line in &trace.lines {
        if let Change::Target { address, port, state, .. } = &line.change {
            match state.as_str() {
                "initial" => _ = since.entry((address, port)).or_insert(line.at),
                "healthy" => {
                    times.extend(since.remove(&(address, port)).map(|since: Time| since.until(line.at)));
                }
                _ => _ = since.remove(&(address, port)),
            }
        }
    }
    times.into_iter().min().map(|time| Duration::from_secs(time.as_secs()))
}

/// Turns the lines of a trace into happenings.
struct Writer<'a> {
    map: &'a Map,
    servers: Vec<Server>,
    is_filled: bool,
    happenings: BTreeMap<u32, Vec<Happening>>,
    /// The servers that have an interface.
    present: BTreeSet<IpAddr>,
    serving: BTreeSet<IpAddr>,
    ready: BTreeSet<IpAddr>,
}

impl<'a> Writer<'a> {
    fn of(map: &'a Map) -> Self {
        Self {
            map,
            servers: Vec::new(),
            is_filled: false,
            happenings: BTreeMap::new(),
            present: BTreeSet::new(),
            serving: BTreeSet::new(),
            ready: BTreeSet::new(),
        }
    }

    fn take(&mut self, step: u32, change: &Change) {
        if let Change::Interface { addresses, status, .. } = change {
            for address in addresses {
                if status == GONE { self.goes(step, *address) } else { self.comes(step, *address) }
            }
        } else if let Change::Name { server, addresses, error, .. } = change {
            if Some(*server) == self.map.name_server {
                self.name(step, addresses, error.is_some());
            }
        } else if let Change::Target { address, state, .. } = change {
            self.target(step, *address, state);
        } else if let Change::Probe { of: Probed::Server(address), connects, readyz, failed, .. } = change
            && failed.as_deref() != Some(ENDED)
        {
            self.serve(step, *address, *connects);
            self.check(step, *address, *readyz == Some(200));
        }
    }

    fn comes(&mut self, step: u32, address: IpAddr) {
        let Some(server) = self.map.servers.get(&address).copied() else { return };
        if !self.present.insert(address) {
            return;
        }
        if step == 0 {
            // The server existed before, and counts as serving unless a probe
            // failed.
            self.servers.push(server);
            self.serving.insert(address);
            self.ready.insert(address);
        } else {
            self.serving.remove(&address);
            self.ready.remove(&address);
            self.happens(step, Happening::InterfaceMade(server));
        }
    }

    fn goes(&mut self, step: u32, address: IpAddr) {
        let Some(server) = self.map.servers.get(&address).copied() else { return };
        if self.present.remove(&address) {
            if !self.map.probed.contains(&address) {
                self.check(step, address, false);
                self.serve(step, address, false);
            }
            self.happens(step, Happening::InterfaceGoes(server));
        }
    }

    fn name(&mut self, step: u32, addresses: &BTreeSet<IpAddr>, fails: bool) {
        if fails {
            return self.happens(step, Happening::NamesFail);
        }
        for address in addresses {
            if !self.map.has_interfaces {
                self.comes(step, *address);
            }
            if !self.map.probed.contains(address) {
                self.serve(step, *address, true);
                self.check(step, *address, true);
            }
        }
        if !self.map.has_interfaces {
            let gone: Vec<_> = self.present.difference(addresses).copied().collect();
            for address in gone {
                self.goes(step, address);
            }
        }
        let named = addresses.iter().filter_map(|address| self.map.servers.get(address)).copied().collect();
        self.happens(step, Happening::Names(named));
    }

    fn target(&mut self, step: u32, address: IpAddr, state: &str) {
        if step == 0 {
            self.is_filled |= !matches!(state, "initial" | "draining" | ABSENT);
        }
        if self.map.probed.contains(&address) {
            return;
        }
        match state {
            "healthy" => {
                self.serve(step, address, true);
                self.check(step, address, true);
            }
            "unhealthy" | "unhealthy.draining" => {
                self.check(step, address, false);
                self.serve(step, address, false);
            }
            _ => {}
        }
    }

    fn serve(&mut self, step: u32, address: IpAddr, does: bool) {
        let Some(server) = self.map.servers.get(&address).copied() else { return };
        if turn(&mut self.serving, address, does) {
            let of = if does { Happening::Serves } else { Happening::Stops };
            self.happens(step, of(server));
        }
    }

    fn check(&mut self, step: u32, address: IpAddr, passes: bool) {
        let Some(server) = self.map.servers.get(&address).copied() else { return };
        if turn(&mut self.ready, address, passes) {
            let of = if passes { Happening::PassesChecks } else { Happening::FailsChecks };
            self.happens(step, of(server));
        }
    }

    fn happens(&mut self, step: u32, happening: Happening) {
        self.happenings.entry(step).or_default().push(happening);
    }
}

/// Puts `address` into `set`, or takes it out; false if nothing has changed.
fn turn(set: &mut BTreeSet<IpAddr>, address: IpAddr, is_in: bool) -> bool {
    if is_in { set.insert(address) } else { set.remove(&address) }
}
