//! Many calls in few lines.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::wire::Event;

/// Times that are listed one by one. Of more than that, every tenth is.
const LISTED: usize = 12;

/// The longest line of calls by operation.
const LINE: usize = 160;

/// The same events, with what was sent several times in one line.
pub(crate) fn merged(events: Vec<Event>) -> Vec<Event> {
    let mut times: BTreeMap<String, Vec<u128>> = BTreeMap::new();
    for event in &events {
        if let Event::Sent(at, text) = event {
            times.entry(text.clone()).or_default().push(*at);
        }
    }
    let mut merged = Vec::new();
    for event in events {
        match event {
            Event::Sent(at, text) => {
                if let Some(times) = times.remove(&text) {
                    merged.push(Event::Sent(at, format!("{text}{}", again(&times))));
                }
            }
            written @ Event::Written(..) => merged.push(written),
        }
    }
    merged
}

/// When a call was made again.
fn again(times: &[u128]) -> String {
    let again = &times[1..];
    let listed: Vec<_> = if again.len() <= LISTED {
        again.iter().map(u128::to_string).collect()
    } else {
        again.iter().step_by(10).chain(again.last()).map(u128::to_string).collect()
    };
    match again.len() {
        0 => String::new(),
        count if count <= LISTED => format!(" (again at {})", listed.join(", ")),
        count => format!(" ({count} times again, of which the tenths and the last at {})", listed.join(", ")),
    }
}

/// Calls and queries by operation: a time, and what was asked for at that time.
/// What is as before is left out.
pub(crate) fn by_operation(events: &[Event]) -> String {
    let mut sent: BTreeMap<&str, Vec<(u128, String)>> = BTreeMap::new();
    for event in events {
        if let Event::Sent(at, text) = event {
            let (operation, about) = text.split_once(' ').unwrap_or((text, ""));
            let about = if operation == "DNS" { answer(about) } else { about_in_short(about) };
            sent.entry(operation).or_default().push((*at, about));
        }
    }
    let mut text = String::new();
    for (operation, mut calls) in sent {
        calls.sort();
        _ = writeln!(text, "     sent  {operation}, {} times", calls.len());
        let (mut line, mut last) = (String::new(), (u128::MAX, String::new()));
        for same in calls.chunk_by(|one, other| one == other) {
            let call = &same[0];
            if call.0 != last.0 {
                _ = write!(line, "  {}", call.0);
            }
            if call.1 != last.1 || same.len() > 1 {
                _ = write!(line, " {}", call.1);
            }
            if same.len() > 1 {
                _ = write!(line, " {} times", same.len());
            }
            last.clone_from(call);
            if line.len() > LINE {
                _ = writeln!(text, "         {line}");
                line.clear();
            }
        }
        if !line.is_empty() {
            _ = writeln!(text, "         {line}");
        }
    }
    text
}

/// Whether a query is answered: of many, only their numbers are shown.
fn answer(about: &str) -> String {
    if about.ends_with("no answer") { "unanswered".to_owned() } else { "answered".to_owned() }
}

fn about_in_short(about: &str) -> String {
    let keys = ["TargetGroupArn=", "name="];
    let about = keys.iter().find_map(|key| about.strip_prefix(key)).unwrap_or(about);
    let about = about.strip_prefix("tg-").unwrap_or(about);
    about.replace(" -> 400 ", "!").replace(" -> ", "!")
}
