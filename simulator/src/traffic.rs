//! Carries traffic: a load balancer that forwards TCP, API servers that speak
//! TLS, and clients that check their certificates; all of it on loopback.
//!
//! The [`World`] knows which targets a group has and in which
//! state they are; here that has consequences. A [`NetworkLoadBalancer`] asks
//! it for every new connection where to send it, and [`Checks`] tell it what
//! health checks find. Time is the world's: nothing here sleeps, and what
//! passes with time passes when the owner says so ([`Checks::round`],
//! [`NetworkLoadBalancer::settle`]).
//!
//! # What the load balancer does
//!
//! 1. A new connection goes to one of the healthy targets, each in turn.
//! 2. If none is healthy it *fails open*: to any registered target.
//! 3. A target gets nothing, not even then, until its registration is
//!    complete ([`Pace::registration`] after the call), and is not checked
//!    before.
//! 4. A draining target gets no new connections and keeps those it has, until
//!    it is gone; then they are cut.
//! 5. Where there is no target, or the target refuses, the client is reset.
//!
//! # Where it differs from NLB
//!
//! Deregistering takes effect at once, where NLB's machines hear of it a
//! little later. A connection to a target that becomes unhealthy stays, where
//! NLB cuts it by default. Checks verify certificates, where NLB does not;
//! and a target is checked once a round, not once by each machine. Zones do
//! not matter: cross-zone balancing is on.
//!
//! # Sources
//!
//! ELB User Guide for Network Load Balancers: *Register targets* (routing
//! starts "as soon as the registration process completes and the target
//! passes the initial health checks"), *Health checks* (failing open),
//! *Target groups*, deregistration delay.

mod api_server;
mod checks;
mod client;
mod load_balancer;
pub mod scenario;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

pub use api_server::ApiServer;
pub use checks::Checks;
pub use client::{Attempt, Client, Session};
pub use load_balancer::NetworkLoadBalancer;

pub use crate::tls::Authority;
use crate::world::{TargetState, World};

/// How fast a load balancer takes in a target, and gives it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the call that registers a target until the load balancer's
    /// machines know of it.
    pub registration: Duration,
    /// Checks that a target must pass, one after the other, to be healthy.
    pub healthy_checks: u32,
    /// Checks that it must fail to be unhealthy.
    pub unhealthy_checks: u32,
}

impl Pace {
    /// The targets of `group` that the machines know of, neither draining nor
    /// unused, and when they were registered.
    fn known(&self, world: &World, group: &str) -> BTreeMap<SocketAddr, Option<Duration>> {
        let states = world.targets(group);
        let targets = world.target_group(group).targets.iter().filter_map(|(key, target)| {
            let since = target.registered_at.map(|at| world.now().saturating_sub(at));
            let complete = since.is_none_or(|since| since >= self.registration);
            let state = *states.get(&key.to_string())?;
            let in_use = !matches!(state, TargetState::Draining | TargetState::Unused);
            (complete && in_use).then_some((key.to_string().parse().ok()?, target.registered_at))
        });
        targets.collect()
    }
}
