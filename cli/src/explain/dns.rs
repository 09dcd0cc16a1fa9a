//! Asks each name server by itself where an API endpoint is.

use std::net::{IpAddr, SocketAddr};

use eks_nlb_sync::model::{Family, Host};
use eks_nlb_sync::settings::Settings;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use serde::Serialize;
use tokio::time::timeout;

/// What one name server says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NameServerAnswer {
    pub(crate) name_server: SocketAddr,
    /// Each address with the seconds that it may be remembered.
    pub(crate) addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// One address in an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    pub(crate) address: IpAddr,
    pub(crate) ttl_seconds: u32,
}

/// Asks every name server of the settings, or of the system.
pub(crate) async fn ask_each(settings: &Settings, host: &Host, family: Family) -> Vec<NameServerAnswer> {
    let mut answers = Vec::new();
    for server in servers(settings) {
        let (addresses, error) = match ask(settings, server, host, family).await {
            Ok(addresses) => (addresses, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        answers.push(NameServerAnswer { name_server: server, addresses, error });
    }
    answers
}

/// The port of DNS, where a name server has no other.
const DNS_PORT: u16 = 53;

fn servers(settings: &Settings) -> Vec<SocketAddr> {
    if let Some(servers) = &settings.dns_servers {
        return servers.clone();
    }
    let system = hickory_resolver::system_conf::read_system_conf();
    let servers = system.map(|(config, _)| config.name_servers().to_vec()).unwrap_or_default();
    servers
        .into_iter()
        .map(|server| SocketAddr::new(server.ip, server.connections.first().map_or(DNS_PORT, |way| way.port)))
        .collect()
}

async fn ask(
    settings: &Settings,
    server: SocketAddr,
    host: &Host,
    family: Family,
) -> Result<Vec<Address>, String> {
    let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
        way.port = server.port();
        way
    });
    let server = NameServerConfig::new(server.ip(), true, ways.into());
    let config = ResolverConfig::from_parts(None, vec![], vec![server]);
    let provider = TokioRuntimeProvider::default();
    let mut builder = hickory_resolver::Resolver::builder_with_config(config, provider);
    builder.options_mut().cache_size = 0;
    let resolver = builder.build().map_err(|error| error.to_string())?;
    let record_type = match family {
        Family::Ipv4 => RecordType::A,
        Family::Ipv6 => RecordType::AAAA,
    };
    let lookup = resolver.lookup(format!("{host}."), record_type);
    let answer = match timeout(settings.dns_timeout, lookup).await {
        Err(_) => return Err(format!("no answer within {} ms", settings.dns_timeout.as_millis())),
        Ok(Err(error)) if error.is_no_records_found() => return Err(format!("no {family} address")),
        Ok(Err(error)) => return Err(error.to_string()),
        Ok(Ok(answer)) => answer,
    };
    let mut addresses: Vec<_> = answer
        .answers()
        .iter()
        .filter_map(|record| {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only addresses matter")]
            let address = match &record.data {
                RData::A(a) => Some(a.0.into()),
                RData::AAAA(aaaa) => Some(aaaa.0.into()),
                _ => None,
            };
            let address = address?;
            Some(Address { address, ttl_seconds: record.ttl })
        })
        .collect();
    addresses.sort_by_key(|address| address.address);
    Ok(addresses)
}
