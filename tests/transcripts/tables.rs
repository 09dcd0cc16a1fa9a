//! What is read of settings, events and names: a line for each text.

use std::fmt::{Debug, Write};

use eks_nlb_sync::model::{ClusterName, Host, Region, Role, Source, TagSelector, Zone};
use eks_nlb_sync::reasons::{FailureCode, SkipReason};
use eks_nlb_sync::request::Request;
use eks_nlb_sync::settings::Settings;
use serde_json::value::RawValue;

use crate::setup::hold;

/// Values of each variable, with what is read of them.
const SETTINGS: [(&str, &[&str]); 17] = [
    (
        "NLB_TAG",
        &[
            "a",
            "a=b",
            "a=b,c",
            " a = b , c=d",
            "a=",
            "=b",
            "",
            "a,",
            "a==b",
            "a=b=c",
            "k.e:y/+-@=v",
            "a=b*c",
            "ä=ö",
            "a,a=b",
        ],
    ),
    ("CLUSTER_NAME_TAG", &["cluster", "a b", " a", "a=b", "", "k8s.io/cluster"]),
    ("ADDRESS_SOURCE", &["auto", "dns", "eni", "dns+eni", "eni+dns", "Auto", ""]),
    ("ALLOW_INTERNET_FACING", &["true", "false", "True", "1", ""]),
    ("CLUSTER_TAG", &["a", "a=b", "a=b,c", ""]),
    ("SYNC_POLICY", &["sync", "add-only", "addOnly", ""]),
    ("MIN_HEALTHY_TARGETS", &["1", "65535", "0", "65536", "-1", "+2", "2.0", " 2"]),
    ("DRY_RUN", &["true", "false", "TRUE", "yes", ""]),
    (
        "ALLOWED_CIDRS",
        &["10.0.0.0/8", "10.1.2.3/8", "10.0.0.0/8, fd00::/8", "10.0.0.0", "10.0.0.0/33", "", "0.0.0.0/0"],
    ),
    (
        "DNS_SERVERS",
        &[
            "10.0.0.2",
            "10.0.0.2:5353",
            "10.0.0.2, 10.0.0.3",
            "fd00::2",
            "[fd00::2]:53",
            "[fd00::2]",
            "dns.example",
            "10.0.0.2:0",
            "",
        ],
    ),
    ("DNS_TIMEOUT_MS", &["1", "5000", "0", "4294967296", "5s", ""]),
    ("MAX_CONCURRENCY", &["1", "64", "0", "65536", ""]),
    ("METRICS_NAMESPACE", &["A", "Net/Eks", "a.b_c-d/e#f:g", ":a", "AWS/Eks", "a b", ""]),
    ("AWS_RETRY_MODE", &["standard", "adaptive", "Standard", "legacy", ""]),
    ("AWS_MAX_ATTEMPTS", &["1", "12", "0", "many", ""]),
    ("AWS_USE_FIPS_ENDPOINT", &["true", "FALSE", "", "yes"]),
    ("AWS_USE_DUALSTACK_ENDPOINT", &["true", "FALSE", "", "1"]),
];

/// The fields of the settings that are not as by default.
fn changed(settings: &Settings) -> String {
    let default = Settings::from_lookup(|_| None).expect("the defaults are valid");
    let (default, settings) = (format!("{default:#?}"), format!("{settings:#?}"));
    let lines = settings.lines().filter(|line| !default.lines().any(|other| other == *line));
    let lines: Vec<_> = lines.map(str::trim).collect();
    if lines.is_empty() { "as by default".to_owned() } else { lines.join(" ") }
}

#[test]
fn settings() {
    let mut text = "# What is read of each setting\n\n".to_owned();
    _ = writeln!(text, "{:#?}", Settings::from_lookup(|_| None).expect("the defaults are valid"));
    for (variable, values) in SETTINGS {
        _ = writeln!(text, "\n-- {variable}");
        for value in values {
            let read = Settings::from_lookup(|name| (name == variable).then(|| (*value).to_owned()));
            let read = read.as_ref().map_or_else(|error| format!("refused: {error}"), changed);
            _ = writeln!(text, "{value:?}: {read}");
        }
    }
    hold("settings", text);
}

