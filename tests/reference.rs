//! The reference says what the code does: its settings, reasons and codes.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

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
fn names(header: &str) -> BTreeSet<String> {
    table(header).into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Every text in `source` that stands between `before` and the next `"`.
fn texts_after(source: &str, before: &str) -> BTreeSet<String> {
    source.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// The variants of the enum `name` as serde writes them.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let body = source.split(&format!("pub enum {name} {{")).nth(1).expect("the enum is there");
    let body = body.split("\n}").next().expect("it ends");
    let is_variant = |line: &&str| line.starts_with(|c: char| c.is_ascii_uppercase());
    let camel = |line: &str| {
        let name = line.trim_end_matches(',');
        name[..1].to_ascii_lowercase() + &name[1..]
    };
    body.lines().map(str::trim).filter(is_variant).map(camel).collect()
}

#[test]
fn its_settings_are_those_that_are_read_with_their_defaults() {
    let documented: BTreeMap<_, _> = table("| variable |").into_iter().collect();
    let asked = RefCell::new(BTreeSet::new());
    let as_documented = Settings::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        let default = documented.get(name).copied();
        default.filter(|default| *default != "system resolver").map(str::to_owned)
    });
    let unset = Settings::from_lookup(|_| None).expect("the defaults parse");

    assert_eq!(as_documented.expect("what is documented parses"), unset);
    // The SDK's own, which are only looked at.
    let asked: BTreeSet<_> =
        asked.into_inner().into_iter().filter(|name| !name.starts_with("AWS_")).collect();
    assert_eq!(asked, documented.keys().map(|name| (*name).to_owned()).collect());
}

#[test]
fn its_codes_are_those_that_can_be_reported() {
    let source = include_str!("../src/error.rs");
    let mut codes = texts_after(source, "=> \"");
    codes.extend(texts_after(source, "CODE: &str = \""));
    assert_eq!(names("| `failed` code |"), codes);
}

#[test]
fn its_reasons_are_those_that_can_be_reported() {
    let report = include_str!("../src/report.rs");
    assert_eq!(names("| `skipped` reason |"), variants(report, "SkipReason"));
    let plan = include_str!("../src/plan.rs");
    let reasons = texts_after(plan, "=> \"");
    assert_eq!(names("| `withheld` reason |"), reasons);
}

#[test]
fn every_code_has_a_remedy() {
    let operations = include_str!("../docs/operations.md");
    for code in names("| `failed` code |") {
        let row =
            operations.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{code}`")));
        assert!(row.is_some(), "docs/operations.md has no row for {code}");
    }
}
