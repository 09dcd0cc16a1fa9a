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
    #[serde(rename = "message")]
    pub(super) says: String,
}

/// A check that was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    pub(super) id: CheckId,
    pub(super) title: &'static str,
    pub(super) status: Status,
    /// How many resources were checked.
    #[serde(rename = "checked")]
    pub(super) looked: usize,
    /// A detail of a check that passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    pub(super) findings: BTreeSet<Finding>,
    #[serde(rename = "skipped")]
    pub(super) not_looked: BTreeSet<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
}

impl Check {
    /// A check of the catalogue before any resource was checked.
    pub(super) fn new(id: CheckId) -> Self {
        Self {
            id,
            title: id.title(),
            status: Status::Ok,
            looked: 0,
            note: None,
            findings: BTreeSet::new(),
            not_looked: BTreeSet::new(),
            remedy: None,
            link: None,
        }
    }

    /// Records the result of `subject`: `None` if it passes.
    pub(super) fn sees(&mut self, subject: &str, looked: Looked<Option<String>>) {
        let finding = |says| Finding { subject: subject.to_owned(), says };
        match looked {
            Ok(None) => self.looked += 1,
            Ok(Some(says)) => {
                self.looked += 1;
                self.findings.insert(finding(says));
            }
            Err(NotLooked { why }) => _ = self.not_looked.insert(finding(why)),
        }
        self.judge();
    }

    /// The same check after each of `subjects` was checked.
    pub(super) fn of<'a, T: 'a>(
        id: CheckId,
        subjects: impl IntoIterator<Item = &'a T>,
        name: impl Fn(&'a T) -> &'a str,
        look: impl Fn(&T) -> Looked<Option<String>>,
    ) -> Self {
        let mut check = Self::new(id);
        for subject in subjects {
            check.sees(name(subject), look(subject));
        }
        check
    }

    /// The same check with a detail that is shown if it passes.
    pub(super) fn noting(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }

    fn judge(&mut self) {
        self.status = if !self.findings.is_empty() {
            Status::Failed
        } else if !self.not_looked.is_empty() {
            Status::NotLooked
        } else {
            Status::Ok
        };
        let is_failed = self.status == Status::Failed;
        self.remedy = is_failed.then(|| self.id.remedy());
        self.link = (self.status != Status::Ok).then(|| self.id.link());
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
        let looked = |check: &Check| check.looked > 0 || check.status != Status::Ok;
        let checks: Vec<_> = checks.into_iter().filter(looked).collect();
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
    pub(super) schema_version: u16,
    pub(super) region: &'a str,
    /// Nothing failed.
    pub(super) ok: bool,
    pub(super) groups: Vec<Group>,
}
