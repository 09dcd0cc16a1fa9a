//! Remembers the last state of each source, and returns what has changed since.

use std::collections::{BTreeMap, BTreeSet};

use crate::trace::{Change, Line, Source, Subject};

/// The last change of each subject.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    states: BTreeMap<Subject, Change>,
    /// The sources that were read before: a change in one of them is an event, its
    /// first state is not.
    known: BTreeSet<Option<Source>>,
    unread: BTreeSet<Source>,
}

/// The result of one reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) changes: Vec<Change>,
    /// Whether an event happened since an earlier reading.
    pub(crate) is_event: bool,
}

impl Seen {
    /// What `lines` have left.
    pub(crate) fn after(lines: &[Line]) -> Self {
        let mut seen = Self::default();
        for Line { change, .. } in lines {
            seen.keep(change.clone());
        }
        seen
    }

    /// Records the present state of some subjects; the others keep theirs.
    pub(crate) fn some(&mut self, now: Vec<Change>) -> News {
        let mut news = News::default();
        for change in now {
            let known = change.subject().and_then(|subject| self.states.get(&subject));
            if known.is_some_and(|known| known.is_still(&change)) {
                continue;
            }
            news.is_event |= known.is_some();
            self.keep(change.clone());
            news.changes.push(change);
        }
        news
    }

    /// Records the present state of all subjects of a source, or of probes.
    /// Missing subjects have ended.
    pub(crate) fn all(&mut self, source: Option<Source>, now: Vec<Change>) -> News {
        let present: BTreeSet<_> = now.iter().filter_map(Change::subject).collect();
        let is_missing = |subject: &Subject| is_of(source, subject) && !present.contains(subject);
        let missing = self.states.iter().filter(|(subject, _)| is_missing(subject));
        let ended: Vec<_> = missing.filter_map(|(_, change)| change.ended()).collect();
        let before = self.states.len();
        let mut news = self.some(now);
        let is_known = !self.known.insert(source);
        news.is_event |= is_known && self.states.len() > before;
        news.is_event |= !ended.is_empty();
        for change in ended {
            self.keep(change.clone());
            news.changes.push(change);
        }
        if let Some(source) = source.filter(|source| self.unread.remove(source)) {
            self.keep(Change::Readable { source });
            news.changes.insert(0, Change::Readable { source });
        }
        news
    }

    /// A source could not be read.
    pub(crate) fn failed(&mut self, source: Source, error: &str) -> News {
        self.unread.insert(source);
        self.some(vec![Change::Unread { source, error: error.to_owned() }])
    }

    fn keep(&mut self, change: Change) {
        if let Change::Unread { source, .. } = &change {
            self.unread.insert(*source);
        } else if let Change::Readable { source } = &change {
            self.unread.remove(source);
        }
        if let Some(subject) = change.subject() {
            self.states.insert(subject, change);
        }
    }
}

/// Whether `subject` belongs to a source, or to probes.
fn is_of(source: Option<Source>, subject: &Subject) -> bool {
    match subject {
        Subject::Interface(_) => source == Some(Source::Interfaces),
        Subject::Target(..) => source == Some(Source::Targets),
        Subject::Cluster => source == Some(Source::Cluster),
        Subject::Probe(_) => source.is_none(),
        Subject::Name(_) | Subject::Zone(_) | Subject::Source(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(last: u8, state: &str) -> Change {
        Change::Target {
            address: [10, 0, 0, last].into(),
            port: 443,
            state: state.to_owned(),
            reason: None,
            zone: None,
            overridden: None,
        }
    }

    fn look(seen: &mut Seen, now: &[(u8, &str)]) -> News {
        let now = now.iter().map(|(last, state)| target(*last, state)).collect();
        seen.all(Some(Source::Targets), now)
    }

    #[test]
    fn only_changes_are_news_and_what_is_missing_has_ended_once() {
        let mut seen = Seen::default();
        let first = look(&mut seen, &[(1, "healthy"), (2, "healthy")]);
        assert_eq!(
            first,
            News { changes: vec![target(1, "healthy"), target(2, "healthy")], is_event: false }
        );
        assert_eq!(look(&mut seen, &[(1, "healthy"), (2, "healthy")]), News::default());

        let moved = look(&mut seen, &[(1, "unhealthy"), (3, "initial")]);
        let changes = vec![target(1, "unhealthy"), target(3, "initial"), target(2, "absent")];
        assert_eq!(moved, News { changes, is_event: true });
        assert_eq!(look(&mut seen, &[(1, "unhealthy"), (3, "initial")]), News::default());

        let back = look(&mut seen, &[(1, "unhealthy"), (2, "initial"), (3, "initial")]);
        assert_eq!(back, News { changes: vec![target(2, "initial")], is_event: true });
    }

    #[test]
    fn a_source_that_fails_ends_nothing_and_is_readable_again() {
        let mut seen = Seen::default();
        look(&mut seen, &[(1, "healthy")]);
        let failure = Change::Unread { source: Source::Targets, error: "Throttled".to_owned() };
        assert_eq!(seen.failed(Source::Targets, "Throttled").changes, [failure]);
        assert_eq!(seen.failed(Source::Targets, "Throttled").changes, []);

        let again = look(&mut seen, &[(1, "healthy")]);
        assert_eq!(again.changes, [Change::Readable { source: Source::Targets }]);
        assert_eq!(look(&mut seen, &[(1, "healthy")]).changes, []);
    }

    #[test]
    fn a_ttl_that_counts_down_is_no_change() {
        let name = |ttl| Change::Name {
            server: ([10, 0, 0, 2], 53).into(),
            addresses: [[10, 0, 0, 1].into()].into(),
            ttl: Some(ttl),
            error: None,
        };
        let mut seen = Seen::default();
        assert_eq!(seen.some(vec![name(60)]).changes.len(), 1);
        assert_eq!(seen.some(vec![name(59)]), News::default());
    }

    #[test]
    fn what_lines_have_left_is_known() {
        let lines = [target(1, "initial"), target(1, "healthy")]
            .map(|change| Line { at: crate::trace::Time(0), change });
        let mut seen = Seen::after(&lines);
        assert_eq!(look(&mut seen, &[(1, "healthy")]), News::default());
    }
}
