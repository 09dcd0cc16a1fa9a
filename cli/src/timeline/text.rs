//! Prints a trace in words.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use super::bars::Bars;
use super::picture::Picture;
use crate::table::{lines, plain};
use crate::trace::{ABSENT, Change, GONE, Line, Probed, Source, Span, Trace, in_words, total};

/// What a source has in the beginning was there before.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// More addresses than these are named by their number.
const MOST_ADDRESSES: usize = 8;

/// The whole page.
pub(super) fn page(trace: &Trace, picture: &Picture) -> String {
    let header = &trace.header;
    let length = in_words(picture.span.length());
    let mut page = format!(
        "{} in {}, recorded for {length} from {}: {} lines\n",
        header.cluster,
        header.region,
        picture.span.from,
        trace.lines.len()
    );
    page += &served(picture);
    let unknown = total(&trace.holes);
    if !unknown.is_zero() {
        _ = writeln!(
            page,
            "Nothing is known of {}, whether clients could have connected or not",
            in_words(unknown)
        );
    }
    page.extend(trace.remarks.iter().map(|remark| format!("{remark}\n")));
    page += "\n";
    page += &addresses(picture);
    page += "\n";
    for line in &trace.lines {
        if let Some(sentence) = sentence(line, picture) {
            _ = writeln!(page, "{}  {sentence}", line.at.clock());
        }
    }
    page
}

/// Whether clients could have connected.
fn served(picture: &Picture) -> String {
    let times = |spans: &[Span]| {
        let times: Vec<_> = spans.iter().copied().map(Span::clock).collect();
        format!("{}: {}", in_words(total(spans)), times.join(", "))
    };
    let mut text = if picture.unserved.is_empty() {
        "At every moment clients of every zone could have connected\n".to_owned()
    } else if picture.outages.is_empty() {
        String::new()
    } else {
        format!("No client could have connected for {}\n", times(&picture.outages))
    };
    for (zone, spans) in &picture.unserved {
        _ = writeln!(text, "No client of zone {zone} could have connected for {}", times(spans));
    }
    text
}

/// A table of the addresses: since when each source has had it, and until when.
fn addresses(picture: &Picture) -> String {
    let span = |bars: &Bars, is: &dyn Fn(&str) -> bool| -> String {
        let mut matching = bars.iter().filter(|bar| is(&bar.state));
        let Some(first) = matching.next() else { return "-".to_owned() };
        let last = matching.next_back().unwrap_or(first);
        let is_first_look = picture.span.from.until(first.span.from) < FIRST_LOOK;
        let from = if is_first_look { String::new() } else { first.span.from.clock() };
        let to = if last.span.to >= picture.span.to { String::new() } else { last.span.to.clock() };
        if from.is_empty() && to.is_empty() { "always".to_owned() } else { format!("{from}–{to}") }
    };
    let any = |_: &str| true;
    let is_registered = |state: &str| state != "draining";
    let is_healthy = |state: &str| state == "healthy";
    let connects = |state: &str| state == "connects";
    let mut table = plain();
    table.set_header(["ADDRESS", "ZONE", "INTERFACE", "DNS", "REGISTERED", "HEALTHY", "CONNECTS"]);
    table.add_rows(picture.rows.iter().map(|(address, row)| {
        [
            address.to_string(),
            row.zone.clone(),
            span(&row.interface, &any),
            span(&row.names, &any),
            span(&row.target, &is_registered),
            span(&row.target, &is_healthy),
            span(&row.probe, &connects),
        ]
    }));
    lines(&mut table)
}

/// A line in words; `None` for `alive`.
fn sentence(line: &Line, picture: &Picture) -> Option<String> {
    Some(match &line.change {
        Change::Name { server, error: Some(error), .. } => format!("{server} gives no address: {error}"),
        Change::Name { server, addresses, ttl, .. } => {
            let ttl = ttl.map_or_else(String::new, |ttl| format!(", for {ttl} s"));
            format!("{server} names {}{ttl}", list(addresses.iter()))
        }
        Change::Interface { id, addresses, status, .. } if status == GONE => {
            format!("interface {id} with {} is gone", list(addresses.iter()))
        }
        Change::Interface { id, addresses, zone, status, believed, .. } => {
            let doubt =
                if *believed { "" } else { "; the function does not take it for the control plane's" };
            format!("interface {id} in {zone} has {}, {status}{doubt}", list(addresses.iter()))
        }
        Change::Cluster { status, version, platform, updates } => {
            let updates: Vec<_> =
                updates.iter().map(|update| format!(", {} {}", update.kind, update.status)).collect();
            let updates = updates.concat();
            format!("cluster is {status}, version {version}, {platform}{updates}")
        }
        Change::Target { address, port, state, reason, overridden, .. } => {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            let shift = overridden.as_ref().map_or_else(String::new, |state| format!(", {state}"));
            let write = picture.writes.iter().find(|write| write.at == line.at && write.address == *address);
            let write = write
                .map_or("", |write| if write.is_registration { "registered: " } else { "deregistered: " });
            let state = if state == ABSENT { "not listed" } else { state };
            format!("{write}target {address}:{port} is {state}{reason}{shift}")
        }
        Change::Zone { zone, in_dns, .. } => {
            let not = if *in_dns { "" } else { "not " };
            format!("zone {zone} is {not}in the load balancer's DNS name")
        }
        Change::Probe { of, connects, readyz, failed, .. } => {
            probe(of, *connects, *readyz, failed.as_deref())
        }
        Change::Unread { source, error } => format!("{} cannot be read: {error}", name(*source)),
        Change::Readable { source } => format!("{} can be read again", name(*source)),
        Change::Resumed => "recording continued".to_owned(),
        Change::Ended => "recording ended".to_owned(),
        Change::Alive => return None,
    })
}

fn probe(of: &Probed, connects: bool, readyz: Option<u16>, failed: Option<&str>) -> String {
    let who = match of {
        Probed::Server(address) => address.to_string(),
        Probed::Node(zone) => format!("the load balancer in {zone}"),
    };
    match (connects, readyz, failed) {
        (true, Some(status), _) => format!("{who} connects, /readyz is {status}"),
        (true, None, _) => format!("{who} connects, /readyz gives no answer"),
        (false, _, Some("ended")) => format!("{who} is no longer probed"),
        (false, _, failed) => format!("{who} does not connect ({})", failed.unwrap_or("unknown")),
    }
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Interfaces => "interfaces",
        Source::Cluster => "the cluster",
        Source::Targets => "targets",
    }
}

fn list<'a>(addresses: impl ExactSizeIterator<Item = &'a IpAddr>) -> String {
    match addresses.len() {
        0 => "no address".to_owned(),
        many if many > MOST_ADDRESSES => format!("{many} addresses"),
        _ => addresses.map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
