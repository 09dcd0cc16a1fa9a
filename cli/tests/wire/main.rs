//! The command line as its users have it: the real program, over the wire,
//! against the simulator.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

mod advice;
mod agreement;
mod alarms;
mod bad_input;
mod completions;
mod deployed;
mod docs;
mod doctor;
mod environment;
mod explain;
#[path = "../../../tests/support/generated.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod generated;
mod in_between;
mod layout;
mod plan;
mod reasons;
mod record;
#[path = "../../../tests/wire/relay.rs"]
#[expect(dead_code, reason = "the function's tests use the rest of it")]
mod relay;
mod schema;
mod since;
mod status;
mod support;
mod sync;
mod traces;
mod watch;
