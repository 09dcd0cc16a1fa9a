//! Keeps the calls that were made, and the faults planted for future ones.

use std::collections::BTreeMap;

use super::World;
use crate::faults::Fault;
use crate::journal::Recorded;
use crate::throttle::{Limits, Throttle};

impl World {
    /// Makes a fault happen from now on.
    pub fn plant(&mut self, fault: Fault<Self>) {
        self.faults.plant(fault);
    }

    /// Makes no fault happen any more.
    pub fn clear_faults(&mut self) {
        self.faults.0.clear();
    }

    /// How many planted faults are still to happen.
    #[must_use]
    pub fn faults_left(&self) -> usize {
        self.faults.0.len()
    }

    /// Limits ELB's calls from now on, with full buckets; `None` limits none.
    pub fn set_limits(&mut self, limits: Option<Limits>) {
        self.throttle = limits.map(Throttle::new);
    }

    /// The AWS calls so far, in the order they arrived.
    #[must_use]
    pub fn requests(&self) -> &[Recorded] {
        &self.journal
    }

    /// The calls of one operation so far.
    #[must_use]
    pub fn requests_of(&self, operation: &str) -> Vec<&Recorded> {
        self.journal.iter().filter(|request| request.operation == operation).collect()
    }

    /// The calls so far that change something.
    #[must_use]
    pub fn writes(&self) -> Vec<&Recorded> {
        self.journal.iter().filter(|request| request.is_write()).collect()
    }

    /// How many calls of one operation there have been.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        self.requests_of(operation).len()
    }

    /// How many calls of each operation there have been.
    #[must_use]
    pub fn request_counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for request in &self.journal {
            *counts.entry(request.operation.as_str()).or_default() += 1;
        }
        counts
    }

    /// Forgets the calls so far.
    pub fn clear_requests(&mut self) {
        self.journal.clear();
    }
}
