//! Speaks CloudWatch: the query protocol and XML.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Call;
use super::xml::{List, result};
use crate::world::{Alarm, Measured, Refusal, Scope, World};

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
    sum: f64,
    unit: &'static str,
}

/// Carries out one call.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    if call.operation == "DescribeAlarms" {
        return Ok(alarms(world, scope, call));
    }
    if call.operation != "GetMetricStatistics" {
        let message = format!("Could not find operation {} for version 2010-08-01", call.operation);
        return Err(Refusal::new(400, "InvalidAction", message));
    }
    let metric = call.required("MetricName")?;
    let begin = OffsetDateTime::parse(call.required("StartTime")?, &Rfc3339)
        .map_err(|_| Refusal::validation("StartTime is no time"))?;
    let measured = measured(world, scope, call, metric);
    // Clients do not use the simulated clock.
    let at = |ago: Duration| OffsetDateTime::from(SystemTime::now() - ago);
    let points = measured.into_iter().map(|(ago, value)| (at(ago), value)).filter(|(at, _)| *at >= begin);
    let points = points.map(|(at, value)| Datapoint {
        timestamp: at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).expect("a year of four digits"),
        maximum: value,
        sum: value,
        unit: "Count",
    });
    Ok(result(&call.operation, &Statistics { label: metric, datapoints: points.collect() }))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Alarms<'a> {
    metric_alarms: List<Described<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described<'a> {
    alarm_name: &'a str,
    actions_enabled: bool,
    alarm_actions: List<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<List<Dimension<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<List<Query<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Query<'a> {
    metric_stat: MetricStat<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat<'a> {
    metric: MetricOf<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricOf<'a> {
    dimensions: List<Dimension<'a>>,
}

fn alarms(world: &World, scope: &Scope, call: &Call) -> String {
    let all: &[Alarm] = if *scope == Scope::default() { &world.supporting.alarms } else { &[] };
    let from = call.get("NextToken").and_then(|token| token.parse().ok()).unwrap_or_default();
    let page = all.iter().skip(from).take(world.page_cap);
    let described = page.map(|alarm| {
        let of = || [Dimension { name: "FunctionName", value: &alarm.function }].into_iter().collect();
        let query = || Query { metric_stat: MetricStat { metric: MetricOf { dimensions: of() } } };
        Described {
            alarm_name: &alarm.name,
            actions_enabled: alarm.actions_enabled,
            alarm_actions: alarm.actions.iter().map(String::as_str).collect(),
            dimensions: (!alarm.is_expression).then(of),
            metrics: alarm.is_expression.then(|| [query()].into_iter().collect()),
        }
    });
    let metric_alarms = described.collect();
    let next = from.saturating_add(world.page_cap);
    let next_token = (next < all.len()).then_some(next);
    result(&call.operation, &Alarms { metric_alarms, next_token })
}

/// How long ago the metric was measured, and its values.
fn measured(world: &World, scope: &Scope, call: &Call, metric: &str) -> Vec<(Duration, f64)> {
    if *scope != Scope::default() {
        return Vec::new();
    }
    let namespace = call.get("Namespace");
    let dimensions = (1..).map_while(|n| call.get(&format!("Dimensions.member.{n}.Value")));
    let of = dimensions.collect::<Vec<_>>().join(" ");
    let is_named =
        |one: &&Measured| Some(one.namespace.as_str()) == namespace && one.of == of && one.name == metric;
    let given = world.supporting.metrics.iter().filter(is_named).map(|one| (one.ago, one.value));
    let function = world.supporting.function.as_ref().filter(|function| {
        let own = function.environment.get("METRICS_NAMESPACE").map_or("EksNlbSync", String::as_str);
        metric == "LoadBalancers"
            && namespace == Some(own)
            && call.get("Dimensions.member.1.Name") == Some("FunctionName")
            && of == function.name
    });
    let last = function.and_then(|function| function.last_report).map(|ago| (ago, 1.0));
    given.chain(last).collect()
}
