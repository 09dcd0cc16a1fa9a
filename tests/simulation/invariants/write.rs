//! Judges a write when it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use eks_nlb_simulator::{Recorded, TargetState};

use super::known::{Known, is_contested, known, on_port};
use super::{Breach, FEWEST_SERVERS, Invariant, is_in_service};
use crate::ground_truth::{Moment, Numbering};
use crate::harness::{Harness, ProcessId};
use crate::judge;
use crate::witness::targets;

/// How long health that ELB listed may be acted on.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// One write, with everything that it is judged by.
struct Write<'a> {
    harness: &'a Harness,
    targets: BTreeSet<SocketAddr>,
    /// What the run may have concluded from its sources.
    known: BTreeSet<Known>,
    /// The group when ELB listed it to the run.
    seen: &'a Moment,
    /// The group right before the write.
    before: &'a Moment,
    /// An overlapping run got different answers.
    is_contested: bool,
    /// `seen` may be older than its answer.
    reads_lag: bool,
}

/// Judges a write that the process has just made; `before` are the groups right
/// before it.
pub(crate) fn judge_write(
    harness: &mut Harness,
    id: ProcessId,
    call: &Recorded,
    before: &BTreeMap<String, Moment>,
) {
    let registers = call.operation == "RegisterTargets";
    harness.tally.count(if registers { "RegisterTargets" } else { "DeregisterTargets" });
    let targets = targets(call);
    let group = call.target_group().expect("a write names a target group");
    if let Some(before) = before.get(group).filter(|_| !registers) {
        let healthy = before.healthy();
        harness.tally.add("healthy targets to be deregistered", (&healthy & &targets).len());
        if healthy.is_empty() && !before.may_get_connections().is_empty() {
            harness.tally.count("deregistrations while the load balancer fails open");
        }
    }
    let broken = judged(harness, id, group, &targets, before, registers);
    let named =
        |breach: Breach| breach.invariant.broken(format!("{} {targets:?}: {}", call.operation, breach.how));
    harness.broken.extend(broken.into_iter().map(named));
}

fn judged(
    harness: &Harness,
    id: ProcessId,
    group: &str,
    targets: &BTreeSet<SocketAddr>,
    before: &BTreeMap<String, Moment>,
    registers: bool,
) -> Vec<Breach> {
    let run = &harness.runs[&id];
    if run.options.dry {
        return vec![Invariant::DryRun.broken("a dry run writes")];
    }
    let Some(managed) = run.managed.get(group) else {
        return vec![Invariant::OnlyTagged.broken(format!("{group} is not managed"))];
    };
    let cluster = harness.truth.frontends[managed.frontend].cluster;
    if run.options.only.is_some_and(|only| only != cluster) {
        return vec![Invariant::OnlyTagged.broken(format!("the event does not name the cluster of {group}"))];
    }
    if !run.described.contains_key(&harness.truth.clusters[cluster].name) {
        return vec![Invariant::NoWriteOnDoubt.broken("EKS has not described the cluster")];
    }
    let known = known(harness, run, managed.frontend);
    if known.is_empty() {
        return vec![Invariant::NoWriteOnDoubt.broken("no source has named a usable address")];
    }
    let Some((seen, seen_at)) = run.seen.get(group) else {
        return vec![Invariant::NoWriteOnDoubt.broken("ELB has not listed the targets")];
    };
    // A group that is deleted by now is not written.
    let Some(before) = before.get(group) else { return Vec::new() };
    let is_contested = is_contested(harness, managed.frontend);
    let reads_lag = run.reads_lag;
    let write = Write { harness, targets: targets.clone(), known, seen, before, is_contested, reads_lag };
    if registers {
        return write.registration();
    }
    let mut broken = write.deregistration();
    if seen_at.elapsed() > FRESH_FOR {
        broken.push(Invariant::FreshHealth.broken(format!("health was read {:?} ago", seen_at.elapsed())));
    }
    broken
}

