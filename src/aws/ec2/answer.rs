//! Reads EC2's answers; an answer that is malformed anywhere is rejected as a
//! whole.

use std::net::IpAddr;

use crate::aws::xml::{Element, Unreadable};
use crate::model::Interface;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;

/// One page of interfaces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) interfaces: Vec<Interface>,
    pub(super) next_token: Option<String>,
}

/// Reads a page, or a refusal.
pub(super) fn read(response: &HttpResponse) -> Result<Listed, OrchestratorError<ErrorMetadata>> {
    let document = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        page(document).map_err(OrchestratorError::other)
    } else {
        Err(OrchestratorError::operation(refusal(document)))
    }
}

fn page(document: &[u8]) -> Result<Listed, Unreadable> {
    let answer = Element::read(document)?;
    // A response without the set is broken; one with an empty set is not.
    let set = answer.child("networkInterfaceSet")?.ok_or("no networkInterfaceSet")?;
    let interfaces = set.items().map(interface).collect::<Result<_, _>>()?;
    Ok(Listed {
        interfaces,
        next_token: Some(answer.text_of("nextToken")?).filter(|token| !token.is_empty()),
    })
}

/// One interface of an answer.
///
/// # Errors
///
/// A field occurs twice, or holds elements.
pub fn interface(described: &Element) -> Result<Interface, Unreadable> {
    let attachment = described.child("attachment")?;
    let v6 = described.texts_of("ipv6AddressesSet", "ipv6Address")?;
    let addresses = std::iter::once(described.text_of("privateIpAddress")?).chain(v6);
    Ok(Interface {
        description: described.text_of("description")?,
        kind: described.text_of("interfaceType")?,
        status: described.text_of("status")?,
        vpc: described.text_of("vpcId")?,
        security_groups: described.texts_of("groupSet", "groupId")?.into_iter().collect(),
        owner: described.text_of("ownerId")?,
        instance_owner: attachment
            .map_or_else(|| Ok(String::new()), |attachment| attachment.text_of("instanceOwnerId"))?,
        addresses: addresses.filter_map(|ip| ip.parse::<IpAddr>().ok()).collect(),
    })
}

/// Code and message, if the document is an error as EC2 writes them.
pub(in crate::aws) fn refusal(document: &[u8]) -> ErrorMetadata {
    let read = || -> Option<(String, String)> {
        let refused = Element::read(document).ok()?;
        let error = refused.child("Errors").ok()??.first()?;
        Some((error.text_of("Code").ok()?, error.text_of("Message").ok()?))
    };
    match read() {
        Some((code, message)) => ErrorMetadata::builder().code(code).message(message).build(),
        None => ErrorMetadata::builder().build(),
    }
}

#[cfg(test)]
mod tests;
