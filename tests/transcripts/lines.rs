//! The lines of the log, the metrics and the answer, as a transcript shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, SystemTime};

use eks_nlb_sync::publish::report::{Report, VERSION};
use serde_json::{Map, Value};

use crate::render::{fields, short, value};

/// What was printed last: a later line omits what is the same.
#[derive(Default)]
pub(crate) struct Lines {
    /// The span of the last line.
    span: String,
    /// The definitions of metrics so far.
    definitions: BTreeSet<String>,
    /// Whether frontends are listed by outcome.
    pub(crate) is_brief: bool,
    /// The clusters of lines that are like one before, where frontends are listed by
    /// outcome.
    more: BTreeMap<String, Vec<String>>,
    /// The frontends of the last answer.
    answered: Vec<Value>,
    /// The report of this run as it was logged.
    report: Map<String, Value>,
}

impl Lines {
    /// Begins a run.
    pub(crate) fn begin(&mut self) {
        self.report = Map::new();
    }

    /// A line of the log, `at` milliseconds after the run began.
    pub(crate) fn written(&mut self, at: u128, line: &str, run_began: SystemTime) -> String {
        let Ok(Value::Object(mut object)) = serde_json::from_str(line) else {
            return format!("{at:>6} ms  not JSON: {line}");
        };
        if object.contains_key("_aws") {
            return self.metrics(at, object, run_began);
        }
        let timestamp = object.remove("timestamp").map(|timestamp| timestamp.to_string());
        assert!(timestamp.is_some_and(|timestamp| timestamp.ends_with("Z\"")), "Lambda needs it: {line}");
        let level = text(object.remove("level").as_ref());
        let message = text(object.remove("message").as_ref());
        if message == "report" {
            return self.report(at, &level, object);
        }
        let target = text(object.remove("target").as_ref());
        let is_own = target.starts_with("eks_nlb_sync");
        let cluster = text(object.get("cluster"));
        if self.is_brief && !cluster.is_empty() {
            let kind = format!("{level} {message} {}", text(object.get("code")));
            if let Some(more) = self.more.get_mut(&kind) {
                more.push(cluster);
                return String::new();
            }
            self.more.insert(kind, Vec::new());
        }
        if !is_own {
            // A DNS query has a random id.
            object.retain(|key, _| !key.ends_with("_id"));
        }
        let target = if is_own { String::new() } else { format!("{target}: ") };
        let span = object.remove("span").map(|span| value(&span)).unwrap_or_default();
        let mut lines = String::new();
        if span != self.span {
            _ = writeln!(lines, "      log  run {span}");
            self.span = span;
        }
        _ = writeln!(lines, "{at:>6} ms  {level} {target}{message}: {}", fields(&object));
        short(&lines)
    }

    /// The clusters of the lines that are like one that is shown.
    pub(crate) fn more(&mut self) -> String {
        let more = std::mem::take(&mut self.more).into_iter().filter(|(_, clusters)| !clusters.is_empty());
        let lines = more.map(|(kind, clusters)| {
            format!("     also  {}, {} times: {}\n", kind.trim_end(), clusters.len(), clusters.join(" "))
        });
        lines.collect::<Vec<_>>().concat()
    }

    fn report(&mut self, at: u128, level: &str, mut report: Map<String, Value>) -> String {
        self.report.clone_from(&report);
        let frontends = members(report.remove("frontends"));
        let summary = report.remove("summary").unwrap_or_default();
        let mut lines = format!("{at:>6} ms  {level} report: {}\n", version(&fields(&report)));
        _ = writeln!(lines, "           {}", counts(&summary));
        lines.push_str(&self.frontends(&frontends.iter().collect::<Vec<_>>()));
        short(&lines)
    }

    fn frontends(&self, frontends: &[&Value]) -> String {
        if self.is_brief {
            return by_outcome(frontends);
        }
        frontends
            .iter()
            .map(|frontend| format!("           - {}\n", value(frontend)))
            .collect::<Vec<_>>()
            .concat()
    }

    /// The answer to the caller: what is neither in the report of the log nor in the
    /// answer before.
    pub(crate) fn answered(&mut self, took: Duration, report: &Report) -> String {
        let Ok(Value::Object(mut answer)) = serde_json::to_value(report) else { return String::new() };
        let logged = members(self.report.get("frontends").cloned());
        let frontends = members(answer.remove("frontends"));
        answer.retain(|key, value| self.report.get(key) != Some(value));
        let mut lines = format!("{:>6} ms  answer: ", took.as_millis());
        let (as_logged, others): (Vec<_>, Vec<_>) =
            frontends.iter().partition(|frontend| logged.contains(frontend));
        let (as_before, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|frontend| self.answered.contains(frontend));
        _ = writeln!(
            lines,
            "{} of {} frontends, {} as logged, {} as in the answer before",
            frontends.len(),
            report.summary.frontends,
            as_logged.len(),
            as_before.len()
        );
        if !answer.is_empty() {
            _ = writeln!(lines, "           {}", version(&fields(&answer)));
        }
        lines.push_str(&self.frontends(&others));
        self.answered = frontends;
        short(&lines)
    }

    /// Values with units, and the rest of the document where it is not as before.
    fn metrics(&mut self, at: u128, mut document: Map<String, Value>, run_began: SystemTime) -> String {
        let mut aws = document.remove("_aws").unwrap_or_default();
        let timestamp = aws.as_object_mut().and_then(|aws| aws.remove("Timestamp"));
        let timestamp = timestamp.and_then(|timestamp| timestamp.as_u64()).expect("milliseconds");
        let began = run_began.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let after = i128::from(timestamp) - i128::try_from(began).expect("a time");
        let mut lines = format!("{at:>6} ms  metrics of {after} ms: {}\n", version(&fields(&document)));
        let definitions = value(&aws);
        if !self.definitions.contains(&definitions) {
            _ = writeln!(lines, "           {definitions}");
            self.definitions.insert(definitions);
        }
        lines
    }
}

/// The clusters of frontends by outcome and code, in their order.
fn by_outcome(frontends: &[&Value]) -> String {
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for frontend in frontends {
        let field = |name| text(frontend.get(name));
        let code = text(frontend.pointer("/error/code"));
        outcomes.entry(format!("{} {code}", field("outcome"))).or_default().push(field("cluster"));
    }
    let lines = outcomes.iter().map(|(outcome, clusters)| {
        format!("           - {} {}: {}\n", clusters.len(), outcome.trim_end(), clusters.join(" "))
    });
    lines.collect::<Vec<_>>().concat()
}

/// The counts that are not zero, and whether any is missing.
fn counts(summary: &Value) -> String {
    let counts: BTreeMap<_, _> = summary.as_object().into_iter().flatten().collect();
    let counted = counts.iter().filter(|(_, count)| **count != &Value::from(0));
    let counted: Vec<_> = counted.map(|(key, count)| format!("{key}={count}")).collect();
    format!("{} (of {} counts)", counted.join(" "), counts.len())
}

fn members(list: Option<Value>) -> Vec<Value> {
    match list {
        Some(Value::Array(members)) => members,
        _ => Vec::new(),
    }
}

fn text(json: Option<&Value>) -> String {
    json.map(value).unwrap_or_default().trim_matches('"').to_owned()
}

/// A release changes no transcript.
fn version(text: &str) -> String {
    text.replace(&format!("version={VERSION}"), "version=VERSION")
}
