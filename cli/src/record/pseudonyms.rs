//! Replaces account, names and addresses, each by the same pseudonym
//! everywhere.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::trace::{Change, Header, Probed, Update};

/// The account of every pseudonymised trace.
const ACCOUNT: &str = "000000000000";

/// What is replaced by what. It is kept in a file next to the trace, so that a
/// resumed recording uses the same pseudonyms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pseudonyms {
    addresses: BTreeMap<IpAddr, IpAddr>,
    ids: BTreeMap<String, String>,
}

impl Pseudonyms {
    /// How much is replaced so far.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len() + self.ids.len()
    }

    pub(crate) fn header(&mut self, header: &Header) -> Header {
        let name_servers = header.name_servers.iter().map(|server| self.socket(*server)).collect();
        let region = &header.region;
        let arn = |resource: &str| format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:{resource}");
        Header {
            cluster: "cluster-1".to_owned(),
            account: ACCOUNT.to_owned(),
            host: format!("cluster-1.{region}.example"),
            load_balancer: arn("loadbalancer/net/load-balancer-1/1"),
            target_group: arn("targetgroup/target-group-1/1"),
            load_balancer_name: format!("load-balancer-1.{region}.example"),
            name_servers,
            pseudonymised: true,
            ..header.clone()
        }
    }

    pub(crate) fn change(&mut self, change: &Change) -> Change {
        let mut change = change.clone();
        match &mut change {
            Change::Name { server, addresses, .. } => {
                *server = self.socket(*server);
                *addresses = addresses.iter().map(|address| self.address(*address)).collect();
            }
            Change::Interface { id, addresses, .. } => {
                *id = self.id("eni", id);
                *addresses = addresses.iter().map(|address| self.address(*address)).collect();
            }
            Change::Cluster { updates, .. } => {
                for Update { id, .. } in updates {
                    *id = self.id("update", id);
                }
            }
            Change::Target { address, .. } | Change::Probe { of: Probed::Server(address), .. } => {
                *address = self.address(*address);
            }
            Change::Zone { address, .. } => *address = address.map(|address| self.address(address)),
            Change::Probe { of: Probed::Node(_), .. }
            | Change::Unread { .. }
            | Change::Readable { .. }
            | Change::Alive
            | Change::Resumed
            | Change::Ended => {}
        }
        change
    }

    fn socket(&mut self, socket: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.address(socket.ip()), socket.port())
    }

    /// The n-th address of a made-up network.
    fn address(&mut self, address: IpAddr) -> IpAddr {
        let n = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).saturating_add(1);
        let next = match address {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::from_bits(u32::from_be_bytes([10, 0, 0, 0]) | n)),
            IpAddr::V6(_) => IpAddr::from(Ipv6Addr::from_bits((0xfd00_u128 << 112) | u128::from(n))),
        };
        *self.addresses.entry(address).or_insert(next)
    }

    fn id(&mut self, kind: &str, id: &str) -> String {
        let n = self.ids.len() + 1;
        self.ids.entry(id.to_owned()).or_insert_with(|| format!("{kind}-{n}")).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_replaced_by_the_same_wherever_it_stands() {
        let mut names = Pseudonyms::default();
        let address: IpAddr = [172, 16, 5, 4].into();
        let name = Change::Name {
            server: ([172, 16, 0, 2], 53).into(),
            addresses: [address].into(),
            ttl: Some(60),
            error: None,
        };
        let probe = Change::Probe {
            of: Probed::Server(address),
            connects: true,
            readyz: Some(200),
            failed: None,
            milliseconds: None,
        };
        let replaced = [names.change(&name), names.change(&probe)];
        let text = serde_json::to_string(&replaced).unwrap();
        assert!(!text.contains("172.16"), "{text}");
        assert_eq!(text.matches("10.0.0.2\"").count(), 2, "{text}");

        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(names.address(v6), "fd00::3".parse::<IpAddr>().unwrap());
        assert_eq!(names.len(), 3);
    }
}
