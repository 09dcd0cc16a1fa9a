use super::*;
use crate::error::FrontendError;
use crate::model::{CurrentTarget, TargetState, Targets};
use crate::plan::{Plan, Withheld};
use crate::publish::report::WithheldTarget;
use crate::reasons::SkipReason;

const MINUTE: Duration = Duration::from_mins(1);
const SCOPE: &str = "111122223333/eu-west-1";

fn frontend(group: &str, outcome: Outcome) -> FrontendReport {
    FrontendReport {
        target_group: Some(TargetGroupArn(group.to_owned())),
        plan: Some(Plan::default()),
        ..FrontendReport::new(outcome)
    }
}

fn failed(group: &str) -> FrontendReport {
    frontend(group, (&FrontendError::NoTargetGroup).into())
}

/// A frontend with one withheld target.
fn waiting(group: &str, reason: Withheld) -> FrontendReport {
    let target = Target::new([10, 0, 0, 1].into(), 443);
    let state = TargetState::Healthy;
    let listed = CurrentTarget { state, zone: None, is_overridden: false };
    FrontendReport { withheld: vec![WithheldTarget { target, reason }], ..frontend(group, Outcome::Waiting) }
        .with_health(&Targets::from([(target, listed)]))
}

/// What is noted of runs at these minutes that show these frontends.
fn notes(runs: impl IntoIterator<Item = (u32, Vec<FrontendReport>)>) -> Vec<Noted> {
    let mut memory = Memory::default();
    let report = |frontends| Report::new(false, String::new(), 1, frontends);
    runs.into_iter()
        .map(|(at, frontends)| memory.note(SCOPE, &report(frontends), SystemTime::UNIX_EPOCH + MINUTE * at))
        .collect()
}

fn failing(runs: impl IntoIterator<Item = (u32, Vec<FrontendReport>)>) -> Vec<bool> {
    notes(runs).into_iter().map(|noted| noted.failing == [true]).collect()
}

fn withheld_minutes(runs: impl IntoIterator<Item = (u32, Vec<FrontendReport>)>) -> Vec<u64> {
    let ages = notes(runs).into_iter().map(|noted| noted.withheld.into_iter().max());
    ages.map(|age| age.unwrap_or_default().as_secs() / MINUTE.as_secs()).collect()
}

#[test]
fn a_failure_counts_unless_the_run_before_is_known_to_have_succeeded() {
    let good = || vec![frontend("a", Outcome::Converged)];
    let bad = || vec![failed("a")];
    assert_eq!(failing([(0, bad()), (1, bad())]), [true, true], "nothing is known of the run before");
    assert_eq!(failing([(0, good()), (1, bad()), (2, good())]), [false; 3]);
    assert_eq!(failing([(0, good()), (1, bad()), (2, bad())]), [false, false, true]);
    assert_eq!(failing([(0, good()), (20, bad())]), [false, true], "that was too long ago");
    assert_eq!(failing([(0, vec![failed("b")]), (1, bad())]), [true, false], "another frontend failed");
}

#[test]
fn a_discovery_that_fails_counts_alike() {
    let (mut memory, at) = (Memory::default(), |minute| SystemTime::UNIX_EPOCH + MINUTE * minute);
    assert!(memory.note_failed_discovery(SCOPE, at(0)), "nothing is known of the run before");
    let report = Report::new(false, String::new(), 1, vec![failed("a")]);
    memory.note(SCOPE, &report, at(1));
    assert!(!memory.note_failed_discovery(SCOPE, at(2)));
    assert!(memory.note_failed_discovery(SCOPE, at(3)));
    assert_eq!(memory.note(SCOPE, &report, at(4)).failing, [true], "it failed before that, too");
    assert!(memory.note_failed_discovery("444455556666/eu-west-1", at(4)), "another account");
}

#[test]
fn a_target_is_withheld_until_a_run_sees_otherwise() {
    let bad = || vec![waiting("a", Withheld::NamedByOneSource)];
    let good = || vec![frontend("a", Outcome::Converged)];
    let unread = || vec![FrontendReport { plan: None, ..failed("a") }];
    let runs = [(0, bad()), (1, bad()), (3, bad()), (4, good()), (5, bad()), (8, unread()), (10, bad())];
    assert_eq!(withheld_minutes(runs), [0, 1, 3, 0, 0, 0, 5]);
    assert_eq!(withheld_minutes([(0, bad()), (61, bad())]), [0, 0], "nobody looked for an hour");
    let two = || {
        let mut two = waiting("a", Withheld::NamedByOneSource);
        two.withheld.push(WithheldTarget {
            target: Target::new([10, 0, 0, 2].into(), 443),
            reason: Withheld::NamedByOneSource,
        });
        vec![two]
    };
    assert_eq!(withheld_minutes([(0, bad()), (3, two()), (4, two())]), [0, 3, 4], "the oldest counts");
    let on_purpose = || vec![waiting("a", Withheld::AddOnlyPolicy)];
    assert_eq!(withheld_minutes([(0, on_purpose()), (9, on_purpose())]), [0, 0]);
}

#[test]
fn skipped_frontends_are_shown_when_they_change_and_once_an_hour() {
    let skipped = |group| vec![frontend(group, Outcome::Skipped { reason: SkipReason::ExcludedByTag })];
    let runs = [(0, skipped("a")), (1, skipped("a")), (2, skipped("b")), (3, skipped("b")), (4, vec![])];
    let shown: Vec<_> = notes(runs).into_iter().map(|noted| noted.shows_skipped).collect();
    assert_eq!(shown, [true, false, true, false, true]);

    let shown = notes((0..130).map(|minute| (minute, skipped("a")))).into_iter();
    let minutes: Vec<_> =
        shown.enumerate().filter(|(_, noted)| noted.shows_skipped).map(|(n, _)| n).collect();
    assert_eq!(minutes, [0, 60, 120]);
}
