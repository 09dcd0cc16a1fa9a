//! The wire without sockets: what the SDK and the resolver send arrives at the
//! harness, and comes back, in the same thread and in simulated time.

pub(crate) mod aws;
pub(crate) mod dns;
