//! Checks endpoint services: who may connect, and which connections wait to be
//! accepted.

use std::collections::BTreeSet;

use futures_util::future::join;

use super::check::{Check, Found};
use super::facts::{Balancer, Facts};
use crate::catalogue::CheckId;
use crate::names;
use crate::reads::network::{self, EndpointService};
use crate::reads::{each, known};

/// Checks the endpoint services of the load balancers.
pub(super) async fn look(facts: &Facts<'_>) -> [Check; 3] {
    let has =
        |service: &EndpointService, balancer: &Balancer<'_>| service.load_balancers.contains(&balancer.arn.0);
    let exists = |balancer: &Balancer<'_>| -> Found {
        let mut own = known(&facts.services)?.iter().filter(|service| has(service, balancer)).peekable();
        let none = own.peek().is_none().then(|| "it has none".to_owned());
        let broken = own.find(|service| service.state != "Available");
        Ok(none.or_else(|| broken.map(|service| format!("{} is {}", service.id, service.state))))
    };
    let exists = facts.balancers.values().map(|one| (names::load_balancer(one.arn), exists(one)));
    let own = facts.services.iter().flatten();
    let own = own.filter(|service| facts.balancers.values().any(|balancer| has(service, balancer)));
    let own: BTreeSet<_> = own.collect();
    let ask = facts.account.query();
    let allowed = each(own.iter().copied(), async |one| -> Found {
        Ok(who(one, &network::principals(&ask, &one.id).await?))
    });
    let waiting = each(own.iter().copied(), async |one| -> Found {
        let waiting = network::waiting(&ask, &one.id).await?;
        Ok((!waiting.is_empty()).then(|| format!("{} waits", waiting.join(" and "))))
    });
    let (allowed, waiting) = join(allowed, waiting).await;
    [
        Check::of(CheckId::EndpointService, exists),
        Check::of(CheckId::Principals, allowed.into_iter().map(|(one, found)| (&one.id, found))),
        Check::of(CheckId::Connections, waiting.into_iter().map(|(one, found)| (&one.id, found))),
    ]
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
