//! Judges a run when it has ended, by its report.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::Target;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};

use super::known::{is_contested, known, on_port, question};
use super::{Breach, Invariant, is_in_service};
use crate::ground_truth::{States, states};
use crate::harness::{Harness, ProcessId};
use crate::witness::Witness;

/// Judges a run that was not killed.
pub(crate) fn judge_run(harness: &mut Harness, id: ProcessId, result: &Result<Report, CallError>) {
    let broken = match result {
        Ok(report) => {
            for item in &report.frontends {
                count(harness, item);
            }
            let items = report.frontends.iter();
            let mut broken: Vec<_> = items.filter_map(|item| judge_frontend(harness, id, item)).collect();
            broken.extend(missing(harness, id, report));
            broken
        }
        Err(error) => {
            harness.tally.count("runs that could not list");
            let run = &harness.runs[&id];
            let mut broken = Vec::new();
            if run.writes > 0 {
                broken
                    .push(Invariant::NoWriteOnDoubt.broken(format!("it writes, and listing fails: {error}")));
            }
            if !run.was_hindered(&[]) {
                broken.push(Invariant::ServeAll.broken(format!("listing fails without a fault: {error}")));
            }
            broken
        }
    };
    harness.broken.extend(broken);
}

fn judge_frontend(harness: &Harness, id: ProcessId, item: &FrontendReport) -> Option<Breach> {
    let run = &harness.runs[&id];
    let group = &item.target_group.as_ref()?.0;
    let is_served =
        matches!(item.outcome, Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned);
    let Some(&managed) = run.managed.get(group) else {
        let how = || format!("{group} is not managed: {:?}", item.outcome);
        return is_served.then(|| Invariant::OnlyTagged.broken(how()));
    };
    let cluster = &harness.truth.clusters[harness.truth.frontends[managed.frontend].cluster];
    let known = known(harness, run, managed.frontend);
    if !is_served {
        let (host, _) = question(harness, run, managed.frontend);
        let is_in_order = managed.is_certain
            && run.in_order.contains(&harness.truth.frontends[managed.frontend].cluster)
            && !run.was_hindered(&[group, &cluster.name, &host])
            && !known.is_empty();
        return is_in_order
            .then(|| Invariant::ServeAll.broken(format!("not served without a fault: {item:?}")));
    }
    let desired = item.desired.iter().copied().collect();
    let is_known = known.iter().any(|known| known.desired == desired);
    if !is_known || !run.described.contains_key(&cluster.name) || !run.seen.contains_key(group) {
        return Some(Invariant::NoWriteOnDoubt.broken(format!("decided without answers: {item:?}")));
    }
    if run.options.dry {
        return None;
    }
    judge_writes(harness, run, group, item).or_else(|| {
        let is_there = harness.truth.has(group) && !is_contested(harness, managed.frontend);
        let now = is_there.then(|| states(&harness.world, group))?;
        // A read that lags may show a target in service that is so no longer.
        let listed = |target| run.reads_lag && is_in_service(&run.seen[group].0.states, target);
        let is_registered =
            on_port(&desired).iter().all(|target| is_in_service(&now, target) || listed(target));
        let how = || format!("a desired target is not in service: {item:?}");
        (!is_registered).then(|| Invariant::ServeAll.broken(how()))
    })
}

/// Whether the target group is in the state that the report claims.
fn judge_writes(harness: &Harness, run: &Witness, group: &str, item: &FrontendReport) -> Option<Breach> {
    let acknowledged =
        |writes: &BTreeMap<String, BTreeSet<SocketAddr>>| writes.get(group).cloned().unwrap_or_default();
    // Where no answer came, the run has read the group again.
    let since = &run.seen[group].0.states;
    let found_done =
        run.unacknowledged.get(group).into_iter().flatten().filter(|target| !is_in_service(since, target));
    let mut deregistered = acknowledged(&run.deregistered);
    deregistered.extend(found_done);
    let is_done = sockets(&item.registered).is_subset(&acknowledged(&run.registered))
        && sockets(&item.deregistered).is_subset(&deregistered);
    (!is_done).then(|| {
        let now = harness.truth.has(group).then(|| states(&harness.world, group));
        Invariant::Report.broken(format!("ELB has not done it: {item:?}, {now:?}"))
    })
}

/// A frontend that the report leaves out.
fn missing(harness: &Harness, id: ProcessId, report: &Report) -> Option<Breach> {
    let run = &harness.runs[&id];
    let items = report.frontends.iter();
    let reported: BTreeSet<&str> =
        items.filter_map(|item| Some(item.target_group.as_ref()?.0.as_str())).collect();
    let is_wanted = |frontend: usize| {
        run.options.only.is_none_or(|only| harness.truth.frontends[frontend].cluster == only)
    };
    let mut missing = run.managed.iter().filter(|(group, managed)| {
        managed.is_certain
            && is_wanted(managed.frontend)
            && !reported.contains(group.as_str())
            && harness.truth.has(group)
    });
    missing.next().map(|(group, _)| Invariant::Report.broken(format!("{group} is missing")))
}

/// Compares what a dry run planned with what the run after it did.
pub(crate) fn judge_plan(harness: &mut Harness, dry: (ProcessId, &Report), real: (ProcessId, &Report)) {
    let [planned, done] = [dry.0, real.0].map(|id| &harness.runs[&id]);
    let was_hindered = |run: &Witness| {
        run.managed.iter().any(|(group, managed)| {
            let name = &harness.truth.clusters[harness.truth.frontends[managed.frontend].cluster].name;
            run.was_hindered(&[group, name, &question(harness, run, managed.frontend).0])
        })
    };
    // Health may change in the middle of a run.
    let health = |run: &Witness| -> BTreeMap<String, States> {
        run.seen.iter().map(|(group, (seen, _))| (group.clone(), seen.states.clone())).collect()
    };
    let same_world = !(planned.reads_lag || done.reads_lag)
        && planned.answers == done.answers
        && planned.interfaces == done.interfaces
        && health(planned) == health(done)
        && planned.managed == done.managed
        // A target group may be deleted in the middle of a run.
        && done.managed == harness.truth.managed();
    if !same_world || was_hindered(planned) || was_hindered(done) {
        return;
    }
    harness.tally.count("plans compared with what was done");
    let writes = |report: &Report| -> Vec<_> {
        let items = report.frontends.iter();
        items
            .map(|e| {
                (e.target_group.clone(), sockets(&e.registered), sockets(&e.deregistered), e.withheld.clone())
            })
            .collect()
    };
    if writes(dry.1) != writes(real.1) {
        let how = format!("planned {:?}, done {:?}", dry.1.frontends, real.1.frontends);
        harness.broken.push(Invariant::DryRun.broken(how));
    }
}

fn count(harness: &mut Harness, item: &FrontendReport) {
    harness.tally.count(match &item.outcome {
        Outcome::Converged => "frontends converged",
        Outcome::Waiting => "frontends waiting",
        Outcome::Changed => "frontends changed",
        Outcome::Planned => "frontends planned",
        Outcome::Skipped { .. } => "frontends skipped",
        Outcome::Failed { error } => error.code.as_str(),
    });
    harness.tally.add("targets registered", item.registered.len());
    harness.tally.add("targets deregistered", item.deregistered.len());
    harness.tally.add("targets withheld", item.withheld.len());
}

fn sockets(targets: &[Target]) -> BTreeSet<SocketAddr> {
    targets.iter().map(|target| SocketAddr::new(target.ip(), target.port())).collect()
}
