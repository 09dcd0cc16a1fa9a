//! Writes the metrics of a run as one line in CloudWatch's embedded metric
//! format; sends nothing itself.
//!
//! Only what an alarm needs is a metric, because CloudWatch bills each by the
//! month. Everything else is in the report line, for Logs Insights.
//!
//! AWS's metrique would write the same line with 48 more crates and a zipped
//! binary 6 % larger; the format is one JSON document, so serde writes it.
//!
//! The line is written before the invocation ends, in the foreground: what a
//! background queue holds when Lambda freezes the process is late or lost.
//!
//! Source: CloudWatch User Guide, *Embedded metric format specification*.

mod timers;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

pub use timers::{ConditionTimers, Oldest};

use crate::history::History;
use crate::publish::log;
use crate::publish::report::Report;

/// The one dimension: two functions never satisfy each other's alarms, and a
/// fleet's function has as many metrics as any other.
const DIMENSION: &str = "FunctionName";

/// What one full run measured.
#[derive(Debug)]
pub struct Metrics<'a> {
    /// When it ended.
    pub at: SystemTime,
    /// The name of the function.
    pub function: &'a str,
    /// What it did.
    pub report: &'a Report,
    /// Since when something is not as it should be.
    pub oldest: Oldest,
    /// How long each frontend that this run did not reach has not been looked at.
    pub not_reached: Vec<Duration>,
    /// Whether the function is deployed to plan only.
    pub dry_run: bool,
}

/// A frontend that no run has reached for this long counts as failed. In a
/// Region too large for one run, every frontend is visited within minutes.
const OVERDUE: Duration = Duration::from_mins(15);

/// Units by CloudWatch's names.
#[derive(Clone, Copy, Serialize)]
enum Unit {
    Count,
    Seconds,
}

/// A line in the embedded metric format: what is a metric, and all values.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata<'a>,
    #[serde(rename = "FunctionName")]
    function: &'a str,
    #[serde(flatten)]
    values: BTreeMap<&'a str, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    /// Milliseconds since 1970.
    timestamp: u128,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [[&'a str; 1]; 1],
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: Unit,
}

impl<'a> Metrics<'a> {
    /// What the run measured that `report` is of.
    #[must_use]
    pub fn of(
        report: &'a Report,
        at: SystemTime,
        function: &'a str,
        oldest: Oldest,
        history: &History,
        dry_run: bool,
    ) -> Self {
        let not_reached = report.frontends.iter().filter(|frontend| frontend.is_cut_off());
        let not_reached = not_reached.filter_map(|frontend| frontend.target_group.as_ref());
        let not_reached = not_reached.map(|group| history.age(group)).collect();
        Self { at, function, report, oldest, not_reached, dry_run }
    }

    /// Every metric with its value, in the order of their names.
    fn values(&self) -> BTreeMap<&'static str, (Unit, u64)> {
        let summary = &self.report.summary;
        let failures = self.report.failures();
        let failed = failures
            .filter(|(frontend, failure)| !failure.code.is_configuration() && !frontend.is_cut_off())
            .count();
        let overdue = self.not_reached.iter().filter(|age| **age > OVERDUE).count();
        let mut values = BTreeMap::from([
            ("LoadBalancers", (Unit::Count, summary.load_balancers as u64)),
            ("Failed", (Unit::Count, (failed + overdue) as u64)),
            ("UnhealthyAge", (Unit::Seconds, self.oldest.unhealthy.as_secs())),
            ("WithheldAge", (Unit::Seconds, self.oldest.withheld.as_secs())),
        ]);
        if let Some(age) = self.not_reached.iter().max() {
            values.insert("LookAge", (Unit::Seconds, age.as_secs()));
        }
        if self.dry_run {
            values.insert("Planned", (Unit::Count, summary.planned as u64));
        }
        values
    }
}

/// Writes `metrics` as a line of the log.
pub fn write(metrics: &Metrics<'_>, namespace: &str) {
    let values = metrics.values();
    let definitions = values.iter().map(|(name, &(unit, _))| Definition { name, unit });
    log::write_line(&Line {
        aws: Metadata {
            timestamp: metrics.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis(),
            cloud_watch_metrics: [Directive {
                namespace,
                dimensions: [[DIMENSION]],
                metrics: definitions.collect(),
            }],
        },
        function: metrics.function,
        values: values.iter().map(|(name, &(_, value))| (*name, value)).collect(),
    });
}
