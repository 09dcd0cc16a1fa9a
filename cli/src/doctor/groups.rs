//! Checks target groups: their type, their health checks, and who may write to
//! them.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::model::{Family, TargetGroupArn};
use eks_nlb_sync::publish::report::FrontendReport;

use super::attributes;
use super::balancers::Balancers;
use super::check::Check;
use super::desk::{Desk, TagsOf};
use super::listeners::{self, PORT};
use crate::catalogue::CheckId;
use crate::names;
use crate::permission::{self, Basis};
use crate::reads::elb::{HealthCheck, TargetGroup};
use crate::reads::{Looked, NotLooked};

/// What an API server answers without credentials, on every EKS version.
const PATHS: [&str; 3] = ["/readyz", "/livez", "/healthz"];

/// Checks the target groups of `frontends`.
pub(super) async fn look(
    desk: &Desk<'_>,
    frontends: &[&FrontendReport],
    balancers: &Balancers,
    described: &Looked<BTreeMap<String, TargetGroup>>,
    tags: &Looked<TagsOf>,
) -> Vec<Check> {
    let arns: BTreeSet<_> = frontends.iter().filter_map(|frontend| frontend.target_group.as_ref()).collect();
    let of_arn = |arn: &TargetGroupArn| {
        let all = described.as_ref().map_err(Clone::clone)?;
        all.get(&arn.0).ok_or_else(|| NotLooked::because("it has been deleted meanwhile"))
    };
    let [write_tag, write_policy] = may_write(desk, &arns, tags).await;
    let [cross_zone, thresholds, client_address, proxy_protocol] =
        attributes::look(desk, frontends, &balancers.attributes).await;
    let [listener, weight] = listeners::look(frontends, &balancers.listeners);
    vec![
        listener,
        weight,
        Check::of(CheckId::TargetGroup, arns.iter().copied(), names::target_group, |arn| {
            of_arn(arn).map(takes_api_servers)
        }),
        family(frontends, balancers, &of_arn),
        cross_zone,
        thresholds,
        write_tag,
        write_policy,
        client_address,
        proxy_protocol,
        Check::of(CheckId::HealthCheck, arns.iter().copied(), names::target_group, |arn| {
            of_arn(arn).map(|group| cannot_pass(&group.check))
        }),
    ]
}

/// Whether the load balancers have addresses of their target groups' family.
fn family<'a>(
    frontends: &[&FrontendReport],
    balancers: &Balancers,
    of_arn: &impl Fn(&TargetGroupArn) -> Looked<&'a TargetGroup>,
) -> Check {
    let mut check = Check::new(CheckId::AddressFamily);
    for frontend in frontends {
        let (Some(balancer), Some(group)) = (&frontend.load_balancer, &frontend.target_group) else {
            continue;
        };
        let has_family = || {
            let all = balancers.described.as_ref().map_err(Clone::clone)?;
            let is_ipv6 = of_arn(group)?.family == Family::Ipv6;
            let is_dual_stack = all.get(&balancer.0).is_none_or(|balancer| balancer.is_dual_stack);
            let says = || "it takes IPv6 addresses, and its load balancer is not dual-stack".to_owned();
            Ok((is_ipv6 && !is_dual_stack).then(says))
        };
        check.sees(names::target_group(group), has_family());
    }
    check
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
async fn may_write(desk: &Desk<'_>, arns: &BTreeSet<&TargetGroupArn>, tags: &Looked<TagsOf>) -> [Check; 2] {
    let (mut by_tag, mut by_policy) = (Check::new(CheckId::WriteTag), Check::new(CheckId::WritePolicy));
    let tags = match tags {
        Ok(tags) => tags,
        Err(not_looked) => {
            for arn in arns {
                by_tag.sees(names::target_group(arn), Err(not_looked.clone()));
            }
            return [by_tag, by_policy];
        }
    };
    let groups = arns.iter().filter_map(|arn| Some(((*arn).clone(), tags.get(&arn.0)?.clone())));
    let groups: Vec<_> = groups.collect();
    let (answers, not_asked) = permission::of_groups(desk.session, desk.clients, desk.limits, &groups).await;
    for (arn, answer) in answers {
        let finding = (!answer.allowed).then_some(answer.message);
        match answer.by {
            Basis::Tag => by_tag.sees(names::target_group(&arn), Ok(finding)),
            Basis::Policy => by_policy.sees(names::target_group(&arn), Ok(finding)),
        }
    }
    // The check `function` reports a function that is missing.
    if let (Some(not_asked), Ok(Some(_)) | Err(_)) = (not_asked, &desk.session.deployed().function) {
        by_policy.sees(&desk.session.deployed().name, Err(not_asked));
    }
    [by_tag, by_policy]
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
