//! Checks endpoint services: who may connect, and which connections wait to be
//! accepted.

use std::collections::{BTreeMap, BTreeSet};

use eks_nlb_sync::publish::report::FrontendReport;
use futures_util::future::join_all;

use super::check::Check;
use super::desk::Desk;
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::Looked;
use crate::reads::network::{self, EndpointService};

/// Checks the endpoint services of the load balancers of `frontends`.
pub(super) async fn look(
    desk: &Desk<'_>,
    frontends: &[&FrontendReport],
    services: &Looked<Vec<EndpointService>>,
) -> Vec<Check> {
    let arns: BTreeSet<_> = frontends.iter().filter_map(|frontend| frontend.load_balancer.as_ref()).collect();
    let mut exists = Check::new(CheckId::EndpointService);
    let mut own = BTreeMap::<&str, &EndpointService>::new();
    for arn in arns {
        let found = services.as_ref().map_err(Clone::clone).map(|all| {
            let mut of_balancer =
                all.iter().filter(|service| service.load_balancers.contains(&arn.0)).peekable();
            let is_there = of_balancer.peek().is_some();
            let broken = of_balancer.clone().find(|service| service.state != "Available");
            own.extend(of_balancer.map(|service| (service.id.as_str(), service)));
            match broken {
                Some(service) => Some(format!("{} is {}", service.id, service.state)),
                None => (!is_there).then(|| "it has none".to_owned()),
            }
        });
        exists.sees(names::load_balancer(arn), found);
    }
    let (mut principals, mut connections) =
        (Check::new(CheckId::Principals), Check::new(CheckId::Connections));
    let looked = own.values().map(async |service| {
        let allowed = network::principals(&desk.ask, &service.id).await;
        (*service, allowed, network::waiting(&desk.ask, &service.id).await)
    });
    for (service, allowed, waiting) in join_all(looked).await {
        principals.sees(&service.id, allowed.map(|allowed| who(service, &allowed)));
        let waits =
            waiting.map(|waiting| (!waiting.is_empty()).then(|| format!("{} waits", waiting.join(" and "))));
        connections.sees(&service.id, waits);
    }
    vec![exists, principals, connections]
}

fn who(service: &EndpointService, allowed: &[String]) -> Option<String> {
    if allowed.is_empty() {
        Some("no principal may connect".to_owned())
    } else if allowed.iter().any(|principal| principal == "*") && !service.needs_acceptance {
        Some("every AWS account may connect, and no connection needs acceptance".to_owned())
    } else {
        None
    }
}
