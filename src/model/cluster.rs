//! Names EKS clusters and the hosts of their API endpoints.

use std::fmt;
use std::str::FromStr;

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
    /// and some resolvers take a name that ends in a number for an address.
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
}
