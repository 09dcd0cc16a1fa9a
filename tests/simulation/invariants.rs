//! Judges every write when it is made, and every run when it ends. What each
//! [`Invariant`] promises is in the documentation of the [crate](crate).

mod known;
mod run;
mod settled;
mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use eks_nlb_simulator::TargetState;

use crate::ground_truth::States;

pub(crate) use run::{judge_plan, judge_run};
pub(crate) use settled::unsettled;
pub(crate) use write::judge_write;

/// EKS runs at least this many API servers, whatever DNS names.
const FEWEST_SERVERS: usize = 2;

/// The invariants of every history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariant {
    KeepLastServer,
    KeepLastLiveServer,
    KeepMinimum,
    OnlyNamed,
    OnlyTagged,
    NoWriteOnDoubt,
    DryRun,
    RegisterFirst,
    Idempotent,
    FreshHealth,
    ServeAll,
    Report,
    Converge,
    NoPanic,
}

impl Invariant {
    fn as_str(self) -> &'static str {
        match self {
            Self::KeepLastServer => "keep-last-server",
            Self::KeepLastLiveServer => "keep-last-live-server",
            Self::KeepMinimum => "keep-minimum",
            Self::OnlyNamed => "only-named",
            Self::OnlyTagged => "only-tagged",
            Self::NoWriteOnDoubt => "no-write-on-doubt",
            Self::DryRun => "dry-run",
            Self::RegisterFirst => "register-first",
            Self::Idempotent => "idempotent",
            Self::FreshHealth => "fresh-health",
            Self::ServeAll => "serve-all",
            Self::Report => "report",
            Self::Converge => "converge",
            Self::NoPanic => "no-panic",
        }
    }

    /// It is broken.
    pub(crate) fn broken(self, how: impl Into<String>) -> Breach {
        Breach { invariant: self, how: how.into() }
    }
}

/// An invariant is broken.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub(crate) invariant: Invariant,
    how: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant.as_str(), self.how)
    }
}

fn is_in_service(states: &States, target: &SocketAddr) -> bool {
    states.get(target).is_some_and(|state| *state != TargetState::Draining)
}

/// The targets in service.
fn in_service(states: &States) -> BTreeSet<SocketAddr> {
    states.keys().filter(|target| is_in_service(states, target)).copied().collect()
}
