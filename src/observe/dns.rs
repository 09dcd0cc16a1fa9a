//! Resolves an API endpoint's host, within a budget; keeps no answer.
//!
//! Each family is queried on its own. A lookup of both would return the half
//! that worked when the other failed, and a failed half must never pass for an
//! empty one.

mod name_server;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

pub use name_server::{AddressRecord, NameServer};

use crate::error::FrontendError;
use crate::model::{Addresses, AllowedCidrs, Family, Host, InvalidAddresses};
use crate::settings::Settings;

/// How long a name server may be silent before the next one is queried, too. It
/// is less where the budget is short.
const PATIENCE: Duration = Duration::from_secs(1);

/// A lookup that takes longer is slow. Name servers that can be reached answer in
/// a few milliseconds.
const SLOW: Duration = Duration::from_millis(200);

/// Lookups at the same time that are not slow yet.
///
/// A query without an answer holds up to four sockets, and a Lambda function may
/// have 1,024 files open: this and [`MAX_SLOW_QUERIES`] take up to 640.
const MAX_LOOKUPS: usize = 64;

/// Queries at the same time of slow lookups: one for each name server.
const MAX_SLOW_QUERIES: u32 = 96;

/// The resolver of all hosts. `P` makes its sockets and timers.
pub struct Resolver<P: RuntimeProvider = TokioRuntimeProvider> {
    /// In the order in which they are queried. One hickory resolver for all of
    /// them would query two at once, and would end the lookup when a silent one
    /// times out.
    name_servers: Vec<NameServer<P>>,
    budget: Duration,
    patience: Duration,
    allowed: AllowedCidrs,
    lookups: Semaphore,
    slow_queries: Semaphore,
}

/// The system's name servers cannot be found out.
#[derive(Debug, thiserror::Error)]
pub enum NoNameServers {
    /// Its configuration cannot be read.
    #[error("the system's name servers (/etc/resolv.conf): {0}; DNS_SERVERS can name others")]
    Unreadable(#[from] std::io::Error),
    /// Its configuration names none.
    #[error("the system's name servers: /etc/resolv.conf names none; DNS_SERVERS can name others")]
    None,
    /// hickory rejects the options.
    #[error("the resolver: {0}")]
    Resolver(#[from] NetError),
}

impl Resolver {
    /// Prepares to query [`Settings::dns_servers`], or the system's.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read, or names no server.
    pub fn new(settings: &Settings) -> Result<Self, NoNameServers> {
        Self::with_provider(settings, &TokioRuntimeProvider::default())
    }
}

impl<P: RuntimeProvider> Resolver<P> {
    /// The same over the sockets and timers of `provider`.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read, or names no server.
    pub fn with_provider(settings: &Settings, provider: &P) -> Result<Self, NoNameServers> {
        let addresses = match &settings.dns_servers {
            Some(addresses) => addresses.clone(),
            None => system_servers()?,
        };
        let budget = settings.dns_timeout;
        let share = budget / u32::try_from(addresses.len() + 1).unwrap_or(u32::MAX);
        let name_servers =
            addresses.into_iter().map(|address| NameServer::new(address, budget, provider.clone()));
        Ok(Self {
            name_servers: name_servers.collect::<Result<_, _>>()?,
            budget,
            patience: share.min(PATIENCE),
            allowed: settings.allowed_cidrs.clone(),
            lookups: Semaphore::new(MAX_LOOKUPS),
            slow_queries: Semaphore::new(MAX_SLOW_QUERIES as usize),
        })
    }

    /// The name servers, in the order in which they are queried.
    #[must_use]
    pub fn name_servers(&self) -> &[NameServer<P>] {
        &self.name_servers
    }

    /// Resolves the addresses of `host` in one family.
    ///
    /// Takes at most [`Settings::dns_timeout`], and the time in which it waits for other lookups.
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
        let records = self.look_up(host, family).await.map_err(|error| {
            let host = host.clone();
            if matches!(error, NetError::Timeout) {
                FrontendError::DnsTimeout { host, family, budget_ms: self.budget.as_millis() }
            } else if error.is_no_records_found() {
                FrontendError::DnsNoRecords { host, family }
            } else {
                FrontendError::DnsFailed { host, family, source: error.into() }
            }
        })?;
        let addresses: Vec<IpAddr> = records.iter().map(|record| record.ip).collect();
        let not_allowed = |ip, others_are_allowed| FrontendError::AddressNotAllowed {
            name: host.to_string(),
            ip,
            others_are_allowed,
        };
        Addresses::new(addresses, &self.allowed).map_err(|invalid| match invalid {
            InvalidAddresses::Empty => FrontendError::DnsNoRecords { host: host.clone(), family },
            InvalidAddresses::NotAllowed(ip) => not_allowed(ip, false),
            InvalidAddresses::SomeNotAllowed(ip) => not_allowed(ip, true),
        })
    }

    /// Queries the name servers within the budget. A lookup that becomes slow releases
    /// its permit. If many are slow already, it waits until one of these ends and
    /// starts again.
    async fn look_up(&self, host: &Host, family: Family) -> Result<Vec<AddressRecord>, NetError> {
        // Neither semaphore is ever closed.
        let lookup = self.lookups.acquire().await;
        let start = Instant::now();
        let mut answer = Box::pin(self.first_answer(host, family, start + self.budget));
        if let Ok(answer) = timeout(SLOW, &mut answer).await {
            return answer;
        }
        let queries = u32::try_from(self.name_servers.len()).unwrap_or(u32::MAX).min(MAX_SLOW_QUERIES);
        if let Ok(_slow) = self.slow_queries.try_acquire_many(queries) {
            drop(lookup);
            return answer.await;
        }
        drop((answer, lookup));
        let rest = self.budget.saturating_sub(start.elapsed());
        let _slow = self.slow_queries.acquire_many(queries).await;
        self.first_answer(host, family, Instant::now() + rest).await
    }

    /// Queries one name server after the other: the next one when the previous one has
    /// not answered for a while, or has failed. The first answer counts, from any
    /// server. NXDOMAIN is an answer.
    async fn first_answer(
        &self,
        host: &Host,
        family: Family,
        deadline: Instant,
    ) -> Result<Vec<AddressRecord>, NetError> {
        let mut queries = FuturesUnordered::new();
        let mut failure = NetError::Timeout;
        for (n, name_server) in self.name_servers.iter().enumerate() {
            queries.push(name_server.query(host, family));
            let is_last = n + 1 == self.name_servers.len();
            let until = if is_last { deadline } else { deadline.min(Instant::now() + self.patience) };
            while let Ok(Some(answer)) = timeout_at(until, queries.next()).await {
                match answer {
                    Err(NetError::Timeout) => {}
                    Err(error) if !error.is_no_records_found() => failure = error,
                    answer => return answer,
                }
                if !is_last {
                    break;
                }
            }
        }
        Err(failure)
    }
}

/// The name servers of the system. Of its configuration nothing else is used:
/// the budget and the trailing dot replace its options and search list.
fn system_servers() -> Result<Vec<SocketAddr>, NoNameServers> {
    const DNS_PORT: u16 = 53;
    let text = std::fs::read("/etc/resolv.conf")?;
    let (config, _) = resolv_conf::Config::parse_with_errors(&text);
    let servers: Vec<_> =
        config.nameservers.iter().map(|server| SocketAddr::new(server.into(), DNS_PORT)).collect();
    if servers.is_empty() { Err(NoNameServers::None) } else { Ok(servers) }
}
