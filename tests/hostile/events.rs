//! Events: anything but the keys and types of the reference is refused.

use eks_nlb_sync::request::{InvalidEvent, Request};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

/// The keys of an event that is not EventBridge's.
const KEYS: [&str; 5] = ["dryRun", "clusters", "region", "roleArn", "externalId"];

/// Parses bytes as the runtime does; `None` if they are not JSON.
fn parse(event: &[u8]) -> Option<Result<Request, InvalidEvent>> {
    let event: Box<RawValue> = serde_json::from_slice(event).ok()?;
    Some(Request::parse(&event))
}

/// Valid keys, and misspelt ones.
fn key() -> impl Strategy<Value = String> {
    let near = ["dry_run", "DryRun", "dryrun", "dry\\u0052un", "cluster", "role_arn", "", "dryRun\\u0000"];
    let eventbridge = ["source", "detail-type", "detail", "id", "time", "resources"];
    let known = [&KEYS[..], &near, &eventbridge].concat();
    prop_oneof![6 => prop::sample::select(known).prop_map(str::to_owned), 1 => "[a-zA-Z_-]{0,12}"]
}

/// JSON values that are right for some key, and others.
fn value() -> impl Strategy<Value = String> {
    let likely = [
        "true",
        "false",
        "null",
        "\"true\"",
        "1",
        "-0",
        "1e99",
        "[]",
        "[\"payments\"]",
        "[\"payments\", \"payments\"]",
        "[\"a/b\"]",
        "[[]]",
        "{}",
        "\"{}\"",
        "\"eu-west-1\"",
        "\"eu-west-1.evil.example\"",
        "\"arn:aws:iam::111122223333:role/eks-nlb-sync\"",
        "\"arn:aws:iam::111122223333:role/../eks-nlb-sync\"",
        "\"secret-1\"",
        "\"aws.events\"",
        "\"Scheduled Event\"",
        "\"\\ud83d\\ude00\"",
        "{\"dryRun\": true}",
    ];
    let text = any::<String>().prop_map(|text| Value::from(text).to_string());
    prop_oneof![8 => prop::sample::select(likely.to_vec()).prop_map(str::to_owned), 1 => text]
}

/// The text of an object, in which a key may stand twice.
fn object() -> impl Strategy<Value = String> {
    let space = prop::sample::select(&["", " ", "\n\t"][..]);
    (prop::collection::vec((key(), value()), 0..6), space).prop_map(|(members, space)| {
        let members: Vec<_> =
            members.iter().map(|(key, value)| format!("\"{key}\":{space}{value}")).collect();
        format!("{space}{{{space}{}{space}}}{space}", members.join(","))
    })
}

/// What an accepted event must mean, by another JSON reader.
fn check(text: &str, request: &Request) {
    let Value::Object(event) = serde_json::from_str(text).expect("it was accepted") else {
        assert_eq!(text.trim(), "null");
        assert_eq!(*request, Request::default(), "{text}");
        return;
    };
    if event.get("source").is_some_and(Value::is_string)
        && event.get("detail-type").is_some_and(Value::is_string)
    {
        assert_eq!(*request, Request::default(), "{text}");
        assert!(!event.contains_key("dryRun"), "{text}");
        return;
    }
    for key in event.keys() {
        assert!(KEYS.contains(&key.as_str()), "{key} was taken: {text}");
    }
    assert_eq!(request.dry_run, event.get("dryRun").is_some_and(|value| *value == true), "{text}");
    assert_eq!(request.clusters.is_some(), event.contains_key("clusters"), "{text}");
    assert_eq!(request.scope.region.is_some(), event.contains_key("region"), "{text}");
    assert_eq!(request.scope.role.is_some(), event.contains_key("roleArn"), "{text}");
    let external_id = request.scope.role.as_ref().and_then(|role| role.external_id());
    assert_eq!(external_id, event.get("externalId").and_then(Value::as_str), "{text}");
}

proptest! {
    #[test]
    fn bytes_are_refused_or_taken_at_their_word(bytes in any::<Vec<u8>>()) {
        if let Some(Ok(request)) = parse(&bytes) {
            check(&String::from_utf8(bytes).expect("JSON is"), &request);
        }
    }

    #[test]
    fn an_object_is_refused_or_taken_at_its_word(text in object()) {
        if let Some(Ok(request)) = parse(text.as_bytes()) {
            check(&text, &request);
        }
    }

    #[test]
    fn a_byte_that_changed_never_makes_a_real_run_of_a_dry_one(at in 0usize..1000, byte: u8) {
        let event = br#"{"dryRun": true, "clusters": ["payments"], "region": "eu-west-1"}"#;
        let mut mutated = event.to_vec();
        mutated[at % event.len()] = byte;
        if let Some(Ok(request)) = parse(&mutated) {
            prop_assert!(request.dry_run, "{}", String::from_utf8_lossy(&mutated));
            prop_assert!(request.clusters.is_some() && request.scope.region.is_some());
        }
    }
}

#[test]
fn an_event_of_any_depth_is_refused_or_taken() {
    for depth in [100, 127, 128, 129, 100_000] {
        let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let nested = format!("{}1{}", r#"{"detail":"#.repeat(depth), "}".repeat(depth));
        for event in [
            deep.clone(),
            nested.clone(),
            format!(r#"{{"clusters": {deep}}}"#),
            format!(r#"{{"unknown": {deep}}}"#),
            format!(r#"{{"unknown": {nested}}}"#),
        ] {
            assert!(parse(event.as_bytes()).is_none_or(|parsed| parsed.is_err()), "depth {depth}");
        }
        for detail in [&deep, &nested] {
            let event = format!(r#"{{"source": "a", "detail-type": "b", "detail": {{"x": {detail}}}}}"#);
            if let Some(Ok(request)) = parse(event.as_bytes()) {
                assert_eq!(request, Request::default());
            }
        }
    }
}

/// Lambda takes events of up to 6 MB; at 1 MB, more than linear time shows.
#[test]
fn an_event_as_large_as_lambda_takes_is_read_in_no_time() {
    const BYTES: usize = 1 << 20;
    let names = vec!["\"a\""; BYTES / 4].join(",");
    let keys: Vec<_> = (0..BYTES / 12).map(|n| format!("\"{n}\":0")).collect();
    let events = [
        (format!("{{\"clusters\": [{names}]}}"), true),
        (format!("{{{}}}", keys.join(",")), false),
        (format!("{{\"region\": \"{}\"}}", "a-".repeat(BYTES / 2)), false),
        (format!("{{\"externalId\": \"{}\"}}", "\\u0000".repeat(BYTES / 6)), false),
    ];
    for (event, taken) in events {
        let parsed = crate::within(super::Duration::from_secs(10), || parse(event.as_bytes()));
        assert_eq!(parsed.expect("it is JSON").is_ok(), taken, "{}…", &event[..20]);
    }
}

/// A refusal is in the response and in the log, so it quotes only a part of the event.
#[test]
fn a_refusal_is_short_or_as_long_as_its_event() {
    let event = format!("{{\"region\": \"{}\"}}", "a".repeat(1000));
    let refusal = parse(event.as_bytes()).expect("JSON").expect_err("no Region").to_string();
    assert!(refusal.len() < event.len() + 200, "{} bytes", refusal.len());
}
