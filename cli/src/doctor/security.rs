//! Whether security groups let load balancers reach control planes.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::check::{Check, Found};
use super::facts::{Balancer, Facts};
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::cluster::Cluster;
use crate::reads::elb::LoadBalancer;
use crate::reads::network::{self, Peer, Rule};
use crate::reads::{Looked, known};

/// The port of API servers.
const PORT: i32 = 443;

/// Checks the security groups of both sides.
pub(super) async fn look(facts: &Facts<'_>) -> [Check; 2] {
    let balancers = || facts.balancers.values();
    let described = balancers().filter_map(|balancer| balancer.described.as_ref().ok());
    let of_balancers = described.flat_map(|described| &described.security_groups);
    let clusters = balancers().flat_map(|balancer| facts.clusters_of(balancer));
    let groups: BTreeSet<_> =
        of_balancers.chain(clusters.flat_map(|cluster| &cluster.security_groups)).cloned().collect();
    let rules = network::rules(&facts.account.query(), &groups).await;
    let reaches = balancers().flat_map(|balancer| {
        let reaches = |cluster| may_reach(facts, balancer, cluster, &rules);
        facts.clusters_of(balancer).map(move |one| (names::load_balancer(balancer.arn), reaches(one)))
    });
    [
        Check::of(CheckId::SecurityGroups, reaches),
        facts.of_balancers(CheckId::ClientsAdmitted, |balancer| shuts_out(facts, balancer, &rules)),
    ]
}

/// The ports on which the security groups of a load balancer admit no client.
/// One without security groups admits all.
///
/// Source: ELB User Guide for Network Load Balancers, *Security groups* (read
/// November 2026): clients of PrivateLink are judged, too, unless that is off.
fn shuts_out(facts: &Facts<'_>, balancer: &Balancer<'_>, rules: &Looked<Vec<Rule>>) -> Found {
    let listeners = known(&balancer.listeners)?;
    let LoadBalancer { security_groups: own, judges_private_link, .. } = known(&balancer.described)?;
    let rules = known(rules)?;
    let Some(group) = own.first() else { return Ok(None) };
    let is_admitted = |port: i32| {
        rules.iter().any(|rule| !rule.is_egress && own.contains(&rule.group) && rule.is_about(port))
    };
    let ports: BTreeSet<i32> = listeners.iter().filter_map(|listener| listener.port.parse().ok()).collect();
    let shut: Vec<_> =
        ports.into_iter().filter(|port| !is_admitted(*port)).map(|port| port.to_string()).collect();
    if shut.is_empty() {
        return Ok(None);
    }
    let ports = shut.join(" and ");
    if *judges_private_link {
        return Ok(Some(format!("{group} admits no client on {ports}, those of PrivateLink included")));
    }
    let arn = &balancer.arn.0;
    let has_service = known(&facts.services)?.iter().any(|service| service.load_balancers.contains(arn));
    let says =
        || format!("{group} admits no client on {ports}, and no endpoint service has this load balancer");
    Ok((!has_service).then(says))
}

fn may_reach(
    facts: &Facts<'_>,
    balancer: &Balancer<'_>,
    cluster: &Cluster,
    rules: &Looked<Vec<Rule>>,
) -> Found {
    let LoadBalancer { security_groups: own, subnets: own_subnets, .. } = known(&balancer.described)?;
    let (rules, subnets) = (known(rules)?, known(&facts.subnets)?);
    let ranges = |ids: &[String]| ids.iter().filter_map(|id| subnets.get(id)?.cidr).collect::<Vec<_>>();
    let theirs = &cluster.security_groups;
    let leaves = own.is_empty() || admits(rules, own, true, theirs, &ranges(&cluster.subnets));
    let enters = admits(rules, theirs, false, own, &ranges(own_subnets));
    let group = |groups: &[String]| groups.first().cloned().unwrap_or_default();
    Ok(match (leaves, enters) {
        (true, true) => None,
        (false, _) => {
            Some(format!("its security group {} lets nothing out to {} on 443", group(own), cluster.name))
        }
        (true, false) => {
            let security_group = group(theirs);
            Some(format!(
                "{security_group}, the security group of {}, does not admit it on 443",
                cluster.name
            ))
        }
    })
}

/// Whether one of `groups` admits TCP 443 to or from all of the other side,
/// named by its security groups or by the ranges that it is in.
fn admits(rules: &[Rule], groups: &[String], is_egress: bool, peers: &[String], ranges: &[Ipv4Net]) -> bool {
    let is_own =
        |rule: &&Rule| rule.is_egress == is_egress && groups.contains(&rule.group) && rule.is_about(PORT);
    let own = rules.iter().filter(is_own);
    let own: Vec<_> = own.map(|rule| &rule.peer).collect();
    // Prefix lists are not resolved and count as admitted.
    let names_it = own.iter().any(|peer| match peer {
        Peer::Group(group) => peers.contains(group),
        Peer::Range(_) | Peer::Ipv6Range => false,
        Peer::PrefixList => true,
    });
    let covers =
        |range: &Ipv4Net| own.iter().any(|peer| matches!(peer, Peer::Range(wide) if wide.contains(range)));
    names_it || (!ranges.is_empty() && ranges.iter().all(covers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(group: &str, is_egress: bool, peer: Peer) -> Rule {
        Rule { group: group.to_owned(), is_egress, ports: (443, 443), peer }
    }

    #[test]
    fn the_other_side_is_admitted_by_name_or_by_all_of_its_ranges() {
        let range = |text: &str| text.parse::<Ipv4Net>().unwrap();
        let own = ["sg-own".to_owned()];
        let peers = ["sg-peer".to_owned()];
        let ranges = ["10.0.1.0/24", "10.0.2.0/24"].map(range);
        #[rustfmt::skip]
        let cases = [
            ("by name",                    vec![rule("sg-own", false, Peer::Group("sg-peer".to_owned()))],  true),
            ("another's name",             vec![rule("sg-own", false, Peer::Group("sg-else".to_owned()))],  false),
            ("of another group",           vec![rule("sg-else", false, Peer::Group("sg-peer".to_owned()))], false),
            ("in the other direction",     vec![rule("sg-own", true, Peer::Group("sg-peer".to_owned()))],   false),
            ("by one wide range",          vec![rule("sg-own", false, Peer::Range(range("10.0.0.0/16")))],  true),
            ("one of two ranges",          vec![rule("sg-own", false, Peer::Range(range("10.0.1.0/24")))],  false),
            ("by a range each",            ranges.map(|one| rule("sg-own", false, Peer::Range(one))).into(), true),
            ("by a range that is smaller", vec![rule("sg-own", false, Peer::Range(range("10.0.1.0/28")))],  false),
            ("by a prefix list",           vec![rule("sg-own", false, Peer::PrefixList)],                        true),
            ("by nothing",                 vec![],                                                          false),
        ];
        for (case, rules, expected) in cases {
            assert_eq!(admits(&rules, &own, false, &peers, &ranges), expected, "{case}");
        }
    }
}
