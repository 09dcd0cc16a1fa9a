//! Checks target groups: their type, their health checks, and who may write to
//! them.

use eks_nlb_sync::model::{Family, Tags};

use super::attributes;
use super::check::{Check, Found};
use super::facts::Facts;
use super::listeners::{self, PORT};
use crate::catalogue::CheckId;
use crate::names;
use crate::permission::{self, Basis};
use crate::reads::elb::{HealthCheck, TargetGroup};
use crate::reads::{NotLooked, known};

/// What an API server answers without credentials, on every EKS version.
const PATHS: [&str; 3] = ["/readyz", "/livez", "/healthz"];

/// Checks the target groups.
pub(super) async fn look(facts: &Facts<'_>) -> Vec<Check> {
    let [write_tag, write_policy] = may_write(facts).await;
    let [cross_zone, thresholds, client_address, proxy_protocol] = attributes::look(facts).await;
    let [listener, weight] = listeners::look(facts);
    let of_each = |id: CheckId, look: fn(&TargetGroup) -> Option<String>| {
        let found = facts.target_group_arns().into_iter();
        Check::of(id, found.map(|arn| (names::target_group(arn), facts.target_group(arn).map(look))))
    };
    vec![
        listener,
        weight,
        of_each(CheckId::TargetGroup, takes_api_servers),
        family(facts),
        cross_zone,
        thresholds,
        write_tag,
        write_policy,
        client_address,
        proxy_protocol,
        of_each(CheckId::HealthCheck, |group| cannot_pass(&group.check)),
    ]
}

/// Whether the load balancers have addresses of their target groups' family.
fn family(facts: &Facts<'_>) -> Check {
    let found = facts.pairs().map(|(balancer, group)| {
        let has_family = || {
            let is_dual_stack = known(&balancer.described)?.is_dual_stack;
            let is_ipv6 = facts.target_group(group)?.family == Family::Ipv6;
            let says = || "it takes IPv6 addresses, and its load balancer is not dual-stack".to_owned();
            Ok((is_ipv6 && !is_dual_stack).then(says))
        };
        (names::target_group(group), has_family())
    });
    Check::of(CheckId::AddressFamily, found)
}

fn takes_api_servers(group: &TargetGroup) -> Option<String> {
    let TargetGroup { target_type, protocol, port, .. } = group;
    match (target_type.as_str(), protocol.as_str(), port.as_str()) {
        ("ip", "TCP", PORT) => None,
        ("ip", ..) => Some(format!("it takes {protocol} on port {port}")),
        _ => Some(format!("its targets are of type {target_type}")),
    }
}

/// Why an API server cannot pass this health check; `None` if it can.
fn cannot_pass(check: &HealthCheck) -> Option<String> {
    let HealthCheck { protocol, port, path, matcher } = check;
    if !matches!(port.as_str(), "traffic-port" | PORT) {
        return Some(format!("it asks port {port}"));
    }
    let is_known = PATHS.contains(&path.split('?').next().unwrap_or_default());
    match protocol.as_str() {
        "HTTPS" if !is_known => Some(format!("it asks for {path}, which needs credentials")),
        "HTTPS" if !matches_200(matcher) => {
            Some(format!("it expects {matcher}, and a healthy API server says 200"))
        }
        "HTTPS" | "TCP" => None,
        other => Some(format!("it speaks {other}, and API servers speak TLS")),
    }
}

/// Whether a matcher as in `200`, `200,204` or `200-399` takes 200.
fn matches_200(matcher: &str) -> bool {
    const OK: u16 = 200;
    matcher.split(',').any(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        matches!((from.trim().parse::<u16>(), to.trim().parse::<u16>()), (Ok(from), Ok(to)) if from <= OK && OK <= to)
    })
}

/// Whether the function may write: by the tag, and by the policies of its role.
/// A policy that asks for no tag makes the tag unnecessary.
async fn may_write(facts: &Facts<'_>) -> [Check; 2] {
    let arns = facts.target_group_arns();
    let deployed = facts.account.session.deployed();
    let tag = facts.account.session.settings().nlb_tag.first();
    // No function was found that may write or not.
    let of_templates = |tags: &Tags| {
        let why = format!("it does not carry {tag}, and no function was found whose policy may ask for it");
        if tag.first_matches(tags) { Ok(None) } else { Err(NotLooked::because(why)) }
    };
    let (mut by_tag, mut by_policy) = (Vec::<(&str, Found)>::new(), Vec::<(&str, Found)>::new());
    match &facts.tags {
        Err(not_looked) => {
            by_tag.extend(arns.iter().map(|arn| (names::target_group(arn), Err(not_looked.clone()))));
        }
        Ok(tags) => {
            let (mut answers, not_asked) =
                permission::of_groups(facts.account, arns.iter().copied(), tags).await;
            for arn in arns {
                let Some(answer) = answers.remove(arn) else {
                    by_tag
                        .extend(tags.get(&arn.0).map(|tags| (names::target_group(arn), of_templates(tags))));
                    continue;
                };
                let finding = (!answer.allowed).then_some(answer.message);
                match answer.by {
                    Basis::Tag => by_tag.push((names::target_group(arn), Ok(finding))),
                    Basis::Policy => by_policy.push((names::target_group(arn), Ok(finding))),
                }
            }
            by_policy.extend(not_asked.map(|not_asked| (deployed.name.as_str(), Err(not_asked))));
        }
    }
    [Check::of(CheckId::WriteTag, by_tag), Check::of(CheckId::WritePolicy, by_policy)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_server_passes_few_checks() {
        let check = |protocol: &str, port: &str, path: &str, matcher: &str| HealthCheck {
            protocol: protocol.to_owned(),
            port: port.to_owned(),
            path: path.to_owned(),
            matcher: matcher.to_owned(),
        };
        for (check, passes) in [
            (check("HTTPS", "traffic-port", "/readyz", "200"), true),
            (check("HTTPS", "443", "/livez?verbose", "200-399"), true),
            (check("HTTPS", "443", "/healthz", "100, 150-250"), true),
            (check("TCP", "traffic-port", "", ""), true),
            (check("HTTPS", "traffic-port", "/", "200"), false),
            (check("HTTPS", "traffic-port", "/readyz", "401"), false),
            (check("HTTPS", "traffic-port", "/readyz", ""), false),
            (check("HTTP", "traffic-port", "/readyz", "200"), false),
            (check("TCP", "6443", "", ""), false),
        ] {
            assert_eq!(cannot_pass(&check).is_none(), passes, "{check:?}");
        }
    }
}
