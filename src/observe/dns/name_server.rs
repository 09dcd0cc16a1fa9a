//! Queries one name server.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioRuntimeProvider};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use crate::model::{Family, Host};

/// A name server.
pub struct NameServer<P: RuntimeProvider = TokioRuntimeProvider> {
    /// Where it is.
    pub address: SocketAddr,
    config: ResolverConfig,
    options: ResolverOpts,
    provider: P,
}

/// An address that a name server gives for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRecord {
    /// The address.
    pub ip: IpAddr,
    /// For how many seconds it may be cached.
    pub ttl_seconds: u32,
}

impl<P: RuntimeProvider> NameServer<P> {
    /// The server at `address`; a query waits for `patience`.
    pub(super) fn new(address: SocketAddr, patience: Duration, provider: P) -> Result<Self, NetError> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = address.port();
            connection
        });
        let server = NameServerConfig::new(address.ip(), true, connections.into());
        let config = ResolverConfig::from_parts(None, vec![], vec![server]);
        let server = Self { address, config, options: options(patience), provider };
        server.resolver()?;
        Ok(server)
    }

    /// A resolver for one query. hickory would use its connections again, and one
    /// over TCP that has died in silence would take every later query.
    fn resolver(&self) -> Result<hickory_resolver::Resolver<P>, NetError> {
        let Self { config, options, provider, .. } = self;
        let mut builder = hickory_resolver::Resolver::builder_with_config(config.clone(), provider.clone());
        *builder.options_mut() = options.clone();
        builder.build()
    }

    /// The addresses of `host` in one family, of the host itself or of what it
    /// is an alias for. They may be none.
    ///
    /// # Errors
    ///
    /// Any error that hickory reports, including that the name does not exist.
    pub async fn query(&self, host: &Host, family: Family) -> Result<Vec<AddressRecord>, NetError> {
        let record_type = match family {
            Family::Ipv4 => RecordType::A,
            Family::Ipv6 => RecordType::AAAA,
        };
        // The trailing dot keeps search lists out of it.
        let name = Name::from_ascii(format!("{host}."))?;
        let answer = self.resolver()?.lookup(name.clone(), record_type).await?;
        if answer.message().metadata.response_code == ResponseCode::NXDomain {
            return Ok(vec![]); // whatever records it holds
        }
        let names = aliases(&name, answer.answers());
        let own = answer.answers().iter().filter(|record| names.contains(&record.name));
        let addresses = own.filter_map(|record| {
            let ip = match (family, &record.data) {
                (Family::Ipv4, RData::A(a)) => a.0.into(),
                (Family::Ipv6, RData::AAAA(aaaa)) => aaaa.0.into(),
                _ => return None,
            };
            Some(AddressRecord { ip, ttl_seconds: record.ttl })
        });
        Ok(addresses.collect())
    }
}

/// The queried name and every name that it is an alias of. A response may hold records
/// of other names, which are not used.
fn aliases(queried: &Name, answers: &[Record]) -> BTreeSet<Name> {
    // By name: going through all records for each alias of thousands would
    // hold up the run for seconds.
    let mut targets: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
    for record in answers {
        if let RData::CNAME(target) = &record.data {
            targets.entry(&record.name).or_default().push(&target.0);
        }
    }
    let mut names = BTreeSet::from([queried.clone()]);
    let mut unfollowed = vec![queried];
    while let Some(name) = unfollowed.pop() {
        for target in targets.get(name).into_iter().flatten() {
            if names.insert((*target).clone()) {
                unfollowed.push(target);
            }
        }
    }
    names
}

fn options(patience: Duration) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    // No answer outlives its run: only a size of zero disables the cache, and
    // its clock stands still while Lambda freezes the process.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    // Some servers answer a query with EDNS by an error. Without it, an answer
    // of more than some 25 addresses comes over TCP.
    options.edns0 = false;
    // Aliases are needed to tell which records are an answer.
    options.preserve_intermediates = true;
    // A query over UDP is sent up to three times again, each from a socket of its
    // own, and an answer to any of them counts. A new attempt would drop them.
    options.attempts = 0;
    options.timeout = patience;
    options
}
