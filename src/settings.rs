//! Reads the settings from the environment, and nobody else does.
//!
//! A value that does not parse stops the start. It is never replaced by its
//! default: a misspelt network or policy would otherwise be found out in
//! production.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::filter::{LevelFilter, Targets as LogTargets};

use crate::model::{AllowedCidrs, Tags};
use crate::plan::{Policy, SyncPolicy};

/// Everything an operator can set. The README's table is this struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `NLB_TAG`: the tags that select a load balancer. Default
    /// `eks-nlb-sync=enabled`.
    pub nlb_tag: TagSelector,
    /// `CLUSTER_NAME_TAG`: key of the tag that names the cluster. Default
    /// `cluster_name`.
    pub cluster_name_tag: String,
    /// `SYNC_POLICY` and `MIN_HEALTHY_TARGETS`. Default `sync` and 1.
    pub policy: Policy,
    /// `DRY_RUN`: plan and report only. Default `false`.
    pub dry_run: bool,
    /// `ALLOWED_CIDRS`: where every resolved address must lie. Default
    /// [`ALLOWED_CIDRS`].
    pub allowed_cidrs: AllowedCidrs,
    /// `DNS_SERVERS`: the name servers to ask, port 53 unless given; the
    /// system's if absent.
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

/// AWS calls in flight at once, unless set. Fewer do not reach half a second
/// for 100 clusters, more only knock at ELB's token buckets: see
/// docs/performance.md.
pub const MAX_CONCURRENCY: u16 = 20;

/// Tags that must all match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagSelector(Vec<(String, Option<String>)>);

impl TagSelector {
    /// Whether every tag is there, with its value where one is asked for.
    #[must_use]
    pub fn matches(&self, tags: &Tags) -> bool {
        self.0.iter().all(|(key, wanted)| match (tags.get(key), wanted) {
            (Some(value), Some(wanted)) => value == wanted,
            (Some(_), None) => true,
            (None, _) => false,
        })
    }
}

impl fmt::Display for TagSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match value {
                Some(value) => write!(f, "{comma}{key}={value}")?,
                None => write!(f, "{comma}{key}")?,
            }
        }
        Ok(())
    }
}

/// How log lines are written. Lambda's own controls, so a value that Lambda
/// would not set is none of ours to refuse.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `RUST_LOG`, else `AWS_LAMBDA_LOG_LEVEL`, else INFO.
    pub filter: LogTargets,
    /// `AWS_LAMBDA_LOG_FORMAT=JSON`.
    pub json: bool,
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

#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
fn from_env(name: &str) -> Option<String> {
    // A value that is not Unicode is kept as text that no setting accepts.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

impl Settings {
    /// Reads the process environment.
    ///
    /// # Errors
    ///
    /// The first setting that does not parse.
    pub fn from_env() -> Result<Self, InvalidSetting> {
        Self::from_lookup(from_env)
    }

    /// Reads the settings through `lookup`, which takes a variable's name.
    ///
    /// # Errors
    ///
    /// The first setting that does not parse.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let read = Reader(&lookup);
        Ok(Self {
            nlb_tag: read.or(
                "NLB_TAG",
                "eks-nlb-sync=enabled",
                "key or key=value, comma separated",
                tag_selector,
            )?,
            cluster_name_tag: read.or("CLUSTER_NAME_TAG", "cluster_name", "a tag key", tag_key)?,
            policy: Policy {
                sync: read.or("SYNC_POLICY", "sync", "sync or add-only", sync_policy)?,
                min_healthy: read.or("MIN_HEALTHY_TARGETS", "1", "a whole number from 1 to 65535", parsed)?,
            },
            dry_run: read.or("DRY_RUN", "false", "true or false", parsed)?,
            allowed_cidrs: read.or(
                "ALLOWED_CIDRS",
                ALLOWED_CIDRS,
                "networks in CIDR notation, comma separated",
                cidrs,
            )?,
            dns_servers: read
                .optional("DNS_SERVERS", "ip or ip:port, comma separated", |text| list(text, name_server))?,
            dns_timeout: read
                .or("DNS_TIMEOUT_MS", "5000", "a positive number of milliseconds", parsed::<NonZeroU32>)
                .map(|ms| Duration::from_millis(ms.get().into()))?,
            max_concurrency: match read.optional(
                "MAX_CONCURRENCY",
                "a whole number from 1 to 65535",
                parsed,
            )? {
                Some(limit) => limit,
                None => const { NonZeroU16::new(MAX_CONCURRENCY).unwrap() },
            },
            metrics_namespace: read.or(
                "METRICS_NAMESPACE",
                "EksNlbSync",
                "a CloudWatch namespace",
                namespace,
            )?,
            sdk_retries: lookup("AWS_RETRY_MODE").is_some() || lookup("AWS_MAX_ATTEMPTS").is_some(),
        })
    }
}

