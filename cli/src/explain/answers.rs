//! The answers for each withheld, skipped and failed reason of the report: what
//! is happening, are clients cut off, what do I do?

use eks_nlb_sync::reasons::{Explanation, FailureCode, SkipReason, WithholdReason};
use serde::Serialize;

/// The answers for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answers {
    pub(crate) code: &'static str,
    /// What is happening?
    pub(crate) happening: &'static str,
    /// Are clients cut off?
    pub(crate) cut_off: &'static str,
    /// What do I do?
    pub(crate) remedy: &'static str,
}

impl Answers {
    fn of(code: &'static str, explanation: Explanation) -> Self {
        let Explanation { happening, cut_off, remedy } = explanation;
        Self { code, happening, cut_off, remedy }
    }
}

/// The answers for the reason that the report calls `code`, in any case.
pub(crate) fn find(code: &str) -> Option<Answers> {
    all().find(|answers| answers.code.eq_ignore_ascii_case(code))
}

/// Every reason, as docs/reference.md orders them.
pub(crate) fn all() -> impl Iterator<Item = Answers> {
    let withheld = WithholdReason::ALL.iter().map(|one| Answers::of(one.as_str(), one.explanation()));
    let skipped = SkipReason::ALL.iter().map(|one| Answers::of(one.as_str(), one.explanation()));
    let failed = FailureCode::ALL.iter().map(|one| Answers::of(one.as_str(), one.explanation()));
    withheld.chain(skipped).chain(failed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    /// The reasons in the reference's three tables.
    fn documented() -> BTreeSet<String> {
        let reference =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference.md")).unwrap();
        let headings = ["| `withheld` reason |", "| `skipped` reason |", "| `failed` code |"];
        let is_heading = |line: &str| headings.iter().any(|heading| line.starts_with(heading));
        let mut reasons = BTreeSet::new();
        let mut lines = reference.lines();
        while let Some(line) = lines.next() {
            if is_heading(line) {
                let rows = lines.by_ref().skip(1).take_while(|row| row.starts_with("| `"));
                reasons.extend(rows.filter_map(|row| Some(row.split('`').nth(1)?.to_owned())));
            }
        }
        reasons
    }

    #[test]
    fn every_reason_is_answered_once() {
        let answered: BTreeSet<_> = all().map(|answers| answers.code.to_owned()).collect();

        assert_eq!(answered.len(), all().count());
        assert_eq!(answered, documented());
        assert_eq!(find("DNSTIMEOUT").map(|answers| answers.code), Some("DnsTimeout"));
    }

    #[test]
    fn every_reason_has_an_example_in_the_documentation() {
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap();
        for answers in all() {
            let example = format!("### {0}\n\n<!-- example: explain {0} -->", answers.code);
            assert!(page.contains(&example), "{}", answers.code);
        }
    }

    #[test]
    fn answers_are_sentences() {
        for answers in all() {
            for text in [answers.happening, answers.cut_off, answers.remedy] {
                assert!(text.ends_with('.'), "{}: {text}", answers.code);
            }
        }
    }
}
