//! The attributes of load balancers and target groups that decide which targets
//! get clients.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::model::{LoadBalancerArn, TargetGroupArn};
use eks_nlb_sync::publish::report::FrontendReport;
use futures_util::future::join_all;

use super::check::Check;
use super::desk::Desk;
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::elb::{self, Attributes, CROSS_ZONE};
use crate::reads::{Looked, NotLooked};

/// The thresholds by the last part of their keys.
const THRESHOLDS: [(&str, &str); 2] = [
    ("unhealthy_state_routing", "a zone sends clients to unhealthy targets"),
    ("dns_failover", "a zone leaves DNS"),
];

/// Checks the attributes of the target groups of `frontends`.
pub(super) async fn look(
    desk: &Desk<'_>,
    frontends: &[&FrontendReport],
    of_balancers: &BTreeMap<LoadBalancerArn, Looked<Attributes>>,
) -> [Check; 4] {
    let arns: BTreeSet<_> = frontends.iter().filter_map(|frontend| frontend.target_group.as_ref()).collect();
    let attributes = arns.iter().map(async |arn| {
        let attributes = elb::attributes_of_target_group(&desk.ask, &arn.0).await;
        (*arn, attributes.map_err(NotLooked::from))
    });
    let attributes: BTreeMap<_, _> = join_all(attributes).await.into_iter().collect();
    let of_each = |id: CheckId, look: fn(&Attributes) -> Option<String>| {
        let mut check = Check::new(id);
        for (arn, looked) in &attributes {
            check.sees(names::target_group(arn), looked.as_ref().map(look).map_err(Clone::clone));
        }
        check
    };
    [
        cross_zone(frontends, &attributes, of_balancers),
        of_each(CheckId::Thresholds, too_high),
        of_each(CheckId::ClientAddress, |group| {
            is_on(group, "preserve_client_ip.enabled").then(|| "it is on".to_owned())
        }),
        of_each(CheckId::ProxyProtocol, |group| {
            is_on(group, "proxy_protocol_v2.enabled").then(|| "it is on".to_owned())
        }),
    ]
}

fn is_on(attributes: &Attributes, key: &str) -> bool {
    attributes.get(key).is_some_and(|value| value == "true")
}

/// Whether every zone serves the targets of all. The target group's own attribute
/// beats the load balancer's.
///
/// Source: ELB User Guide for Network Load Balancers, *Cross-zone load balancing
/// for target groups* (read November 2026).
fn cross_zone(
    frontends: &[&FrontendReport],
    of_groups: &BTreeMap<&TargetGroupArn, Looked<Attributes>>,
    of_balancers: &BTreeMap<LoadBalancerArn, Looked<Attributes>>,
) -> Check {
    let mut check = Check::new(CheckId::CrossZone);
    for frontend in frontends {
        let (Some(balancer), Some(group)) = (&frontend.load_balancer, &frontend.target_group) else {
            continue;
        };
        let name = names::target_group(group);
        let own = match of_groups.get(group) {
            Some(Ok(attributes)) => attributes.get(CROSS_ZONE).map(String::as_str),
            Some(Err(not_looked)) => {
                check.sees(name, Err(not_looked.clone()));
                continue;
            }
            None => None,
        };
        match (own, of_balancers.get(balancer)) {
            (Some("true"), _) => check.sees(name, Ok(None)),
            (Some("false"), _) => {
                let says = "it is off for this target group, whatever its load balancer's attribute is";
                check.sees(name, Ok(Some(says.to_owned())));
            }
            (_, Some(of_balancer)) => check.sees(
                names::load_balancer(balancer),
                of_balancer
                    .as_ref()
                    .map(|attributes| (!is_on(attributes, CROSS_ZONE)).then(|| "it is off".to_owned()))
                    .map_err(Clone::clone),
            ),
            (_, None) => {}
        }
    }
    check
}

/// The thresholds at which a zone fails although a target is healthy.
///
/// Source: ELB User Guide for Network Load Balancers, *Target group health* (read
/// November 2026): one target by default, either number is enough.
fn too_high(attributes: &Attributes) -> Option<String> {
    let mut says = Vec::new();
    for (threshold, happens) in THRESHOLDS {
        let of = |unit: &str| {
            attributes.get(&format!("target_group_health.{threshold}.minimum_healthy_targets.{unit}"))
        };
        if let Some(count) = of("count").filter(|count| !matches!(count.as_str(), "1" | "off")) {
            says.push(format!("{happens} with fewer than {count} healthy targets"));
        }
        if let Some(percentage) = of("percentage").filter(|percentage| *percentage != "off") {
            says.push(format!("{happens} with less than {percentage} % of its targets healthy"));
        }
    }
    (!says.is_empty()).then(|| says.join("; "))
}
