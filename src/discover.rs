//! Finds the managed load balancers and turns their target groups into
//! frontends; writes nothing.
//!
//! [`discover`] reads, [`select`] decides.

mod select;
mod untagged;

use std::collections::BTreeMap;

use futures_util::future::try_join;

pub use select::{Discovery, EXCLUDING_TAG, Rejected, is_excluded, select};

use crate::aws::elb::{Elb, LoadBalancer, TAGS_BATCH, TargetGroup};
use crate::error::CallError;
use crate::history::History;
use crate::model::{LoadBalancerArn, Tags};
use crate::request::Request;
use crate::settings::Settings;

/// A managed load balancer with its target groups, as ELB lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The load balancer.
    pub load_balancer: LoadBalancer,
    /// Its tags.
    pub tags: Tags,
    /// Its target groups with their tags. A target group that was deleted since
    /// it was listed is left out.
    pub target_groups: Vec<(TargetGroup, Tags)>,
    /// Whether ELB listed a target group of it, even one that was deleted
    /// meanwhile.
    pub has_target_group: bool,
}

/// Lists what `settings` make managed, and selects what `request` asks for.
///
/// # Errors
///
/// The first call that fails: a partial list is never returned.
pub async fn discover(
    elb: &Elb<'_>,
    settings: &Settings,
    request: &Request,
    history: &History,
) -> Result<Discovery, CallError> {
    let (load_balancers, target_groups) = try_join(elb.network_load_balancers(), elb.target_groups()).await?;
    let groups = by_load_balancer(&target_groups);
    let of = |arn: &LoadBalancerArn| groups.get(arn).map(Vec::as_slice).unwrap_or_default();

    // Tags are read in batches. Target groups fill up the last batch of load
    // balancers, which saves a call.
    let candidates = load_balancers.iter().flat_map(|listed| of(&listed.arn)).map(|group| &group.arn.0);
    let places = load_balancers.len().next_multiple_of(TAGS_BATCH) - load_balancers.len();
    let first = load_balancers.iter().map(|listed| &listed.arn.0).chain(candidates.take(places));
    let mut tags = elb.tags(first.cloned().collect()).await?;
    let is_managed =
        |listed: &&LoadBalancer| tags.get(&listed.arn.0).is_some_and(|tags| settings.nlb_tag.matches(tags));
    let (managed, others): (Vec<_>, Vec<_>) = load_balancers.iter().partition(is_managed);
    let is_suspect = |listed: &&LoadBalancer| {
        request.clusters.is_none()
            && tags
                .get(&listed.arn.0)
                .is_some_and(|tags| untagged::is_suspect(listed, tags, settings, history))
    };
    let suspects: Vec<_> = others.into_iter().filter(is_suspect).collect();
    let unread = managed.iter().chain(&suspects).flat_map(|listed| of(&listed.arn)).map(|group| &group.arn.0);
    let unread: Vec<_> = unread.filter(|arn| !tags.contains_key(*arn)).cloned().collect();
    tags.extend(elb.tags(unread).await?);

    let listed = |load_balancer: &LoadBalancer| {
        let groups = of(&load_balancer.arn);
        let tagged =
            groups.iter().filter_map(|group| Some(((*group).clone(), tags.get(&group.arn.0)?.clone())));
        Listed {
            load_balancer: load_balancer.clone(),
            tags: tags.get(&load_balancer.arn.0).cloned().unwrap_or_default(),
            target_groups: tagged.collect(),
            has_target_group: !groups.is_empty(),
        }
    };
    let selected = select(&managed.into_iter().map(listed).collect::<Vec<_>>(), settings, request);
    let untagged = suspects.into_iter().map(listed);
    let untagged = untagged.flat_map(|listed| untagged::untagged(&listed, settings, history)).collect();
    Ok(Discovery { untagged, ..selected })
}

fn by_load_balancer(groups: &[TargetGroup]) -> BTreeMap<&LoadBalancerArn, Vec<&TargetGroup>> {
    let mut by_load_balancer: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for group in groups {
        for load_balancer in &group.load_balancers {
            by_load_balancer.entry(load_balancer).or_default().push(group);
        }
    }
    by_load_balancer
}
