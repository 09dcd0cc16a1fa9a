//! AWS's answers: cut off anywhere, mutated, of somebody else's making. What
//! cannot be read is no knowledge, so nothing is written because of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::aws::{DESIRED_TARGETS, READS, answer_to, assert_harmless, run};
use crate::within;

/// More real time than a run may cost, on a slow machine.
const BOUND: Duration = Duration::from_secs(10);

/// Replaces every answer to `operation`; the run must write nothing.
fn writes_nothing(operation: &'static str, what: &str, body: Vec<u8>) {
    let run = within(BOUND, || run(move |of, answer| if of == operation { body.clone() } else { answer }));
    assert!(run.writes.is_empty(), "{operation}, {what}: {:#?}", run.writes);
    if let Ok(report) = run.report {
        assert_eq!(report.summary.changed, 0, "{operation}, {what}: {report:#?}");
    }
}

/// Lest the tests below hold for want of anything to do.
#[test]
fn what_is_not_tampered_with_is_written() {
    let run = run(|_, answer| answer);
    run.assert_only_ours();
    let [registered, deregistered] = &run.writes[..] else { panic!("{:#?}", run.writes) };
    assert_eq!(registered.targets(), [DESIRED_TARGETS[1]]);
    assert_eq!(deregistered.targets(), ["10.0.3.13:443"]);
    assert_eq!(registered.target_group(), Some(run.managed.target_group.as_str()));
}

/// HTTP says how long a body is, so this is an AWS that means it, or a proxy
/// that has lost the rest and says that this is all.
fn cut_off_anywhere(operation: &'static str) {
    let whole = answer_to(operation);
    for end in 0..whole.trim_ascii_end().len() {
        writes_nothing(operation, &format!("cut at {end} of {}", whole.len()), whole[..end].to_vec());
    }
}

#[test]
fn load_balancers_cut_off_anywhere_write_nothing() {
    cut_off_anywhere("DescribeLoadBalancers");
}

#[test]
fn target_groups_cut_off_anywhere_write_nothing() {
    cut_off_anywhere("DescribeTargetGroups");
}

#[test]
fn tags_cut_off_anywhere_write_nothing() {
    cut_off_anywhere("DescribeTags");
}

#[test]
fn a_cluster_cut_off_anywhere_writes_nothing() {
    cut_off_anywhere("DescribeCluster");
}

#[test]
fn target_health_cut_off_anywhere_writes_nothing() {
    cut_off_anywhere("DescribeTargetHealth");
}

/// The tags of target groups say which are excluded, so that half of them say
/// that none is.
#[test]
fn tags_of_target_groups_cut_off_anywhere_write_nothing() {
    let is_excluding = |body: &[u8]| body.windows(8).any(|part| part == b"disabled");
    let whole: usize = 4_000;
    let mut cuts = 0;
    for end in 0..whole {
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = Arc::clone(&cut);
        let run = run(move |of, mut body| {
            if of == "DescribeTags" && is_excluding(&body) && end < body.trim_ascii_end().len() {
                body.truncate(end);
                is_cut.store(true, Ordering::SeqCst);
            }
            body
        });
        if !cut.load(Ordering::SeqCst) {
            break;
        }
        cuts += 1;
        assert!(run.writes.is_empty(), "cut at {end}: {:#?}", run.writes);
    }
    assert!((100..whole).contains(&cuts), "{cuts} cuts");
}

