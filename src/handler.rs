//! Serves one invocation: request in, report or diagnostic out. Logs each
//! failure once.

use std::fmt;
use std::time::{Duration, SystemTime};

use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::error::CallError;
use crate::model::Scope;
use crate::publish::metrics::{self, Metrics};
use crate::publish::report::{FrontendReport, Report};
use crate::publish::{log, publish};
use crate::reasons::ErrorType;
use crate::request::{InvalidEvent, Request};
use crate::schedule::budget::RunBudget;
use crate::service::Service;

/// The function's time where the event brings none: cargo-lambda's emulator
/// sends a deadline in 1970.
const NO_DEADLINE: Duration = Duration::from_mins(5);

/// How many failures the diagnostic names; the log has them all.
const FAILURES_NAMED: usize = 5;

/// The service under the Lambda runtime.
pub struct Handler<P: RuntimeProvider = TokioRuntimeProvider> {
    service: Service<P>,
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
            Self::InvalidEvent(_) => f.write_str("InvalidEvent"),
            Self::DiscoveryFailed(_) => f.write_str("DiscoveryFailed"),
            Self::FrontendsFailed(_) => f.write_str("FrontendsFailed"),
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        let error_type = match error {
            InvocationError::InvalidEvent(_) => ErrorType::InvalidEvent,
            InvocationError::DiscoveryFailed(_) => ErrorType::DiscoveryFailed,
            InvocationError::FrontendsFailed(_) => ErrorType::FrontendsFailed,
        };
        Self { error_type: error_type.as_str().to_owned(), error_message: error.to_string() }
    }
}

impl<P: RuntimeProvider> Handler<P> {
    /// Starts to serve invocations.
    #[must_use]
    pub fn new(service: Service<P>) -> Self {
        let started = service.account.now();
        Self { service, started }
    }

    /// Serves one invocation.
    ///
    /// # Errors
    ///
    /// The event is refused, discovery fails, or a frontend failed; in the
    /// last case all others have been served.
    pub async fn invoke(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Report, InvocationError> {
        let LambdaEvent { payload, context } = event;
        let request = match Request::parse(&payload) {
            Ok(request) => request,
            Err(refusal) => {
                self.refuse(&refusal, &context);
                return Err(refusal.into());
            }
        };
        let region = self.service.account.region(&request.scope);
        let run = log::Run::new(&context.request_id, region, &context.invoked_function_arn, &request.scope);
        self.serve(&request, &context, &run).instrument(run.span()).await
    }

    /// Logs and counts an event that is refused: a schedule that sends it syncs
    /// nothing.
    fn refuse(&self, refusal: &InvalidEvent, context: &Context) {
        let scope = Scope::default();
        let region = self.service.account.region(&scope);
        let _span = log::Run::new(&context.request_id, region, &context.invoked_function_arn, &scope)
            .span()
            .entered();
        log::event_refused(refusal);
        let namespace = &self.service.settings.metrics_namespace;
        metrics::write(
            &Metrics::of_failure(true),
            self.service.account.now(),
            &context.env_config.function_name,
            namespace,
        );
    }

    async fn serve(
        &self,
        request: &Request,
        context: &Context,
        run: &log::Run<'_>,
    ) -> Result<Report, InvocationError> {
        let time = time_left(context, self.service.account.now(), self.started);
        let budget = RunBudget::new(self.service.settings.max_concurrency, time);
        let result = self.service.run(request, run.request_id, &budget).await;
        publish(&self.service, request, run, &context.env_config.function_name, &result);
        let report = result?;
        match diagnosis(&report) {
            Some(message) => Err(InvocationError::FrontendsFailed(message)),
            None if request.summary_only => Ok(Report { frontends: Vec::new(), ..report }),
            None => Ok(report),
        }
    }
}

/// The time that a run may take. A deadline before the process started counts
/// as none given; one that has passed since leaves no time.
fn time_left(context: &Context, now: SystemTime, started: SystemTime) -> Duration {
    let deadline = context.deadline();
    if deadline < started {
        return NO_DEADLINE;
    }
    deadline.duration_since(now).unwrap_or_default()
}

/// What the caller of a run with failures gets: how many, which, and why.
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
        (None, None) => "the list of load balancers".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FrontendError;

    /// In a warm process, too.
    #[test]
    fn a_run_has_the_time_until_its_deadline() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut context = Context::default();
        for (deadline, now, seconds) in
            [(1060, 1000, 60), (4660, 4600, 60), (4599, 4600, 0), (900, 1000, 300)]
        {
            context.deadline = deadline * 1000;
            assert_eq!(time_left(&context, at(now), at(1000)), Duration::from_secs(seconds), "{deadline}");
        }
    }

    #[test]
    fn a_diagnostic_names_five_failures_and_counts_the_others() {
        for (failures, expected) in [
            (0, None),
            (5, Some("5 of 5 frontends failed: @, @, @, @, @; the log has one line for each")),
            (8, Some("8 of 8 frontends failed: @, @, @, @, @ and 3 more; the log has one line for each")),
        ] {
            let failed = FrontendReport::new((&FrontendError::NoTargetGroup).into());
            let report = Report::new(false, String::new(), 1, vec![failed; failures]);
            let expected =
                expected.map(|text| text.replace('@', "the list of load balancers (NoTargetGroup)"));
            assert_eq!(diagnosis(&report), expected);
        }
    }
}
