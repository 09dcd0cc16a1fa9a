//! Error codes and messages exactly as AWS returns them.

use std::borrow::Cow;
use std::fmt;

/// Why a call is refused: what any AWS protocol carries of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code, as in `TargetGroupNotFound`.
    pub code: Cow<'static, str>,
    /// The text for people.
    pub message: String,
}

impl Refusal {
    /// A refusal with any status, code and text.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// `ValidationError`, which ELB's model does not list.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub(crate) fn load_balancer_not_found() -> Self {
        Self::new(400, "LoadBalancerNotFound", "One or more load balancers not found")
    }

    pub(crate) fn target_group_not_found() -> Self {
        Self::new(400, "TargetGroupNotFound", "One or more target groups not found")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)
    }
}

impl std::error::Error for Refusal {}
