//! The lines of one run: one for each frontend that needs a look, and the report.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tracing::field::display;
use tracing::{Span, error, error_span, info, warn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use super::write_info;
use crate::error::CallError;
use crate::model::{Role, Scope, Zone};
use crate::publish::memory::Noted;
use crate::publish::report::{Failure, FrontendReport, Outcome, Report, Summary};
use crate::request::InvalidEvent;

/// The target of the lines, for `RUST_LOG`.
pub(super) const TARGET: &str = module_path!();

/// The most bytes of a report's frontends in one line. CloudWatch Logs takes
/// 256 KiB as one event, and the rest of the line needs some.
const FRONTENDS_BYTES: usize = 240 << 10;

/// A line that the function logs, as docs/reference.md lists it.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its `message`, or what it begins with.
    pub message: &'static str,
    /// Its level.
    pub level: &'static str,
    /// When it is logged.
    pub when: &'static str,
    /// Its fields, in backticks.
    pub fields: &'static str,
}

macro_rules! lines {
    ($($message:literal $level:literal $when:literal $fields:expr;)*) => {
        /// Every line.
        pub const LINES: &[Line] =
            &[$(Line { message: $message, level: $level, when: $when, fields: $fields },)*];
    };
}

/// What names the frontend of a line.
macro_rules! frontend {
    ($fields:literal) => {
        concat!("`cluster`, `loadBalancer`, `targetGroup`", $fields)
    };
}

lines! {
    "changed" "INFO" "Targets were written."
        frontend!(", `registered`, `deregistered`, `withheld`");
    "planned" "INFO" "A dry run: targets would be written."
        frontend!(", `registered`, `deregistered`, `withheld`");
    "waiting" "INFO" "A stale target is withheld and there is nothing else to do."
        frontend!(", `withheld`, `minutes` (how long this process has seen it), `reason`");
    "unserved" "WARN" "Clients are cut off in these zones: no target there is healthy, and one failed its checks. Also of frontends that are skipped or failed."
        frontend!(", `zones`, `because` (the outcome, reason or code, or `untagged`)");
    "untagged" "WARN" "A load balancer lost its tag: it names a cluster and its target group carries the first tag of `NLB_TAG`, or this process managed it."
        frontend!("");
    "failed" "ERROR" "The frontend failed."
        frontend!(", `code`, `error`; `unwritten`: desired targets that could not be registered although the target group has served");
    "no load balancer is managed" "WARN" "Nothing carries `NLB_TAG`." "`selector`";
    "interfaces are not read" "WARN" "With `ADDRESS_SOURCE=auto`, the control planes' network interfaces could not be read; the message says what follows." "`error`";
    "discovery failed" "ERROR" "Listing failed, nothing was done." "`code`, `error`";
    "event refused" "ERROR" "The event has an unknown key or a wrong type, nothing was done." "`code`, `error`";
    "stopped" "ERROR" "The function does not start, usually for a setting that does not parse." "`error`";
    "report" "INFO" "Every run that could list."
        "the report, without converged frontends, and with skipped ones only when they change and once an hour; `requestId`, `account`; `omitted`: frontends that no longer fit into one log event";
}

/// What identifies a run in each of its lines.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Lambda's request id.
    pub request_id: &'a str,
    /// The Region acted in.
    pub region: &'a str,
    /// The account acted in; empty where the command line does not know it.
    pub account: &'a str,
    /// The role assumed.
    pub role: Option<&'a Role>,
}

impl<'a> Run<'a> {
    /// Takes the account from the role, or from the function's own ARN.
    #[must_use]
    pub fn new(request_id: &'a str, region: &'a str, function_arn: &'a str, scope: &'a Scope) -> Self {
        let role = scope.role.as_ref();
        let own_account = || function_arn.split(':').nth(4).unwrap_or_default();
        Self { request_id, region, account: role.map_or_else(own_account, Role::account), role }
    }

    /// A span around everything that the run logs, at any level.
    #[must_use]
    pub fn span(&self) -> Span {
        let role = self.role.map(Role::arn);
        let account = Some(self.account).filter(|account| !account.is_empty());
        error_span!("run", requestId = self.request_id, region = self.region, account, role)
    }
}

/// Logs that listing failed, so nothing was done.
pub fn discovery_failed(error: &CallError) {
    error!(code = error.code().as_str(), error = %error, "discovery failed");
}

/// Logs one line for each frontend that changed, waits, failed or does not serve
/// its clients, and for each that lost its tag: a steady state is quiet.
pub fn frontends(report: &Report, noted: &Noted) {
    let minutes = |index| noted.withheld.get(index).map_or(0, |age: &Duration| age.as_secs() / 60);
    for (index, frontend) in report.frontends.iter().enumerate() {
        log_outcome(frontend, minutes(index));
        log_cut_off(frontend, because(&frontend.outcome));
    }
    for frontend in &report.untagged {
        let cluster = frontend.cluster.as_ref().map(display);
        let load_balancer = frontend.load_balancer.as_ref().map(display);
        let target_group = frontend.target_group.as_ref().map(display);
        warn!(cluster, loadBalancer = load_balancer, targetGroup = target_group, "untagged");
        log_cut_off(frontend, "untagged");
    }
}

