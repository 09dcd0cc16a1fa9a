//! Control planes are replaced while clients in every zone connect: see
//! [`eks_nlb_traffic`].
//!
//! # What is proven
//!
//! Whatever the [kind](Kind) of replacement, at no moment and in no zone
//! does the function fail a connection that [perfect judgement with the same
//! knowledge](Controller::SameKnowledge) would have served. That
//! controller contains none of the function's rules: it tries in the data plane
//! who would be missed. What an [all-knowing](Controller::AllKnowing)
//! one would have served besides is in the table.

use std::thread;

use eks_nlb_traffic::controllers::{Controller, Source};
use eks_nlb_traffic::kinds::Kind;
use eks_nlb_traffic::score::Table;
use eks_nlb_traffic::stage;

/// Replacements of each kind in full: at each moment of the schedule, and enough
/// events for four of ten to be lost.
const REPLACEMENTS: usize = 5;

/// The function with its default settings.
const DNS: Controller = Controller::Function(Source::Dns);

/// The kinds that the gate plays with cross-zone load balancing, too.
const WITH_CROSS_ZONE: [Kind; 4] = [Kind::AtOnce, Kind::ShortAnswers, Kind::ChecksFail, Kind::OneZoneLate];

#[test]
fn no_connection_fails_that_the_same_knowledge_would_have_served() {
    let table = played(&Kind::ALL, false, 1);
    hold(&table);
    for other in [Controller::Blueprint, Controller::Hostname, Controller::Cron] {
        let lost = table.rows.iter().map(|(_, scores)| scores[&other].avoidable_percent());
        let most = lost.fold(0.0, f64::max);
        assert!(most > 5.0, "{other} loses {most} % at most: it would not be seen");
    }
    hold(&played(&WITH_CROSS_ZONE, true, 1));
}

/// The tables of docs/reliability.md.
#[test]
#[ignore = "takes minutes unless it is optimised: make simulate"]
fn at_no_moment_of_the_schedule_fails_what_the_same_knowledge_would_have_served() {
    for cross_zone in [false, true] {
        let table = played(&Kind::ALL, cross_zone, REPLACEMENTS);
        print(&format!("\nCross-zone load balancing {}:\n\n{table}", if cross_zone { "on" } else { "off" }));
        hold(&table);
    }
    let curve = played(&Kind::OVERLAPS, false, REPLACEMENTS);
    print(&format!("\nThe overlap:\n\n{curve}"));
    hold(&curve);
    let percents: Vec<f64> = curve.rows.iter().map(|(_, scores)| scores[&DNS].avoidable_percent()).collect();
    assert!(percents.is_sorted_by(|shorter, longer| shorter >= longer), "{percents:?}");
    assert!(percents[0] > 5.0, "without an overlap nobody is in time: {percents:?}");
    assert!(percents.last().is_some_and(|&percent| percent == 0.0), "{percents:?}");
}

/// Plays each of `kinds`, side by side.
fn played(kinds: &[Kind], cross_zone: bool, replacements: usize) -> Table {
    let rows = thread::scope(|scope| {
        let plays: Vec<_> = kinds
            .iter()
            .map(|&kind| (kind, scope.spawn(move || stage::play(kind, cross_zone, replacements))))
            .collect();
        plays.into_iter().map(|(kind, play)| (kind, play.join().expect("it can be played"))).collect()
    });
    Table { rows }
}

/// Asserts that the function loses nothing that perfect judgement, knowing the
/// same, would have saved.
#[track_caller]
fn hold(table: &Table) {
    for (kind, scores) in &table.rows {
        for (controller, score) in scores {
            assert!(score.made > 0, "{kind}, {controller}: nobody connects");
            // A zone that the control plane leaves loses its last server in any
            // case. The function does not wait for that, another may.
            if *kind != Kind::OtherZones {
                assert_eq!(score.beyond_same_knowledge, 0, "{kind}, {controller}: {:#?}", score.complaints);
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "figures are for whoever runs it")]
fn print(text: &str) {
    println!("{text}");
}
