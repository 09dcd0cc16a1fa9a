//! Who calls, and whether AWS answers.

use super::Desk;
use super::check::{Check, NotLooked};
use super::reads;

/// Whether AWS accepts the credentials; and whether there is any sense in
/// asking on.
pub(super) async fn credentials(desk: &Desk<'_>) -> (Check, bool) {
    let mut check = Check::new("credentials");
    let region = desk.session.region();
    match reads::identity(&desk.ask).await {
        Ok((account, arn)) => {
            check.sees(&account, Ok(None));
            (check.noting(Some(format!("{arn} in {region}"))), true)
        }
        Err(error) => {
            // Without a way to STS, the other services may well be reached.
            let is_refused = error.is_about_credentials();
            check.sees(region, Err(NotLooked::from(error)));
            (check, !is_refused)
        }
    }
}

/// Whether AWS may be read as the function reads it. What is refused to this
/// caller may be allowed to the function.
pub(super) async fn reads(desk: &Desk<'_>) -> Check {
    let mut check = Check::new("reads");
    let elb = desk.clients.elb(desk.limits);
    let balancers = elb.network_load_balancers().await.map(|_| None).map_err(NotLooked::from);
    check.sees("load balancers", balancers);
    check.sees("target groups", elb.target_groups().await.map(|_| None).map_err(NotLooked::from));
    if desk.session.settings().address_source.reads_interfaces() {
        let interfaces = desk.clients.ec2(desk.limits).control_plane_interfaces().await;
        check.sees("network interfaces", interfaces.map(|_| None).map_err(NotLooked::from));
    }
    check
}
