//! Names things as people do: short, and the nearest one for what is misspelt.

use eks_nlb_sync::model::{LoadBalancerArn, TargetGroupArn, TargetState};

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

/// The one of `known` that `misspelt` is most like, if it is at all.
pub(crate) fn nearest<'a>(misspelt: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// Half the letters of a name, roughly: what is less alike is another name.
    const ALIKE: f64 = 0.7;
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(misspelt, name), name));
    let best = scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, name)| name.to_owned())
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
        assert_eq!(nearest("xyz", known), None);
    }
}
