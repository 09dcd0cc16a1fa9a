//! Puts the checks into words, one line each, and more where something is
//! wrong.

use std::fmt::Write;

use super::check::{Check, Diagnosis, Status};
use crate::table;

/// All checks, and how many ended in which way.
pub(super) fn of(diagnosis: &Diagnosis<'_>) -> String {
    let mut text = String::new();
    for group in &diagnosis.groups {
        _ = writeln!(text, "{}", bold(group.name));
        if let Some(note) = &group.note {
            _ = writeln!(text, "  {note}");
        }
        for check in &group.checks {
            text += &of_check(check);
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

fn of_check(check: &Check) -> String {
    let mark = match check.status {
        Status::Ok => "\u{1b}[32m✓\u{1b}[0m",
        Status::Failed => "\u{1b}[31m✗\u{1b}[0m",
        Status::NotLooked => "\u{1b}[33m‼\u{1b}[0m",
    };
    let note = match (&check.note, check.status, check.looked) {
        (Some(note), Status::Ok, _) => format!(": {note}"),
        (None, Status::Ok, many @ 2..) => format!(" ({many})"),
        _ => String::new(),
    };
    let mut text = table::paragraphs(&format!("{mark} {}{note}\n", check.title));
    let mut told = Vec::new();
    told.extend(check.findings.iter().map(|one| (one.subject.as_str(), one.says.clone())));
    let not_looked = check.not_looked.iter();
    told.extend(not_looked.map(|one| (one.subject.as_str(), format!("not looked at: {}", one.says))));
    told.extend(check.remedy.map(|remedy| ("What to do", remedy.to_owned())));
    told.extend(check.link.iter().map(|link| ("See", link.clone())));
    if !told.is_empty() {
        text += &table::pairs(told);
    }
    text
}

fn bold(text: &str) -> String {
    format!("\u{1b}[1m{text}\u{1b}[0m")
}
