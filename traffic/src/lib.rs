//! Traffic: control planes are replaced while clients in every zone connect,
//! through load balancers that are kept by the shipped function, by the
//! policies that people use, and by two controllers of perfect judgement.
//!
//! All of it is in memory: [`World::nodes`](eks_nlb_simulator::World::nodes)
//! returns the targets that get a connection, and [`play`] plays what happens.
//! Each zone has clients that know no other zone, as PrivateLink's endpoints do.
//!
//! The simulation tests play the scripts of [`kinds`], and `eks-nlb replay`
//! plays a recorded trace. [`connector`] and [`in_memory_net`] connect the SDK and
//! the resolver to a world without sockets.
//!
//! # Not modelled
//!
//! Caches of DNS answers (at most a minute), connections that stay, and the
//! half minute to two minutes that ELB takes to act on a deregistration.
//!
//! Like everything made for tests, it panics when it is used wrongly.

pub mod clock;
pub mod connector;
pub mod controllers;
pub mod function;
pub mod in_memory_net;
pub mod kinds;
pub mod lanes;
pub mod play;
pub mod score;
pub mod sources;
