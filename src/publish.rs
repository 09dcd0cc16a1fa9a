//! Reports a run to the caller, the log and CloudWatch.

pub mod log;
pub mod memory;
pub mod metrics;
pub mod report;

use hickory_resolver::net::runtime::RuntimeProvider;
use tracing::warn;

use crate::error::CallError;
use crate::request::Request;
use crate::service::Service;
use memory::Noted;
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
    let Service { settings, history, .. } = service;
    let at = service.account.now();
    let scope = format!("{}/{}", run.account, run.region);
    let metrics = match result {
        Err(error) => {
            log::discovery_failed(error);
            let is_failing = !request.is_limited() && history.memory().note_failed_discovery(&scope, at);
            Metrics::of_failure(is_failing)
        }
        Ok(report) => {
            // A cluster that the event names and no load balancer carries has a failure of its own.
            if report.summary.load_balancers == 0 && request.clusters.is_none() {
                warn!(selector = %settings.nlb_tag, "no load balancer is managed");
            }
            let noted = if request.is_limited() {
                Noted { shows_skipped: true, ..Noted::default() }
            } else {
                history.memory().note(&scope, report, at)
            };
            log::frontends(report, &noted);
            log::report(report, run, noted.shows_skipped);
            Metrics::of(report, &noted, history, settings.dry_run)
        }
    };
    if !request.is_limited() {
        metrics::write(&metrics, at, function, &settings.metrics_namespace);
    }
}
