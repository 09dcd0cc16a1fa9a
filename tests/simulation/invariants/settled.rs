//! Judges the target groups of a world in which nothing happens any more.

use super::{FEWEST_SERVERS, Invariant, in_service};
use crate::ground_truth::Moment;
use crate::harness::Harness;
use crate::invariants::Breach;

/// A target group that has not converged after `runs` quiet runs.
pub(crate) fn unsettled(harness: &Harness, runs: usize) -> Option<Breach> {
    let truth = &harness.truth;
    truth.frontends.iter().enumerate().find_map(|(index, frontend)| {
        let group = frontend.group.as_deref().expect("it was restored");
        let now = Moment::of(&harness.world, group, |target| truth.lives(index, *target));
        let desired = truth.desired(index);
        let there = in_service(&now.states);
        // A stale target stays only while clients may be sent to it and its
        // replacements are not healthy.
        let healthy = (&now.healthy() & &desired).len();
        let all_well = healthy == desired.len() && healthy >= harness.min_healthy.min(FEWEST_SERVERS);
        let may_stay = |target| harness.add_only || (!all_well && now.may_get_connections().contains(target));
        let settled = desired.is_subset(&there) && there.difference(&desired).all(may_stay);
        (!settled).then(|| {
            let how = format!("not settled after {runs} runs: {group} has {now:?}, and {desired:?} serve");
            Invariant::Converge.broken(how)
        })
    })
}
