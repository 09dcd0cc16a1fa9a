//! The tags of resources, and selection by tags.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The tags of one resource, by key.
pub type Tags = BTreeMap<String, String>;

/// Tags that must all match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagSelector(Vec<(String, Option<String>)>);

impl TagSelector {
    /// Takes keys, each with a required value or with `None` for any value. `None`
    /// without a key, or if a key occurs twice.
    #[must_use]
    pub fn new(wanted: Vec<(String, Option<String>)>) -> Option<Self> {
        let distinct = wanted.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len();
        (distinct == wanted.len() && distinct > 0).then_some(Self(wanted))
    }

    /// Whether `tags` hold every key, with its value where one is required.
    #[must_use]
    pub fn matches(&self, tags: &Tags) -> bool {
        self.0.iter().all(|wanted| has(tags, wanted))
    }

    /// The first tag alone, which target groups carry as well.
    #[must_use]
    pub fn first(&self) -> Self {
        Self(self.0.iter().take(1).cloned().collect())
    }

    /// Whether `tags` hold the first key, whatever its value.
    #[must_use]
    pub fn has_first_key(&self, tags: &Tags) -> bool {
        self.0.first().is_some_and(|(key, _)| tags.contains_key(key))
    }

    /// Whether `tags` hold the first tag.
    #[must_use]
    pub fn first_matches(&self, tags: &Tags) -> bool {
        self.0.first().is_some_and(|wanted| has(tags, wanted))
    }
}

impl fmt::Display for TagSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match value {
                Some(value) => write!(f, "{comma}{key}={value}")?,
                None => write!(f, "{comma}{key}")?,
            }
        }
        Ok(())
    }
}

fn has(tags: &Tags, (key, wanted): &(String, Option<String>)) -> bool {
    tags.get(key).is_some_and(|value| wanted.as_ref().is_none_or(|wanted| value == wanted))
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use super::*;

    #[test]
    fn a_selector_wants_every_tag() {
        let wanted = [("eks-nlb-sync", Some("enabled")), ("team", None)];
        let selector =
            TagSelector::new(wanted.map(|(k, v)| (k.to_owned(), v.map(str::to_owned))).to_vec()).unwrap();
        let tags =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();

        assert!(selector.matches(&tags(&[("eks-nlb-sync", "enabled"), ("team", ""), ("other", "x")])));
        assert!(!selector.matches(&tags(&[("eks-nlb-sync", "enabled")])));
        assert!(!selector.matches(&tags(&[("eks-nlb-sync", "Enabled"), ("team", "a")])));
        assert!(!selector.matches(&tags(&[("team", "a")])));
        assert!(selector.first_matches(&tags(&[("eks-nlb-sync", "enabled")])));
        assert!(!selector.first_matches(&tags(&[("team", "a")])));
        assert!(selector.has_first_key(&tags(&[("eks-nlb-sync", "other")])));
        assert!(!selector.has_first_key(&tags(&[("team", "a")])));
    }
}