#[test]
fn accepted_events() {
    let mut text = "# What is read of each event\n\n".to_owned();
    for event in [
        "{}",
        "null",
        " {} ",
        r#"{"dryRun": true}"#,
        r#"{"dryRun": false}"#,
        r#"{"clusters": ["b", "a", "b"]}"#,
        r#"{"clusters": "a"}"#,
        r#"{"clusters": null}"#,
        r#"{"region": "eu-central-2"}"#,
        r#"{"region": null}"#,
        r#"{"minLoadBalancers": 1}"#,
        r#"{"minLoadBalancers": -1}"#,
        r#"{"minLoadBalancers": 1.5}"#,
        r#"{"summaryOnly": true, "dryRun": true}"#,
        r#"{"summaryOnly": 1}"#,
        r#"{"roleArn": "arn:aws:iam::444455556666:role/a/b", "externalId": "secret", "region": "us-east-1"}"#,
        r#"{"roleArn": "arn:aws:iam::444455556666:role/r", "externalId": ""}"#,
        r#"{"roleArn": "arn:aws:sts::444455556666:role/r"}"#,
        r#"{"source": "aws.events", "detail-type": "Scheduled Event"}"#,
        r#"{"source": "aws.events", "detail-type": "Scheduled Event", "detail": "text", "resources": []}"#,
        r#"{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {"dryRun": true}}"#,
        r#"{"source": "aws.events", "detail-type": "x", "detail": 5}"#,
        r#"{"version": "0", "id": "i", "source": "s", "account": "1", "time": "t", "region": "r", "resources": ["x"], "detail-type": "d", "detail": {}, "replay-name": "n"}"#,
        r#"{"source": "aws.events", "detail-type": "x", "replayName": "n"}"#,
        r#"{"source": "aws.events"}"#,
        r#"{"detail-type": "x"}"#,
        "7",
        "true",
        r#"[{"dryRun": true}]"#,
    ] {
        let payload = RawValue::from_string(event.to_owned()).expect("JSON");
        let read = Request::parse(&payload);
        _ = writeln!(text, "{event}\n    {}", result(read));
    }
    hold("accepted_events", text);
}

fn result<T: Debug, E: std::fmt::Display>(result: Result<T, E>) -> String {
    result.map_or_else(|error| format!("refused: {error}"), |read| format!("{read:?}"))
}

const CLUSTERS: [&str; 10] = ["a", "0", "A-b_9", "-a", "_a", "a.b", "a b", "", "ä", "a/b"];

const HOSTS: [&str; 15] = [
    "a.example",
    "A.Example",
    "a",
    "a.example.",
    "",
    ".a",
    "a..b",
    "-a.b",
    "a-.b",
    "a_b.c",
    "10.0.0.1",
    "xn--a.b",
    "ä.b",
    "a b.c",
    "a:443",
];

const REGIONS: [&str; 10] = [
    "eu-west-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "eu-west",
    "EU-west-1",
    "eu--1",
    "eu-west-1.x",
    "",
    "-a-b",
    "a-b-",
];

const ROLES: [&str; 12] = [
    "arn:aws:iam::444455556666:role/r",
    "arn:aws-cn:iam::444455556666:role/p/r",
    "arn:aws-us-gov:iam::444455556666:role/r",
    "arn:aws-:iam::444455556666:role/r",
    "arn:awsx:iam::444455556666:role/r",
    "arn:aws:iam:eu-west-1:444455556666:role/r",
    "arn:aws:iam::44445555666a:role/r",
    "arn:aws:iam::444455556666:user/r",
    "arn:aws:iam::444455556666:role",
    "arn:aws:iam::444455556666:role/r:s",
    "r",
    "",
];

