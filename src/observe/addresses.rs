//! Finds the addresses of a cluster's API servers: from the network interfaces
//! of its control plane, from DNS, or from both.
//!
//! | `ADDRESS_SOURCE` | desired is | before a target goes | fails |
//! |---|---|---|---|
//! | `auto` | what at least [`MIN_API_SERVERS`] interfaces have; where they cannot be read or there are fewer, what DNS names | DNS names it no more, nor does an interface; where one of the two gives no answer, it stays | as the source that decides |
//! | `dns` | what DNS names | | as [`Resolver::resolve`] does |
//! | `eni` | what the interfaces have; DNS is not asked | | with fewer than [`MIN_API_SERVERS`] interfaces |
//! | `dns+eni` | what both name; what one names is neither registered nor deregistered | | where either does, and where they have nothing in common |

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tracing::warn;

use crate::aws::ec2::Ec2;
use crate::error::{CallError, FrontendError};
use crate::history::History;
use crate::model::{
    AddressSource, Addresses, AllowedCidrs, ApiEndpoint, ClusterName, Desired, Family, Interfaces,
    InvalidAddresses, Scope, Source,
};
use crate::observe::dns::Resolver;
use crate::plan::MIN_API_SERVERS;
use crate::schedule::budget::RunBudget;
use crate::schedule::memo::Memo;

/// How long `auto` waits for the interfaces before DNS decides. Listing takes a
/// fraction of a second, unless EC2 cannot be reached.
const PATIENCE_WITH_EC2: Duration = Duration::from_secs(10);

/// The sources of one run.
pub struct AddressSources<'a, P: RuntimeProvider = TokioRuntimeProvider> {
    /// The operator's choice.
    pub source: AddressSource,
    /// Queries DNS.
    pub resolver: &'a Resolver<P>,
    /// Lists interfaces.
    pub ec2: Ec2<'a>,
    /// Where every address must lie.
    pub allowed: &'a AllowedCidrs,
    /// Bounds the run.
    pub budget: &'a RunBudget,
    /// The account and Region.
    pub scope: &'a Scope,
    /// Remembers whether a missing permission was logged.
    pub history: &'a History,
    /// What this run has read so far.
    pub read: AddressesRead,
}

/// What a run has read from the sources.
#[derive(Default)]
pub struct AddressesRead {
    interfaces: OnceCell<Result<Interfaces, CallError>>,
    desired: Memo<Lookup, Result<Desired, Arc<FrontendError>>>,
    dns: Memo<Lookup, Result<Addresses, Arc<FrontendError>>>,
}

/// The cluster whose addresses are looked up.
type Lookup = (ClusterName, Family);

