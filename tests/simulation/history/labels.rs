//! Names what happens in a history, for the tally and for planted faults.

use super::{Call, Fault, Happening, Names};

impl Call {
    /// The operation as the simulator names it.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Any => "*",
            Self::DescribeLoadBalancers => "DescribeLoadBalancers",
            Self::DescribeTags => "DescribeTags",
            Self::DescribeTargetGroups => "DescribeTargetGroups",
            Self::DescribeCluster => "DescribeCluster",
            Self::DescribeNetworkInterfaces => "DescribeNetworkInterfaces",
            Self::DescribeTargetHealth => "DescribeTargetHealth",
            Self::RegisterTargets => "RegisterTargets",
            Self::DeregisterTargets => "DeregisterTargets",
        }
    }
}

impl Happening {
    /// What it is counted as.
    pub(crate) fn kind(&self) -> &'static str {
        use super::{ClusterState as C, FrontendState as F, Hand as H, Rotation as R};
        match self {
            Self::Rotate { how, .. } => match how {
                R::One(_) => "rotated: one API server",
                R::All => "rotated: all API servers",
                R::Subnets => "rotated: to other subnets",
                R::Back => "rotated: back again",
                R::Resize(_) => "rotated: more or fewer API servers",
                R::Rebuild => "rotated: another endpoint",
            },
            Self::Health { at: None, .. } => "health of an API server changed",
            Self::Health { at: Some(_), .. } => "health of an API server to change",
            Self::Hardened { .. } => "API servers refuse health checks",
            Self::Names { say, .. } => match say {
                Names::ServerFailure => "DNS: SERVFAIL",
                Names::NoSuchName => "DNS: NXDOMAIN",
                Names::Refused => "DNS: REFUSED",
                Names::Silence => "DNS: silence",
                Names::NoData => "DNS: NODATA",
                Names::Garbage => "DNS: garbage",
                Names::OtherName => "DNS: addresses of another name",
                Names::Public => "DNS: public addresses",
                Names::Mixed => "DNS: public and private addresses",
                Names::Half(_) => "DNS: half of the addresses",
                Names::Old => "DNS: old addresses",
                Names::FlapsByTick => "DNS: flaps by tick",
                Names::FlapsByQuestion => "DNS: flaps by question",
                Names::Impostor { passes: false } => "DNS: a private address without a server",
                Names::Impostor { passes: true } => "DNS: a private address of another server",
                Names::Truncated => "DNS: truncated, TCP answers",
                Names::TruncatedSilent => "DNS: truncated, TCP is silent",
                Names::Late(_) => "DNS: late",
            },
            Self::Cluster { is, .. } => match is {
                C::Updating => "cluster: UPDATING",
                C::Creating => "cluster: CREATING",
                C::Deleting => "cluster: DELETING",
                C::Failed => "cluster: FAILED",
                C::PublicOnly => "cluster: public only",
                C::Unknown => "cluster: unknown to EKS",
            },
            Self::Frontend { is, .. } => match is {
                F::Excluded => "frontend: excluded",
                F::Unmanaged => "frontend: untagged",
                F::Gone => "frontend: target group gone",
                F::GoesAt(_) => "frontend: target group to go",
                F::Unused => "frontend: no listener",
                F::ShiftedAway(_) => "frontend: zone shifted away",
            },
            Self::Hand { does, .. } => match does {
                H::Registers => "by hand: registered a stranger",
                H::RegistersOtherPort => "by hand: registered another port",
                H::RegistersOld => "by hand: registered old API servers",
                H::Deregisters(_) => "by hand: deregistered",
                H::StopsChecks(_) => "by hand: stopped checks",
            },
            Self::Fault { fault, .. } => match fault {
                Fault::Throttled => "AWS: throttled",
                Fault::AccessDenied => "AWS: access denied",
                Fault::InternalFailure => "AWS: internal failure",
                Fault::Reset => "AWS: connection reset",
                Fault::Silence => "AWS: silence",
                Fault::AnswerLost => "AWS: done, answer lost",
                Fault::Truncated => "AWS: done, answer truncated",
                Fault::Garbage => "AWS: done, answer garbage",
                Fault::Twice => "AWS: done twice",
                Fault::Slow(_) => "AWS: slow",
            },
        }
    }
}
