//! A process of the function: its settings, its clock and its log.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use eks_nlb_simulator::world::{HOME_ACCOUNT, HOME_REGION};
use eks_nlb_sync::handler::Handler;
use eks_nlb_sync::publish::log::{self, LogSettings};
use eks_nlb_sync::settings::Settings;
use eks_nlb_traffic::function::Function;
use eks_nlb_traffic::in_memory_net::InMemoryNet;
use lambda_runtime::Context;
use tracing::subscriber::DefaultGuard;

use crate::wire::Wire;

/// Starts a process with these settings. Returns what handles its events, the time,
/// and what keeps its log.
pub(crate) async fn start(
    wire: &Wire,
    variables: &[(&'static str, String)],
) -> (Handler<InMemoryNet<Wire>>, SystemTime, DefaultGuard) {
    // Retries and spaced calls are jittered: the same in every test run.
    fastrand::seed(0);
    let given = |name: &str| variables.iter().find(|(variable, _)| *variable == name);
    let settings = Settings::from_lookup(|name| match (given(name), name) {
        (Some((_, value)), _) => Some(value.clone()),
        (None, "DNS_SERVERS") => Some("192.0.2.53".to_owned()),
        (None, _) => None,
    });
    let function = Function::between(settings.expect("valid"), wire.clone(), wire.clone()).await;
    let began = function.service.account.now();
    let log_settings = LogSettings::from_lookup(|name| match (given(name), name) {
        (Some((_, value)), _) => Some(value.clone()),
        (None, "AWS_LAMBDA_LOG_FORMAT") => Some("JSON".to_owned()),
        (None, _) => None,
    });
    let log = log::subscriber(log_settings, wire.log());
    (Handler::new(function.service), began, tracing::subscriber::set_default(log))
}

/// The function's name in its metrics.
const FUNCTION_NAME: &str = "eks-nlb-sync";

/// What Lambda says about an invocation.
pub(crate) fn context(deadline: SystemTime) -> Context {
    let mut context = Context::default();
    "request".clone_into(&mut context.request_id);
    let since_1970 = deadline.duration_since(UNIX_EPOCH).expect("after 1970");
    context.deadline = since_1970.as_millis().try_into().expect("a time");
    context.invoked_function_arn =
        format!("arn:aws:lambda:{HOME_REGION}:{HOME_ACCOUNT}:function:{FUNCTION_NAME}");
    context.env_config =
        Arc::new(lambda_runtime::Config { function_name: FUNCTION_NAME.to_owned(), ..Default::default() });
    context
}
