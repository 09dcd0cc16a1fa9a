//! Reads a trace of any quality: uses what can be used, and reports each line
//! that it does not use and each hole in time, with its number.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::format::{ALIVE_SECONDS, Change, Header, Line, VERSION};
use super::time::{Span, Time, in_words};

/// Silence that is longer than this is a hole: two lines are missing that
/// would have been written if nothing had changed.
const HOLE: Duration = Duration::from_secs(2 * ALIVE_SECONDS + ALIVE_SECONDS / 2);

/// As many remarks are kept one by one; others are counted.
const MOST_REMARKS: usize = 20;

/// A trace that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) header: Header,
    /// In the order of their times.
    pub(crate) lines: Vec<Line>,
    /// The times of which nothing is known.
    pub(crate) holes: Vec<Span>,
    pub(crate) remarks: Vec<Remark>,
}

/// Something about a line that a reader has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) line: usize,
    pub(crate) sentence: String,
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

/// Nothing of a file can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error(
        "line {0}: a trace begins with the header that `eks-nlb record` writes, and this line has another form"
    )]
    NoHeader(usize),
}

/// Reads the trace at `path`.
///
/// # Errors
///
/// It cannot be read, or has no header.
pub(crate) fn load(path: &Path) -> Result<Trace, Unusable> {
    let bytes = fs::read(path)?;
    parse(&String::from_utf8_lossy(&bytes))
}

/// The same of a text.
pub(crate) fn parse(text: &str) -> Result<Trace, Unusable> {
    let mut rows = text.split_inclusive('\n').zip(1..).filter(|(row, _)| !row.trim().is_empty());
    let (first, number) = rows.next().ok_or(Unusable::NoHeader(1))?;
    let header: Header = serde_json::from_str(first).map_err(|_| Unusable::NoHeader(number))?;
    let mut reader = Reader::of(header);
    if reader.trace.header.trace != VERSION {
        let version = reader.trace.header.trace;
        reader.remark(
            number,
            format!("the trace has version {version}, and this program reads version {VERSION}: lines that it does not understand are left out"),
        );
    }
    for (row, number) in rows {
        reader.take(row, number);
    }
    Ok(reader.finish())
}

struct Reader {
    trace: Trace,
    /// The latest time so far.
    last: Time,
    /// Whether lines are of the header's cluster.
    is_own: bool,
    remarked: usize,
}

impl Reader {
    fn of(header: Header) -> Self {
        let last = header.started;
        let trace = Trace { header, lines: Vec::new(), holes: Vec::new(), remarks: Vec::new() };
        Self { trace, last, is_own: true, remarked: 0 }
    }

    fn take(&mut self, row: &str, number: usize) {
        match serde_json::from_str::<Row>(row) {
            Ok(Row::Header(other)) => self.take_header(&other, number),
            Ok(Row::Line(_)) if !self.is_own => {}
            Ok(Row::Line(line)) => self.take_line(line, number),
            Err(_) if row.ends_with('\n') => {
                let what = what_is(row);
                self.remark(number, format!("{what}; it is left out"));
            }
            Err(_) => self.remark(number, "the line is cut off; the lines before it are used".to_owned()),
        }
    }

    /// Two traces in one file.
    fn take_header(&mut self, other: &Header, number: usize) {
        let own = &self.trace.header;
        self.is_own = own.cluster == other.cluster
            && own.target_group == other.target_group
            && own.account == other.account;
        if !self.is_own {
            let sentence = format!(
                "from here on the trace is of cluster {} ({}), not of {}: these lines are left out",
                other.cluster, other.region, own.cluster
            );
            self.remark(number, sentence);
        }
    }

    fn take_line(&mut self, line: Line, number: usize) {
        if line.at < self.last {
            let early = in_words(line.at.until(self.last));
            self.remark(number, format!("it is {early} earlier than the line before; it is sorted in"));
        } else {
            let silence = self.last.until(line.at);
            if silence > HOLE
                || line.change == Change::Resumed && silence > Duration::from_secs(ALIVE_SECONDS)
            {
                let (from, to) = (self.last, line.at);
                let sentence = format!("nothing was recorded from {from} to {to}, for {}", in_words(silence));
                self.remark(number, sentence);
                self.trace.holes.push(Span { from, to });
            }
            self.last = line.at;
        }
        self.trace.lines.push(line);
    }

    fn remark(&mut self, line: usize, sentence: String) {
        self.remarked += 1;
        if self.remarked <= MOST_REMARKS {
            self.trace.remarks.push(Remark { line, sentence });
        } else {
            let more = self.remarked - MOST_REMARKS;
            self.trace.remarks.truncate(MOST_REMARKS);
            self.trace.remarks.push(Remark { line, sentence: format!("{more} more lines are like these") });
        }
    }

    fn finish(mut self) -> Trace {
        self.trace.lines.sort_by_key(|line| line.at);
        self.trace
    }
}

/// A header has another shape than every other line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Header(Header),
    Line(Line),
}

/// Why a whole line cannot be used.
fn what_is(row: &str) -> String {
    match serde_json::from_str::<Value>(row) {
        Err(_) => "this is not JSON".to_owned(),
        Ok(Value::Object(fields)) => match fields.get("change").and_then(Value::as_str) {
            Some(change) => format!("a change {change:?} like this is not known"),
            None => "this is not a change".to_owned(),
        },
        Ok(_) => "this is not a change".to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests;