impl Write<'_> {
    fn registration(&self) -> Vec<Breach> {
        let Self { targets, known, seen, .. } = self;
        let mut broken = Vec::new();
        if !known.iter().any(|known| targets.is_subset(&on_port(&known.desired))) {
            broken.push(Invariant::OnlyNamed.broken(format!("known: {known:?}")));
        }
        for target in targets.iter().filter(|target| is_in_service(&seen.states, target)) {
            broken.push(Invariant::Idempotent.broken(format!("{target} is in service")));
        }
        broken
    }

    fn deregistration(&self) -> Vec<Breach> {
        let Self { harness, targets, known, seen, before, is_contested, reads_lag } = self;
        let mut broken = Vec::new();
        if harness.add_only {
            broken.push(Invariant::Idempotent.broken("add-only deregisters"));
        }
        for target in targets.iter().filter(|target| !is_in_service(&seen.states, target)) {
            broken.push(Invariant::Idempotent.broken(format!("{target} is not in service")));
        }
        // A single conclusion must justify the whole write.
        let fits = |known: &&Known| known.is_confirmed && on_port(&known.named).is_disjoint(targets);
        let desired: Vec<BTreeSet<SocketAddr>> =
            known.iter().filter(fits).map(|known| on_port(&known.desired)).collect();
        if desired.is_empty() {
            broken.push(Invariant::OnlyNamed.broken(format!("known: {known:?}")));
            return broken;
        }
        if *is_contested {
            return broken;
        }
        let losses = desired.iter().map(|desired| self.loss(desired));
        broken.extend(losses.collect::<Option<Vec<_>>>().and_then(|losses| losses.into_iter().next()));
        let is_listed = |target: &SocketAddr| {
            is_in_service(&before.states, target) || (*reads_lag && is_in_service(&seen.states, target))
        };
        let registered = |desired: &BTreeSet<_>| desired.iter().all(is_listed);
        if !desired.iter().any(registered) {
            let how = format!("desired targets are not in service: {before:?}, known: {known:?}");
            broken.push(Invariant::RegisterFirst.broken(how));
        }
        broken
    }

    /// What clients lose by this write, if `desired` justifies it.
    fn loss(&self, desired: &BTreeSet<SocketAddr>) -> Option<Breach> {
        let Self { seen, before, targets, .. } = self;
        let numbering = Numbering::of([*seen, *before], desired.iter().copied());
        let listed = [seen, before].map(|moment| numbering.listed(moment));
        let snapshots = [seen.snapshot(&listed[0]), before.snapshot(&listed[1])];
        let moments = [&snapshots[0], &snapshots[1]];
        let (taken, named) = (numbering.set(targets), numbering.set(desired));
        let needed = moments[0].zones_of(named) & moments[1].zones_of(named);
        // Servers that a source names answer, and so do servers that pass their
        // checks. Any of the others may. The worst case: only the taken ones do.
        let may_answer = |reading: judge::Reading| {
            let all = listed.iter().flat_map(|listed| listed.iter().enumerate());
            let passing = all.filter(|(_, listed)| reading.passes(**listed));
            passing.fold(named | taken, |set, (index, _)| set | 1 << index)
        };
        if let Some(loss) = judge::loss(&moments, taken, may_answer, needed) {
            return Some(
                Invariant::KeepLastServer.broken(format!("{loss:?}: {before:?}, {desired:?} desired")),
            );
        }
        // With a higher threshold a zone fails open although a target in it is
        // healthy. If that one is dead, the run cannot know that others serve.
        let healthy_live = |moment: &Moment| moment.healthy().is_subset(&before.lives);
        // Nor can it know that a target is dead whose checks are off, and which
        // therefore may count as healthy.
        let unchecked_live = |moment: &Moment| moment.unchecked().is_subset(&before.lives);
        let is_known = [*seen, *before]
            .into_iter()
            .all(|moment| unchecked_live(moment) && (before.has_default_threshold() || healthy_live(moment)));
        if is_known && desired.is_subset(&before.lives) {
            let live = numbering.set(&before.lives);
            if let Some(loss) = judge::loss(&moments, taken, |_| live, needed) {
                let how = format!("{loss:?}: {before:?}, {desired:?} desired");
                return Some(Invariant::KeepLastLiveServer.broken(how));
            }
        }
        self.short_of_minimum(desired)
    }

    fn short_of_minimum(&self, desired: &BTreeSet<SocketAddr>) -> Option<Breach> {
        let Self { harness, seen, targets, .. } = self;
        // The load balancer does not use a target where it is not enabled.
        let is_used = |target: &&SocketAddr| seen.states.get(target) != Some(&TargetState::Unused);
        let used = desired.iter().filter(is_used).count();
        let fewest = if desired.len() < FEWEST_SERVERS { FEWEST_SERVERS } else { 1 };
        let needed = harness.min_healthy.min(used.max(fewest));
        let healthy = seen.healthy();
        let left = (&healthy - targets).len();
        (!healthy.is_disjoint(targets) && left < needed).then(|| {
            let how = format!("{left} healthy targets are left, not {needed}: {seen:?}, {desired:?} desired");
            Invariant::KeepMinimum.broken(how)
        })
    }
}
