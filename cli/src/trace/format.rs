//! The lines of a trace.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::time::Time;

/// The version of the format. A change that an old reader would misread makes
/// another one.
pub(crate) const VERSION: u32 = 1;

/// A line is written at least this often, in seconds, so that silence means
/// that nothing was recorded.
pub(crate) const ALIVE_SECONDS: u64 = 60;

/// The first line: what was recorded, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    /// [`VERSION`].
    pub(crate) trace: u32,
    /// As in `eks-nlb 0.1.0`.
    pub(crate) program: String,
    /// When recording began.
    pub(crate) started: Time,
    pub(crate) cluster: String,
    pub(crate) region: String,
    pub(crate) account: String,
    /// The host of the API endpoint.
    pub(crate) host: String,
    /// The ARNs of the frontend.
    pub(crate) load_balancer: String,
    pub(crate) target_group: String,
    /// The load balancer's name in DNS.
    pub(crate) load_balancer_name: String,
    /// The port of its listener, and that of its targets.
    pub(crate) listener_port: u16,
    pub(crate) target_port: u16,
    /// The zones that the load balancer is enabled in.
    pub(crate) zones: Vec<String>,
    /// Whether the target group is served across zones.
    pub(crate) cross_zone: bool,
    /// The name servers, in the order in which the function queries them.
    pub(crate) name_servers: Vec<SocketAddr>,
    pub(crate) settings: RecordSettings,
    /// Whether account, names and addresses are replaced.
    pub(crate) pseudonymised: bool,
}

/// How often the sources were read, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordSettings {
    /// DNS, interfaces, probes.
    pub(crate) every_ms: u64,
    /// Target health.
    pub(crate) elb_every_ms: u64,
    /// Whether servers and load balancer were probed.
    pub(crate) probe: bool,
}

/// Any other line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) at: Time,
    #[serde(flatten)]
    pub(crate) change: Change,
}

/// What has changed: the state from now on, until the next line of the same
/// kind and subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Change {
    /// What a name server answers for the API endpoint.
    Name {
        server: SocketAddr,
        addresses: BTreeSet<IpAddr>,
        /// The seconds that the answer may be cached. It alone makes no new line.
        #[serde(skip_serializing_if = "Option::is_none")]
        ttl: Option<u32>,
        /// A code of docs/reference.md, as in `DnsTimeout`, instead of addresses.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A network interface that claims to be of the cluster's control plane.
    Interface {
        id: String,
        addresses: BTreeSet<IpAddr>,
        zone: String,
        /// EC2's status, as in `in-use`; `gone` once it is not listed.
        status: String,
        /// EC2's status of the attachment; empty without an attachment.
        attachment: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        attached: Option<Time>,
        /// Whether the function takes it for the control plane's.
        believed: bool,
    },
    /// The cluster, by EKS.
    Cluster {
        status: String,
        version: String,
        /// The platform version, as in `eks.12`.
        platform: String,
        updates: Vec<Update>,
    },
    /// A target of the target group, by ELB.
    Target {
        address: IpAddr,
        port: u16,
        /// ELB's state, as in `healthy`; `absent` once it is not listed.
        state: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// The administrative override, as in `zonal_shift_active`.
        #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
        overridden: Option<String>,
    },
    /// A zone of the load balancer in DNS.
    Zone {
        zone: String,
        /// Of the zone's node, if the zone's own name has an address.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        /// Whether the load balancer's name includes it.
        in_dns: bool,
    },
    /// A connection from where it was recorded.
    Probe {
        of: Probed,
        /// Whether TCP and TLS connect, and the certificate is the cluster's.
        connects: bool,
        /// The HTTP status of `GET /readyz`, if there was an answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        readyz: Option<u16>,
        /// Where it failed: `tcp`, `tls`, `certificate`, `http`, or `ended` once
        /// the address is no longer probed.
        #[serde(skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
        /// How long it took. It alone makes no new line.
        #[serde(skip_serializing_if = "Option::is_none")]
        milliseconds: Option<u64>,
    },
    /// A source could not be read; its last known state may be outdated.
    Unread {
        source: Source,
        /// A code of docs/reference.md, as in `AccessDenied`.
        error: String,
    },
    /// The source can be read again.
    Readable { source: Source },
    /// Nothing else changed for [`ALIVE_SECONDS`].
    Alive,
    /// Recording continued after an interruption.
    Resumed,
    /// Recording ended in order.
    Ended,
}

/// An update of a cluster, by EKS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) id: String,
    /// As in `VersionUpdate`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// As in `InProgress`.
    pub(crate) status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Probed {
    /// An API server.
    Server(IpAddr),
    /// The load balancer's node in a zone.
    Node(String),
}

/// A source that is read by calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    Interfaces,
    Cluster,
    Targets,
}

/// The states of an interface, a target and a probe that have ended.
pub(crate) const GONE: &str = "gone";
pub(crate) const ABSENT: &str = "absent";
pub(crate) const ENDED: &str = "ended";

/// What a change is about: changes with the same subject follow each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Name(SocketAddr),
    Interface(String),
    Cluster,
    Target(IpAddr, u16),
    Zone(String),
    Probe(Probed),
    Source(Source),
}

impl Change {
    /// What it is about; nothing for lines about the recording itself.
    pub(crate) fn subject(&self) -> Option<Subject> {
        Some(match self {
            Self::Name { server, .. } => Subject::Name(*server),
            Self::Interface { id, .. } => Subject::Interface(id.clone()),
            Self::Cluster { .. } => Subject::Cluster,
            Self::Target { address, port, .. } => Subject::Target(*address, *port),
            Self::Zone { zone, .. } => Subject::Zone(zone.clone()),
            Self::Probe { of, .. } => Subject::Probe(of.clone()),
            Self::Unread { source, .. } | Self::Readable { source } => Subject::Source(*source),
            Self::Alive | Self::Resumed | Self::Ended => return None,
        })
    }

    /// Whether nothing has changed from `self` to `next`: times and TTLs aside.
    pub(crate) fn is_still(&self, next: &Self) -> bool {
        self.without_times() == next.without_times()
    }

    fn without_times(&self) -> Self {
        let mut same = self.clone();
        if let Self::Name { ttl, .. } = &mut same {
            *ttl = None;
        } else if let Self::Probe { milliseconds, .. } = &mut same {
            *milliseconds = None;
        }
        same
    }

    /// The change by which its subject ends, if it ended now.
    pub(crate) fn ended(&self) -> Option<Self> {
        let mut end = self.clone();
        if let Self::Interface { status, believed, .. } = &mut end {
            GONE.clone_into(status);
            *believed = false;
        } else if let Self::Target { state, reason, overridden, .. } = &mut end {
            ABSENT.clone_into(state);
            (*reason, *overridden) = (None, None);
        } else if let Self::Probe { connects, readyz, failed, milliseconds, .. } = &mut end {
            *connects = false;
            (*readyz, *milliseconds) = (None, None);
            *failed = Some(ENDED.to_owned());
        }
        Some(end).filter(|end| end != self)
    }
}
