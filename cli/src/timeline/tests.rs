use std::time::Instant;

use super::*;
use crate::trace::{Time, Trace, parse};

/// The trace of `rows`, each with its second.
fn trace(rows: &[(u64, &str)]) -> Trace {
    let start = Time::parse("2026-11-29T16:00:00Z").unwrap();
    let row = |(second, rest): &(u64, &str)| {
        format!("{{\"at\":\"{}\",\"change\":{rest}}}\n", Time(start.0 + second * 1000))
    };
    let rows: String = rows.iter().map(row).collect();
    parse(&format!("{}\n{rows}", trace::HEADER_OF_TESTS)).unwrap()
}

const REPLACEMENT: [(u64, &str); 16] = [
    (0, r#""name","server":"10.0.0.2:53","addresses":["10.0.1.10"],"ttl":60"#),
    (0, r#""target","address":"10.0.1.10","port":443,"state":"healthy","zone":"eu-west-1a""#),
    (0, r#""probe","of":{"server":"10.0.1.10"},"connects":true,"readyz":200"#),
    (
        60,
        r#""interface","id":"eni-2","addresses":["10.0.1.20"],"zone":"eu-west-1a","status":"in-use","attachment":"attached","believed":true"#,
    ),
    (70, r#""target","address":"10.0.1.20","port":443,"state":"initial","zone":"eu-west-1a""#),
    (80, r#""probe","of":{"server":"10.0.1.20"},"connects":true,"readyz":200"#),
    (90, r#""name","server":"10.0.0.2:53","addresses":["10.0.1.20"],"ttl":60"#),
    (120, r#""probe","of":{"server":"10.0.1.10"},"connects":false,"failed":"tcp""#),
    (
        150,
        r#""target","address":"10.0.1.10","port":443,"state":"unhealthy","reason":"Target.FailedHealthChecks","zone":"eu-west-1a""#,
    ),
    (180, r#""target","address":"10.0.1.20","port":443,"state":"healthy","zone":"eu-west-1a""#),
    (200, r#""target","address":"10.0.1.10","port":443,"state":"draining","zone":"eu-west-1a""#),
    (210, r#""unread","source":"targets","error":"Throttled""#),
    (220, r#""readable","source":"targets""#),
    (230, r#""cluster","status":"ACTIVE","version":"1.34","platform":"eks.1","updates":[]"#),
    (260, r#""alive""#),
    (300, r#""ended""#),
];

#[test]
fn a_replacement_is_told_in_words() {
    let trace = trace(&REPLACEMENT);
    let page = text::page(&trace, &Picture::of(&trace));
    let expected = [
        "payments in eu-west-1, recorded for 5 min from 2026-11-29T16:00:00Z: 16 lines",
        "No client could have connected for 1 min: 16:02:00 to 16:03:00",
        "No client of zone eu-west-1a could have connected for 1 min: 16:02:00 to 16:03:00",
        "",
        "ADDRESS    ZONE        INTERFACE  DNS        REGISTERED  HEALTHY    CONNECTS",
        "10.0.1.10  eu-west-1a  -          –16:01:30  –16:03:20   –16:02:30  –16:02:00",
        "10.0.1.20  eu-west-1a  16:01:00–  16:01:30–  16:01:10–   16:03:00–  16:01:20–",
        "",
        "16:00:00  10.0.0.2:53 names 10.0.1.10, for 60 s",
        "16:00:00  target 10.0.1.10:443 is healthy",
        "16:00:00  10.0.1.10 connects, /readyz is 200",
        "16:01:00  interface eni-2 in eu-west-1a has 10.0.1.20, in-use",
        "16:01:10  registered: target 10.0.1.20:443 is initial",
        "16:01:20  10.0.1.20 connects, /readyz is 200",
        "16:01:30  10.0.0.2:53 names 10.0.1.20, for 60 s",
        "16:02:00  10.0.1.10 does not connect (tcp)",
        "16:02:30  target 10.0.1.10:443 is unhealthy (Target.FailedHealthChecks)",
        "16:03:00  target 10.0.1.20:443 is healthy",
        "16:03:20  deregistered: target 10.0.1.10:443 is draining",
        "16:03:30  targets cannot be read: Throttled",
        "16:03:40  targets can be read again",
        "16:03:50  cluster is ACTIVE, version 1.34, eks.1",
        "16:05:00  recording ended",
    ];
    assert_eq!(page.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_picture_has_a_row_an_address_marks_and_red_on_light_and_dark() {
    let trace = trace(&REPLACEMENT);
    let svg = svg::draw(&trace.header, &Picture::of(&trace), &trace.holes);
    for part in [
        ">10.0.1.10</text>",
        ">10.0.1.20</text>",
        "10.0.1.20 eu-west-1a: target initial, 16:01:10 to 16:03:00",
        "no client could have connected, 16:02:00 to 16:03:00",
        "no client of eu-west-1a could have connected, 16:02:00 to 16:03:00",
        "@media(prefers-color-scheme:dark)",
    ] {
        assert!(svg.contains(part), "{part} is missing: {svg}");
    }
    // One mark a write, and two in the legend.
    assert_eq!(svg.matches("class=\"mark\"").count(), 2 + 2);
    assert_eq!(
        eks_nlb_sync::aws::xml::Element::read(svg.as_bytes()).map(drop).map_err(|e| e.to_string()),
        Ok(())
    );
}

#[test]
fn a_hole_is_shown_and_hides_no_outage() {
    let rows = [
        (0, r#""target","address":"10.0.1.10","port":443,"state":"healthy","zone":"eu-west-1a""#),
        (60, r#""target","address":"10.0.1.10","port":443,"state":"draining","zone":"eu-west-1a""#),
        (660, r#""target","address":"10.0.1.10","port":443,"state":"healthy","zone":"eu-west-1a""#),
    ];
    let trace = trace(&rows);
    let picture = Picture::of(&trace);
    assert_eq!(picture.outages, [], "nothing of the hole is known");
    assert_eq!(trace.holes.len(), 1);
    assert_eq!(trace.holes[0].length().as_secs(), 600);
    let page = text::page(&trace, &picture);
    assert!(page.contains("Nothing is known of 10 min"), "{page}");
    assert!(page.contains("line 4: nothing was recorded from"), "{page}");
    let svg = svg::draw(&trace.header, &picture, &trace.holes);
    assert!(svg.contains("nothing was recorded, 16:01:00 to 16:11:00"), "{svg}");
    assert!(svg.contains("nothing is known of 10 min"), "{svg}");
}

#[test]
fn names_from_elsewhere_are_escaped() {
    let mut trace = trace(&REPLACEMENT);
    trace.header.cluster = "<script>&\"".to_owned();
    let svg = svg::draw(&trace.header, &Picture::of(&trace), &[]);
    assert!(svg.contains("&lt;script&gt;&amp;&quot;") && !svg.contains("<script>"), "{svg}");
}

#[test]
fn a_day_of_changes_is_drawn_within_a_second() {
    let states = ["healthy", "unhealthy"];
    let rows: Vec<_> = (0..86_400 / 5)
        .map(|n| {
            let state = states[n % 2];
            let row = format!(
                r#""target","address":"10.0.{}.{}","port":443,"state":"{state}","zone":"eu-west-1a""#,
                n % 3,
                n % 7
            );
            (n as u64 * 5, row)
        })
        .collect();
    let rows: Vec<_> = rows.iter().map(|(second, row)| (*second, row.as_str())).collect();
    let trace = trace(&rows);
    let start = Instant::now();
    let picture = Picture::of(&trace);
    let length = svg::draw(&trace.header, &picture, &[]).len() + text::page(&trace, &picture).len();
    // An unoptimised build on a busy machine may take five times as long.
    assert!(start.elapsed().as_secs() < 5, "{:?} for {length} bytes", start.elapsed());
}

/// The picture of docs/record.md.
#[test]
fn the_documented_picture_is_what_is_drawn() {
    let trace = trace::load("tests/traces/one-server-dies-unannounced.jsonl".as_ref()).unwrap();
    let drawn = svg::draw(&trace.header, &Picture::of(&trace), &trace.holes);
    let documented = std::fs::read_to_string("../docs/pictures/timeline.svg").unwrap();
    assert!(
        drawn == documented,
        "the picture is outdated: eks-nlb timeline cli/tests/traces/one-server-dies-unannounced.jsonl --svg docs/pictures/timeline.svg"
    );
}
