//! How refusals are classified, how often a call is made, and where pages end.

use std::cell::Cell;
use std::future::{pending, ready};
use std::num::NonZeroU16;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use tokio::time::Instant;

use super::*;
use crate::reasons::FailureCode;

const READ: &str = "elasticloadbalancing:DescribeTargetHealth";
const WRITE: &str = "elasticloadbalancing:RegisterTargets";

/// In the words of ELB and STS, of EKS, and of EC2; and of a load balancer in front of
/// them, which knows a status only.
#[test]
fn a_refusal_is_known_by_its_code_or_else_by_its_status() {
    use FailureCode::{AccessDenied, AwsRejected, AwsUnavailable, AwsUnreachable, Throttled};
    for (status, code, expected) in [
        (403, "AccessDenied", AccessDenied),
        (403, "AccessDeniedException", AccessDenied),
        (403, "UnauthorizedOperation", AccessDenied),
        (400, "Throttling", Throttled),
        (429, "TooManyRequestsException", Throttled),
        (503, "RequestLimitExceeded", Throttled),
        (429, "", Throttled),
        (500, "InternalFailure", AwsUnavailable),
        (500, "", AwsUnavailable),
        (503, "ServiceUnavailable", AwsUnavailable),
        (407, "", AwsUnreachable),
        (400, "ValidationError", AwsRejected),
        (403, "ExpiredToken", AwsRejected),
        (404, "", AwsRejected),
    ] {
        let raw = HttpResponse::new(u16::try_into(status).unwrap(), SdkBody::empty());
        let mut refusal = ErrorMetadata::builder();
        if !code.is_empty() {
            refusal = refusal.code(code);
        }
        assert_eq!(refused(READ, &raw, &refusal.build()).code(), expected, "{status} {code:?}");
    }
}

type Answer = Result<(), SdkError<ErrorMetadata, HttpResponse>>;

#[expect(clippy::result_large_err, reason = "the SDK returns it")]
fn refused_as(code: &str) -> Answer {
    let refusal = ErrorMetadata::builder().code(code).build();
    let raw = HttpResponse::new(400.try_into().unwrap(), SdkBody::empty());
    Err(SdkError::service_error(refusal, raw))
}

#[expect(clippy::result_large_err, reason = "the SDK returns it")]
fn throttled() -> Answer {
    refused_as("Throttling")
}

fn caller<'a>(limiters: &'a Limiters, budget: &'a RunBudget, max_attempts: u32) -> Caller<'a> {
    Caller { limiters, budget, max_attempts, only_unspaced: false, until: None }
}

/// Makes a call in a run of ten seconds, whose n-th attempt is answered by `answer`.
/// Returns the code of its failure, if it fails, and the number of attempts.
async fn call<F: Future<Output = Answer> + Send>(
    action: &'static str,
    max_attempts: u32,
    answer: impl Fn(u32) -> F,
) -> (Option<FailureCode>, u32) {
    let limiters = Limiters::default();
    let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_secs(10));
    let caller = caller(&limiters, &budget, max_attempts);
    let attempts = Cell::new(0);
    let made = caller.call(action, || {
        attempts.set(attempts.get() + 1);
        answer(attempts.get())
    });
    (made.await.err().map(|error| error.code()), attempts.get())
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_made_until_it_is_accepted_or_the_time_is_up() {
    let refused_until = |n| move |attempt| ready(if attempt < n { throttled() } else { Ok(()) });
    for action in [READ, WRITE] {
        assert_eq!(call(action, u32::MAX, refused_until(20)).await, (None, 20));
        assert_eq!(call(action, 3, refused_until(20)).await, (Some(FailureCode::Throttled), 3));
        let (code, attempts) = call(action, u32::MAX, refused_until(u32::MAX)).await;
        assert_eq!(code, Some(FailureCode::Throttled));
        assert!(attempts > 20, "{attempts}");
    }
}

/// A read that is not answered in time was throttled before, which is why. A write may
/// have been accepted.
#[tokio::test(start_paused = true)]
async fn a_throttled_write_without_an_answer_may_have_been_accepted() {
    for (action, expected) in [(READ, FailureCode::Throttled), (WRITE, FailureCode::DeadlineExceeded)] {
        let answer = |attempt| async move { if attempt == 1 { throttled() } else { pending().await } };
        assert_eq!(call(action, u32::MAX, answer).await, (Some(expected), 2), "{action}");
    }
}

/// Accepted writes raise the rate of all calls to ELB, too. A call that is refused for
/// another reason raises none.
#[tokio::test(start_paused = true)]
async fn the_rate_grows_with_each_accepted_call() {
    fastrand::seed(0);
    for (action, is_accepted, seconds) in [(READ, true, 12..17), (WRITE, true, 12..17), (READ, false, 19..22)]
    {
        let limiters = Limiters::default();
        let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_mins(1));
        let caller = caller(&limiters, &budget, 1);
        // From here on, ten calls a second.
        limiters.of(READ).0.accepted();
        limiters.of(READ).0.refused();
        let start = Instant::now();
        for _ in 0..200 {
            let answer = || ready(if is_accepted { Ok(()) } else { refused_as("ValidationError") });
            assert_eq!(caller.call(action, answer).await.is_ok(), is_accepted);
        }
        let took = start.elapsed();
        assert!(seconds.contains(&took.as_secs()), "{action}, {is_accepted}: {took:?}");
    }
}

/// Writes have a bucket of their own.
#[tokio::test(start_paused = true)]
async fn a_throttled_write_does_not_space_reads() {
    let limiters = Limiters::default();
    let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_mins(1));
    let caller = caller(&limiters, &budget, 1);

    assert!(caller.call(WRITE, || ready(throttled())).await.is_err());

    assert!(limiters.of(WRITE).0.is_spaced());
    assert!(!limiters.of(READ).0.is_spaced());
}

/// The pages of a service that goes on with these tokens; and how many were read.
async fn pages(tokens: &[&str]) -> (Result<Vec<usize>, CallError>, usize) {
    let read = Cell::new(0);
    let page = |_| {
        let n = read.replace(read.get() + 1);
        ready(Ok((vec![n], tokens.get(n).map(|token| (*token).to_owned()))))
    };
    let pages = all_pages(READ, page).await;
    (pages, read.get())
}

#[tokio::test]
async fn pages_end_where_no_token_follows() {
    assert_eq!(pages(&[]).await, (Ok(vec![0]), 1));
    assert_eq!(pages(&["a", "b"]).await, (Ok(vec![0, 1, 2]), 3));
    assert_eq!(pages(&["a", "", "b"]).await, (Ok(vec![0, 1]), 2));
}

/// Whether at once or by turns.
#[tokio::test]
async fn a_token_that_comes_again_is_an_error() {
    for (tokens, expected) in [(["a"; 100].as_slice(), 2), (["a", "b"].repeat(50).as_slice(), 3)] {
        let (pages, read) = pages(tokens).await;
        assert!(pages.is_err(), "{pages:?}");
        assert_eq!(read, expected);
    }
}
