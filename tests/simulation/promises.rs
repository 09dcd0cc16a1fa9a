//! Judges every write when it is made, and every run when it ends.
//!
//! Each rule below is cited by its number in the text of whatever breaks it;
//! what they promise, and what not, is said in the [crate's](crate)
//! documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use eks_nlb_simulator::{Recorded, TargetState, World};
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::Target;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};

use crate::history::Source;
use crate::stage::{Seat, Stage};
use crate::truth::{FrontendTruth, Moment, PORT, States, Zones, states};
use crate::witness::{Question, Witness, targets};

/// The addresses that the resolver told.
type Answer = BTreeSet<IpAddr>;

/// One write, with all that bears on it.
struct Write<'a> {
    stage: &'a Stage,
    frontend: usize,
    targets: BTreeSet<SocketAddr>,
    /// What the sources of addresses have told the run.
    told: BTreeSet<Told>,
    /// The group when ELB told the run of it.
    seen: &'a Moment,
    /// The group right before the write.
    before: &'a Moment,
    /// The zone that ELB puts each target in.
    placed: BTreeMap<SocketAddr, String>,
    /// Another run was told something else in the same tick.
    contested: bool,
}

/// Judges a write that `seat` has just made; `before` is how things were.
pub(crate) fn judge_write(stage: &mut Stage, seat: Seat, call: &Recorded, before: &BTreeMap<String, Moment>) {
    let registers = call.operation == "RegisterTargets";
    stage.tally.count(if registers { "RegisterTargets" } else { "DeregisterTargets" });
    let targets = targets(call);
    let group = call.target_group().expect("a write is about a target group");
    if let Some(before) = before.get(group).filter(|_| !registers) {
        let healthy = targets.iter().filter(|target| is_healthy(&before.states, target)).count();
        stage.tally.add("healthy targets to be deregistered", healthy);
        let getting = everywhere(&before.takes);
        if !getting.is_empty() && !getting.iter().any(|target| is_healthy(&before.states, target)) {
            stage.tally.count("deregistrations while the load balancer fails open");
        }
    }
    let broken = judged(stage, seat, group, &targets, before, registers);
    stage.broken.extend(broken.into_iter().map(|text| format!("{} {targets:?}: {text}", call.operation)));
}

fn judged(
    stage: &Stage,
    seat: Seat,
    group: &str,
    targets: &BTreeSet<SocketAddr>,
    before: &BTreeMap<String, Moment>,
    registers: bool,
) -> Vec<String> {
    let run = &stage.runs[&seat];
    if run.orders.dry {
        return vec!["rule 6: a dry run writes".to_owned()];
    }
    let Some(&frontend) = run.managed.get(group) else {
        return vec![format!("rule 4: {group} is none of ours")];
    };
    let cluster = stage.truth.frontends[frontend].cluster;
    if run.orders.only.is_some_and(|only| only != cluster) {
        return vec![format!("rule 4: the event is not about {group}")];
    }
    if !run.described.contains(&stage.truth.clusters[cluster].name) {
        return vec!["rule 5: EKS has not described the cluster".to_owned()];
    }
    let told = told(stage, run, frontend);
    if told.is_empty() {
        return vec!["rule 5: no usable address was told".to_owned()];
    }
    let Some((seen, seen_at)) = run.seen.get(group) else {
        return vec!["rule 5: ELB has not told the targets".to_owned()];
    };
    // A group that goes at this very call is not written.
    let Some(before) = before.get(group) else { return Vec::new() };
    let contested = is_contested(stage, frontend);
    let placed = zones(&stage.world, group);
    let write = Write { stage, frontend, targets: targets.clone(), told, seen, before, placed, contested };
    if registers {
        return write.registration();
    }
    let mut broken = write.deregistration();
    if seen_at.elapsed() > FRESH_FOR {
        broken.push(format!("rule 12: it rests on health of {:?} ago", seen_at.elapsed()));
    }
    broken
}

