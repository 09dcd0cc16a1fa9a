//! Tags, cluster names and endpoint URLs: untrusted text.

use std::net::IpAddr;

use eks_nlb_sync::aws::eks::host_of;
use eks_nlb_sync::model::{ClusterName, Tags};
use eks_nlb_sync::settings::Settings;
use proptest::prelude::*;

fn is_cluster_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=100).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
}

/// The parts of a URL, in random order.
fn url() -> impl Strategy<Value = String> {
    let scheme =
        ["https://", "https://", "https://", "HTTPS://", "http://", "https:", "//", "", "https:\\\\"];
    let user = ["", "", "a.b@", "a.b:c@", "a.b%40", "@", "a@b@", "10.0.0.1@", "a.b\\@", "a.b#@", "a.b?@"];
    let host = [
        "ABC.gr7.eu-west-1.eks.amazonaws.com",
        "abc.eks-cluster.eu-west-1.api.aws",
        "evil.example",
        "evil.example.",
        "localhost",
        "10.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "1.2.3.0x4",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "fd00::1",
        "xn--a.example",
        "-a.example",
        "_a.example",
        "a..b",
        "a%2eb.example",
        "a\u{3002}b.example",
        "\u{ff0e}",
        "a.b\0.example",
        "a.b\n.example",
    ];
    let port = ["", "", ":443", ":6443", ":", ":0", ":99999", ":443:443", ":@", ":a"];
    let rest =
        ["", "/", "/a@b.example", "?@b.example", "#@b.example", "/../..", "\\@b.example", " ", "\r\nx"];
    let one_of = |from: &[&'static str]| prop::sample::select(from.to_vec());
    let glued = (one_of(&scheme), one_of(&user), one_of(&host), one_of(&port), one_of(&rest));
    prop_oneof![
        4 => glued.prop_map(|(scheme, user, host, port, rest)| format!("{scheme}{user}{host}{port}{rest}")),
        1 => "https://[a-z0-9.:@/?#\\[\\]-]{0,40}",
        1 => any::<String>(),
    ]
}

/// What an accepted URL must be, read by hand: nothing before the name, and
/// after it nothing but a port or a path.
fn assert_is_plain(url: &str, host: &str) {
    let labels: Vec<&str> = host.split('.').collect();
    assert!(labels.len() >= 2 && host.len() <= 253, "{url:?}: {host}");
    for label in &labels {
        assert!((1..=63).contains(&label.len()), "{url:?}: {host}");
        assert!(label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{url:?}: {host}");
    }
    assert!(host.parse::<IpAddr>().is_err(), "{url:?}: {host}");
    // Texts that browsers and C libraries parse as an IPv4 address.
    let last = labels[labels.len() - 1].to_ascii_lowercase();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    assert!(!is_number, "{url:?}: {host} is an address to some");
    assert!(url[..8].eq_ignore_ascii_case("https://"), "{url:?}");
    let rest = url[8..].strip_prefix(host).unwrap_or_else(|| panic!("{url:?} does not begin with {host}"));
    assert!(rest.is_empty() || rest.starts_with([':', '/', '?', '#']), "{url:?}");
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.strip_prefix(':').unwrap_or("443");
    assert!(port.parse::<u16>().is_ok(), "{url:?}: port {port:?}");
}

fn cluster() -> ClusterName {
    "payments".parse().expect("a name")
}

proptest! {
    #[test]
    fn a_cluster_name_is_eks_or_none(text in prop_oneof![any::<String>(), "[0-9A-Za-z_./-]{0,102}"]) {
        match text.parse::<ClusterName>() {
            Ok(name) => {
                prop_assert!(is_cluster_name(&text));
                prop_assert_eq!(name.as_str(), text);
            }
            Err(error) => {
                prop_assert!(!is_cluster_name(&text));
                prop_assert_eq!(error.0, text);
            }
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_https_url_of_a_dns_name(url in url()) {
        if let Ok(host) = host_of(&cluster(), &url) {
            assert_is_plain(&url, host.as_str());
        }
    }

    #[test]
    fn a_selector_matches_its_own_tags_only(
        tags in prop::collection::btree_map(any::<String>(), any::<String>(), 0..5),
        own in prop::option::of(any::<String>()),
    ) {
        let settings = Settings::from_lookup(|_| None).expect("the defaults are valid");
        let mut tags: Tags = tags;
        tags.remove("eks-nlb-sync");
        tags.extend(own.clone().map(|value| ("eks-nlb-sync".to_owned(), value)));
        prop_assert_eq!(settings.nlb_tag.matches(&tags), own.as_deref() == Some("enabled"));
    }
}

#[test]
fn a_url_with_a_user_is_no_endpoint() {
    for url in ["https://a.b@evil.example", "https://a.b:443@evil.example/", "https://@evil.example"] {
        assert!(host_of(&cluster(), url).is_err(), "{url}");
    }
}
