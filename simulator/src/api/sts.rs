//! Speaks STS: the query protocol and XML.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Call;
use super::caller::Caller;
use super::xml::result;
use crate::world::{Refusal, World};

/// How long issued credentials are good for.
const LIFETIME: Duration = Duration::from_hours(1);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRole<'a> {
    assumed_role_user: User<'a>,
    credentials: Credentials<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Identity<'a> {
    account: &'a str,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct User<'a> {
    assumed_role_id: String,
    arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

/// Carries out one call.
pub(super) fn answer(world: &mut World, caller: &Caller, call: &Call) -> Result<String, Refusal> {
    let operation = call.operation.as_str();
    match operation {
        "AssumeRole" => assume_role(world, caller, call),
        "GetCallerIdentity" => {
            let identity = Identity { account: &caller.scope.account, arn: caller.arn() };
            Ok(result(operation, &identity))
        }
        _ => Err(Refusal::new(
            400,
            "InvalidAction",
            format!("Could not find operation {operation} for version 2011-06-15"),
        )),
    }
}

fn assume_role(world: &mut World, caller: &Caller, call: &Call) -> Result<String, Refusal> {
    let role = call.required("RoleArn")?;
    let name = call.required("RoleSessionName")?;
    let session = world.assume_role(&caller.arn(), role, name, call.get("ExternalId"))?;
    // Clients compare it with their own clock: the time of day and, in process, the
    // simulated time since then.
    let expiration = OffsetDateTime::from(SystemTime::now() + world.now() + LIFETIME);
    let assumed = AssumedRole {
        assumed_role_user: User { assumed_role_id: format!("AROASIMULATED:{name}"), arn: &session.arn },
        credentials: Credentials {
            access_key_id: &session.access_key_id,
            secret_access_key: &session.secret_access_key,
            session_token: &session.token,
            expiration: expiration.format(&Rfc3339).expect("a year of four digits"),
        },
    };
    Ok(result(&call.operation, &assumed))
}
