//! Speaks CloudWatch: the query protocol and XML.

use std::time::SystemTime;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Call;
use super::xml::{List, result};
use crate::world::{Refusal, Scope, World};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics<'a> {
    label: &'a str,
    datapoints: List<Datapoint>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Datapoint {
    timestamp: String,
    maximum: f64,
    unit: &'static str,
}

/// Carries out one call.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    if call.operation != "GetMetricStatistics" {
        let message = format!("Could not find operation {} for version 2010-08-01", call.operation);
        return Err(Refusal::new(400, "InvalidAction", message));
    }
    let metric = call.required("MetricName")?;
    let begin = OffsetDateTime::parse(call.required("StartTime")?, &Rfc3339)
        .map_err(|_| Refusal::validation("StartTime is no time"))?;
    let function = world.supporting.function.as_ref().filter(|function| {
        let namespace = function.environment.get("METRICS_NAMESPACE").map_or("EksNlbSync", String::as_str);
        *scope == Scope::default()
            && call.get("Namespace") == Some(namespace)
            && call.get("Dimensions.member.1.Name") == Some("FunctionName")
            && call.get("Dimensions.member.1.Value") == Some(&function.name)
    });
    let last = function.and_then(|function| function.last_report);
    // Clients do not use the simulated clock.
    let at = last.map(|ago| OffsetDateTime::from(SystemTime::now() - ago));
    let points = at.filter(|at| *at >= begin).map(|at| Datapoint {
        timestamp: at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).expect("a year of four digits"),
        maximum: 1.0,
        unit: "Count",
    });
    Ok(result(&call.operation, &Statistics { label: metric, datapoints: points.into_iter().collect() }))
}
