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

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::history::History;
use crate::publish::log;
use crate::publish::memory::Noted;
use crate::publish::report::{FrontendReport, Report, VERSION};
use crate::reasons::FailureCode;

/// The one dimension: two functions never satisfy each other's alarms, and a
/// fleet's function has as many metrics as any other.
const DIMENSION: &str = "FunctionName";

/// A stale target that is kept longer than this needs a person: replacements
/// should be healthy within minutes (AWS documents no duration).
pub const LASTING: Duration = Duration::from_mins(30);

/// A frontend that no run has reached for this long counts as failing. In a
/// Region too large for one run, every frontend is visited within minutes.
const OVERDUE: Duration = Duration::from_mins(15);

/// What one run counted, by metric. A run that listed nothing counts only
/// itself, because it knows nothing about the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Managed load balancers.
    pub load_balancers: Option<usize>,
    /// Frontends whose clients are cut off in some zone, or whose control plane
    /// moved and whose targets could not be written.
    pub unserved: Option<usize>,
    /// Frontends that fail in this run and the one before, and may recover
    /// without a person; discoveries that fail; events that are refused.
    pub failing: usize,
    /// Frontends that wait for a person: a tag, a setting, a stale target.
    pub attention: Option<usize>,
    /// What a deployment in dry run plans, or fails at.
    pub planned: Option<usize>,
}

/// A line in the embedded metric format: the definitions of metrics, and all
/// values.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata<'a>,
    #[serde(rename = "FunctionName")]
    function: &'a str,
    /// A property, and no dimension: a new version leaves the metrics as they are.
    version: &'a str,
    #[serde(flatten)]
    values: BTreeMap<&'a str, usize>,
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
    unit: &'a str,
}

impl Metrics {
    /// Counts a run that listed its load balancers.
    #[must_use]
    pub fn of(report: &Report, noted: &Noted, history: &History, dry_run: bool) -> Self {
        let failures = || {
            let failing = report.frontends.iter().zip(&noted.failing).filter(|(_, fails)| **fails);
            failing.filter_map(|(frontend, _)| Some((frontend, frontend.failure()?.code)))
        };
        let may_recover = |(frontend, code): &(&FrontendReport, FailureCode)| {
            !code.is_configuration() && (!frontend.is_out_of_time() || is_overdue(frontend, history))
        };
        let waits_for_a_person = failures().filter(|(_, code)| code.is_configuration()).count();
        let lasting = noted.withheld.iter().filter(|age| **age >= LASTING).count();
        let all = report.frontends.iter().chain(&report.untagged);
        Self {
            load_balancers: Some(report.summary.load_balancers),
            unserved: Some(all.filter(|frontend| frontend.is_at_risk()).count()),
            failing: failures().filter(may_recover).count(),
            attention: Some(waits_for_a_person + lasting + report.untagged.len()),
            planned: dry_run.then_some(report.summary.planned + report.summary.failed),
        }
    }

    /// Counts a run that could not begin, or listed nothing.
    #[must_use]
    pub fn of_failure(is_failing: bool) -> Self {
        Self { failing: usize::from(is_failing), ..Self::default() }
    }

    /// Every metric with its value, by name.
    fn values(&self) -> BTreeMap<&'static str, usize> {
        let values = [
            ("LoadBalancers", self.load_balancers),
            ("Unserved", self.unserved),
            ("Failing", Some(self.failing)),
            ("Attention", self.attention),
            ("Planned", self.planned),
        ];
        values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn is_overdue(frontend: &FrontendReport, history: &History) -> bool {
    frontend.target_group.as_ref().is_some_and(|group| history.age(group) > OVERDUE)
}

/// Writes `metrics` of `function` as a line of the log.
pub fn write(metrics: &Metrics, at: SystemTime, function: &str, namespace: &str) {
    let values = metrics.values();
    log::write_line(&Line {
        aws: Metadata {
            timestamp: at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis(),
            cloud_watch_metrics: [Directive {
                namespace,
                dimensions: [[DIMENSION]],
                metrics: values.keys().map(|name| Definition { name, unit: "Count" }).collect(),
            }],
        },
        function,
        version: VERSION,
        values,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CallError, FrontendError};
    use crate::model::TargetGroupArn;
    use crate::publish::report::Outcome;

    /// In a large Region a run does not reach every frontend.
    #[tokio::test(start_paused = true)]
    async fn a_frontend_fails_that_no_run_has_reached_for_a_quarter_of_an_hour() {
        let history = History::new(0);
        let error = FrontendError::Call(CallError::NotStarted { step: "a step" });
        let unreached = FrontendReport {
            target_group: Some(TargetGroupArn("a".to_owned())),
            ..FrontendReport::new((&error).into())
        };
        let report = Report::new(false, String::new(), 1, vec![unreached]);
        let noted = Noted { failing: vec![true], ..Noted::default() };
        for (minutes, failing) in [(14, 0), (2, 1)] {
            tokio::time::advance(Duration::from_mins(minutes)).await;
            assert_eq!(Metrics::of(&report, &noted, &history, false).failing, failing);
        }
    }

    /// A deployment in dry run is to be ended when its plan is as expected.
    #[test]
    fn a_dry_run_counts_what_it_plans_or_fails_at() {
        let failed = FrontendReport::new((&FrontendError::NoTargetGroup).into());
        let planned = || FrontendReport::new(Outcome::Planned);
        let report = Report::new(true, String::new(), 3, vec![failed, planned(), planned()]);
        let noted = Noted { failing: vec![true, false, false], ..Noted::default() };
        for (dry_run, expected) in [(true, Some(3)), (false, None)] {
            assert_eq!(Metrics::of(&report, &noted, &History::new(0), dry_run).planned, expected);
        }
    }
}
