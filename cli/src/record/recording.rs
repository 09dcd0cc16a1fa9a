//! Reads each source at its own interval, side by side, and writes what has
//! changed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::net::runtime::RuntimeProvider;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::probe::Prober;
use super::seen::{News, Seen};
use super::sink::Sink;
use super::sources::{NotRead, Sources};
use crate::args::RecordArgs;
use crate::problem::Problem;
use crate::signals;
use crate::trace::{ALIVE_SECONDS, Change, GONE, Line, Probed, Source, Time, Update, in_words};

/// How often EKS is read: its rate is not published, and a status lasts for
/// minutes.
const CLUSTER_EVERY: Duration = Duration::from_secs(10);

/// How long an address is probed after the last source dropped it: old servers
/// may still answer.
const PROBED_AFTER: Duration = Duration::from_mins(30);

/// A recording in progress.
pub(super) struct Recording<'a, P: RuntimeProvider> {
    sources: Sources<'a, P>,
    sink: RefCell<Sink>,
    seen: RefCell<Seen>,
    updates: RefCell<BTreeMap<String, Update>>,
    prober: RefCell<Option<Prober>>,
    /// When a source last named an address that is probed.
    probed: RefCell<BTreeMap<IpAddr, Instant>>,
    nodes: RefCell<BTreeMap<String, IpAddr>>,
    args: &'a RecordArgs,
    began: Instant,
    lines: Cell<u64>,
    last_line: Cell<Instant>,
    last_event: Cell<Option<Instant>>,
    bar: ProgressBar,
}

impl<'a, P: RuntimeProvider> Recording<'a, P> {
    pub(super) fn new(sources: Sources<'a, P>, sink: Sink, args: &'a RecordArgs, earlier: &[Line]) -> Self {
        let now = Instant::now();
        // Without a terminal nothing is drawn.
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self {
            sources,
            sink: RefCell::new(sink),
            seen: RefCell::new(Seen::after(earlier)),
            updates: RefCell::default(),
            prober: RefCell::default(),
            probed: RefCell::default(),
            nodes: RefCell::default(),
            args,
            began: now,
            lines: Cell::default(),
            last_line: Cell::new(now),
            last_event: Cell::default(),
            bar,
        }
    }

    /// Records until Ctrl-C, SIGTERM, or quiet; returns a summary.
    pub(super) async fn run(self) -> Result<String, Problem> {
        let stopped = signals::stopped()?;
        let (every, sources) = (self.args.every, &self.sources);
        let ended = tokio::select! {
            _ = stopped => Ok(()),
            () = self.until_quiet() => Ok(()),
            Err(error) = repeat(every, async || self.note(sources.names().await, Seen::some)) => Err(error),
            Err(error) = repeat(every, async || {
                self.note_read(Source::Interfaces, sources.interfaces().await)
            }) => Err(error),
            Err(error) = repeat(every, async || self.zones().await) => Err(error),
            Err(error) = repeat(every, async || self.probes().await) => Err(error),
            Err(error) = repeat(self.args.elb_every, async || {
                self.note_read(Source::Targets, sources.targets().await)
            }) => Err(error),
            Err(error) = repeat(CLUSTER_EVERY, async || self.cluster().await) => Err(error),
            Err(error) = repeat(Duration::from_secs(1), async || self.show()) => Err(error),
            else => Ok(()),
        };
        self.bar.finish_and_clear();
        ended.and_then(|()| self.write(Time::now(), Change::Ended)).map_err(Problem::Write)?;
        Ok(format!("Recorded {} lines in {}", self.lines.get(), in_words(self.began.elapsed())))
    }

