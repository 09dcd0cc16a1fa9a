//! What a run of the function decides for a target group of a model, and which
//! invariants hold it.

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

use super::answers::{Answer, FEWEST_SERVERS, answers};
use super::group::{Group, MOST_TARGETS, Set, has, numbers, those};
use crate::judge::{self, Listed, Place, Reading, Snapshot, State, Threshold};

const PORT: u16 = 443;

/// The constants of a model.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may be combined")]
pub(super) struct Setup {
    /// Where each target is.
    pub(super) places: &'static [Place],
    pub(super) is_cross_zone: bool,
    /// Whether a zonal shift away from zone a may begin and end.
    pub(super) can_shift: bool,
    /// Whether ELB may list the group as it was before the last write.
    pub(super) reads_lag: bool,
    /// Whether connections to unhealthy targets drain: ELB's
    /// `target_health_state.unhealthy.draining_interval_seconds` is not 0.
    pub(super) unhealthy_drain: bool,
}

impl Setup {
    /// No address, no zonal shift, and reads of the present.
    pub(super) const CALM: Self = Self {
        places: &[],
        is_cross_zone: false,
        can_shift: false,
        reads_lag: false,
        unhealthy_drain: false,
    };

    /// The same with zonal shifts and stale reads.
    pub(super) fn disturbed(self) -> Self {
        Self { can_shift: true, reads_lag: true, ..self }
    }
}

/// A model of one target group.
pub(super) struct Model {
    pub(super) setup: Setup,
    policy: Policy,
    allowed: AllowedCidrs,
    answers: Vec<Answer>,
    /// The planner's decisions so far.
    plans: RefCell<Vec<Option<Planned>>>,
    /// What a run may read and decide, by group.
    reads: RefCell<BTreeMap<Group, Rc<[Read]>>>,
}

/// What is desired, as a run reads it, and what it decides.
pub(super) type Read = (Set, Planned);

/// What the planner decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Planned {
    pub(super) register: Set,
    pub(super) deregister: Set,
}

/// Most runs that a quiet group needs: one registers, two ticks later its targets
/// are healthy or not, and the next deregisters. Then all is drained, and what
/// drained may be registered again.
const CONVERGES_WITHIN_RUNS: usize = 8;

impl Model {
    pub(super) fn new(setup: Setup, min_healthy: u16) -> Self {
        let min_healthy = NonZeroU16::new(min_healthy).expect("at least one");
        Self {
            setup,
            policy: Policy { sync: SyncPolicy::Sync, min_healthy },
            allowed: AllowedCidrs(vec!["10.0.0.0/8".parse().expect("a range")]),
            answers: answers((1 << setup.places.len()) - 1).into_iter().collect(),
            // Three bits for each target and one for the zonal shift; the answer.
            plans: vec![None; 1 << (3 * MOST_TARGETS + 1 + 2 * MOST_TARGETS + 1)].into(),
            reads: RefCell::default(),
        }
    }

    fn all(&self) -> Set {
        (1 << self.setup.places.len()) - 1
    }

    /// Everything that a run may read and decide now, except to do nothing.
    pub(super) fn reads(&self, group: Group) -> Result<Rc<[Read]>, String> {
        if let Some(reads) = self.reads.borrow().get(&group) {
            return Ok(Rc::clone(reads));
        }
        let reads = self.answers.iter().map(|answer| Ok((answer.desired, self.plan(*answer, group)?)));
        let reads: BTreeSet<Read> = reads.collect::<Result<_, String>>()?;
        let reads: Rc<[Read]> =
            reads.into_iter().filter(|(_, planned)| planned.register | planned.deregister != 0).collect();
        self.reads.borrow_mut().insert(group, Rc::clone(&reads));
        Ok(reads)
    }

    /// The decision of the shipped planner, and the invariant that it breaks,
    /// if any.
    fn plan(&self, answer: Answer, group: Group) -> Result<Planned, String> {
        let Answer { desired, half_named, is_confirmed } = answer;
        let index = u64::from(desired) << 5 | u64::from(half_named) << 1 | u64::from(is_confirmed);
        let index = usize::try_from(index << (3 * MOST_TARGETS + 1) | group.pack()).expect("few bits");
        if let Some(planned) = self.plans.borrow()[index] {
            return Ok(planned);
        }
        let planned = self.ask_planner(answer, group);
        let Planned { register, deregister } = planned;
        if deregister & (desired | half_named) != 0 {
            return Err(format!("only-named: deregisters what {answer:?} names: {planned:?}"));
        }
        if register & !desired != 0 {
            return Err(format!("only-named: registers what {answer:?} does not name: {planned:?}"));
        }
        if register & group.in_service() != 0 || deregister & !group.in_service() != 0 {
            return Err(format!("idempotent: {planned:?} changes nothing"));
        }
        if desired & !(group.in_service() | register) != 0 {
            return Err(format!("serve-all: {answer:?} is not in service after {planned:?}"));
        }
        if deregister != 0 && !is_confirmed {
            return Err(format!("no-write-on-doubt: a source gave no answer, and {planned:?}"));
        }
        self.plans.borrow_mut()[index] = Some(planned);
        Ok(planned)
    }

