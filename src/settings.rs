//! Reads the settings from the environment; nothing else does.
//!
//! A value that does not parse stops the start. It is never replaced by its
//! default: a misspelt network or policy would otherwise be found out in
//! production.

mod parse;

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use crate::model::{AddressSource, AllowedCidrs, TagSelector};
use crate::plan::Policy;

/// Everything an operator can set. The README's table is this struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `NLB_TAG`: the tags that select a load balancer. Default
    /// `eks-nlb-sync=enabled`.
    pub nlb_tag: TagSelector,
    /// `CLUSTER_NAME_TAG`: key of the tag that names the cluster. Default
    /// `cluster_name`.
    pub cluster_name_tag: String,
    /// `ADDRESS_SOURCE`: what decides which addresses are desired. Default `auto`.
    pub address_source: AddressSource,
    /// `ALLOW_INTERNET_FACING`: whether a load balancer that is not internal may
    /// get API servers' addresses. Default `false`.
    pub allow_internet_facing: bool,
    /// `CLUSTER_TAG`: the tag by which a cluster's owner consents; none if absent.
    pub cluster_tag: Option<TagSelector>,
    /// `SYNC_POLICY` and `MIN_HEALTHY_TARGETS`. Default `sync` and 2.
    pub policy: Policy,
    /// `DRY_RUN`: plan and report only. Default `false`.
    pub dry_run: bool,
    /// `ALLOWED_CIDRS`: where every desired address must lie. Default
    /// [`ALLOWED_CIDRS`].
    pub allowed_cidrs: AllowedCidrs,
    /// `DNS_SERVERS`: the name servers to ask, in this order, port 53 unless
    /// given; the system's if absent.
    pub dns_servers: Option<Vec<SocketAddr>>,
    /// `DNS_TIMEOUT_MS`: budget for resolving one host, all attempts included,
    /// in milliseconds. Default 5000.
    pub dns_timeout: Duration,
    /// `MAX_CONCURRENCY`: AWS calls in flight at once. Default
    /// [`MAX_CONCURRENCY`].
    pub max_concurrency: NonZeroU16,
    /// `METRICS_NAMESPACE`: CloudWatch namespace of the embedded metrics.
    /// Default `EksNlbSync`.
    pub metrics_namespace: String,
    /// Whether the operator chose how the SDK retries (`AWS_RETRY_MODE`,
    /// `AWS_MAX_ATTEMPTS`).
    pub sdk_retries: bool,
}

/// The private networks of RFC 1918, RFC 6598 and RFC 4193: what an IP target
/// may have, according to the ELB User Guide for Network Load Balancers.
pub const ALLOWED_CIDRS: &str = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7";

/// AWS calls in flight at once, unless set. With 20, 100 clusters take two thirds
/// as long again; with 128, a fifth less, but hardly less with a small function's
/// share of a core: see docs/performance.md.
pub const MAX_CONCURRENCY: u16 = 64;

/// A setting that does not parse.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}={value:?} is not {wanted}")]
pub struct InvalidSetting {
    /// The environment variable.
    pub variable: &'static str,
    /// Its value, as found.
    pub value: String,
    /// What it should be.
    pub wanted: &'static str,
}

/// Reads one variable of the process environment.
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    // A value that is not Unicode becomes text that no setting accepts.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

impl Settings {
    /// Reads the settings through `lookup`, which takes a variable's name:
    /// [`variable`], but in tests.
    ///
    /// # Errors
    ///
    /// The first setting that does not parse.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        const TAGS: &str = "key or key=value, comma separated";
        const COUNT: &str = "a whole number from 1 to 65535";
        let read = Reader(&lookup);
        Ok(Self {
            nlb_tag: read.or("NLB_TAG", "eks-nlb-sync=enabled", TAGS, parse::tag_selector)?,
            cluster_name_tag: read.or("CLUSTER_NAME_TAG", "cluster_name", "a tag key", parse::tag_key)?,
            address_source: read.or(
                "ADDRESS_SOURCE",
                "auto",
                "auto, dns, eni or dns+eni",
                parse::address_source,
            )?,
            allow_internet_facing: read.or(
                "ALLOW_INTERNET_FACING",
                "false",
                "true or false",
                parse::parsed,
            )?,
            cluster_tag: read.optional("CLUSTER_TAG", "key or key=value", parse::one_tag)?,
            policy: Policy {
                sync: read.or("SYNC_POLICY", "sync", "sync or add-only", parse::sync_policy)?,
                min_healthy: read.or("MIN_HEALTHY_TARGETS", "2", COUNT, parse::parsed)?,
            },
            dry_run: read.or("DRY_RUN", "false", "true or false", parse::parsed)?,
            allowed_cidrs: read.or(
                "ALLOWED_CIDRS",
                ALLOWED_CIDRS,
                "networks in CIDR notation, comma separated",
                parse::cidrs,
            )?,
            dns_servers: read.optional(
                "DNS_SERVERS",
                "ip or ip:port, comma separated",
                parse::name_servers,
            )?,
            dns_timeout: read.or("DNS_TIMEOUT_MS", "5000", "a positive number of milliseconds", parse::ms)?,
            max_concurrency: read
                .optional("MAX_CONCURRENCY", COUNT, parse::parsed)?
                .unwrap_or(const { NonZeroU16::new(MAX_CONCURRENCY).unwrap() }),
            metrics_namespace: read.or(
                "METRICS_NAMESPACE",
                "EksNlbSync",
                "a CloudWatch namespace",
                parse::namespace,
            )?,
            sdk_retries: lookup("AWS_RETRY_MODE").is_some() || lookup("AWS_MAX_ATTEMPTS").is_some(),
        })
    }
}

struct Reader<'a, L>(&'a L);

impl<L: Fn(&str) -> Option<String>> Reader<'_, L> {
    fn optional<T>(
        &self,
        variable: &'static str,
        wanted: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, InvalidSetting> {
        let Some(value) = (self.0)(variable) else { return Ok(None) };
        match parse(&value) {
            Some(setting) => Ok(Some(setting)),
            None => Err(InvalidSetting { variable, value, wanted }),
        }
    }

    fn or<T>(
        &self,
        variable: &'static str,
        default: &str,
        wanted: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, InvalidSetting> {
        let value = (self.0)(variable).unwrap_or_else(|| default.to_owned());
        parse(&value).ok_or(InvalidSetting { variable, value, wanted })
    }
}

#[cfg(test)]
mod tests;
