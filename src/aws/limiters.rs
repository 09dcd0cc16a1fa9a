//! Keeps the rate limiters of one account and Region, and leaves throttled calls
//! to them: the SDK would retry such a call without regard to the rate.

use std::sync::OnceLock;
use std::time::Duration;

use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use crate::schedule::pace::Pace;
use crate::schedule::rate_limiter::RateLimiter;

/// Calls per second to start with once a service has refused one: ELB's older
/// rate for all calls of an account and Region. The limiter adapts where the
/// real rate is higher, or lower for writes.
///
/// Source: ELB API Reference, *Request throttling*: 40 tokens refilled at 10 a
/// second; registering and deregistering 20 at 4 a second in addition.
const FIRST_PER_SECOND: f64 = 10.0;

/// Frontends that may have a slot at once while ELB's calls are spaced: they
/// keep 50 calls a second going that take 200 ms each. More slots would let
/// later frontends start before those that come first.
const TURNS_WHILE_SPACED: usize = 10;

/// The rate limiters of one account and Region.
#[derive(Debug)]
pub struct Limiters {
    elb: RateLimiter,
    /// RegisterTargets and DeregisterTargets, which have a bucket of their own in
    /// addition.
    elb_writes: RateLimiter,
    eks: RateLimiter,
    ec2: RateLimiter,
    /// STS, and what only the command line calls.
    other: RateLimiter,
    /// Spaces ELB's calls in addition, for a client that leaves the account's
    /// rate to others.
    elb_pace: OnceLock<Pace>,
}

impl Default for Limiters {
    fn default() -> Self {
        let limiter = || RateLimiter::new(FIRST_PER_SECOND);
        Self {
            elb: limiter(),
            elb_writes: limiter(),
            eks: limiter(),
            ec2: limiter(),
            other: limiter(),
            elb_pace: OnceLock::new(),
        }
    }
}

impl Limiters {
    /// From now on, at most one ELB call is made in each `interval`, so that the
    /// function and other clients of the account keep their share of the rate.
    /// Only the first interval counts.
    pub fn pace_elb(&self, interval: Duration) {
        self.elb_pace.get_or_init(|| Pace::new(interval));
    }

    /// The limiter that `action` waits for before its own.
    pub(super) fn pace_of(&self, action: &str) -> Option<&Pace> {
        self.elb_pace.get().filter(|_| action.starts_with("elasticloadbalancing:"))
    }

    /// The limiters of `action`, a call as an IAM policy spells it: its own, and
    /// another one that it must wait for first.
    pub(super) fn of(&self, action: &str) -> (&RateLimiter, Option<&RateLimiter>) {
        match action.split_once(':') {
            Some(("elasticloadbalancing", operation)) if operation.starts_with("Describe") => {
                (&self.elb, None)
            }
            Some(("elasticloadbalancing", _)) => (&self.elb_writes, Some(&self.elb)),
            Some(("eks", _)) => (&self.eks, None),
            Some(("ec2", _)) => (&self.ec2, None),
            _ => (&self.other, None),
        }
    }

    /// Whether ELB's calls are spaced.
    #[must_use]
    pub fn elb_is_spaced(&self) -> bool {
        self.elb.is_spaced()
    }

    /// How many frontends may have a slot at once, of `most`.
    #[must_use]
    pub fn turns_at_once(&self, most: usize) -> usize {
        if self.elb_is_spaced() { most.min(TURNS_WHILE_SPACED) } else { most }
    }
}

/// Forbids the SDK to retry a throttled call: [`super::call::Caller`] does.
#[derive(Debug)]
pub(super) struct ThrottlingIsWaitedOut;

impl ClassifyRetry for ThrottlingIsWaitedOut {
    fn name(&self) -> &'static str {
        "ThrottlingIsWaitedOut"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if context.response().is_some_and(is_throttled) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }
}

/// Whether a service throttled a call, in any of its protocols.
fn is_throttled(response: &HttpResponse) -> bool {
    if response.status().is_success() {
        return false;
    }
    let in_header = |code: &&str| {
        response.headers().get("x-amzn-errortype").is_some_and(|kind| kind.split(':').next() == Some(code))
    };
    let body = response.body().bytes().unwrap_or_default();
    let in_body = |code: &&str| {
        let element = format!("<Code>{code}</Code>");
        body.windows(element.len()).any(|window| window == element.as_bytes())
    };
    response.status().as_u16() == 429 || THROTTLING_ERRORS.iter().any(|code| in_header(code) || in_body(code))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Each service has its own bucket, and ELB one more for registering.
    #[test]
    fn each_kind_of_call_has_its_own_rate() {
        let limiters = Limiters::default();
        for (action, expected, also) in [
            ("elasticloadbalancing:DescribeTargetHealth", &limiters.elb, None),
            ("elasticloadbalancing:RegisterTargets", &limiters.elb_writes, Some(&limiters.elb)),
            ("elasticloadbalancing:DeregisterTargets", &limiters.elb_writes, Some(&limiters.elb)),
            ("eks:DescribeCluster", &limiters.eks, None),
            ("ec2:DescribeNetworkInterfaces", &limiters.ec2, None),
            ("sts:AssumeRole", &limiters.other, None),
        ] {
            let (own, other) = limiters.of(action);
            assert!(std::ptr::eq(own, expected), "{action}");
            assert_eq!(other.map(std::ptr::from_ref), also.map(std::ptr::from_ref), "{action}");
        }
    }

    #[test]
    fn few_frontends_start_at_once_while_calls_are_spaced() {
        let limiters = Limiters::default();
        assert_eq!(limiters.turns_at_once(64), 64);
        limiters.elb.refused();
        assert_eq!((limiters.turns_at_once(64), limiters.turns_at_once(3)), (10, 3));
    }

    #[test]
    fn throttling_is_known_in_every_protocol() {
        let response = |status: u16, kind: Option<&'static str>, body: &'static str| {
            let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            if let Some(kind) = kind {
                response.headers_mut().insert("x-amzn-errortype", kind);
            }
            response
        };
        for throttled in [
            response(400, None, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"),
            response(
                503,
                None,
                "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
            ),
            response(400, Some("ThrottlingException"), "{}"),
            response(400, Some("TooManyRequestsException:http://internal.amazon.com/"), "{}"),
            response(429, None, ""),
        ] {
            assert!(is_throttled(&throttled), "{throttled:?}");
        }
        for other in [
            response(200, None, "<Code>Throttling</Code>"),
            response(400, None, "<Error><Code>ValidationError</Code></Error>"),
            response(403, Some("AccessDeniedException"), "{}"),
            response(503, None, ""),
        ] {
            assert!(!is_throttled(&other), "{other:?}");
        }
    }
}
