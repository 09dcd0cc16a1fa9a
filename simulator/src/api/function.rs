//! Speaks Lambda and EventBridge Scheduler, for the function's configuration
//! and its schedule: REST and JSON.

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{Call, Request};
use crate::world::{Function, Refusal, Scope, World};

/// Reads a call of Lambda's from method and path.
pub(super) fn parse_lambda(request: &Request<'_>) -> Call {
    let path = request.target.split('?').next().unwrap_or_default();
    if request.method == "GET" && path == "/2015-03-31/functions/" {
        return Call { operation: "ListFunctions".to_owned(), parameters: Vec::new() };
    }
    let name = request.target.strip_prefix("/2015-03-31/functions/");
    match name.and_then(|rest| rest.strip_suffix("/configuration")) {
        Some(name) if request.method == "GET" => {
            let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
            Call {
                operation: "GetFunctionConfiguration".to_owned(),
                parameters: vec![("FunctionName".to_owned(), name)],
            }
        }
        _ => unknown(request),
    }
}

/// Reads a call of Scheduler's from method and path.
pub(super) fn parse_scheduler(request: &Request<'_>) -> Call {
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    if request.method != "GET" || path != "/schedules" {
        return unknown(request);
    }
    let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Call { operation: "ListSchedules".to_owned(), parameters }
}

fn unknown(request: &Request<'_>) -> Call {
    Call { operation: format!("{} {}", request.method, request.target), parameters: Vec::new() }
}

/// Carries out one call of either.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    let function = world.supporting.function.as_ref().filter(|_| *scope == Scope::default());
    let arn = |function: &Function| scope.arn("lambda", &format!("function:{}", function.name));
    match call.operation.as_str() {
        "GetFunctionConfiguration" => {
            let name = call.required("FunctionName")?;
            let found = function.filter(|function| function.name == name).ok_or_else(|| {
                let missing = scope.arn("lambda", &format!("function:{name}"));
                Refusal::new(404, "ResourceNotFoundException", format!("Function not found: {missing}"))
            })?;
            let configuration = json!({
                "FunctionName": found.name,
                "FunctionArn": arn(found),
                "Description": found.description,
                "Role": found.role,
                "CodeSha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
                "LastModified": "2026-01-01T00:00:00.000+0000",
                "State": found.state,
                "LastUpdateStatus": "Successful",
                "Environment": { "Variables": found.environment },
            });
            Ok(configuration.to_string())
        }
        "ListFunctions" => {
            let listed = |function: &Function| json!({ "FunctionName": function.name, "Environment": { "Variables": function.environment } });
            let all = function.into_iter().chain(&world.supporting.other_functions);
            Ok(json!({ "Functions": all.map(listed).collect::<Vec<_>>() }).to_string())
        }
        "ListSchedules" => {
            let with_schedule = function.and_then(|function| Some((function, function.schedule.as_ref()?)));
            let schedules: Vec<_> = with_schedule
                .map(|(function, state)| {
                    json!({
                        "Name": "eks-nlb-sync",
                        "GroupName": "default",
                        "State": state,
                        "Target": { "Arn": arn(function) },
                    })
                })
                .into_iter()
                .collect();
            Ok(json!({ "Schedules": schedules }).to_string())
        }
        unknown => {
            let message = format!("the simulator does not know {unknown}");
            Err(Refusal::new(404, "UnknownOperationException", message))
        }
    }
}
