//! Names the step that failed for one frontend, with its stable code.
//!
//! A code is part of the contract: alarms, runbooks and the README's table of
//! remedies go by it. A message says what happened and, where an operator can
//! do something about it, what.

use std::error::Error;
use std::net::IpAddr;

use crate::model::{ClusterName, Family, Host, InvalidClusterName, InvalidEndpoint};

/// The step that failed for one frontend; the rest of its steps did not run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum ReconcileError {
    // The operator must act: the tags are wrong.
    #[error("the load balancer is selected, but has no value in its tag {tag}")]
    MissingClusterName { tag: String },
    #[error("the load balancer's tag {tag} cannot name a cluster")]
    InvalidClusterName { tag: String, source: InvalidClusterName },
    #[error("the load balancer has no target group")]
    NoTargetGroup,
    #[error("the event names cluster {cluster}, but no selected load balancer carries that name")]
    ClusterNotSelected { cluster: ClusterName },

    // EKS knows better than the tags.
    #[error("EKS knows no cluster {cluster} in this account and Region")]
    ClusterNotFound { cluster: ClusterName },
    #[error("cluster {cluster} has status FAILED")]
    ClusterFailed { cluster: ClusterName },
    #[error("cluster {cluster} has private endpoint access disabled: enable it, or untag the load balancer")]
    PrivateAccessDisabled { cluster: ClusterName },
    #[error("cluster {cluster} has status {status}, which this version does not know")]
    UnknownStatus { cluster: ClusterName, status: String },
    #[error("cluster {cluster} has an unusable endpoint")]
    InvalidEndpoint { cluster: ClusterName, source: InvalidEndpoint },

    // DNS: the next run asks again.
    #[error("{host} has no {family} address")]
    DnsNoRecords { host: Host, family: Family },
    #[error("resolve {host} ({family})")]
    DnsFailed { host: Host, family: Family, source: Box<dyn Error + Send + Sync> },
    #[error("resolve {host} ({family}): no answer within {budget_ms} ms")]
    DnsTimeout { host: Host, family: Family, budget_ms: u128 },
    // The operator must act: the function does not resolve from inside the VPC.
    #[error(
        "{host} resolved to {ip}, which is outside ALLOWED_CIDRS: while its public endpoint is enabled, a \
         cluster's private addresses are seen only from its own VPC, so run the function there or point \
         DNS_SERVERS at that VPC's resolver"
    )]
    AddressNotAllowed { host: Host, ip: IpAddr },

    // AWS refuses, or is not there.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl ReconcileError {
    /// The stable name for reports, logs, metrics and alarms.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingClusterName { .. } => "MissingClusterName",
            Self::InvalidClusterName { .. } => "InvalidClusterName",
            Self::NoTargetGroup => "NoTargetGroup",
            Self::ClusterNotSelected { .. } => "ClusterNotSelected",
            Self::ClusterNotFound { .. } => "ClusterNotFound",
            Self::ClusterFailed { .. } => "ClusterFailed",
            Self::PrivateAccessDisabled { .. } => "PrivateAccessDisabled",
            // EKS answered, and the answer is of no use.
            Self::UnknownStatus { .. } | Self::InvalidEndpoint { .. } => "AwsRejected",
            Self::DnsNoRecords { .. } => "DnsNoRecords",
            Self::DnsFailed { .. } => "DnsFailed",
            Self::DnsTimeout { .. } => "DnsTimeout",
            Self::AddressNotAllowed { .. } => "AddressNotAllowed",
            Self::Aws(error) => error.code(),
        }
    }
}

/// One AWS call that did not succeed.
///
/// `action` is the call as an IAM policy spells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum AwsError {
    #[error("IAM refuses {action}: {reason}{}", remedy(action))]
    AccessDenied { action: &'static str, reason: String },
    #[error("{action} is still throttled after the SDK's retries: {reason}")]
    Throttled { action: &'static str, reason: String },
    #[error(
        "{action} cannot be reached: {reason}; a function in private subnets needs a NAT gateway or the \
         interface endpoints for eks, elasticloadbalancing (and sts, if it assumes a role)"
    )]
    Unreachable { action: &'static str, reason: String },
    #[error("{action} was rejected: {reason}")]
    Rejected { action: &'static str, service_code: String, reason: String },
    #[error("the function's time was nearly up before {step}")]
    DeadlineExceeded { step: &'static str },
}

impl AwsError {
    /// The stable name for reports, logs, metrics and alarms.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied { .. } => "AccessDenied",
            Self::Throttled { .. } => "Throttled",
            Self::Unreachable { .. } => "AwsUnreachable",
            Self::Rejected { .. } => "AwsRejected",
            Self::DeadlineExceeded { .. } => "DeadlineExceeded",
        }
    }

    /// Whether the service refused the call itself with one of `codes`.
    #[must_use]
    pub fn is_rejected_as(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Rejected { service_code, .. } if codes.contains(&service_code.as_str()))
    }
}

/// What an operator may have forgotten where IAM refuses to write.
fn remedy(action: &str) -> &'static str {
    if action.ends_with("RegisterTargets") || action.ends_with("DeregisterTargets") {
        "; the deployed policy allows it on target groups that carry the selecting tag of NLB_TAG, as their \
         load balancer does: tag the target group"
    } else {
        ""
    }
}

/// An error and all its causes, as in `resolve abc.eks.amazonaws.com: timed out`.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // Libraries tend to repeat their cause in their own message.
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_write_names_the_tag_and_a_refused_read_does_not() {
        let refused =
            |action| AwsError::AccessDenied { action, reason: "AccessDenied".to_owned() }.to_string();

        for action in ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"] {
            assert!(refused(action).contains("tag the target group"), "{action}");
        }
        assert_eq!(refused("eks:DescribeCluster"), "IAM refuses eks:DescribeCluster: AccessDenied");
    }
}
