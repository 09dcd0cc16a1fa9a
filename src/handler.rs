//! Serves one invocation: request in, report or diagnostic out. Logs each
//! failure once.

use std::fmt::{self, Display};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use tracing::{Instrument, warn};

use crate::aws::account::Account;
use crate::dns::Resolver;
use crate::error::CallError;
use crate::limits::Limits;
use crate::metrics::{Ages, Metrics};
use crate::reconcile::Mode;
use crate::report::{FrontendReport, Report};
use crate::request::{InvalidEvent, Request};
use crate::settings::Settings;
use crate::turns::Turns;
use crate::{log, metrics, sync};

/// The function's time where the event brings none: cargo-lambda's emulator
/// sends a deadline in 1970.
const NO_DEADLINE: Duration = Duration::from_mins(5);

/// How many failures the diagnostic names; the log has them all.
const FAILURES_NAMED: usize = 5;

/// Everything that outlives an invocation.
pub struct Handler {
    settings: Settings,
    account: Account,
    resolver: Resolver,
    ages: Mutex<Ages>,
    turns: Turns,
    started: SystemTime,
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
    DiscoveryFailed(#[from] CallError),
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
    /// Starts to serve invocations.
    #[must_use]
    pub fn new(settings: Settings, account: Account, resolver: Resolver) -> Self {
        Self {
            settings,
            account,
            resolver,
            ages: Mutex::default(),
            turns: Turns::new(RandomState::new().hash_one(std::process::id())),
            started: SystemTime::now(),
        }
    }

    /// Serves one invocation.
    ///
    /// # Errors
    ///
    /// The event is refused, discovery fails, or a frontend failed; in the
    /// last case all others have been served.
    pub async fn invoke(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Report, InvocationError> {
        let LambdaEvent { payload, context } = event;
        let request = Request::parse(&payload)?;
        let region = self.account.region(&request.scope);
        let run = log::Run::new(&context.request_id, region, &context.invoked_function_arn, &request.scope);
        // Boxed, or the compiler gives up on the depth of the future's type.
        Box::pin(self.serve(&request, &context, &run)).instrument(run.span()).await
    }

    async fn serve(
        &self,
        request: &Request,
        context: &Context,
        run: &log::Run<'_>,
    ) -> Result<Report, InvocationError> {
        let time = time_left(context, SystemTime::now(), self.started);
        let limits = Limits::new(self.settings.max_concurrency, time);
        let report = self.run(request, run.request_id, &limits).await;
        self.turns.forget_old();
        self.forget_refused_credentials(&report).await;
        let report = report.inspect_err(log::discovery_failed)?;
        if report.summary.load_balancers == 0 {
            warn!(selector = %self.settings.nlb_tag, "no load balancer is managed");
        }
        log::frontends(&report);
        log::report(&report, run);
        if !request.is_limited() {
            self.measure(&report, &context.env_config.function_name);
        }
        match diagnosis(&report) {
            None => Ok(report),
            Some(message) => Err(InvocationError::FrontendsFailed(message)),
        }
    }

    async fn run(&self, request: &Request, request_id: &str, limits: &Limits) -> Result<Report, CallError> {
        let dry_run = self.settings.dry_run || request.dry_run;
        let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
        let session = format!("eks-nlb-sync-{request_id}");
        let clients = self.account.clients(&request.scope, &session, limits).await?;
        let clusters = request.clusters.as_ref();
        sync(&self.settings, clusters, mode, &clients, &self.resolver, &self.turns, limits).await
    }

    /// Lets the next run assume its role anew where credentials may have been
    /// revoked, so that it costs one run and not two.
    async fn forget_refused_credentials(&self, report: &Result<Report, CallError>) {
        let is_refused = report
            .as_ref()
            .map_or(true, |report| report.failures().any(|(_, failure)| failure.is_about_credentials));
        if is_refused {
            self.account.forget().await;
        }
    }

    fn measure(&self, report: &Report, function: &str) {
        let at = SystemTime::now();
        let oldest = self.ages.lock().unwrap_or_else(PoisonError::into_inner).note(report, at);
        metrics::write(
            &Metrics::of(report, at, function, oldest, &self.turns, self.settings.dry_run),
            &self.settings.metrics_namespace,
        );
    }
}

/// The time that a run may take. A deadline before the process started was
/// never meant; one that has passed since leaves no time.
fn time_left(context: &Context, now: SystemTime, started: SystemTime) -> Duration {
    let deadline = context.deadline();
    if deadline < started {
        return NO_DEADLINE;
    }
    deadline.duration_since(now).unwrap_or_default()
}

/// What the caller of a run with failures is told: how many, which, and why.
fn diagnosis(report: &Report) -> Option<String> {
    let named: Vec<String> = report
        .failures()
        .take(FAILURES_NAMED)
        .map(|(frontend, failure)| format!("{} ({})", subject(frontend), failure.code))
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

fn subject(frontend: &FrontendReport) -> String {
    match (&frontend.cluster, &frontend.load_balancer) {
        (Some(cluster), _) => cluster.to_string(),
        (None, Some(load_balancer)) => load_balancer.to_string(),
        (None, None) => "an unknown frontend".to_owned(),
    }
}
