//! The validated types of the function.
//!
//! A text that arrives from a tag, an event, EKS or DNS is not trusted until one
//! of these types has accepted it. In particular [`Addresses`] cannot be empty
//! and cannot hold an address outside [`AllowedCidrs`], so neither an empty nor
//! a public DNS answer can reach the planner.

mod address;
mod cluster;
mod frontend;
mod interface;
mod scope;
mod tags;
mod target;

pub use address::{AddressSource, Addresses, AllowedCidrs, Desired, Family, InvalidAddresses, Source};
pub use cluster::{ApiEndpoint, ClusterName, Host, InvalidClusterName, InvalidHost};
pub use frontend::{Frontend, LoadBalancerArn, TargetGroupArn};
pub use interface::{DESCRIPTION_PREFIX, Interface, Interfaces};
pub use scope::{InvalidScope, Region, Role, Scope};
pub use tags::{TagSelector, Tags};
pub use target::{CurrentTarget, Target, TargetState, Targets, Zone};
