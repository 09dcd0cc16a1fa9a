//! What a run of the function does in a small world, and what it may not do.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::rc::Rc;

use eks_nlb_sync::model::{
    Addresses, AllowedCidrs, CurrentTarget, Desired, Source, Target, TargetState, Targets, Zone,
};
use eks_nlb_sync::plan::{Policy, SyncPolicy, plan};

use super::world::{A, ALL, B, Elb, Group, MOST_TARGETS, Place, Set, has, numbers};
use crate::truth::PORT;

/// A small world, before anything happens in it.
pub(super) struct Small {
    places: &'static [Place],
    policy: Policy,
    /// What the planner says, once it has been asked.
    plans: RefCell<Vec<Option<Planned>>>,
    /// What a run may read and decide, group by group.
    reads: RefCell<BTreeMap<Group, Rc<[Read]>>>,
}

/// What is desired, as a run is told, and what it decides.
pub(super) type Read = (Set, Planned);

/// An answer of the sources of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    desired: Set,
    /// What one of two sources names besides.
    half_named: Set,
}

/// What the planner decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Planned {
    pub(super) register: Set,
    pub(super) deregister: Set,
}

/// Most runs that a quiet world needs: one registers, two ticks later its
/// targets are healthy or not, and the next deregisters. Then all is drained,
/// and what drained may be registered again.
const RESTS_WITHIN_RUNS: usize = 8;

/// EKS has at least so many API servers, whatever DNS says.
const FEWEST_SERVERS: u32 = 2;

impl Small {
    pub(super) fn new(places: &'static [Place], min_healthy: u16) -> Self {
        let min_healthy = NonZeroU16::new(min_healthy).expect("at least one");
        let policy = Policy { sync: SyncPolicy::Sync, min_healthy };
        // Two sets and three bits for each target.
        let plans = vec![None; 1 << (5 * MOST_TARGETS)].into();
        Self { places, policy, plans, reads: RefCell::default() }
    }

    fn all(&self) -> Set {
        (1 << self.places.len()) - 1
    }

    /// Every answer that there may be.
    fn answers(&self) -> impl Iterator<Item = Answer> {
        let sets = move || 0..=self.all();
        let pairs = sets().flat_map(move |desired| sets().map(move |half_named| (desired, half_named)));
        pairs
            .filter(|(desired, half_named)| *desired != 0 && desired & half_named == 0)
            .map(|(desired, half_named)| Answer { desired, half_named })
    }

    /// All that a run may read and decide now, but for deciding nothing.
    pub(super) fn reads(&self, group: Group) -> Result<Rc<[Read]>, String> {
        if let Some(reads) = self.reads.borrow().get(&group) {
            return Ok(Rc::clone(reads));
        }
        let reads = self.answers().map(|answer| Ok((answer.desired, self.plan(answer, group)?)));
        let reads: BTreeSet<Read> = reads.collect::<Result<_, String>>()?;
        let reads: Rc<[Read]> =
            reads.into_iter().filter(|(_, planned)| planned.register | planned.deregister != 0).collect();
        self.reads.borrow_mut().insert(group, Rc::clone(&reads));
        Ok(reads)
    }

    /// What the shipped planner decides, and whether it may.
    fn plan(&self, answer: Answer, group: Group) -> Result<Planned, String> {
        let index = usize::from(answer.desired) << 4 | usize::from(answer.half_named);
        let index = index << (3 * MOST_TARGETS) | usize::try_from(group.pack()).expect("some bits");
        if let Some(planned) = self.plans.borrow()[index] {
            return Ok(planned);
        }
        let planned = self.ask(answer, group);
        let Planned { register, deregister } = planned;
        if deregister & (answer.desired | answer.half_named) != 0 {
            return Err(format!("rule 3: deregisters what {answer:?} names: {planned:?}"));
        }
        if register & !answer.desired != 0 {
            return Err(format!("rule 3: registers what {answer:?} does not name: {planned:?}"));
        }
        if register & group.in_service() != 0 || deregister & !group.in_service() != 0 {
            return Err(format!("rule 9: {planned:?} changes nothing"));
        }
        if answer.desired & !(group.in_service() | register) != 0 {
            return Err(format!("rule 10: {answer:?} is not in service after {planned:?}"));
        }
        self.plans.borrow_mut()[index] = Some(planned);
        Ok(planned)
    }

