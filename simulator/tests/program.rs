//! The simulator's life: started, reached through what it prints, and gone.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use eks_nlb_simulator::Simulator;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

/// A bound for everything that would otherwise never end.
const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_program_prints_variables_and_ends_with_its_input() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(["--https", "--until-eof"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(program.stdout.take().expect("piped")).lines();
    let mut variables = BTreeMap::new();
    let read = async {
        while !variables.contains_key("AWS_LAMBDA_LOG_FORMAT") {
            let line = lines.next_line().await.expect("readable").expect("more variables");
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
                variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            }
        }
    };
    timeout(BOUND, read).await.expect("it prints all variables");

    let address = variables["AWS_ENDPOINT_URL"].strip_prefix("https://").expect("HTTPS");
    TcpStream::connect(address).await.expect("it listens");
    let authority = std::fs::read_to_string(&variables["SSL_CERT_FILE"]).expect("a file");
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"), "{authority}");

    drop(program.stdin.take());
    let ended = timeout(BOUND, program.wait()).await.expect("it ends").expect("waited for");
    assert!(ended.success());
    assert!(!std::fs::exists(&variables["SSL_CERT_FILE"]).expect("a path"), "it cleans up");
}

#[tokio::test]
async fn the_program_refuses_what_it_does_not_know() {
    for arguments in [&["--prot", "1"][..], &["--port", "x"], &["--port"]] {
        let ran = Command::new(env!("CARGO_BIN_EXE_simulator")).args(arguments).output();
        let ran = timeout(BOUND, ran).await.expect("it ends").expect("it starts");
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn nothing_listens_once_the_simulator_is_dropped() {
    let sim = Simulator::start().await;
    let addresses = [
        sim.endpoint_url().replace("http://", ""),
        sim.dns_address().to_string(),
        sim.runtime().address().to_string(),
    ];
    drop(sim);

    for address in addresses {
        let closed = async {
            while TcpStream::connect(&address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        timeout(BOUND, closed).await.unwrap_or_else(|_| panic!("{address} still listens"));
    }
}

#[tokio::test]
async fn the_environment_has_all_that_a_lambda_function_and_the_sdk_read() {
    let sim = Simulator::start().await;
    let env: BTreeMap<String, String> = sim.env().into_iter().collect();

    assert_eq!(env["AWS_ENDPOINT_URL"], sim.endpoint_url());
    assert_eq!(env["DNS_SERVERS"], sim.dns_address().to_string());
    assert_eq!(env["AWS_LAMBDA_RUNTIME_API"], sim.runtime().address().to_string());
    assert!(!env.contains_key("SSL_CERT_FILE"), "plain HTTP needs none");
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
    ] {
        assert!(env.contains_key(name), "{name}");
    }
}
