//! Decides when API servers start and stop and what DNS says; does nothing.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::{STEP, TICK};

/// How long an old server stays up after DNS last named it.
///
/// What it takes to replace a target: until the next tick, until the new one
/// is registered and has passed its checks, and until the tick after that.
pub const OVERLAP: Duration = Duration::from_mins(6);

/// How long after a replacement, at least, the next begins.
const REST: Duration = Duration::from_mins(2);

/// How a control plane is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One server by another.
    One,
    /// All servers by two.
    All,
    /// The same, and DNS tells old and new in turn for some minutes.
    Flapping,
    /// The same, and DNS first names only one of the new ones.
    Halves,
    /// All by as many at the addresses that the cluster had before.
    Back,
    /// Two are added.
    Grow,
    /// All by two that stay up until every target has drained.
    Slow,
    /// One server dies unannounced, and is then replaced by another.
    Crash,
    /// All by two, but the old ones stop when DNS moves.
    Gap,
}

impl Kind {
    /// The kinds in which EKS does what it should.
    pub const ORDERLY: [Self; 7] =
        [Self::One, Self::All, Self::Flapping, Self::Halves, Self::Back, Self::Grow, Self::Slow];

    /// `n` replacements of every kind, of which one in ten is not orderly.
    #[must_use]
    pub fn mix(n: usize) -> Vec<Self> {
        let orderly = Self::ORDERLY.into_iter().cycle();
        let kind = |(n, orderly)| match n % 20 {
            9 => Self::Crash,
            19 => Self::Gap,
            _ => orderly,
        };
        (0..n).zip(orderly).map(kind).collect()
    }
}

/// A server, by its subnet and its number there.
pub(super) type Server = (u8, u8);

/// What happens in one step, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Servers that start.
    pub(super) start: Vec<Server>,
    /// Servers that stop.
    pub(super) stop: Vec<Server>,
    /// What DNS says from now on.
    pub(super) names: Option<Vec<Server>>,
    /// Servers that will have stopped by the next tick but one, as planned.
    pub(super) leaving: BTreeSet<Server>,
    /// Whether controllers run.
    pub(super) tick: bool,
}

/// The control plane as it is planned.
#[derive(Debug)]
pub(super) struct Schedule {
    servers: Vec<Server>,
    /// The addresses that the cluster had before.
    before: Vec<Server>,
    /// Servers that will stop: when, counted in steps from the next one.
    stopping: Vec<(usize, Server)>,
    /// Whether the next step is a tick.
    tick: bool,
    made: u16,
}

impl Schedule {
    /// A control plane of two servers.
    pub(super) fn new() -> Self {
        let mut schedule =
            Self { servers: Vec::new(), before: Vec::new(), stopping: Vec::new(), tick: true, made: 0 };
        schedule.servers = schedule.fresh(2);
        schedule.before.clone_from(&schedule.servers);
        schedule
    }

    /// The servers that DNS names once all is quiet.
    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The steps of the next replacement.
    pub(super) fn replace(&mut self, kind: Kind) -> Vec<Step> {
        let old = self.servers.clone();
        let new = self.successors(kind);
        let moving = steps(TICK);
        let answers = answers(kind, &old, &new);
        let named = moving + steps(TICK) * (answers.len() - 1);
        let leaving = old.iter().filter(|server| !new.contains(server)).copied();
        let (stop_at, crashed) = match kind {
            Kind::Crash => (1, true),
            Kind::Gap => (named, false),
            Kind::Slow => (named + steps(OVERLAP) * 2, false),
            Kind::One | Kind::All | Kind::Flapping | Kind::Halves | Kind::Back | Kind::Grow => {
                (named + steps(OVERLAP), false)
            }
        };
        // One step more or less: DNS moves at ticks, and between them.
        let length = named + steps(OVERLAP) + steps(REST) + usize::from(self.made.is_multiple_of(2));
        let planned = self.stopping.len();
        self.stopping.extend(leaving.map(|server| (stop_at, server)));

        let mut answers = VecDeque::from(answers);
        let mut made = Vec::new();
        for n in 0..length {
            let mut step = Step { tick: self.tick, ..Step::default() };
            if n == 0 {
                step.start = new.iter().filter(|server| !old.contains(server)).copied().collect();
            }
            if n >= moving && (n - moving).is_multiple_of(steps(TICK)) {
                step.names = answers.pop_front();
            }
            let due = self.stopping.iter().filter(|(at, _)| *at == n);
            step.stop = due.map(|(_, server)| *server).collect();
            // Nobody is told of a server that dies.
            let known = if crashed { planned } else { self.stopping.len() };
            let known = self.stopping.iter().take(known);
            let soon = known.filter(|(at, _)| (n..=n + steps(TICK)).contains(at));
            step.leaving = soon.map(|(_, server)| *server).collect();
            self.tick = !self.tick;
            made.push(step);
        }
        self.stopping.retain(|(at, _)| *at >= length);
        for (at, _) in &mut self.stopping {
            *at -= length;
        }
        self.before = old;
        self.servers = new;
        made
    }

