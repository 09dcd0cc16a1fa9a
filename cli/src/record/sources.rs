//! Reads the present state of each source: DNS, interfaces, cluster, targets
//! and the load balancer's zones. Writes nothing, in AWS or elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::aws::ec2;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::{DESCRIPTION_PREFIX, Family, Host};
use eks_nlb_sync::observe::dns::{NameServer, Resolver};
use eks_nlb_sync::reasons::FailureCode;
use eks_nlb_sync::schedule::budget::RunBudget;
use futures_util::future::join_all;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tokio::time::timeout;

use super::frontend::Recorded;
use crate::reads::elb::{self, ListedTarget};
use crate::reads::{text_at, text_in, texts_at};
use crate::trace::{Change, Time, Update};

/// The time limit of one reading, including throttling and the wait between
/// calls of ELB.
const TIME: Duration = Duration::from_mins(1);

/// Updates that are described in one look: EKS remembers many, and most are over.
const UPDATES_AT_ONCE: usize = 3;

/// The status of an update that is not over.
///
/// Source: EKS API Reference, *Update*, `status` (2017-11-01, read November
/// 2026): `InProgress`, `Failed`, `Cancelled`, `Successful`.
const IN_PROGRESS: &str = "InProgress";

/// What is read, and with what.
pub(crate) struct Sources<'a, P: RuntimeProvider = TokioRuntimeProvider> {
    pub(crate) clients: &'a Clients,
    /// The function's resolver, each name server of which is queried by itself.
    pub(crate) resolver: &'a Resolver<P>,
    pub(crate) dns_timeout: Duration,
    pub(crate) recorded: &'a Recorded,
}

/// Why a source could not be read: a code of docs/reference.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotRead(pub(crate) FailureCode);

impl From<CallError> for NotRead {
    fn from(error: CallError) -> Self {
        Self(error.code())
    }
}

impl From<Unreadable> for NotRead {
    fn from(_: Unreadable) -> Self {
        Self(FailureCode::AwsRejected)
    }
}

/// The cluster, with what is needed to connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClusterRead {
    pub(crate) change: Change,
    /// EKS's certificate authorities, in base64.
    pub(crate) authority: String,
    /// The updates that are known by now, by id.
    pub(crate) updates: BTreeMap<String, Update>,
}

