//! The shipped binary over the wire: real HTTP, real DNS, the Lambda Runtime API.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

mod calls;
mod cases;
mod consent;
mod events;
mod faults;
mod fleet;
mod freeze;
mod http_proxy;
mod metrics;
mod names;
mod outcomes;
mod pages;
#[path = "../support/process.rs"]
#[expect(dead_code, reason = "the soak uses the rest of it")]
mod process;
mod proxies;
mod registration;
mod relay;
mod report;
mod rules;
mod selection;
mod servers;
mod settings;
mod sources;
mod support;
mod time;
mod tls;
mod unreachable;
mod unserved;
