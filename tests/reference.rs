//! The reference lists what the code has: settings, reasons, codes and rules.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::reasons::{FailureCode, Rule, SkipReason, WithholdReason};
use eks_nlb_sync::settings::Settings;

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
    let documented: BTreeMap<_, _> = table("| variable |").into_iter().collect();
    let asked = RefCell::new(BTreeSet::new());
    let as_documented = Settings::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        let default = documented.get(name).copied();
        default.filter(|default| !["system resolver", "none"].contains(default)).map(str::to_owned)
    });
    let unset = Settings::from_lookup(|_| None).expect("the defaults parse");

    assert_eq!(as_documented.expect("what is documented parses"), unset);
    // The SDK's own, which are only looked at.
    let asked: BTreeSet<_> =
        asked.into_inner().into_iter().filter(|name| !name.starts_with("AWS_")).collect();
    assert_eq!(asked, documented.keys().map(|name| (*name).to_owned()).collect());
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