    fn ask(&self, answer: Answer, group: Group) -> Planned {
        let allowed = AllowedCidrs(vec!["10.0.0.0/8".parse().expect("a range")]);
        let addresses = Addresses::new(numbers(answer.desired).map(address), &allowed).expect("allowed");
        let desired = Desired {
            named_by_one: numbers(answer.half_named).map(address).collect(),
            ..Desired::by(Source::Dns, addresses)
        };
        let current = self.places.iter().enumerate().filter_map(|(n, place)| {
            let state = match group.0[n] {
                Elb::Absent => return None,
                Elb::Registering | Elb::Checking => TargetState::Initial,
                Elb::Healthy => TargetState::Healthy,
                Elb::Unhealthy => TargetState::Unhealthy,
                Elb::Draining => TargetState::Draining,
            };
            let zone = Zone::from(
                if *place == ALL { "all" } else { ["a", "b"][usize::from(*place == B)] }.to_owned(),
            );
            Some((target(n), CurrentTarget { state, zone: Some(zone), is_overridden: false }))
        });
        let current: Targets = current.collect();
        let planned = plan(&desired, PORT, &current, self.policy);
        let set = |has: &dyn Fn(&Target) -> bool| {
            (0..MOST_TARGETS).filter(|n| has(&target(*n))).fold(0, |set, n| set | 1 << n)
        };
        Planned {
            register: set(&|target| planned.register().contains(target)),
            deregister: set(&|target| planned.deregister().contains_key(target)),
        }
    }

    /// What is wrong with deregistering `taken` right now, for a run that was
    /// told that `named` are desired, and that could know all this.
    pub(super) fn judge(&self, group: Group, taken: Set, named: Set) -> Result<(), String> {
        let before = group.takes();
        if let Some(place) = self.emptied(before, taken, named) {
            return Err(format!("rule 1: the last target that gets connections {place} goes"));
        }
        // DNS is honest: whatever it names serves. Of the others, any may.
        for serves in (0..=self.all()).filter(|serves| named & !serves == 0) {
            if let Some(place) = self.emptied(before & serves, taken, named) {
                return Err(format!("rule 2: the last target that serves {place} goes, if {serves:#b} do"));
            }
        }
        let needed = u32::from(self.policy.min_healthy.get()).min(named.count_ones().max(FEWEST_SERVERS));
        let left = (before & !taken).count_ones();
        if before & taken != 0 && left < needed {
            return Err(format!("rule 8: {left} targets that get connections are left, not {needed}"));
        }
        Ok(())
    }

    /// Where `taken` are the last of `there`: in all zones, or in one that has
    /// one of `named`.
    fn emptied(&self, there: Set, taken: Set, named: Set) -> Option<&'static str> {
        let takes_all = |there: Set| there != 0 && there & !taken == 0;
        let is_in = |zone: Place| (0..self.places.len()).filter(move |n| self.places[*n] & zone != 0);
        let of = |zone: Place| is_in(zone).fold(0, |set, n| set | 1 << n);
        [(ALL, "in all zones"), (A, "in zone a"), (B, "in zone b")]
            .into_iter()
            .find(|(zone, _)| named & of(*zone) != 0 && takes_all(there & of(*zone)))
            .map(|(_, place)| place)
    }

    /// Whether runs end up writing nothing, and with what they should, once
    /// nothing happens any more, from `group` on: whatever DNS names, and
    /// whoever passes the checks.
    pub(super) fn comes_to_rest(&self, group: Group) -> Result<(), String> {
        // Sources that differ for ever are seen in the worlds of three addresses.
        let one_source = self.places.len() == MOST_TARGETS;
        for answer in self.answers().filter(|answer| !one_source || answer.half_named == 0) {
            for passes in 0..=self.all() {
                self.rests(group, answer, passes).map_err(|why| {
                    format!(
                        "rule 11: {why}, from {group} with {answer:?} where {passes:#b} pass their checks"
                    )
                })?;
            }
        }
        Ok(())
    }

    fn rests(&self, mut group: Group, answer: Answer, passes: Set) -> Result<(), String> {
        let begin = group.in_service();
        let mut quiet = 0;
        for _ in 0..RESTS_WITHIN_RUNS {
            let Planned { register, deregister } = self.plan(answer, group)?;
            quiet = if register | deregister == 0 { quiet + 1 } else { 0 };
            group.register(register);
            group.deregister(deregister);
            for (n, elb) in group.0.iter_mut().enumerate() {
                *elb = match *elb {
                    Elb::Absent | Elb::Draining => Elb::Absent,
                    Elb::Registering => Elb::Checking,
                    Elb::Checking | Elb::Healthy | Elb::Unhealthy if has(passes, n) => Elb::Healthy,
                    Elb::Checking | Elb::Healthy | Elb::Unhealthy => Elb::Unhealthy,
                };
            }
        }
        if quiet < 2 {
            return Err("runs write on".to_owned());
        }
        let is_short = answer.desired.count_ones() < FEWEST_SERVERS && self.policy.min_healthy.get() > 1;
        let all_well = answer.desired & !passes == 0 || passes & begin == 0 && passes & answer.desired == 0;
        let settled = answer.desired | (begin & answer.half_named);
        let end = group.in_service();
        if all_well && !is_short && end != settled {
            return Err(format!("{end:#b} stay"));
        }
        Ok(())
    }
}

impl fmt::Display for Small {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> =
            self.places.iter().map(|place| ["", "a", "b", "all"][usize::from(*place)]).collect();
        write!(f, "addresses in {}, MIN_HEALTHY_TARGETS={}", places.join(", "), self.policy.min_healthy)
    }
}

fn address(n: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(n).expect("few targets")).into()
}

fn target(n: usize) -> Target {
    Target::new(address(n), PORT)
}
