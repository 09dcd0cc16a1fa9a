//! What the sources of addresses named to a run, and what follows for each
//! `ADDRESS_SOURCE`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::FEWEST_SERVERS;
use crate::ground_truth::{Interfaces, PORT};
use crate::harness::Harness;
use crate::history::Source;
use crate::witness::{Described, Question, Witness};

/// Addresses that a source named.
pub(super) type Addresses = BTreeSet<IpAddr>;

/// One thing that a run may conclude from what its sources answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    pub(super) desired: Addresses,
    /// Addresses that any source names: their targets must not be deregistered.
    pub(super) named: Addresses,
    /// Every source that must agree before a target goes has answered.
    pub(super) is_confirmed: bool,
}

/// Everything that `run` may conclude for a frontend. Several conclusions,
/// where DNS gave different answers.
pub(super) fn known(harness: &Harness, run: &Witness, frontend: usize) -> BTreeSet<Known> {
    let question = question(harness, run, frontend);
    let truth = &harness.truth.frontends[frontend];
    let name = &harness.truth.clusters[truth.cluster].name;
    let of_family = |all: &Addresses| all.iter().copied().filter(|ip| ip.is_ipv6() == truth.ipv6).collect();
    let none = Addresses::new();
    let group = run.described.get(name).map(|described| described.security_group.as_str());
    let of_cluster = |all: &Interfaces| of_family(group.and_then(|group| all.get(group)).unwrap_or(&none));
    let interfaces: Option<Addresses> = run.interfaces.as_ref().map(of_cluster);
    let dns = || run.answers.get(&question).into_iter().flatten();
    let known: Vec<Known> = match harness.source {
        Source::Dns => dns().map(Known::by).collect(),
        Source::Interfaces => interfaces.iter().map(Known::by).collect(),
        Source::Both => {
            let interfaces = interfaces.unwrap_or_default();
            let both = |dns: &Addresses| Known {
                desired: dns & &interfaces,
                named: dns | &interfaces,
                is_confirmed: true,
            };
            dns().map(both).collect()
        }
        Source::Auto => by_what_can_be_read(run, interfaces.as_ref(), &dns().collect::<Vec<_>>(), &question),
    };
    known.into_iter().filter(|known| !known.desired.is_empty()).collect()
}

/// `auto`: interfaces decide where there are two or more, else DNS.
fn by_what_can_be_read(
    run: &Witness,
    interfaces: Option<&Addresses>,
    dns: &[&Addresses],
    question: &Question,
) -> Vec<Known> {
    let mut known = Vec::new();
    let named = |desired: &Addresses, other: &Addresses| Known {
        desired: desired.clone(),
        named: desired | other,
        is_confirmed: true,
    };
    let few = match interfaces {
        Some(interfaces) if interfaces.len() >= FEWEST_SERVERS => {
            known.push(Known { is_confirmed: false, ..Known::by(interfaces) });
            let confirmations = run.confirmations.get(question).into_iter().flatten();
            known.extend(confirmations.map(|named_by_dns| named(interfaces, named_by_dns)));
            None
        }
        few => few,
    };
    if few.is_some() || interfaces.is_none() || run.is_ec2_in_trouble {
        // Only a refusal by IAM, or an answer, lets DNS alone take targets away.
        let is_confirmed = few.is_some() || (run.is_ec2_denied && interfaces.is_none());
        let none = Addresses::new();
        known.extend(dns.iter().map(|dns| Known { is_confirmed, ..named(dns, few.unwrap_or(&none)) }));
    }
    known
}

impl Known {
    fn by(named: &Addresses) -> Self {
        Self { desired: named.clone(), named: named.clone(), is_confirmed: true }
    }
}

/// What DNS is asked for a frontend, by what EKS has described to the run.
pub(super) fn question(harness: &Harness, run: &Witness, frontend: usize) -> Question {
    let frontend = &harness.truth.frontends[frontend];
    let name = &harness.truth.clusters[frontend.cluster].name;
    let described = run.described.get(name).cloned();
    (described.unwrap_or_else(|| Described::of(&harness.world, name)).host, frontend.ipv6)
}

/// Whether two overlapping runs may have concluded different things.
pub(super) fn is_contested(harness: &Harness, frontend: usize) -> bool {
    let all: BTreeSet<Known> = harness.runs.values().flat_map(|run| known(harness, run, frontend)).collect();
    harness.runs.len() > 1 && all.len() > 1
}

pub(super) fn on_port(addresses: &Addresses) -> BTreeSet<SocketAddr> {
    addresses.iter().map(|ip| SocketAddr::new(*ip, PORT)).collect()
}