    /// The servers after the next replacement.
    fn successors(&mut self, kind: Kind) -> Vec<Server> {
        let old = self.servers.clone();
        match kind {
            Kind::All | Kind::Flapping | Kind::Halves | Kind::Slow | Kind::Gap => self.fresh(2),
            Kind::Grow => [old, self.fresh(2)].concat(),
            Kind::One | Kind::Crash => {
                let mut new = self.fresh(1);
                new.extend(old.into_iter().skip(1));
                new
            }
            Kind::Back => {
                let mut back = self.before.clone();
                back.retain(|server| !old.contains(server) && !self.is_up(*server));
                if back.is_empty() { self.fresh(2) } else { back }
            }
        }
    }

    /// `n` addresses that were not in use for long, the subnets in turn.
    fn fresh(&mut self, n: u16) -> Vec<Server> {
        let made = self.made..self.made + n;
        self.made += n;
        // Three subnets with 200 addresses each, from the tenth.
        let server = |n: u16| (1 + n % 3, 10 + n / 3 % 200);
        let small = |n: u16| u8::try_from(n).expect("below 210");
        made.map(server).map(|(subnet, host)| (small(subnet), small(host))).collect()
    }

    fn is_up(&self, server: Server) -> bool {
        self.stopping.iter().any(|(_, stopping)| *stopping == server)
    }
}

/// What DNS says while a control plane is replaced, minute by minute.
fn answers(kind: Kind, old: &[Server], new: &[Server]) -> Vec<Vec<Server>> {
    let (old, new) = (old.to_vec(), new.to_vec());
    match kind {
        Kind::Flapping => vec![new.clone(), old.clone(), [old, new.clone()].concat(), new],
        Kind::Halves => vec![new.iter().take(1).copied().collect(), new],
        // Two minutes until EKS has found out.
        Kind::Crash => vec![old.clone(), old, new],
        Kind::One | Kind::All | Kind::Back | Kind::Grow | Kind::Slow | Kind::Gap => vec![new],
    }
}

/// `time` in steps.
fn steps(time: Duration) -> usize {
    usize::try_from(time.as_secs() / STEP.as_secs()).expect("minutes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is up, and whom DNS names, after each step of `kinds`.
    fn lives(kinds: &[Kind]) -> Vec<(Step, BTreeSet<Server>, Vec<Server>)> {
        let mut schedule = Schedule::new();
        let mut up: BTreeSet<_> = schedule.servers().iter().copied().collect();
        let mut named = schedule.servers().to_vec();
        let mut lives = Vec::new();
        for &kind in kinds {
            for step in schedule.replace(kind) {
                for server in &step.start {
                    assert!(up.insert(*server), "{kind:?}: {server:?} is up already");
                }
                for server in &step.stop {
                    assert!(up.remove(server), "{kind:?}: {server:?} is not up");
                }
                named = step.names.clone().unwrap_or(named);
                lives.push((step, up.clone(), named.clone()));
            }
        }
        lives
    }

    #[test]
    fn dns_names_live_servers_only_unless_one_is_lost_without_notice() {
        for (step, up, named) in lives(&[Kind::ORDERLY, Kind::ORDERLY].concat()) {
            assert!(named.iter().all(|server| up.contains(server)), "{step:?}: {named:?} of {up:?}");
        }
    }

    #[test]
    fn an_old_server_outlives_its_name_by_the_overlap() {
        let lives = lives(&[Kind::ORDERLY, Kind::ORDERLY].concat());
        for (n, (step, ..)) in lives.iter().enumerate() {
            for server in &step.stop {
                let since = lives[..n].iter().rev().take_while(|(.., named)| !named.contains(server));
                assert!(since.count() >= steps(OVERLAP), "{server:?} stops at {n}");
            }
        }
    }

    #[test]
    fn what_will_stop_is_told_in_time_but_for_a_crash() {
        for kind in Kind::ORDERLY.into_iter().chain([Kind::Crash, Kind::Gap]) {
            for (n, (step, ..)) in lives(&[kind]).iter().enumerate() {
                for server in &step.stop {
                    assert_eq!(step.leaving.contains(server), kind != Kind::Crash, "{kind:?} at {n}");
                }
            }
        }
    }

    #[test]
    fn every_second_step_is_a_tick() {
        let ticks: Vec<_> = lives(&Kind::mix(40)).iter().map(|(step, ..)| step.tick).collect();
        assert!(ticks[0]);
        assert!(ticks.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
