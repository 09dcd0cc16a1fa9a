//! A check with its findings and its remedy.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalogue::CheckId;
use crate::reads::{Looked, NotLooked};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    /// Everything that was checked is in order.
    Ok,
    /// Something is not.
    Failed,
    /// No fault was found, but not every resource could be checked.
    #[serde(rename = "skipped")]
    NotLooked,
}

/// A finding about one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    /// As in `nlb-payments`.
    pub(super) subject: String,
    pub(super) message: String,
}

/// The finding of one check about one resource: `None` if it passes.
pub(super) type Found = Looked<Option<String>>;

/// A check that was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    pub(super) id: CheckId,
    pub(super) title: &'static str,
    pub(super) status: Status,
    /// How many resources were checked.
    pub(super) checked: usize,
    /// A detail of a check that passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    pub(super) findings: BTreeSet<Finding>,
    pub(super) skipped: BTreeSet<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
}

impl Check {
    /// A check of the catalogue with what it found about each resource.
    pub(super) fn of<S: ToString>(id: CheckId, found: impl IntoIterator<Item = (S, Found)>) -> Self {
        let (mut findings, mut skipped, mut checked) = (BTreeSet::new(), BTreeSet::new(), 0);
        for (subject, found) in found {
            let finding = |message| Finding { subject: subject.to_string(), message };
            checked += usize::from(found.is_ok());
            match found {
                Ok(message) => findings.extend(message.map(finding)),
                Err(NotLooked { why }) => _ = skipped.insert(finding(why)),
            }
        }
        let status = match (findings.is_empty(), skipped.is_empty()) {
            (false, _) => Status::Failed,
            (true, false) => Status::NotLooked,
            (true, true) => Status::Ok,
        };
        Self {
            title: id.title(),
            status,
            checked,
            note: None,
            findings,
            skipped,
            remedy: (status == Status::Failed).then(|| id.remedy()),
            link: (status != Status::Ok).then(|| id.link()),
            id,
        }
    }

    /// A check of one resource.
    pub(super) fn of_one(id: CheckId, subject: &str, found: Found) -> Self {
        Self::of(id, [(subject, found)])
    }

    /// The same check with a detail that is shown if it passes.
    pub(super) fn noting(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// Checks that belong together.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) checks: Vec<Check>,
    /// The reason for an empty list of checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

impl Group {
    /// The checks that had a resource to check.
    pub(super) fn new(name: &'static str, checks: impl IntoIterator<Item = Check>) -> Self {
        let has_resource = |check: &Check| check.checked > 0 || check.status != Status::Ok;
        let checks: Vec<_> = checks.into_iter().filter(has_resource).collect();
        let note = checks.is_empty().then(|| "there is nothing to check".to_owned());
        Self { name, checks, note }
    }

    /// A group of which no resource could be checked.
    pub(super) fn not_looked(name: &'static str, NotLooked { why }: &NotLooked) -> Self {
        Self { name, checks: Vec::new(), note: Some(format!("not checked: {why}")) }
    }

    /// Leaves only the checks that are `wanted`; false if the group has none.
    pub(super) fn retain(&mut self, wanted: impl Fn(CheckId) -> bool) -> bool {
        self.checks.retain(|check| wanted(check.id));
        let is_wanted = CheckId::ALL.iter().any(|id| id.group() == self.name && wanted(*id));
        !self.checks.is_empty() || (is_wanted && self.note.is_some())
    }
}

/// The result of all checks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Diagnosis<'a> {
    pub(super) region: &'a str,
    /// Nothing failed.
    pub(super) ok: bool,
    pub(super) groups: Vec<Group>,
}
