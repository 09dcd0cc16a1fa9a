//! Tells the caller, the log and CloudWatch what a run did.

pub mod log;
pub mod metrics;
pub mod report;

use std::sync::PoisonError;
use std::time::SystemTime;

use hickory_resolver::net::runtime::RuntimeProvider;
use tracing::warn;

use crate::error::CallError;
use crate::request::Request;
use crate::service::Service;
use metrics::Metrics;
use report::Report;

/// Logs a run, and writes the metrics of one that the event does not limit.
/// `function` is the name in their dimension.
pub fn publish<P: RuntimeProvider>(
    service: &Service<P>,
    request: &Request,
    run: &log::Run<'_>,
    function: &str,
    result: &Result<Report, CallError>,
) {
    let report = match result {
        Ok(report) => report,
        Err(error) => return log::discovery_failed(error),
    };
    let settings = &service.settings;
    if report.summary.load_balancers == 0 {
        warn!(selector = %settings.nlb_tag, "no load balancer is managed");
    }
    log::frontends(report);
    log::report(report, run);
    if !request.is_limited() {
        let at = SystemTime::now();
        let oldest = service.history.timers.lock().unwrap_or_else(PoisonError::into_inner).note(report, at);
        let metrics = Metrics::of(report, at, function, oldest, &service.history, settings.dry_run);
        metrics::write(&metrics, &settings.metrics_namespace);
    }
}
