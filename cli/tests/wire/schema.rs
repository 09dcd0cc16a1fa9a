//! The schemas in docs/schema describe every JSON document that a test reads.

use std::fs;

use serde_json::Value;

use crate::support::*;

/// A schema of docs/schema.
pub(crate) fn schema(name: &str) -> Value {
    let path = format!("{}/../docs/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect("it is there")).expect("JSON")
}

/// Which schema describes `document`, by what only one command prints.
fn name_of(document: &Value) -> &'static str {
    if document.get("groups").is_some() {
        "doctor"
    } else if document.get("clusters").is_some() {
        "status"
    } else if document.get("function").is_some() {
        "version"
    } else if document.get("policies").is_some() {
        "replay"
    } else if document.get("dryRun").is_some() {
        "report"
    } else {
        "explain"
    }
}

/// Asserts that a schema describes `document`, which a command has printed.
pub(crate) fn assert_described(document: &Value) {
    let name = name_of(document);
    let validator = jsonschema::validator_for(&schema(name)).expect("a schema");
    let errors: Vec<_> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}.schema.json: {errors:#?}\n{document:#}");
}

#[tokio::test]
async fn every_command_prints_what_its_schema_says() {
    let desk = Desk::new(eks_nlb_simulator::sample::fleet).await;
    let commands = [
        ("report", "plan"),
        ("report", "sync --yes"),
        ("status", "status"),
        ("doctor", "doctor"),
        ("version", "version"),
        ("explain", "explain orders"),
        ("explain", "explain NoRunAlarm"),
        ("explain", "explain cross-zone"),
    ];
    for (name, command) in commands {
        let arguments: Vec<_> = command.split(' ').chain(["--output", "json"]).collect();
        let document = desk.run(&arguments).await.json();
        assert_eq!((name_of(&document), &document["schemaVersion"]), (name, &1.into()), "{command}");
    }
}

#[test]
fn a_document_of_another_form_is_refused() {
    for name in ["report", "status", "doctor", "explain", "version", "replay"] {
        let validator = jsonschema::validator_for(&schema(name)).expect("a schema");
        assert!(!validator.is_valid(&serde_json::json!({ "schemaVersion": 1 })), "{name}");
    }
}
