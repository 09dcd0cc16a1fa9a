//! Records what is played in a simulated world, in simulated time: by the same
//! sources and the same memory as `record`, without sockets.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use clap::Parser;
use eks_nlb_simulator::World;
use eks_nlb_simulator::world::{Answer, MANAGED_TAG};
use eks_nlb_sync::request::Request;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::Settings;
use eks_nlb_traffic::function::{Function, Undisturbed};
use eks_nlb_traffic::in_memory_net::InMemoryNet;
use eks_nlb_traffic::play::{Moment, Script};

use super::frontend::{self, Recorded};
use super::recording::servers;
use super::seen::{News, Seen};
use super::sources::{NotRead, Sources};
use crate::args::{Cli, Command};
use crate::trace::{ALIVE_SECONDS, Change, Line, Probed, Source, Time};

/// When every simulated recording began.
const START: &str = "2026-11-29T16:00:00Z";

/// A recording in simulated time.
pub(crate) struct Recorder {
    service: Service<InMemoryNet<Undisturbed>>,
    recorded: Recorded,
    seen: Seen,
    probed: BTreeSet<IpAddr>,
    text: String,
    last_line: Time,
    now: Time,
}

impl Recorder {
    /// Begins with the header.
    pub(crate) async fn start(moment: &Moment) -> Self {
        let tags = moment.world.lock().unwrap().load_balancer(&moment.balancer).tags.clone();
        let settings = Settings::from_lookup(|name| match name {
            "DNS_SERVERS" => Some("10.0.0.2".to_owned()),
            "NLB_TAG" => Some(format!("{}={}", MANAGED_TAG.0, tags[MANAGED_TAG.0])),
            _ => None,
        });
        let here = Undisturbed(moment.world.clone());
        let service = Function::between(settings.unwrap(), here.clone(), here).await.service;
        let every = format!("{}s", Script::STEP.as_secs());
        let typed = ["eks-nlb", "record", "payments", "--probe", "--every", &every, "--elb-every", &every];
        let Command::Record(args) = Cli::try_parse_from(typed).unwrap().command else { unreachable!() };
        let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_mins(1));
        let request = Request::default();
        let clients = service.clients(&request.scope, "record", &budget).await.unwrap();
        let servers = service.resolver.name_servers().iter().map(|server| server.address).collect();
        let found = frontend::find(&clients, &service.settings, &request, &args, servers, &budget);
        let mut recorded = found.await.unwrap();
        assert_eq!(recorded.header.target_group, moment.group);
        let start = Time::parse(START).unwrap();
        recorded.header.started = start;
        // A new version of the program does not change a trace.
        "eks-nlb".clone_into(&mut recorded.header.program);
        let text = serde_json::to_string(&recorded.header).unwrap() + "\n";
        Self {
            service,
            recorded,
            seen: Seen::default(),
            probed: BTreeSet::new(),
            text,
            last_line: start,
            now: start,
        }
    }

    /// Reads every source once.
    pub(crate) async fn look(&mut self, moment: &Moment) {
        let since = u64::from(moment.step) * u64::try_from(Script::STEP.as_millis()).unwrap();
        self.now = Time(Time::parse(START).unwrap().0 + since);
        self.publish(&mut moment.world.lock().unwrap(), &moment.group);
        let budget = RunBudget::new(NonZeroU16::MIN, Duration::from_mins(1));
        let clients = self.service.clients(&Request::default().scope, "record", &budget).await.unwrap();
        let (names, interfaces, zones, targets, cluster) = {
            let sources = Sources {
                clients: &clients,
                resolver: &self.service.resolver,
                dns_timeout: self.service.settings.dns_timeout,
                recorded: &self.recorded,
            };
            (
                sources.names().await,
                sources.interfaces().await,
                sources.zones().await,
                sources.targets().await,
                sources.cluster(<_>::default()).await.map(|read| vec![read.change]),
            )
        };
        self.note(names, Seen::some);
        self.note(zones, Seen::some);
        self.read(Source::Interfaces, interfaces);
        self.read(Source::Targets, targets);
        self.read(Source::Cluster, cluster);
        let probes = self.probes(moment);
        self.note(probes, |seen, now| seen.all(None, now));
        if self.last_line.until(self.now).as_secs() >= ALIVE_SECONDS {
            self.write(Change::Alive);
        }
    }

    /// The trace.
    pub(crate) fn finish(mut self) -> String {
        self.write(Change::Ended);
        self.text
    }

    /// What a client finds. The simulated world has no server to connect to, so
    /// it is asked itself; whether it is ready does not depend on whether clients
    /// reach it.
    fn probes(&self, moment: &Moment) -> Vec<Change> {
        let world = moment.world.lock().unwrap();
        let probe = |of: Probed, connects: bool, is_ready: bool| Change::Probe {
            of,
            connects,
            readyz: is_ready.then_some(200),
            failed: (!connects).then(|| "tcp".to_owned()),
            milliseconds: None,
        };
        let servers = self.probed.iter().map(|address| {
            let text = address.to_string();
            let is_ready = moment.ready.contains(&text);
            probe(Probed::Server(*address), world.serves(&text), is_ready)
        });
        let served = world.served(&moment.group);
        let nodes = served
            .into_iter()
            .map(|(zone, targets)| probe(Probed::Node(zone), !targets.is_empty(), !targets.is_empty()));
        servers.chain(nodes).collect()
    }

    /// The load balancer's name is not in the simulated DNS by itself.
    fn publish(&self, world: &mut World, group: &str) {
        let name = &self.recorded.header.load_balancer_name;
        let mut all = Vec::new();
        for (n, (zone, node)) in (1..).zip(world.nodes(group)) {
            let address = IpAddr::from([10, 0, n, 200]);
            all.extend(node.in_dns.then_some(address));
            world.dns.set(&format!("{zone}.{name}"), Answer::addresses(vec![address]));
        }
        world.dns.set(name, Answer::addresses(all));
    }

    fn read(&mut self, source: Source, read: Result<Vec<Change>, NotRead>) {
        let now = read.unwrap();
        self.note(now, |seen, now| seen.all(Some(source), now));
    }

    fn note(&mut self, now: Vec<Change>, look: impl FnOnce(&mut Seen, Vec<Change>) -> News) {
        self.probed.extend(now.iter().flat_map(servers));
        for change in look(&mut self.seen, now).changes {
            self.write(change);
        }
    }

    fn write(&mut self, change: Change) {
        self.last_line = self.now;
        let line = serde_json::to_string(&Line { at: self.now, change }).unwrap();
        writeln!(self.text, "{line}").unwrap();
    }
}
