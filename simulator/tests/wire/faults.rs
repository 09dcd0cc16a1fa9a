//! What clients notice of planted faults.

use std::error::Error;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use aws_sdk_eks::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use eks_nlb_simulator::{Fault, SilentAddress, Simulator, closed_address};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clients;

async fn list(sim: &Simulator) -> Result<usize, SdkError<impl Error + ProvideErrorMetadata + use<>>> {
    let listed = clients::elb(sim).describe_load_balancers().send().await?;
    Ok(listed.load_balancers().len())
}

/// The outcome of one call that a fault befalls.
async fn list_with(sim: &Simulator, fault: Fault) -> String {
    sim.world().plant(fault.times(1));
    match list(sim).await {
        Ok(count) => format!("{count} listed"),
        Err(error) => match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some(code) => code.to_owned(),
            None => DisplayErrorContext(error).to_string(),
        },
    }
}

#[tokio::test]
async fn refusals_have_codes() {
    let sim = Simulator::start().await;
    let on = || Fault::on("DescribeLoadBalancers");

    assert_eq!(list_with(&sim, on().access_denied()).await, "AccessDenied");
    assert_eq!(list_with(&sim, on().throttle()).await, "ThrottlingException");
    assert_eq!(list_with(&sim, on().internal_failure()).await, "InternalFailure");
    assert_eq!(list_with(&sim, on().unavailable()).await, "ServiceUnavailable");
    assert_eq!(list_with(&sim, on().refuse(418, "Teapot", "short & stout")).await, "Teapot");
    assert_eq!(list_with(&sim, Fault::on("DescribeTags").throttle()).await, "0 listed");
}

#[tokio::test]
async fn eks_refuses_in_its_own_words() {
    let sim = Simulator::start().await;
    sim.world().add_cluster("payments", ["10.0.1.10"]);
    let eks = clients::eks(&sim);
    for (fault, code) in [
        (Fault::on("DescribeCluster").throttle(), "TooManyRequestsException"),
        (Fault::on("DescribeCluster").access_denied(), "AccessDeniedException"),
    ] {
        sim.world().plant(fault.times(1));
        let error = eks.describe_cluster().name("payments").send().await.expect_err("refused");
        let error = error.into_service_error();
        assert_eq!(error.code(), Some(code));
        if code == "AccessDeniedException" {
            let message = error.message().unwrap_or_default();
            assert!(message.contains("eks:DescribeCluster"), "{message}");
            assert!(message.contains(":cluster/payments"), "{message}");
        }
    }
}

#[tokio::test]
async fn connections_are_reset_and_bodies_are_not_what_they_should_be() {
    let sim = Simulator::start().await;
    let on = || Fault::on("DescribeLoadBalancers");

    let reset = list_with(&sim, on().reset()).await;
    assert!(reset.contains("dispatch failure"), "{reset}");
    let lost = list_with(&sim, on().lose_answer()).await;
    assert!(lost.contains("dispatch failure"), "{lost}");
    for fault in [on().truncate(), on().garble(), on().bloat(1 << 20)] {
        let told = list_with(&sim, fault).await;
        assert!(!told.ends_with("listed"), "{told}");
    }
    assert_eq!(list(&sim).await.expect("no fault is left"), 0);
}

#[tokio::test]
async fn a_reset_is_one_and_a_truncated_body_is_half_of_what_was_announced() {
    let sim = Simulator::start().await;
    let raw = async |fault: Fault| {
        sim.world().plant(fault.times(1));
        let address = sim.endpoint_url().replace("http://", "");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
        let mut received = Vec::new();
        let read = stream.read_to_end(&mut received).await;
        (read.map_err(|error| error.kind()), String::from_utf8(received).expect("text"))
    };

    let (read, _) = raw(Fault::on("*").reset()).await;
    assert_eq!(read, Err(ErrorKind::ConnectionReset));

    let (_, received) = raw(Fault::on("*").truncate()).await;
    let (head, body) = received.split_once("\r\n\r\n").expect("a head");
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let announced: usize = announced.and_then(|length| length.parse().ok()).expect("a length");
    assert_eq!(body.len(), announced / 2);
    assert!(body.starts_with("<ErrorResponse"), "{body}");
}

#[tokio::test]
async fn a_silent_call_is_never_answered_and_keeps_no_other_from_it() {
    let sim = Simulator::start().await;
    sim.world().plant(Fault::on("DescribeTags").silence());
    let elb = clients::elb(&sim);
    let silent = tokio::spawn(async move { elb.describe_tags().resource_arns("x").send().await });
    let arrived = async {
        while sim.world().requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(clients::BOUND, arrived).await.expect("the silent call arrives");

    assert_eq!(list(&sim).await.expect("answered"), 0);

    assert!(!silent.is_finished());
    assert_eq!(sim.max_in_flight(), 2);
    silent.abort();
}

#[tokio::test]
async fn latency_of_the_world_and_of_a_fault_add_up() {
    let sim = Simulator::start().await;
    {
        let mut world = sim.world();
        world.latency = Duration::from_millis(20);
        world.plant(Fault::on("*").delay(Duration::from_millis(30)).times(1));
    }
    let start = Instant::now();
    list(&sim).await.expect("answered");
    assert!(start.elapsed() >= Duration::from_millis(50), "{:?}", start.elapsed());
}

#[tokio::test]
async fn dead_addresses_refuse_or_say_nothing() {
    let closed = closed_address().expect("a port");
    assert!(TcpStream::connect(closed).await.is_err());

    let silent = SilentAddress::open().expect("a port");
    let mut stream = TcpStream::connect(silent.address).await.expect("the kernel accepts");
    let read = timeout(Duration::from_millis(50), stream.read(&mut [0; 1])).await;
    assert!(read.is_err(), "not a word");
}
