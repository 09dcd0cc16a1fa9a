//! Names the step that failed for one frontend, with its stable code.
//!
//! A code is part of the contract: alarms, runbooks and the README's table of
//! remedies go by it. A message says what happened and, where an operator can
//! do something about it, what.

use std::error::Error;
use std::net::IpAddr;

use crate::model::{ClusterName, Family, Host, InvalidClusterName, InvalidEndpoint};
use crate::plan::SHORT_ANSWER;

/// The step that failed for one frontend; the rest of its steps did not run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum ReconcileError {
    // The operator must act: the tags are wrong.
    #[error("neither the target group nor its load balancer has a value in its tag {tag}")]
    MissingClusterName { tag: String },
    #[error("the {resource}'s tag {tag} cannot name a cluster")]
    InvalidClusterName { resource: &'static str, tag: String, source: InvalidClusterName },
    #[error("the load balancer has no target group")]
    NoTargetGroup,
    #[error("the event names cluster {cluster}, but no managed load balancer carries that name")]
    ClusterNotSelected { cluster: ClusterName },

    // EKS says that there is nothing to follow.
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

    // The network interfaces of the control plane.
    #[error(
        "cluster {cluster} has {found} usable control-plane network interfaces with an {family} address, and a \
         working control plane has at least {SHORT_ANSWER}"
    )]
    InterfacesNotFound { cluster: ClusterName, family: Family, found: usize },
    #[error(
        "DNS and the control plane's network interfaces have no address in common: DNS names {dns}, they have {interfaces}"
    )]
    SourcesDisagree { dns: String, interfaces: String },

    // The operator must act.
    #[error("{name} has the address {ip}, which is outside ALLOWED_CIDRS: {}", remedy_of_address(ip))]
    AddressNotAllowed { name: String, ip: IpAddr },
    #[error(
        "a control-plane network interface of cluster {cluster} has the address {ip}, which is outside ALLOWED_CIDRS: \
         add the VPC's own range to ALLOWED_CIDRS"
    )]
    InterfaceNotAllowed { cluster: ClusterName, ip: IpAddr },

    // AWS refuses, or does not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    DeadlineExceeded(#[from] DeadlineExceeded),
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
            // EKS answered, but not usably.
            Self::UnknownStatus { .. } | Self::InvalidEndpoint { .. } => "AwsRejected",
            Self::DnsNoRecords { .. } => "DnsNoRecords",
            Self::DnsFailed { .. } => "DnsFailed",
            Self::DnsTimeout { .. } => "DnsTimeout",
            Self::InterfacesNotFound { .. } => "InterfacesNotFound",
            Self::SourcesDisagree { .. } => "SourcesDisagree",
            Self::AddressNotAllowed { .. } | Self::InterfaceNotAllowed { .. } => "AddressNotAllowed",
            Self::Aws(error) => error.code(),
            Self::DeadlineExceeded(_) => DeadlineExceeded::CODE,
        }
    }

    /// Whether it waits for a person to change tags, the cluster or a setting.
    /// Anything else may pass by itself, or needs somebody now.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::MissingClusterName { .. }
            | Self::InvalidClusterName { .. }
            | Self::NoTargetGroup
            | Self::ClusterNotSelected { .. }
            | Self::ClusterNotFound { .. }
            | Self::ClusterFailed { .. }
            | Self::PrivateAccessDisabled { .. }
            | Self::AddressNotAllowed { .. }
            | Self::InterfaceNotAllowed { .. } => true,
            Self::UnknownStatus { .. }
            | Self::InvalidEndpoint { .. }
            | Self::DnsNoRecords { .. }
            | Self::DnsFailed { .. }
            | Self::DnsTimeout { .. }
            | Self::InterfacesNotFound { .. }
            | Self::SourcesDisagree { .. }
            | Self::Aws(_)
            | Self::DeadlineExceeded(_) => false,
        }
    }
}

impl From<CallError> for ReconcileError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Aws(error) => Self::Aws(error),
            CallError::DeadlineExceeded(error) => Self::DeadlineExceeded(error),
        }
    }
}

/// The run's time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum DeadlineExceeded {
    #[error("the function's time was nearly up before {step}")]
    Before { step: &'static str },
    // Whatever it was to do may have been done.
    #[error("the function's time was up during {step}, whose answer is not known")]
    During { step: &'static str },
}

impl DeadlineExceeded {
    /// The stable name for reports and logs.
    pub const CODE: &str = "DeadlineExceeded";
}

/// An AWS call that was not made in time, or did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum CallError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    DeadlineExceeded(#[from] DeadlineExceeded),
}

impl CallError {
    /// The stable name for reports and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Aws(error) => error.code(),
            Self::DeadlineExceeded(_) => DeadlineExceeded::CODE,
        }
    }

    /// Whether the service refused the call itself with one of `codes`.
    #[must_use]
    pub fn is_rejected_as(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Aws(AwsError::Rejected { service_code, .. }) if codes.contains(&service_code.as_str()))
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
    #[error("{action} is still throttled after several attempts: {reason}")]
    Throttled { action: &'static str, reason: String },
    #[error(
        "{action} cannot be reached: {reason}; a function in private subnets needs a NAT gateway or the \
         interface endpoints for eks, elasticloadbalancing (and sts, if it assumes a role; and ec2, if ADDRESS_SOURCE \
         names eni)"
    )]
    Unreachable { action: &'static str, reason: String },
    #[error("{action} was rejected: {reason}")]
    Rejected { action: &'static str, service_code: String, reason: String },
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
        }
    }

    /// Whether credentials, or what they allow, are the cause.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        match self {
            Self::AccessDenied { .. } => true,
            Self::Rejected { service_code, .. } => EXPIRED.contains(&service_code.as_str()),
            Self::Throttled { .. } | Self::Unreachable { .. } => false,
        }
    }
}

/// Codes by which services say that credentials no longer hold.
const EXPIRED: &[&str] =
    &["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"];

/// What an operator may have forgotten where IAM refuses to write.
fn remedy(action: &str) -> &'static str {
    if action.ends_with("RegisterTargets") || action.ends_with("DeregisterTargets") {
        "; the deployed policy allows it on target groups that carry the first tag of NLB_TAG, as their load \
         balancer does: tag the target group"
    } else {
        ""
    }
}

/// What an operator can do about an address that is not allowed.
fn remedy_of_address(ip: &IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => {
            "outside its own VPC, a cluster with a public endpoint resolves to public addresses; run the function in \
             that VPC, point DNS_SERVERS at that VPC's resolver, or set ADDRESS_SOURCE=eni"
        }
        IpAddr::V6(_) => {
            "VPCs have IPv6 ranges that Amazon provides, which are not private ranges; add the VPC's own range to \
             ALLOWED_CIDRS"
        }
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