impl<P: RuntimeProvider> AddressSources<'_, P> {
    /// The desired addresses of `cluster` in one family. With `auto` they are
    /// not confirmed yet: see [`AddressSources::confirm`].
    ///
    /// # Errors
    ///
    /// The source that decides fails.
    pub async fn desired(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Desired, Arc<FrontendError>> {
        let read = || async { self.read_desired(cluster, endpoint, family).await };
        self.read.desired.get((cluster.clone(), family), read).await
    }

    async fn read_desired(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Desired, Arc<FrontendError>> {
        match self.source {
            AddressSource::Auto => self.by_what_can_be_read(cluster, endpoint, family).await,
            AddressSource::Fixed(Source::Dns) => {
                Ok(Desired::by(Source::Dns, self.query_dns(cluster, endpoint, family).await?))
            }
            AddressSource::Fixed(Source::Eni) => {
                Ok(Desired::by(Source::Eni, self.of_interfaces(cluster, endpoint, family).await?))
            }
            AddressSource::Fixed(Source::DnsAndEni) => {
                // Interfaces cost no query, so DNS is asked only where they can be used.
                let interfaces = self.of_interfaces(cluster, endpoint, family).await?;
                let dns = self.query_dns(cluster, endpoint, family).await?;
                let disagree = || {
                    let (dns, interfaces) = (dns.to_string(), interfaces.to_string());
                    Arc::new(FrontendError::SourcesDisagree { dns, interfaces })
                };
                dns.agreed_with(&interfaces).ok_or_else(disagree)
            }
        }
    }

    async fn by_what_can_be_read(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Desired, Arc<FrontendError>> {
        let interfaces = match self.interfaces().await {
            Ok(interfaces) => interfaces.addresses(cluster, endpoint, family),
            Err(_) => Vec::new(),
        };
        if interfaces.len() >= MIN_API_SERVERS {
            let addresses = self.allowed_of(cluster, family, &interfaces)?;
            return Ok(Desired::by(Source::Eni, addresses));
        }
        let desired = Desired::by(Source::Dns, self.query_dns(cluster, endpoint, family).await?);
        Ok(match self.interfaces().await {
            Ok(_) => desired.confirmed_by(interfaces.into_iter().flatten()),
            Err(CallError::AccessDenied { .. }) => desired,
            Err(_) => desired.unconfirmed(),
        })
    }

    /// Asks the source that did not decide, too, so that no target is
    /// deregistered that it still names.
    pub async fn confirm(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
        desired: &Desired,
    ) -> Desired {
        if self.source != AddressSource::Auto || desired.source != Source::Eni {
            return desired.clone();
        }
        match self.query_dns(cluster, endpoint, family).await {
            Ok(named) => desired.confirmed_by(named.iter()),
            Err(error) if names_no_target(&error) => desired.clone(),
            Err(_) => desired.unconfirmed(),
        }
    }

    /// The interfaces of the Region's control planes, listed once.
    ///
    /// # Errors
    ///
    /// The listing fails.
    pub async fn interfaces(&self) -> Result<&Interfaces, &CallError> {
        self.read.interfaces.get_or_init(|| self.list_interfaces()).await.as_ref()
    }

    async fn list_interfaces(&self) -> Result<Interfaces, CallError> {
        let listing = self.ec2.control_plane_interfaces();
        if self.source != AddressSource::Auto {
            return listing.await;
        }
        let step = "ec2:DescribeNetworkInterfaces";
        let listed = timeout(PATIENCE_WITH_EC2, listing).await;
        let listed = listed.unwrap_or(Err(CallError::NotFinished { step }));
        match &listed {
            Ok(_) => {}
            Err(error @ CallError::AccessDenied { .. }) => {
                if self.history.is_first_denial(self.scope) {
                    warn!(
                        error = %error,
                        "interfaces are not read: without ec2:DescribeNetworkInterfaces, ADDRESS_SOURCE=auto works like dns, \
                         which does not see the private addresses of public-and-private clusters from outside their VPC"
                    );
                }
            }
            Err(error) => {
                warn!(error = %error, "interfaces are not read: nothing is deregistered in this run");
            }
        }
        listed
    }

    async fn query_dns(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Addresses, Arc<FrontendError>> {
        let query = || async {
            let resolved = self.resolver.resolve(&endpoint.host, family);
            let resolved = self.budget.within("resolving the API endpoint", resolved).await;
            resolved.map_err(FrontendError::from).flatten().map_err(Arc::new)
        };
        self.read.dns.get((cluster.clone(), family), query).await
    }

    async fn of_interfaces(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Addresses, Arc<FrontendError>> {
        let interfaces = self.interfaces().await.map_err(|error| Arc::new(error.clone().into()))?;
        let own = interfaces.addresses(cluster, endpoint, family);
        if own.len() < MIN_API_SERVERS {
            let (cluster, found) = (cluster.clone(), own.len());
            return Err(Arc::new(FrontendError::InterfacesNotFound { cluster, family, found }));
        }
        self.allowed_of(cluster, family, &own)
    }

    fn allowed_of(
        &self,
        cluster: &ClusterName,
        family: Family,
        interfaces: &[BTreeSet<IpAddr>],
    ) -> Result<Addresses, Arc<FrontendError>> {
        let addresses = Addresses::new(interfaces.iter().flatten().copied(), self.allowed);
        addresses.map_err(|invalid| {
            let cluster = cluster.clone();
            Arc::new(match invalid {
                InvalidAddresses::Empty => {
                    FrontendError::InterfacesNotFound { cluster, family, found: interfaces.len() }
                }
                InvalidAddresses::NotAllowed(ip) | InvalidAddresses::SomeNotAllowed(ip) => {
                    FrontendError::InterfaceNotAllowed { cluster, ip }
                }
            })
        })
    }
}

/// Whether DNS answered without any address that a target could have. An answer
/// that mixes allowed and other addresses counts as no answer, as in the other
/// sources.
fn names_no_target(error: &FrontendError) -> bool {
    matches!(
        error,
        FrontendError::DnsNoRecords { .. }
            | FrontendError::AddressNotAllowed { others_are_allowed: false, .. }
    )
}
