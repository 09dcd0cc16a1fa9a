//! Draws a report as the table that a person reads at a glance.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table};
use eks_nlb_sync::model::Target;
use eks_nlb_sync::model::TargetState;
use eks_nlb_sync::plan::{Action, Decision, Plan};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::SkipReason;

use crate::names;
use crate::serving::Serving;

const HEADER: [&str; 8] = ["LOAD BALANCER", "CLUSTER", "TARGET", "ZONE", "STATE", "ACTION", "WHY", "HEALTHY"];

/// Where the zone stands in [`HEADER`].
const ZONE: usize = 3;

/// With fewer characters a line, every column may wrap, not only the reason.
const WIDE: u16 = 140;

/// The characters of a line of prose where no terminal says.
const LINE: u16 = 100;

/// What is known of a cell that is empty.
const NOTHING: &str = "-";

/// The frontends of `report`, without the converged ones whose clients are
/// served unless `all`; nothing if there is none to show.
pub(crate) fn of_report(report: &Report, all: bool) -> Option<String> {
    let is_well = |frontend: &FrontendReport| {
        frontend.outcome == Outcome::Converged && Serving::of(frontend) == Serving::Served
    };
    let shown: Vec<_> = report.frontends.iter().filter(|frontend| all || !is_well(frontend)).collect();
    let rows: Vec<[Cell; 8]> = shown.iter().flat_map(|frontend| rows(report, frontend)).collect();
    let has_zones = rows.iter().any(|row| row[ZONE].content() != NOTHING && !row[ZONE].content().is_empty());
    (!rows.is_empty()).then(|| draw(rows, has_zones))
}

fn draw(rows: Vec<[Cell; 8]>, has_zones: bool) -> String {
    let mut table = new_table();
    table.set_header(HEADER.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    table.add_rows(rows);
    finish(&mut table, &[0, 1, 6]);
    if !has_zones && let Some(zone) = table.column_mut(ZONE) {
        zone.set_constraint(ColumnConstraint::Hidden);
    }
    lines(&table)
}

/// A table without lines, in colours that the output drops where nobody sees
/// them.
pub(crate) fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.enforce_styling();
    table
}

/// Sets the columns; of a wide table, only those of `flexible` may wrap.
pub(crate) fn finish(table: &mut Table, flexible: &[usize]) {
    finish_from(table, WIDE, flexible);
}

/// The same for a table that is wide from so many characters a line.
pub(crate) fn finish_from(table: &mut Table, wide: u16, flexible: &[usize]) {
    let is_wide = table.width().is_none_or(|width| width >= wide);
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        if is_wide && !flexible.contains(&index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// The lines of `table` without the spaces that fill them.
pub(crate) fn lines(table: &Table) -> String {
    table.trim_fmt() + "\n"
}

/// What is known, with what it is.
pub(crate) fn pairs(told: Vec<(&str, String)>) -> String {
    let mut drawn = new_table();
    if drawn.width().is_none() {
        drawn.set_width(LINE);
    }
    drawn.add_rows(told.into_iter().map(|(what, is)| [Cell::new(format!("  {what}")), Cell::new(is)]));
    finish(&mut drawn, &[1]);
    lines(&drawn)
}

fn rows(report: &Report, frontend: &FrontendReport) -> Vec<[Cell; 8]> {
    let mut rows: Vec<[Cell; 4]> = Vec::new();
    match &frontend.outcome {
        Outcome::Failed { error } => {
            rows.push(whole("fail", Color::Red, &format!("{}: {}", error.code, error.message)));
        }
        Outcome::Skipped { reason } => rows.push(whole("skip", Color::DarkGrey, &skipped(*reason))),
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => {}
    }
    let is_plan = report.dry_run;
    let mut rows: Vec<[Cell; 5]> = rows
        .into_iter()
        .map(|[zone, state, action, why]| [Cell::new(NOTHING), zone, state, action, why])
        .collect();
    let decisions = frontend.plan.iter().flat_map(Plan::decisions);
    rows.extend(decisions.map(|(target, decision)| of_target(*target, decision, is_plan)));
    if rows.is_empty() {
        rows.push([
            Cell::new(NOTHING),
            Cell::new(NOTHING),
            Cell::new(NOTHING),
            Cell::new("keep"),
            Cell::new(""),
        ]);
    }
    let mut first = Some([load_balancer(report, frontend), cluster(frontend), healthy(frontend)]);
    rows.into_iter()
        .map(|[target, zone, state, action, why]| {
            let [load_balancer, cluster, healthy] = first.take().unwrap_or_default().map(Cell::new);
            [load_balancer, cluster, target, zone, state, action, why, healthy]
        })
        .collect()
}

/// What happens to a frontend as a whole: zone, state, action and reason.
fn whole(action: &str, color: Color, why: &str) -> [Cell; 4] {
    [Cell::new(NOTHING), Cell::new(NOTHING), Cell::new(action).fg(color), Cell::new(why)]
}

fn of_target(target: Target, decision: &Decision, is_plan: bool) -> [Cell; 5] {
    let zone = decision.listed.as_ref().and_then(|listed| listed.zone.as_ref());
    let zone = zone.map_or(NOTHING, |zone| zone.as_str());
    let state = decision.listed.as_ref().map(|listed| listed.state);
    [
        Cell::new(target),
        Cell::new(zone),
        state_cell(state),
        action_cell(&decision.action, is_plan),
        Cell::new(decision),
    ]
}

pub(crate) fn state_cell(state: Option<TargetState>) -> Cell {
    let Some(state) = state else { return Cell::new(NOTHING) };
    Cell::new(names::state(state)).fg(match state {
        TargetState::Healthy => Color::Green,
        TargetState::Initial | TargetState::Unavailable | TargetState::Unknown => Color::Yellow,
        TargetState::Unhealthy => Color::Red,
        TargetState::Unused | TargetState::Draining => Color::DarkGrey,
    })
}

pub(crate) fn action_cell(action: &Action, is_plan: bool) -> Cell {
    let word = action.as_str();
    match action {
        Action::Keep | Action::Leave => Cell::new(word).fg(Color::DarkGrey),
        Action::Withhold(_) => Cell::new(word).fg(Color::Yellow),
        Action::Register => Cell::new(done(word, is_plan)).fg(Color::Green),
        Action::Deregister(_) => Cell::new(done(word, is_plan)).fg(Color::Cyan),
    }
}

fn done(word: &str, is_plan: bool) -> String {
    if is_plan { word.to_owned() } else { format!("{word}ed") }
}

/// The load balancer, with the target group where it has several.
fn load_balancer(report: &Report, frontend: &FrontendReport) -> String {
    let Some(arn) = &frontend.load_balancer else { return NOTHING.to_owned() };
    let name = names::load_balancer(arn);
    let siblings = report.frontends.iter().filter(|other| other.load_balancer.as_ref() == Some(arn)).count();
    match &frontend.target_group {
        Some(group) if siblings > 1 => format!("{name}/{}", names::target_group(group)),
        _ => name.to_owned(),
    }
}

fn cluster(frontend: &FrontendReport) -> String {
    frontend.cluster.as_ref().map_or_else(|| NOTHING.to_owned(), ToString::to_string)
}

/// Healthy of desired.
fn healthy(frontend: &FrontendReport) -> String {
    frontend
        .healthy
        .map_or_else(|| NOTHING.to_owned(), |healthy| format!("{healthy}/{}", frontend.desired.len()))
}

/// Why a frontend is left alone, in words.
pub(crate) fn skipped(reason: SkipReason) -> String {
    format!("{reason}: {}", reason.explanation().happening)
}
