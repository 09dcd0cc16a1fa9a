//! The command line as its users have it: the real program, over the wire,
//! against the simulator.

mod bad_input;
mod explain;
mod plan;
mod support;
mod sync;
