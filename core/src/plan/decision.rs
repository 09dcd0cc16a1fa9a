//! What is to happen to one target, with the reason and its numbers.

use core::fmt;

use serde::{Serialize, Serializer};

use crate::model::{CurrentTarget, TargetState, Zone};
use crate::reasons::{Rule, WithholdReason};

/// What is to happen to one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The target as ELB lists it, if it does.
    pub listed: Option<CurrentTarget>,
    /// What is to happen.
    pub action: Action,
}

/// What is to happen to a target, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is desired and in service.
    Keep,
    /// It is desired and not in service.
    Register,
    /// It is draining and not desired.
    Leave,
    /// It is stale, and clients do not need it.
    Deregister(DeregisterReason),
    /// It is stale, and stays.
    Withhold(Withheld),
}

/// Why clients do not need a stale target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeregisterReason {
    /// It is `unused`: the load balancer sends it nothing.
    Unused,
    /// It is unhealthy while a healthy target serves its zone.
    Unhealthy,
    /// Its zone fails open, and this many desired targets take its traffic.
    ReadyReplacements(usize),
    /// Enough desired targets are healthy.
    HealthyReplacements {
        /// How many are.
        healthy: usize,
        /// How many must be.
        needed: usize,
    },
}

/// Why a stale target stays, with the numbers of the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It may be serving, and the desired targets cannot replace it yet.
    WaitingForHealthyReplacement(Shortfall),
    /// One of two sources still names its address.
    NamedByOneSource,
    /// A source that must agree has failed.
    SourceUnavailable,
    /// The policy never deregisters.
    AddOnlyPolicy,
    /// A desired target could not be registered in this run.
    RegistrationFailed,
    /// ELB refused to deregister it, or did not answer.
    DeregistrationFailed,
}

/// What the desired targets are missing before a stale one can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// Too few of them are healthy.
    Healthy {
        /// How many are.
        healthy: usize,
        /// How many must be.
        needed: usize,
    },
    /// None of those in this zone, or not registered yet, is healthy.
    HealthyInZone(Zone),
    /// The zone fails open (the whole group, if none is named), and not every
    /// desired target that may serve it can take traffic.
    Ready {
        /// How many are registered and no longer `initial`.
        ready: usize,
        /// How many must be.
        needed: usize,
        /// The zone that fails open.
        zone: Option<Zone>,
    },
}

impl Action {
    /// Whether it is a call to ELB.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self, Self::Register | Self::Deregister(_))
    }

    /// Whether the target is to be deregistered.
    #[must_use]
    pub fn deregisters(&self) -> bool {
        matches!(self, Self::Deregister(_))
    }

    /// Why the target is withheld, if it is.
    #[must_use]
    pub fn withheld(&self) -> Option<&Withheld> {
        match self {
            Self::Withhold(withheld) => Some(withheld),
            Self::Keep | Self::Register | Self::Leave | Self::Deregister(_) => None,
        }
    }

    /// The word for tables.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Register => "register",
            Self::Leave => "leave",
            Self::Deregister(_) => "deregister",
            Self::Withhold(_) => "withhold",
        }
    }
}

impl Decision {
    /// The rule of docs/reference.md that decides. `None` where a setting or a
    /// failed write decides.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        match &self.action {
            Action::Keep => None,
            Action::Register if self.listed.is_some() => Some(Rule::DrainingNotInService),
            Action::Register => Some(Rule::RegisterFirst),
            Action::Leave => Some(Rule::DrainingNotInService),
            Action::Deregister(_) => Some(Rule::KeepLastHealthy),
            Action::Withhold(withheld) => match withheld {
                Withheld::WaitingForHealthyReplacement(_) | Withheld::RegistrationFailed => {
                    Some(Rule::KeepLastHealthy)
                }
                Withheld::NamedByOneSource | Withheld::SourceUnavailable => Some(Rule::NoWriteOnDoubt),
                Withheld::AddOnlyPolicy | Withheld::DeregistrationFailed => None,
            },
        }
    }
}

