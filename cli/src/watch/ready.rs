//! Answers whether the last run could list the load balancers.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::problem::Problem;

/// The most of a request that is read: its first line.
const REQUEST_BYTES: usize = 1024;

/// A probe that takes longer is dropped: kubelet waits one second by default.
const PATIENCE: Duration = Duration::from_secs(1);

/// Succeeds if the `watch` that listens on `address` is ready. The container
/// image has no shell and no curl, so its health check is this program.
pub(crate) async fn ready(address: SocketAddr) -> Result<ExitCode, Problem> {
    let status = timeout(PATIENCE, status_of(address))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|source| Problem::Probe { address, source })?;
    if status.starts_with("HTTP/1.1 200 ") {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Problem::NotReady { address })
    }
}

async fn status_of(address: SocketAddr) -> io::Result<String> {
    let mut probe = TcpStream::connect(address).await?;
    probe.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    probe.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Not ready before the first run.
#[derive(Clone, Debug, Default)]
pub(super) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(super) fn set(&self, is_ready: bool) {
        self.0.store(is_ready, Ordering::Relaxed);
    }

    /// Answers on `address` for as long as the process lives.
    pub(super) async fn serve(&self, address: SocketAddr) -> Result<(), Problem> {
        let listener =
            TcpListener::bind(address).await.map_err(|source| Problem::Listen { address, source })?;
        let readiness = self.clone();
        tokio::spawn(async move {
            loop {
                // Requests are answered one after the other, because probes
                // come every few seconds.
                if let Ok((probe, _)) = listener.accept().await {
                    _ = timeout(PATIENCE, readiness.answer(probe)).await;
                }
            }
        });
        Ok(())
    }

    async fn answer(&self, mut probe: TcpStream) {
        let mut request = [0; REQUEST_BYTES];
        let Ok(length) = probe.read(&mut request).await else { return };
        let is_known = request.get(..length).is_some_and(|bytes| bytes.starts_with(b"GET /readyz "));
        let status = match (is_known, self.0.load(Ordering::Relaxed)) {
            (false, _) => "404 Not Found",
            (true, false) => "503 Service Unavailable",
            (true, true) => "200 OK",
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        _ = probe.write_all(answer.as_bytes()).await;
    }
}
