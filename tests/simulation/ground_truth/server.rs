//! One API server, and what health checks find there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use eks_nlb_simulator::{Health, World};

use super::TICK;
use crate::history::Checks;

/// One API server, with an address in each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Server {
    pub(super) cluster: u8,
    pub(super) subnet: u8,
    pub(super) host: u8,
}

impl Server {
    pub(super) fn v4(self) -> IpAddr {
        Ipv4Addr::new(10, self.cluster, self.subnet, self.host).into()
    }

    pub(super) fn v6(self) -> IpAddr {
        let [cluster, subnet, host] = [self.cluster, self.subnet, self.host].map(u16::from);
        Ipv6Addr::new(0xfd00, cluster, subnet, 0, 0, 0, 0, host).into()
    }

    pub(super) fn addresses(self) -> [IpAddr; 2] {
        [self.v4(), self.v6()]
    }
}

pub(super) fn set_health(server: Server, checks: Checks, world: &mut World) {
    let health = match checks {
        Checks::After(ticks) => Health::After(TICK * ticks.into()),
        Checks::Never => Health::Never,
        Checks::Flips { healthy, unhealthy } => {
            Health::Flips { healthy: TICK * healthy.into(), unhealthy: TICK * unhealthy.into() }
        }
    };
    for address in server.addresses() {
        world.set_health(&address.to_string(), health);
    }
}

pub(super) fn texts(servers: &[Server]) -> Vec<String> {
    servers.iter().flat_map(|server| server.addresses()).map(|ip| ip.to_string()).collect()
}
