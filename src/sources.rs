//! Learns the addresses of a cluster's API server: from DNS, from the network
//! interfaces of its control plane, or from both.
//!
//! | source | desired is | fails |
//! |---|---|---|
//! | `dns` | what DNS names | as [`Resolver::resolve`] does |
//! | `eni` | what the interfaces have; DNS is not asked | with fewer than [`SHORT_ANSWER`] interfaces |
//! | `dns+eni` | what both name; what one names is neither registered nor deregistered | where either does, and where they have nothing in common |

use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};

use crate::dns::Resolver;
use crate::error::ReconcileError;
use crate::limits::Limits;
use crate::model::{
    AddressSource, Addresses, AllowedCidrs, ApiEndpoint, ClusterName, Desired, Family, Interfaces,
    InvalidAddresses,
};
use crate::plan::SHORT_ANSWER;

/// The sources of one run.
pub struct Sources<'a, P: RuntimeProvider = TokioRuntimeProvider> {
    /// Which of them are asked.
    pub source: AddressSource,
    /// Asks DNS.
    pub resolver: &'a Resolver<P>,
    /// The interfaces of the Region; empty where DNS is the only source.
    pub interfaces: Interfaces,
    /// Where every address must lie.
    pub allowed: &'a AllowedCidrs,
    /// Bounds the run.
    pub limits: &'a Limits,
}

impl<P: RuntimeProvider> Sources<'_, P> {
    /// Learns what is desired of `cluster` in one family.
    ///
    /// # Errors
    ///
    /// A source that is asked fails: whatever the other says, nothing is known.
    pub async fn desired(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Desired, ReconcileError> {
        match self.source {
            AddressSource::Dns => self.ask_dns(endpoint, family).await.map(Desired::from),
            AddressSource::Eni => self.ask_interfaces(cluster, endpoint, family).map(Desired::from),
            AddressSource::DnsAndEni => {
                // They cost no question, so DNS is asked only where they agree to be believed.
                let interfaces = self.ask_interfaces(cluster, endpoint, family)?;
                let dns = self.ask_dns(endpoint, family).await?;
                dns.agreed_with(&interfaces).ok_or_else(|| ReconcileError::SourcesDisagree {
                    dns: dns.to_string(),
                    interfaces: interfaces.to_string(),
                })
            }
        }
    }

    async fn ask_dns(&self, endpoint: &ApiEndpoint, family: Family) -> Result<Addresses, ReconcileError> {
        let resolved = self.resolver.resolve(&endpoint.host, family);
        self.limits.within("resolving the API endpoint", resolved).await?
    }

    fn ask_interfaces(
        &self,
        cluster: &ClusterName,
        endpoint: &ApiEndpoint,
        family: Family,
    ) -> Result<Addresses, ReconcileError> {
        let own = self.interfaces.addresses(cluster, endpoint, family);
        let too_few =
            || ReconcileError::InterfacesNotFound { cluster: cluster.clone(), family, found: own.len() };
        if own.len() < SHORT_ANSWER {
            return Err(too_few());
        }
        Addresses::new(own.iter().flatten().copied(), self.allowed).map_err(|invalid| match invalid {
            InvalidAddresses::Empty => too_few(),
            InvalidAddresses::NotAllowed(ip) => {
                ReconcileError::InterfaceNotAllowed { cluster: cluster.clone(), ip }
            }
        })
    }
}
