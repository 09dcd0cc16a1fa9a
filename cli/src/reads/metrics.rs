//! Metrics, as CloudWatch keeps them.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::model::{LoadBalancerArn, TargetGroupArn};

use super::{Looked, NotLooked, page, parameter};
use crate::output::time;

/// A metric with its dimensions, and the statistic that is read.
#[derive(Clone, Debug)]
pub(crate) struct Metric<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) dimensions: Vec<(&'static str, &'a str)>,
    pub(crate) statistic: &'static str,
}

/// A metric of one function.
pub(crate) fn of_function<'a>(namespace: &'a str, function: &'a str, name: &'a str) -> Metric<'a> {
    Metric { namespace, name, dimensions: vec![("FunctionName", function)], statistic: "Maximum" }
}

/// A metric that ELB measures of a load balancer, or of one of its target groups.
///
/// Source: ELB User Guide for Network Load Balancers, *CloudWatch metrics*, dimensions
/// (read November 2026): the ends of the ARNs, as in `net/NAME/ID` and
/// `targetgroup/NAME/ID`.
pub(crate) fn of_load_balancer<'a>(
    name: &'a str,
    statistic: &'static str,
    load_balancer: &'a LoadBalancerArn,
    target_group: Option<&'a TargetGroupArn>,
) -> Metric<'a> {
    let own = load_balancer.0.split_once("loadbalancer/").map_or(load_balancer.0.as_str(), |(_, end)| end);
    let of_group = target_group.map(|arn| arn.0.rsplit(':').next().unwrap_or(arn.0.as_str()));
    let dimensions = [("LoadBalancer", own)].into_iter().chain(of_group.map(|end| ("TargetGroup", end)));
    Metric { namespace: "AWS/NetworkELB", name, dimensions: dimensions.collect(), statistic }
}

/// What was measured in one minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) at: SystemTime,
    pub(crate) value: f64,
}

/// What was measured within the time `back` from now, minute by minute. One
/// answer has at most 1,440 of them.
pub(crate) async fn points(ask: &QueryClient<'_>, metric: Metric<'_>, back: Duration) -> Looked<Vec<Point>> {
    const ACTION: &str = "cloudwatch:GetMetricStatistics";
    let now = SystemTime::now();
    let mut of = vec![
        parameter("Namespace", metric.namespace),
        parameter("MetricName", metric.name),
        parameter("StartTime", time(now - back)),
        parameter("EndTime", time(now)),
        parameter("Period", "60"),
        parameter("Statistics.member.1", metric.statistic),
    ];
    for (n, (name, value)) in (1..).zip(&metric.dimensions) {
        of.push(parameter(format!("Dimensions.member.{n}.Name"), *name));
        of.push(parameter(format!("Dimensions.member.{n}.Value"), *value));
    }
    let points = page(ask, ACTION, of, |page| {
        let point = |point: &Element| Ok((point.text_of("Timestamp")?, point.text_of(metric.statistic)?));
        page.list("Datapoints")?.into_iter().map(point).collect::<Result<Vec<_>, Unreadable>>()
    });
    let point = |(at, value): (String, String)| {
        let at = DateTime::from_str(&at, Format::DateTimeWithOffset).ok();
        let at = at.and_then(|at| SystemTime::try_from(at).ok());
        Some(Point { at: at?, value: value.parse().ok()? })
    };
    let read = points
        .await?
        .into_iter()
        .map(|read| point(read).ok_or_else(|| NotLooked::unusable(ACTION, "time or value")));
    read.collect()
}