impl Write<'_> {
    fn registration(&self) -> Vec<String> {
        let Self { targets, told, seen, .. } = self;
        let mut broken = Vec::new();
        if !told.iter().any(|told| targets.is_subset(&on_port(&told.desired))) {
            broken.push(format!("rule 3: {told:?} was told"));
        }
        for target in targets.iter().filter(|target| in_service(&seen.states, target)) {
            broken.push(format!("rule 9: {target} is in service"));
        }
        broken
    }

    fn deregistration(&self) -> Vec<String> {
        let Self { stage, targets, told, seen, before, contested, .. } = self;
        let mut broken = Vec::new();
        if stage.add_only {
            broken.push("rule 9: add-only deregisters".to_owned());
        }
        for target in targets.iter().filter(|target| !in_service(&seen.states, target)) {
            broken.push(format!("rule 9: {target} is not in service"));
        }
        // One answer must justify it all.
        let fits = |told: &&Told| on_port(&told.named).is_disjoint(targets);
        let answers: Vec<BTreeSet<SocketAddr>> =
            told.iter().filter(fits).map(|told| on_port(&told.desired)).collect();
        if answers.is_empty() {
            broken.push(format!("rule 3: {told:?} was told"));
            return broken;
        }
        if *contested {
            return broken;
        }
        let mut losses = answers.iter().map(|answer| self.loss(answer));
        if losses.all(|loss| loss.is_some()) {
            broken.extend(self.loss(&answers[0]));
        }
        let registered =
            |answer: &BTreeSet<_>| answer.iter().all(|target| in_service(&before.states, target));
        if !answers.iter().any(registered) {
            broken.push(format!(
                "rule 7: desired targets are not in service: {before:?}, and {told:?} was told"
            ));
        }
        broken
    }

    /// What clients lose by this write, if `answer` justifies it.
    fn loss(&self, answer: &BTreeSet<SocketAddr>) -> Option<String> {
        let Self { stage, seen, before, .. } = self;
        let lives = |target: &SocketAddr| stage.truth.lives(self.frontend, *target);
        if let Some(place) = self.emptied(answer, |moment| &moment.takes) {
            return Some(format!("rule 1: the last target that gets connections {place} goes: {before:?}"));
        }
        if let Some(place) =
            self.emptied(answer, |moment| &moment.serves).filter(|_| answer.iter().all(lives))
        {
            return Some(format!("rule 2: the last target that serves {place} goes: {before:?}"));
        }
        let (getting, healthy) =
            (everywhere(&seen.takes), |target: &&SocketAddr| is_healthy(&seen.states, target));
        let left = getting.difference(&self.targets).filter(healthy).count();
        // Where the load balancer is not enabled, a target is of no use.
        let is_used = |target: &&SocketAddr| seen.states.get(target) != Some(&TargetState::Unused);
        let used = answer.iter().filter(is_used).count();
        let fewest = if answer.len() < FEWEST_SERVERS { FEWEST_SERVERS } else { 1 };
        let needed = stage.min_healthy.min(used.max(fewest));
        let takes_healthy = getting.intersection(&self.targets).any(|target| healthy(&target));
        (takes_healthy && left < needed).then(|| {
            format!("rule 8: {left} healthy targets are left, not {needed}: {seen:?}, and {answer:?} desired")
        })
    }

    /// Where this write takes all that there was when it was decided and that
    /// there is now: in all, or in a zone that `answer` names a target for.
    fn emptied(&self, answer: &BTreeSet<SocketAddr>, of: impl Fn(&Moment) -> &Zones) -> Option<String> {
        let (seen, now) = (of(self.seen), of(self.before));
        let takes_all = |there: &BTreeSet<SocketAddr>| !there.is_empty() && there.is_subset(&self.targets);
        if takes_all(&everywhere(seen)) && takes_all(&everywhere(now)) {
            return Some("in all zones".to_owned());
        }
        let is_named = |zone: &String| {
            let placed = answer.iter().filter_map(|target| self.placed.get(target));
            placed.into_iter().any(|own| own == zone || own == "all")
        };
        let mut zones = now.iter().filter(|(zone, _)| is_named(zone));
        let emptied = zones.find(|(zone, there)| takes_all(there) && seen.get(*zone).is_some_and(takes_all));
        emptied.map(|(zone, _)| format!("in {zone}"))
    }
}

/// What ELB said of health is good for so long.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// EKS has at least so many API servers, whatever DNS says.
const FEWEST_SERVERS: usize = 2;

/// The zone that ELB puts each target of `group` in.
fn zones(world: &World, group: &str) -> BTreeMap<SocketAddr, String> {
    let targets = world.target_group(group).targets.iter();
    targets
        .map(|(key, target)| (key.to_string().parse().expect("an address and a port"), target.zone.clone()))
        .collect()
}

/// The targets of all zones.
fn everywhere(zones: &Zones) -> BTreeSet<SocketAddr> {
    zones.values().flatten().copied().collect()
}

