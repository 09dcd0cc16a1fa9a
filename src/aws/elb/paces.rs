//! Keeps the paces of ELB's calls: notes which it accepts and which it refuses.
//!
//! The SDK would retry a throttled call without regard to the pace, so it is
//! told not to; [`Elb`](super::Elb) makes the call again in its turn.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::pace::Pace;

/// Calls per second that ELB lets through for an account and Region, all kinds
/// together, by the older of two texts. Where it is more for all, or less for
/// writes, that is found out.
///
/// Source: ELB API Reference, *Request throttling*: 40 tokens refilled at 10 a
/// second; registering and deregistering 20 at 4 a second besides.
const FIRST_PER_SECOND: f64 = 10.0;

/// Turns at once while calls are spaced: they keep 50 calls a second going that
/// take 200 ms each. More would only begin before what should come first.
const TURNS_WHILE_SPACED: usize = 10;

/// The paces of ELB's calls in one account and Region.
#[derive(Clone, Debug)]
pub struct Paces {
    all: Arc<Pace>,
    /// RegisterTargets and DeregisterTargets, which have a bucket of their own
    /// besides.
    writes: Arc<Pace>,
    /// How often a call is made that is throttled each time.
    pub max_attempts: u32,
}

impl Paces {
    /// The paces of an account and Region that has refused nothing yet.
    #[must_use]
    pub fn new(max_attempts: u32) -> Self {
        Self {
            all: Arc::new(Pace::new(FIRST_PER_SECOND)),
            writes: Arc::new(Pace::new(FIRST_PER_SECOND)),
            max_attempts,
        }
    }

    /// Waits until `action`, a call as an IAM policy spells it, may be made.
    pub async fn turn(&self, action: &str) {
        if !action.contains(":Describe") {
            self.writes.turn().await;
        }
        self.all.turn().await;
    }

    /// How many frontends may have their turn at once, of `most`.
    #[must_use]
    pub fn turns_at_once(&self, most: usize) -> usize {
        if self.all.is_spaced() { most.min(TURNS_WHILE_SPACED) } else { most }
    }

    /// Whether ELB has refused a write within the last few seconds.
    #[must_use]
    pub fn refuse_writes(&self) -> bool {
        self.writes.is_refused()
    }
}

impl ClassifyRetry for Paces {
    fn name(&self) -> &'static str {
        "Paces"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context.response().and_then(|answer| answer.body().bytes());
        if body.is_some_and(is_throttled) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Paces {
    fn name(&self) -> &'static str {
        "Paces"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(answer) = context.response() else { return Ok(()) };
        let is_read =
            config.load::<Metadata>().is_some_and(|operation| operation.name().starts_with("Describe"));
        if answer.status().is_success() {
            self.all.accepted();
            if !is_read {
                self.writes.accepted();
            }
        } else if answer.body().bytes().is_some_and(is_throttled) {
            // Which bucket was empty is not said; reads tell about that of all calls.
            let pace = if is_read { &self.all } else { &self.writes };
            pace.refused();
        }
        Ok(())
    }
}

/// Whether a refusal's code is `Throttling` or `ThrottlingException`.
fn is_throttled(body: &[u8]) -> bool {
    const CODE: &[u8] = b"<Code>Throttling";
    body.windows(CODE.len()).any(|window| window == CODE)
}
