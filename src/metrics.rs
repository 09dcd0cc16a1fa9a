//! Writes the metrics of a run as one line in CloudWatch's embedded metric
//! format; sends nothing itself.
//!
//! AWS's metrique would write the same line with 48 more crates and a zipped
//! binary 6 % larger, past the 3 MB that cold starts are held to; the format is
//! one JSON document, so serde writes it.
//!
//! The line is written before the invocation ends, in the foreground: what a
//! background queue holds when Lambda freezes the process is late or lost.
//!
//! Source: CloudWatch User Guide, *Embedded metric format specification*.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::log;
use crate::model::{Target, TargetGroupArn};
use crate::report::{Outcome, Report};

/// The one dimension: its values are as few as the Regions served.
const DIMENSION: &str = "Region";

/// Withheld targets that no run has seen for this long are forgotten.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// What one run measured.
#[derive(Debug)]
pub struct Metrics<'a> {
    /// When it ended.
    pub at: SystemTime,
    /// The Region acted in.
    pub region: &'a str,
    /// How long it took.
    pub duration: Duration,
    /// What it did; absent if discovery failed.
    pub report: Option<&'a Report>,
    /// How long at least the oldest withheld target has been withheld.
    pub oldest_withheld: Option<Duration>,
}

/// The units that CloudWatch calls so.
#[derive(Clone, Copy, Serialize)]
enum Unit {
    Count,
    Milliseconds,
    Seconds,
}

/// A line in the embedded metric format: what is a metric, and all values.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata<'a>,
    #[serde(rename = "Region")]
    region: &'a str,
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

impl Metrics<'_> {
    /// Every metric with its value, in the order of their names.
    fn values(&self) -> BTreeMap<String, (Unit, u64)> {
        let mut values = BTreeMap::new();
        let mut count = |name: &str, n: usize| _ = values.insert(name.to_owned(), (Unit::Count, n as u64));
        let succeeded = self.report.is_some_and(|report| report.summary.failed == 0);
        count("RunsSucceeded", succeeded.into());
        count("DiscoveryFailed", self.report.is_none().into());
        if let Some(report) = self.report {
            let summary = &report.summary;
            count("LoadBalancers", summary.load_balancers);
            count("Frontends", summary.frontends);
            count("Converged", summary.converged);
            count("Changed", summary.changed);
            count("Planned", summary.planned);
            count("Skipped", summary.skipped);
            count("Failed", summary.failed);
            count("Registered", summary.registered);
            count("Deregistered", summary.deregistered);
            count("Withheld", summary.withheld);
            let observed = || report.frontends.iter().filter_map(|entry| Some((entry, entry.healthy?)));
            count("DesiredTargets", observed().map(|(entry, _)| entry.desired.len()).sum());
            count("HealthyTargets", observed().map(|(_, healthy)| healthy).sum());
            count("FrontendsWithoutHealthyTarget", observed().filter(|(_, healthy)| *healthy == 0).count());
            for (code, failed) in failed_by_code(report) {
                count(&format!("Failed{code}"), failed);
            }
        }
        values.insert("Duration".to_owned(), (Unit::Milliseconds, millis(self.duration)));
        if let Some(age) = self.oldest_withheld {
            values.insert("OldestWithheldAge".to_owned(), (Unit::Seconds, age.as_secs()));
        }
        values
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

fn failed_by_code(report: &Report) -> BTreeMap<&'static str, usize> {
    let mut by_code = BTreeMap::new();
    for (_, failure) in report.failures() {
        *by_code.entry(failure.code).or_default() += 1;
    }
    by_code
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
        region: metrics.region,
        values: values.iter().map(|(name, &(_, value))| (name.as_str(), value)).collect(),
    });
}

/// Remembers since when each withheld target has been withheld, as far as this
/// process has seen: a new one starts at zero, so an age is a lower bound.
#[derive(Debug, Default)]
pub struct WithheldSince(BTreeMap<(TargetGroupArn, Target), Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: SystemTime,
    last: SystemTime,
}

impl WithheldSince {
    /// Takes note of what `report` withholds; returns the age of the oldest.
    pub fn oldest(&mut self, report: &Report, now: SystemTime) -> Option<Duration> {
        for entry in &report.frontends {
            let Some(group) = &entry.target_group else { continue };
            // A failure before the targets were read says nothing about them.
            if !matches!(entry.outcome, Outcome::Failed { .. }) {
                let still =
                    |target: &Target| entry.withheld.iter().any(|withheld| withheld.target == *target);
                self.0.retain(|(of, target), _| of != group || still(target));
            }
            for withheld in &entry.withheld {
                let seen =
                    self.0.entry((group.clone(), withheld.target)).or_insert(Seen { first: now, last: now });
                seen.last = now;
            }
        }
        let elapsed = |since: SystemTime| now.duration_since(since).unwrap_or_default();
        // Other Regions and accounts may be served in between.
        self.0.retain(|_, seen| elapsed(seen.last) < FORGET_AFTER);
        let of_this_run = self.0.values().filter(|seen| seen.last == now);
        of_this_run.map(|seen| elapsed(seen.first)).max()
    }
}
