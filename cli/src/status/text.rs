//! Puts states into a table, one line for each cluster.

use std::fmt::Write;

use comfy_table::{Cell, Color};

use super::document::{Cluster, Status};
use crate::output::plural;
use crate::serving::Serving;
use crate::session::Session;
use crate::table::{Grid, Row};
use crate::{explain, names, table};

pub(super) fn of(status: &Status<'_>, session: &Session) -> String {
    let mut text = String::new();
    if !status.clusters.is_empty() {
        let grid = Grid {
            keys: &[],
            cells: &["STATE", "CLUSTER", "SINCE", "LOAD BALANCER", "HEALTHY"],
            rows: status.clusters.iter().map(row).collect(),
        };
        text = grid.draw(table::terminal()) + "\n";
    }
    text += &table::paragraphs(&summary(status));
    let worst = status.clusters.first().filter(|worst| worst.state != Serving::Served);
    if let Some(name) = worst.and_then(subject) {
        _ = writeln!(text, "`eks-nlb explain {name}` says why, and what to do.");
    }
    if status.clusters.is_empty() {
        let (region, tag) = (status.region, &session.settings().nlb_tag);
        _ = writeln!(text, "No network load balancer in {region} carries {tag}.");
    }
    text
}

/// By what name `explain` finds a cluster.
fn subject(cluster: &Cluster<'_>) -> Option<String> {
    match cluster.name {
        Some(name) => Some(explain::of_cluster(name)),
        None => cluster.frontends.first()?.load_balancer.map(explain::of_load_balancer),
    }
}

fn row(cluster: &Cluster<'_>) -> Row {
    let worst = cluster.frontends.first();
    let healthy = worst.and_then(|worst| Some(format!("{}/{}", worst.healthy?, worst.desired)));
    Row {
        cells: vec![
            Cell::new(cluster.state.words()).fg(color(cluster.state)),
            table::cell(cluster.name),
            table::cell(cluster.since.as_deref()),
            table::cell(worst.and_then(|worst| {
                names::place(worst.load_balancer, worst.target_group, cluster.frontends.len() > 1)
            })),
            table::cell(healthy),
        ],
        why: worst.and_then(|worst| worst.message.clone()).unwrap_or_default(),
        ..Row::default()
    }
}

fn color(state: Serving) -> Color {
    match state {
        Serving::CutOff | Serving::ZoneCutOff => table::BAD,
        Serving::Unknown | Serving::OldAddressesOnly => table::UNSURE,
        Serving::Served => table::GOOD,
    }
}

fn summary(status: &Status<'_>) -> String {
    let counts = &status.summary;
    let every = [
        (counts.cut_off, "cut off"),
        (counts.zone_cut_off, "with a zone cut off"),
        (counts.unknown, "unknown"),
        (counts.old_addresses_only, "served by old addresses only"),
        (counts.served, "served"),
    ];
    let used = every.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = used.map(|(count, state)| format!("{count} {state}")).collect();
    let colon = if told.is_empty() { "" } else { ": " };
    let clusters = plural(counts.clusters, "cluster");
    format!("{clusters} in {}{colon}{}.\n", status.region, told.join(", "))
}
