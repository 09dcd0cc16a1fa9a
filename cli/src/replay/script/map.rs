//! Gives the servers of a trace their places in the simulated Region.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use eks_nlb_traffic::kinds::Server;

use crate::trace::{Change, Probed, Trace};

/// As many zones as the simulated Region has.
const MOST_ZONES: usize = 3;

/// The first number of a server in its subnet; AWS keeps the ones before.
const FIRST_NUMBER: u8 = 10;

/// The servers of a trace, each in a subnet of its zone.
pub(super) struct Map {
    pub(super) servers: BTreeMap<IpAddr, Server>,
    pub(super) probed: BTreeSet<IpAddr>,
    pub(super) has_interfaces: bool,
    /// The first of the recorded name servers, in the function's order.
    pub(super) name_server: Option<SocketAddr>,
    /// How many zones the load balancer is enabled in.
    pub(super) enabled: usize,
    pub(super) notes: Vec<String>,
}

/// What the lines of a trace name.
#[derive(Default)]
struct Named {
    /// The addresses of servers, with their zones where they are known.
    zones: BTreeMap<IpAddr, Option<String>>,
    probed: BTreeSet<IpAddr>,
    /// The name servers that were read.
    read: BTreeSet<SocketAddr>,
    has_interfaces: bool,
}

impl Named {
    fn by(trace: &Trace) -> Self {
        let Self { mut zones, mut probed, mut read, mut has_interfaces } = Self::default();
        for line in &trace.lines {
            let change = &line.change;
            if let Change::Interface { addresses, zone, .. } = change {
                has_interfaces = true;
                zones.extend(addresses.iter().map(|address| (*address, Some(zone.clone()))));
            } else if let Change::Name { server, addresses, .. } = change {
                read.insert(*server);
                for address in addresses {
                    zones.entry(*address).or_default();
                }
            } else if let Change::Target { address, zone: Some(zone), .. } = change {
                if let Some(unknown @ None) = zones.get_mut(address).filter(|_| zone != "all") {
                    *unknown = Some(zone.clone());
                }
            } else if let Change::Probe { of: Probed::Server(address), .. } = change {
                probed.insert(*address);
            }
        }
        Self { zones, probed, read, has_interfaces }
    }
}

impl Map {
    pub(super) fn of(trace: &Trace) -> Result<Self, String> {
        let Named { zones, probed, read, has_interfaces } = Named::by(trace);
        let mut notes = Vec::new();
        if !has_interfaces {
            notes
                .push("no interface was recorded: each is assumed to be there while DNS names it".to_owned());
        }
        let order = Self::zones(trace, &zones, &mut notes);
        let name_server = trace.header.name_servers.iter().find(|server| read.contains(server));
        let mut map = Self {
            servers: BTreeMap::new(),
            has_interfaces,
            name_server: name_server.or_else(|| read.first()).copied(),
            enabled: trace.header.zones.len().clamp(1, MOST_ZONES),
            notes,
            probed,
        };
        map.place(&zones, &order)?;
        let servers = &map.servers;
        map.probed.retain(|address| servers.contains_key(address));
        Ok(map)
    }

    /// The zones in the order of the subnets.
    fn zones(
        trace: &Trace,
        zones: &BTreeMap<IpAddr, Option<String>>,
        notes: &mut Vec<String>,
    ) -> Vec<String> {
        let mut order: Vec<String> = trace.header.zones.iter().take(MOST_ZONES).cloned().collect();
        for zone in zones.values().flatten() {
            if order.len() < MOST_ZONES && !order.contains(zone) {
                order.push(zone.clone());
            }
        }
        let left_out: BTreeSet<_> = zones.values().flatten().filter(|zone| !order.contains(zone)).collect();
        for zone in left_out {
            notes.push(format!("the simulated Region has {MOST_ZONES} zones: {zone} counts as the first"));
        }
        order
    }

    fn place(&mut self, zones: &BTreeMap<IpAddr, Option<String>>, order: &[String]) -> Result<(), String> {
        let mut taken = [FIRST_NUMBER; MOST_ZONES + 1];
        for (address, zone) in zones {
            let known = zone.as_ref().and_then(|zone| order.iter().position(|known| known == zone));
            if zone.is_none() {
                self.notes.push(format!("the zone of {address} was not recorded: it counts as the first"));
            }
            let subnet = known.unwrap_or(0) + 1;
            let Some(number) = taken.get_mut(subnet) else { continue };
            let zone = u8::try_from(subnet).unwrap_or(1);
            self.servers.insert(*address, Server { zone, number: *number });
            *number = number
                .checked_add(1)
                .filter(|number| *number < u8::MAX)
                .ok_or("it has more servers in a zone than can be played")?;
        }
        Ok(())
    }
}