impl LogSettings {
    /// Reads the process environment.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(from_env)
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let level =
            lookup("AWS_LAMBDA_LOG_LEVEL").and_then(|text| match text.to_ascii_uppercase().as_str() {
                "FATAL" => Some(LevelFilter::ERROR),
                other => other.parse().ok(),
            });
        // What the SDK and the HTTP client say of themselves is for RUST_LOG.
        let own = LogTargets::new()
            .with_default(LevelFilter::WARN.min(level.unwrap_or(LevelFilter::WARN)))
            .with_target("eks_nlb_sync", level.unwrap_or(LevelFilter::INFO));
        Self {
            filter: lookup("RUST_LOG").and_then(|text| text.parse().ok()).unwrap_or(own),
            json: lookup("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")),
        }
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

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// At least one item, none of them empty, spaces around them dropped.
fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|part| item(part.trim())).collect()
}

/// Source: ELB API Reference, *Tag*: 1 to 128 letters, digits, spaces or any
/// of `_.:/=+-@`. `=` is left out: it ends the key.
fn tag_key(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/+-@".contains(c);
    let valid = (1..=128).contains(&text.chars().count()) && text.chars().all(allowed) && text.trim() == text;
    valid.then(|| text.to_owned())
}

fn tag_value(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    (text.chars().count() <= 256 && text.chars().all(allowed)).then(|| text.to_owned())
}

fn tag_selector(text: &str) -> Option<TagSelector> {
    let tags = list(text, |tag| match tag.split_once('=') {
        Some((key, value)) => Some((tag_key(key)?, Some(tag_value(value)?))),
        None => Some((tag_key(tag)?, None)),
    })?;
    // The same key twice can only contradict or repeat itself.
    let distinct = tags.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len();
    (distinct == tags.len()).then_some(TagSelector(tags))
}

fn sync_policy(text: &str) -> Option<SyncPolicy> {
    match text {
        "sync" => Some(SyncPolicy::Sync),
        "add-only" => Some(SyncPolicy::AddOnly),
        _ => None,
    }
}

fn cidrs(text: &str) -> Option<AllowedCidrs> {
    list(text, parsed::<IpNet>).map(AllowedCidrs)
}

fn name_server(text: &str) -> Option<SocketAddr> {
    const DNS_PORT: u16 = 53;
    let server =
        parsed::<SocketAddr>(text).or_else(|| Some(SocketAddr::new(parsed::<IpAddr>(text)?, DNS_PORT)))?;
    (server.port() != 0).then_some(server)
}

