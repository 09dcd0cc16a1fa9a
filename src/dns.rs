//! Resolves an API endpoint's host, within a budget; keeps no answer.
//!
//! Each family is asked for on its own. A lookup of both would return the
//! half that worked when the other failed, and a failed half must never pass
//! for an empty one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::time::timeout;

use crate::error::ReconcileError;
use crate::model::{Addresses, AllowedCidrs, Family, Host, InvalidAddresses};
use crate::settings::Settings;

/// Retries after the first attempt, so that a lost packet costs a third of the
/// budget and not the run.
const RETRIES: usize = 2;

/// The resolver of all hosts. `P` makes its sockets and timers.
pub struct Resolver<P: RuntimeProvider = TokioRuntimeProvider> {
    dns: hickory_resolver::Resolver<P>,
    budget: Duration,
    allowed: AllowedCidrs,
}

impl Resolver {
    /// Prepares to ask [`Settings::dns_servers`], or the system's.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, NetError> {
        Self::with_provider(settings, TokioRuntimeProvider::default())
    }
}

impl<P: RuntimeProvider> Resolver<P> {
    /// The same over the sockets and timers of `provider`.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read.
    pub fn with_provider(settings: &Settings, provider: P) -> Result<Self, NetError> {
        let mut builder = match &settings.dns_servers {
            None => hickory_resolver::Resolver::builder(provider)?,
            Some(servers) => {
                let servers = servers.iter().map(|server| {
                    let connections =
                        [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                            connection.port = server.port();
                            connection
                        });
                    NameServerConfig::new(server.ip(), true, connections.into())
                });
                let config = ResolverConfig::from_parts(None, vec![], servers.collect());
                hickory_resolver::Resolver::builder_with_config(config, provider)
            }
        };
        configure(builder.options_mut(), settings.dns_timeout);
        Ok(Self {
            dns: builder.build()?,
            budget: settings.dns_timeout,
            allowed: settings.allowed_cidrs.clone(),
        })
    }

    /// Resolves the addresses of `host` in one family.
    ///
    /// Takes at most [`Settings::dns_timeout`], all attempts included.
    ///
    /// # Errors
    ///
    /// - [`ReconcileError::DnsNoRecords`] for NXDOMAIN and for an answer
    ///   without an address of this family.
    /// - [`ReconcileError::DnsTimeout`] if no answer comes in time.
    /// - [`ReconcileError::DnsFailed`] for any other answer.
    /// - [`ReconcileError::AddressNotAllowed`] if one address is outside
    ///   [`Settings::allowed_cidrs`].
    ///
    /// # Sources
    ///
    /// - EKS User Guide, *Cluster API server endpoint*: inside the VPC the
    ///   endpoint's name resolves to private addresses.
    pub async fn resolve(&self, host: &Host, family: Family) -> Result<Addresses, ReconcileError> {
        let host = host.clone();
        let record_type = match family {
            Family::Ipv4 => RecordType::A,
            Family::Ipv6 => RecordType::AAAA,
        };
        // The trailing dot keeps the search list of resolv.conf out of it.
        let name = match Name::from_ascii(format!("{host}.")) {
            Ok(name) => name,
            Err(error) => return Err(ReconcileError::DnsFailed { host, family, source: error.into() }),
        };
        let lookup = self.dns.lookup(name.clone(), record_type);
        let answer = match timeout(self.budget, lookup).await {
            Err(_) | Ok(Err(NetError::Timeout)) => {
                return Err(ReconcileError::DnsTimeout { host, family, budget_ms: self.budget.as_millis() });
            }
            Ok(Err(error)) if error.is_no_records_found() => {
                return Err(ReconcileError::DnsNoRecords { host, family });
            }
            Ok(Err(error)) => return Err(ReconcileError::DnsFailed { host, family, source: error.into() }),
            Ok(Ok(answer)) => answer,
        };
        let names = aliases(&name, answer.answers());
        let own = answer.answers().iter().filter(|record| names.contains(&record.name));
        let addresses = own.filter_map(|record| match (family, &record.data) {
            (Family::Ipv4, RData::A(a)) => Some(a.0.into()),
            (Family::Ipv6, RData::AAAA(aaaa)) => Some(aaaa.0.into()),
            _ => None,
        });
        Addresses::new(addresses, &self.allowed).map_err(|invalid| match invalid {
            InvalidAddresses::Empty => ReconcileError::DnsNoRecords { host, family },
            InvalidAddresses::NotAllowed(ip) => {
                ReconcileError::AddressNotAllowed { name: host.to_string(), ip }
            }
        })
    }
}

/// The name that was asked for and all that it is an alias of: a record of
/// another name may stand in an answer, but is no answer.
fn aliases(asked: &Name, answers: &[Record]) -> BTreeSet<Name> {
    // By name: going through all records for each alias of thousands would
    // hold up the run for seconds.
    let mut targets: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
    for record in answers {
        if let RData::CNAME(target) = &record.data {
            targets.entry(&record.name).or_default().push(&target.0);
        }
    }
    let mut names = BTreeSet::from([asked.clone()]);
    let mut unfollowed = vec![asked];
    while let Some(name) = unfollowed.pop() {
        for target in targets.get(name).into_iter().flatten() {
            if names.insert((*target).clone()) {
                unfollowed.push(target);
            }
        }
    }
    names
}

fn configure(options: &mut ResolverOpts, budget: Duration) {
    // No answer outlives its run: only a size of zero disables the cache, and
    // its clock stands still while Lambda freezes the process.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.edns0 = true;
    // Aliases are needed to tell which records are an answer.
    options.preserve_intermediates = true;
    options.attempts = RETRIES;
    options.timeout = budget / 3;
}
