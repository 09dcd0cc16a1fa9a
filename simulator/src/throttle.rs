//! Limits calls as ELB does: token buckets for each account and Region.
//!
//! Buckets fill by the runtime's clock, which a test may pause: AWS limits the
//! real pace of calls.
//!
//! # Sources
//!
//! - Elastic Load Balancing, *API request throttling*: non-mutating actions
//!   40 tokens filled at 10 a second (in newer texts 200 at 50), registering
//!   and deregistering together 20 at 4, all actions together 40 at 10.

use std::collections::BTreeMap;
use tokio::time::Instant;

use crate::refusal::Refusal;
use crate::scope::Scope;

/// A bucket's size and refill rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Most tokens it holds.
    pub size: f64,
    /// Tokens a second.
    pub rate: f64,
}

/// The buckets that a call must find a token in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// For every Describe call.
    pub describe: Bucket,
    /// For RegisterTargets and DeregisterTargets.
    pub registration: Bucket,
    /// For every call.
    pub all: Bucket,
}

impl Limits {
    /// As AWS published them for years.
    pub const CLASSIC: Self = Self {
        describe: Bucket { size: 40.0, rate: 10.0 },
        registration: Bucket { size: 20.0, rate: 4.0 },
        all: Bucket { size: 40.0, rate: 10.0 },
    };

    /// As the AWS Load Balancer Controller adopted them in March 2026.
    pub const NEWER: Self = Self {
        describe: Bucket { size: 200.0, rate: 50.0 },
        registration: Bucket { size: 20.0, rate: 4.0 },
        all: Bucket { size: 200.0, rate: 50.0 },
    };
}

/// How full the buckets of one account and Region are, and since when.
#[derive(Debug)]
struct Levels {
    describe: f64,
    registration: f64,
    all: f64,
    at: Instant,
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Throttle {
    limits: Limits,
    levels: BTreeMap<Scope, Levels>,
}

impl Throttle {
    /// Full buckets.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, levels: BTreeMap::new() }
    }

    /// Takes the tokens that `operation` needs at `now`.
    pub(crate) fn take(&mut self, scope: &Scope, operation: &str, now: Instant) -> Result<(), Refusal> {
        let limits = self.limits;
        let levels = self.levels.entry(scope.clone()).or_insert(Levels {
            describe: limits.describe.size,
            registration: limits.registration.size,
            all: limits.all.size,
            at: now,
        });
        let passed = now.saturating_duration_since(levels.at).as_secs_f64();
        let fill = |level: &mut f64, b: Bucket| *level = (*level + passed * b.rate).min(b.size);
        fill(&mut levels.describe, limits.describe);
        fill(&mut levels.registration, limits.registration);
        fill(&mut levels.all, limits.all);
        levels.at = now;
        let own =
            if operation.starts_with("Describe") { &mut levels.describe } else { &mut levels.registration };
        if *own < 1.0 || levels.all < 1.0 {
            return Err(rate_exceeded());
        }
        *own -= 1.0;
        levels.all -= 1.0;
        Ok(())
    }
}

/// The refusal of ELB and STS.
pub(crate) fn rate_exceeded() -> Refusal {
    Refusal::new(400, "Throttling", "Rate exceeded")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let mut throttle = Throttle::new(Limits::CLASSIC);
        let start = Instant::now();
        let mut accepted = |operation, at| {
            let at = start + at;
            let take = || throttle.take(&Scope::default(), operation, at);
            std::iter::repeat_with(take).take_while(Result::is_ok).count()
        };

        assert_eq!(accepted("RegisterTargets", Duration::ZERO), 20);
        assert_eq!(accepted("DescribeTags", Duration::ZERO), 20, "all together are 40");
        assert_eq!(accepted("DeregisterTargets", Duration::from_secs(1)), 4);
        assert_eq!(accepted("DescribeTags", Duration::from_secs(1)), 6);
        assert_eq!(accepted("DescribeTags", Duration::from_mins(1)), 40);
    }
}
