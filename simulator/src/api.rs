//! Answers AWS requests from the world; opens no socket.
//!
//! A server calls [`respond`] for each request that it reads; an in-process HTTP
//! client can call it without a server. Account, Region and service come from
//! the credential scope of the `Authorization` header. The signature is not
//! checked.

mod caller;
mod cloudwatch;
mod ec2;
mod eks;
mod elb;
mod function;
mod iam;
mod query;
mod sns;
mod sts;
#[cfg(test)]
mod tests;
mod xml;

use std::time::Duration;

use tokio::time::Instant;

use bytes::Bytes;

use crate::faults::{FaultKind, InjectedFault};
use crate::journal::Recorded;
use crate::throttle::rate_exceeded;
use crate::world::{Refusal, World};
use caller::{Caller, Service};

/// The parts of an HTTP request that AWS reads.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// As in `POST`.
    pub method: &'a str,
    /// Path and query, as in `/clusters/payments`.
    pub target: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// An HTTP response and how it is to be delivered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status; 0 without an answer.
    pub status: u16,
    /// The headers, but for the body's length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// Deliver it after this much real time.
    pub delay: Duration,
    /// Deliver it this way.
    pub delivery: Delivery,
}

/// How much of a response arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// All of it.
    #[default]
    Whole,
    /// The head and half the body, and then the connection ends.
    Truncated,
    /// Nothing: the connection is reset.
    Reset,
    /// Nothing, ever.
    Silence,
}

/// A request as far as its service understands it.
#[derive(Debug, Default)]
struct Call {
    operation: String,
    parameters: Vec<(String, String)>,
}

/// Answers one request.
pub fn respond(world: &mut World, request: &Request<'_>) -> Response {
    let caller = Caller::of(world, request.authorization);
    let call = match caller.service {
        Service::Eks => eks::parse(request),
        Service::Lambda => function::parse_lambda(request),
        Service::Scheduler => function::parse_scheduler(request),
        Service::Elb
        | Service::Sts
        | Service::Ec2
        | Service::CloudWatch
        | Service::Iam
        | Service::Sns
        | Service::Unknown => query::parse(request),
    };
    let injected = world.faults.inject(&call.operation, &call.parameters);
    let InjectedFault { delay, before, after, kind } = injected;
    for hook in before {
        hook(world);
    }
    let delay = delay + world.latency;
    let outcome = undisturbed(world, &caller, &call, kind.as_ref());
    let number = world.journal.len();
    let mut response = match &outcome {
        Ok(body) => caller.service.success(&call.operation, body, number),
        Err(refusal) => caller.service.failure(refusal, number),
    };
    response.delay = delay;
    disturb(&mut response, kind.as_ref());
    world.journal.push(Recorded {
        service: caller.service.name().to_owned(),
        operation: call.operation,
        account: caller.scope.account,
        region: caller.scope.region,
        parameters: call.parameters,
        status: response.status,
        error: outcome.err().map(|refusal| refusal.code.into_owned()),
    });
    for hook in after {
        hook(world);
    }
    response
}

/// The service's answer, unless a fault or the throttle comes first.
fn undisturbed(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    kind: Option<&FaultKind>,
) -> Result<String, Refusal> {
    match kind {
        Some(FaultKind::Refused(refusal)) => return Err(refusal.clone()),
        Some(FaultKind::AccessDenied) => return Err(caller.denied(call)),
        Some(FaultKind::Throttled) => return Err(caller.service.throttled()),
        Some(FaultKind::Reset | FaultKind::Silence) => return Ok(String::new()),
        Some(FaultKind::Lost | FaultKind::Truncated | FaultKind::Garbage | FaultKind::Huge(_)) | None => {}
    }
    if let Some(refusal) = &caller.refusal {
        return Err(refusal.clone());
    }
    let is_write = matches!(call.operation.as_str(), "RegisterTargets" | "DeregisterTargets");
    if is_write && !world.may_write(call.get("TargetGroupArn").unwrap_or_default()) {
        return Err(caller.denied(call));
    }
    if caller.service == Service::Elb
        && let Some(throttle) = &mut world.throttle
    {
        throttle.take(&caller.scope, &call.operation, Instant::now())?;
    }
    let is_read = call.operation.starts_with("Describe") || call.operation.starts_with("List");
    if is_read { world.read(|world| answer(world, caller, call)) } else { answer(world, caller, call) }
}

/// What the service answers.
fn answer(world: &mut World, caller: &Caller, call: &Call) -> Result<String, Refusal> {
    match caller.service {
        Service::Elb => elb::answer(world, &caller.scope, call),
        Service::Eks => eks::answer(world, &caller.scope, call),
        Service::Ec2 => ec2::answer(world, &caller.scope, call),
        Service::Sts => sts::answer(world, caller, call),
        Service::CloudWatch => cloudwatch::answer(world, &caller.scope, call),
        Service::Iam => iam::answer(world, call),
        Service::Sns => sns::answer(world, call),
        Service::Lambda | Service::Scheduler => function::answer(world, &caller.scope, call),
        Service::Unknown => Err(Refusal::new(
            404,
            "UnknownService",
            "the simulator knows elasticloadbalancing, eks, ec2, iam, sns, sts, monitoring, lambda and scheduler only",
        )),
    }
}

/// Disturbs the response as the fault says.
fn disturb(response: &mut Response, kind: Option<&FaultKind>) {
    match kind {
        None | Some(FaultKind::Refused(_) | FaultKind::AccessDenied | FaultKind::Throttled) => {}
        Some(FaultKind::Reset | FaultKind::Lost) => {
            response.status = 0;
            response.delivery = Delivery::Reset;
        }
        Some(FaultKind::Silence) => {
            response.status = 0;
            response.delivery = Delivery::Silence;
        }
        Some(FaultKind::Truncated) => response.delivery = Delivery::Truncated,
        Some(FaultKind::Garbage) => {
            response.body = Bytes::from_static(b"\xff\xfe<<{[ this is neither XML nor JSON");
        }
        Some(FaultKind::Huge(bytes)) => response.body = Bytes::from(vec![b'x'; *bytes]),
    }
}

impl Service {
    /// The service's refusal of a throttled call.
    fn throttled(self) -> Refusal {
        match self {
            Self::Elb | Self::Sts | Self::CloudWatch | Self::Iam | Self::Sns | Self::Unknown => {
                rate_exceeded()
            }
            Self::Ec2 => Refusal::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            Self::Eks | Self::Lambda | Self::Scheduler => {
                Refusal::new(429, "TooManyRequestsException", "Too Many Requests")
            }
        }
    }

    /// A success in the service's protocol.
    fn success(self, operation: &str, body: &str, number: usize) -> Response {
        match self {
            Self::Eks | Self::Lambda | Self::Scheduler => eks::response(200, body.to_owned(), number),
            Self::Ec2 => ec2::success(operation, body, number),
            Self::Elb | Self::Sts | Self::CloudWatch | Self::Iam | Self::Sns | Self::Unknown => {
                let document = xml::envelope(self.namespace(), operation, body, number);
                xml::response(200, document, number)
            }
        }
    }

    /// A refusal in the service's protocol.
    fn failure(self, refusal: &Refusal, number: usize) -> Response {
        match self {
            Self::Eks | Self::Lambda | Self::Scheduler => eks::refusal(refusal, number),
            Self::Ec2 => ec2::refusal(refusal, number),
            Self::Elb | Self::Sts | Self::CloudWatch | Self::Iam | Self::Sns | Self::Unknown => {
                let document = xml::error(self.namespace(), refusal, number);
                xml::response(refusal.status, document, number)
            }
        }
    }
}
