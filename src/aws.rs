//! Calls AWS: the only users of SDK types.
//!
//! [`config`] sets retries and time-outs for every client and makes their HTTP
//! client, with the proxies and certificates of the environment. [`account`] makes
//! the clients of one account and Region. [`call`] makes one call within a run's
//! budget, waits throttling out, and classifies failures; [`response_guard`]
//! bounds what a service may answer. [`ec2`], [`eks`], [`elb`] and [`sts`] adapt
//! one service each; [`query_client`] is for what only the command line reads.

pub mod account;
pub mod call;
pub mod config;
pub mod ec2;
pub mod eks;
pub mod elb;
mod endpoint;
mod http_client;
pub mod limiters;
pub mod query_client;
pub mod response_guard;
mod sdk_plugin;
mod sts;
mod unreachable;
pub mod xml;
