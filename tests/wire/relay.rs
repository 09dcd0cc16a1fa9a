//! A relay between function and simulator that changes messages.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eks_nlb_simulator::Simulator;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Any port of loopback.
pub(crate) const LOCALHOST: &str = "127.0.0.1:0";

/// A relay on loopback, until it is dropped.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    connections: Arc<Connections>,
    _tasks: JoinSet<()>,
}

/// The connections of a relay, counted.
#[derive(Default)]
struct Connections {
    accepted: AtomicUsize,
    /// How many of the first connections are dead, without an RST.
    dead: AtomicUsize,
    /// Requests that a dead one took.
    swallowed: AtomicUsize,
}

/// What happens to a connection after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// The connection stays open, as HTTP/1.1 does by default.
    Kept,
    /// The connection is dropped without notice: the client may still consider
    /// it open.
    Dropped,
}

impl Relay {
    /// Relays the AWS APIs. `edit` is given the body of each request and that
    /// of its answer, and returns the answer to give.
    pub(crate) async fn of_aws(
        sim: &Simulator,
        afterwards: Afterwards,
        edit: impl Fn(&str, String) -> String + Send + Sync + 'static,
    ) -> Self {
        let to = sim.endpoint_url().trim_start_matches("http://").parse().expect("plain HTTP");
        let listener = TcpListener::bind(LOCALHOST).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let edit = Arc::new(edit);
        let connections = Arc::new(Connections::default());
        let counted = Arc::clone(&connections);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (edit, counted) = (Arc::clone(&edit), Arc::clone(&counted));
                let number = counted.accepted.fetch_add(1, Ordering::SeqCst);
                let is_dead = move || {
                    let dead = number < counted.dead.load(Ordering::SeqCst);
                    counted.swallowed.fetch_add(usize::from(dead), Ordering::SeqCst);
                    dead
                };
                conversations.spawn(async move { converse(client, to, afterwards, &*edit, is_dead).await });
            }
        });
        Self { address, connections, _tasks: tasks }
    }

    /// Relays the resolver over UDP only, on `address`. `edit` is given each
    /// question and its answer, and returns what to answer; nothing if that is
    /// empty.
    pub(crate) async fn of_dns(
        sim: &Simulator,
        address: &str,
        edit: impl Fn(&[u8], Vec<u8>) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let to = sim.dns_address();
        let socket = UdpSocket::bind(address).await.expect("loopback has free ports");
        let address = socket.local_addr().expect("it is bound");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut question = vec![0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut question).await {
                question.truncate(length);
                let answer = ask(to, &question).await.expect("the simulator answers");
                let answer = edit(&question, answer);
                if !answer.is_empty() {
                    _ = socket.send_to(&answer, client).await;
                }
                question.resize(4096, 0);
            }
        });
        Self { address, connections: Arc::default(), _tasks: tasks }
    }

    /// From now on, all connections accept requests and answer none, as when a
    /// network device has dropped their state.
    pub(crate) fn forget_connections(&self) {
        self.connections.dead.store(self.accepted(), Ordering::SeqCst);
    }

    /// How many connections there have been.
    pub(crate) fn accepted(&self) -> usize {
        self.connections.accepted.load(Ordering::SeqCst)
    }

    /// How many requests went to connections that are dead.
    pub(crate) fn swallowed(&self) -> usize {
        self.connections.swallowed.load(Ordering::SeqCst)
    }

    /// Its address as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Answers the requests of one connection until either side ends it.
async fn converse(
    client: TcpStream,
    to: SocketAddr,
    afterwards: Afterwards,
    edit: &(impl Fn(&str, String) -> String + Sync),
    is_dead: impl Fn() -> bool,
) -> io::Result<()> {
    let mut client = BufReader::new(client);
    loop {
        let head = head_of(&mut client).await?;
        let body = body_of(&head, &mut client).await?;
        if is_dead() {
            std::future::pending::<()>().await;
        }
        let mut server = BufReader::new(TcpStream::connect(to).await?);
        server.write_all(&[head.as_bytes(), &body].concat()).await?;
        let head = head_of(&mut server).await?;
        let answer = body_of(&head, &mut server).await?;
        let (body, answer) = (String::from_utf8_lossy(&body), String::from_utf8_lossy(&answer));
        let answer = edit(&body, answer.into_owned());
        let is_length = |line: &str| line.to_ascii_lowercase().starts_with("content-length:");
        let kept = head.lines().filter(|line| !line.is_empty() && !is_length(line));
        let length = format!("content-length: {}", answer.len());
        let head: Vec<_> = kept.chain([length.as_str(), "\r\n"]).collect();
        let answer = head.join("\r\n") + &answer;
        client.write_all(answer.as_bytes()).await?;
        if afterwards == Afterwards::Dropped {
            return Ok(());
        }
    }
}

/// Reads the head of a request or an answer.
pub(crate) async fn head_of(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// Reads the body that follows it.
pub(crate) async fn body_of(head: &str, stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let length = header(head, "content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// The header of this name.
pub(crate) fn header(head: &str, name: &str) -> Option<String> {
    let of = |line: &str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    head.lines().skip(1).find_map(of)
}

async fn ask(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind(LOCALHOST).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 65_535];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}
