use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use eks_nlb_traffic::kinds::Kind;
use eks_nlb_traffic::lanes::Setup;
use eks_nlb_traffic::play::Moment;

use super::*;
use crate::record::simulated::Recorder;

/// Connections in each zone at each step, as traffic has them.
const CONNECTIONS: usize = 60;

/// Overwrites the traces if this variable is set.
const UPDATE: &str = "UPDATE_TRACES";

fn path_of(kind: Kind) -> PathBuf {
    let name = kind.to_string().replace([',', '\''], "").replace(' ', "-").to_lowercase();
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(name + ".jsonl")
}

/// Plays one replacement, and records it.
fn recorded(kind: Kind) -> (Scores, String) {
    let recorder = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&recorder);
    let observer = Box::new(move |moment: Moment| -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        let recorder = Rc::clone(&recorder);
        Box::pin(async move {
            let taken = recorder.borrow_mut().take();
            let mut own = match taken {
                Some(own) => own,
                None => Recorder::start(&moment).await,
            };
            own.look(&moment).await;
            *recorder.borrow_mut() = Some(own);
        })
    });
    let scores = play::observe(kind, Setup::DEFAULT, 1, observer);
    let text = kept.borrow_mut().take().expect("it was shown a moment").finish();
    (scores, text)
}

/// The replay of a trace, without cross-zone load balancing as it was recorded.
fn replayed(trace: &Trace) -> Scores {
    play::replay(&script::of(trace).unwrap().script, false)
}

/// That two plays differ by at most one step of the clients of every zone.
fn assert_alike(kind: Kind, live: &Scores, replayed: &Scores) {
    for (controller, live) in live {
        let score = &replayed[controller];
        assert_eq!(score.made, live.made, "{kind}, {controller}");
        for (what, live, replayed) in
            [("failed", live.failed, score.failed), ("avoidable", live.avoidable, score.avoidable)]
        {
            assert!(
                live.abs_diff(replayed) <= 3 * CONNECTIONS,
                "{kind}, {controller}: {what} {live} live, {replayed} in the replay"
            );
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a person says so by this variable")]
fn is_update() -> bool {
    std::env::var_os(UPDATE).is_some()
}

/// A replacement that is recorded and replayed has the same table, and the
/// traces in `tests/traces` are what is recorded today.
#[test]
fn a_replay_has_the_table_of_what_was_recorded() {
    let kinds = Kind::ALL.into_iter().filter(|kind| is_update() || path_of(*kind).exists());
    let kinds: Vec<_> = kinds.collect();
    assert!(kinds.len() >= 16, "traces are missing: {UPDATE}=1 writes them");
    thread::scope(|scope| {
        let plays: Vec<_> = kinds.into_iter().map(|kind| scope.spawn(move || hold(kind))).collect();
        for one in plays {
            one.join().unwrap();
        }
    });
}

fn hold(kind: Kind) {
    let (live, text) = recorded(kind);
    let path = path_of(kind);
    if is_update() {
        fs::write(&path, &text).unwrap();
    } else {
        let kept = fs::read_to_string(&path).unwrap();
        assert!(kept == text, "{} is not what is recorded: {UPDATE}=1 overwrites it", path.display());
    }
    let trace = trace::parse(&text).unwrap();
    assert_eq!(trace.remarks, [], "{kind}");
    // Whether an event is lost is in no trace: it is replayed as if none were.
    let live = if kind == Kind::EventsLost { play::play(Kind::AtOnce, Setup::DEFAULT, 1) } else { live };
    assert_alike(kind, &live, &replayed(&trace));
}

fn a_trace() -> Trace {
    trace::load(&path_of(Kind::AtOnce)).unwrap()
}

#[test]
fn two_replays_are_equal_byte_for_byte() {
    let trace = a_trace();
    let text = || Played::of(&trace).unwrap().text(&trace);
    let first = text();
    assert_eq!(first, text());
    assert!(first.contains("| this function, `eni` | 0.0 |"), "{first}");
    assert!(first.contains("| all-knowing | 0.0 |"), "{first}");
}

#[test]
fn a_trace_without_probes_is_played_by_target_health_and_says_so() {
    let mut trace = a_trace();
    trace.lines.retain(|line| !matches!(line.change, trace::Change::Probe { .. }));
    let reading = script::of(&trace).unwrap();
    assert!(reading.notes.iter().any(|note| note.starts_with("nothing was probed")), "{:?}", reading.notes);
    let scores = play::replay(&reading.script, false);
    let lost = |controller| scores[&controller].avoidable_percent();
    assert!(lost(Controller::Cron) > 5.0, "the script that takes names away at once is still seen");
}

#[test]
fn a_hole_is_named_next_to_the_table() {
    let mut trace = a_trace();
    let from = trace.lines[trace.lines.len() / 3].at;
    let to = trace.lines[trace.lines.len() * 2 / 3].at;
    trace.holes.push(trace::Span { from, to });
    let played = Played::of(&trace).unwrap();
    assert!(played.text(&trace).contains("nothing is known of"), "{:?}", played.notes);
}

#[test]
fn what_cannot_be_played_is_a_sentence() {
    let mut trace = a_trace();
    trace.lines.clear();
    let error = Played::of(&trace).err().unwrap();
    assert!(error.starts_with("no server is named"), "{error}");

    let mut trace = a_trace();
    let addresses: BTreeSet<_> = (0..=255).map(|last| [10, 9, 9, last].into()).collect();
    let server = trace.header.name_servers[0];
    let change = trace::Change::Name { server, addresses, ttl: None, error: None };
    trace.lines.push(trace::Line { at: trace.header.started, change });
    let error = Played::of(&trace).err().unwrap();
    assert_eq!(error, "it has more servers in a zone than can be played");
}
