//! Carries the resolver's questions to the world in process: sockets that
//! open no socket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use super::pass;
use eks_nlb_simulator::dns::{Answered, Sent};
use eks_nlb_simulator::world::Transport;
use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::stage::{Seat, SharedStage, lock};

/// More than any message over TCP.
const BUFFER_BYTES: usize = 1 << 17;

/// The way of one process to its resolver.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) stage: SharedStage,
    pub(crate) seat: Seat,
    pub(crate) handle: TokioHandle,
}

impl RuntimeProvider for Names {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Datagrams;
    type Tcp = AsyncIoTokioAsStd<DuplexStream>;

    fn create_handle(&self) -> Self::Handle {
        self.handle.clone()
    }

    fn connect_tcp(
        &self,
        _server: SocketAddr,
        _local: Option<SocketAddr>,
        _timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        let (ours, theirs) = duplex(BUFFER_BYTES);
        // What ends it is the client that leaves.
        tokio::spawn(converse(self.clone(), theirs));
        Box::pin(async move { Ok(AsyncIoTokioAsStd(ours)) })
    }

    fn bind_udp(
        &self,
        _local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        let (sender, inbox) = unbounded_channel();
        let socket = Datagrams { names: self.clone(), sender, inbox: Mutex::new(inbox) };
        Box::pin(async move { Ok(socket) })
    }
}

impl Names {
    fn answer(&self, question: &[u8], transport: Transport) -> Answered {
        lock(&self.stage).answer(self.seat, question, transport)
    }
}

/// A message and whom it is from.
type Datagram = (Vec<u8>, SocketAddr);

/// A UDP socket whose every packet is answered by the world.
pub(crate) struct Datagrams {
    names: Names,
    sender: UnboundedSender<Datagram>,
    inbox: Mutex<UnboundedReceiver<Datagram>>,
}

impl DnsUdpSocket for Datagrams {
    type Time = TokioTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let received = self.inbox.lock().expect("nobody panics with it").poll_recv(cx);
        received.map(|datagram| {
            let (message, server) = datagram.expect("the socket keeps a sender");
            let length = message.len().min(buffer.len());
            buffer[..length].copy_from_slice(&message[..length]);
            Ok((length, server))
        })
    }

    fn poll_send_to(
        &self,
        _: &mut Context<'_>,
        question: &[u8],
        server: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let Answered { delay, sent } = self.names.answer(question, Transport::Udp);
        if let Sent::Message(message) = sent {
            let sender = self.sender.clone();
            // A socket that is closed by now wants no answer.
            if delay.is_zero() {
                _ = sender.send((message, server));
            } else {
                tokio::spawn(async move {
                    pass(delay).await;
                    _ = sender.send((message, server));
                });
            }
        }
        Poll::Ready(Ok(question.len()))
    }
}

/// Answers the questions of one connection.
async fn converse(names: Names, mut stream: DuplexStream) -> io::Result<()> {
    loop {
        let mut question = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut question).await?;
        let Answered { delay, sent } = names.answer(&question, Transport::Tcp);
        match sent {
            Sent::Message(message) => {
                pass(delay).await;
                stream.write_u16(message.len().try_into().expect("a DNS message")).await?;
                stream.write_all(&message).await?;
            }
            Sent::Nothing => std::future::pending().await,
            Sent::Close => return Ok(()),
        }
    }
}