/// Judges a run that has ended by itself.
pub(crate) fn judge_run(stage: &mut Stage, seat: Seat, result: &Result<Report, CallError>) {
    let broken = match result {
        Ok(report) => {
            for item in &report.frontends {
                count(stage, item);
            }
            let items = report.frontends.iter();
            let mut broken: Vec<_> = items.filter_map(|item| judged_frontend(stage, seat, item)).collect();
            broken.extend(missing(stage, seat, report));
            broken
        }
        Err(error) => {
            stage.tally.count("runs that could not list");
            let run = &stage.runs[&seat];
            let mut broken = Vec::new();
            if run.writes > 0 {
                broken.push(format!("rule 5: nothing is listed, and yet something written: {error}"));
            }
            if !run.was_hindered(&[]) {
                broken.push(format!("rule 10: listing failed without a reason: {error}"));
            }
            broken
        }
    };
    stage.broken.extend(broken);
}

fn judged_frontend(stage: &Stage, seat: Seat, item: &FrontendReport) -> Option<String> {
    let run = &stage.runs[&seat];
    let group = &item.target_group.as_ref()?.0;
    let served =
        matches!(item.outcome, Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned);
    let Some(&frontend) = run.managed.get(group) else {
        return served.then(|| format!("rule 4: {group} is none of ours: {:?}", item.outcome));
    };
    let cluster = &stage.truth.clusters[stage.truth.frontends[frontend].cluster];
    let question = question(stage, frontend);
    let told = told(stage, run, frontend);
    let wrong = |rule: &str| Some(format!("{rule}: {item:?}"));
    if !served {
        let in_order = cluster.is_in_order()
            && !run.was_hindered(&[group, &cluster.name, &question.0])
            && !told.is_empty();
        return if in_order { wrong("rule 10: not served without a reason") } else { None };
    }
    let desired: Answer = item.desired.iter().copied().collect();
    let was_told = told.iter().any(|told| told.desired == desired);
    if !was_told || !run.described.contains(&cluster.name) || !run.seen.contains_key(group) {
        return wrong("rule 5: decided without knowing");
    }
    if run.orders.dry {
        return None;
    }
    let acknowledged =
        |writes: &BTreeMap<String, BTreeSet<SocketAddr>>| writes.get(group).cloned().unwrap_or_default();
    // Where no answer came, ELB has told since then whether it was done.
    let since = &run.seen[group].0.states;
    let found_done =
        run.unacknowledged.get(group).into_iter().flatten().filter(|target| !in_service(since, target));
    let mut deregistered = acknowledged(&run.deregistered);
    deregistered.extend(found_done);
    if !sockets(&item.registered).is_subset(&acknowledged(&run.registered))
        || !sockets(&item.deregistered).is_subset(&deregistered)
    {
        return wrong("rule 10: ELB has not been told so");
    }
    let there = stage.truth.groups().any(|there| there == group);
    let now = there.then(|| states(&stage.world, group)).filter(|_| !is_contested(stage, frontend))?;
    let registered = on_port(&desired).iter().all(|target| in_service(&now, target));
    if registered { None } else { wrong("rule 10: a desired target is not in service") }
}

/// The frontends that a report leaves out.
fn missing(stage: &Stage, seat: Seat, report: &Report) -> Option<String> {
    let run = &stage.runs[&seat];
    let told: BTreeSet<&str> =
        report.frontends.iter().filter_map(|item| Some(item.target_group.as_ref()?.0.as_str())).collect();
    let wanted =
        |frontend: usize| run.orders.only.is_none_or(|only| stage.truth.frontends[frontend].cluster == only);
    let mut missing = run.managed.iter().filter(|(group, frontend)| {
        wanted(**frontend)
            && !told.contains(group.as_str())
            && stage.truth.groups().any(|there| there == group.as_str())
    });
    missing.next().map(|(group, _)| format!("rule 10: the report says nothing of {group}"))
}

/// Compares what a dry run planned with what the run after it did.
pub(crate) fn judge_plan(stage: &mut Stage, dry: (Seat, &Report), real: (Seat, &Report)) {
    let [planned, done] = [dry.0, real.0].map(|seat| &stage.runs[&seat]);
    let hindered = |run: &Witness| {
        run.managed.iter().any(|(group, frontend)| {
            let name = &stage.truth.clusters[stage.truth.frontends[*frontend].cluster].name;
            run.was_hindered(&[group, name, &question(stage, *frontend).0])
        })
    };
    // Health may change in the middle of a run.
    let health = |run: &Witness| -> BTreeMap<String, States> {
        run.seen.iter().map(|(group, (seen, _))| (group.clone(), seen.states.clone())).collect()
    };
    let same_world = planned.told == done.told
        && planned.interfaces == done.interfaces
        && health(planned) == health(done)
        && planned.managed == done.managed
        // A target group may go in the middle of a run.
        && done.managed == stage.truth.managed();
    if !same_world || hindered(planned) || hindered(done) {
        return;
    }
    stage.tally.count("plans compared with what was done");
    let told = |report: &Report| -> Vec<_> {
        let items = report.frontends.iter();
        items
            .map(|e| {
                (e.target_group.clone(), sockets(&e.registered), sockets(&e.deregistered), e.withheld.clone())
            })
            .collect()
    };
    if told(dry.1) != told(real.1) {
        stage.broken.push(format!("rule 6: planned {:?}, done {:?}", dry.1.frontends, real.1.frontends));
    }
}

