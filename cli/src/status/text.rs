//! Puts states into a table, one line for each cluster.

use std::fmt::Write;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint};

use super::{Cluster, Frontend, Status};
use crate::serving::Serving;
use crate::session::Session;
use crate::{names, plan, table};

const HEADER: [&str; 6] = ["STATE", "CLUSTER", "SINCE", "LOAD BALANCER", "HEALTHY", "WHY"];
const SINCE: usize = 2;
const WHY: usize = 5;

/// The characters that all columns but the reason take, and a few words of it.
const NARROW: u16 = 60;

pub(super) fn of(status: &Status<'_>, session: &Session) -> String {
    let mut text = String::new();
    if !status.clusters.is_empty() {
        let mut drawn = table::new_table();
        drawn.set_header(HEADER.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
        drawn.add_rows(status.clusters.iter().map(row));
        table::finish_from(&mut drawn, NARROW, &[WHY]);
        if status.clusters.iter().all(|cluster| cluster.since.is_none())
            && let Some(since) = drawn.column_mut(SINCE)
        {
            since.set_constraint(ColumnConstraint::Hidden);
        }
        text = table::lines(&drawn) + "\n";
    }
    text += &summary(status);
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
    let balancer = cluster.frontends.first().and_then(|worst| worst.load_balancer);
    cluster.name.map(ToString::to_string).or_else(|| Some(names::load_balancer(balancer?).to_owned()))
}

fn row(cluster: &Cluster<'_>) -> [Cell; 6] {
    let name = cluster.name.map_or_else(|| "-".to_owned(), ToString::to_string);
    let worst = cluster.frontends.first();
    let healthy = worst.and_then(|worst| Some(format!("{}/{}", worst.healthy?, worst.desired)));
    [
        Cell::new(cluster.state.words()).fg(color(cluster.state)),
        Cell::new(name),
        Cell::new(cluster.since.as_deref().unwrap_or("-")),
        Cell::new(worst.map_or_else(|| "-".to_owned(), |worst| place(cluster, worst))),
        Cell::new(healthy.as_deref().unwrap_or("-")),
        Cell::new(worst.and_then(|worst| worst.message.as_deref()).unwrap_or_default()),
    ]
}

/// The load balancer, with the target group where the cluster has several.
fn place(cluster: &Cluster<'_>, frontend: &Frontend<'_>) -> String {
    let Some(balancer) = frontend.load_balancer.map(names::load_balancer) else { return "-".to_owned() };
    match frontend.target_group {
        Some(group) if cluster.frontends.len() > 1 => format!("{balancer}/{}", names::target_group(group)),
        _ => balancer.to_owned(),
    }
}

fn color(state: Serving) -> Color {
    match state {
        Serving::CutOff | Serving::ZoneCutOff => Color::Red,
        Serving::Unknown | Serving::OldAddressesOnly => Color::Yellow,
        Serving::Served => Color::Green,
    }
}

fn summary(status: &Status<'_>) -> String {
    let counts = &status.summary;
    format!(
        "{} in {}: {} cut off, {} with a zone cut off, {} unknown, {} served by old addresses only, {} served.\n",
        plan::plural(counts.clusters, "cluster"),
        status.region,
        counts.cut_off,
        counts.zone_cut_off,
        counts.unknown,
        counts.old_addresses_only,
        counts.served,
    )
}
