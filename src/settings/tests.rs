//! Values that settings accept and refuse.

use std::time::Duration;

use super::*;
use crate::model::{AddressSource, Source};
use crate::plan::SyncPolicy;

fn with(variable: &str, value: &str) -> Result<Settings, InvalidSetting> {
    Settings::from_lookup(|name| (name == variable).then(|| value.to_owned()))
}

#[test]
fn the_defaults_are_those_of_the_readme() {
    let defaults = Settings::from_lookup(|_| None).expect("defaults parse");

    assert_eq!(defaults.nlb_tag.to_string(), "eks-nlb-sync=enabled");
    assert_eq!(defaults.cluster_name_tag, "cluster_name");
    assert_eq!(defaults.policy.sync, SyncPolicy::Sync);
    assert_eq!(defaults.policy.min_healthy.get(), 2);
    assert_eq!(defaults.address_source, AddressSource::Auto);
    assert!(!defaults.allow_internet_facing);
    assert_eq!(defaults.cluster_tag, None);
    assert!(!defaults.dry_run);
    assert_eq!(defaults.allowed_cidrs.0.len(), 5);
    assert_eq!(defaults.dns_servers, None);
    assert_eq!(defaults.dns_timeout, Duration::from_secs(5));
    assert_eq!(defaults.max_concurrency.get(), 64);
    assert_eq!(defaults.metrics_namespace, "EksNlbSync");
}

#[test]
fn a_good_value_is_taken() {
    assert_eq!(with("DNS_SERVERS", "10.0.0.2").unwrap().dns_servers.unwrap()[0].to_string(), "10.0.0.2:53");
    let servers = with("DNS_SERVERS", "10.0.0.2:5353, [fd00::2]:53,fd00::3").unwrap().dns_servers.unwrap();
    let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["10.0.0.2:5353", "[fd00::2]:53", "[fd00::3]:53"]);
    assert_eq!(with("NLB_TAG", "team, env=prod=eu").unwrap().nlb_tag.to_string(), "team,env=prod=eu");
    assert_eq!(with("SYNC_POLICY", "add-only").unwrap().policy.sync, SyncPolicy::AddOnly);
    assert!(with("DRY_RUN", "true").unwrap().dry_run);
    assert_eq!(with("ADDRESS_SOURCE", "eni").unwrap().address_source, AddressSource::Fixed(Source::Eni));
    assert_eq!(
        with("ADDRESS_SOURCE", "dns+eni").unwrap().address_source,
        AddressSource::Fixed(Source::DnsAndEni)
    );
    assert_eq!(with("ADDRESS_SOURCE", "auto").unwrap().address_source, AddressSource::Auto);
    assert!(with("ALLOW_INTERNET_FACING", "true").unwrap().allow_internet_facing);
    assert_eq!(with("CLUSTER_TAG", "nlb=allowed").unwrap().cluster_tag.unwrap().to_string(), "nlb=allowed");
    assert_eq!(with("ALLOWED_CIDRS", "127.0.0.0/8").unwrap().allowed_cidrs.0.len(), 1);
}

#[test]
fn a_bad_value_is_an_error_and_not_the_default() {
    for (variable, bad) in [
        ("NLB_TAG", &["", "=enabled", "a,,b", "a=1,a=2", "a;b"][..]),
        ("CLUSTER_NAME_TAG", &["", "a=b", " cluster", "a,b"]),
        ("ADDRESS_SOURCE", &["", "DNS", "eni+dns", "dns,eni", "dns + eni"]),
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

/// The SDK would panic at the others, or ignore them.
#[test]
fn variables_of_the_sdk_are_checked() {
    let (mode, attempts) =
        (SdkRetries { mode: true, attempts: false }, SdkRetries { mode: false, attempts: true });
    for (variable, good, bad, retries) in [
        ("AWS_MAX_ATTEMPTS", "3", "0", attempts),
        ("AWS_MAX_ATTEMPTS", "1", "zero", attempts),
        ("AWS_RETRY_MODE", "standard", "never", mode),
        ("AWS_RETRY_MODE", "Adaptive", "", mode),
        ("AWS_USE_FIPS_ENDPOINT", "true", "yes", SdkRetries::default()),
        ("AWS_USE_DUALSTACK_ENDPOINT", "False", "1", SdkRetries::default()),
    ] {
        assert_eq!(with(variable, good).unwrap().sdk_retries, retries);
        let refused = with(variable, bad).unwrap_err();
        assert_eq!((refused.variable, refused.value.as_str()), (variable, bad));
    }
    assert_eq!(Settings::from_lookup(|_| None).unwrap().sdk_retries, SdkRetries::default());
}
