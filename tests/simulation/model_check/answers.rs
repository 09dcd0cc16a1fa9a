//! Everything that the sources of addresses may name.

use std::collections::BTreeSet;

use super::group::Set;

/// EKS runs at least this many API servers, whatever DNS names.
pub(super) const FEWEST_SERVERS: u32 = 2;

/// The conclusion of a run from its sources of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    pub(super) desired: Set,
    /// Addresses that only one of two sources names.
    pub(super) half_named: Set,
    /// Every source that must agree before a target goes has answered.
    pub(super) is_confirmed: bool,
}

/// Every answer for each `ADDRESS_SOURCE`, whatever DNS and the interfaces name.
/// A source that names nothing usable, or does not answer, is empty.
pub(super) fn answers(all: Set) -> BTreeSet<Answer> {
    let mut answers = BTreeSet::new();
    let mut add = |desired: Set, half_named: Set, is_confirmed| {
        if desired != 0 {
            answers.insert(Answer { desired, half_named: half_named & !desired, is_confirmed });
        }
    };
    for dns in 0..=all {
        for interfaces in 0..=all {
            // `dns`, `eni` and `dns+eni`.
            add(dns, 0, true);
            add(interfaces, 0, true);
            add(dns & interfaces, dns ^ interfaces, true);
            // `auto`: two interfaces or more, else DNS.
            if interfaces.count_ones() >= FEWEST_SERVERS {
                add(interfaces, dns, true);
                add(interfaces, 0, false);
            } else {
                add(dns, 0, true);
                add(dns, 0, false);
            }
        }
    }
    answers
}
