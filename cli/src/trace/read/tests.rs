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
fn a_whole_trace_is_read_without_a_remark() {
    let trace = read(&[&target("16:00:01", "initial"), &target("16:00:02.5", "healthy"), ""]);
    assert_eq!(remarks(&trace), [""; 0]);
    assert_eq!(trace.lines.len(), 2);
    assert_eq!(trace.header.started.until(trace.lines[1].at), Duration::from_millis(2500));
}

#[test]
fn every_line_is_written_as_it_is_read() {
    let trace = read(&[&target("16:00:01", "initial")]);
    assert_eq!(serde_json::to_string(&trace.header).unwrap(), HEADER);
    assert_eq!(serde_json::to_string(&trace.lines[0]).unwrap(), target("16:00:01", "initial"));
}

#[test]
fn a_line_that_is_cut_off_ends_the_trace() {
    let whole = target("16:00:02", "healthy");
    let trace = read(&[&target("16:00:01", "initial"), &whole[..40]]);
    assert_eq!(remarks(&trace), ["line 3: the line is cut off; the lines before it are used"]);
    assert_eq!(trace.lines.len(), 1);
}

#[test]
fn nonsense_is_left_out_and_counted() {
    let later = r#"{"at":"2026-11-29T16:00:02Z","change":"weather","sun":true}"#;
    let trace = read(&["nonsense", later, "[1]", &target("16:00:03", "healthy"), ""]);
    assert_eq!(
        remarks(&trace),
        [
            "line 2: this is not JSON; it is left out",
            "line 3: a change \"weather\" like this is not known; it is left out",
            "line 4: this is not a change; it is left out",
        ]
    );
    assert_eq!(trace.lines.len(), 1);

    let many = read(&[&["nonsense"; 30].join("\n"), ""]);
    assert_eq!(many.remarks.len(), MOST_REMARKS + 1);
    assert_eq!(many.remarks.last().unwrap().sentence, "10 more lines are like these");
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
fn lines_out_of_order_are_sorted() {
    let trace = read(&[&target("16:00:20", "healthy"), &target("16:00:05", "initial"), ""]);
    assert_eq!(remarks(&trace), ["line 3: it is 15 s earlier than the line before; it is sorted in"]);
    assert!(trace.lines.is_sorted_by_key(|line| line.at));
}

#[test]
fn lines_of_another_cluster_are_left_out() {
    let other = HEADER.replace("payments", "orders");
    let own = target("16:00:01", "healthy");
    let trace = read(&[&own, &other, &target("16:00:02", "unhealthy"), HEADER, &own, ""]);
    assert_eq!(
        remarks(&trace),
        [
            "line 3: from here on the trace is of cluster orders (eu-west-1), not of payments: these lines are left out"
        ]
    );
    assert_eq!(trace.lines.len(), 2);
}

#[test]
fn a_hole_in_time_is_named() {
    let trace = read(&[&target("16:02:00", "initial"), &target("16:30:00", "healthy"), ""]);
    let (from, to) =
        (Time::parse("2026-11-29T16:02:00Z").unwrap(), Time::parse("2026-11-29T16:30:00Z").unwrap());
    assert_eq!(trace.holes, [Hole { from, to }]);
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
