//! Reads what EC2 answers; takes nothing of an answer that is broken anywhere.

use std::error::Error;
use std::net::IpAddr;

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

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

type Unreadable = Box<dyn Error + Send + Sync>;

fn page(document: &[u8]) -> Result<Page, Unreadable> {
    let answer = Element::read(document)?;
    // Without the set it is no answer, which is not the same as an empty one.
    let set = answer.child("networkInterfaceSet")?.ok_or("no networkInterfaceSet")?;
    let interfaces = set.items().map(interface).collect::<Result<_, _>>()?;
    Ok(Page { interfaces, next_token: Some(answer.text_of("nextToken")?).filter(|token| !token.is_empty()) })
}

fn interface(described: &Element) -> Result<Interface, Unreadable> {
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

/// Code and message; neither if it is no refusal as EC2 writes them.
fn refusal(document: &[u8]) -> ErrorMetadata {
    let read = || -> Option<(String, String)> {
        let refused = Element::read(document).ok()?;
        let error = refused.child("Errors").ok()??.children.first()?;
        Some((error.text_of("Code").ok()?, error.text_of("Message").ok()?))
    };
    match read() {
        Some((code, message)) => ErrorMetadata::builder().code(code).message(message).build(),
        None => ErrorMetadata::builder().build(),
    }
}

/// How deep elements may stand in each other; EC2's stand six deep.
const DEEPEST: usize = 32;

/// An XML element: what its start tag names, and what stands in it.
///
/// quick-xml's serde support takes 37 kB more of the zipped artifact.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a whole document.
    fn read(document: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::from_str(str::from_utf8(document)?);
        // The first stands for the document itself.
        let mut open = vec![Self::default()];
        loop {
            let parent = open.last_mut().ok_or("an end without a start")?;
            match reader.read_event()? {
                Event::Start(tag) => open.push(Self::of(&tag)),
                Event::Empty(tag) => parent.children.push(Self::of(&tag)),
                Event::End(_) => {
                    let ended = open.pop().ok_or("an end without a start")?;
                    open.last_mut().ok_or("an end without a start")?.children.push(ended);
                }
                Event::Text(text) => parent.text.push_str(&text.xml10_content()),
                Event::CData(text) => parent.text.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) => match entity.resolve_char_ref()? {
                    Some(character) => parent.text.push(character),
                    None => parent.text.push_str(resolve_xml_entity(&entity).ok_or("an unknown entity")?),
                },
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
            if open.len() > DEEPEST {
                return Err("elements that are too deep".into());
            }
        }
        match &mut open[..] {
            [document] if document.children.len() == 1 => Ok(document.children.remove(0)),
            _ => Err("not one whole element".into()),
        }
    }

    fn of(tag: &BytesStart<'_>) -> Self {
        Self { name: tag.name().as_ref().to_owned(), ..Self::default() }
    }

    /// The one child of this name, if there is one.
    fn child(&self, name: &str) -> Result<Option<&Self>, Unreadable> {
        let mut named = self.children.iter().filter(|child| child.name == name);
        let first = named.next();
        if named.next().is_some() { Err(format!("{name} twice").into()) } else { Ok(first) }
    }

    /// The text of the child of this name, empty if there is none.
    fn text_of(&self, name: &str) -> Result<String, Unreadable> {
        match self.child(name)? {
            Some(child) if !child.children.is_empty() => Err(format!("{name} is no text").into()),
            Some(child) => Ok(child.text.trim().to_owned()),
            None => Ok(String::new()),
        }
    }

    /// The members of a list of EC2's.
    fn items(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|child| child.name == "item")
    }

    /// The texts of this name in the members of a list.
    fn texts_of(&self, list: &str, name: &str) -> Result<Vec<String>, Unreadable> {
        let list = self.child(list)?;
        list.into_iter().flat_map(Self::items).map(|item| item.text_of(name)).collect()
    }
}

#[cfg(test)]
mod tests;
