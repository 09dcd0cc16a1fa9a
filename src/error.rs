//! Names the step that failed for one frontend, with its stable code.
//!
//! A code is part of the contract: alarms, runbooks and the reference go by it.
//! A message says what happened and, where an operator can act, what to do.

use std::error::Error;
use std::net::IpAddr;

use crate::model::{ClusterName, Family, Host, InvalidClusterName, InvalidHost, TagSelector};
use crate::plan::MIN_API_SERVERS;
use crate::reasons::FailureCode;

/// The step that failed for one frontend; the rest of its steps did not run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum FrontendError {
    // The operator must act: the tags or the resources that they name are
    // wrong.
    #[error("neither the target group nor its load balancer has a value in its tag {tag}")]
    MissingClusterName { tag: String },
    #[error("the {resource}'s tag {tag} cannot name a cluster")]
    InvalidClusterName { resource: &'static str, tag: String, source: InvalidClusterName },
    #[error("the load balancer has no target group")]
    NoTargetGroup,
    #[error(
        "the load balancer is {scheme}, not internal: API servers are not registered behind it unless \
         ALLOW_INTERNET_FACING is true"
    )]
    InternetFacing { scheme: String },
    #[error("the event names cluster {cluster}, but no target group of a managed load balancer is for it")]
    ClusterNotSelected { cluster: ClusterName },
    #[error("{found} load balancers are managed, and the event names a minimum of {minimum}")]
    TooFewLoadBalancers { found: usize, minimum: usize },

    // EKS reports a cluster without an endpoint that could be followed.
    #[error("EKS knows no cluster {cluster} in this account and Region")]
    ClusterNotFound { cluster: ClusterName },
    #[error("cluster {cluster} has status FAILED")]
    ClusterFailed { cluster: ClusterName },
    #[error("cluster {cluster} does not carry {wanted} (CLUSTER_TAG), its owner's consent")]
    ClusterNotTagged { cluster: ClusterName, wanted: TagSelector },
    #[error("cluster {cluster} has private endpoint access disabled: enable it, or untag the load balancer")]
    PrivateAccessDisabled { cluster: ClusterName },
    #[error("cluster {cluster} has status {status}, which this version does not know")]
    UnknownStatus { cluster: ClusterName, status: String },
    #[error(
        "cluster {cluster} has the endpoint {url:?}, which is not an https URL with a DNS name as its host"
    )]
    InvalidEndpoint { cluster: ClusterName, url: String, source: Option<InvalidHost> },

    // DNS: the next run asks again.
    #[error("{host} has no {family} address")]
    DnsNoRecords { host: Host, family: Family },
    #[error("{host} cannot be resolved ({family})")]
    DnsFailed { host: Host, family: Family, source: Box<dyn Error + Send + Sync> },
    #[error("{host} cannot be resolved ({family}): no answer within {budget_ms} ms")]
    DnsTimeout { host: Host, family: Family, budget_ms: u128 },

    // The network interfaces of the control plane.
    #[error(
        "the control plane of cluster {cluster} has {found} of at least {MIN_API_SERVERS} usable network interfaces with \
         an {family} address"
    )]
    InterfacesNotFound { cluster: ClusterName, family: Family, found: usize },
    #[error(
        "DNS and the control plane's network interfaces have no address in common: DNS names {dns}, they have {interfaces}"
    )]
    SourcesDisagree { dns: String, interfaces: String },

    // The operator must act: the addresses are not the API servers', or not allowed.
    #[error(
        "ELB says that {ip} is not in the target group's VPC {vpc}, where EKS says that the cluster is: a private hosted \
         zone of the endpoint's name probably answers the function's DNS queries. Run the function where no such \
         zone answers, point DNS_SERVERS at a resolver of the cluster's VPC, or set ADDRESS_SOURCE=eni ({reason})"
    )]
    AddressOutsideVpc { ip: IpAddr, vpc: String, reason: String },
    #[error(
        "{ip} is in the target group's VPC {group_vpc}, and EKS says that the cluster is in {cluster_vpc}: the ranges of \
         the two VPCs overlap, so the target would be another host, whatever ADDRESS_SOURCE is. Put the load balancer \
         into the cluster's VPC ({reason})"
    )]
    AddressInOtherVpc { ip: IpAddr, group_vpc: String, cluster_vpc: String, reason: String },
    #[error("{name} has the address {ip}, which is outside ALLOWED_CIDRS: {}", remedy_of_address(ip))]
    AddressNotAllowed { name: String, ip: IpAddr, others_are_allowed: bool },
    #[error(
        "a control-plane network interface of cluster {cluster} has the address {ip}, which is outside ALLOWED_CIDRS: \
         add the VPC's own range to ALLOWED_CIDRS"
    )]
    InterfaceNotAllowed { cluster: ClusterName, ip: IpAddr },

    // AWS refuses a call, or does not answer in time.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl FrontendError {
    /// The stable name for reports, logs, metrics and alarms.
    #[must_use]
    pub fn code(&self) -> FailureCode {
        match self {
            Self::MissingClusterName { .. } => FailureCode::MissingClusterName,
            Self::InvalidClusterName { .. } => FailureCode::InvalidClusterName,
            Self::NoTargetGroup => FailureCode::NoTargetGroup,
            Self::InternetFacing { .. } => FailureCode::InternetFacing,
            Self::ClusterNotSelected { .. } => FailureCode::ClusterNotSelected,
            Self::TooFewLoadBalancers { .. } => FailureCode::TooFewLoadBalancers,
            Self::ClusterNotFound { .. } => FailureCode::ClusterNotFound,
            Self::ClusterFailed { .. } => FailureCode::ClusterFailed,
            Self::ClusterNotTagged { .. } => FailureCode::ClusterNotTagged,
            Self::PrivateAccessDisabled { .. } => FailureCode::PrivateAccessDisabled,
            // EKS's answer cannot be used.
            Self::UnknownStatus { .. } | Self::InvalidEndpoint { .. } => FailureCode::AwsRejected,
            Self::DnsNoRecords { .. } => FailureCode::DnsNoRecords,
            Self::DnsFailed { .. } => FailureCode::DnsFailed,
            Self::DnsTimeout { .. } => FailureCode::DnsTimeout,
            Self::InterfacesNotFound { .. } => FailureCode::InterfacesNotFound,
            Self::SourcesDisagree { .. } => FailureCode::SourcesDisagree,
            Self::AddressOutsideVpc { .. } | Self::AddressInOtherVpc { .. } => FailureCode::AddressInWrongVpc,
            Self::AddressNotAllowed { .. } | Self::InterfaceNotAllowed { .. } => {
                FailureCode::AddressNotAllowed
            }
            Self::Call(error) => error.code(),
        }
    }

    /// Whether the credentials of the run, or what they allow, are the cause.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_about_credentials())
    }
}

