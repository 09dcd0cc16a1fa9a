//! Decides which targets of a target group are registered and deregistered;
//! does no I/O.
//!
//! [`model`] holds the nouns as validated types, [`serving`] says which targets
//! clients reach, [`plan`] decides, and [`reasons`] names everything that the
//! report can say. The crate has no standard library, so the compiler holds
//! that a decision depends on its arguments only.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod model;
pub mod plan;
pub mod reasons;
pub mod serving;
