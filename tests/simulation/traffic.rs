//! Control planes are replaced while clients in every zone connect: see
//! [`eks_nlb_traffic`].
//!
//! # What is proven
//!
//! Whatever the [kind](Kind) of replacement, at no moment and in no zone
//! does the function fail a connection that [perfect judgement with the same
//! knowledge](Controller::SameKnowledge) would have served. That
//! controller contains none of the function's rules: it tries in the data plane
//! which target clients would miss. The tables show what an
//! [all-knowing](Controller::AllKnowing) controller would have served in addition.

mod matrix;

use std::thread;

use eks_nlb_traffic::controllers::Controller;
use eks_nlb_traffic::kinds::Kind;
use eks_nlb_traffic::lanes::Setup;
use eks_nlb_traffic::play;
use eks_nlb_traffic::score::{Scores, Table};
use eks_nlb_traffic::sources::Source;

/// Replacements of each kind in full: at each moment of the schedule, and enough
/// events for four of ten to be lost.
const REPLACEMENTS: usize = 5;

/// The function with its default settings.
const AUTO: Controller = Controller::Function(Source::Auto);

/// The function where it may not read interfaces.
const DNS: Controller = Controller::Function(Source::Dns);

/// The policies that people use instead.
const OTHERS: [Controller; 3] = [Controller::Blueprint, Controller::Hostname, Controller::Cron];

const CROSS_ZONE: Setup = Setup { is_cross_zone: true, ..Setup::DEFAULT };

#[test]
fn no_connection_fails_that_the_same_knowledge_would_have_served() {
    let table = played(&Kind::ALL, Setup::DEFAULT, 1);
    hold(&table);
    assert_default_is_best(&table);
    for other in OTHERS {
        let lost = table.rows.iter().map(|(_, scores)| scores[&other].avoidable_percent());
        let most = lost.fold(0.0, f64::max);
        assert!(most > 5.0, "{other} loses {most} % at most: it would not be seen");
    }
}

/// The tables of docs/reliability.md.
#[test]
#[ignore = "takes minutes unless it is optimised: make simulate"]
fn at_no_moment_of_the_schedule_fails_what_the_same_knowledge_would_have_served() {
    for setup in [Setup::DEFAULT, CROSS_ZONE] {
        let table = played(&Kind::ALL, setup, REPLACEMENTS);
        let cross_zone = if setup.is_cross_zone { "on" } else { "off" };
        crate::print(&format!("\nCross-zone load balancing {cross_zone}:\n\n{table}"));
        hold(&table);
        assert_default_is_best(&table);
    }
    let curve = played(&Kind::OVERLAPS, Setup::DEFAULT, REPLACEMENTS);
    crate::print(&format!("\nThe overlap:\n\n{curve}"));
    hold(&curve);
    assert_default_is_best(&curve);
    let percents: Vec<f64> = curve.rows.iter().map(|(_, scores)| scores[&DNS].avoidable_percent()).collect();
    assert!(percents.is_sorted_by(|shorter, longer| shorter >= longer), "{percents:?}");
    assert!(percents[0] > 5.0, "without an overlap no controller is in time: {percents:?}");
    assert!(percents.last().is_some_and(|&percent| percent == 0.0), "{percents:?}");
}

/// Plays each of `kinds`, side by side.
fn played(kinds: &[Kind], setup: Setup, replacements: usize) -> Table {
    let rows = thread::scope(|scope| {
        let plays: Vec<_> = kinds
            .iter()
            .map(|&kind| (kind, scope.spawn(move || play::play(kind, setup, replacements))))
            .collect();
        plays.into_iter().map(|(kind, play)| (kind, play.join().expect("it can be played"))).collect()
    });
    Table { rows }
}

/// Asserts that the function loses nothing that perfect judgement with the same
/// knowledge would have saved.
#[track_caller]
fn hold(table: &Table) {
    for (kind, scores) in &table.rows {
        assert!(scores.values().all(|score| score.made > 0), "{kind}: no client connects");
        let lost = beyond_same_knowledge(*kind, scores);
        assert!(lost.is_empty(), "{kind}: {lost:#?}");
    }
}

/// The controllers that lost what perfect judgement with the same knowledge would
/// have saved, and the first such moments.
fn beyond_same_knowledge(kind: Kind, scores: &Scores) -> Vec<(Controller, Vec<String>)> {
    // A zone that the control plane leaves loses its last server in any case. With
    // `dns` the function does not wait for that, another controller may.
    let is_left = |controller: Controller| kind == Kind::OtherZones && controller == DNS;
    let lost =
        scores.iter().filter(|(controller, score)| score.beyond_same_knowledge > 0 && !is_left(**controller));
    lost.map(|(controller, score)| (*controller, score.complaints.clone())).collect()
}

/// Asserts that with default settings the function is as good as the best of the
/// other policies, and that it fails no connection that could have been saved.
/// docs/reliability.md explains the exceptions: no source knows in time.
#[track_caller]
fn assert_default_is_best(table: &Table) {
    for (kind, scores) in &table.rows {
        let own = scores[&AUTO].avoidable_percent();
        let best = OTHERS.map(|other| scores[&other].avoidable_percent()).into_iter().fold(100.0, f64::min);
        // Checks find out after half a minute.
        if matches!(kind, Kind::Crash | Kind::Overlap(0)) {
            assert!(own <= best, "{kind}: {own} %, others {best} %");
        } else if *kind != Kind::ChecksLie {
            assert!(own == 0.0, "{kind}: {own} %");
        }
    }
}
