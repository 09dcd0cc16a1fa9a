//! Writes log lines in Lambda's two formats, JSON with `timestamp` and `level`.
//!
//! Lambda treats a JSON line without these two as INFO and may drop it. The
//! set-up that `lambda_runtime` brings writes no timestamp, so it is not used.

mod lines;

use std::fmt;

use serde::Serialize;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

pub use lines::{LINES, Line, Run, discovery_failed, event_refused, frontends, report};

/// How log lines are written. Lambda sets these variables, so any value is
/// accepted.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `RUST_LOG`, else `AWS_LAMBDA_LOG_LEVEL`, else INFO.
    pub filter: Targets,
    /// `AWS_LAMBDA_LOG_FORMAT=JSON`.
    pub json: bool,
}

impl LogSettings {
    /// Reads them through `lookup`, which takes a variable's name.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let level =
            lookup("AWS_LAMBDA_LOG_LEVEL").and_then(|text| match text.to_ascii_uppercase().as_str() {
                "FATAL" => Some(LevelFilter::ERROR),
                other => other.parse().ok(),
            });
        // The SDK and the HTTP client log in detail; RUST_LOG shows it.
        let own = Targets::new()
            .with_default(LevelFilter::WARN.min(level.unwrap_or(LevelFilter::WARN)))
            .with_target("eks_nlb_sync", level.unwrap_or(LevelFilter::INFO));
        Self {
            filter: lookup("RUST_LOG").and_then(|text| text.parse().ok()).unwrap_or(own),
            json: lookup("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")),
        }
    }
}

/// The target of the events whose message is a whole JSON document.
const DOCUMENT: &str = "eks_nlb_sync::document";

/// Starts logging to stdout. A second start changes nothing.
pub fn init(settings: LogSettings) {
    // It fails only if one is set already, as in tests.
    _ = subscriber(settings, std::io::stdout).try_init();
}

/// What logs to `writer`.
pub fn subscriber<W>(settings: LogSettings, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer.clone());
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if settings.json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        lines.with_ansi(false).without_time().boxed()
    };
    let documents = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_ansi_sanitization(false)
        .event_format(Document)
        .with_writer(writer);
    let shows_report = settings.filter.would_enable(lines::TARGET, &Level::INFO);
    let only_lines = settings.filter.with_target(DOCUMENT, LevelFilter::OFF);
    // No setting hides the metrics.
    let level = if shows_report { LevelFilter::INFO } else { LevelFilter::ERROR };
    let only_documents = Targets::new().with_target(DOCUMENT, level);
    // Not `and_then`: it would take the level of the documents for that of all lines.
    tracing_subscriber::registry()
        .with(lines.with_filter(only_lines))
        .with(documents.with_filter(only_documents))
}

/// Writes one JSON document as a line of the log, whatever its level.
pub fn write_line(document: &impl Serialize) {
    if let Ok(line) = serde_json::to_string(document) {
        tracing::error!(target: DOCUMENT, "{line}");
    }
}

/// The same where the log shows lines of level INFO.
fn write_info(document: &impl Serialize) {
    if let Ok(line) = serde_json::to_string(document) {
        tracing::info!(target: DOCUMENT, "{line}");
    }
}

/// A line that is the message of its event.
struct Document;

impl<S, N> FormatEvent<S, N> for Document
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_log_controls_are_taken() {
        let settings = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            LogSettings::from_lookup(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
        };
        let enabled = |log: &LogSettings, level| log.filter.would_enable("eks_nlb_sync::handler", &level);

        let default = settings(&[]);
        assert!(enabled(&default, Level::INFO) && !enabled(&default, Level::DEBUG));
        assert!(!default.json);
        let json = settings(&[("AWS_LAMBDA_LOG_LEVEL", "FATAL"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
        assert!(enabled(&json, Level::ERROR) && !enabled(&json, Level::WARN));
        assert!(json.json);
        let debug = settings(&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]);
        assert!(enabled(&debug, Level::DEBUG));
        let sdk = |log: &LogSettings, level| log.filter.would_enable("aws_smithy_runtime", &level);
        assert!(sdk(&debug, Level::WARN) && !sdk(&debug, Level::INFO));
        assert!(!sdk(&json, Level::WARN));
        let rust_log = settings(&[("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("RUST_LOG", "debug")]);
        assert!(enabled(&rust_log, Level::DEBUG));
    }
}
