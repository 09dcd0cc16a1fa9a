//! Sockets in memory: a name server in the same process answers the resolver's
//! queries.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use eks_nlb_simulator::dns::{Answered, Sent};
use eks_nlb_simulator::world::Transport;
use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// More than any message over TCP.
const BUFFER_BYTES: usize = 1 << 17;

/// Who answers the resolver.
pub trait NameServer: Clone + Send + Sync + Unpin + 'static {
    /// The answers of `server` to a question, in order: any number of messages, because any
    /// host can answer over UDP.
    fn answer(&self, server: SocketAddr, question: &[u8], transport: Transport) -> Vec<Answered>;
}

/// Connects a resolver to a name server.
#[derive(Clone)]
pub struct InMemoryNet<S> {
    server: S,
    handle: TokioHandle,
}

impl<S> InMemoryNet<S> {
    /// The way to `server`.
    pub fn to(server: S) -> Self {
        Self { server, handle: TokioHandle::default() }
    }
}

impl<S: NameServer> RuntimeProvider for InMemoryNet<S> {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Datagrams<S>;
    type Tcp = AsyncIoTokioAsStd<DuplexStream>;

    fn create_handle(&self) -> Self::Handle {
        self.handle.clone()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        _local: Option<SocketAddr>,
        _timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        let (ours, theirs) = duplex(BUFFER_BYTES);
        // It ends when the client closes the connection.
        tokio::spawn(converse(self.server.clone(), server, theirs));
        Box::pin(async move { Ok(AsyncIoTokioAsStd(ours)) })
    }

    fn bind_udp(
        &self,
        _local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        let (sender, inbox) = unbounded_channel();
        let socket = Datagrams { server: self.server.clone(), sender, inbox: Mutex::new(inbox) };
        Box::pin(async move { Ok(socket) })
    }
}

/// A message and its sender.
type Datagram = (Vec<u8>, SocketAddr);

/// A UDP socket whose every packet is answered by the name server.
pub struct Datagrams<S> {
    server: S,
    sender: UnboundedSender<Datagram>,
    inbox: Mutex<UnboundedReceiver<Datagram>>,
}

impl<S: NameServer> DnsUdpSocket for Datagrams<S> {
    type Time = TokioTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let received = self.inbox.lock().expect("nobody panics with it").poll_recv(cx);
        received.map(|datagram| {
            let (message, server) = datagram.expect("the socket keeps a sender");
            // What does not fit is lost, as with a real socket.
            let length = message.len().min(buffer.len());
            buffer[..length].copy_from_slice(&message[..length]);
            Ok((length, server))
        })
    }

    fn poll_send_to(&self, _: &mut Context<'_>, question: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        for Answered { delay, sent } in self.server.answer(to, question, Transport::Udp) {
            let Sent::Message(message) = sent else { continue };
            let sender = self.sender.clone();
            // The socket may have been closed meanwhile.
            if delay.is_zero() {
                _ = sender.send((message, to));
            } else {
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    _ = sender.send((message, to));
                });
            }
        }
        Poll::Ready(Ok(question.len()))
    }
}

/// Answers the questions of one connection.
async fn converse(names: impl NameServer, server: SocketAddr, mut stream: DuplexStream) -> io::Result<()> {
    loop {
        let mut question = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut question).await?;
        for Answered { delay, sent } in names.answer(server, &question, Transport::Tcp) {
            match sent {
                Sent::Message(message) => {
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    stream.write_u16(message.len().try_into().expect("a DNS message")).await?;
                    stream.write_all(&message).await?;
                }
                Sent::Nothing => std::future::pending().await,
                Sent::Close => return Ok(()),
            }
        }
    }
}