fn log_cut_off(frontend: &FrontendReport, because: &str) {
    let zones = frontend.cut_off();
    if zones.is_empty() {
        return;
    }
    let zones = zones.iter().map(Zone::as_str).collect::<Vec<_>>().join(",");
    let cluster = frontend.cluster.as_ref().map(display);
    let load_balancer = frontend.load_balancer.as_ref().map(display);
    let target_group = frontend.target_group.as_ref().map(display);
    warn!(cluster, loadBalancer = load_balancer, targetGroup = target_group, zones, because, "unserved");
}

/// The outcome of a frontend, in a word.
fn because(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Converged => "converged",
        Outcome::Waiting => "waiting",
        Outcome::Changed => "changed",
        Outcome::Planned => "planned",
        Outcome::Skipped { reason } => reason.as_str(),
        Outcome::Failed { error } => error.code.as_str(),
    }
}

/// Logs that an event is refused, so nothing was read or written.
pub fn event_refused(error: &InvalidEvent) {
    error!(code = "InvalidEvent", error = %error, "event refused");
}

fn log_outcome(frontend: &FrontendReport, minutes: u64) {
    let cluster = frontend.cluster.as_ref().map(display);
    let load_balancer = frontend.load_balancer.as_ref().map(display);
    let target_group = frontend.target_group.as_ref().map(display);
    let (registered, deregistered) = (frontend.registered.len(), frontend.deregistered.len());
    let withheld = frontend.withheld.len();
    macro_rules! line {
        ($level:ident, $message:literal $(, $field:ident = $value:expr)*) => {
            $level!(cluster, loadBalancer = load_balancer, targetGroup = target_group, $($field = $value,)* $message)
        };
    }
    match &frontend.outcome {
        Outcome::Changed => {
            line!(info, "changed", registered = registered, deregistered = deregistered, withheld = withheld);
        }
        Outcome::Planned => {
            line!(info, "planned", registered = registered, deregistered = deregistered, withheld = withheld);
        }
        Outcome::Waiting => {
            let reason = frontend.withheld.first().map(|withheld| display(&withheld.reason));
            line!(info, "waiting", withheld = withheld, minutes = minutes, reason = reason);
        }
        Outcome::Failed { error } => {
            let unwritten = Some(frontend.unwritten).filter(|targets| *targets > 0);
            line!(error, "failed", code = error.code.as_str(), unwritten = unwritten, error = error.message);
        }
        Outcome::Converged | Outcome::Skipped { .. } => {}
    }
}

/// The report as a log line. `tracing` has no nested values, so it is written
/// here, in the JSON format whatever the others are in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportLine<'a> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    schema_version: u16,
    version: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    account: &'a str,
    dry_run: bool,
    region: &'a str,
    summary: Summary,
    frontends: Vec<Box<RawValue>>,
    /// Frontends that did not fit into the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<usize>,
}

/// Logs the summary of `report` and every frontend that is not converged;
/// skipped ones only where `shows_skipped`, because they seldom change.
pub fn report(report: &Report, run: &Run<'_>, shows_skipped: bool) {
    write_info(&report_line(report, run, shows_skipped));
}

fn report_line<'a>(report: &'a Report, run: &Run<'a>, shows_skipped: bool) -> ReportLine<'a> {
    let mut timestamp = String::new();
    // Writing to a string cannot fail.
    _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
    let unconverged = report.frontends.iter().filter(|frontend| match frontend.outcome {
        Outcome::Converged => false,
        Outcome::Skipped { .. } => shows_skipped,
        Outcome::Waiting | Outcome::Changed | Outcome::Planned | Outcome::Failed { .. } => true,
    });
    let (frontends, omitted) = fitting(&unconverged.collect::<Vec<_>>());
    ReportLine {
        timestamp,
        level: "INFO",
        message: "report",
        schema_version: report.schema_version,
        version: report.version,
        request_id: run.request_id,
        account: run.account,
        dry_run: report.dry_run,
        region: &report.region,
        summary: report.summary,
        frontends,
        omitted: Some(omitted).filter(|omitted| *omitted > 0),
    }
}

/// As many frontends as fit, and the number of those that do not. If not all
/// do, failures lose their messages first: those have lines of their own.
fn fitting(frontends: &[&FrontendReport]) -> (Vec<Box<RawValue>>, usize) {
    let raw = |frontend: &FrontendReport| to_raw_value(frontend).ok();
    let mut all: Vec<_> = frontends.iter().filter_map(|frontend| raw(frontend)).collect();
    if bytes(&all) > FRONTENDS_BYTES {
        all = frontends.iter().filter_map(|frontend| raw(&without_message(frontend))).collect();
    }
    let mut left = FRONTENDS_BYTES;
    let fit = all
        .iter()
        .take_while(|frontend| {
            let fits = frontend.get().len() < left;
            left = left.saturating_sub(frontend.get().len() + 1);
            fits
        })
        .count();
    let omitted = all.len() - fit;
    all.truncate(fit);
    (all, omitted)
}

fn bytes(frontends: &[Box<RawValue>]) -> usize {
    frontends.iter().map(|frontend| frontend.get().len() + 1).sum()
}

fn without_message(frontend: &FrontendReport) -> FrontendReport {
    let mut short = frontend.clone();
    if let Outcome::Failed { error } = &mut short.outcome {
        *error = Failure { message: String::new(), ..error.clone() };
    }
    short
}

#[cfg(test)]
mod tests;
