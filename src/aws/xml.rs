//! Reads XML; a document that is malformed anywhere is rejected as a whole.

use std::error::Error;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Why a document cannot be read.
pub type Unreadable = Box<dyn Error + Send + Sync>;

/// How deep elements may be nested; EC2's stand six deep.
const DEEPEST: usize = 32;

/// An XML element: its name, its text and its children.
///
/// quick-xml's serde support takes 37 kB more of the zipped artifact.
#[derive(Debug, Default)]
pub struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// It does not consist of one complete element.
    pub fn read(document: &[u8]) -> Result<Self, Unreadable> {
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

    /// Its first child.
    pub(super) fn first(&self) -> Option<&Self> {
        self.children.first()
    }

    fn of(tag: &BytesStart<'_>) -> Self {
        Self { name: tag.name().as_ref().to_owned(), ..Self::default() }
    }

    /// The one child of this name, if there is one.
    ///
    /// # Errors
    ///
    /// There are several.
    pub fn child(&self, name: &str) -> Result<Option<&Self>, Unreadable> {
        let mut named = self.children.iter().filter(|child| child.name == name);
        let first = named.next();
        if named.next().is_some() { Err(format!("{name} twice").into()) } else { Ok(first) }
    }

    /// The text of the child of this name; empty if it is absent.
    ///
    /// # Errors
    ///
    /// There are several, or it holds elements.
    pub fn text_of(&self, name: &str) -> Result<String, Unreadable> {
        match self.child(name)? {
            Some(child) if !child.children.is_empty() => Err(format!("{name} is no text").into()),
            Some(child) => Ok(child.text.clone()),
            None => Ok(String::new()),
        }
    }

    /// Its child of this name, or itself if it has no such child.
    pub(super) fn into_child(mut self, name: &str) -> Self {
        match self.children.iter().position(|child| child.name == name) {
            Some(position) => self.children.swap_remove(position),
            None => self,
        }
    }

    /// Its own text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// The members of a list of EC2's.
    pub fn items(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|child| child.name == "item")
    }

    /// The members of the list `name`; none if it is absent.
    ///
    /// # Errors
    ///
    /// The list occurs twice.
    pub fn list(&self, name: &str) -> Result<Vec<&Self>, Unreadable> {
        let list = self.child(name)?.into_iter().flat_map(|list| &list.children);
        // EC2's word, and that of all other services.
        Ok(list.filter(|child| matches!(child.name.as_str(), "item" | "member")).collect())
    }

    /// The entries of a map.
    pub fn entries(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|child| child.name == "entry")
    }

    /// The texts of this name in the members of a list.
    ///
    /// # Errors
    ///
    /// The list or a text occurs twice, or the text holds elements.
    pub fn texts_of(&self, list: &str, name: &str) -> Result<Vec<String>, Unreadable> {
        let list = self.child(list)?;
        list.into_iter().flat_map(Self::items).map(|item| item.text_of(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_its_depth() {
        let nested = |depth| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
        assert!(Element::read(nested(DEEPEST - 1).as_bytes()).is_ok());
        assert!(Element::read(nested(DEEPEST).as_bytes()).is_err());
    }

    #[test]
    fn text_is_of_one_element_without_others() {
        let text = |document: &str| Element::read(document.as_bytes()).unwrap().text_of("b").ok();
        assert_eq!(text("<a><b>1</b></a>").as_deref(), Some("1"));
        assert_eq!(text("<a/>").as_deref(), Some(""));
        assert_eq!(text("<a><b>R&amp;D &#35;1<![CDATA[ <x>]]></b></a>").as_deref(), Some("R&D #1 <x>"));
        assert!(Element::read(b"<a>&unknown;</a>").is_err());
        assert_eq!(text("<a><b>1</b><b>2</b></a>"), None);
        assert_eq!(text("<a><b>1<c/></b></a>"), None);
    }
}
