//! Calls AWS: the only users of SDK types.
//!
//! [`config`] sets retries and time-outs for every client, and [`account`] makes
//! the clients of one account and Region. [`call`] makes one call within a
//! run's limits and classifies its failure; [`answers`] bounds what a service
//! may answer. [`ec2`], [`eks`], [`elb`] and [`sts`] adapt one service each;
//! [`ask`] is for what the command line looks at, and the function does not use
//! it.
//! Nothing above the SDK retries, the next scheduled run does; but for calls
//! that ELB throttles, which are made again at the [`pace`](crate::pace) it
//! allows.

pub mod account;
pub mod answers;
pub mod ask;
mod call;
pub mod config;
pub mod ec2;
pub mod eks;
pub mod elb;
mod parts;
mod sts;
pub mod xml;
