//! The function, its schedule and its last success.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_sync::aws::query_client::QueryClient;

use super::cluster::escaped;
use super::{at, list, page, parameter, text_at};
use crate::doctor::check::{Looked, NotLooked};

/// The function, as Lambda describes it.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Function {
    pub(in crate::doctor) arn: String,
    pub(in crate::doctor) state: String,
    pub(in crate::doctor) last_update: String,
    /// Its variables; a caller who may not decrypt them sees none.
    pub(in crate::doctor) variables: Option<BTreeMap<String, String>>,
}

/// The function `name`; nothing if there is none.
pub(in crate::doctor) async fn describe(ask: &QueryClient<'_>, name: &str) -> Looked<Option<Function>> {
    let path = format!("/2015-03-31/functions/{}/configuration", escaped(name));
    let answer = match ask.json("lambda:GetFunctionConfiguration", path).await {
        Err(error) if error.is_rejected_as(&["ResourceNotFoundException"]) => return Ok(None),
        answer => answer?,
    };
    let variables = at(&answer, "/Environment/Variables").as_object().into_iter().flatten();
    let variables = variables.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Ok(Some(Function {
        arn: text_at(&answer, "/FunctionArn"),
        state: text_at(&answer, "/State"),
        last_update: text_at(&answer, "/LastUpdateStatus"),
        variables: at(&answer, "/Environment/Error").is_null().then(|| variables.collect()),
    }))
}

/// The names of the schedules that invoke `function`, with their states.
pub(in crate::doctor) async fn schedules(
    ask: &QueryClient<'_>,
    function: &str,
) -> Looked<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut token = String::new();
    loop {
        let answer = ask.json("scheduler:ListSchedules", format!("/schedules?MaxResults=100{token}")).await?;
        for schedule in at(&answer, "/Schedules").as_array().into_iter().flatten() {
            // An alias or a version stands behind the function's own ARN.
            let target = text_at(schedule, "/Target/Arn");
            let is_own =
                target.strip_prefix(function).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
            if is_own {
                found.insert(text_at(schedule, "/Name"), text_at(schedule, "/State"));
            }
        }
        match at(&answer, "/NextToken").as_str() {
            Some(next) => token = format!("&NextToken={}", escaped(next)),
            None => return Ok(found),
        }
    }
}

/// When the function last reported how many load balancers it manages, which
/// only a full run does: within the last three hours, if ever.
pub(in crate::doctor) async fn last_success(
    ask: &QueryClient<'_>,
    namespace: &str,
    function: &str,
) -> Looked<Option<SystemTime>> {
    const ACTION: &str = "cloudwatch:GetMetricStatistics";
    /// As many minutes as one answer may have, and not many more.
    const BACK: Duration = Duration::from_hours(3);
    let now = SystemTime::now();
    let time = |at: SystemTime| {
        DateTime::from_secs(DateTime::from(at).secs()).fmt(Format::DateTime).unwrap_or_default()
    };
    let of = vec![
        parameter("Namespace", namespace),
        parameter("MetricName", "LoadBalancers"),
        parameter("Dimensions.member.1.Name", "FunctionName"),
        parameter("Dimensions.member.1.Value", function),
        parameter("StartTime", time(now - BACK)),
        parameter("EndTime", time(now)),
        parameter("Period", "60"),
        parameter("Statistics.member.1", "Maximum"),
    ];
    let points = page(ask, ACTION, of, |page| {
        list(page, "Datapoints")?
            .into_iter()
            .map(|point| point.text_of("Timestamp"))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut last = None;
    for at in points.await? {
        let at = DateTime::from_str(&at, Format::DateTimeWithOffset).ok();
        let at = at.and_then(|at| SystemTime::try_from(at).ok());
        last = last.max(Some(at.ok_or_else(|| NotLooked::unusable(ACTION, "time"))?));
    }
    Ok(last)
}
