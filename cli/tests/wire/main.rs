//! The command line as its users have it: the real program, over the wire,
//! against the simulator.

mod bad_input;
mod docs;
mod explain;
mod plan;
mod reasons;
mod support;
mod sync;
