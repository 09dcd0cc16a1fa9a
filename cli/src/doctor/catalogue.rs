//! All checks: what each says where all is well, and what to do where it is
//! not.

mod groups;

pub(crate) use groups::Entry;
pub(super) use groups::GROUPS;

use crate::output::docs;

/// The check `id`.
pub(super) fn entry(id: &str) -> &'static Entry {
    const UNKNOWN: Entry = Entry { id: "", title: "", remedy: "" };
    all().find(|entry| entry.id == id).unwrap_or(&UNKNOWN)
}

/// Where the check `id` is described.
pub(super) fn link(id: &str) -> String {
    format!("{}#{id}", docs!("cli.md"))
}

/// Every check.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    GROUPS.iter().flat_map(|(_, checks)| checks.iter())
}

/// The checks of the group `name`.
pub(super) fn of_group(name: &str) -> &'static [Entry] {
    GROUPS.iter().find(|(group, _)| *group == name).map_or(&[], |(_, checks)| checks)
}

/// What must be in order before a control plane is upgraded.
pub(super) const BEFORE_UPGRADE: &[&str] = &[
    "credentials",
    "cluster",
    "cluster-health",
    "addresses",
    "cluster-ca",
    "free-addresses",
    "zones",
    "security-groups",
    "cross-zone",
    "thresholds",
    "write-tag",
    "write-policy",
    "function",
    "schedule",
    "last-success",
    "alarms",
    "served",
    "overrides",
    "plan",
];

/// What tells that an upgrade of a control plane is over.
pub(super) const AFTER_UPGRADE: &[&str] = &[
    "credentials",
    "cluster",
    "cluster-health",
    "addresses",
    "cluster-ca",
    "zones",
    "last-success",
    "served",
    "overrides",
    "settled",
    "plan",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn each_check_is_documented_and_has_its_own_remedy() {
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap();
        let remedies: BTreeSet<_> = all().map(|check| check.remedy).collect();
        assert_eq!(remedies.len(), all().count());
        for check in all() {
            let heading = format!("\n### {}\n", check.id);
            assert!(page.contains(&heading), "docs/cli.md has no heading {}", check.id);
            assert_eq!(entry(check.id).title, check.title, "{} is there twice", check.id);
        }
        for id in BEFORE_UPGRADE.iter().chain(AFTER_UPGRADE) {
            assert_eq!(entry(id).id, *id);
        }
    }
}
