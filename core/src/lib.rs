//! Decides which targets of a target group are registered and deregistered;
//! does no I/O.
//!
//! [`model`] holds the validated types, [`serving`] computes which targets clients
//! reach, [`plan`] decides, and [`reasons`] names every code that a report can
//! contain. The crate has no standard library, so the compiler ensures that a
//! decision depends on its arguments only.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod model;
pub mod plan;
pub mod reasons;
pub mod serving;
