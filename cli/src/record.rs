//! Records what happens around one frontend; reads only.
//!
//! [`sources`] reads each source at its own interval, [`seen`] finds what has
//! changed, and [`sink`] writes it.

mod frontend;
mod probe;
mod pseudonyms;
mod recording;
mod seen;
#[cfg(test)]
pub(crate) mod simulated;
mod sink;
mod sources;

use std::process::ExitCode;

use crate::args::{NAME, RecordArgs};
use crate::output;
use crate::problem::Problem;
use crate::session::{Connection, Session, TIME};
use crate::signals::unless_interrupted;
use recording::Recording;
use sources::Sources;

/// Records until it is interrupted, or quiet.
pub(crate) async fn record(session: &Session, args: &RecordArgs) -> Result<ExitCode, Problem> {
    let resolver = &session.service.resolver;
    let servers = resolver.name_servers().iter().map(|server| server.address).collect();
    let Connection { clients, budget, .. } = session.connect(TIME).await?;
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
        output::hint(&format!("{} holds the replaced names: do not pass it on\n", names.display()));
    }
    Ok(ExitCode::SUCCESS)
}
