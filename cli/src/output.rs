//! Writes to the two streams, in colour on terminals.

use std::io::{self, Write};
use std::time::SystemTime;

use anstream::AutoStream;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use clap::ValueEnum;
use serde::Serialize;

use crate::problem::Problem;

/// The address of a page in the documentation of this version.
macro_rules! docs {
    ($page:literal) => {
        concat!(
            "https://github.com/eks-nlb-sync/eks-nlb-sync/blob/v",
            env!("CARGO_PKG_VERSION"),
            "/docs/",
            $page
        )
    };
}
pub(crate) use docs;

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Table,
    /// For programs: one JSON document, as docs/schema describes it; watch prints log lines
    Json,
}

/// The version of the format of every JSON document. A new field does not
/// change it.
const SCHEMA_VERSION: u16 = 1;

/// A time as in `2026-11-29T16:00:00Z`.
pub(crate) fn time(at: SystemTime) -> String {
    DateTime::from_secs(DateTime::from(at).secs()).fmt(Format::DateTime).unwrap_or_default()
}

/// Writes `text` to standard output. Without a terminal, and under `NO_COLOR`,
/// its colours are removed.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    let mut out = AutoStream::new(io::stdout(), AutoStream::choice(&io::stdout())).lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Problem::Write)
}

/// A document in JSON with the version of its format.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, T> {
    schema_version: u16,
    #[serde(flatten)]
    of: &'a T,
}

/// Writes `of` to standard output: as a document in JSON, or as `text`.
pub(crate) fn show<T: Serialize>(
    output: Output,
    of: &T,
    text: impl FnOnce() -> String,
) -> Result<(), Problem> {
    match output {
        Output::Json => print_json(&Document { schema_version: SCHEMA_VERSION, of }),
        Output::Table => print(&text()),
    }
}

/// Writes `document` to standard output as JSON.
pub(crate) fn print_json(document: &impl Serialize) -> Result<(), Problem> {
    let mut text = serde_json::to_string_pretty(document).map_err(|error| Problem::Write(error.into()))?;
    text.push('\n');
    print(&text)
}

/// Prints a problem to standard error, unless the reader has closed the pipe.
pub(crate) fn complain(problem: &Problem) {
    if !problem.is_closed_pipe() {
        // Libraries break their messages into lines.
        let sentence = problem.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        hint(&format!("\u{1b}[31merror\u{1b}[0m: {sentence}\n"));
    }
}

/// Writes to standard error: questions, remarks and errors.
pub(crate) fn hint(text: &str) {
    let choice = AutoStream::choice(&io::stderr());
    _ = AutoStream::new(io::stderr(), choice).lock().write_all(text.as_bytes());
}

pub(crate) fn bold(text: &str) -> String {
    format!("\u{1b}[1m{text}\u{1b}[0m")
}

/// `words` with a capital letter.
pub(crate) fn capitalised(words: &str) -> String {
    let (first, rest) = words.split_at(1);
    first.to_uppercase() + rest
}

/// As in `1 frontend` and `2 frontends`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}
