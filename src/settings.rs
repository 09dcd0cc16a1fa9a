//! Reads the settings from the environment; nothing else does.
//!
//! A value that does not parse stops the start. It is never replaced by its
//! default: a misspelt network or policy would otherwise be found out in
//! production.

mod parse;

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use crate::model::{AddressSource, AllowedCidrs, TagSelector};
use crate::plan::Policy;

/// Everything an operator can set; [`SETTINGS`] says what each means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `NLB_TAG`.
    pub nlb_tag: TagSelector,
    /// `CLUSTER_NAME_TAG`.
    pub cluster_name_tag: String,
    /// `ADDRESS_SOURCE`.
    pub address_source: AddressSource,
    /// `ALLOW_INTERNET_FACING`.
    pub allow_internet_facing: bool,
    /// `CLUSTER_TAG`.
    pub cluster_tag: Option<TagSelector>,
    /// `SYNC_POLICY` and `MIN_HEALTHY_TARGETS`.
    pub policy: Policy,
    /// `DRY_RUN`.
    pub dry_run: bool,
    /// `ALLOWED_CIDRS`.
    pub allowed_cidrs: AllowedCidrs,
    /// `DNS_SERVERS`.
    pub dns_servers: Option<Vec<SocketAddr>>,
    /// `DNS_TIMEOUT_MS`.
    pub dns_timeout: Duration,
    /// `MAX_CONCURRENCY`.
    pub max_concurrency: NonZeroU16,
    /// `METRICS_NAMESPACE`.
    pub metrics_namespace: String,
    /// What the operator set of the SDK's retries.
    pub sdk_retries: SdkRetries,
}

/// The SDK's variables for retries that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SdkRetries {
    /// `AWS_RETRY_MODE`.
    pub mode: bool,
    /// `AWS_MAX_ATTEMPTS`.
    pub attempts: bool,
}

/// One environment variable, for parsing, flags and documentation.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub variable: &'static str,
    /// Its default value. `None` if the default is to have no value.
    pub default: Option<&'static str>,
    /// The values that it accepts, for error messages.
    pub wanted: &'static str,
    /// The name of its value in help texts.
    pub value_name: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// What it means, as docs/reference.md has it.
    pub meaning: &'static str,
    /// Whether two have the same value of it.
    pub is_same: fn(&Settings, &Settings) -> bool,
}