/// Source: CloudWatch API Reference, *PutMetricData*, `Namespace`; `AWS/` is
/// reserved.
fn namespace(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#:".contains(c);
    let valid = (1..=255).contains(&text.len())
        && text.chars().all(allowed)
        && !text.starts_with(':')
        && !text.starts_with("AWS/");
    valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variable: &str, value: &str) -> Result<Settings, InvalidSetting> {
        Settings::from_lookup(|name| (name == variable).then(|| value.to_owned()))
    }

    #[test]
    fn the_defaults_are_those_of_the_readme() {
        let defaults = Settings::from_lookup(|_| None).expect("defaults parse");

        assert_eq!(defaults.nlb_tag.to_string(), "eks-nlb-sync=enabled");
        assert_eq!(defaults.cluster_name_tag, "cluster_name");
        assert_eq!(defaults.policy.sync, SyncPolicy::Sync);
        assert_eq!(defaults.policy.min_healthy.get(), 1);
        assert!(!defaults.dry_run);
        assert_eq!(defaults.allowed_cidrs.0.len(), 5);
        assert_eq!(defaults.dns_servers, None);
        assert_eq!(defaults.dns_timeout, Duration::from_secs(5));
        assert_eq!(defaults.max_concurrency.get(), MAX_CONCURRENCY);
        assert_eq!(defaults.metrics_namespace, "EksNlbSync");
    }

    #[test]
    fn a_good_value_is_taken() {
        assert_eq!(
            with("DNS_SERVERS", "10.0.0.2").unwrap().dns_servers.unwrap()[0].to_string(),
            "10.0.0.2:53"
        );
        let servers =
            with("DNS_SERVERS", "10.0.0.2:5353, [fd00::2]:53,fd00::3").unwrap().dns_servers.unwrap();
        let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.2:5353", "[fd00::2]:53", "[fd00::3]:53"]);
        assert_eq!(with("NLB_TAG", "team, env=prod=eu").unwrap().nlb_tag.to_string(), "team,env=prod=eu");
        assert_eq!(with("SYNC_POLICY", "add-only").unwrap().policy.sync, SyncPolicy::AddOnly);
        assert!(with("DRY_RUN", "true").unwrap().dry_run);
        assert_eq!(with("ALLOWED_CIDRS", "127.0.0.0/8").unwrap().allowed_cidrs.0.len(), 1);
    }

    #[test]
    fn a_bad_value_is_an_error_and_not_the_default() {
        for (variable, bad) in [
            ("NLB_TAG", &["", "=enabled", "a,,b", "a=1,a=2", "a;b"][..]),
            ("CLUSTER_NAME_TAG", &["", "a=b", " cluster", "a,b"]),
            ("SYNC_POLICY", &["", "Sync", "upsert-only", "add_only"]),
            ("DRY_RUN", &["", "1", "yes", "True"]),
            ("MIN_HEALTHY_TARGETS", &["", "0", "-1", "1.5", "65536", "one"]),
            ("ALLOWED_CIDRS", &["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8;fc00::/7"]),
            ("DNS_SERVERS", &["", "dns.example", "10.0.0.2:", "10.0.0.2:0", "fd00::2:x", "10.0.0.256"]),
            ("DNS_TIMEOUT_MS", &["", "0", "-5", "5s", "1.5"]),
            ("MAX_CONCURRENCY", &["", "0", "-1", "many"]),
            ("METRICS_NAMESPACE", &["", ":a", "AWS/EKS", "a b\n"]),
        ] {
            for value in bad {
                let error = with(variable, value).expect_err(value);
                assert_eq!(error.variable, variable, "{value}");
                assert!(error.to_string().starts_with(&format!("{variable}={value:?} is not ")), "{error}");
            }
        }
    }

    #[test]
    fn a_selector_wants_every_tag() {
        let selector = tag_selector("eks-nlb-sync=enabled,team").unwrap();
        let tags =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();

        assert!(selector.matches(&tags(&[("eks-nlb-sync", "enabled"), ("team", ""), ("other", "x")])));
        assert!(!selector.matches(&tags(&[("eks-nlb-sync", "enabled")])));
        assert!(!selector.matches(&tags(&[("eks-nlb-sync", "Enabled"), ("team", "a")])));
        assert!(!selector.matches(&tags(&[("team", "a")])));
    }

    #[test]
    fn lambdas_log_controls_are_taken() {
        let settings = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            LogSettings::from_lookup(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
        };
        let enabled = |log: &LogSettings, level| log.filter.would_enable("eks_nlb_sync::handler", &level);

        let default = settings(&[]);
        assert!(enabled(&default, tracing::Level::INFO) && !enabled(&default, tracing::Level::DEBUG));
        assert!(!default.json);
        let json = settings(&[("AWS_LAMBDA_LOG_LEVEL", "FATAL"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
        assert!(enabled(&json, tracing::Level::ERROR) && !enabled(&json, tracing::Level::WARN));
        assert!(json.json);
        let rust_log = settings(&[("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("RUST_LOG", "debug")]);
        assert!(enabled(&rust_log, tracing::Level::DEBUG));
    }
}
