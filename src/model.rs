//! The nouns of the function as validated types; knows no SDK, resolver or log.
//!
//! Whatever arrives from a tag, an event, EKS or DNS is somebody else's text
//! until one of these types has taken it. In particular [`Addresses`] cannot
//! be empty and cannot hold an address outside [`AllowedCidrs`], so neither
//! an empty nor a public DNS answer can reach the planner.

mod address;
mod cluster;
mod frontend;
mod interface;
mod scope;
mod tags;
mod target;

pub use address::{AddressSource, Addresses, AllowedCidrs, Desired, Family, InvalidAddresses};
pub use cluster::{ApiEndpoint, ClusterName, Host, InvalidClusterName, InvalidEndpoint};
pub use frontend::{Expected, Frontend, LoadBalancerArn, TargetGroupArn};
pub use interface::{DESCRIPTION_PREFIX, Interface, Interfaces};
pub use scope::{InvalidScope, Region, Role, Scope};
pub use tags::{TagSelector, Tags};
pub use target::{CurrentTarget, Target, TargetState, Targets, Zone};
