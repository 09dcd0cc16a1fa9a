//! Puts the parts together and hands them to the Lambda runtime; decides nothing.

use std::process::ExitCode;
use std::sync::Mutex;

use eks_nlb_sync::aws::{self, Account};
use eks_nlb_sync::dns::Resolver;
use eks_nlb_sync::handler::Handler;
use eks_nlb_sync::log;
use eks_nlb_sync::settings::{LogSettings, Settings};
use lambda_runtime::service_fn;

/// One thread: Lambda sends one event at a time, and all of its work is waiting.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init(LogSettings::from_env());
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "stopped");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let settings = Settings::from_env()?;
    let account = Account::new(aws::config(aws::https(), settings.sdk_retries).load().await)?;
    let resolver = Resolver::new(&settings)?;
    let handler = Handler { settings, account, resolver, withheld_since: Mutex::default() };
    lambda_runtime::run(service_fn(|event| handler.invoke(event))).await
}
