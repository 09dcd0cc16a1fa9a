//! Records what happens around one frontend; reads only.
//!
//! [`sources`] reads each source at its own interval, [`seen`] tells what has
//! changed, [`sink`] writes it.

mod frontend;
mod probe;
mod pseudonyms;
mod recording;
mod seen;
#[cfg(test)]
pub(crate) mod simulated;
mod sink;
mod sources;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use eks_nlb_sync::model::ClusterName;

use crate::args::{NAME, duration};
use crate::problem::{Problem, unless_interrupted};
use crate::session::Session;
use crate::{completions, output};
use recording::Recording;
use sources::Sources;

/// What `record` takes.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The cluster whose frontend is recorded
    #[arg(value_name = "CLUSTER", add = ArgValueCandidates::new(completions::clusters))]
    pub(crate) cluster: ClusterName,
    /// Its target group, by name or ARN, where the cluster has several
    #[arg(long, value_name = "NAME")]
    pub(crate) target_group: Option<String>,
    /// How often DNS and interfaces are read, and servers are probed
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub(crate) every: Duration,
    /// The least time from one call of ELB's to the next
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    pub(crate) elb_every: Duration,
    /// End this long after the last event; before the first event it never ends
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) until_quiet: Option<Duration>,
    /// The file to write, or to go on with [default: CLUSTER.trace.jsonl]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Connect to each server and to the load balancer, too: TCP, TLS and GET /readyz
    #[arg(long)]
    pub(crate) probe: bool,
    /// Replace account, names and addresses, each by the same everywhere
    #[arg(long)]
    pub(crate) pseudonymise: bool,
}

/// A time as other commands take it, or in milliseconds.
fn interval(text: &str) -> Result<Duration, String> {
    match text.strip_suffix("ms").and_then(|count| count.parse().ok()).filter(|count| *count > 0) {
        Some(count) => Ok(Duration::from_millis(count)),
        None => duration(text),
    }
}

/// Records until it is interrupted, or quiet.
pub(crate) async fn record(session: &Session, args: &RecordArgs) -> Result<ExitCode, Problem> {
    let resolver = &session.service.resolver;
    let servers = resolver.name_servers().iter().map(|server| server.address).collect();
    let budget = session.budget();
    let clients = session.clients(&budget).await?;
    clients.limiters().pace_elb(args.elb_every);
    output::hint(&format!(
        "Finding the frontend of {}, with a pause after each call of ELB's\n",
        args.cluster
    ));
    let found = frontend::find(&clients, session.settings(), &session.request, args, servers, &budget);
    let recorded = unless_interrupted(found).await?;
    let path = args.out.clone().unwrap_or_else(|| format!("{}.trace.jsonl", args.cluster).into());
    let (sink, earlier) = sink::Sink::open(&path, &recorded.header)?;
    let dns_timeout = session.settings().dns_timeout;
    let sources = Sources { clients: &clients, resolver, dns_timeout, recorded: &recorded };
    let recording = Recording::new(sources, sink, args, &earlier);
    let summary = recording.run().await?;
    output::print(&format!(
        "{summary} to {path}\nShow it:   {NAME} timeline {path}\nReplay it: {NAME} replay {path}\n",
        path = path.display()
    ))?;
    if args.pseudonymise {
        let names = sink::path_of_names(&path);
        output::hint(&format!("{} says what was replaced by what: do not pass it on\n", names.display()));
    }
    Ok(ExitCode::SUCCESS)
}
