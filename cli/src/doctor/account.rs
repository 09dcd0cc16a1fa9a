//! Checks the caller's credentials, and whether AWS answers.

use eks_nlb_sync::aws::elb::TAGS_BATCH;
use eks_nlb_sync::error::CallError;

use super::check::Check;
use super::desk::Desk;
use crate::catalogue::CheckId;
use crate::reads::{self, Looked, NotLooked};

/// Whether AWS accepts the credentials, and whether other checks can be made.
pub(super) async fn credentials(desk: &Desk<'_>) -> (Check, bool) {
    let mut check = Check::new(CheckId::Credentials);
    let region = desk.session.region();
    match reads::identity(&desk.ask).await {
        Ok(Some((account, arn))) => {
            check.sees(&account, Ok(None));
            (check.noting(Some(format!("{arn} in {region}"))), true)
        }
        Ok(None) => {
            let why =
                "sts:GetCallerIdentity: the answer is not AWS's; a proxy may have sent a page of its own";
            check.sees(region, Err(NotLooked::because(why)));
            (check, true)
        }
        Err(error @ CallError::Rejected { .. }) if error.is_about_credentials() => {
            check.sees(region, Ok(Some(error.to_string())));
            (check, false)
        }
        // Where STS cannot be reached, other services may be.
        Err(error) => {
            check.sees(region, Err(NotLooked::from(error)));
            (check, true)
        }
    }
}

/// Whether AWS may be read as the function reads it. What is refused to this
/// caller may be allowed to the function.
pub(super) async fn reads(desk: &Desk<'_>) -> Check {
    let mut check = Check::new(CheckId::Reads);
    let elb = desk.clients.elb(desk.limits);
    let load_balancers = elb.network_load_balancers().await;
    let arns = load_balancers.iter().flatten().take(TAGS_BATCH).map(|listed| listed.arn.to_string());
    let arns: Vec<_> = arns.collect();
    check.sees("load balancers", is_unreachable(load_balancers));
    if !arns.is_empty() {
        check.sees("tags", is_unreachable(elb.tags(arns).await));
    }
    check.sees("target groups", is_unreachable(elb.target_groups().await));
    if desk.session.settings().address_source.reads_interfaces() {
        let interfaces = desk.clients.ec2(desk.limits).control_plane_interfaces().await;
        check.sees("network interfaces", is_unreachable(interfaces));
    }
    check
}

/// The check is about the network only, so every other error is a read that failed.
fn is_unreachable<T>(read: Result<T, CallError>) -> Looked<Option<String>> {
    match read {
        Ok(_) => Ok(None),
        Err(error @ CallError::Unreachable { .. }) => Ok(Some(error.to_string())),
        Err(error) => Err(NotLooked::from(error)),
    }
}
