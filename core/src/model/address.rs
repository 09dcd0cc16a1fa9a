//! Holds the addresses that a cluster's API servers have.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::Target;

/// The address family of a target group; ELB's `IpAddressType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A records, IPv4 targets.
    Ipv4,
    /// AAAA records, IPv6 targets.
    Ipv6,
}

impl Family {
    /// Whether `ip` is an address of this family.
    #[must_use]
    pub fn has(self, ip: IpAddr) -> bool {
        match self {
            Self::Ipv4 => ip.is_ipv4(),
            Self::Ipv6 => ip.is_ipv6(),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// What decides which addresses are desired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Source {
    /// DNS.
    #[serde(rename = "dns")]
    Dns,
    /// The network interfaces of the cluster's control plane.
    #[serde(rename = "eni")]
    Eni,
    /// Both: an address that both name is desired, and a target that neither
    /// names may be deregistered.
    #[serde(rename = "dns+eni")]
    DnsAndEni,
}

impl Source {
    /// The name in settings and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Eni => "eni",
            Self::DnsAndEni => "dns+eni",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The operator's choice of [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// Interfaces where they can be read, else DNS. DNS is resolved as well
    /// before a target is deregistered.
    Auto,
    /// This one, always.
    Fixed(Source),
}

impl AddressSource {
    /// Whether the network interfaces of the Region are listed.
    #[must_use]
    pub fn reads_interfaces(self) -> bool {
        self != Self::Fixed(Source::Dns)
    }
}

/// The networks in which every desired address must lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedCidrs(pub Vec<IpNet>);

impl AllowedCidrs {
    fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|cidr| cidr.contains(&ip))
    }
}

/// The desired addresses of one cluster in one family: at least one, all allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(BTreeSet<IpAddr>);

/// Why an answer holds no usable [`Addresses`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum InvalidAddresses {
    #[error("no address")]
    Empty,
    #[error("{0} is outside ALLOWED_CIDRS")]
    NotAllowed(IpAddr),
    #[error("{0} is outside ALLOWED_CIDRS, and others are not")]
    SomeNotAllowed(IpAddr),
}

impl Addresses {
    /// Takes the whole answer of a source, or refuses all of it.
    ///
    /// # Errors
    ///
    /// [`InvalidAddresses`] if the answer is empty or holds an address that is not
    /// allowed: one wrong address makes the whole answer suspect.
    pub fn new(
        answer: impl IntoIterator<Item = IpAddr>,
        allowed: &AllowedCidrs,
    ) -> Result<Self, InvalidAddresses> {
        let addresses: BTreeSet<IpAddr> = answer.into_iter().collect();
        if let Some(ip) = addresses.iter().find(|ip| !allowed.contains(**ip)) {
            let is_mixed = addresses.iter().any(|ip| allowed.contains(*ip));
            let invalid =
                if is_mixed { InvalidAddresses::SomeNotAllowed } else { InvalidAddresses::NotAllowed };
            return Err(invalid(*ip));
        }
        if addresses.is_empty() {
            return Err(InvalidAddresses::Empty);
        }
        Ok(Self(addresses))
    }

    /// The addresses in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.0.iter().copied()
    }

    /// The desired addresses where two sources must agree: what both name.
    /// `None` if they have none in common.
    #[must_use]
    pub fn agreed_with(&self, other: &Self) -> Option<Desired> {
        let addresses = Self(&self.0 & &other.0);
        let named_by_one = &self.0 ^ &other.0;
        let desired = Desired { addresses, source: Source::DnsAndEni, named_by_one, confirmed: true };
        (!desired.addresses.0.is_empty()).then_some(desired)
    }

    /// How many addresses there are: at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether `ip` is one of the addresses.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip)
    }

    /// Every address as a target on `port`.
    #[must_use]
    pub fn on_port(&self, port: u16) -> BTreeSet<Target> {
        self.iter().map(|ip| Target::new(ip, port)).collect()
    }
}

/// The desired addresses of one cluster in one family, and how sure they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// The addresses to be in service.
    pub addresses: Addresses,
    /// The source that decided.
    pub source: Source,
    /// Addresses that only one of two sources names: their targets are not
    /// deregistered.
    pub named_by_one: BTreeSet<IpAddr>,
    /// Whether every source that must agree before a target is deregistered
    /// has answered.
    pub confirmed: bool,
}

impl Desired {
    /// The addresses of the only source that is configured.
    #[must_use]
    pub fn by(source: Source, addresses: Addresses) -> Self {
        Self { addresses, source, named_by_one: BTreeSet::new(), confirmed: true }
    }

    /// The same once the source that did not decide has named `others`.
    #[must_use]
    pub fn confirmed_by(&self, others: impl IntoIterator<Item = IpAddr>) -> Self {
        let others = others.into_iter().filter(|ip| !self.addresses.contains(*ip));
        Self { named_by_one: others.collect(), confirmed: true, ..self.clone() }
    }

    /// The same while the source that did not decide has failed.
    #[must_use]
    pub fn unconfirmed(&self) -> Self {
        Self { confirmed: false, ..self.clone() }
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, ip) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{ip}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn addresses_are_some_and_all_allowed() {
        let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap(), "fc00::/7".parse().unwrap()]);
        let addresses =
            |answer: &[&str]| Addresses::new(answer.iter().map(|ip| ip.parse().unwrap()), &allowed);

        assert!(addresses(&["10.0.0.1", "10.255.255.255", "fd00::1"]).is_ok());
        assert_eq!(addresses(&[]), Err(InvalidAddresses::Empty));
        for hostile in
            ["9.255.255.255", "11.0.0.0", "127.0.0.1", "169.254.169.254", "52.16.1.1", "::ffff:10.0.0.1"]
        {
            let ip = hostile.parse().unwrap();
            assert_eq!(
                addresses(&["10.0.0.1", hostile]),
                Err(InvalidAddresses::SomeNotAllowed(ip)),
                "{hostile}"
            );
            assert_eq!(addresses(&[hostile]), Err(InvalidAddresses::NotAllowed(ip)), "{hostile}");
        }
    }

    #[test]
    fn two_sources_agree_on_what_both_name() {
        let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().unwrap()]);
        let addresses = |last: &[u8]| {
            Addresses::new(last.iter().map(|last| IpAddr::from([10, 0, 0, *last])), &allowed).unwrap()
        };
        let ips = |last: &[u8]| last.iter().map(|last| IpAddr::from([10, 0, 0, *last])).collect();

        let agreed = |ours: &[u8], theirs: &[u8]| addresses(ours).agreed_with(&addresses(theirs));
        let desired = |both, one| {
            let by_both = Desired::by(Source::DnsAndEni, addresses(both));
            Some(Desired { named_by_one: ips(one), ..by_both })
        };
        assert_eq!(agreed(&[1, 2], &[1, 2]), desired(&[1, 2], &[]));
        assert_eq!(agreed(&[1, 2], &[2, 3, 4]), desired(&[2], &[1, 3, 4]));
        assert_eq!(agreed(&[1, 2], &[3, 4]), None);
    }
}
