//! Writes log lines in Lambda's two formats, JSON with `timestamp` and `level`.
//!
//! Lambda takes a JSON line without these two for INFO and may drop it, so the
//! library's own set-up, which writes no timestamp, does not do.

use std::io::Write;

use serde::Serialize;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::report::Report;
use crate::settings::LogSettings;

/// Starts logging to stdout. A second start changes nothing.
pub fn init(settings: LogSettings) {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stdout);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if settings.json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        lines.with_ansi(false).without_time().boxed()
    };
    // It fails only if somebody has set one already, as tests do.
    _ = tracing_subscriber::registry().with(lines.with_filter(settings.filter)).try_init();
}

/// The report as a log line. `tracing` has no nested values, so it is written
/// by hand, in the JSON format whatever the others are in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportLine<'a> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(flatten)]
    report: Report,
}

/// Logs `report`: its summary and every frontend that is not converged.
pub fn report(report: &Report, request_id: &str) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let mut timestamp = String::new();
    // Writing to a string cannot fail.
    _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
    write_line(&ReportLine {
        timestamp,
        level: "INFO",
        message: "report",
        request_id,
        report: report.for_the_log(),
    });
}

/// Writes one JSON document as a line of stdout. A log that cannot be written
/// must not fail the run that it tells of.
pub fn write_line(document: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_vec(document) {
        line.push(b'\n');
        _ = std::io::stdout().lock().write_all(&line);
    }
}
