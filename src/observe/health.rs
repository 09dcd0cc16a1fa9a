//! Reads the targets of target groups, and remembers when.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::elb::Elb;
use crate::error::CallError;
use crate::model::{Target, TargetGroupArn, Targets};

/// A target is deregistered only on health that was read this recently. It is
/// far longer than the two calls take, unless ELB throttles them.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// The targets of a target group, and when they were read.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The targets.
    pub targets: Targets,
    /// When ELB's answer arrived.
    at: Instant,
}

impl Observed {
    /// Reads the targets of `group`.
    ///
    /// # Errors
    ///
    /// The call fails.
    pub async fn read(elb: &Elb<'_>, group: &TargetGroupArn) -> Result<Self, CallError> {
        let targets = elb.targets(group).await?;
        Ok(Self { targets, at: Instant::now() })
    }

    /// Until when this health allows a target to be deregistered.
    #[must_use]
    pub fn fresh_until(&self) -> Instant {
        self.at + FRESH_FOR
    }

    /// Whether this health allows a target to be deregistered now.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        Instant::now() < self.fresh_until()
    }

    /// Whether `target` is registered and not draining.
    #[must_use]
    pub fn is_in_service(&self, target: &Target) -> bool {
        self.targets.get(target).is_some_and(|listed| listed.state.is_in_service())
    }
}
