//! AWS's responses: cut off anywhere, mutated, or written by another service. Nothing
//! is written because of a response that cannot be read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use crate::aws::{DESIRED_TARGETS, READS, answer_that, answer_to, assert_harmless, run};
use crate::mutation::mutations;
use crate::within;

/// More processor time than a run may cost, on a slow machine.
const BOUND: Duration = Duration::from_secs(10);

/// Replaces every answer to `operation`; the run must write nothing.
fn writes_nothing(operation: &'static str, what: &str, body: Vec<u8>) {
    let run = within(BOUND, || run(move |of, answer| if of == operation { body.clone() } else { answer }));
    assert!(run.writes.is_empty(), "{operation}, {what}: {:#?}", run.writes);
    if let Ok(report) = run.report {
        assert_eq!(report.summary.changed, 0, "{operation}, {what}: {report:#?}");
    }
}

/// Otherwise the tests below would pass because there is nothing to write.
#[test]
fn what_is_not_tampered_with_is_written() {
    let run = run(|_, answer| answer);
    run.assert_only_ours();
    let [registered, deregistered] = &run.writes[..] else { panic!("{:#?}", run.writes) };
    assert_eq!(registered.targets(), [DESIRED_TARGETS[1]]);
    assert_eq!(deregistered.targets(), ["10.0.3.13:443"]);
    assert_eq!(registered.target_group(), Some(run.managed.target_group.as_str()));
}

/// Where to cut an answer: within a tag or after it, the first and the last of
/// each kind.
fn cuts(answer: &[u8]) -> BTreeSet<usize> {
    let end = answer.trim_ascii_end().len();
    let mut kinds = BTreeMap::<&[u8], [usize; 2]>::new();
    for at in 0..end {
        let kind = match answer[at] {
            b'<' => &answer[at..(at + 12).min(end)],
            b'>' => &answer[at.saturating_sub(12)..=at],
            b'{' | b'}' | b'[' | b']' | b',' => &answer[at.saturating_sub(4)..=at],
            _ => continue,
        };
        kinds.entry(kind).or_insert([at, at])[1] = at;
    }
    let cuts: BTreeSet<_> = kinds.into_values().flatten().map(|at| at + 1).collect();
    assert!(cuts.len() > 20, "{} cuts", cuts.len());
    cuts.into_iter().filter(|at| *at < end).collect()
}

/// The `content-length` fits the shortened body, as when AWS sends half an
/// answer, or a proxy loses the rest.
#[test]
fn an_answer_that_is_cut_off_writes_nothing() {
    for operation in READS {
        let whole = answer_to(operation);
        for end in cuts(&whole) {
            writes_nothing(operation, &format!("cut at {end} of {}", whole.len()), whole[..end].to_vec());
        }
    }
}

/// Tags exclude target groups: with half of the tags, an excluded group would
/// look managed.
#[test]
fn tags_of_target_groups_that_are_cut_off_write_nothing() {
    let is_excluding = |body: &[u8]| body.windows(8).any(|part| part == b"disabled");
    let whole = answer_that(move |of, body| of == "DescribeTags" && is_excluding(body));
    for end in cuts(&whole) {
        let run = run(move |of, mut body| {
            if of == "DescribeTags" && is_excluding(&body) {
                body.truncate(end);
            }
            body
        });
        assert!(run.writes.is_empty(), "cut at {end}: {:#?}", run.writes);
    }
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

/// Unknown content is skipped at any depth, or the answer is rejected; the
/// stack never overflows.
#[test]
fn what_is_unknown_may_be_as_deep_as_it_likes() {
    let nested = |open: &str, close: &str, depth: usize| [open.repeat(depth), close.repeat(depth)].concat();
    for (operation, before, depth, is_skipped) in [
        ("DescribeCluster", "\"name\"", 100, true),
        ("DescribeCluster", "\"name\"", 200_000, false),
        ("DescribeTargetHealth", "<member>", 200_000, true),
        ("DescribeTags", "<member>", 200_000, true),
    ] {
        for json in [("[", "]"), (r#"{"a":"#, "}")] {
            let unknown = match operation {
                "DescribeCluster" => {
                    format!(r#""unknown":{},"#, nested(json.0, json.1, depth).replace(":}", ":1}"))
                }
                _ => nested("<unknown>", "</unknown>", depth),
            };
            let run =
                within(BOUND, || {
                    run(move |of, answer| {
                        if of == operation {
                            with_inserted(&answer, before, unknown.as_bytes())
                        } else {
                            answer
                        }
                    })
                });
            run.assert_only_ours();
            assert_eq!(
                run.writes.len(),
                if is_skipped { 2 } else { 0 },
                "{operation}, {depth}: {:#?}",
                run.report
            );
        }
    }
}

/// Puts `inserted` before the first `before` of an answer.
fn with_inserted(answer: &[u8], before: &str, inserted: &[u8]) -> Vec<u8> {
    let at = answer.windows(before.len()).position(|part| part == before.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no {before} in the answer"));
    [&answer[..at], inserted, &answer[at..]].concat()
}

/// A fragment of an answer, or arbitrary text.
fn part_of_an_answer() -> impl Strategy<Value = Vec<u8>> {
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
    let text = prop_oneof![markup.prop_map(str::to_owned), any::<String>()];
    text.prop_map(String::into_bytes)
}

proptest! {
    /// False answers of AWS are believed: another port, or a group that is not
    /// excluded. But DNS decides which addresses are registered, and no false
    /// answer to one call leads to the deregistration of a desired target.
    #[test]
    fn a_mutated_answer_does_no_harm(
        operation in prop::sample::select(&READS[..]),
        mutations in mutations(part_of_an_answer()),
    ) {
        let run = within(BOUND, || run(move |of, mut answer| {
            if of == operation {
                for mutation in &mutations {
                    mutation.apply(&mut answer, 0);
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
