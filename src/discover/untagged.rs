//! Finds load balancers that were managed and lost the selecting tag. Nothing
//! is written to them; clients are cut off when their control plane moves.
//!
//! The load balancer still names a cluster and a target group still carries the
//! first tag of `NLB_TAG`, or this process has managed it. So any process finds
//! a load balancer that lost its tag, unless all of its tags are gone.

use super::Listed;
use super::select::{Group, Rejected, is_excluded};
use crate::aws::elb::LoadBalancer;
use crate::history::History;
use crate::model::{ClusterName, Tags};
use crate::publish::report::{FrontendReport, Outcome};
use crate::reasons::SkipReason;
use crate::settings::Settings;

/// Whether a load balancer that is not managed may have lost its tag.
pub(super) fn is_suspect(listed: &LoadBalancer, tags: &Tags, settings: &Settings, history: &History) -> bool {
    if is_excluded(tags) {
        return false;
    }
    let names_a_cluster = tags.get(&settings.cluster_name_tag).is_some_and(|name| !name.is_empty());
    // With another value of the first tag it belongs to another function.
    (names_a_cluster && !settings.nlb_tag.has_first_key(tags)) || history.has_served(&listed.arn).is_some()
}

/// The target groups of a suspect that lost its tag.
pub(super) fn untagged(listed: &Listed, settings: &Settings, history: &History) -> Vec<Rejected> {
    let served = history.has_served(&listed.load_balancer.arn);
    let groups =
        listed.target_groups.iter().map(|(described, tags)| Group { described, tags, listed, settings });
    let own = groups.filter(|group| group.refusal().is_none() && (group.is_tagged() || served.is_some()));
    let mut found: Vec<_> = own
        .map(|group| {
            let cluster = group.cluster().ok().or_else(|| served.clone().flatten());
            group.rejected(cluster, Outcome::Skipped { reason: SkipReason::NotTagged })
        })
        .collect();
    if let Some(cluster) = served.filter(|_| found.is_empty()) {
        found.push(without_target_group(listed, cluster));
    }
    found
}

fn without_target_group(listed: &Listed, cluster: Option<ClusterName>) -> Rejected {
    let report = FrontendReport {
        load_balancer: Some(listed.load_balancer.arn.clone()),
        cluster,
        ..FrontendReport::new(Outcome::Skipped { reason: SkipReason::NotTagged })
    };
    Rejected { report, read: None }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::select::tests::load_balancer;
    use super::*;
    use crate::publish::report::Report;

    /// Nor has one that another controller owns, that is excluded, or that cannot be served.
    #[test]
    fn a_group_that_was_not_managed_has_not_lost_its_tag() {
        let settings = Settings::from_lookup(|_| None).unwrap();
        let mut listed = load_balancer("internal");
        let (group, _) = listed.target_groups.pop().unwrap();
        let tagged = |value: &str| Tags::from([("eks-nlb-sync".to_owned(), value.to_owned())]);
        let mut owned = tagged("enabled");
        owned.insert("elbv2.k8s.aws/cluster".to_owned(), "tools".to_owned());
        for (tags, has_ip_targets, is_lost) in [
            (tagged("enabled"), true, true),
            (Tags::new(), true, false),
            (tagged("disabled"), true, false),
            (owned, true, false),
            (tagged("enabled"), false, false),
        ] {
            let described = crate::aws::elb::TargetGroup { has_ip_targets, ..group.clone() };
            listed.target_groups = vec![(described, tags.clone())];

            let lost = untagged(&listed, &settings, &History::new(0));

            assert_eq!(lost.len(), usize::from(is_lost), "{tags:?}, {has_ip_targets}");
        }
    }

    /// Its health is read: an outage counts.
    #[test]
    fn what_this_process_has_served_is_read_without_any_tag() {
        let (settings, history) = (Settings::from_lookup(|_| None).unwrap(), History::new(0));
        let mut listed = load_balancer("internal");
        let served = FrontendReport {
            load_balancer: Some(listed.load_balancer.arn.clone()),
            cluster: "payments".parse().ok(),
            ..FrontendReport::new(Outcome::Converged)
        };
        let report = Report::new(false, String::new(), 1, vec![served]);
        history.memory().note("", &report, SystemTime::now());
        listed.tags.clear();
        assert!(is_suspect(&listed.load_balancer, &listed.tags, &settings, &history));

        let lost = untagged(&listed, &settings, &history);

        let [Rejected { report, read }] = &lost[..] else { panic!("{lost:?}") };
        assert_eq!(read.as_ref(), Some(&listed.target_groups[0].0.arn));
        assert_eq!(report.cluster, "payments".parse().ok());
    }

    #[test]
    fn a_load_balancer_is_suspect_while_it_names_a_cluster_and_no_other_function() {
        let settings = Settings::from_lookup(|_| None).unwrap();
        let listed = load_balancer("internal").load_balancer;
        for (tags, expected) in [
            (vec![("cluster_name", "payments")], true),
            (vec![("cluster_name", "")], false),
            (vec![("cluster_name", "payments"), ("eks-nlb-sync", "other")], false),
            (vec![("name", "payments")], false),
        ] {
            let of = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(is_suspect(&listed, &of, &settings, &History::new(0)), expected, "{tags:?}");
        }
    }
}
