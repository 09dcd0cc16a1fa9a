//! Serves the world's names over UDP and TCP on one loopback port.
//!
//! [`answer`] decides what is sent; the rest sends it. Messages are
//! hickory-proto's. Sockets are our own, because a server library cannot send
//! garbage, stay silent, or refuse one transport.

mod message;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use message::{Answered, Sent, answer};

use crate::http::Task;
use crate::world::Transport;
use crate::{SharedWorld, lock};

/// How often to look for a port that is free for UDP and TCP alike.
const BIND_ATTEMPTS: usize = 50;

/// A name server on a port.
#[derive(Debug)]
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    _tasks: [Task; 2],
}

impl NameServer {
    /// Serves `world`'s names on `port`; 0 for any.
    pub(crate) async fn start(world: SharedWorld, port: u16) -> io::Result<Self> {
        let (udp, tcp) = bind(port).await?;
        let address = udp.local_addr()?;
        let tasks = [Task::spawn(serve_udp(Arc::clone(&world), udp)), Task::spawn(serve_tcp(world, tcp))];
        Ok(Self { address, _tasks: tasks })
    }
}

/// Binds both transports to the same port.
async fn bind(port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::ErrorKind::AddrInUse.into();
    for _ in 0..BIND_ATTEMPTS {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn serve_udp(world: SharedWorld, socket: UdpSocket) {
    let socket = Arc::new(socket);
    let mut late = JoinSet::new();
    let mut buffer = vec![0; 65_535];
    loop {
        // An error is about an earlier answer, to a client that left.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let answered = answer(&mut lock(&world), &buffer[..length], Transport::Udp);
        let Sent::Message(message) = answered.sent else {
            continue;
        };
        let socket = Arc::clone(&socket);
        late.spawn(async move {
            wait(answered.delay).await;
            let _ = socket.send_to(&message, client).await;
        });
        while late.try_join_next().is_some() {}
    }
}

async fn serve_tcp(world: SharedWorld, listener: TcpListener) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let world = Arc::clone(&world);
        connections.spawn(async move {
            // A client that disconnects is not an error.
            let _ = converse(&world, stream).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the questions of one connection.
async fn converse(world: &SharedWorld, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        let answered = answer(&mut lock(world), &question, Transport::Tcp);
        match answered.sent {
            Sent::Message(message) => {
                wait(answered.delay).await;
                let length = u16::try_from(message.len()).map_err(io::Error::other)?;
                stream.write_all(&[&length.to_be_bytes(), message.as_slice()].concat()).await?;
            }
            Sent::Nothing => std::future::pending().await,
            Sent::Close => return Ok(()),
        }
    }
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}
