//! Reads alarms on the metrics of a function, and their recipients.

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};

use super::{Looked, listed, page, parameter};

const TOKEN: (&str, &str) = ("NextToken", "NextToken");

/// An alarm, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    /// What is done when it fires; nothing if its actions are off.
    pub(crate) actions: Vec<String>,
}

/// The alarms whose metric, or one of whose metrics, has the function as its
/// dimension.
pub(crate) async fn of_function(ask: &QueryClient<'_>, function: &str) -> Looked<Vec<Alarm>> {
    let of = [parameter("MaxRecords", "100"), parameter("AlarmTypes.member.1", "MetricAlarm")];
    let read = |described: &Element| alarm(described, function);
    let listed = listed(ask, "cloudwatch:DescribeAlarms", &of, TOKEN, "MetricAlarms", read).await?;
    Ok(listed.into_iter().flatten().collect())
}

fn alarm(described: &Element, function: &str) -> Result<Option<Alarm>, Unreadable> {
    let mut is_own = has_dimension(described, function)?;
    for query in described.list("Metrics")? {
        if let Some(stat) = query.child("MetricStat")?
            && let Some(metric) = stat.child("Metric")?
        {
            is_own |= has_dimension(metric, function)?;
        }
    }
    let is_enabled = described.text_of("ActionsEnabled")? != "false";
    let actions = described.list("AlarmActions")?.into_iter().filter(|_| is_enabled);
    let actions = actions.map(|action| action.text().to_owned()).collect();
    Ok(if is_own { Some(Alarm { name: described.text_of("AlarmName")?, actions }) } else { None })
}

fn has_dimension(metric: &Element, function: &str) -> Result<bool, Unreadable> {
    for dimension in metric.list("Dimensions")? {
        if dimension.text_of("Name")? == "FunctionName" && dimension.text_of("Value")? == function {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) async fn subscriptions(ask: &QueryClient<'_>, topic: &str) -> Looked<u32> {
    const CONFIRMED: &str = "SubscriptionsConfirmed";
    page(ask, "sns:GetTopicAttributes", vec![parameter("TopicArn", topic)], |page| {
        let attributes = page.child("Attributes")?;
        for entry in attributes.into_iter().flat_map(Element::entries) {
            if entry.text_of("key")? == CONFIRMED {
                return Ok(entry.text_of("value")?.parse().unwrap_or_default());
            }
        }
        Ok(0)
    })
    .await
}
