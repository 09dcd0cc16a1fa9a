//! Transcripts: everything that the function sends, logs, measures and answers in
//! a story of several runs, held to a text file for each story.
//!
//! A change of behaviour is a change of these files: `make generated` writes them,
//! and the reviewer reads the difference. Other tests assert the rules; these show
//! what no test asserts.
//!
//! Time is paused and simulated. AWS and DNS answer in process, so a transcript is
//! the same in every test run.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

mod basics;
mod clusters;
mod compact;
mod events;
mod faults;
mod fleet;
#[path = "../support/generated.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod generated;
mod hours;
mod limits;
mod lines;
mod logs;
mod names;
mod odd;
mod pace;
mod planner;
mod process;
mod render;
mod rules;
mod selection;
mod setup;
mod sources;
mod story;
mod tables;
mod wire;
mod writes;
