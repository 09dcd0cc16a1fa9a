//! Replacements of every kind before every set-up of a load balancer.

use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use eks_nlb_simulator::world::{REGISTRATION_TIMES, Threshold};
use eks_nlb_traffic::controllers::Controller;
use eks_nlb_traffic::kinds::Kind;
use eks_nlb_traffic::lanes::Setup;
use eks_nlb_traffic::play;
use eks_nlb_traffic::score::Scores;
use eks_nlb_traffic::sources::Source;

/// How far stale reads lag: an assumption.
const READ_LAG: Duration = Duration::from_secs(20);

/// Every set-up.
fn setups() -> Vec<Setup> {
    let thresholds = [Threshold::default(), Threshold::count(2), Threshold::percentage(50)];
    let mut setups = Vec::new();
    for is_cross_zone in [false, true] {
        for threshold in thresholds {
            for is_shifted in [false, true] {
                for registration in REGISTRATION_TIMES {
                    for read_lag in [Duration::ZERO, READ_LAG] {
                        setups.push(Setup { is_cross_zone, threshold, is_shifted, registration, read_lag });
                    }
                }
            }
        }
    }
    setups
}

/// Plays each kind, on every processor. Returns the scores in the same order.
fn played(setup: Setup, kinds: &[Kind]) -> Vec<Scores> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut played = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(kind) = kinds.get(number) else { return played };
            played.push((number, play::play(*kind, setup, 1)));
        }
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut played: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("it can be played")).collect()
    });
    played.sort_by_key(|(number, _)| *number);
    played.into_iter().map(|(_, scores)| scores).collect()
}

/// A controller that loses more than perfect judgement with the same knowledge.
struct Loss {
    setup: Setup,
    kind: Kind,
    controller: Controller,
    /// In percent of all connections.
    percent: f64,
    /// The first such moments.
    moments: Vec<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setup, kind, controller, percent, .. } = self;
        write!(f, "| {setup} | {kind} | {controller} | {percent:.2} |")
    }
}

/// Prints a line for each set-up and source: the kinds with avoidable failures.
/// Returns what perfect judgement with the same knowledge would have saved.
fn losses(setups: &[Setup], kinds: &[Kind]) -> Vec<Loss> {
    crate::print(
        "| cross-zone | threshold | zonal shift | registration | reads | source | avoidable failures, % |",
    );
    crate::print("|---|---|---|---|---|---|---|");
    let mut losses = Vec::new();
    for &setup in setups {
        let scores = played(setup, kinds);
        for source in Source::ALL {
            let failed = kinds.iter().zip(&scores).filter_map(|(kind, scores)| {
                let percent = scores[&Controller::Function(source)].avoidable_percent();
                (percent >= 0.05).then(|| format!("{kind} {percent:.1}"))
            });
            let failed: Vec<_> = failed.collect();
            let failed = if failed.is_empty() { "0".to_owned() } else { failed.join(", ") };
            crate::print(&format!("| {setup} | `{}` | {failed} |", source.as_str()));
        }
        for (&kind, scores) in kinds.iter().zip(&scores) {
            let lost = scores.iter().filter(|(_, score)| score.beyond_same_knowledge > 0);
            losses.extend(lost.map(|(&controller, score)| Loss {
                setup,
                kind,
                controller,
                percent: score.beyond_same_knowledge_percent(),
                moments: score.complaints.clone(),
            }));
        }
    }
    losses
}

/// Why a controller loses more than perfect judgement with the same knowledge:
/// docs/reliability.md has the same list.
struct Explanation {
    why: &'static str,
    /// In percent of all connections.
    at_most: f64,
    /// So many losses of the whole matrix at most.
    cells: usize,
    explains: fn(&Loss) -> bool,
}

const EXPLANATIONS: [Explanation; 5] = [
    Explanation {
        why: "the all-knowing controller registers a server in time for its checks or for its zone to fail open",
        at_most: 1.06,
        cells: 20,
        explains: |it| it.controller == Controller::AllKnowing && it.is_registered_soon(),
    },
    Explanation {
        why: "nothing is kept for a zone that the control plane has left",
        at_most: 3.52,
        cells: 12,
        explains: |it| {
            let is_calm = !it.setup.is_cross_zone && !it.setup.is_shifted && it.is_registered_soon();
            is_calm && it.kind == Kind::OtherZones && it.is_by(&[Source::Dns])
        },
    },
    Explanation {
        why: "a dead target waits for a replacement in its zone, although others serve it across zones",
        at_most: 2.82,
        cells: 13,
        explains: |it| {
            let fails_open = it.setup.is_cross_zone && it.setup.threshold != Threshold::default();
            let is_dead = (it.kind == Kind::Crash && it.is_by(&[Source::Dns, Source::Eni, Source::Both]))
                || (it.kind == Kind::ChecksFailInOneZone && it.is_by(&[Source::Dns]));
            fails_open && !it.setup.is_shifted && !it.is_registered_soon() && is_dead
        },
    },
    Explanation {
        why: "two healthy targets are wanted, and a zonal shift leaves one",
        at_most: 2.12,
        cells: 118,
        explains: |it| {
            let is_late = it.kind == Kind::NamesFail && it.is_by(&[Source::Dns]);
            it.setup.is_shifted && (it.kind == Kind::StopAtOnce || is_late)
        },
    },
    Explanation {
        why: "an unhealthy target that a zonal shift overrides may be `unhealthy.draining`",
        at_most: 0.71,
        cells: 144,
        explains: |it| it.setup.is_shifted && it.kind == Kind::ChecksFail,
    },
];

impl Loss {
    fn is_registered_soon(&self) -> bool {
        self.setup.registration <= Duration::from_secs(30)
    }

    fn is_by(&self, sources: &[Source]) -> bool {
        sources.iter().any(|source| self.controller == Controller::Function(*source))
    }
}

/// Asserts that each loss has an explanation, and returns how often each explains
/// one, and the most that is lost for it.
#[track_caller]
fn explained(losses: &[Loss]) -> Vec<(usize, f64)> {
    let mut found = vec![(0_usize, 0.0_f64); EXPLANATIONS.len()];
    let mut wrong = Vec::new();
    for loss in losses {
        let explains = |it: &Explanation| loss.percent <= it.at_most && (it.explains)(loss);
        match EXPLANATIONS.iter().position(explains) {
            Some(index) => found[index] = (found[index].0 + 1, found[index].1.max(loss.percent)),
            None => wrong.push(format!("{loss} {:#?}", loss.moments)),
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
    found
}

/// A few of all cells: each value of each dimension.
#[test]
fn no_set_up_fails_what_the_same_knowledge_would_have_served() {
    let few: Vec<Setup> = setups().into_iter().step_by(11).collect();
    explained(&losses(&few, &[Kind::ChecksFailInOneZone, Kind::UnreadyEarly]));
}

/// The matrix of docs/reliability.md.
#[test]
#[ignore = "takes minutes unless it is optimised: make simulate"]
fn every_set_up_serves_what_the_same_knowledge_would_have_served() {
    let losses = losses(&setups(), &Kind::ALL);
    crate::print("\nBeyond perfect judgement with the same knowledge:\n");
    for loss in &losses {
        crate::print(&loss.to_string());
    }
    let explained = explained(&losses);
    for (explanation, (cells, most)) in EXPLANATIONS.iter().zip(explained) {
        let why = explanation.why;
        crate::print(&format!("{cells} cells, at most {most:.2} %: {why}"));
        assert!(cells > 0, "this explains nothing: {why}");
        assert!(cells <= explanation.cells, "not {} cells, but {cells}: {why}", explanation.cells);
    }
}
