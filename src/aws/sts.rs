//! Assumes the role that an event names.

use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Credentials;
use std::time::SystemTime;

use super::Limits;
use crate::error::AwsError;
use crate::request::Role;

/// Assumes `role` with the function's own credentials and in its own Region,
/// for there is the interface endpoint of a function without another way out.
///
/// # Errors
///
/// STS cannot be reached or refuses.
pub async fn assume(role: &Role, home: &SdkConfig, limits: &Limits) -> Result<Credentials, AwsError> {
    let call = Client::new(home)
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name("eks-nlb-sync")
        .set_external_id(role.external_id.clone())
        .send();
    let answer = limits.call("sts:AssumeRole", call).await?;
    let assumed = answer.credentials.ok_or_else(|| AwsError::Rejected {
        action: "sts:AssumeRole",
        service_code: String::new(),
        reason: "the answer holds no credentials".to_owned(),
    })?;
    let expiry = SystemTime::try_from(assumed.expiration).ok();
    Ok(Credentials::new(
        assumed.access_key_id,
        assumed.secret_access_key,
        Some(assumed.session_token),
        expiry,
        "AssumeRole",
    ))
}
