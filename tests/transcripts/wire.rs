//! AWS and DNS in process, and everything that the function sends and writes, in
//! the order in which it does.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use eks_nlb_simulator::api::{Request, Response, respond};
use eks_nlb_simulator::dns::{self, Answered};
use eks_nlb_simulator::world::{Answer, Transport};
use eks_nlb_simulator::{SharedWorld, World};
use eks_nlb_traffic::connector::Aws;
use eks_nlb_traffic::in_memory_net::NameServer;
use tokio::time::Instant;

use crate::render;

/// How long a call is on its way.
const LATENCY: Duration = Duration::from_millis(25);

/// The world, and the record of what was sent and written.
#[derive(Clone)]
pub(crate) struct Wire {
    world: SharedWorld,
    record: Arc<Mutex<Record>>,
    /// An operation, and what is replaced in its answers by what.
    rewrites: Arc<Mutex<Vec<[String; 3]>>>,
    /// What a name server answers that does not answer as the world does.
    servers: Arc<Mutex<BTreeMap<IpAddr, Answer>>>,
}

struct Record {
    events: Vec<Event>,
    /// When the run began.
    began: Instant,
    /// Until when the world has lived.
    lived: Instant,
}

/// What was sent or written.
pub(crate) enum Event {
    /// A call or a query, that many milliseconds after the run began.
    Sent(u128, String),
    /// A line of the log.
    Written(u128, String),
}

impl Wire {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let record = Record { events: Vec::new(), began: now, lived: now };
        Self {
            world: SharedWorld::default(),
            record: Arc::new(Mutex::new(record)),
            rewrites: Arc::default(),
            servers: Arc::default(),
        }
    }

    /// The world as it is by now.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let now = Instant::now();
        let passed = now - std::mem::replace(&mut self.record().lived, now);
        let mut world = self.world.lock().expect("no holder of the world panics");
        if !passed.is_zero() {
            world.advance(passed);
        }
        world
    }

    /// The name server at `address` gives this answer to every query from now on.
    pub(crate) fn set_server(&self, address: &str, answer: Answer) {
        let address = address.parse().expect("an address");
        self.servers.lock().expect("no holder panics").insert(address, answer);
    }

    /// Answers to `operation` have `new` in place of `old` from now on.
    pub(crate) fn set_rewrite(&self, operation: &str, old: &str, new: &str) {
        let rewrite = [operation, old, new].map(str::to_owned);
        self.rewrites.lock().expect("no holder panics").push(rewrite);
    }

    fn rewrite(&self, operation: &str, response: &mut Response) {
        for [of, old, new] in self.rewrites.lock().expect("no holder panics").iter() {
            if of == operation {
                let body = String::from_utf8_lossy(&response.body).replace(old, new);
                response.body = body.into_bytes().into();
            }
        }
    }

    /// Begins a run: times count from now.
    pub(crate) fn begin(&self) {
        self.record().began = Instant::now();
    }

    /// What was sent and written since this was last called. What is sent at the
    /// same time is in alphabetical order.
    pub(crate) fn take(&self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.record().events);
        events.sort_by(|one, other| match (one, other) {
            (Event::Sent(at, one), Event::Sent(and, other)) => (at, one).cmp(&(and, other)),
            _ => one.at().cmp(&other.at()),
        });
        events
    }

    /// What takes the lines of the log.
    pub(crate) fn log(&self) -> impl Fn() -> Log + Clone + Send + Sync + 'static {
        let log = Log(self.clone());
        move || log.clone()
    }

    fn sent(&self, text: String) {
        let mut record = self.record();
        let at = record.began.elapsed().as_millis();
        record.events.push(Event::Sent(at, text));
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("no holder of the record panics")
    }
}

impl Event {
    fn at(&self) -> u128 {
        match self {
            Self::Sent(at, _) | Self::Written(at, _) => *at,
        }
    }
}

impl Aws for Wire {
    type Delivered = ();

    fn latency(&self) -> Duration {
        LATENCY
    }

    fn answer(&self, request: &Request<'_>) -> Option<(Response, ())> {
        let mut world = self.world();
        let mut response = respond(&mut world, request);
        let call = world.requests().last().expect("it was just recorded");
        self.rewrite(&call.operation, &mut response);
        self.sent(render::call(call, &response));
        Some((response, ()))
    }
}

impl NameServer for Wire {
    fn answer(&self, server: SocketAddr, question: &[u8], transport: Transport) -> Vec<Answered> {
        let own = self.servers.lock().expect("no holder panics").get(&server.ip()).cloned();
        let mut world = self.world();
        let usual = world.dns.clone();
        if let Some(answer) = own {
            world.dns.set(&render::queried(question), answer);
        }
        let answered = dns::answer(&mut world, question, transport);
        world.dns = usual;
        self.sent(render::query(server, question, transport, &answered));
        vec![answered]
    }
}

/// Takes lines of the log.
#[derive(Clone)]
pub(crate) struct Log(Wire);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8(line.to_vec()).map_err(io::Error::other)?;
        // The connector in process has no connections to close.
        if text.contains("http::connection_poisoning") {
            return Ok(line.len());
        }
        let mut record = self.0.record();
        let at = record.began.elapsed().as_millis();
        record.events.push(Event::Written(at, text));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
