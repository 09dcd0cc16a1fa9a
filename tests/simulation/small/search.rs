//! Finds every state of a small world, and the shortest history to one in which
//! a promise is broken.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::run::{Planned, Small};
use super::world::{Group, Set};

/// The whole world at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) group: Group,
    runs: [Run; 2],
}

/// What a run has still to write; nothing once it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    register: Set,
    deregister: Set,
    /// What it was told is desired; nothing once something has changed that it
    /// could not know.
    named: Set,
}

impl Run {
    fn is_over(self) -> bool {
        self.register | self.deregister == 0
    }
}

impl State {
    fn of(group: Group, one: Run, other: Run) -> Self {
        let idle = |run: Run| if run.is_over() { Run::default() } else { run };
        let mut runs = [idle(one), idle(other)];
        // Which of the two it is makes no difference.
        runs.sort();
        Self { group, runs }
    }

    fn pack(self) -> u64 {
        let run = |run: Run| [run.register, run.deregister, run.named];
        let sets = self.runs.into_iter().flat_map(run);
        sets.fold(self.group.pack(), |packed, set| packed << 4 | u64::from(set))
    }

    /// What may come of it, or what is wrong.
    fn next(self, small: &Small, next: &mut Vec<Self>) -> Result<(), String> {
        let [one, other] = self.runs;
        self.elb_goes_on(next);
        for (run, other) in [(one, other), (other, one)] {
            if run.is_over() {
                self.reads(other, small, next)?;
            } else {
                self.writes(run, other, small, next)?;
            }
        }
        Ok(())
    }

    fn elb_goes_on(self, next: &mut Vec<Self>) {
        let of = |group, run: Run| Self::of(group, Run { named: 0, ..run }, Run::default());
        for (n, elb) in self.group.0.iter().enumerate() {
            for then in elb.then() {
                let mut group = self.group;
                group.0[n] = *then;
                next.extend(self.runs.map(|run| of(group, run)));
            }
        }
    }

    /// A run reads, beside one that was told the same if there is any.
    fn reads(self, other: Run, small: &Small, next: &mut Vec<Self>) -> Result<(), String> {
        for (named, Planned { register, deregister }) in small.reads(self.group)?.iter().copied() {
            if other.is_over() || other.named == named {
                next.push(Self::of(self.group, Run { register, deregister, named }, other));
                // It has registered before, and reads once more.
                next.push(Self::of(self.group, Run { register: 0, deregister, named }, other));
            }
        }
        Ok(())
    }

    fn writes(self, run: Run, other: Run, small: &Small, next: &mut Vec<Self>) -> Result<(), String> {
        let mut group = self.group;
        let left = if run.register != 0 {
            group.register(run.register);
            Run { register: 0, ..run }
        } else {
            if run.named != 0 {
                small.judge(group, run.deregister, run.named)?;
            }
            group.deregister(run.deregister);
            Run::default()
        };
        next.push(Self::of(group, left, other));
        // It dies after this write, or before it.
        next.push(Self::of(group, Run::default(), other));
        next.push(Self::of(self.group, Run::default(), other));
        Ok(())
    }
}

/// Every state that a history leads to, or the shortest history to one in
/// which a promise is broken.
pub(super) fn search(small: &Small) -> Result<Vec<State>, String> {
    let start = State::default();
    let mut known: HashSet<u64, BuildHasherDefault<Spread>> = HashSet::from_iter([start.pack()]);
    let (mut states, mut parents) = (vec![start], vec![0]);
    let (mut at, mut next) = (0, Vec::new());
    while at < states.len() {
        states[at].next(small, &mut next).map_err(|why| {
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