impl<P: RuntimeProvider> Sources<'_, P> {
    /// What each name server answers.
    pub(crate) async fn names(&self) -> Vec<Change> {
        let (host, family) = (&self.recorded.endpoint.host, self.recorded.frontend.family);
        let query = async |server: &NameServer<P>| {
            let (addresses, ttl, error) = match self.query(server, host, family).await {
                Ok((addresses, ttl)) => (addresses, Some(ttl), None),
                Err(code) => (BTreeSet::new(), None, Some(code.as_str().to_owned())),
            };
            Change::Name { server: server.address, addresses, ttl, error }
        };
        join_all(self.resolver.name_servers().iter().map(query)).await
    }

    /// The addresses of `host` and the shortest of their TTLs, in seconds.
    async fn query(
        &self,
        server: &NameServer<P>,
        host: &Host,
        family: Family,
    ) -> Result<(BTreeSet<IpAddr>, u32), FailureCode> {
        match timeout(self.dns_timeout, server.query(host, family)).await {
            Err(_) | Ok(Err(NetError::Timeout)) => Err(FailureCode::DnsTimeout),
            Ok(Err(error)) if error.is_no_records_found() => Err(FailureCode::DnsNoRecords),
            Ok(Err(_)) => Err(FailureCode::DnsFailed),
            Ok(Ok(records)) => {
                let ttl = records.iter().map(|record| record.ttl_seconds).min();
                let ttl = ttl.ok_or(FailureCode::DnsNoRecords)?;
                Ok((records.into_iter().map(|record| record.ip).collect(), ttl))
            }
        }
    }

    /// The interfaces that claim to be of the cluster's control plane.
    pub(crate) async fn interfaces(&self) -> Result<Vec<Change>, NotRead> {
        const ACTION: &str = "ec2:DescribeNetworkInterfaces";
        let description = format!("{DESCRIPTION_PREFIX}{}", self.recorded.frontend.cluster);
        let budget = budget();
        let ask = self.clients.query_client(&budget);
        let filter = [
            ("Filter.1.Name", "description"),
            ("Filter.1.Value.1", &description),
            ("IncludeManagedResources", "true"),
            ("MaxResults", "1000"),
        ];
        let filter = filter.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let listed = ask.xml_pages(ACTION, &filter, ("NextToken", "nextToken"), |page| {
            page.child("networkInterfaceSet")?.ok_or("no networkInterfaceSet")?;
            page.list("networkInterfaceSet")?.into_iter().map(|one| self.interface(one)).collect()
        });
        Ok(listed.await?)
    }

    fn interface(&self, described: &Element) -> Result<Change, Unreadable> {
        let interface = ec2::interface(described)?;
        Ok(Change::Interface {
            id: described.text_of("networkInterfaceId")?,
            zone: described.text_of("availabilityZone")?,
            attachment: text_in(described, "attachment", "status")?,
            attached: Time::parse(&text_in(described, "attachment", "attachTime")?),
            believed: interface.is_of(&self.recorded.frontend.cluster, &self.recorded.endpoint),
            status: interface.status,
            addresses: interface.addresses,
        })
    }

    /// The targets, by one call.
    pub(crate) async fn targets(&self) -> Result<Vec<Change>, NotRead> {
        let budget = budget();
        let group = &self.recorded.frontend.target_group.0;
        let listed = elb::targets(&self.clients.query_client(&budget), group).await?;
        Ok(listed.into_iter().map(target).collect::<Result<_, _>>()?)
    }

    /// The cluster and its updates, of which `updates` are known.
    pub(crate) async fn cluster(
        &self,
        mut updates: BTreeMap<String, Update>,
    ) -> Result<ClusterRead, NotRead> {
        let budget = budget();
        let ask = self.clients.query_client(&budget);
        // A cluster's name needs no escape.
        let path = format!("/clusters/{}", self.recorded.frontend.cluster);
        let described = ask.json("eks:DescribeCluster", path.clone()).await?;
        // A role may lack the permission, and versions are known without updates.
        if let Ok(listed) = ask.json("eks:ListUpdates", format!("{path}/updates")).await {
            let is_due = |id: &String| updates.get(id).is_none_or(|update| update.status == IN_PROGRESS);
            let due = texts_at(&listed, "/updateIds").filter(is_due).take(UPDATES_AT_ONCE);
            for id in due.collect::<Vec<_>>() {
                let update = ask.json("eks:DescribeUpdate", format!("{path}/updates/{id}")).await?;
                let (kind, status) = (text_at(&update, "/update/type"), text_at(&update, "/update/status"));
                updates.insert(id.clone(), Update { id, kind, status });
            }
        }
        Ok(ClusterRead {
            change: Change::Cluster {
                status: text_at(&described, "/cluster/status"),
                version: text_at(&described, "/cluster/version"),
                platform: text_at(&described, "/cluster/platformVersion"),
                updates: updates.values().filter(|update| update.status == IN_PROGRESS).cloned().collect(),
            },
            authority: text_at(&described, "/cluster/certificateAuthority/data"),
            updates,
        })
    }

    /// The load balancer's zones in DNS.
    ///
    /// Source: ELB User Guide for Network Load Balancers, *DNS name* (read
    /// November 2026): a zone's own name begins with the zone, as in
    /// `us-east-2b.my-load-balancer-….elb.us-east-2.amazonaws.com`.
    pub(crate) async fn zones(&self) -> Vec<Change> {
        let header = &self.recorded.header;
        let name = &header.load_balancer_name;
        let all = self.addresses_of(name.clone()).await;
        let zones = header.zones.iter().map(async |zone| {
            let own = self.addresses_of(format!("{zone}.{name}")).await;
            let address = own.first().copied();
            let in_dns = address.is_some_and(|address| all.contains(&address));
            Change::Zone { zone: zone.clone(), address, in_dns }
        });
        join_all(zones).await
    }

    async fn addresses_of(&self, name: String) -> BTreeSet<IpAddr> {
        let Ok(host) = name.parse::<Host>() else { return BTreeSet::new() };
        // An internal load balancer's name has IPv4 addresses in any case.
        for server in self.resolver.name_servers() {
            if let Ok((addresses, _)) = self.query(server, &host, Family::Ipv4).await {
                return addresses;
            }
        }
        BTreeSet::new()
    }
}

fn budget() -> RunBudget {
    RunBudget::new(NonZeroU16::MIN, TIME)
}

fn target(listed: ListedTarget) -> Result<Change, Unreadable> {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(Change::Target {
        address: listed.id.parse()?,
        port: listed.port.parse()?,
        state: listed.state,
        reason: some(listed.reason),
        zone: some(listed.zone),
        overridden: some(listed.overridden),
    })
}
