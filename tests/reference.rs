//! The reference lists what the code has: settings, reasons, codes and rules.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop")]

use std::cell::RefCell;
use std::collections::BTreeSet;

use eks_nlb_sync::reasons::{FailureCode, Rule, SkipReason, WithholdReason};
use eks_nlb_sync::settings::{SETTINGS, Settings};

const REFERENCE: &str = include_str!("../docs/reference.md");

/// First and second cell of every row of the table whose header starts with
/// `header`, without their backticks.
fn table(header: &str) -> Vec<(&'static str, &'static str)> {
    let mut lines = REFERENCE.lines().skip_while(|line| !line.starts_with(header));
    assert!(lines.next().is_some(), "the reference has a table {header}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
        (cells.next().expect("a cell"), cells.next().expect("a cell"))
    })
    .collect()
}

/// The first cells of a table.
fn names(header: &str) -> Vec<&'static str> {
    table(header).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn its_settings_are_those_that_are_read_with_their_defaults() {
    let nothing = |variable| if variable == "DNS_SERVERS" { "system resolver" } else { "none" };
    let settings = SETTINGS.iter().map(|it| (it.variable, it.default.unwrap_or(nothing(it.variable))));
    assert_eq!(table("| variable |"), settings.collect::<Vec<_>>());

    let asked = RefCell::new(BTreeSet::new());
    let unset = Settings::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    assert!(unset.is_ok(), "the defaults parse");
    // Variables of the SDK, which are only read.
    let asked = asked.into_inner().into_iter().filter(|name| !name.starts_with("AWS_"));
    assert_eq!(asked.collect::<BTreeSet<_>>(), SETTINGS.iter().map(|it| it.variable.to_owned()).collect());
}

/// The names of a kind of reason, in order.
fn of<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}

#[test]
fn its_codes_reasons_and_rules_are_those_that_can_be_reported() {
    assert_eq!(names("| `failed` code |"), of(FailureCode::ALL, FailureCode::as_str));
    assert_eq!(names("| `skipped` reason |"), of(SkipReason::ALL, SkipReason::as_str));
    assert_eq!(names("| `withheld` reason |"), of(WithholdReason::ALL, WithholdReason::as_str));
    assert_eq!(names("| rule |"), of(Rule::ALL, Rule::as_str));
}

#[test]
fn every_code_has_a_remedy() {
    let operations = include_str!("../docs/operations.md");
    for code in FailureCode::ALL {
        let row =
            operations.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{code}`")));
        assert!(row.is_some(), "docs/operations.md has no row for {code}");
    }
}

/// What deploys the function, or goes with it: a person reads the version where the
/// function runs, and `eks-nlb version` reads the function's description.
#[test]
fn templates_and_module_carry_the_version() {
    let version = env!("CARGO_PKG_VERSION");
    let templates = [
        ("template.yaml", include_str!("../template.yaml")),
        ("fleet.yaml", include_str!("../fleet.yaml")),
        ("fleet-member.yaml", include_str!("../fleet-member.yaml")),
    ];
    for (name, text) in templates {
        let description = format!("\nDescription: >-\n  eks-nlb-sync {version}");
        assert!(text.contains(&description), "{name}");
        let (_, outputs) = text.split_once("\nOutputs:\n  Version:\n").expect("the first output");
        assert_eq!(outputs.lines().nth(1), Some(&*format!("    Value: {version}")), "{name}");
    }
    let [(_, template), ..] = templates;
    assert!(template.contains(&format!("\n      Description: \"eks-nlb-sync {version}: keeps ")));
    let module = include_str!("../terraform/function/main.tf");
    assert!(module.contains(&format!("\n  version = \"{version}\"\n")));
    assert!(module.contains("description   = \"eks-nlb-sync ${local.version}: keeps "));
}