/// An AWS call, or another step of the run, that was not made in time or did
/// not succeed.
///
/// `action` is the call as an IAM policy spells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum CallError {
    #[error("IAM denies {action}: {reason}{}", remedy_of_denial(action))]
    AccessDenied { action: &'static str, reason: String },
    #[error("{action} was throttled on every attempt: {reason}")]
    Throttled { action: &'static str, reason: String },
    #[error("{action} cannot be reached: {reason}; {}", cause.remedy())]
    Unreachable { action: &'static str, cause: UnreachableCause, reason: String },
    #[error("{action} is not available: {reason}")]
    Unavailable { action: &'static str, reason: String },
    #[error("{action} was rejected: {reason}")]
    Rejected { action: &'static str, service_code: String, reason: String },
    #[error("the function's time was nearly up before {step}")]
    NotStarted { step: &'static str },
    // The step may have taken effect.
    #[error("the function's time was up during {step}, whose answer is not known")]
    NotFinished { step: &'static str },
}

/// Why a service cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreachableCause {
    /// Its host name does not resolve.
    Name,
    /// No connection, or no answer in time.
    Route,
    /// Its certificate is not trusted.
    Certificate,
    /// A proxy answers in its place.
    Proxy,
}

impl UnreachableCause {
    /// What an operator can do.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Name => {
                "its host name does not resolve: check the Region, and that the function's DNS resolves AWS's names \
                 (in a VPC: DNS support and DNS host names)"
            }
            Self::Route => {
                "a function in private subnets needs a NAT gateway, or the interface endpoints for eks, \
                 elasticloadbalancing, ec2 and, if it assumes a role, sts; their security group must admit port 443 \
                 from the function"
            }
            Self::Certificate => {
                "its certificate is not trusted: set AWS_CA_BUNDLE to the certificates of the proxy that inspects TLS"
            }
            Self::Proxy => {
                "the proxy cannot be reached, or answers in AWS's place: check HTTPS_PROXY, or exclude AWS's host names \
                 with NO_PROXY"
            }
        }
    }
}

impl CallError {
    /// The stable name for reports, logs, metrics and alarms.
    #[must_use]
    pub fn code(&self) -> FailureCode {
        match self {
            Self::AccessDenied { .. } => FailureCode::AccessDenied,
            Self::Throttled { .. } => FailureCode::Throttled,
            Self::Unreachable { .. } => FailureCode::AwsUnreachable,
            Self::Unavailable { .. } => FailureCode::AwsUnavailable,
            Self::Rejected { .. } => FailureCode::AwsRejected,
            Self::NotStarted { .. } | Self::NotFinished { .. } => FailureCode::DeadlineExceeded,
        }
    }

    /// Whether the service refused the call itself with one of `codes`.
    #[must_use]
    pub fn is_rejected_as(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Rejected { service_code, .. } if codes.contains(&service_code.as_str()))
    }

    /// Whether credentials, or what they allow, are the cause.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        matches!(self, Self::AccessDenied { .. }) || self.is_rejected_as(EXPIRED)
    }
}

/// Codes by which services say that credentials are not valid, or no longer.
const EXPIRED: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// What an operator may have forgotten where IAM denies a write or a role.
fn remedy_of_denial(action: &str) -> &'static str {
    if action.ends_with("AssumeRole") {
        "; the role must exist and trust the function's role with this external id, and the function's policy must \
         allow it"
    } else if action.ends_with("RegisterTargets") || action.ends_with("DeregisterTargets") {
        "; the deployed policy allows it on target groups that carry the first tag of NLB_TAG, like their load \
         balancer: tag the target group"
    } else {
        ""
    }
}

/// What an operator can do about an address that is not allowed.
fn remedy_of_address(ip: &IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => {
            "outside its own VPC, a cluster with a public endpoint resolves to public addresses; set ADDRESS_SOURCE=auto and \
             allow ec2:DescribeNetworkInterfaces, so that interfaces decide, or point DNS_SERVERS at a resolver of \
             that VPC"
        }
        IpAddr::V6(_) => {
            "VPCs have IPv6 ranges that Amazon provides, which are not private ranges; add the VPC's own range to \
             ALLOWED_CIDRS"
        }
    }
}

/// An error and all its causes, as in `abc.eks.amazonaws.com cannot be resolved (IPv4): timed out`.
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
mod tests;
