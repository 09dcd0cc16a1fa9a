//! The attributes of load balancers and target groups that decide which targets
//! get clients.

use super::check::Check;
use super::facts::Facts;
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::elb::{self, Attributes, CROSS_ZONE};
use crate::reads::{each, known};

/// The thresholds by the last part of their keys.
const THRESHOLDS: [(&str, &str); 2] = [
    ("unhealthy_state_routing", "a zone sends clients to unhealthy targets"),
    ("dns_failover", "a zone leaves DNS"),
];

/// Checks the attributes of the target groups. The first check is whether every
/// zone serves the targets of all: the target group's own attribute beats the load
/// balancer's.
///
/// Source: ELB User Guide for Network Load Balancers, *Cross-zone load balancing
/// for target groups* (read November 2026).
pub(super) async fn look(facts: &Facts<'_>) -> [Check; 4] {
    let ask = facts.account.query();
    let of_groups = each(facts.target_group_arns(), async |arn| elb::attributes(&ask, &arn.0).await);
    let of_groups = of_groups.await;
    let cross_zone = facts.pairs().filter_map(|(balancer, group)| {
        let own = of_groups.get(group)?.as_ref().map(|own| own.get(CROSS_ZONE).map(String::as_str));
        let name = names::target_group(group);
        Some(match own {
            Err(not_looked) => (name, Err(not_looked.clone())),
            Ok(Some("true")) => (name, Ok(None)),
            Ok(Some("false")) => {
                let says = "it is off for this target group, whatever its load balancer's attribute is";
                (name, Ok(Some(says.to_owned())))
            }
            Ok(_) => {
                let is_off = |own: &Attributes| (!is_on(own, CROSS_ZONE)).then(|| "it is off".to_owned());
                (names::load_balancer(balancer.arn), known(&balancer.attributes).map(is_off))
            }
        })
    });
    let of_each = |id: CheckId, look: &dyn Fn(&Attributes) -> Option<String>| {
        Check::of(id, of_groups.iter().map(|(arn, own)| (names::target_group(arn), known(own).map(look))))
    };
    let is_off =
        |key: &'static str| move |group: &Attributes| is_on(group, key).then(|| "it is on".to_owned());
    [
        Check::of(CheckId::CrossZone, cross_zone),
        of_each(CheckId::Thresholds, &too_high),
        of_each(CheckId::ClientAddress, &is_off("preserve_client_ip.enabled")),
        of_each(CheckId::ProxyProtocol, &is_off("proxy_protocol_v2.enabled")),
    ]
}

fn is_on(attributes: &Attributes, key: &str) -> bool {
    attributes.get(key).is_some_and(|value| value == "true")
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
