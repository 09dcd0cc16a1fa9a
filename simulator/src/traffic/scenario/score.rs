//! Counts connections, made and failed.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

/// What one controller did to its clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Connections that clients made, or tried to.
    pub made: usize,
    /// Those that failed and need not have.
    pub avoidable: usize,
    /// Those that failed with any controller.
    pub unavoidable: usize,
    /// Those of either that failed in an orderly replacement.
    pub orderly: usize,
    /// Connections that stay, and were made.
    pub sessions: usize,
    /// Requests made in them.
    pub requests: usize,
    /// Those of them that ended because their server did, or its target was
    /// gone.
    pub ended: usize,
    /// Those that ended although their server lived and its target was there.
    pub cut: usize,
    /// The first failures that need not have been, in words.
    pub complaints: Vec<String>,
}

impl Score {
    /// Connections that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.avoidable + self.unavoidable
    }

    /// Counts one connection, to `target`, and why it failed if it did.
    pub(super) fn count(&mut self, failure: Option<&str>, target: Option<SocketAddr>, could: &Possible) {
        self.made += 1;
        let Some(failure) = failure else {
            return;
        };
        self.orderly += usize::from(could.orderly);
        if could.be_served_instead_of(target) {
            self.avoidable += 1;
            self.complain(|| {
                format!(
                    "{}: to {target:?}, which failed: {failure}; {:?} would have served",
                    could.when,
                    could.live_in_service()
                )
            });
        } else {
            self.unavoidable += 1;
        }
    }

    /// Keeps the first few complaints.
    pub(super) fn complain(&mut self, complaint: impl FnOnce() -> String) {
        if self.complaints.len() < 5 {
            self.complaints.push(complaint());
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections, {} failed, {} of them avoidable", self.made, self.failed(), self.avoidable)
    }
}

/// What a perfect controller could make of one instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Possible {
    /// When it is, in words.
    pub(super) when: String,
    /// Whether EKS does what it should.
    pub(super) orderly: bool,
    /// The API servers that are up.
    pub(super) live: BTreeSet<SocketAddr>,
    /// The targets that its load balancer would send connections to.
    pub(super) in_service: BTreeSet<SocketAddr>,
}

impl Possible {
    /// Whether a connection that failed at `target`, or for want of one, would
    /// have been served.
    fn be_served_instead_of(&self, target: Option<SocketAddr>) -> bool {
        let same =
            target.is_some_and(|target| self.in_service.contains(&target) && !self.live.contains(&target));
        !same && !self.live_in_service().is_empty()
    }

    fn live_in_service(&self) -> BTreeSet<SocketAddr> {
        self.in_service.intersection(&self.live).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_avoidable_if_the_perfect_controller_had_a_live_server_and_not_that_dead_one() {
        struct Case {
            live: &'static [u8],
            in_service: &'static [u8],
            failed: Option<u8>,
            avoidable: bool,
        }
        #[rustfmt::skip]
        let cases = [
            Case { live: &[1], in_service: &[1],    failed: None,    avoidable: true  },
            Case { live: &[1], in_service: &[1],    failed: Some(2), avoidable: true  },
            Case { live: &[1], in_service: &[1],    failed: Some(1), avoidable: true  },
            Case { live: &[1], in_service: &[1, 2], failed: Some(2), avoidable: false },
            Case { live: &[1], in_service: &[1, 2], failed: None,    avoidable: true  },
            Case { live: &[],  in_service: &[2],    failed: None,    avoidable: false },
            Case { live: &[1], in_service: &[2],    failed: Some(3), avoidable: false },
        ];
        let at = |last: u8| SocketAddr::from(([127, 0, 1, last], 443));
        let set = |last: &[u8]| last.iter().map(|&last| at(last)).collect();
        for Case { live, in_service, failed, avoidable } in cases {
            let could = Possible { live: set(live), in_service: set(in_service), ..Possible::default() };
            let mut score = Score::default();
            score.count(Some("refused"), failed.map(at), &could);
            let counted = [score.avoidable, score.unavoidable];
            assert_eq!(
                counted,
                [usize::from(avoidable), usize::from(!avoidable)],
                "{live:?} {in_service:?} {failed:?}"
            );
        }
    }
}