    async fn until_quiet(&self) {
        let Some(quiet) = self.args.until_quiet else { return std::future::pending().await };
        let mut ticks = interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            if self.last_event.get().is_some_and(|last| last.elapsed() >= quiet) {
                return;
            }
        }
    }

    async fn zones(&self) -> io::Result<()> {
        let now = self.sources.zones().await;
        *self.nodes.borrow_mut() = now.iter().filter_map(node).collect();
        self.note(now, Seen::some)
    }

    async fn cluster(&self) -> io::Result<()> {
        let known = self.updates.borrow().clone();
        let read = self.sources.cluster(known).await;
        let now = read.map(|read| {
            let host = self.sources.recorded.endpoint.host.as_str();
            let prober = Prober::new(host, &read.authority).filter(|_| self.args.probe);
            *self.prober.borrow_mut() = prober;
            *self.updates.borrow_mut() = read.updates;
            vec![read.change]
        });
        self.note_read(Source::Cluster, now)
    }

    /// Connects to every server that a source names, and to the nodes of the
    /// load balancer.
    async fn probes(&self) -> io::Result<()> {
        let Some(prober) = self.prober.borrow().clone() else { return Ok(()) };
        let header = &self.sources.recorded.header;
        self.probed.borrow_mut().retain(|_, named| named.elapsed() < PROBED_AFTER);
        let servers: Vec<_> = self.probed.borrow().keys().copied().collect();
        let nodes: Vec<_> = self.nodes.borrow().clone().into_iter().collect();
        let servers =
            servers.into_iter().map(|ip| (Probed::Server(ip), SocketAddr::new(ip, header.target_port)));
        let nodes = nodes
            .into_iter()
            .map(|(zone, ip)| (Probed::Node(zone), SocketAddr::new(ip, header.listener_port)));
        let now = join_all(servers.chain(nodes).map(|(of, at)| prober.probe(of, at))).await;
        self.note(now, |seen, now| seen.all(None, now))
    }

    fn note_read(&self, source: Source, read: Result<Vec<Change>, NotRead>) -> io::Result<()> {
        match read {
            Ok(now) => self.note(now, |seen, now| seen.all(Some(source), now)),
            Err(NotRead(code)) => self.note(vec![], |seen, _| seen.failed(source, code.as_str())),
        }
    }

    /// Writes the changes in `now`.
    fn note(&self, now: Vec<Change>, look: impl FnOnce(&mut Seen, Vec<Change>) -> News) -> io::Result<()> {
        for address in now.iter().flat_map(servers) {
            self.probed.borrow_mut().insert(address, Instant::now());
        }
        let now = now.into_iter().map(|change| self.sink.borrow_mut().replaced(change));
        let now = now.collect::<io::Result<_>>()?;
        let news = look(&mut self.seen.borrow_mut(), now);
        if news.is_event {
            self.last_event.set(Some(Instant::now()));
        }
        // All changes of one reading have the same time.
        let at = Time::now();
        news.changes.into_iter().try_for_each(|change| self.write(at, change))
    }

    fn write(&self, at: Time, change: Change) -> io::Result<()> {
        self.lines.set(self.lines.get() + 1);
        self.last_line.set(Instant::now());
        self.sink.borrow_mut().line(at, change)
    }

    /// Shows the progress of the recording.
    fn show(&self) -> io::Result<()> {
        let nothing = "nothing has happened yet".to_owned();
        let last = self.last_event.get();
        let last = last.map_or(nothing, |at| format!("the last event was {} ago", in_words(at.elapsed())));
        let time = in_words(self.began.elapsed());
        let (cluster, lines) = (&self.args.cluster, self.lines.get());
        self.bar
            .set_message(format!("Recording {cluster} for {time}: {lines} lines, {last}; Ctrl-C ends it"));
        self.bar.tick();
        if self.last_line.get().elapsed() >= Duration::from_secs(ALIVE_SECONDS) {
            self.write(Time::now(), Change::Alive)?;
        }
        Ok(())
    }
}

/// Repeats `work` until it fails.
async fn repeat(every: Duration, work: impl AsyncFn() -> io::Result<()>) -> io::Result<Infallible> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work().await?;
    }
}

fn node(change: &Change) -> Option<(String, IpAddr)> {
    let Change::Zone { zone, address, .. } = change else { return None };
    Some((zone.clone(), (*address)?))
}

/// The servers that a source names. Of the interfaces, only the control plane's
/// are probed.
pub(super) fn servers(change: &Change) -> Vec<IpAddr> {
    if let Change::Target { address, .. } = change {
        return vec![*address];
    }
    let addresses = match change {
        Change::Interface { status, believed, .. } if !believed || status == GONE => None,
        Change::Name { addresses, .. } | Change::Interface { addresses, .. } => Some(addresses),
        Change::Target { .. } | Change::Zone { .. } | Change::Cluster { .. } | Change::Probe { .. } => None,
        Change::Unread { .. } | Change::Readable { .. } | Change::Alive | Change::Resumed | Change::Ended => {
            None
        }
    };
    addresses.into_iter().flatten().copied().collect()
}
