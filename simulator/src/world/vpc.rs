//! Keeps VPCs: which addresses are inside one, and in which zone.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Scope, World};

/// A VPC: an id and its subnets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vpc {
    /// As in `vpc-0123456789abcdef0`.
    pub id: String,
    /// Its subnets, in the order they were made.
    pub subnets: Vec<Subnet>,
}

/// A subnet: a range of addresses in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// As in `subnet-0123456789abcdef0`.
    pub id: String,
    /// Its range.
    pub cidr: IpNet,
    /// Its zone.
    pub zone: String,
}

impl Vpc {
    /// The zone of the subnet that holds `address`, if one does.
    #[must_use]
    pub fn zone_of(&self, address: IpAddr) -> Option<&str> {
        Some(&self.subnet_of(address)?.zone)
    }

    /// The subnet that holds `address`, if one does.
    pub(crate) fn subnet_of(&self, address: IpAddr) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.cidr.contains(&address))
    }

    fn add(&mut self, cidr: IpNet, zone: &str) {
        // Its VPC's id, and which of its subnets it is.
        let id = format!("subnet-{}{:02x}", &self.id["vpc-".len()..self.id.len() - 2], self.subnets.len());
        self.subnets.push(Subnet { id, cidr, zone: zone.to_owned() });
    }
}

impl World {
    /// Makes a VPC without subnets; returns its id.
    pub fn add_vpc(&mut self, scope: &Scope) -> String {
        let id = format!("vpc-0{:016x}", self.next_id());
        let vpc = Vpc { id: id.clone(), subnets: Vec::new() };
        self.region_mut(scope).vpcs.insert(id.clone(), vpc);
        id
    }

    /// Adds the subnet `cidr` of `zone` to the VPC `id`.
    pub fn add_subnet(&mut self, scope: &Scope, id: &str, cidr: &str, zone: &str) {
        let cidr = cidr.parse().unwrap_or_else(|_| panic!("{cidr} is no range"));
        self.vpc_mut(scope, id).add(cidr, zone);
    }

    /// The VPC `id`, to be changed.
    pub fn vpc_mut(&mut self, scope: &Scope, id: &str) -> &mut Vpc {
        let found = self.region_mut(scope).vpcs.get_mut(id);
        found.unwrap_or_else(|| panic!("no VPC {id} in {scope}"))
    }

    /// A VPC of `scope` that no cluster is in, made when first asked for.
    pub(crate) fn default_vpc(&mut self, scope: &Scope) -> String {
        if let Some(id) = &self.region_mut(scope).default_vpc {
            return id.clone();
        }
        let id = self.add_vpc(scope);
        for (zone, third) in scope.zones().iter().zip([0, 16, 32]) {
            self.add_subnet(scope, &id, &format!("172.31.{third}.0/20"), zone);
        }
        self.region_mut(scope).default_vpc = Some(id.clone());
        id
    }

    /// Gives every private one of `addresses` a subnet in the VPC `id`: a /24
    /// or /64 around it, unless there is one, the zones in turn.
    pub(crate) fn make_room(&mut self, scope: &Scope, id: &str, addresses: &[IpAddr]) {
        let zones = scope.zones();
        let vpc = self.vpc_mut(scope, id);
        for &address in addresses {
            if may_be_outside_a_vpc(address) && vpc.zone_of(address).is_none() {
                let zone = zones[vpc.subnets.len() % zones.len()].clone();
                vpc.add(subnet_around(address), &zone);
            }
        }
    }
}

/// The subnet around `address`.
fn subnet_around(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(v4) => Ipv4Net::new_assert(v4, 24).trunc().into(),
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 64).trunc().into(),
    }
}

/// Whether a target outside every VPC may have `address`: RFC 1918, RFC 6598,
/// and for IPv6 the unique local addresses.
pub(crate) fn may_be_outside_a_vpc(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || matches!(v4.octets(), [100, 64..=127, _, _]),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}
