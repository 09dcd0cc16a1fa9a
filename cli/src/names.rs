//! Shortens names, and suggests the nearest one for a misspelt name.

use std::cmp::Reverse;

use eks_nlb_sync::model::{LoadBalancerArn, TargetGroupArn, TargetState};
use eks_nlb_sync::publish::report::FrontendReport;

/// The name in an ARN as in `…:loadbalancer/net/NAME/ID` or
/// `…:targetgroup/NAME/ID`; the whole text if it has another form.
fn name(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or(arn)
}

pub(crate) fn load_balancer(arn: &LoadBalancerArn) -> &str {
    name(&arn.0)
}

pub(crate) fn target_group(arn: &TargetGroupArn) -> &str {
    name(&arn.0)
}

/// The target group of a frontend, or else its load balancer.
pub(crate) fn frontend(frontend: &FrontendReport) -> &str {
    let group = frontend.target_group.as_ref().map(target_group);
    group.or_else(|| frontend.load_balancer.as_ref().map(load_balancer)).unwrap_or_default()
}

/// As in `nlb-payments`, or `nlb-payments/tg-blue` where it `has_siblings`.
pub(crate) fn place(
    balancer: Option<&LoadBalancerArn>,
    group: Option<&TargetGroupArn>,
    has_siblings: bool,
) -> Option<String> {
    let name = load_balancer(balancer?);
    let group = group.filter(|_| has_siblings).map(target_group);
    Some(group.map_or_else(|| name.to_owned(), |group| format!("{name}/{group}")))
}

/// ELB's word for a state.
pub(crate) fn state(state: TargetState) -> &'static str {
    match state {
        TargetState::Initial => "initial",
        TargetState::Healthy => "healthy",
        TargetState::Unhealthy => "unhealthy",
        TargetState::Unused => "unused",
        TargetState::Draining => "draining",
        TargetState::Unavailable => "unavailable",
        TargetState::Unknown => "unknown",
    }
}

/// The name in `known` that `misspelt` is most like: a slip or two away, not
/// another name.
pub(crate) fn nearest<'a>(misspelt: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// A name of this many characters may have one slip.
    const CHARACTERS_A_SLIP: usize = 4;
    let misspelt = misspelt.to_ascii_lowercase();
    let slips = |name: &str| strsim::osa_distance(&misspelt, &name.to_ascii_lowercase());
    let allowed = (misspelt.chars().count() / CHARACTERS_A_SLIP).max(1);
    let near = known.into_iter().map(|name| (slips(name), name)).filter(|(slips, _)| *slips <= allowed);
    let alike = |name: &str| {
        let same = name.chars().zip(misspelt.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
        Reverse(same.count())
    };
    near.min_by_key(|(slips, name)| (*slips, alike(name))).map(|(_, name)| name.to_owned())
}

/// The end of a sentence about a name that nothing has.
pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_near() {
        let arn =
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/payments/0123456789abcdef";
        assert_eq!(load_balancer(&LoadBalancerArn(arn.to_owned())), "payments");
        assert_eq!(name("nonsense"), "nonsense");

        let known = ["ledger", "payments", "orders"];
        assert_eq!(nearest("paymnets", known).as_deref(), Some("payments"));
        assert_eq!(nearest("ORDRES", known).as_deref(), Some("orders"));
        for other in ["xyz", "payroll", "border-control", "led"] {
            assert_eq!(nearest(other, known), None, "{other}");
        }
    }
}
