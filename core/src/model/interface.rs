//! Recognises the network interfaces of EKS control planes.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::{ApiEndpoint, ClusterName, Family};

/// What EKS puts before the cluster's name in an interface's description.
///
/// Source: EKS User Guide, *Amazon EKS networking requirements*.
pub const DESCRIPTION_PREFIX: &str = "Amazon EKS ";

/// A network interface, as EC2 describes it. A field that EC2 omits is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// As in `Amazon EKS payments`.
    pub description: String,
    /// As in `interface`, `branch` or `nat_gateway`.
    pub kind: String,
    /// As in `in-use` or `available`.
    pub status: String,
    /// Its VPC.
    pub vpc: String,
    /// Its security groups.
    pub security_groups: BTreeSet<String>,
    /// The account that it is in.
    pub owner: String,
    /// The account of the instance that it is attached to.
    pub instance_owner: String,
    /// Its primary IPv4 address and its IPv6 addresses.
    pub addresses: BTreeSet<IpAddr>,
}

impl Interface {
    /// Whether it leads to the API server of `cluster`.
    ///
    /// A principal that may create interfaces chooses their description and
    /// security groups. The cluster's own security group distinguishes it from
    /// another cluster of the same name, and only AWS can attach an interface
    /// to an instance of another account.
    #[must_use]
    pub fn is_of(&self, cluster: &ClusterName, endpoint: &ApiEndpoint) -> bool {
        self.description.strip_prefix(DESCRIPTION_PREFIX) == Some(cluster.as_str())
            && self.kind == "interface"
            && self.status == "in-use"
            && endpoint.vpc.as_ref() == Some(&self.vpc)
            && endpoint.security_group.as_ref().is_some_and(|group| self.security_groups.contains(group))
            && !self.owner.is_empty()
            && !self.instance_owner.is_empty()
            && self.instance_owner != self.owner
    }
}

/// The interfaces of a Region by the cluster that their description names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces(BTreeMap<String, Vec<Interface>>);