/// Declares a constant for each setting, and all of them as [`SETTINGS`]. Its
/// documentation is what docs/reference.md says about it.
macro_rules! settings {
    ($(
        $(#[doc = $meaning:literal])+
        $NAME:ident: $($field:ident).+ = $default:expr, $wanted:literal, $value_name:literal, $help:literal;
    )*) => {
        $($(#[doc = $meaning])+ const $NAME: Setting = Setting {
            variable: stringify!($NAME),
            default: $default,
            wanted: $wanted,
            value_name: $value_name,
            help: $help,
            meaning: concat!($($meaning),+),
            is_same: |one, other| one.$($field).+ == other.$($field).+,
        };)*

        /// Every setting, as docs/reference.md orders them.
        pub const SETTINGS: &[Setting] = &[$($NAME,)*];
    };
}

settings! {
    /// `key` or `key=value`; several separated by commas must all match.
    NLB_TAG: nlb_tag = Some("eks-nlb-sync=enabled"), "key or key=value, comma separated",
        "KEY[=VALUE],…", "Tags that select a load balancer";
    /// Key of the tag, on target group or NLB, that holds the cluster name.
    CLUSTER_NAME_TAG: cluster_name_tag = Some("cluster_name"), "a tag key",
        "KEY", "Tag that holds the cluster name";
    /// `auto`: the control plane's network interfaces where at least two of the cluster's can be read, else
    /// what DNS names. Before a target is deregistered, DNS is queried too: an address that DNS still names stays,
    /// and without an answer no target is deregistered. `dns`: DNS alone. `eni`: interfaces alone. `dns+eni`: an
    /// address in both is registered, one in neither may be deregistered.
    ADDRESS_SOURCE: address_source = Some("auto"), "auto, dns, eni or dns+eni",
        "SOURCE", "What decides which addresses are desired: auto, dns, eni or dns+eni";
    /// Whether a load balancer that is not internal may get API servers' addresses.
    ALLOW_INTERNET_FACING: allow_internet_facing = Some("false"), "true or false",
        "BOOL", "Whether a load balancer that is not internal may get API servers";
    /// `key` or `key=value` that the EKS cluster itself must carry: the consent of the cluster's owner, in
    /// addition to the load balancer's.
    CLUSTER_TAG: cluster_tag = None, "key or key=value",
        "KEY[=VALUE]", "Tag that the EKS cluster itself must carry";
    /// `sync` registers and deregisters; `add-only` never deregisters.
    SYNC_POLICY: policy.sync = Some("sync"), "sync or add-only",
        "POLICY", "sync, or add-only: never deregister";
    /// Plan and report, write nothing; an event may turn it on, never off.
    DRY_RUN: dry_run = Some("false"), "true or false",
        "BOOL", "Plan and report, write nothing";
    /// Healthy desired targets required before a stale target that may serve is deregistered. If the load
    /// balancer uses fewer desired targets than this, their number is required instead. A source that names one
    /// address does not lower it below 2, because EKS has at least two API servers: nothing is then deregistered
    /// unless the setting is 1.
    MIN_HEALTHY_TARGETS: policy.min_healthy = Some("2"), "a whole number from 1 to 65535",
        "N", "Healthy desired targets required before a stale one is deregistered";
    /// Every resolved address must lie in one of these.
    // The private networks of RFC 1918, RFC 6598 and RFC 4193: what an IP target may
    // have, by the ELB User Guide for Network Load Balancers.
    ALLOWED_CIDRS: allowed_cidrs = Some("10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"),
        "networks in CIDR notation, comma separated",
        "CIDR,…", "Networks in which every address must lie";
    /// `ip` or `ip:port`, comma separated; IPv6 with a port in brackets. Queried in this order: the first
    /// answer decides, NXDOMAIN included; a server that is silent or fails is skipped.
    DNS_SERVERS: dns_servers = None, "ip or ip:port, comma separated",
        "IP[:PORT],…", "Name servers to query; the system's if not set";
    /// Budget for resolving one host, all attempts included, in milliseconds.
    DNS_TIMEOUT_MS: dns_timeout = Some("5000"), "a positive number of milliseconds",
        "MS", "Budget for resolving one host, in milliseconds";
    /// AWS calls in flight at once.
    // With 20, 100 clusters take two thirds as long again; with 128, a fifth less,
    // but hardly less with a small function's share of a core: docs/performance.md.
    MAX_CONCURRENCY: max_concurrency = Some("64"), "a whole number from 1 to 65535",
        "N", "AWS calls in flight at once";
    /// CloudWatch namespace of the embedded metrics.
    METRICS_NAMESPACE: metrics_namespace = Some("EksNlbSync"), "a CloudWatch namespace",
        "NAME", "CloudWatch namespace of the metrics";
}

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
        let read = Reader(&lookup);
        Ok(Self {
            nlb_tag: read.or_default(NLB_TAG, parse::tag_selector)?,
            cluster_name_tag: read.or_default(CLUSTER_NAME_TAG, parse::tag_key)?,
            address_source: read.or_default(ADDRESS_SOURCE, parse::address_source)?,
            allow_internet_facing: read.or_default(ALLOW_INTERNET_FACING, parse::parsed)?,
            cluster_tag: read.optional(CLUSTER_TAG, parse::one_tag)?,
            policy: Policy {
                sync: read.or_default(SYNC_POLICY, parse::sync_policy)?,
                min_healthy: read.or_default(MIN_HEALTHY_TARGETS, parse::parsed)?,
            },
            dry_run: read.or_default(DRY_RUN, parse::parsed)?,
            allowed_cidrs: read.or_default(ALLOWED_CIDRS, parse::cidrs)?,
            dns_servers: read.optional(DNS_SERVERS, parse::name_servers)?,
            dns_timeout: read.or_default(DNS_TIMEOUT_MS, parse::ms)?,
            max_concurrency: read.or_default(MAX_CONCURRENCY, parse::parsed)?,
            metrics_namespace: read.or_default(METRICS_NAMESPACE, parse::namespace)?,
            sdk_retries: sdk_retries(&lookup)?,
        })
    }
}

/// Checks the SDK's variables of which a malformed value would make it panic, or call
/// an endpoint without FIPS or dual-stack.
fn sdk_retries(lookup: impl Fn(&str) -> Option<String>) -> Result<SdkRetries, InvalidSetting> {
    let is_set = |variable, wanted, parses: fn(&str) -> bool| match lookup(variable) {
        Some(value) if !parses(&value) => Err(InvalidSetting { variable, value, wanted }),
        value => Ok(value.is_some()),
    };
    let is_bool = |text: &str| ["true", "false", ""].iter().any(|word| text.eq_ignore_ascii_case(word));
    is_set("AWS_USE_FIPS_ENDPOINT", "true or false", is_bool)?;
    is_set("AWS_USE_DUALSTACK_ENDPOINT", "true or false", is_bool)?;
    let is_mode =
        |text: &str| ["standard", "adaptive"].iter().any(|mode| text.trim().eq_ignore_ascii_case(mode));
    let mode = is_set("AWS_RETRY_MODE", "standard or adaptive", is_mode)?;
    let is_count = |text: &str| text.parse::<NonZeroU32>().is_ok();
    let attempts = is_set("AWS_MAX_ATTEMPTS", "a whole number from 1", is_count)?;
    Ok(SdkRetries { mode, attempts })
}

struct Reader<'a, L>(&'a L);

impl<L: Fn(&str) -> Option<String>> Reader<'_, L> {
    /// The value that is set.
    fn optional<T>(
        &self,
        setting: Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, InvalidSetting> {
        (self.0)(setting.variable).map(|value| checked(setting, value, parse)).transpose()
    }

    /// The value that is set, or the default.
    fn or_default<T>(
        &self,
        setting: Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, InvalidSetting> {
        let default = || setting.default.unwrap_or_default().to_owned();
        checked(setting, (self.0)(setting.variable).unwrap_or_else(default), parse)
    }
}

fn checked<T>(
    setting: Setting,
    value: String,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, InvalidSetting> {
    let Setting { variable, wanted, .. } = setting;
    parse(&value).ok_or(InvalidSetting { variable, value, wanted })
}

#[cfg(test)]
mod tests;
