//! The nouns of the function as validated types; knows no SDK, resolver or log.
//!
//! Whatever arrives from a tag, from EKS or from DNS is somebody else's text
//! until one of these types has taken it. In particular [`Addresses`] cannot
//! be empty and cannot hold an address outside [`AllowedCidrs`], so neither
//! an empty nor a public DNS answer can reach the planner.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// Names an EKS cluster: `^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`.
///
/// Source: EKS API Reference, *CreateCluster*, `name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClusterName(String);

impl ClusterName {
    /// The longest name EKS gives, in characters.
    const MAX_LEN: usize = 100;

    /// The name as EKS spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no EKS cluster name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an EKS cluster name")]
pub struct InvalidClusterName(pub String);

impl FromStr for ClusterName {
    type Err = InvalidClusterName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let valid = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.len() <= Self::MAX_LEN
            && text.chars().all(allowed);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidClusterName(text.to_owned())) }
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of a load balancer, as ELB gave it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LoadBalancerArn(pub String);

/// The ARN of a target group, as ELB gave it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TargetGroupArn(pub String);

impl fmt::Display for LoadBalancerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TargetGroupArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tags of one resource, by key.
pub type Tags = BTreeMap<String, String>;

/// The address family of a target group; ELB's `IpAddressType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A records, IPv4 targets.
    Ipv4,
    /// AAAA records, IPv6 targets.
    Ipv6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// One target group of one managed network load balancer, with its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// The load balancer that carries the selecting tag.
    pub load_balancer: LoadBalancerArn,
    /// The target group to keep.
    pub target_group: TargetGroupArn,
    /// The port that every desired target has.
    pub port: u16,
    /// The family of address that the target group takes.
    pub family: Family,
    /// The VPC of the target group.
    pub vpc: Option<String>,
    /// The cluster whose API the load balancer fronts.
    pub cluster: ClusterName,
}

/// The host part of an API endpoint's URL: a DNS name of at least two labels.
///
/// EKS's names end in many ways (`.eks.amazonaws.com`, `.api.aws`, other
/// partitions), so a name is checked for its form and never for its suffix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Host(String);

impl Host {
    /// The name as EKS spells it, without a trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no `https` URL with a DNS name as its host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an https URL with a DNS name as its host")]
pub struct InvalidEndpoint(pub String);

impl Host {
    /// Takes the host out of the URL that EKS calls a cluster's `endpoint`.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] for anything that is not `https` with a DNS name. A
    /// user before the name (`https://a.example@b.example`) is there to deceive,
    /// and a name that ends in a number is an address to some.
    pub fn from_endpoint(url: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(url.to_owned());
        let uri: http::Uri = url.parse().map_err(|_| invalid())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(invalid)?;
        let host = authority.host();
        let after = authority.as_str().strip_prefix(host).ok_or_else(invalid)?;
        let is_port = after.is_empty() || authority.port_u16().is_some();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let is_name = host.len() <= 253 && host.split('.').count() >= 2 && host.split('.').all(is_label);
        // Top-level domains begin with a letter.
        let is_number =
            host.rsplit('.').next().is_some_and(|tld| tld.starts_with(|c: char| c.is_ascii_digit()));
        if is_name && is_port && !is_number { Ok(Self(host.to_owned())) } else { Err(invalid()) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a cluster's API is served from: its private endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiEndpoint {
    /// The name that DNS resolves to the API servers' addresses.
    pub host: Host,
    /// The VPC that holds these addresses.
    pub vpc: Option<String>,
}

/// The networks in which every resolved address must lie.
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
}

impl Addresses {
    /// Takes a whole DNS answer, or nothing of it.
    ///
    /// # Errors
    ///
    /// [`InvalidAddresses`] if there is no address, or the first that is not
    /// allowed: one address that is wrong makes the whole answer suspect.
    pub fn new(
        answer: impl IntoIterator<Item = IpAddr>,
        allowed: &AllowedCidrs,
    ) -> Result<Self, InvalidAddresses> {
        let addresses: BTreeSet<IpAddr> = answer.into_iter().collect();
        if let Some(ip) = addresses.iter().find(|ip| !allowed.contains(**ip)) {
            return Err(InvalidAddresses::NotAllowed(*ip));
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

    /// Every address as a target on `port`.
    #[must_use]
    pub fn on_port(&self, port: u16) -> BTreeSet<Target> {
        self.iter().map(|ip| Target::new(ip, port)).collect()
    }
}

/// One target: an address *and* a port.
///
/// Shown as `10.0.1.10:443` or `[fd00::1]:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target(SocketAddr);

impl Target {
    /// The target at `ip` on `port`.
    #[must_use]
    pub fn new(ip: IpAddr, port: u16) -> Self {
        Self(SocketAddr::new(ip, port))
    }

    /// ELB's `Id`.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.0.ip()
    }

    /// ELB's `Port`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What ELB says of a registered target; a target it does not list is absent.
///
/// Source: ELB API Reference, *TargetHealth*, `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetState {
    /// Registered, first checks under way.
    Initial,
    /// Passing its checks.
    Healthy,
    /// Failing its checks; ELB's `unhealthy.draining` is this too, for such a
    /// target is registered and only its connections are being drained.
    Unhealthy,
    /// Registered where the load balancer sends nothing: its zone is not
    /// enabled, or the target group has no listener.
    Unused,
    /// Deregistered, finishing its connections.
    Draining,
    /// Not checked.
    Unavailable,
    /// A state that this version does not know.
    Unknown,
}

impl TargetState {
    /// Registered and not draining, whatever its health.
    #[must_use]
    pub fn is_in_service(self) -> bool {
        self != Self::Draining
    }

