//! Keeps EKS clusters, and their names in DNS with them.

use std::net::IpAddr;

use super::{Answer, ClusterStatus, Refusal, Scope, Tags, World, parse_addresses};

/// What a public endpoint resolves to, unless a test says otherwise.
pub const PUBLIC_ADDRESSES: [&str; 2] = ["203.0.113.10", "203.0.113.11"];

/// A cluster, as EKS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Where it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its status.
    pub status: ClusterStatus,
    /// The URL of its API endpoint, once there is one.
    pub endpoint: Option<String>,
    /// Whether the endpoint is reachable from inside the VPC.
    pub private_access: bool,
    /// Whether it is reachable from the internet.
    pub public_access: bool,
    /// The security group that EKS made for it.
    pub security_group: String,
    /// Its VPC; `None` for a connected cluster, which has none.
    pub vpc: Option<String>,
    /// The Outpost of a local cluster.
    pub outpost: Option<String>,
    /// The provider of a connected cluster, as in `EKS_ANYWHERE`.
    pub connector: Option<String>,
    /// The addresses of the API server inside the VPC.
    pub addresses: Vec<IpAddr>,
    /// Its addresses on the internet.
    pub public_addresses: Vec<IpAddr>,
    /// Its tags.
    pub tags: Tags,
    /// The problems that EKS sees, in `health.issues`.
    pub issues: Vec<ClusterIssue>,
    /// As in `1.33`.
    pub version: String,
    /// Its updates.
    pub updates: Vec<ClusterUpdate>,
}

/// An update of a cluster.
///
/// Source: EKS API Reference, *Update* (2017-11-01, read November 2026).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterUpdate {
    /// A UUID.
    pub id: String,
    /// As in `VersionUpdate`.
    pub kind: String,
    /// `InProgress`, `Failed`, `Cancelled` or `Successful`.
    pub status: String,
}

/// A problem of a cluster that EKS sees.
///
/// Source: EKS API Reference, *ClusterIssue* (2017-11-01, read November 2026).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterIssue {
    /// As in `InsufficientFreeAddresses`.
    pub code: String,
    /// The text for people.
    pub message: String,
    /// As in `subnet-0123456789abcdef0`.
    pub resources: Vec<String>,
}

impl Cluster {
    /// The host name in the endpoint's URL.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let rest = self.endpoint.as_deref()?.split("//").nth(1)?;
        rest.split([':', '/']).next()
    }
}

/// A cluster to be made.
#[derive(Clone, Debug)]
pub struct ClusterSpec {
    /// Where to make it. Default the home scope.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// The API server's addresses inside the VPC.
    pub addresses: Vec<IpAddr>,
    /// Its addresses on the internet. Default [`PUBLIC_ADDRESSES`].
    pub public_addresses: Vec<IpAddr>,
    /// Default `ACTIVE`.
    pub status: ClusterStatus,
    /// The endpoint's URL. Default made up as EKS does, but none while the
    /// status is `CREATING`, `PENDING` or `FAILED`.
    pub endpoint: Option<String>,
    /// Default yes.
    pub private_access: bool,
    /// Default no.
    pub public_access: bool,
    /// Its VPC. Default one of its own, with a subnet for each address.
    pub vpc: Option<String>,
    /// Makes it a local cluster on this Outpost.
    pub outpost: Option<String>,
    /// Makes it a connected cluster of this provider: no VPC, no endpoint.
    pub connector: Option<String>,
    /// Default none.
    pub tags: Tags,
}

impl ClusterSpec {
    /// An `ACTIVE` cluster whose endpoint is private only.
    #[must_use]
    pub fn new(name: &str, addresses: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self {
            scope: Scope::default(),
            name: name.to_owned(),
            addresses: parse_addresses(addresses),
            public_addresses: parse_addresses(PUBLIC_ADDRESSES),
            status: ClusterStatus::Active,
            endpoint: None,
            private_access: true,
            public_access: false,
            vpc: None,
            outpost: None,
            connector: None,
            tags: Tags::new(),
        }
    }
}

