//! Serves the Lambda Runtime API, so that a test can invoke the real program.
//!
//! It starts no process: the program under test is started with
//! `AWS_LAMBDA_RUNTIME_API` and asks for its invocations itself. Tests in other
//! languages invoke it by Lambda's Invoke on the same port.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use crate::http::{Payload, Request, Reset, Response, Task, listen, serve};
pub use crate::scope::FUNCTION_NAME;
use crate::scope::{HOME_ACCOUNT, HOME_REGION};

/// The id of the n-th invocation, from 1.
#[must_use]
pub fn request_id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

/// A function's answer to an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It succeeded.
    Response(Value),
    /// It failed.
    Error {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
        /// The whole answer.
        raw: Value,
    },
}

impl Answer {
    /// The response of an invocation that succeeded.
    #[must_use]
    pub fn response(self) -> Value {
        match self {
            Self::Response(value) => value,
            Self::Error { raw, .. } => panic!("the function failed: {raw}"),
        }
    }

    /// Type and message of an invocation that failed.
    #[must_use]
    pub fn error(self) -> (String, String) {
        match self {
            Self::Response(value) => panic!("the function succeeded: {value}"),
            Self::Error { error_type, message, .. } => (error_type, message),
        }
    }

    fn of_error(body: &[u8]) -> Self {
        let raw = json_of(body);
        let text = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
        Self::Error { error_type: text("errorType"), message: text("errorMessage"), raw }
    }
}

/// The Runtime API on a port. Clones are the same one.
#[derive(Clone, Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    _task: Arc<Task>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    invoked: Notify,
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Invocation>,
    waiting: BTreeMap<String, oneshot::Sender<Answer>>,
    invocations: usize,
    finished: usize,
    nexts: usize,
    first_next: Option<Instant>,
    init_error: Option<Value>,
}

impl State {
    /// Whether the program asks for an invocation, or cannot start.
    fn is_idle(&self) -> bool {
        self.nexts > self.finished || self.init_error.is_some()
    }
}

#[derive(Debug)]
struct Invocation {
    id: String,
    payload: Bytes,
    deadline: SystemTime,
}

impl RuntimeApi {
    /// Serves it on `port`; 0 for any.
    pub(crate) async fn start(port: u16) -> io::Result<Self> {
        let (listener, address) = listen(port).await?;
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let task = serve(listener, None, move |request| {
            let state = Arc::clone(&state);
            async move { state.answer(&request).await }
        });
        Ok(Self { address, shared, _task: Arc::new(task) })
    }

    /// Where it is: the value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Invokes the function with this much time, and waits for its answer.
    ///
    /// Never returns if no program asks, or if it never answers: bound it.
    pub async fn invoke(&self, payload: impl Into<Bytes>, time: Duration) -> Answer {
        self.invoke_until(payload, SystemTime::now() + time).await
    }

    /// The same with a deadline, which may be past.
    pub async fn invoke_until(&self, payload: impl Into<Bytes>, deadline: SystemTime) -> Answer {
        self.shared.invoke_until(payload.into(), deadline).await
    }

    /// When a program first asked for an invocation.
    #[must_use]
    pub fn first_next(&self) -> Option<Instant> {
        self.shared.state().first_next
    }

    /// How often a program asked for an invocation.
    #[must_use]
    pub fn nexts(&self) -> usize {
        self.shared.state().nexts
    }

    /// The error of a program that could not start.
    #[must_use]
    pub fn init_error(&self) -> Option<Value> {
        self.shared.state().init_error.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn invoke_until(&self, payload: Bytes, deadline: SystemTime) -> Answer {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            state.invocations += 1;
            let id = request_id(state.invocations);
            state.waiting.insert(id.clone(), sender);
            state.queue.push_back(Invocation { id, payload, deadline });
        }
        self.invoked.notify_one();
        receiver.await.expect("the sender waits in the state that we hold")
    }

    async fn answer(&self, request: &Request) -> Result<Response, Reset> {
        let path = request.uri().path();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let response = match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["2018-06-01", "runtime", "invocation", "next"]) => self.next().await,
            ("POST", ["2018-06-01", "runtime", "invocation", id, "response"]) => {
                self.finish(id, Answer::Response(json_of(request.body())))
            }
            ("POST", ["2018-06-01", "runtime", "invocation", id, "error"]) => {
                self.finish(id, Answer::of_error(request.body()))
            }
            ("POST", ["2018-06-01", "runtime", "init", "error"]) => self.fail(request.body()),
            ("POST", ["2015-03-31", "functions", _, "invocations"]) => self.invoke(request).await,
            _ => status(404, &json!({ "errorMessage": "no such path", "errorType": "NotFound" })),
        };
        Ok(response)
    }

    /// Lambda's Invoke, with the function's time in its query (`seconds=20`).
    /// Answers when the program asks for its next invocation: by then it has
    /// logged all of this one.
    async fn invoke(&self, request: &Request) -> Response {
        let seconds = request.uri().query().and_then(|query| query.strip_prefix("seconds=")?.parse().ok());
        let time = Duration::from_secs(seconds.unwrap_or(60));
        let answer = self.invoke_until(request.body().clone(), SystemTime::now() + time).await;
        while !self.state().is_idle() {
            self.asked.notified().await;
        }
        match answer {
            Answer::Response(payload) => status(200, &payload),
            Answer::Error { raw, .. } => {
                let mut failed = status(200, &raw);
                let unhandled = http::HeaderValue::from_static("Unhandled");
                failed.headers_mut().insert("x-amz-function-error", unhandled);
                failed
            }
        }
    }

    /// Waits for an invocation and hands it out.
    async fn next(&self) -> Response {
        {
            let mut state = self.state();
            state.nexts += 1;
            state.first_next.get_or_insert_with(Instant::now);
        }
        self.asked.notify_one();
        let invocation = loop {
            if let Some(invocation) = self.state().queue.pop_front() {
                break invocation;
            }
            self.invoked.notified().await;
        };
        let since = invocation.deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        let arn = format!("arn:aws:lambda:{HOME_REGION}:{HOME_ACCOUNT}:function:{FUNCTION_NAME}");
        http::Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", invocation.id)
            .header("lambda-runtime-deadline-ms", since.as_millis().to_string())
            .header("lambda-runtime-invoked-function-arn", arn)
            .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0")
            .body(Payload::whole(invocation.payload))
            .expect("headers are plain text")
    }

    /// Gives the invoker the function's answer.
    fn finish(&self, id: &str, answer: Answer) -> Response {
        let mut state = self.state();
        match state.waiting.remove(id) {
            Some(invoker) => {
                state.finished += 1;
                // An invoker that no longer waits has given up: a time-out.
                let _ = invoker.send(answer);
                status(202, &json!({ "status": "OK" }))
            }
            None => {
                status(400, &json!({ "errorMessage": "Invalid request ID", "errorType": "InvalidRequestID" }))
            }
        }
    }

    /// The program could not start: every invocation fails with its error.
    fn fail(&self, body: &[u8]) -> Response {
        let mut state = self.state();
        state.init_error = Some(json_of(body));
        state.queue.clear();
        for (_, invoker) in std::mem::take(&mut state.waiting) {
            let _ = invoker.send(Answer::of_error(body));
        }
        status(202, &json!({ "status": "OK" }))
    }
}

fn status(status: u16, body: &Value) -> Response {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Payload::whole(Bytes::from(body.to_string())))
        .expect("a valid status")
}

/// The JSON in a body, or its text if it is not JSON.
fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
