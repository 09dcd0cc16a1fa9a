//! Checks the caller's credentials, and whether AWS answers.

use eks_nlb_sync::aws::elb::TAGS_BATCH;
use eks_nlb_sync::error::CallError;

use super::check::{Check, Found};
use crate::catalogue::CheckId;
use crate::reads::{self, NotLooked};
use crate::session::Connection;

/// Whether AWS accepts the credentials, and whether other checks can be made.
pub(super) async fn credentials(account: &Connection<'_>) -> (Check, bool) {
    let region = account.session.region();
    let check = |found| Check::of_one(CheckId::Credentials, region, found);
    match reads::identity(&account.query()).await {
        Ok(Some((number, arn))) => {
            let check = Check::of_one(CheckId::Credentials, &number, Ok(None));
            (check.noting(Some(format!("{arn} in {region}"))), true)
        }
        Ok(None) => {
            let why =
                "sts:GetCallerIdentity: the answer is not AWS's; a proxy may have sent a page of its own";
            (check(Err(NotLooked::because(why))), true)
        }
        Err(error @ CallError::Rejected { .. }) if error.is_about_credentials() => {
            (check(Ok(Some(error.to_string()))), false)
        }
        // Where STS cannot be reached, other services may be.
        Err(error) => (check(Err(error.into())), true),
    }
}

/// Whether AWS may be read as the function reads it. What is refused to this
/// caller may be allowed to the function.
pub(super) async fn reads(account: &Connection<'_>) -> Check {
    let elb = account.elb();
    let load_balancers = elb.network_load_balancers().await;
    let arns = load_balancers.iter().flatten().take(TAGS_BATCH).map(|listed| listed.arn.to_string());
    let arns: Vec<_> = arns.collect();
    let mut found = vec![("load balancers", is_unreachable(load_balancers))];
    if !arns.is_empty() {
        found.push(("tags", is_unreachable(elb.tags(arns).await)));
    }
    found.push(("target groups", is_unreachable(elb.target_groups().await)));
    if account.session.settings().address_source.reads_interfaces() {
        let interfaces = account.clients.ec2(&account.budget).control_plane_interfaces().await;
        found.push(("network interfaces", is_unreachable(interfaces)));
    }
    Check::of(CheckId::Reads, found)
}

/// The check is about the network only, so every other error is a read that failed.
fn is_unreachable<T>(read: Result<T, CallError>) -> Found {
    match read {
        Ok(_) => Ok(None),
        Err(error @ CallError::Unreachable { .. }) => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
