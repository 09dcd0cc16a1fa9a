//! Decides in which order frontends are visited, how many calls are in flight,
//! at which rate they are made, and when a run must end; never what is done.

pub mod budget;
pub mod memo;
pub mod pace;
pub mod queue;
pub mod rate_limiter;
