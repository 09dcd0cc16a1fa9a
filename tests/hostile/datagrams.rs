//! A name server without sockets that says whatever a test wants it to say.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// What is said to a question: any number of messages, over UDP that is.
type Say = dyn Fn(Transport, &[u8]) -> Vec<Vec<u8>> + Send + Sync;

/// The name server.
#[derive(Clone)]
pub(crate) struct NameServer {
    say: Arc<Say>,
    questions: Arc<AtomicUsize>,
    handle: TokioHandle,
}

impl NameServer {
    pub(crate) fn new(say: impl Fn(Transport, &[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { say: Arc::new(say), questions: Arc::default(), handle: TokioHandle::default() }
    }

    /// How many questions there have been.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    fn say(&self, transport: Transport, question: &[u8]) -> Vec<Vec<u8>> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        (self.say)(transport, question)
    }
}

impl RuntimeProvider for NameServer {
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
        let (ours, theirs) = duplex(1 << 17);
        tokio::spawn(converse(self.clone(), theirs));
        Box::pin(async move { Ok(AsyncIoTokioAsStd(ours)) })
    }

    fn bind_udp(
        &self,
        _local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        let (sender, inbox) = unbounded_channel();
        let socket = Datagrams { server: self.clone(), sender, inbox: Mutex::new(inbox) };
        Box::pin(async move { Ok(socket) })
    }
}

/// A message and whom it is from.
type Datagram = (Vec<u8>, SocketAddr);

/// A UDP socket whose every packet is answered.
pub(crate) struct Datagrams {
    server: NameServer,
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
            // What does not fit is lost, as with a real socket.
            let length = message.len().min(buffer.len());
            buffer[..length].copy_from_slice(&message[..length]);
            Ok((length, server))
        })
    }

    fn poll_send_to(&self, _: &mut Context<'_>, question: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        for message in self.server.say(Transport::Udp, question) {
            self.sender.send((message, to)).expect("the socket keeps the inbox");
        }
        Poll::Ready(Ok(question.len()))
    }
}

/// Answers the questions of one connection.
async fn converse(server: NameServer, mut stream: DuplexStream) -> io::Result<()> {
    loop {
        let mut question = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut question).await?;
        for message in server.say(Transport::Tcp, &question) {
            stream.write_u16(message.len().try_into().expect("a DNS message")).await?;
            stream.write_all(&message).await?;
        }
    }
}
