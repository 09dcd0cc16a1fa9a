//! Connects to an API server as its users do: by name, and checking that the
//! certificate is for that name and of the cluster's authority.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Authority;

/// Longest that a client waits for a connection, or for an answer, in real
/// time. What is up answers in milliseconds, and what is not refuses.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read: `/readyz` says two letters.
const MAX_ANSWER: usize = 4096;

/// A user of one cluster's API.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a TLS configuration has nothing to show")]
pub struct Client {
    connector: TlsConnector,
    host: ServerName<'static>,
    place: Ipv4Addr,
}

/// What came of one attempt to use the API.
#[derive(Debug)]
pub struct Attempt {
    /// The client's own address, once it had one.
    pub from: Option<SocketAddr>,
    /// Whether the server was the right one and ready.
    pub outcome: io::Result<()>,
}

impl Client {
    /// A user who trusts `authority` and wants `host`.
    ///
    /// # Errors
    ///
    /// If `host` is no name of a host.
    pub fn new(authority: &Authority, host: &str) -> io::Result<Self> {
        let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Self { connector: authority.connector()?, host, place: Ipv4Addr::LOCALHOST })
    }

    /// Another user of the same, at another loopback address.
    #[must_use]
    pub fn at(&self, place: Ipv4Addr) -> Self {
        Self { place, ..self.clone() }
    }

    /// Connects to `address` anew and asks whether the server is ready.
    pub async fn attempt(&self, address: SocketAddr) -> Attempt {
        match self.socket() {
            Ok((socket, from)) => {
                let asked = within(async { converse(&mut self.greet(socket, address).await?).await }).await;
                Attempt { from: Some(from), outcome: asked }
            }
            Err(error) => Attempt { from: None, outcome: Err(error) },
        }
    }

    /// Connects to `address` and stays.
    ///
    /// # Errors
    ///
    /// If there is no connection, or the certificate is the wrong one.
    pub async fn open(&self, address: SocketAddr) -> io::Result<Session> {
        let (socket, from) = self.socket()?;
        Ok(Session { from, stream: within(self.greet(socket, address)).await? })
    }

    /// A socket and its address. It has one before it connects: whether a
    /// connection that is reset at once was ever there is the kernel's whim.
    fn socket(&self) -> io::Result<(TcpSocket, SocketAddr)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.place, 0).into())?;
        let from = socket.local_addr()?;
        Ok((socket, from))
    }

    async fn greet(&self, socket: TcpSocket, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        // It ends with a reset: ports that wait out an orderly end would run
        // out after some ten thousand connections.
        stream.set_zero_linger()?;
        self.connector.connect(self.host.clone(), stream).await
    }
}

/// A connection that stays.
#[derive(Debug)]
pub struct Session {
    from: SocketAddr,
    stream: TlsStream<TcpStream>,
}

impl Session {
    /// The client's own address.
    #[must_use]
    pub fn from(&self) -> SocketAddr {
        self.from
    }

    /// Asks whether the server is ready.
    ///
    /// # Errors
    ///
    /// If it is not, or the connection is no more.
    pub async fn ask(&mut self) -> io::Result<()> {
        within(converse(&mut self.stream)).await
    }
}

async fn converse(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: kubernetes\r\n\r\n").await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    while !is_complete(&answer) {
        if answer.len() > MAX_ANSWER {
            return Err(io::Error::other("the answer does not end"));
        }
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let ready = answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(b"\r\n\r\nok");
    if ready { Ok(()) } else { Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned())) }
}

/// Whether an answer has its head, and as much of a body as that promises.
fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut length = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.next().and_then(|(_, value)| value.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
