//! Plants faults: which calls fail, how often, and in which way.
//!
//! It does not know [`World`](crate::World): hooks are closures. A [`Fault`]
//! matches calls by operation and, if given, by a part of a parameter. Every
//! planted fault that matches a call acts on it, in the order they were planted:
//! delays add up, hooks all run, and of the rest the first counts.

use std::fmt;
use std::time::Duration;

use crate::refusal::Refusal;

/// Something done to the world `W` at a call.
type Hook<W> = Box<dyn FnOnce(&mut W) + Send>;

/// What happens to a call instead of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The call is refused and not carried out.
    Refused(Refusal),
    /// IAM refuses, in the words of the service.
    AccessDenied,
    /// The service throttles, with its own error code.
    Throttled,
    /// The connection is reset; the call is not carried out.
    Reset,
    /// The call is not carried out and never answered.
    Silence,
    /// The call is carried out, and the connection reset.
    Lost,
    /// The call is carried out; half the answer arrives.
    Truncated,
    /// The call is carried out; the answer is neither XML nor JSON.
    Garbage,
    /// The call is carried out; the answer is this many bytes too long.
    Huge(usize),
}

/// Something that goes wrong with certain calls.
#[must_use = "a fault does nothing until it is planted"]
pub struct Fault<W> {
    operation: String,
    about: Option<String>,
    skip: usize,
    left: usize,
    delay: Duration,
    before: Option<Hook<W>>,
    after: Option<Hook<W>>,
    kind: Option<FaultKind>,
}

/// A weight, a name, and what makes a fault one of this kind.
type Named<W> = (u32, &'static str, fn(Fault<W>) -> Fault<W>);

impl<W> Fault<W> {
    /// Faults that need no number and no text, by name: random histories draw from
    /// them, by these weights.
    pub const NAMED: [Named<W>; 8] = [
        (2, "throttled", Self::throttle),
        (1, "accessDenied", Self::access_denied),
        (1, "internalFailure", Self::internal_failure),
        (1, "reset", Self::reset),
        (1, "silence", Self::silence),
        (2, "answerLost", Self::lose_answer),
        (1, "truncated", Self::truncate),
        (1, "garbage", Self::garble),
    ];

    /// A fault of every call of `operation`, or of every call at all if that
    /// is `*`. It does nothing yet.
    pub fn on(operation: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            about: None,
            skip: 0,
            left: usize::MAX,
            delay: Duration::ZERO,
            before: None,
            after: None,
            kind: None,
        }
    }

    /// Only calls with a parameter (an ARN, an address, a cluster's name) that
    /// contains `part`.
    pub fn about(mut self, part: &str) -> Self {
        self.about = Some(part.to_owned());
        self
    }

    /// Only the next `n` such calls.
    pub fn times(mut self, n: usize) -> Self {
        self.left = n;
        self
    }

    /// Not the next `n` such calls, only those after them.
    pub fn skip(mut self, n: usize) -> Self {
        self.skip = n;
        self
    }

    /// The answer comes later by this much real time.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The call is refused with any status, code and text.
    pub fn refuse(self, status: u16, code: &'static str, message: &str) -> Self {
        self.with_kind(FaultKind::Refused(Refusal::new(status, code, message)))
    }

    /// IAM refuses: 403, in the words of the service.
    pub fn access_denied(self) -> Self {
        self.with_kind(FaultKind::AccessDenied)
    }

    /// The call is throttled: `Throttling` (ELB, STS),
    /// `TooManyRequestsException` (EKS) or `RequestLimitExceeded` (EC2).
    pub fn throttle(self) -> Self {
        self.with_kind(FaultKind::Throttled)
    }

    /// The service fails with a 500.
    pub fn internal_failure(self) -> Self {
        self.refuse(500, "InternalFailure", "An internal error occurred")
    }

    /// The service fails with a 503.
    pub fn unavailable(self) -> Self {
        self.refuse(503, "ServiceUnavailable", "Service is unavailable")
    }

    /// The connection is reset instead of an answer; nothing is carried out.
    pub fn reset(self) -> Self {
        self.with_kind(FaultKind::Reset)
    }

    /// There is never an answer; nothing is carried out.
    pub fn silence(self) -> Self {
        self.with_kind(FaultKind::Silence)
    }

    /// The call is carried out and its answer lost to a reset connection.
    pub fn lose_answer(self) -> Self {
        self.with_kind(FaultKind::Lost)
    }

    /// The call is carried out, and its answer ends in the middle.
    pub fn truncate(self) -> Self {
        self.with_kind(FaultKind::Truncated)
    }

    /// The call is carried out, and its answer is neither XML nor JSON.
    pub fn garble(self) -> Self {
        self.with_kind(FaultKind::Garbage)
    }

    /// The call is carried out, and its answer has this many useless bytes.
    pub fn bloat(self, bytes: usize) -> Self {
        self.with_kind(FaultKind::Huge(bytes))
    }

    /// Does something to the world just before the next such call.
    pub fn before(mut self, hook: impl FnOnce(&mut W) + Send + 'static) -> Self {
        self.before = Some(Box::new(hook));
        self.times(1)
    }

    /// Does something to the world just after the next such call.
    pub fn after(mut self, hook: impl FnOnce(&mut W) + Send + 'static) -> Self {
        self.after = Some(Box::new(hook));
        self.times(1)
    }

    fn with_kind(mut self, kind: FaultKind) -> Self {
        self.kind = Some(kind);
        self
    }

    fn matches(&self, operation: &str, parameters: &[(String, String)]) -> bool {
        (self.operation == "*" || self.operation == operation)
            && self.about.as_ref().is_none_or(|part| parameters.iter().any(|(_, value)| value.contains(part)))
    }
}

impl<W> fmt::Debug for Fault<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("operation", &self.operation)
            .field("about", &self.about)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// All planted faults.
#[derive(Debug)]
pub(crate) struct Faults<W>(pub(crate) Vec<Fault<W>>);

/// What the planted faults do to one call.
pub(crate) struct InjectedFault<W> {
    pub(crate) delay: Duration,
    pub(crate) before: Vec<Hook<W>>,
    pub(crate) after: Vec<Hook<W>>,
    pub(crate) kind: Option<FaultKind>,
}

impl<W> Faults<W> {
    /// Makes a fault happen from now on.
    pub(crate) fn plant(&mut self, fault: Fault<W>) {
        assert!(fault.left > 0, "a fault that never happens");
        self.0.push(fault);
    }

    /// What happens to this call; counts it.
    pub(crate) fn inject(&mut self, operation: &str, parameters: &[(String, String)]) -> InjectedFault<W> {
        let mut injected =
            InjectedFault { delay: Duration::ZERO, before: Vec::new(), after: Vec::new(), kind: None };
        for fault in &mut self.0 {
            if !fault.matches(operation, parameters) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.left -= 1;
            injected.delay += fault.delay;
            injected.before.extend(fault.before.take());
            injected.after.extend(fault.after.take());
            if injected.kind.is_none() {
                injected.kind.clone_from(&fault.kind);
            }
        }
        self.0.retain(|fault| fault.left > 0);
        injected
    }
}

impl<W> Default for Faults<W> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
