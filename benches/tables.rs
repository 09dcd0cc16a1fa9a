//! Writes what was measured as Markdown: the function's own figures, and how
//! many times as much boto3 takes in the same run.

use std::fmt::Write;
use std::time::Duration;

use time::OffsetDateTime;

use crate::measure::{IN_FLIGHT, Life, MEMORY_MB, Measured, Warm};
use crate::running::Program::{self, Function, Pool, Sequential};
use crate::throttled::{Throttled, fewest_calls};
use crate::{Scope, TYPICAL, machine};

/// The part of the document that is written here is between these lines.
const BEGIN: &str = "<!-- make bench: begin -->\n";
const END: &str = "<!-- make bench: end -->\n";

/// Lambda's price of a gigabyte and second, x86_64, in USD (eu-west-1, November 2026).
const GB_SECOND_USD: f64 = 0.000_016_666_7;

/// Runs in a month of 730 hours, one a minute.
const RUNS_A_MONTH: f64 = 43_800.0;

/// Replaces the part of `document` that is written here.
pub(crate) fn put(document: &str, tables: &str) -> Result<String, &'static str> {
    let (before, rest) = document.split_once(BEGIN).ok_or("the document has no line `make bench: begin`")?;
    let (_, after) = rest.split_once(END).ok_or("the document has no line `make bench: end`")?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

/// All tables.
pub(crate) fn render(measured: &Measured, scope: Scope) -> String {
    let today = OffsetDateTime::now_utc().date();
    let parts = [
        format!("Measured on {today}, on {}, by `make bench`.\n", machine::description()),
        starts(measured),
        warm(measured, scope),
        resources(measured, scope),
        shares(measured, scope),
        memory(measured, scope),
        in_flight(measured, scope),
        throttled(measured),
    ];
    parts.join("\n").trim_end().to_owned() + "\n"
}

fn starts(measured: &Measured) -> String {
    let mut table = Table::new("Start, one cluster", &["", "function", "boto3"]);
    let (own, other) = (&measured.starts[&Function], &measured.starts[&Pool]);
    let mut row = |name: &str, own: Duration, other: Duration| {
        table.row([name.to_owned(), milliseconds(own), times(other.as_secs_f64() / own.as_secs_f64())]);
    };
    row("process start to first event asked for", own.ready, other.ready);
    row("process start to first answer", own.answer, other.answer);
    row("the same with a 128 MB function's share of a core", own.answer_in_share, other.answer_in_share);
    table.text
}

/// How many times as much of something another cell takes.
fn ratio(own: &Warm, other: Option<&Warm>, of: impl Fn(&Warm) -> f64) -> String {
    other.map_or_else(|| "–".to_owned(), |other| times(of(other) / of(own)))
}

fn took(warm: &Warm) -> f64 {
    warm.took.as_secs_f64()
}

fn warm(measured: &Measured, scope: Scope) -> String {
    let columns = ["clusters", "a call takes", "function", "boto3, 20 threads", "boto3, sequential"];
    let mut table = Table::new("A warm run", &columns);
    for &clusters in scope.clusters {
        for &latency in scope.latencies_ms {
            let of = |program| measured.warm.get(&(clusters, latency, program));
            let own = &measured.warm[&(clusters, latency, Function)];
            table.row([
                clusters.to_string(),
                format!("{latency} ms"),
                milliseconds(own.took),
                ratio(own, of(Pool), took),
                ratio(own, of(Sequential), took),
            ]);
        }
    }
    table.text
}

fn resources(measured: &Measured, scope: Scope) -> String {
    let columns = [
        "clusters",
        "CPU",
        "threads",
        "sequential",
        "peak memory",
        "threads",
        "sequential",
        "connections",
        "threads",
        "calls",
        "fewest possible",
    ];
    let title = "What a warm run takes at 20 ms a call: the function, and how many times as much boto3 takes";
    let mut table = Table::new(title, &columns);
    for &clusters in scope.clusters {
        let of = |program: Program| measured.warm.get(&(clusters, typical_ms(), program));
        let Some(own) = of(Function) else { continue };
        let cpu = |warm: &Warm| warm.cpu.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 kB")]
        let peak = |warm: &Warm| warm.peak_kb as f64;
        let (elb, eks) = fewest_calls(clusters);
        table.row([
            clusters.to_string(),
            milliseconds(own.cpu),
            ratio(own, of(Pool), cpu),
            ratio(own, of(Sequential), cpu),
            format!("{:.1} MB", peak(own) / 1024.0),
            ratio(own, of(Pool), peak),
            ratio(own, of(Sequential), peak),
            own.connections.to_string(),
            of(Pool).map_or(0, |warm| warm.connections).to_string(),
            own.calls.to_string(),
            (elb + eks).to_string(),
        ]);
    }
    table.text
}

