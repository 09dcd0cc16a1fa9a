//! Parses the values of settings; `None` is a value that does not parse.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

use crate::model::{AddressSource, AllowedCidrs, Source, TagSelector};
use crate::plan::SyncPolicy;

pub(super) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// At least one item, without the spaces around it. An empty item is refused.
fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|part| item(part.trim())).collect()
}

/// Source: ELB API Reference, *Tag*: 1 to 128 letters, digits, spaces or any of
/// `_.:/=+-@`. `=` is not accepted, because it ends the key.
pub(super) fn tag_key(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/+-@".contains(c);
    let valid = (1..=128).contains(&text.chars().count()) && text.chars().all(allowed) && text.trim() == text;
    valid.then(|| text.to_owned())
}

fn tag_value(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    (text.chars().count() <= 256 && text.chars().all(allowed)).then(|| text.to_owned())
}

pub(super) fn tag_selector(text: &str) -> Option<TagSelector> {
    TagSelector::new(list(text, tag)?)
}

pub(super) fn one_tag(text: &str) -> Option<TagSelector> {
    TagSelector::new(vec![tag(text)?])
}

/// As in `key` or `key=value`.
fn tag(text: &str) -> Option<(String, Option<String>)> {
    match text.split_once('=') {
        Some((key, value)) => Some((tag_key(key)?, Some(tag_value(value)?))),
        None => Some((tag_key(text)?, None)),
    }
}

pub(super) fn sync_policy(text: &str) -> Option<SyncPolicy> {
    match text {
        "sync" => Some(SyncPolicy::Sync),
        "add-only" => Some(SyncPolicy::AddOnly),
        _ => None,
    }
}

pub(super) fn address_source(text: &str) -> Option<AddressSource> {
    match text {
        "auto" => Some(AddressSource::Auto),
        "dns" => Some(AddressSource::Fixed(Source::Dns)),
        "eni" => Some(AddressSource::Fixed(Source::Eni)),
        "dns+eni" => Some(AddressSource::Fixed(Source::DnsAndEni)),
        _ => None,
    }
}

pub(super) fn ms(text: &str) -> Option<Duration> {
    parsed::<NonZeroU32>(text).map(|ms| Duration::from_millis(ms.get().into()))
}

pub(super) fn cidrs(text: &str) -> Option<AllowedCidrs> {
    list(text, parsed::<IpNet>).map(AllowedCidrs)
}

pub(super) fn name_servers(text: &str) -> Option<Vec<SocketAddr>> {
    list(text, name_server)
}

fn name_server(text: &str) -> Option<SocketAddr> {
    const DNS_PORT: u16 = 53;
    let server =
        parsed::<SocketAddr>(text).or_else(|| Some(SocketAddr::new(parsed::<IpAddr>(text)?, DNS_PORT)))?;
    (server.port() != 0).then_some(server)
}

/// Source: CloudWatch API Reference, *PutMetricData*, `Namespace`; `AWS/` is
/// reserved.
pub(super) fn namespace(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#:".contains(c);
    let valid = (1..=255).contains(&text.len())
        && text.chars().all(allowed)
        && !text.starts_with(':')
        && !text.starts_with("AWS/");
    valid.then(|| text.to_owned())
}
