//! Reads what EC2 answers; takes nothing of an answer that is broken anywhere.

use std::error::Error;
use std::net::IpAddr;

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::Interface;

/// One page of interfaces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) interfaces: Vec<Interface>,
    pub(super) next_token: Option<String>,
}

/// Reads a page, or a refusal.
pub(super) fn read(response: &HttpResponse) -> Result<Page, OrchestratorError<ErrorMetadata>> {
    let document = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        page(document).map_err(OrchestratorError::other)
    } else {
        Err(OrchestratorError::operation(refusal(document)))
    }
}

fn page(document: &[u8]) -> Result<Page, Box<dyn Error + Send + Sync>> {
    let described: Described = parse(document)?;
    let interfaces = described.network_interface_set.item.into_iter().map(Interface::from).collect();
    Ok(Page { interfaces, next_token: described.next_token.filter(|token| !token.is_empty()) })
}

/// Code and message; neither if it is no refusal as EC2 writes them.
fn refusal(document: &[u8]) -> ErrorMetadata {
    let refused = parse::<Refused>(document).ok();
    let first = refused.and_then(|refused| refused.errors.error.into_iter().next());
    let mut metadata = ErrorMetadata::builder();
    if let Some(error) = first {
        metadata = metadata.code(error.code).message(error.message);
    }
    metadata.build()
}

fn parse<T: DeserializeOwned>(document: &[u8]) -> Result<T, Box<dyn Error + Send + Sync>> {
    Ok(quick_xml::de::from_str(str::from_utf8(document)?)?)
}

/// A list of EC2's.
#[derive(Default, Deserialize)]
struct Items<T> {
    #[serde(default = "Vec::new")]
    item: Vec<T>,
}

/// Without the set it is no answer, which is not the same as an empty one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    network_interface_set: Items<NetworkInterface>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NetworkInterface {
    description: String,
    interface_type: String,
    status: String,
    vpc_id: String,
    owner_id: String,
    attachment: Attachment,
    group_set: Items<Group>,
    private_ip_address: String,
    ipv6_addresses_set: Items<Ipv6>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attachment {
    instance_owner_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Group {
    group_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ipv6 {
    ipv6_address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    errors: Errors,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Errors {
    error: Vec<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
    #[serde(default)]
    message: String,
}

impl From<NetworkInterface> for Interface {
    fn from(described: NetworkInterface) -> Self {
        let v6 = described.ipv6_addresses_set.item.into_iter().map(|ipv6| ipv6.ipv6_address);
        let addresses = std::iter::once(described.private_ip_address).chain(v6);
        Self {
            description: described.description,
            kind: described.interface_type,
            status: described.status,
            vpc: described.vpc_id,
            security_groups: described.group_set.item.into_iter().map(|group| group.group_id).collect(),
            owner: described.owner_id,
            instance_owner: described.attachment.instance_owner_id,
            addresses: addresses.filter_map(|ip| ip.parse::<IpAddr>().ok()).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
