//! Queries each name server by itself for an API endpoint's addresses.

use std::net::{IpAddr, SocketAddr};

use eks_nlb_sync::model::{Family, Host};
use eks_nlb_sync::observe::dns::NameServer;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use serde::Serialize;
use tokio::time::timeout;

use crate::session::Session;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NameServerAnswer {
    pub(crate) name_server: SocketAddr,
    /// Each address with the seconds that it may be cached.
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

/// Queries every name server of the function's resolver.
pub(crate) async fn query_each(session: &Session, host: &Host, family: Family) -> Vec<NameServerAnswer> {
    let mut answers = Vec::new();
    for server in session.service.resolver.name_servers() {
        let (addresses, error) = match query(session, server, host, family).await {
            Ok(addresses) => (addresses, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        answers.push(NameServerAnswer { name_server: server.address, addresses, error });
    }
    answers
}

/// The host exists as long as its cluster does, so a resolver that knows no
/// address of it may have dropped a private one.
fn no_address(family: Family) -> String {
    format!(
        "no {family} address; a resolver with DNS rebinding protection drops private addresses: exempt eks.amazonaws.com \
         there, or name another with --dns-servers"
    )
}

/// An error response by the name that operators know.
fn name_of(error: &NetError) -> String {
    let is = |code| matches!(error, NetError::Dns(DnsError::ResponseCode(answered)) if *answered == code);
    if is(ResponseCode::ServFail) {
        "SERVFAIL".to_owned()
    } else if is(ResponseCode::Refused) {
        "REFUSED".to_owned()
    } else {
        error.to_string()
    }
}

async fn query(
    session: &Session,
    server: &NameServer,
    host: &Host,
    family: Family,
) -> Result<Vec<Address>, String> {
    let budget = session.settings().dns_timeout;
    let records = match timeout(budget, server.query(host, family)).await {
        Err(_) | Ok(Err(NetError::Timeout)) => {
            return Err(format!("no answer within {} ms", budget.as_millis()));
        }
        Ok(Err(error)) if error.is_no_records_found() => return Err(no_address(family)),
        Ok(Err(error)) => return Err(name_of(&error)),
        Ok(Ok(records)) => records,
    };
    let mut addresses: Vec<_> = records
        .into_iter()
        .map(|record| Address { address: record.ip, ttl_seconds: record.ttl_seconds })
        .collect();
    addresses.sort_by_key(|address| address.address);
    Ok(addresses)
}
