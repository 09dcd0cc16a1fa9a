//! Prints the checks: one line each, and more for findings.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::check::{Check, Diagnosis, Status};
use crate::output::bold;
use crate::table;

/// A cause that is longer is printed once.
const LONG: usize = 60;

/// All checks, and how many ended in which way.
pub(super) fn of(diagnosis: &Diagnosis<'_>) -> String {
    let mut text = String::new();
    let mut causes = Causes::default();
    for group in &diagnosis.groups {
        _ = writeln!(text, "{}", bold(group.name));
        if let Some(note) = &group.note {
            let note = note.strip_prefix(NOT_LOOKED).map_or_else(|| note.clone(), |cause| causes.once(cause));
            text += &filled(&format!("  {note}"), "  ");
        }
        for check in &group.checks {
            text += &of_check(check, &mut causes);
        }
        text.push('\n');
    }
    let count = |status: Status| {
        diagnosis.groups.iter().flat_map(|group| &group.checks).filter(|check| check.status == status).count()
    };
    let (ok, failed, not_looked) = (count(Status::Ok), count(Status::Failed), count(Status::NotLooked));
    _ = writeln!(text, "{ok} ✓, {failed} ✗, {not_looked} ‼ in {}.", diagnosis.region);
    text
}

/// The causes that were printed so far.
#[derive(Default)]
struct Causes(BTreeSet<String>);

impl Causes {
    /// The words of a cause, which many checks may have.
    fn once(&mut self, cause: &str) -> String {
        if cause.len() > LONG && !self.0.insert(cause.to_owned()) {
            format!("{NOT_LOOKED}for the same reason as above")
        } else {
            format!("{NOT_LOOKED}{cause}")
        }
    }
}

const NOT_LOOKED: &str = "not checked: ";

fn of_check(check: &Check, causes: &mut Causes) -> String {
    let mark = match check.status {
        Status::Ok => "\u{1b}[32m✓\u{1b}[0m",
        Status::Failed => "\u{1b}[31m✗\u{1b}[0m",
        Status::NotLooked => "\u{1b}[33m‼\u{1b}[0m",
    };
    let note = match (&check.note, check.status, check.checked) {
        (Some(note), Status::Ok, _) => format!(": {note}"),
        (None, Status::Ok, many @ 2..) => format!(" ({many})"),
        _ => String::new(),
    };
    let mut text = filled(&format!("{mark} {}{note}", check.title), "  ");
    let mut told = Vec::new();
    told.extend(check.findings.iter().map(|one| (one.subject.as_str(), one.message.clone())));
    let skipped = check.skipped.iter();
    told.extend(skipped.map(|one| (one.subject.as_str(), causes.once(&one.message))));
    told.extend(check.remedy.map(|remedy| ("What to do", remedy.to_owned())));
    told.extend(check.link.iter().map(|link| ("See", link.clone())));
    if !told.is_empty() {
        text += &table::pairs(told);
    }
    text
}

/// A line of its own, in a terminal with `indent` before what does not fit.
fn filled(line: &str, indent: &str) -> String {
    match table::terminal() {
        Some(width) => table::indented(line, width, "", indent) + "\n",
        None => format!("{line}\n"),
    }
}