fn shares(measured: &Measured, scope: Scope) -> String {
    let columns = ["clusters", "function", "boto3, 20 threads", "boto3, sequential"];
    let title = "A warm run at 20 ms a call, with a 128 MB function's share of a core";
    let mut table = Table::new(title, &columns);
    for &clusters in scope.clusters {
        let of = |program| measured.shares.get(&(clusters, MEMORY_MB[0], program)).map(|life| &life.warm);
        let own = &measured.shares[&(clusters, MEMORY_MB[0], Function)].warm;
        let row = [milliseconds(own.took), ratio(own, of(Pool), took), ratio(own, of(Sequential), took)];
        table.row([clusters.to_string()].into_iter().chain(row));
    }
    table.text
}

fn memory(measured: &Measured, scope: Scope) -> String {
    let title = "The function by its memory, at 20 ms a call: its first run, a warm one, and the price of a month of them";
    let names = MEMORY_MB.map(|memory_mb| format!("{memory_mb} MB"));
    let columns: Vec<&str> = ["clusters"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let mut table = Table::new(title, &columns);
    for &clusters in scope.clusters {
        let cells = MEMORY_MB.map(|memory_mb| {
            let own = &measured.shares[&(clusters, memory_mb, Function)];
            let gigabytes = f64::from(u32::try_from(memory_mb).expect("little")) / 1024.0;
            let usd = took(&own.warm) * gigabytes * GB_SECOND_USD * RUNS_A_MONTH;
            format!("{}, {usd:.2} USD", first_and_warm(own))
        });
        table.row([clusters.to_string()].into_iter().chain(cells));
    }
    table.text
}

fn in_flight(measured: &Measured, scope: Scope) -> String {
    let title =
        "The function by `MAX_CONCURRENCY`, at 20 ms a call: its first run, a warm one, and its peak memory";
    let names = IN_FLIGHT.map(|calls| calls.to_string());
    let columns: Vec<&str> =
        ["clusters", "share of a core"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let mut table = Table::new(title, &columns);
    for &clusters in scope.clusters {
        for (is_whole, name) in [(true, "a whole one"), (false, "that of 128 MB")] {
            let cells: Vec<String> = IN_FLIGHT
                .iter()
                .filter_map(|&calls| measured.in_flight.get(&(clusters, is_whole, calls)))
                .map(|own| format!("{}, {} MB", first_and_warm(own), own.warm.peak_kb.div_ceil(1024)))
                .collect();
            if !cells.is_empty() {
                table.row([clusters.to_string(), name.to_owned()].into_iter().chain(cells));
            }
        }
    }
    table.text
}

fn first_and_warm(life: &Life) -> String {
    format!("{}, {}", milliseconds(life.first), milliseconds(life.warm.took))
}

fn throttled(measured: &Measured) -> String {
    let columns = ["clusters", "ELB's rate", "at best", "function", "refused", "boto3, adaptive", "refused"];
    let mut table = Table::new("A run that ELB throttles, from full buckets on", &columns);
    for own in measured.throttled.iter().filter(|one| one.program == Function) {
        let is_its =
            |one: &&Throttled| one.program == Pool && (one.clusters, one.rate) == (own.clusters, own.rate);
        let other = measured.throttled.iter().find(is_its);
        let [took, refused] = told(own);
        let [other_took, other_refused] = other.map_or(["–", "–"].map(str::to_owned), told);
        table.row([
            own.clusters.to_string(),
            own.rate.to_owned(),
            format!("{:.1} s", own.floor.as_secs_f64()),
            took,
            refused,
            other_took,
            other_refused,
        ]);
    }
    table.text
}

fn told(one: &Throttled) -> [String; 2] {
    let took = format!("{:.1} s", one.took.as_secs_f64());
    let percent = 100 * one.refused / one.calls.max(1);
    let took = match &one.failure {
        None => took,
        Some(message) => format!("fails after {took}: {message}"),
    };
    [took, format!("{percent} %")]
}

fn typical_ms() -> u64 {
    TYPICAL.as_millis().try_into().expect("it is short")
}

fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

fn times(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.1} ×") } else { format!("{ratio:.0} ×") }
}

/// A table with its title.
struct Table {
    text: String,
}

impl Table {
    fn new(title: &str, columns: &[&str]) -> Self {
        let rule = "|---".repeat(columns.len());
        Self { text: format!("**{title}**\n\n| {} |\n{rule}|\n", columns.join(" | ")) }
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        writeln!(self.text, "| {} |", cells.join(" | ")).expect("text has room");
    }
}