    /// Whether new connections may reach it; when unsure, yes.
    #[must_use]
    pub fn may_serve(self) -> bool {
        match self {
            Self::Initial | Self::Healthy | Self::Unavailable | Self::Unknown => true,
            Self::Unhealthy | Self::Unused | Self::Draining => false,
        }
    }
}

/// The current targets of one target group.
pub type Targets = BTreeMap<Target, TargetState>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_name_is_what_eks_would_give() {
        let longest = "a".repeat(100);
        for valid in ["a", "9", "payments", "pay-ments_2", "A-", &longest] {
            assert!(valid.parse::<ClusterName>().is_ok(), "{valid}");
        }
        let too_long = "a".repeat(101);
        for invalid in ["", "-a", "_a", "a b", "a/b", "a.b", "../a", "ä", "a\n", "a\0", "a%2f", &too_long] {
            assert!(invalid.parse::<ClusterName>().is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn an_endpoint_is_https_with_a_dns_name() {
        for (url, host) in [
            ("https://ABC.gr7.eu-west-1.eks.amazonaws.com", "ABC.gr7.eu-west-1.eks.amazonaws.com"),
            ("https://abc.eu-west-1.eks.amazonaws.com/", "abc.eu-west-1.eks.amazonaws.com"),
            ("https://abc.eks-cluster.eu-west-1.api.aws:443", "abc.eks-cluster.eu-west-1.api.aws"),
        ] {
            assert_eq!(Host::from_endpoint(url).map(|h| h.to_string()), Ok(host.to_owned()), "{url}");
        }
        let long_label = format!("https://{}.example", "a".repeat(64));
        for invalid in [
            "",
            "abc.example",
            "http://abc.example",
            "https://",
            "https://localhost",
            "https://10.0.0.1",
            "https://[fd00::1]",
            "https://127.1",
            "https://1.2.3.0x4",
            "https://a.example@b.example",
            "https://a.example:99999",
            "https://a..example",
            "https://a_b.example",
            "https://a b.example",
            &long_label,
        ] {
            assert!(Host::from_endpoint(invalid).is_err(), "{invalid:?}");
        }
    }

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
            assert_eq!(addresses(&["10.0.0.1", hostile]), Err(InvalidAddresses::NotAllowed(ip)), "{hostile}");
        }
    }
}
