use std::io;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::error::FrontendError;

fn failed(reason: &str) -> FrontendReport {
    let error = CallError::Unavailable { action: "eks:DescribeCluster", reason: reason.to_owned() };
    FrontendReport::new((&FrontendError::from(error)).into())
}

/// The lines about `frontends` that have seen a target withheld for `withheld`.
fn lines(frontends: Vec<FrontendReport>, withheld: Duration) -> Vec<Value> {
    let noted = Noted { withheld: vec![withheld; frontends.len()], ..Noted::default() };
    let report = Report::new(false, String::new(), 1, frontends);
    let (written, log) = io::pipe().unwrap();
    let to_log = tracing_subscriber::fmt().json().flatten_event(true).with_writer(Arc::new(log)).finish();
    tracing::subscriber::with_default(to_log, || super::frontends(&report, &noted));
    serde_json::Deserializer::from_reader(written).into_iter().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_frontend_waits_for_whole_minutes() {
    let lines = lines(vec![FrontendReport::new(Outcome::Waiting)], Duration::from_secs(179));
    let [line] = &lines[..] else { panic!("{lines:#?}") };
    assert_eq!((&line["message"], &line["minutes"]), (&"waiting".into(), &2.into()));
}

#[test]
fn a_failure_counts_its_unwritten_targets_if_there_are_any() {
    for (unwritten, logged) in [(0, None), (2, Some(Value::from(2)))] {
        let lines = lines(vec![FrontendReport { unwritten, ..failed("") }], Duration::ZERO);
        let [line] = &lines[..] else { panic!("{lines:#?}") };
        assert_eq!((&line["message"], line.get("unwritten")), (&"failed".into(), logged.as_ref()));
    }
}

/// CloudWatch Logs takes 256 KiB as one event. Each failure has a line of its
/// own, with its message.
#[test]
fn a_report_that_is_too_long_leaves_out_messages_then_frontends() {
    let run = Run { request_id: "", region: "", account: "", role: None };
    for (failures, message, shows_messages, shows_all) in
        [(3, 100, true, true), (3, 100_000, false, true), (9_000, 0, false, false)]
    {
        let failed = failed(&"a".repeat(message));
        let report = Report::new(false, String::new(), 1, vec![failed.clone(); failures]);

        let line = serde_json::to_string(&report_line(&report, &run, true)).unwrap();

        assert!(line.len() < 256 << 10, "{} bytes", line.len());
        let line: Value = serde_json::from_str(&line).unwrap();
        let shown = line["frontends"].as_array().unwrap();
        let expected = if shows_messages { &*failed.failure().unwrap().message } else { "" };
        assert!(shown.iter().all(|frontend| frontend["error"]["message"] == expected));
        let omitted = (!shows_all).then(|| Value::from(failures - shown.len()));
        assert_eq!(line.get("omitted"), omitted.as_ref(), "{} of {failures}", shown.len());
        assert!(shown.len() == failures || shown.len() > 1_000, "{} of {failures}", shown.len());
    }
}
