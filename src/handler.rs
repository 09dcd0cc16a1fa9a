//! Serves one invocation: request in, report or diagnostic out. Logs each
//! failure once.

use std::fmt::{self, Display};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::aws::{Account, Limits};
use crate::dns::Resolver;
use crate::error::AwsError;
use crate::metrics::{Metrics, WithheldSince};
use crate::reconcile::Mode;
use crate::report::{Entry, Outcome, Report};
use crate::request::{InvalidEvent, Request};
use crate::settings::Settings;
use crate::{log, metrics, sync};

/// Kept back from the function's time for writing the report.
const MARGIN: Duration = Duration::from_millis(500);

/// The function's time where the event brings none: cargo-lambda's emulator
/// sends a deadline in 1970.
const NO_DEADLINE: Duration = Duration::from_mins(5);

/// How many failures the diagnostic names; the log has them all.
const FAILURES_NAMED: usize = 5;

/// Everything that outlives an invocation.
pub struct Handler {
    /// What the operator has set.
    pub settings: Settings,
    /// Where the function is at home, and whom it last acted as.
    pub account: Account,
    /// The resolver of all hosts.
    pub resolver: Resolver,
    /// Since when targets are withheld.
    pub withheld_since: Mutex<WithheldSince>,
}

/// Why an invocation ends as a function error. `Debug` is what
/// `lambda_runtime` logs, so it is short where the handler has logged the
/// failure already.
#[derive(thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum InvocationError {
    #[error(transparent)]
    InvalidEvent(#[from] InvalidEvent),
    #[error("nothing was written: {0}")]
    DiscoveryFailed(#[from] AwsError),
    #[error("{0}")]
    FrontendsFailed(String),
}

impl fmt::Debug for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidEvent(refusal) => Display::fmt(refusal, f),
            Self::DiscoveryFailed(_) => f.write_str("DiscoveryFailed"),
            Self::FrontendsFailed(_) => f.write_str("FrontendsFailed"),
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        let error_type = match error {
            InvocationError::InvalidEvent(_) => "InvalidEvent",
            InvocationError::DiscoveryFailed(_) => "DiscoveryFailed",
            InvocationError::FrontendsFailed(_) => "FrontendsFailed",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    /// Serves one invocation.
    ///
    /// # Errors
    ///
    /// The event is refused, discovery fails, or a frontend failed; in the
    /// last case all others have been served.
    pub async fn invoke(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Report, InvocationError> {
        let LambdaEvent { payload, context } = event;
        let request = Request::parse(&payload)?;
        let deadline = Instant::now() + time_left(&context, SystemTime::now());
        let limits = Limits::new(self.settings.max_concurrency, deadline);

        let start = Instant::now();
        // Boxed, or the compiler gives up on the depth of the future's type.
        let report = Box::pin(self.run(&request, &limits)).await;
        self.measure(report.as_ref().ok(), &request, start.elapsed());
        let report = report.inspect_err(|error| {
            error!(code = error.code(), error = %error, "discovery failed");
        })?;
        tell(&report, &self.settings);
        log::report(&report, &context.request_id);
        match diagnosis(&report) {
            None => Ok(report),
            Some(message) => Err(InvocationError::FrontendsFailed(message)),
        }
    }

    async fn run(&self, request: &Request, limits: &Limits) -> Result<Report, AwsError> {
        let dry_run = self.settings.dry_run || request.dry_run;
        let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
        let clients = self.account.clients(&request.scope, limits).await?;
        let clusters = request.clusters.as_ref();
        let report = sync(&self.settings, clusters, mode, &clients, &self.resolver, limits).await;
        if report.is_err() {
            self.account.forget().await;
        }
        report
    }

    fn measure(&self, report: Option<&Report>, request: &Request, duration: Duration) {
        let now = SystemTime::now();
        let mut since = self.withheld_since.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics = Metrics {
            at: now,
            region: self.account.region(&request.scope),
            duration,
            report,
            oldest_withheld: report.and_then(|report| since.oldest(report, now)),
        };
        metrics::write(&metrics, &self.settings.metrics_namespace);
    }
}

/// The time that a run may take. Too little to do anything is no time at all,
/// but a deadline that was past on arrival was never meant.
fn time_left(context: &Context, now: SystemTime) -> Duration {
    match context.deadline().duration_since(now) {
        Ok(left) if !left.is_zero() => left.saturating_sub(MARGIN),
        _ => NO_DEADLINE,
    }
}

/// One line for each frontend that changed or failed: a steady state is quiet.
fn tell(report: &Report, settings: &Settings) {
    if report.summary.load_balancers == 0 {
        warn!(selector = %settings.nlb_tag, region = report.region, "no load balancer is selected");
    }
    for entry in &report.frontends {
        let load_balancer = entry.load_balancer.as_ref().map(tracing::field::display);
        let target_group = entry.target_group.as_ref().map(tracing::field::display);
        let cluster = entry.cluster.as_ref().map(tracing::field::display);
        let (registered, deregistered) = (entry.registered.len(), entry.deregistered.len());
        let withheld = entry.withheld.len();
        match &entry.outcome {
            Outcome::Changed => {
                info!(cluster, load_balancer, target_group, registered, deregistered, withheld, "changed");
            }
            Outcome::Planned => {
                info!(cluster, load_balancer, target_group, registered, deregistered, withheld, "planned");
            }
            Outcome::Failed { error } => {
                error!(
                    cluster,
                    load_balancer,
                    target_group,
                    code = error.code,
                    error = error.message,
                    "failed"
                );
            }
            Outcome::Converged | Outcome::Skipped { .. } => {}
        }
    }
}

/// What the caller of a run with failures is told: how many, which, and why.
fn diagnosis(report: &Report) -> Option<String> {
    let named: Vec<String> = report
        .failures()
        .take(FAILURES_NAMED)
        .map(|(entry, failure)| format!("{} ({})", subject(entry), failure.code))
        .collect();
    if named.is_empty() {
        return None;
    }
    let more = match report.summary.failed - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "{} of {} frontends failed: {}{more}; the log has one line for each",
        report.summary.failed,
        report.summary.frontends,
        named.join(", ")
    ))
}

fn subject(entry: &Entry) -> String {
    match (&entry.cluster, &entry.load_balancer) {
        (Some(cluster), _) => cluster.to_string(),
        (None, Some(load_balancer)) => load_balancer.to_string(),
        (None, None) => "an unknown frontend".to_owned(),
    }
}