impl Interfaces {
    /// The addresses in `family` of each interface that leads to the API
    /// server of `cluster` and has one.
    #[must_use]
    pub fn addresses(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Vec<BTreeSet<IpAddr>> {
        let named = self.0.get(cluster.as_str()).into_iter().flatten();
        let own = named.filter(|interface| interface.is_of(cluster, endpoint));
        let addresses = own.map(|own| own.addresses.iter().copied().filter(|ip| family.has(*ip)).collect());
        addresses.filter(|addresses: &BTreeSet<_>| !addresses.is_empty()).collect()
    }
}

impl FromIterator<Interface> for Interfaces {
    fn from_iter<T: IntoIterator<Item = Interface>>(interfaces: T) -> Self {
        let mut by_cluster: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for interface in interfaces {
            if let Some(name) = interface.description.strip_prefix(DESCRIPTION_PREFIX) {
                by_cluster.entry(name.to_owned()).or_default().push(interface);
            }
        }
        Self(by_cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> ApiEndpoint {
        ApiEndpoint {
            host: "abc.gr7.eu-west-1.eks.amazonaws.com".parse().unwrap(),
            vpc: Some("vpc-own".to_owned()),
            security_group: Some("sg-own".to_owned()),
        }
    }

    fn own() -> Interface {
        Interface {
            description: "Amazon EKS payments".to_owned(),
            kind: "interface".to_owned(),
            status: "in-use".to_owned(),
            vpc: "vpc-own".to_owned(),
            security_groups: ["sg-own", "sg-more"].map(str::to_owned).into(),
            owner: "111122223333".to_owned(),
            instance_owner: "999988887777".to_owned(),
            addresses: ["10.0.1.10", "fd00:1::10"].map(|ip| ip.parse().unwrap()).into(),
        }
    }

    #[test]
    fn a_look_alike_is_refused() {
        let cluster = "payments".parse().unwrap();
        assert!(own().is_of(&cluster, &endpoint()));
        let text = str::to_owned;
        #[rustfmt::skip]
        let look_alikes = [
            ("another cluster's",                 Interface { description: text("Amazon EKS payments-2"), ..own() }),
            ("one whose name only begins so",     Interface { description: text("Amazon EKS pay"), ..own() }),
            ("more text behind the name",         Interface { description: text("Amazon EKS payments "), ..own() }),
            ("more text before the name",         Interface { description: text("aws: Amazon EKS payments"), ..own() }),
            ("other letters",                     Interface { description: text("Amazon EKS Payments"), ..own() }),
            ("no name",                           Interface { description: text("Amazon EKS "), ..own() }),
            ("no description",                    Interface { description: String::new(), ..own() }),
            ("a pod's branch interface",          Interface { kind: text("branch"), ..own() }),
            ("a node's trunk interface",          Interface { kind: text("trunk"), ..own() }),
            ("a load balancer's",                 Interface { kind: text("network_load_balancer"), ..own() }),
            ("no type",                           Interface { kind: String::new(), ..own() }),
            ("one that is left behind",           Interface { status: text("available"), ..own() }),
            ("one that is being attached",        Interface { status: text("pending"), ..own() }),
            ("no status",                         Interface { status: String::new(), ..own() }),
            ("another VPC's",                     Interface { vpc: text("vpc-other"), ..own() }),
            ("no VPC",                            Interface { vpc: String::new(), ..own() }),
            ("an earlier cluster's of that name", Interface { security_groups: [text("sg-old")].into(), ..own() }),
            ("no security group",                 Interface { security_groups: BTreeSet::new(), ..own() }),
            ("one on the account's own instance", Interface { instance_owner: own().owner, ..own() }),
            ("one on no instance",                Interface { instance_owner: String::new(), ..own() }),
            ("nobody's",                          Interface { owner: String::new(), ..own() }),
        ];
        for (kind, look_alike) in look_alikes {
            assert!(!look_alike.is_of(&cluster, &endpoint()), "{kind}");
            let beside = Interfaces::from_iter([own(), look_alike]);
            assert_eq!(beside.addresses(&cluster, &endpoint(), Family::Ipv4).len(), 1, "{kind}");
        }
    }

    #[test]
    fn without_vpc_or_security_group_of_its_own_a_cluster_has_no_interface() {
        let cluster = "payments".parse().unwrap();
        for unknown in
            [ApiEndpoint { vpc: None, ..endpoint() }, ApiEndpoint { security_group: None, ..endpoint() }]
        {
            assert!(!own().is_of(&cluster, &unknown));
            let nameless = Interface { vpc: String::new(), security_groups: [String::new()].into(), ..own() };
            assert!(!nameless.is_of(&cluster, &unknown));
        }
    }

    #[test]
    fn two_addresses_of_one_interface_are_one_interface() {
        let cluster = "payments".parse().unwrap();
        let two =
            Interface { addresses: ["10.0.1.10", "10.0.1.99"].map(|ip| ip.parse().unwrap()).into(), ..own() };
        let interfaces = Interfaces::from_iter([two]);

        let addresses = interfaces.addresses(&cluster, &endpoint(), Family::Ipv4);
        assert_eq!(addresses.iter().map(BTreeSet::len).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn an_interface_without_an_address_of_the_family_is_none() {
        let cluster = "payments".parse().unwrap();
        let v4 = Interface { addresses: ["10.0.2.11".parse().unwrap()].into(), ..own() };
        let interfaces = Interfaces::from_iter([own(), v4]);

        let of = |family| interfaces.addresses(&cluster, &endpoint(), family);
        assert_eq!(
            of(Family::Ipv4),
            [["10.0.1.10".parse().unwrap()].into(), ["10.0.2.11".parse().unwrap()].into()]
        );
        assert_eq!(of(Family::Ipv6), [["fd00:1::10".parse().unwrap()].into()]);
    }
}
