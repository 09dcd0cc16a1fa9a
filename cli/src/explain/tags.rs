//! Explains which tags decide about a frontend.

use std::collections::BTreeMap;

use eks_nlb_sync::discover::{EXCLUDING_TAG, is_excluded};
use eks_nlb_sync::model::Tags;
use eks_nlb_sync::publish::report::FrontendReport;

use crate::session::Session;

/// The tag that the templates' policy requires, if the target group does not have it.
pub(super) fn missing(
    session: &Session,
    frontend: &FrontendReport,
    tags: &BTreeMap<String, Tags>,
) -> Option<String> {
    let wanted = &session.settings().nlb_tag;
    let tags = tags.get(&frontend.target_group.as_ref()?.0)?;
    (!wanted.first_matches(tags)).then(|| wanted.first().to_string())
}

/// Which tags make it managed, and name its cluster.
pub(super) fn deciding(
    session: &Session,
    frontend: &FrontendReport,
    tags: &BTreeMap<String, Tags>,
) -> Vec<String> {
    let settings = session.settings();
    let of = |arn: Option<&String>| arn.and_then(|arn| tags.get(arn));
    let own = of(frontend.load_balancer.as_ref().map(|arn| &arn.0));
    let groups = of(frontend.target_group.as_ref().map(|arn| &arn.0));
    let mut told = Vec::new();
    if own.is_some() {
        told.push(format!("the load balancer carries {}: it is managed", settings.nlb_tag));
    }
    if let Some(tags) = groups {
        if is_excluded(tags) {
            let (key, value) = EXCLUDING_TAG;
            told.push(format!("the target group carries {key}={value}: it is left alone"));
        } else if settings.nlb_tag.first_matches(tags) {
            let first = settings.nlb_tag.first();
            told.push(format!("the target group carries {first}, which the templates' policy requires"));
        } else {
            let first = settings.nlb_tag.first();
            told.push(format!(
                "the target group does not carry {first}, which the templates' policy requires unless WriteScope is any"
            ));
        }
    }
    let key = &settings.cluster_name_tag;
    let named = [("target group", groups), ("load balancer", own)];
    let named = named.into_iter().filter_map(|(on, tags)| Some((on, tags?.get(key)?)));
    match { named }.find(|(_, name)| !name.is_empty()) {
        Some((on, name)) => told.push(format!("{key}={name} on the {on} names the cluster")),
        None => told.push(format!("no {key} names a cluster")),
    }
    told
}