/// What is not yet as it should be, or not any more, in a world at peace.
pub(crate) fn unsettled(stage: &Stage) -> Option<String> {
    stage.truth.frontends.iter().enumerate().find_map(|(index, frontend)| {
        let group = frontend.group.as_deref().expect("it was restored");
        let now = Moment::of(&stage.world, group, |target| stage.truth.lives(index, *target));
        let desired = stage.truth.desired(index);
        let there = serving(&now.states);
        // A stale target stays only while clients may still be sent to it and
        // something is wrong with those that should replace it.
        let healthy = desired.iter().filter(|target| is_healthy(&now.states, target)).count();
        let all_well = healthy == desired.len() && healthy >= stage.min_healthy.min(FEWEST_SERVERS);
        let getting = everywhere(&now.takes);
        let may_stay = |target: &&SocketAddr| stage.add_only || (!all_well && getting.contains(target));
        let settled = desired.is_subset(&there) && there.difference(&desired).all(|target| may_stay(&target));
        (!settled).then(|| format!("{group} has {now:?}, and {desired:?} serve"))
    })
}

/// The targets in service.
fn serving(states: &States) -> BTreeSet<SocketAddr> {
    states.keys().filter(|target| in_service(states, target)).copied().collect()
}

fn count(stage: &mut Stage, item: &FrontendReport) {
    stage.tally.count(match &item.outcome {
        Outcome::Converged => "frontends converged",
        Outcome::Waiting => "frontends waiting",
        Outcome::Changed => "frontends changed",
        Outcome::Planned => "frontends planned",
        Outcome::Skipped { .. } => "frontends skipped",
        Outcome::Failed { error } => error.code.as_str(),
    });
    stage.tally.add("targets registered", item.registered.len());
    stage.tally.add("targets deregistered", item.deregistered.len());
    stage.tally.add("targets withheld", item.withheld.len());
}

/// What DNS is asked for a frontend.
fn question(stage: &Stage, frontend: usize) -> Question {
    let frontend = &stage.truth.frontends[frontend];
    let host = stage.world.host(&stage.truth.clusters[frontend.cluster].name);
    (host.to_lowercase(), frontend.ipv6)
}

/// What a run was told by the sources of addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    desired: Answer,
    /// What any source names.
    named: Answer,
}

/// Everything that `run` can take for desired of `frontend`.
fn told(stage: &Stage, run: &Witness, frontend: usize) -> BTreeSet<Told> {
    let FrontendTruth { cluster, ipv6, .. } = stage.truth.frontends[frontend];
    let interfaces = run.interfaces.get(&stage.truth.clusters[cluster].name).into_iter().flatten();
    let interfaces: Answer = interfaces.copied().filter(|ip| ip.is_ipv6() == ipv6).collect();
    let dns = run.told.get(&question(stage, frontend)).into_iter().flatten();
    let told: Vec<Told> = match stage.source {
        Source::Dns => dns.map(|dns| Told { desired: dns.clone(), named: dns.clone() }).collect(),
        Source::Interfaces => vec![Told { desired: interfaces.clone(), named: interfaces }],
        Source::Both => {
            dns.map(|dns| Told { desired: dns & &interfaces, named: dns | &interfaces }).collect()
        }
    };
    told.into_iter().filter(|told| !told.desired.is_empty()).collect()
}

/// Whether two runs at once were told different things.
fn is_contested(stage: &Stage, frontend: usize) -> bool {
    let told: BTreeSet<Told> = stage.runs.values().flat_map(|run| told(stage, run, frontend)).collect();
    stage.runs.len() > 1 && told.len() > 1
}

fn is_healthy(states: &States, target: &SocketAddr) -> bool {
    states.get(target) == Some(&TargetState::Healthy)
}

fn in_service(states: &States, target: &SocketAddr) -> bool {
    states.get(target).is_some_and(|state| *state != TargetState::Draining)
}

fn on_port(answer: &Answer) -> BTreeSet<SocketAddr> {
    answer.iter().map(|ip| SocketAddr::new(*ip, PORT)).collect()
}

fn sockets(targets: &[Target]) -> BTreeSet<SocketAddr> {
    targets.iter().map(|target| SocketAddr::new(target.ip(), target.port())).collect()
}
