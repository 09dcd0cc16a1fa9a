//! Keeps what CloudWatch measured, its alarms, and whom they notify.

use std::time::Duration;

use super::HOME_ACCOUNT;
use crate::scope::{FUNCTION_NAME, HOME_REGION};

/// What CloudWatch measured in one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// As in `EksNlbSync`.
    pub namespace: String,
    /// As in `Unserved`.
    pub name: String,
    /// The values of its dimensions, with a blank between them.
    pub of: String,
    /// How long ago, in real time.
    pub ago: Duration,
    /// Every statistic has this value.
    pub value: f64,
}

/// An alarm on a metric of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// As in `eks-nlb-sync-UnservedAlarm`.
    pub name: String,
    /// The function that its metric is about.
    pub function: String,
    /// Default yes.
    pub actions_enabled: bool,
    /// The topics that it notifies when it fires.
    pub actions: Vec<String>,
    /// Whether it is about an expression over the metric.
    pub is_expression: bool,
}

impl Default for Alarm {
    fn default() -> Self {
        Self {
            name: format!("{FUNCTION_NAME}-UnservedAlarm"),
            function: FUNCTION_NAME.to_owned(),
            actions_enabled: true,
            actions: vec![usual_topic()],
            is_expression: false,
        }
    }
}

/// The topic of the usual alarm.
#[must_use]
pub fn usual_topic() -> String {
    format!("arn:aws:sns:{HOME_REGION}:{HOME_ACCOUNT}:{FUNCTION_NAME}")
}
