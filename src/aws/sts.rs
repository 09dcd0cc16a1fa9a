//! Assumes the role that an event names.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Credentials;

use super::call::{Caller, malformed_response};
use super::limiters::ThrottlingIsWaitedOut;
use super::response_guard::FinalErrors;
use crate::error::CallError;
use crate::model::Role;

const ACTION: &str = "sts:AssumeRole";

/// Assumes `role` with the function's own credentials and in its own Region,
/// where a function in a VPC has its STS endpoint.
///
/// # Errors
///
/// STS cannot be reached or refuses.
pub(super) async fn assume(
    role: &Role,
    session: &str,
    home: &SdkConfig,
    caller: Caller<'_>,
) -> Result<Credentials, CallError> {
    let config = aws_sdk_sts::config::Builder::from(home)
        .retry_classifier(FinalErrors)
        .retry_classifier(ThrottlingIsWaitedOut);
    let assume = Client::from_conf(config.build())
        .assume_role()
        .role_arn(role.arn())
        .role_session_name(session)
        .set_external_id(role.external_id().map(str::to_owned));
    let assumed = caller.call(ACTION, || assume.clone().send()).await?.credentials;
    let assumed = assumed.ok_or_else(|| malformed_response(ACTION, "the response holds no credentials"))?;
    let expiry = SystemTime::try_from(assumed.expiration).ok();
    Ok(Credentials::new(
        assumed.access_key_id,
        assumed.secret_access_key,
        Some(assumed.session_token),
        expiry,
        "AssumeRole",
    ))
}