/// The reason, in words.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.listed.as_ref().map(|listed| listed.state);
        match &self.action {
            Action::Keep if state == Some(TargetState::Unused) => f.write_str(
                "desired; the load balancer does not use its zone, or no listener forwards to the group",
            ),
            Action::Keep => f.write_str("desired"),
            Action::Register if state.is_some() => f.write_str("desired, and draining"),
            Action::Register => f.write_str("desired, and not registered"),
            Action::Leave => f.write_str("not desired; it finishes its connections"),
            Action::Deregister(reason) => write!(f, "stale; {reason}"),
            Action::Withhold(withheld) => write!(f, "stale; {withheld}"),
        }
    }
}

impl fmt::Display for DeregisterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unused => f.write_str("unused, so it serves no clients"),
            Self::Unhealthy => {
                f.write_str("unhealthy while a healthy target serves its zone, so it serves no clients")
            }
            Self::ReadyReplacements(0) => f.write_str("its zone fails open, and no desired target is there"),
            Self::ReadyReplacements(ready) => {
                write!(f, "its zone fails open, and {} can take its traffic", targets(*ready))
            }
            Self::HealthyReplacements { healthy, needed } => {
                write!(f, "{} healthy where {needed} must be", are(*healthy))
            }
        }
    }
}

/// As in `2 desired targets`.
fn targets(count: usize) -> impl fmt::Display {
    struct Targets(usize);
    impl fmt::Display for Targets {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let s = if self.0 == 1 { "" } else { "s" };
            write!(f, "{} desired target{s}", self.0)
        }
    }
    Targets(count)
}

/// As in `2 desired targets are`.
fn are(count: usize) -> impl fmt::Display {
    struct Are(usize);
    impl fmt::Display for Are {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let verb = if self.0 == 1 { "is" } else { "are" };
            write!(f, "{} {verb}", targets(self.0))
        }
    }
    Are(count)
}

impl Withheld {
    /// The reason without its numbers.
    #[must_use]
    pub fn reason(&self) -> WithholdReason {
        match self {
            Self::WaitingForHealthyReplacement(_) => WithholdReason::WaitingForHealthyReplacement,
            Self::NamedByOneSource => WithholdReason::NamedByOneSource,
            Self::SourceUnavailable => WithholdReason::SourceUnavailable,
            Self::AddOnlyPolicy => WithholdReason::AddOnlyPolicy,
            Self::RegistrationFailed => WithholdReason::RegistrationFailed,
            Self::DeregistrationFailed => WithholdReason::DeregistrationFailed,
        }
    }

    /// What the desired targets are missing, if that is the reason.
    #[must_use]
    pub fn shortfall(&self) -> Option<&Shortfall> {
        match self {
            Self::WaitingForHealthyReplacement(shortfall) => Some(shortfall),
            Self::NamedByOneSource
            | Self::SourceUnavailable
            | Self::AddOnlyPolicy
            | Self::RegistrationFailed
            | Self::DeregistrationFailed => None,
        }
    }
}

impl Serialize for Withheld {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reason().serialize(serializer)
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForHealthyReplacement(shortfall) => write!(f, "it may be serving, and {shortfall}"),
            Self::NamedByOneSource => f.write_str("one of DNS and the network interfaces still names it"),
            Self::SourceUnavailable => f.write_str("one of DNS and the network interfaces gave no answer"),
            Self::AddOnlyPolicy => f.write_str("SYNC_POLICY is add-only"),
            Self::RegistrationFailed => f.write_str("a desired target could not be registered"),
            Self::DeregistrationFailed => f.write_str("ELB did not deregister it"),
        }
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy { healthy, needed } => {
                write!(f, "{} healthy where {needed} must be", are(*healthy))
            }
            Self::HealthyInZone(zone) => write!(f, "no desired target in zone {zone} is healthy"),
            Self::Ready { ready, needed, zone: Some(zone) } => write!(
                f,
                "no target in zone {zone} is healthy, so the zone fails open: {} ready where {needed} must be",
                are(*ready)
            ),
            Self::Ready { ready, needed, zone: None } => write!(
                f,
                "no target is healthy, so the load balancer fails open: {} ready where {needed} must be",
                are(*ready)
            ),
        }
    }
}