    fn ask_planner(&self, answer: Answer, group: Group) -> Planned {
        let addresses = Addresses::new(numbers(answer.desired).map(address), &self.allowed);
        let desired = Desired {
            addresses: addresses.expect("some, all allowed"),
            source: Source::Dns,
            named_by_one: numbers(answer.half_named).map(address).collect(),
            confirmed: answer.is_confirmed,
        };
        let listed = group.listed(self.setup.places).into_iter().enumerate();
        let current: Targets = listed.filter_map(|(n, listed)| Some((target(n), current(listed)?))).collect();
        let planned = plan(&desired, PORT, &current, self.policy);
        let (register, deregister) = (planned.register(), planned.deregister());
        Planned {
            register: those(|n| register.contains(&target(n))),
            deregister: those(|n| deregister.contains_key(&target(n))),
        }
    }

    /// Which invariant breaks if `taken` are deregistered now, by a run that read
    /// that `named` are desired and that could know all this.
    pub(super) fn judge(&self, group: Group, taken: Set, named: Set) -> Result<(), String> {
        let targets = group.listed(self.setup.places);
        let zones = self.setup.places.iter().map(|place| match place {
            Place::Zone(zone) => 1 << zone,
            Place::All | Place::Unknown => 0,
        });
        let snapshot = Snapshot {
            targets: &targets,
            zones: zones.fold(0, |zones, zone: judge::Zones| zones | zone),
            is_cross_zone: self.setup.is_cross_zone,
            threshold: Threshold::DEFAULT,
        };
        let needed = snapshot.zones_of(named.into());
        // Servers that a source names answer, and so do servers that pass their
        // checks. Any of the others may. The worst case: only the taken ones do.
        let answers = |reading: Reading| {
            let passing = those(|n| reading.passes(targets[n]));
            judge::Set::from(named | taken | passing)
        };
        if let Some(loss) = judge::loss(&[&snapshot], taken.into(), answers, needed) {
            return Err(format!("keep-last-server: the last that clients reach goes, {loss:?}"));
        }
        let healthy = those(|n| targets[n].state == State::Healthy && !targets[n].is_overridden);
        let needed = u32::from(self.policy.min_healthy.get()).min(named.count_ones().max(FEWEST_SERVERS));
        let left = (healthy & !taken).count_ones();
        if healthy & taken != 0 && left < needed {
            return Err(format!("keep-minimum: {left} healthy targets are left, not {needed}"));
        }
        Ok(())
    }

    /// Whether runs stop writing, with the right targets in service, once nothing
    /// happens any more, from `group` on: for all answers of the sources, and for
    /// all sets of targets that pass their checks.
    pub(super) fn converges(&self, group: Group) -> Result<(), String> {
        // Sources that differ without end are tried in the models of three addresses.
        let one_source = self.setup.places.len() == MOST_TARGETS;
        let tried = |answer: &&Answer| answer.is_confirmed && !(one_source && answer.half_named != 0);
        for answer in self.answers.iter().filter(tried) {
            for passing in 0..=self.all() {
                self.rests(group, *answer, passing).map_err(|why| {
                    format!(
                        "converge: {why}, from {group} with {answer:?} where {passing:#b} pass their checks"
                    )
                })?;
            }
        }
        Ok(())
    }

    fn rests(&self, mut group: Group, answer: Answer, passing: Set) -> Result<(), String> {
        let begin = group.in_service();
        let mut quiet = 0;
        for _ in 0..CONVERGES_WITHIN_RUNS {
            let Planned { register, deregister } = self.plan(answer, group)?;
            quiet = if register | deregister == 0 { quiet + 1 } else { 0 };
            group.register(register);
            group.deregister(deregister);
            for (n, state) in group.states.iter_mut().enumerate() {
                *state = match *state {
                    State::Absent | State::Draining => State::Absent,
                    State::Registering => State::Checking,
                    State::Checking
                    | State::Healthy
                    | State::Unhealthy
                    | State::UnhealthyDraining
                    | State::Unused
                    | State::Unavailable => {
                        if has(passing, n) {
                            State::Healthy
                        } else {
                            State::Unhealthy
                        }
                    }
                };
            }
        }
        if quiet < 2 {
            return Err("runs write on".to_owned());
        }
        let is_short = answer.desired.count_ones() < FEWEST_SERVERS && self.policy.min_healthy.get() > 1;
        let all_well =
            answer.desired & !passing == 0 || passing & begin == 0 && passing & answer.desired == 0;
        let settled = answer.desired | (begin & answer.half_named);
        let end = group.in_service();
        // Targets of a zone that is shifted away are not healthy until it ends.
        if all_well && !is_short && !group.is_shifted && end != settled {
            return Err(format!("{end:#b} stay"));
        }
        Ok(())
    }
}

/// What ELB lists of a target, as the planner is given it.
fn current(listed: Listed) -> Option<CurrentTarget> {
    let state = match listed.state {
        State::Absent => return None,
        State::Registering | State::Checking => TargetState::Initial,
        State::Healthy => TargetState::Healthy,
        State::Unhealthy | State::UnhealthyDraining => TargetState::Unhealthy,
        State::Unused => TargetState::Unused,
        State::Draining => TargetState::Draining,
        State::Unavailable => TargetState::Unavailable,
    };
    let zone = match listed.place {
        Place::Zone(zone) => Some(Zone::from(["a", "b", "c"][usize::from(zone)].to_owned())),
        Place::All => Some(Zone::All),
        Place::Unknown => None,
    };
    let is_overridden = listed.is_overridden || listed.state == State::UnhealthyDraining;
    Some(CurrentTarget { state, zone, is_overridden })
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, MIN_HEALTHY_TARGETS={}", self.setup, self.policy.min_healthy)
    }
}

fn address(n: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(n).expect("few targets")).into()
}

fn target(n: usize) -> Target {
    Target::new(address(n), PORT)
}