#[test]
fn names() {
    let mut text = "# Which names are accepted\n".to_owned();
    let section = |title: &str, lines: Vec<String>| format!("\n-- {title}\n{}\n", lines.join("\n"));
    let clusters = CLUSTERS.map(|name| format!("{name}: {}", result(name.parse::<ClusterName>())));
    text.push_str(&section("names of clusters", clusters.into()));
    let hosts = HOSTS.map(|host| format!("{host}: {}", result(host.parse::<Host>())));
    text.push_str(&section("hosts", hosts.into()));
    let regions = REGIONS.map(|region| format!("{region}: {}", result(region.parse::<Region>())));
    text.push_str(&section("Regions", regions.into()));
    let roles = ROLES.map(|arn| {
        let role = Role::new(arn.to_owned(), None);
        format!("{arn}: {}", result(role.map(|role| [role.arn(), role.account()].map(str::to_owned))))
    });
    text.push_str(&section("roles", roles.into()));
    let ids = ["x", "xy", "a b", "a=,@.:/-_+b", "", "é"].map(|id| {
        let role = Role::new(ROLES[0].to_owned(), Some(id.to_owned()));
        format!("{id}: {}", result(role.map(|role| role.external_id().map(str::to_owned))))
    });
    text.push_str(&section("external ids", ids.into()));
    let zones =
        ["all", "All", "eu-west-1a", ""].map(|zone| format!("{zone:?}: {:?}", Zone::from(zone.to_owned())));
    text.push_str(&section("zones", zones.into()));
    text.push_str(&section("by length", lengths()));
    hold("names", text);
}

/// The longest names of each kind, and one that is longer.
fn lengths() -> Vec<String> {
    let of = |length: usize| "a".repeat(length);
    let host = |last: usize| format!("{0}.{0}.{0}.{1}", of(63), of(last));
    let role = |length: usize| Role::new(format!("arn:aws:iam::444455556666:role/{}", of(length)), None);
    let id = |length: usize| Role::new(ROLES[0].to_owned(), Some(of(length)));
    let is_accepted = |what: &str, lengths: [(usize, bool); 2]| format!("{what}: {lengths:?}");
    vec![
        is_accepted("cluster", [100, 101].map(|length| (length, of(length).parse::<ClusterName>().is_ok()))),
        is_accepted(
            "label",
            [63, 64].map(|length| (length, format!("{}.b", of(length)).parse::<Host>().is_ok())),
        ),
        is_accepted("host", [61, 62].map(|last| (host(last).len(), host(last).parse::<Host>().is_ok()))),
        is_accepted(
            "Region",
            [32, 33].map(|length| (length, format!("a-b-{}", of(length - 4)).parse::<Region>().is_ok())),
        ),
        is_accepted("role", [576, 577].map(|length| (length, role(length).is_ok()))),
        is_accepted("external id", [1224, 1225].map(|length| (length, id(length).is_ok()))),
    ]
}

/// Which tags select what, and what the reasons mean to an alarm.
#[test]
fn selectors_and_codes() {
    let mut text = "# Which tags a selector matches, and which failures wait for a person\n\n".to_owned();
    let selector = |wanted: &[(&str, Option<&str>)]| {
        let wanted = wanted.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)));
        TagSelector::new(wanted.collect())
    };
    let tags = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    for wanted in [
        &[("a", Some("1"))][..],
        &[("a", None)],
        &[("a", Some("1")), ("b", None)],
        &[("a", Some("")), ("a", None)],
        &[],
    ] {
        let Some(selector) = selector(wanted) else {
            _ = writeln!(text, "{wanted:?}: refused");
            continue;
        };
        for found in
            [&[][..], &[("a", "1")], &[("a", "2")], &[("b", "1")], &[("a", "1"), ("b", "")], &[("a", "")]]
        {
            let found = tags(found);
            _ = writeln!(
                text,
                "{selector}: {found:?} matches {}, has the first {}, its key {}",
                selector.matches(&found),
                selector.first_matches(&found),
                selector.has_first_key(&found)
            );
        }
    }
    text.push('\n');
    for code in FailureCode::ALL {
        _ = writeln!(
            text,
            "{code}: {}",
            if code.is_configuration() { "waits for a person" } else { "may pass" }
        );
    }
    for reason in SkipReason::ALL {
        _ = writeln!(text, "{reason}");
    }
    for source in [Source::Dns, Source::Eni, Source::DnsAndEni] {
        _ = writeln!(text, "{source}");
    }
    hold("selectors_and_codes", text);
}