#[test]
fn what_is_not_an_answer_writes_nothing() {
    let deep_xml = |depth: usize| [b"<a>".repeat(depth), b"</a>".repeat(depth)].concat();
    let deep_json = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    let laughs = br#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>"#;
    let bodies: [(&str, Vec<u8>); 16] = [
        ("nothing", vec![]),
        ("a space", b" ".to_vec()),
        ("zeroes", vec![0; 1000]),
        ("no UTF-8", vec![0xff; 1000]),
        ("HTML", b"<!DOCTYPE html><html><body>It works!</body></html>".to_vec()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("an empty cluster", br#"{"cluster":{}}"#.to_vec()),
        ("a cluster that is a list", br#"{"cluster":[]}"#.to_vec()),
        ("an empty element", b"<a/>".to_vec()),
        ("an entity", laughs.to_vec()),
        ("deep XML", deep_xml(100_000)),
        ("XML that is never closed", b"<a>".repeat(100_000)),
        ("deep JSON", deep_json(100_000)),
        ("JSON that is never closed", b"[".repeat(1_000_000)),
        ("an attribute without end", [b"<a b=\"".to_vec(), vec![b'x'; 1_000_000]].concat()),
    ];
    for operation in READS {
        for (what, body) in &bodies {
            writes_nothing(operation, what, body.clone());
        }
    }
}

#[test]
fn an_answer_to_another_question_writes_nothing() {
    for operation in READS {
        for other in READS.into_iter().filter(|other| *other != operation) {
            writes_nothing(operation, other, answer_to(other));
        }
    }
}

/// Puts `inserted` before the first `before` of the answer.
fn with_inserted(operation: &'static str, before: &str, inserted: &[u8]) -> Vec<u8> {
    let answer = answer_to(operation);
    let at = answer.windows(before.len()).position(|part| part == before.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no {before} in {operation}"));
    [&answer[..at], inserted, &answer[at..]].concat()
}

/// What is unknown is skipped, however deep it is, or the answer is refused;
/// but never with a stack that is used up.
#[test]
fn what_is_unknown_may_be_as_deep_as_it_likes() {
    let depth = 200_000;
    let json = [&br#""unknown":"#[..], &b"[".repeat(depth), &b"]".repeat(depth), b","].concat();
    let objects =
        [&br#""unknown":"#[..], &br#"{"a":"#.repeat(depth), b"1", &b"}".repeat(depth), b","].concat();
    let xml = [b"<unknown>".repeat(depth), b"</unknown>".repeat(depth)].concat();
    let hostile = [
        ("DescribeCluster", with_inserted("DescribeCluster", "\"name\"", &json)),
        ("DescribeCluster", with_inserted("DescribeCluster", "\"name\"", &objects)),
        ("DescribeTargetHealth", with_inserted("DescribeTargetHealth", "<member>", &xml)),
        ("DescribeTags", with_inserted("DescribeTags", "<member>", &xml)),
    ];
    for (operation, body) in hostile {
        let run =
            within(BOUND, || run(move |of, answer| if of == operation { body.clone() } else { answer }));
        run.assert_only_ours();
    }
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Insert(Index, String),
    Remove(Index, usize),
    Repeat(Index, usize),
    Move(Index, Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    let markup = prop::sample::select(
        &[
            "<",
            ">",
            "</",
            "<member>",
            "</member>",
            "<!--",
            "<![CDATA[",
            "&#0;",
            "&#x10FFFF;",
            "\"",
            "{",
            "}",
            "[",
            "\\u0000",
            "\0",
        ][..],
    );
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), markup).prop_map(|(at, text)| Edit::Insert(at, text.to_owned())),
        (at(), any::<String>()).prop_map(|(at, text)| Edit::Insert(at, text)),
        (at(), 1usize..200).prop_map(|(at, count)| Edit::Remove(at, count)),
        (at(), 1usize..200).prop_map(|(at, count)| Edit::Repeat(at, count)),
        (at(), at(), 1usize..200).prop_map(|(from, to, count)| Edit::Move(from, to, count)),
    ]
}

fn apply(body: &mut Vec<u8>, edit: &Edit) {
    if body.is_empty() {
        return;
    }
    let place = |at: &Index, body: &[u8]| at.index(body.len());
    match edit {
        Edit::Set(at, byte) => {
            let at = place(at, body);
            body[at] = *byte;
        }
        Edit::Insert(at, text) => {
            let at = place(at, body);
            body.splice(at..at, text.bytes());
        }
        Edit::Remove(at, count) => {
            let at = place(at, body);
            body.drain(at..(at + count).min(body.len()));
        }
        Edit::Repeat(at, count) => {
            let at = place(at, body);
            let part = body[at..(at + count).min(body.len())].to_vec();
            body.splice(at..at, part);
        }
        Edit::Move(from, to, count) => {
            let from = place(from, body);
            let part: Vec<u8> = body.drain(from..(from + count).min(body.len())).collect();
            let to = to.index(body.len() + 1);
            body.splice(to..to, part);
        }
    }
}

proptest! {
    /// An AWS that lies is believed: it may say that another port is meant, or
    /// that a group is not excluded. But DNS decides what is registered, and no
    /// lie of one call has a desired target deregistered.
    #[test]
    fn a_mutated_answer_does_no_harm(
        operation in prop::sample::select(&READS[..]),
        edits in prop::collection::vec(edit(), 1..5),
    ) {
        let run = within(BOUND, || run(move |of, mut answer| {
            if of == operation {
                for edit in &edits {
                    apply(&mut answer, edit);
                }
            }
            answer
        }));
        for write in &run.writes {
            assert_harmless(write);
        }
        prop_assert!(run.deregistered() <= 2, "{:#?}", run.writes);
    }
}
