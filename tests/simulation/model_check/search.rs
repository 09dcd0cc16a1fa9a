//! Finds every state of a model, and the shortest history to one in which an
//! invariant is broken.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::group::{Group, Set};
use super::model::{Model, Planned};

/// Everything at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) group: Group,
    /// The group before the last write, while ELB may still list it, and what
    /// was desired when it was written.
    past: Option<(Group, Set)>,
    runs: [Run; 2],
}

/// What a run has still to write; empty once it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    register: Set,
    deregister: Set,
    /// What it read is desired; empty once something has changed that it could
    /// not know.
    named: Set,
}

impl Run {
    fn is_over(self) -> bool {
        self.register | self.deregister == 0
    }
}

impl State {
    const START: Self =
        Self { group: Group::EMPTY, past: None, runs: [Run { register: 0, deregister: 0, named: 0 }; 2] };

    fn of(group: Group, past: Option<(Group, Set)>, one: Run, other: Run) -> Self {
        let idle = |run: Run| if run.is_over() { Run::default() } else { run };
        let mut runs = [idle(one), idle(other)];
        // Which of the two it is makes no difference.
        runs.sort();
        Self { group, past: past.filter(|(past, _)| *past != group), runs }
    }

    fn pack(self) -> u64 {
        let run = |run: Run| [run.register, run.deregister, run.named];
        let past = self.past.map_or(0, |(group, named)| (group.pack() << 4 | u64::from(named)) << 1 | 1);
        let sets = self.runs.into_iter().flat_map(run);
        sets.fold(past << 13 | self.group.pack(), |packed, set| packed << 4 | u64::from(set))
    }

    /// The next states, or the invariant that is broken.
    fn next(self, model: &Model, next: &mut Vec<Self>) -> Result<(), String> {
        let [one, other] = self.runs;
        self.elb_moves(model, next);
        for (run, other) in [(one, other), (other, one)] {
            if run.is_over() {
                self.reads(other, model, next)?;
            } else {
                self.writes(run, other, model, next)?;
            }
        }
        Ok(())
    }

    fn elb_moves(self, model: &Model, next: &mut Vec<Self>) {
        let mut groups = Vec::new();
        self.group.next(model.setup, &mut groups);
        for group in groups {
            for run in self.runs {
                next.push(Self::of(group, None, Run { named: 0, ..run }, Run::default()));
            }
        }
    }

    /// A run reads. A run that overlaps it has read the same addresses.
    fn reads(self, other: Run, model: &Model, next: &mut Vec<Self>) -> Result<(), String> {
        let mut begin = |named, planned: Planned, other| {
            let Planned { register, deregister } = planned;
            next.push(Self::of(self.group, self.past, Run { register, deregister, named }, other));
            // It has registered before, and reads once more.
            next.push(Self::of(self.group, self.past, Run { register: 0, deregister, named }, other));
        };
        for (named, planned) in model.reads(self.group)?.iter().copied() {
            if other.is_over() || other.named == named {
                begin(named, planned, other);
            }
        }
        let Some((past, written_for)) = self.past else { return Ok(()) };
        for (named, planned) in model.reads(past)?.iter().copied() {
            // A run that read other addresses wrote what this one cannot know.
            if named != written_for {
                begin(0, planned, Run::default());
            } else if other.is_over() || other.named == named {
                begin(named, planned, other);
            }
        }
        Ok(())
    }

    fn writes(self, run: Run, other: Run, model: &Model, next: &mut Vec<Self>) -> Result<(), String> {
        let mut group = self.group;
        let left = if run.register != 0 {
            group.register(run.register);
            Run { register: 0, ..run }
        } else {
            if run.named != 0 {
                model.judge(group, run.deregister, run.named)?;
            }
            group.deregister(run.deregister);
            Run::default()
        };
        let past = model.setup.reads_lag.then_some((self.group, run.named));
        next.push(Self::of(group, past, left, other));
        // It is killed after this write, or before it.
        next.push(Self::of(group, past, Run::default(), other));
        next.push(Self::of(self.group, self.past, Run::default(), other));
        Ok(())
    }
}

/// Every state that a history leads to, or the shortest history to one in which
/// an invariant is broken.
pub(super) fn search(model: &Model) -> Result<Vec<State>, String> {
    let mut known: HashSet<u64, BuildHasherDefault<Spread>> = HashSet::from_iter([State::START.pack()]);
    let (mut states, mut parents) = (vec![State::START], vec![0]);
    let (mut at, mut next) = (0, Vec::new());
    while at < states.len() {
        states[at].next(model, &mut next).map_err(|why| {
            let mut history = VecDeque::from([at]);
            while history[0] != 0 {
                history.push_front(parents[history[0]]);
            }
            let lines: Vec<_> = history.iter().map(|at| format!("{:?}", states[*at])).collect();
            format!("{why}\n{}", lines.join("\n"))
        })?;
        for state in next.drain(..) {
            if known.insert(state.pack()) {
                states.push(state);
                parents.push(at);
            }
        }
        at += 1;
    }
    Ok(states)
}

/// Spreads packed states over a table; the standard hasher takes most of the time.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, _: &[u8]) {
        unreachable!("states are packed");
    }

    fn write_u64(&mut self, packed: u64) {
        self.0 = packed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