impl World {
    /// Makes an `ACTIVE` private cluster in the home scope; returns its ARN.
    pub fn add_cluster(
        &mut self,
        name: &str,
        addresses: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> String {
        self.create_cluster(ClusterSpec::new(name, addresses))
    }

    /// Makes a cluster, its VPC and its names in DNS; returns its ARN.
    pub fn create_cluster(&mut self, spec: ClusterSpec) -> String {
        let connected = spec.connector.is_some();
        let vpc = match (spec.vpc, connected) {
            (_, true) => None,
            (Some(vpc), false) => Some(vpc),
            (None, false) => Some(self.add_vpc(&spec.scope)),
        };
        let endpoint = match spec.status {
            _ if connected => None,
            ClusterStatus::Creating | ClusterStatus::Pending | ClusterStatus::Failed => spec.endpoint,
            ClusterStatus::Active | ClusterStatus::Updating | ClusterStatus::Deleting => {
                spec.endpoint.or_else(|| Some(self.new_endpoint(&spec.scope)))
            }
        };
        let arn = spec.scope.arn("eks", &format!("cluster/{}", spec.name));
        let security_group = format!("sg-0{:016x}", self.next_id());
        let cluster = Cluster {
            scope: spec.scope.clone(),
            name: spec.name.clone(),
            arn: arn.clone(),
            status: spec.status,
            endpoint,
            private_access: spec.private_access,
            public_access: spec.public_access,
            security_group,
            vpc,
            outpost: spec.outpost,
            connector: spec.connector,
            addresses: Vec::new(),
            public_addresses: spec.public_addresses,
            tags: spec.tags,
            issues: Vec::new(),
            version: "1.33".to_owned(),
            updates: Vec::new(),
        };
        let region = self.region_mut(&spec.scope);
        region.clusters.insert(spec.name, cluster);
        self.move_to(&arn, spec.addresses);
        arn
    }

    /// The cluster with this name (home scope) or ARN (any scope).
    #[must_use]
    pub fn cluster(&self, name_or_arn: &str) -> &Cluster {
        let (scope, name) = locate(name_or_arn);
        let found = self.region(&scope).and_then(|region| region.clusters.get(name));
        found.unwrap_or_else(|| panic!("no cluster {name_or_arn}"))
    }

    /// The same, to be changed. DNS does not follow: see [`World::rotate`].
    pub fn cluster_mut(&mut self, name_or_arn: &str) -> &mut Cluster {
        let (scope, name) = locate(name_or_arn);
        let found = self.region_mut(&scope).clusters.get_mut(name);
        found.unwrap_or_else(|| panic!("no cluster {name_or_arn}"))
    }

    /// The host name of a cluster's API endpoint.
    #[must_use]
    pub fn host(&self, cluster: &str) -> String {
        let host = self.cluster(cluster).host();
        host.unwrap_or_else(|| panic!("{cluster} has no endpoint")).to_owned()
    }

    /// Moves a cluster's API server to `addresses`, in EKS and in DNS.
    ///
    /// Targets keep their health: say with [`World::set_health`] what happens
    /// to addresses that are left.
    pub fn rotate(&mut self, cluster: &str, addresses: impl IntoIterator<Item = impl AsRef<str>>) {
        self.move_to(cluster, parse_addresses(addresses));
    }

    /// Deletes a cluster; its name in DNS goes with it, its interfaces later.
    pub fn delete_cluster(&mut self, cluster: &str) {
        let Cluster { scope, name, .. } = self.cluster(cluster).clone();
        if let Some(host) = self.cluster(cluster).host().map(str::to_owned) {
            self.dns.remove(&host);
        }
        self.cluster_mut(cluster).addresses.clear();
        self.attach_control_plane(cluster);
        self.region_mut(&scope).clusters.remove(&name);
    }

    /// Deletes a cluster and makes one of the same name, VPC and access, with
    /// another endpoint at `addresses`.
    pub fn recreate_cluster(&mut self, cluster: &str, addresses: impl IntoIterator<Item = impl AsRef<str>>) {
        let old = self.cluster(cluster).clone();
        self.delete_cluster(cluster);
        self.create_cluster(ClusterSpec {
            scope: old.scope,
            private_access: old.private_access,
            public_access: old.public_access,
            public_addresses: old.public_addresses,
            vpc: old.vpc,
            outpost: old.outpost,
            connector: old.connector,
            tags: old.tags,
            ..ClusterSpec::new(&old.name, addresses)
        });
    }

    /// Sets what the cluster's name resolves to from its access and addresses.
    pub fn publish(&mut self, cluster: &str) {
        let cluster = self.cluster(cluster);
        let Some(host) = cluster.host().map(str::to_owned) else {
            return;
        };
        let (private, public) = (&cluster.addresses, &cluster.public_addresses);
        let inside = if cluster.private_access { private } else { public };
        let outside = if cluster.public_access { public } else { inside };
        let (inside, outside) = (inside.clone(), outside.clone());
        self.dns.set(&host, Answer::addresses(inside));
        self.dns.set_outside(&host, Answer::addresses(outside));
    }

    /// DescribeCluster.
    pub(crate) fn describe_cluster(&self, scope: &Scope, name: &str) -> Result<&Cluster, Refusal> {
        let found = self.region(scope).and_then(|region| region.clusters.get(name));
        found.ok_or_else(|| {
            let message = format!("No cluster found for name: {name}.");
            Refusal::new(404, "ResourceNotFoundException", message)
        })
    }

    /// The VPC of the cluster `name`, if there is such a cluster.
    pub(crate) fn vpc_of_cluster(&self, scope: &Scope, name: &str) -> Option<String> {
        self.region(scope)?.clusters.get(name)?.vpc.clone()
    }

    fn move_to(&mut self, cluster: &str, addresses: Vec<IpAddr>) {
        let Cluster { scope, vpc, .. } = self.cluster(cluster).clone();
        if let Some(vpc) = vpc {
            self.make_room(&scope, &vpc, &addresses);
        }
        self.cluster_mut(cluster).addresses = addresses;
        self.attach_control_plane(cluster);
        self.publish(cluster);
    }

    fn new_endpoint(&mut self, scope: &Scope) -> String {
        let (high, low) = (self.next_id(), self.next_id());
        let (region, domain) = (&scope.region, scope.domain());
        format!("https://{high:016X}{low:016X}.gr7.{region}.eks.{domain}")
    }
}

/// The scope and name that a test means.
fn locate(name_or_arn: &str) -> (Scope, &str) {
    let named = || {
        let scope = Scope::of_arn(name_or_arn)?;
        Some((scope, name_or_arn.rsplit('/').next()?))
    };
    named().unwrap_or_else(|| (Scope::default(), name_or_arn))
}
