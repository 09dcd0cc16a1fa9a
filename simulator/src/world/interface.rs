//! Keeps network interfaces: the control planes', as EKS makes and removes them,
//! and others that tests add.
//!
//! # Rules
//!
//! 1. A cluster has an interface in its VPC for each of its API server's
//!    addresses, whether or not private access is on.
//! 2. When a cluster moves, the new ones are made at once; the old ones go
//!    [`World::interfaces_linger`] later, as do those of a deleted cluster.

use std::net::IpAddr;
use std::time::Duration;

use super::{Page, Refusal, Scope, Tags, World, parse_addresses};

/// Most interfaces EC2 puts in a page.
const MAX_PAGE: usize = 1_000;

/// The account whose instances EKS attaches its interfaces to.
pub const EKS_ACCOUNT: &str = "999988887777";

/// A network interface, as EC2 describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Where it is.
    pub scope: Scope,
    /// As in `eni-0123456789abcdef0`; [`World::add_interface`] chooses it.
    pub id: String,
    /// As in `Amazon EKS payments`.
    pub description: String,
    /// Its VPC.
    pub vpc: String,
    /// Its security groups.
    pub groups: Vec<String>,
    /// `in-use` or `available`.
    pub status: String,
    /// As in `interface`, `branch`, `trunk` or `nat_gateway`.
    pub kind: String,
    /// The account that owns the instance it is attached to; `None` if it is
    /// not attached.
    pub instance_owner: Option<String>,
    /// Its addresses, the primary one first.
    pub addresses: Vec<IpAddr>,
    /// Its tags. EKS's interfaces have no reliable ones.
    pub tags: Tags,
    /// When it will be gone.
    pub(crate) gone_at: Option<Duration>,
}

/// What DescribeNetworkInterfaces is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct InterfaceQuery<'a> {
    pub(crate) filters: Vec<(&'a str, Vec<&'a str>)>,
    pub(crate) size: Option<usize>,
    pub(crate) token: Option<&'a str>,
    pub(crate) includes_managed: bool,
}

impl World {
    /// An interface as EKS would make it for `cluster`, to be added.
    #[must_use]
    pub fn control_plane_interface(
        &self,
        cluster: &str,
        addresses: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> NetworkInterface {
        let found = self.cluster(cluster);
        NetworkInterface {
            scope: found.scope.clone(),
            id: String::new(),
            description: format!("Amazon EKS {}", found.name),
            vpc: found.vpc.clone().expect("a connected cluster has no interfaces"),
            groups: vec![found.security_group.clone()],
            status: "in-use".to_owned(),
            kind: "interface".to_owned(),
            instance_owner: Some(EKS_ACCOUNT.to_owned()),
            addresses: parse_addresses(addresses),
            tags: Tags::new(),
            gone_at: None,
        }
    }

    /// Adds an interface; returns its id.
    pub fn add_interface(&mut self, interface: NetworkInterface) -> String {
        let number = self.next_id();
        let id = format!("eni-0{number:016x}");
        let scope = interface.scope.clone();
        self.make_room(&scope, &interface.vpc, &interface.addresses);
        let interface = NetworkInterface { id: id.clone(), ..interface };
        self.region_mut(&scope).interfaces.insert(number, interface);
        id
    }

    /// Every interface of the home scope.
    pub fn interfaces(&self) -> impl Iterator<Item = &NetworkInterface> {
        self.region(&Scope::default()).into_iter().flat_map(|region| region.interfaces.values())
    }

    /// Removes every interface of the home scope that has `address`.
    pub fn remove_interfaces_at(&mut self, address: &str) {
        let address = parse_addresses([address]);
        let interfaces = &mut self.region_mut(&Scope::default()).interfaces;
        interfaces.retain(|_, interface| !interface.addresses.contains(&address[0]));
    }

    /// Makes the interfaces that are missing for the cluster's addresses, and
    /// schedules the removal of those of former addresses.
    pub(super) fn attach_control_plane(&mut self, cluster: &str) {
        let found = self.cluster(cluster);
        let (Some(vpc), scope) = (found.vpc.clone(), found.scope.clone()) else { return };
        let (group, wanted) = (found.security_group.clone(), found.addresses.clone());
        let gone_at = Some(self.now + self.interfaces_linger);
        let mut missing = wanted.clone();
        for interface in self.region_mut(&scope).interfaces.values_mut() {
            if interface.vpc != vpc || !interface.groups.contains(&group) {
                continue;
            }
            missing.retain(|address| !interface.addresses.contains(address));
            let stays = interface.addresses.iter().any(|address| wanted.contains(address));
            interface.gone_at = if stays { None } else { interface.gone_at.or(gone_at) };
        }
        // One interface has an address of each family.
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = missing.into_iter().partition(IpAddr::is_ipv4);
        for n in 0..v4.len().max(v6.len()) {
            let addresses = v4.get(n).into_iter().chain(v6.get(n)).map(ToString::to_string);
            let made = self.control_plane_interface(cluster, addresses);
            self.add_interface(made);
        }
    }

    /// DescribeNetworkInterfaces.
    pub(crate) fn describe_network_interfaces(
        &self,
        scope: &Scope,
        query: &InterfaceQuery<'_>,
    ) -> Result<Page<'_, NetworkInterface>, Refusal> {
        let invalid = |message: String| Refusal::new(400, "InvalidParameterValue", message);
        let size = match query.size {
            None => MAX_PAGE,
            Some(size @ 5..=MAX_PAGE) => size,
            Some(size) => {
                return Err(invalid(format!(
                    "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 \
                     and {MAX_PAGE}."
                )));
            }
        };
        for (name, _) in &query.filters {
            if !FILTERS.contains(name) {
                return Err(invalid(format!("The filter '{name}' is invalid")));
            }
        }
        let Some(region) = self.region(scope) else { return Ok(Page::empty()) };
        let hides_managed = self.hides_managed && !query.includes_managed;
        let wanted = |interface: &NetworkInterface| {
            let is_hidden = hides_managed && interface.instance_owner.as_deref() == Some(EKS_ACCOUNT);
            !is_hidden
                && query.filters.iter().all(|(name, patterns)| {
                    let values = interface.values_of(name);
                    patterns.iter().any(|pattern| values.iter().any(|value| matches(pattern, value)))
                })
        };
        let token = |_| invalid(format!("Invalid value '{}' for nextToken", query.token.unwrap_or_default()));
        Page::cut(&region.interfaces, size.min(self.page_cap), query.token, wanted).map_err(token)
    }
}

