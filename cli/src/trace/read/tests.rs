use super::*;

pub(in crate::trace) const HEADER: &str = r#"{"trace":1,"program":"eks-nlb 0.1.0","started":"2026-11-29T16:00:00Z","cluster":"payments","region":"eu-west-1","account":"111122223333","host":"abc.eks.amazonaws.com","loadBalancer":"arn:lb","targetGroup":"arn:tg","loadBalancerName":"lb.elb.amazonaws.com","listenerPort":443,"targetPort":443,"zones":["eu-west-1a"],"crossZone":false,"nameServers":["10.0.0.2:53"],"settings":{"everyMs":1000,"elbEveryMs":5000,"probe":true},"pseudonymised":false}"#;

fn target(clock: &str, state: &str) -> String {
    format!(
        r#"{{"at":"2026-11-29T{clock}Z","change":"target","address":"10.0.1.10","port":443,"state":"{state}"}}"#
    )
}

fn read(rows: &[&str]) -> Trace {
    parse(&format!("{HEADER}\n{}", rows.join("\n"))).unwrap()
}

/// The remarks as they are printed.
fn remarks(trace: &Trace) -> Vec<String> {
    trace.remarks.iter().map(ToString::to_string).collect()
}

#[test]
fn what_cannot_be_used_is_left_out_with_a_remark() {
    let [initial, healthy] = [target("16:00:01", "initial"), target("16:00:02.5", "healthy")];
    let other = HEADER.replace("payments", "orders");
    let unknown = r#"{"at":"2026-11-29T16:00:02Z","change":"weather","sun":true}"#;
    let cases: [(&[&str], usize, &[&str]); 5] = [
        (&[&initial, &healthy, ""], 2, &[]),
        (&[&initial, &healthy[..40]], 1, &["line 3: the line is cut off; the lines before it are used"]),
        (
            &["nonsense", unknown, "[1]", &healthy, ""],
            1,
            &[
                "line 2: this is not JSON; it is left out",
                "line 3: a change \"weather\" like this is not known; it is left out",
                "line 4: this is not a change; it is left out",
            ],
        ),
        (
            &[&target("16:00:20", "healthy"), &target("16:00:05", "initial"), ""],
            2,
            &["line 3: it is 15 s earlier than the line before; it is sorted in"],
        ),
        (
            &[&initial, &other, &healthy, HEADER, &initial, ""],
            2,
            &[
                "line 3: from here on the trace is of cluster orders (eu-west-1), not of payments: these lines are left out",
            ],
        ),
    ];
    for (rows, lines, expected) in cases {
        let trace = read(rows);
        assert_eq!(remarks(&trace), expected);
        assert_eq!(trace.lines.len(), lines, "{expected:?}");
        assert!(trace.lines.is_sorted_by_key(|line| line.at), "{expected:?}");
    }

    let many = read(&[&["nonsense"; 30].join("\n"), ""]);
    assert_eq!(many.remarks.len(), MOST_REMARKS + 1);
    assert_eq!(many.remarks.last().unwrap().sentence, "10 more lines are like these");
}

#[test]
fn every_line_is_written_as_it_is_read() {
    let trace = read(&[&target("16:00:02.5", "initial")]);
    assert_eq!(serde_json::to_string(&trace.header).unwrap(), HEADER);
    assert_eq!(serde_json::to_string(&trace.lines[0]).unwrap(), target("16:00:02.5", "initial"));
    assert_eq!(trace.header.started.until(trace.lines[0].at), Duration::from_millis(2500));
}

#[test]
fn another_version_is_read_as_far_as_it_is_understood() {
    let newer = HEADER.replace("\"trace\":1", "\"trace\":2");
    let trace = parse(&format!("{newer}\n{}\n", target("16:00:01", "healthy"))).unwrap();
    assert_eq!(
        remarks(&trace),
        [
            "line 1: the trace has version 2, and this program reads version 1: lines that it does not understand are left out"
        ]
    );
    assert_eq!(trace.lines.len(), 1);
}

#[test]
fn a_hole_in_time_is_named() {
    let trace = read(&[&target("16:02:00", "initial"), &target("16:30:00", "healthy"), ""]);
    let at = |text| Time::parse(text).unwrap();
    let (from, to) = (at("2026-11-29T16:02:00Z"), at("2026-11-29T16:30:00Z"));
    assert_eq!(trace.holes, [Span { from, to }]);
    assert_eq!(
        remarks(&trace),
        ["line 3: nothing was recorded from 2026-11-29T16:02:00Z to 2026-11-29T16:30:00Z, for 28 min"]
    );

    let alive = |minute: u32| format!(r#"{{"at":"2026-11-29T16:0{minute}:00Z","change":"alive"}}"#);
    let quiet: Vec<_> = (1..9).map(alive).collect();
    assert_eq!(read(&[&quiet.join("\n"), ""]).holes, []);
}

#[test]
fn without_a_header_nothing_can_be_used() {
    for text in ["", "\n\n", "nonsense\n", &target("16:00:01", "healthy"), "{}", "\u{0}\u{1}"] {
        assert!(matches!(parse(text), Err(Unusable::NoHeader(_))), "{text:?}");
    }
}
