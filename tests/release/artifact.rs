//! The artifact's memory, and how it reports a panic.

use tokio::process::Command;

use crate::account_of;
use crate::process::Usage;
use crate::support::{Function, output};

#[tokio::test]
#[ignore = "needs the artifact: make test-release"]
async fn four_hundred_clusters_take_less_than_forty_megabytes() {
    let function = Function::start_with(account_of(400).await, &[]).await;
    for _ in 0..2 {
        function.sync().await;
    }
    let peak_kb = Usage::of(function.pid()).peak_kb;
    println!("400 clusters: peak memory {peak_kb} kB");
    assert!(peak_kb < 40_000, "{peak_kb} kB");
}

/// No input makes the function panic, so a memory limit does: no thread can be started
/// to look up the host of the endpoint.
#[tokio::test]
#[ignore = "needs the artifact: make test-release"]
async fn a_panic_is_answered_as_a_function_error() {
    let sim = account_of(1).await;
    let by_name = sim.endpoint_url().replace("127.0.0.1", "localhost");
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &by_name)]).await;
    while function.sim.runtime().first_next().is_none() {
        tokio::task::yield_now().await;
    }
    // Enough address space for a run, but not for the 2 MiB of another thread's
    // stack.
    let room = 1024 * (Usage::of(function.pid()).address_space_kb + 1500);
    limit_address_space(function.pid(), &room.to_string()).await;

    let (_, message) = function.invoke("{}").await.error();
    assert!(message.contains("panicked"), "{message}");

    limit_address_space(function.pid(), "unlimited").await;
    let report = function.sync().await;
    assert_eq!(report["summary"]["changed"], 1, "the process continues: {report}");
}

async fn limit_address_space(pid: u32, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &pid.to_string(), &format!("--as={bytes}:unlimited")]);
    let said = output(command).await;
    assert!(said.status.success(), "{said:?}");
}
