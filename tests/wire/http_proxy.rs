//! A proxy on loopback, such as a company's between its network and AWS.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::relay::{LOCALHOST, body_of, head_of, header};

/// A proxy, until it is dropped.
pub(crate) struct HttpProxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<ProxyRequest>>>,
    _task: JoinSet<()>,
}

/// A request as the proxy got it.
#[derive(Clone, Debug)]
pub(crate) struct ProxyRequest {
    /// As in `CONNECT eks.eu-west-1.amazonaws.com:443 HTTP/1.1`.
    pub(crate) line: String,
    /// The header of this name.
    pub(crate) authorization: Option<String>,
}

/// What a proxy does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    /// Everything goes to this server, whatever its name.
    To(SocketAddr),
    /// Every request gets this response.
    Answer(&'static str),
}

/// An error page of a proxy.
pub(crate) const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n\
     content-length: 57\r\n\r\n<!DOCTYPE html><html><body><p>Sign in first</body></html>";

/// The same with a status of its own, and XML that is well-formed.
pub(crate) const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\
     content-length: 44\r\n\r\n<html><body><p>Not allowed</p></body></html>";

impl HttpProxy {
    pub(crate) async fn start(policy: Policy) -> Self {
        let listener = TcpListener::bind(LOCALHOST).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let recorded = Arc::clone(&recorded);
                connections.spawn(async move { serve(client, policy, &recorded).await });
            }
        });
        Self { address, requests, _task: task }
    }

    /// Its URL, with a user name and password if they are given.
    pub(crate) fn url(&self, user: &str) -> String {
        format!("http://{user}{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<ProxyRequest> {
        self.requests.lock().expect("nobody panics with it").clone()
    }

    /// Their first lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }
}

/// The first byte of a TLS client that connects to a server without TLS.
const TLS_HANDSHAKE: u8 = 22;

/// Serves one connection: a tunnel, or requests one after the other.
async fn serve(client: TcpStream, policy: Policy, recorded: &Mutex<Vec<ProxyRequest>>) -> io::Result<()> {
    let mut client = BufReader::new(client);
    loop {
        if let (Policy::Answer(response), Some(&TLS_HANDSHAKE)) = (policy, client.fill_buf().await?.first()) {
            return client.write_all(response.as_bytes()).await;
        }
        let head = head_of(&mut client).await?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        let authorization = header(&head, "proxy-authorization");
        recorded
            .lock()
            .expect("nobody panics with it")
            .push(ProxyRequest { line: line.clone(), authorization });
        let to = match policy {
            Policy::To(to) => to,
            Policy::Answer(response) => {
                body_of(&head, &mut client).await?;
                client.write_all(response.as_bytes()).await?;
                continue;
            }
        };
        let mut server = TcpStream::connect(to).await?;
        if line.starts_with("CONNECT ") {
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        let request = [head.as_bytes(), &body_of(&head, &mut client).await?].concat();
        server.write_all(&request).await?;
        let mut server = BufReader::new(server);
        let head = head_of(&mut server).await?;
        let response = [head.as_bytes(), &body_of(&head, &mut server).await?].concat();
        client.write_all(&response).await?;
    }
}
