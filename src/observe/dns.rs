//! Resolves an API endpoint's host, within a budget; keeps no answer.
//!
//! Each family is asked for on its own. A lookup of both would return the
//! half that worked when the other failed, and a failed half must never pass
//! for an empty one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::FrontendError;
use crate::model::{Addresses, AllowedCidrs, Family, Host, InvalidAddresses};
use crate::settings::Settings;

/// Attempts at each name server after the first, so that lost packets cost a
/// third of its time and not the lookup.
const RETRIES: usize = 2;

/// Lookups at the same time. A lookup that nobody answers holds up to four
/// sockets, and a Lambda function may have 1,024 files open: this takes half
/// of them. Few Regions have more clusters behind load balancers.
const MAX_LOOKUPS: usize = 128;

/// The resolver of all hosts. `P` makes its sockets and timers.
pub struct Resolver<P: RuntimeProvider = TokioRuntimeProvider> {
    /// One for each name server, in the order in which they are asked. Given
    /// all of them, hickory asks two at once, and takes the time-out of a
    /// silent one for that of the lookup.
    servers: Vec<hickory_resolver::Resolver<P>>,
    turns: Semaphore,
    budget: Duration,
    /// The part of the budget that each server has.
    share: Duration,
    allowed: AllowedCidrs,
}

/// The system's name servers cannot be found out.
#[derive(Debug, thiserror::Error)]
#[error("the system's name servers (/etc/resolv.conf): {0}; DNS_SERVERS can name others")]
pub struct NoNameServers(#[from] NetError);

impl Resolver {
    /// Prepares to ask [`Settings::dns_servers`], or the system's.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read, or names no server.
    pub fn new(settings: &Settings) -> Result<Self, NoNameServers> {
        Self::with_provider(settings, TokioRuntimeProvider::default())
    }
}

impl<P: RuntimeProvider> Resolver<P> {
    /// The same over the sockets and timers of `provider`.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read, or names no server.
    pub fn with_provider(settings: &Settings, provider: P) -> Result<Self, NoNameServers> {
        let servers = match &settings.dns_servers {
            Some(servers) => servers.clone(),
            None => system_servers()?,
        };
        let share = settings.dns_timeout / u32::try_from(servers.len()).unwrap_or(u32::MAX);
        let servers = servers.into_iter().map(move |server| resolver(server, share, provider.clone()));
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            turns: Semaphore::new(MAX_LOOKUPS),
            budget: settings.dns_timeout,
            share,
            allowed: settings.allowed_cidrs.clone(),
        })
    }

    /// Resolves the addresses of `host` in one family.
    ///
    /// Takes at most [`Settings::dns_timeout`], all attempts included.
    ///
    /// # Errors
    ///
    /// - [`FrontendError::DnsNoRecords`] for NXDOMAIN and for an answer
    ///   without an address of this family.
    /// - [`FrontendError::DnsTimeout`] if no answer comes in time.
    /// - [`FrontendError::DnsFailed`] for any other answer.
    /// - [`FrontendError::AddressNotAllowed`] if one address is outside
    ///   [`Settings::allowed_cidrs`].
    ///
    /// # Sources
    ///
    /// - EKS User Guide, *Cluster API server endpoint*: inside the VPC the
    ///   endpoint's name resolves to private addresses.
    pub async fn resolve(&self, host: &Host, family: Family) -> Result<Addresses, FrontendError> {
        let host = host.clone();
        let record_type = match family {
            Family::Ipv4 => RecordType::A,
            Family::Ipv6 => RecordType::AAAA,
        };
        // The trailing dot keeps the search list of resolv.conf out of it.
        let name = match Name::from_ascii(format!("{host}.")) {
            Ok(name) => name,
            Err(error) => return Err(FrontendError::DnsFailed { host, family, source: error.into() }),
        };
        let answer = match self.lookup(&name, record_type).await {
            Err(NetError::Timeout) => {
                return Err(FrontendError::DnsTimeout { host, family, budget_ms: self.budget.as_millis() });
            }
            Err(error) if error.is_no_records_found() => {
                return Err(FrontendError::DnsNoRecords { host, family });
            }
            Err(error) => return Err(FrontendError::DnsFailed { host, family, source: error.into() }),
            Ok(answer) => answer,
        };
        let names = aliases(&name, answer.answers());
        let own = answer.answers().iter().filter(|record| names.contains(&record.name));
        let addresses = own.filter_map(|record| match (family, &record.data) {
            (Family::Ipv4, RData::A(a)) => Some(a.0.into()),
            (Family::Ipv6, RData::AAAA(aaaa)) => Some(aaaa.0.into()),
            _ => None,
        });
        Addresses::new(addresses, &self.allowed).map_err(|invalid| match invalid {
            InvalidAddresses::Empty => FrontendError::DnsNoRecords { host, family },
            InvalidAddresses::NotAllowed(ip) => {
                FrontendError::AddressNotAllowed { name: host.to_string(), ip }
            }
        })
    }

    /// Asks one name server after the other for what the first of them knows.
    /// That a name does not exist is known, too; a server that is silent or
    /// refuses knows nothing.
    async fn lookup(&self, name: &Name, record_type: RecordType) -> Result<Lookup, NetError> {
        // The semaphore is never closed. Waiting is not part of the budget.
        let _turn = self.turns.acquire().await;
        let mut answer = Err(NetError::Timeout);
        for server in &self.servers {
            let lookup = server.lookup(name.clone(), record_type);
            answer = timeout(self.share, lookup).await.unwrap_or(Err(NetError::Timeout));
            match &answer {
                Err(error) if !error.is_no_records_found() => {}
                _ => break,
            }
        }
        answer
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

/// The name servers of the system, without its options and search list: the
/// budget and the trailing dot replace them.
fn system_servers() -> Result<Vec<SocketAddr>, NetError> {
    const DNS_PORT: u16 = 53;
    let (config, _) = read_system_conf()?;
    Ok(config.name_servers().iter().map(|server| SocketAddr::new(server.ip, DNS_PORT)).collect())
}

fn resolver<P: RuntimeProvider>(
    server: SocketAddr,
    share: Duration,
    provider: P,
) -> Result<hickory_resolver::Resolver<P>, NetError> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    let config = ResolverConfig::from_parts(None, vec![], vec![server]);
    let mut builder = hickory_resolver::Resolver::builder_with_config(config, provider);
    configure(builder.options_mut(), share);
    builder.build()
}

fn configure(options: &mut ResolverOpts, share: Duration) {
    // No answer outlives its run: only a size of zero disables the cache, and
    // its clock stands still while Lambda freezes the process.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    // Some servers answer a question with EDNS by an error. Without it, an
    // answer of more than some 25 addresses comes over TCP.
    options.edns0 = false;
    // Aliases are needed to tell which records are an answer.
    options.preserve_intermediates = true;
    options.attempts = RETRIES;
    options.timeout = share / 3;
}
