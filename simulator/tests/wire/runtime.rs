//! A program's conversation with the Runtime API.

use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use eks_nlb_simulator::{Answer, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clients::BOUND;

/// Sends one request on a connection of its own; returns head and body.
async fn send(api: SocketAddr, request: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(api).await.expect("the API listens");
    let length = body.len();
    let message = format!(
        "{request} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(message.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("received");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}

/// Asks for an invocation as a program does; returns its id, head and payload.
async fn next(api: SocketAddr) -> (String, String, String) {
    let (head, payload) = send(api, "GET /2018-06-01/runtime/invocation/next", "").await;
    let header = head.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "));
    (header.expect("an id").to_owned(), head, payload)
}

#[tokio::test]
async fn a_program_asks_answers_and_asks_again() {
    let sim = Simulator::start().await;
    let runtime = sim.runtime();
    let api = runtime.address();
    assert_eq!(runtime.first_next(), None);
    let program = async {
        let (id, head, payload) = next(api).await;
        assert!(head.contains("lambda-runtime-deadline-ms: 600000\r\n"), "{head}");
        assert!(head.contains(":function:eks-nlb-sync\r\n"), "{head}");
        assert!(head.contains("lambda-runtime-trace-id: "), "{head}");
        assert_eq!(payload, r#"{"dryRun":true}"#);
        let (head, _) = send(api, &format!("POST /2018-06-01/runtime/invocation/{id}/response"), "[1]").await;
        assert!(head.starts_with("HTTP/1.1 202"), "{head}");

        let (id, _, _) = next(api).await;
        let error = r#"{"errorType":"FrontendsFailed","errorMessage":"1 of 2"}"#;
        send(api, &format!("POST /2018-06-01/runtime/invocation/{id}/error"), error).await;
        let (head, _) = send(api, &format!("POST /2018-06-01/runtime/invocation/{id}/error"), error).await;
        assert!(head.starts_with("HTTP/1.1 400"), "answered already: {head}");
    };
    let invoker = async {
        let deadline = UNIX_EPOCH + Duration::from_mins(10);
        let first = runtime.invoke_until(r#"{"dryRun":true}"#, deadline).await;
        let second = runtime.invoke("{}", Duration::from_mins(1)).await;
        (first, second)
    };

    let ((), (first, second)) = tokio::join!(program, invoker);

    assert_eq!(first, Answer::Response(json!([1])));
    assert_eq!(second.error(), ("FrontendsFailed".to_owned(), "1 of 2".to_owned()));
    assert!(runtime.first_next().is_some());
    assert_eq!(runtime.nexts(), 2);
}

#[tokio::test]
async fn a_program_that_cannot_start_fails_what_waits_for_it() {
    let sim = Simulator::start().await;
    let runtime = sim.runtime();
    let error = r#"{"errorType":"Settings","errorMessage":"DRY_RUN=\"maybe\""}"#;
    let api = runtime.address();

    let (invoked, _) = tokio::join!(
        runtime.invoke("{}", Duration::from_mins(1)),
        send(api, "POST /2018-06-01/runtime/init/error", error),
    );

    assert_eq!(invoked.error().0, "Settings");
    assert_eq!(runtime.init_error().map(|said| said["errorType"].clone()), Some(Value::from("Settings")));
}

#[tokio::test]
async fn the_runtime_can_be_shared_and_unknown_paths_are_refused() {
    let sim = Simulator::start().await;
    let runtime = sim.runtime().clone();
    let (head, _) = send(runtime.address(), "GET /2018-06-01/ping", "").await;
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
}

#[tokio::test]
async fn a_program_that_asked_early_is_told_once_there_is_an_invocation() {
    let sim = Simulator::start().await;
    let runtime = sim.runtime();
    let api = runtime.address();
    let program = tokio::spawn(async move {
        let (id, _, _) = next(api).await;
        send(api, &format!("POST /2018-06-01/runtime/invocation/{id}/response"), "null").await;
    });
    let asked = async {
        while runtime.nexts() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(BOUND, asked).await.expect("the program asks");

    let answer = timeout(BOUND, runtime.invoke("{}", Duration::from_mins(1))).await;

    assert_eq!(answer.expect("an answer"), Answer::Response(Value::Null));
    program.await.expect("no panic");
}
