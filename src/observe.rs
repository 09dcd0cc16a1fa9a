//! Reads what a plan needs, for the frontends that it is given and no others:
//! where a cluster's API is, its addresses, and the health of target groups.

pub mod addresses;
pub mod clusters;
pub mod dns;
pub mod health;
