use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::*;

const SCHEMA: &str = include_str!("../../../docs/schema/trace.schema.json");

/// One change of each kind, with every field.
fn changes() -> Vec<Change> {
    let address: IpAddr = [10, 0, 1, 10].into();
    let text = str::to_owned;
    vec![
        Change::Name {
            server: ([10, 0, 0, 2], 53).into(),
            addresses: [address].into(),
            ttl: Some(60),
            error: Some(text("DnsTimeout")),
        },
        Change::Interface {
            id: text("eni-1"),
            addresses: [address].into(),
            zone: text("eu-west-1a"),
            status: text("in-use"),
            attachment: text("attached"),
            attached: Some(Time(0)),
            believed: true,
        },
        Change::Cluster {
            status: text("UPDATING"),
            version: text("1.33"),
            platform: text("eks.1"),
            updates: vec![Update { id: text("1"), kind: text("VersionUpdate"), status: text("InProgress") }],
        },
        Change::Target {
            address,
            port: 443,
            state: text("unhealthy"),
            reason: Some(text("Target.FailedHealthChecks")),
            zone: Some(text("eu-west-1a")),
            overridden: Some(text("zonal_shift_active")),
        },
        Change::Zone { zone: text("eu-west-1a"), address: Some(address), in_dns: true },
        Change::Probe {
            of: Probed::Server(address),
            connects: false,
            readyz: Some(503),
            failed: Some(text("http")),
            milliseconds: Some(4),
        },
        Change::Unread { source: Source::Interfaces, error: text("AccessDenied") },
        Change::Readable { source: Source::Targets },
        Change::Alive,
        Change::Resumed,
        Change::Ended,
    ]
}

fn object(value: &impl Serialize) -> Map<String, Value> {
    serde_json::to_value(value).unwrap().as_object().unwrap().clone()
}

#[test]
fn the_schema_has_every_change_with_every_field() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let described = schema["$defs"]["change"]["oneOf"].as_array().unwrap();
    let by_name: BTreeMap<&str, &Value> =
        described.iter().map(|one| (one["properties"]["change"]["const"].as_str().unwrap(), one)).collect();
    let changes = changes();
    assert_eq!(by_name.len(), changes.len());
    for change in changes {
        let written = object(&Line { at: Time(0), change });
        let described = by_name[written["change"].as_str().unwrap()];
        let fields: Vec<_> = described["properties"].as_object().unwrap().keys().collect();
        let mut keys: Vec<_> = written.keys().collect();
        keys.sort();
        assert_eq!(keys, fields, "{written:?}");
        let is_required = |name: &Value| written.contains_key(name.as_str().unwrap());
        assert!(described["required"].as_array().unwrap().iter().all(is_required));
    }
}

#[test]
fn the_schema_has_every_field_of_the_header_and_the_version() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let described = &schema["$defs"]["header"]["properties"];
    assert_eq!(described["trace"]["const"], VERSION);
    let header: Header = serde_json::from_str(read::tests::HEADER).unwrap();
    let written = object(&header);
    let mut keys: Vec<_> = written.keys().collect();
    keys.sort();
    assert_eq!(keys, described.as_object().unwrap().keys().collect::<Vec<_>>());
    let settings = &described["settings"]["properties"];
    let mut keys: Vec<_> = written["settings"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, settings.as_object().unwrap().keys().collect::<Vec<_>>());
}

#[test]
fn every_change_is_read_as_it_was_written() {
    for change in changes() {
        let line = Line { at: Time(1_764_432_000_250), change };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line, "{text}");
    }
}
