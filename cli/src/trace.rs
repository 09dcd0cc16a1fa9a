//! Defines a trace: what happened around one frontend, one JSON line a change.
//!
//! The first line is the [`Header`]. docs/schema/trace.schema.json defines the
//! same for other programs, and docs/record.md explains it. [`read`] reads
//! traces of any quality; `record` writes them.

mod format;
mod read;
mod time;

pub(crate) use format::{
    ABSENT, ALIVE_SECONDS, Change, ENDED, GONE, Header, Line, Probed, RecordSettings, Source, Subject,
    Update, VERSION,
};
#[cfg(test)]
pub(crate) use read::parse;
pub(crate) use read::{Trace, load};
pub(crate) use time::{Span, Time, in_words, total};

/// The header of a trace.
#[cfg(test)]
pub(crate) const HEADER_OF_TESTS: &str = read::tests::HEADER;

#[cfg(test)]
mod tests;
