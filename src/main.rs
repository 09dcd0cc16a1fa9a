//! Starts the service under the Lambda runtime; decides nothing.

use std::process::ExitCode;
use std::time::SystemTime;

use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::handler::Handler;
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::publish::log::{self, LogSettings};
use eks_nlb_sync::publish::metrics::{self, Metrics};
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::{self, Settings};
use lambda_runtime::service_fn;

/// One thread: Lambda sends one event at a time, and a run mostly waits for
/// answers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init(LogSettings::from_lookup(settings::variable));
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "stopped");
            count_failure();
            ExitCode::FAILURE
        }
    }
}

/// If the function does not start, this line is its only report.
fn count_failure() {
    let Some(function) = settings::variable("AWS_LAMBDA_FUNCTION_NAME") else { return };
    let only_namespace = |name: &str| settings::variable(name).filter(|_| name == "METRICS_NAMESPACE");
    let defaults = Settings::from_lookup(only_namespace).or_else(|_| Settings::from_lookup(|_| None));
    if let Ok(Settings { metrics_namespace, .. }) = defaults {
        metrics::write(&Metrics::of_failure(true), SystemTime::now(), &function, &metrics_namespace);
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let settings = Settings::from_lookup(settings::variable)?;
    let home = config::loader(config::https(settings::variable)?, settings.sdk_retries).load().await;
    config::check_given_urls(&home)?;
    let account = Account::new(home, settings.sdk_retries)?;
    let resolver = Resolver::new(&settings)?;
    let handler = Handler::new(Service::new(settings, account, resolver));
    lambda_runtime::run(service_fn(|event| handler.invoke(event))).await
}
