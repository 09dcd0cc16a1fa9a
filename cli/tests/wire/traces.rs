//! `eks-nlb timeline` and `eks-nlb replay`.

use std::fs;

use serde_json::Value;

use crate::schema::schema;
use crate::support::*;

const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces/one-server-dies-unannounced.jsonl");

#[tokio::test]
async fn a_trace_is_shown_without_an_account() {
    let directory = tempfile::tempdir().expect("a directory");
    let svg = directory.path().join("picture.svg");
    let said = said(bare(&["timeline", TRACE, "--svg", svg.to_str().expect("text")])).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    said.assert_shows(&["No client of zone eu-west-1a could have connected for 4 min 30 s"]);
    assert!(said.err.contains("picture.svg"), "{said:?}");
    assert!(fs::read_to_string(svg).expect("a picture").starts_with("<svg "));
}

#[tokio::test]
async fn a_trace_that_is_cut_off_is_replayed_with_the_line_number() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cut.jsonl");
    let whole = fs::read_to_string(TRACE).expect("a trace");
    let first = whole.lines().take(20).map(str::len).sum::<usize>() + 30;
    fs::write(&path, &whole[..first]).expect("it is written");
    let said = said(bare(&["replay", path.to_str().expect("text"), "--output", "json"])).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let document = said.json();
    let notes = document["notes"].to_string();
    assert!(notes.contains(": the line is cut off; the lines before it are used"), "{notes}");
    assert_eq!(document["cluster"], "payments");
    let policies = document["policies"].as_array().expect("policies");
    assert!(policies.iter().any(|policy| policy["policy"] == "all-knowing"), "{policies:?}");
}

#[tokio::test]
async fn what_is_no_trace_is_a_sentence() {
    for command in ["timeline", "replay"] {
        let other = said(bare(&[command, concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])).await;
        other.assert_one_sentence(1, &["Cargo.toml", "line 1", "a trace begins with the header"]);
    }
}

/// Another program can read a trace by its schema.
#[test]
fn every_line_of_every_trace_is_described() {
    let validator = jsonschema::validator_for(&schema("trace")).expect("a schema");
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces");
    let mut lines = 0;
    for file in fs::read_dir(directory).expect("traces") {
        let path = file.expect("a file").path();
        for line in fs::read_to_string(&path).expect("text").lines() {
            let document: Value = serde_json::from_str(line).expect("JSON");
            assert!(validator.is_valid(&document), "{}: {line}", path.display());
            lines += 1;
        }
    }
    assert!(lines > 500, "{lines}");
    assert!(!validator.is_valid(&serde_json::json!({ "at": "2026-11-29T16:00:00Z", "change": "weather" })));
}
