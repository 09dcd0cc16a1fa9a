//! Names EKS clusters and the hosts of their API endpoints.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::Serialize;

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

/// The text is not an EKS cluster name.
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

/// The text is not a DNS name of at least two labels.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a DNS name")]
pub struct InvalidHost(pub String);

impl FromStr for Host {
    type Err = InvalidHost;

    /// Refuses a name whose last label begins with a digit: some resolvers take
    /// it for an address, and top-level domains begin with a letter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let is_name = text.len() <= 253 && text.split('.').count() >= 2 && text.split('.').all(is_label);
        let is_number =
            text.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        if is_name && !is_number { Ok(Self(text.to_owned())) } else { Err(InvalidHost(text.to_owned())) }
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
    /// The security group that EKS made for the cluster: the control plane's
    /// network interfaces are in it.
    pub security_group: Option<String>,
}

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
    fn a_host_is_a_dns_name() {
        for name in ["ABC.gr7.eu-west-1.eks.amazonaws.com", "abc.eks-cluster.eu-west-1.api.aws"] {
            assert_eq!(name.parse::<Host>().map(|host| host.0), Ok(name.to_owned()));
        }
        let long_label = std::format!("{}.example", "a".repeat(64));
        for invalid in [
            "",
            "localhost",
            "10.0.0.1",
            "127.1",
            "1.2.3.0x4",
            "a..example",
            "a_b.example",
            "a.example.",
            &long_label,
        ] {
            assert!(invalid.parse::<Host>().is_err(), "{invalid:?}");
        }
    }
}
