//! Answers without end, over the wire: memory stays bounded, the run ends in
//! time, and nothing is written.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use eks_nlb_sync::aws::response_guard::MAX_ANSWER_BYTES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::process::Usage;
use crate::support::*;
use eks_nlb_simulator::Simulator;

/// What to send, and the `content-length` that announces it.
#[derive(Clone, Copy)]
struct Flood {
    /// The answer's `content-length`; without it the answer is sent in chunks.
    declared: Option<u64>,
    begin: &'static str,
    repeated: &'static str,
    /// Sent after this many bytes, if that is ever reached.
    end: Option<(usize, &'static str)>,
}

/// Answers every request with `flood`.
async fn flooding(flood: Flood) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            // This ends when the client closes the connection.
            connections.spawn(async move { drop(pour(client, flood).await) });
        }
    });
    (address, tasks)
}

async fn pour(mut client: TcpStream, flood: Flood) -> std::io::Result<()> {
    let mut request = vec![0; 16 << 10];
    client.read(&mut request).await.map(drop)?;
    let length = match flood.declared {
        Some(bytes) => format!("content-length: {bytes}"),
        None => "transfer-encoding: chunked".to_owned(),
    };
    client
        .write_all(format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n{length}\r\n\r\n").as_bytes())
        .await?;
    let mut sent = 0;
    let block = flood.repeated.repeat((64 << 10) / flood.repeated.len());
    let mut part = flood.begin;
    loop {
        let is_last = flood.end.is_some_and(|(after, _)| sent >= after);
        if let (true, Some((_, end))) = (is_last, flood.end) {
            part = end;
        }
        sent += part.len();
        match flood.declared {
            Some(_) => client.write_all(part.as_bytes()).await?,
            None => client.write_all(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes()).await?,
        }
        if is_last {
            return client.write_all(b"0\r\n\r\n").await;
        }
        part = &block;
    }
}

/// A run whose EKS, or whose every service, answers with `flood`. Returns the
/// run's answer and its peak memory.
async fn drowned(service: &str, flood: Flood) -> (String, u64) {
    let (address, _tasks) = flooding(flood).await;
    let sim = Simulator::start().await;
    busy_payments(&mut sim.world());
    let function = Function::start_with(sim, &[ONE_ATTEMPT, (service, &format!("http://{address}"))]).await;
    let start = Instant::now();

    let message = if service == "AWS_ENDPOINT_URL" {
        function.sync_without_discovery().await
    } else {
        function.sync_with_failures().await["frontends"][0]["error"]["message"].to_string()
    };

    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(function.world().writes().len(), 0);
    (message, Usage::of(function.pid()).peak_kb)
}

#[tokio::test]
async fn an_answer_without_end_is_refused_and_not_kept() {
    let tags = Flood { declared: None, begin: "<a>", repeated: "<b>text</b>", end: None };
    let json = Flood { declared: None, begin: "{\"a\":[", repeated: "1,", end: None };
    let declared = Flood { declared: Some(1 << 40), ..tags };
    for (service, flood) in [
        ("AWS_ENDPOINT_URL", tags),
        ("AWS_ENDPOINT_URL", declared),
        ("AWS_ENDPOINT_URL_EKS", json),
        ("AWS_ENDPOINT_URL_EKS", Flood { declared: Some(300 << 20), ..json }),
    ] {
        let (message, peak_kb) = drowned(service, flood).await;
        assert!(message.contains("longer than 4194304 bytes"), "{message}");
        // Two listings at once, each kept in a buffer that doubles.
        let bound = 40_000 + 4 * u64::try_from(MAX_ANSWER_BYTES >> 10).expect("small");
        assert!(peak_kb < bound, "{peak_kb} kB");
    }
}

/// The shortest elements make the largest structures for the bytes that are
/// allowed: at most a hundred times their size.
#[tokio::test]
async fn as_many_elements_as_fit_into_an_answer_have_their_limit() {
    let begin = "<DescribeLoadBalancersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
                 <DescribeLoadBalancersResult><LoadBalancers>";
    let end = "</LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";
    let most = MAX_ANSWER_BYTES - (80 << 10);
    let flood = Flood { declared: None, begin, repeated: "<member/>", end: Some((most, end)) };
    let (message, peak_kb) = drowned("AWS_ENDPOINT_URL", flood).await;
    assert!(peak_kb < 512 << 10, "{peak_kb} kB: {message}");
}