/// The filters that are known here.
const FILTERS: [&str; 6] =
    ["attachment.instance-owner-id", "description", "group-id", "interface-type", "status", "vpc-id"];

impl NetworkInterface {
    fn values_of(&self, filter: &str) -> Vec<&str> {
        match filter {
            "attachment.instance-owner-id" => self.instance_owner.as_deref().into_iter().collect(),
            "description" => vec![&self.description],
            "group-id" => self.groups.iter().map(String::as_str).collect(),
            "interface-type" => vec![&self.kind],
            "status" => vec![&self.status],
            "vpc-id" => vec![&self.vpc],
            _ => Vec::new(),
        }
    }
}

/// Whether a filter's value fits: `*` is any text, `?` any letter.
fn matches(pattern: &str, value: &str) -> bool {
    match (pattern.chars().next(), value.chars().next()) {
        (None, left) => left.is_none(),
        (Some('*'), left) => {
            matches(&pattern[1..], value)
                || left.is_some_and(|first| matches(pattern, &value[first.len_utf8()..]))
        }
        (Some(_), None) => false,
        (Some(wanted), Some(first)) => {
            (wanted == '?' || wanted == first)
                && matches(&pattern[wanted.len_utf8()..], &value[first.len_utf8()..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses that `cluster`'s interfaces have.
    fn addresses(world: &World, cluster: &str) -> Vec<String> {
        let of = format!("Amazon EKS {cluster}");
        let interfaces = world.interfaces().filter(|interface| interface.description == of);
        let mut addresses: Vec<_> = interfaces.flat_map(|i| &i.addresses).map(ToString::to_string).collect();
        addresses.sort();
        addresses
    }

    #[test]
    fn new_interfaces_come_first_and_old_ones_go_minutes_later() {
        let mut world = World::new();
        world.add_cluster("payments", ["10.0.1.10", "fd00::10", "10.0.2.11"]);
        assert_eq!(world.interfaces().count(), 2, "one has both families");

        world.interfaces_linger = Duration::from_mins(1);
        world.rotate("payments", ["10.0.1.20", "10.0.2.11"]);
        world.advance(Duration::from_secs(59));
        assert_eq!(addresses(&world, "payments"), ["10.0.1.10", "10.0.1.20", "10.0.2.11", "fd00::10"]);
        world.advance(Duration::from_secs(1));
        assert_eq!(addresses(&world, "payments"), ["10.0.1.20", "10.0.2.11"]);
    }

    #[test]
    fn a_cluster_made_anew_has_another_security_group_and_the_old_interfaces_linger() {
        let mut world = World::new();
        world.add_cluster("payments", ["10.0.1.10"]);
        let old = world.cluster("payments").security_group.clone();

        world.recreate_cluster("payments", ["10.0.1.20"]);
        assert_ne!(world.cluster("payments").security_group, old);
        assert_eq!(addresses(&world, "payments"), ["10.0.1.10", "10.0.1.20"]);
        world.advance(world.interfaces_linger);
        assert_eq!(addresses(&world, "payments"), ["10.0.1.20"]);
    }

    #[test]
    fn filters_take_wildcards() {
        for (pattern, value, fits) in [
            ("Amazon EKS *", "Amazon EKS payments", true),
            ("Amazon EKS *", "Amazon EKS ", true),
            ("Amazon EKS *", "amazon eks payments", false),
            ("Amazon EKS pay", "Amazon EKS payments", false),
            ("*EKS p?y*", "Amazon EKS payments", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, value), fits, "{pattern} {value}");
        }
    }
}
