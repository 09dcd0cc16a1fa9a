//! Formats a report as a table.

mod grid;
mod prose;

use std::fmt::Display;

use comfy_table::{Attribute, Cell, Color};
use eks_nlb_sync::model::{ClusterName, CurrentTarget, Target, TargetState};
use eks_nlb_sync::plan::{Action, Decision, Plan};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reasons::SkipReason;
use eks_nlb_sync::serving::is_shifted_away;

pub(crate) use grid::{Grid, NOTHING, Row, lines, plain};
pub(crate) use prose::{indented, pairs, paragraphs, terminal};

use crate::names;
use crate::permission::{MayWrite, Permissions};
use crate::serving::Serving;

/// Colours of the terminal's own palette: a light theme has them darker.
pub(crate) const GOOD: Color = Color::DarkGreen;
pub(crate) const BAD: Color = Color::DarkRed;
pub(crate) const UNSURE: Color = Color::DarkYellow;
const NEUTRAL: Color = Color::DarkCyan;

/// The frontends of `report`, without the converged ones whose clients are
/// served unless `all`; `None` if no row remains.
pub(crate) fn of_report(report: &Report, permissions: &Permissions, all: bool) -> Option<String> {
    let is_well = |frontend: &FrontendReport| {
        frontend.outcome == Outcome::Converged && Serving::of(frontend) == Serving::Served
    };
    let shown: Vec<_> = report.frontends.iter().filter(|frontend| all || !is_well(frontend)).collect();
    let rows: Vec<_> = shown.iter().flat_map(|frontend| rows(report, permissions, frontend)).collect();
    let grid = Grid {
        keys: &["LOAD BALANCER", "CLUSTER", "HEALTHY"],
        cells: &["TARGET", "ZONE", "STATE", "ACTION"],
        rows,
    };
    (!grid.rows.is_empty()).then(|| grid.draw(terminal()))
}

fn rows(report: &Report, permissions: &Permissions, frontend: &FrontendReport) -> Vec<Row> {
    let (balancer, group) = (frontend.load_balancer.as_ref(), frontend.target_group.as_ref());
    let siblings = report.frontends.iter().filter(|other| other.load_balancer.as_ref() == balancer);
    let balancer = names::place(balancer, group, siblings.count() > 1);
    let balancer = balancer.unwrap_or_else(|| NOTHING.to_owned());
    let cluster = frontend.cluster.as_ref().map_or(NOTHING, ClusterName::as_str);
    let (keys, title) = match (frontend.healthy, frontend.desired.len()) {
        (None, _) => (NOTHING.to_owned(), format!("{balancer}  {cluster}")),
        (Some(healthy), desired) => {
            let title = format!("{balancer}  {cluster}  {healthy} of {desired} healthy");
            (format!("{healthy}/{desired}"), title)
        }
    };
    let keys = [balancer, cluster.to_owned(), keys];
    let row = |cells: [Cell; 4], why: String| Row {
        title: title.clone(),
        keys: keys.to_vec(),
        cells: cells.to_vec(),
        why,
    };
    let whole = |action: Cell, why: String| row([nothing(), nothing(), nothing(), action], why);
    let mut rows = Vec::new();
    match &frontend.outcome {
        Outcome::Failed { error } => {
            rows.push(whole(Cell::new("fail").fg(BAD), format!("{}: {}", error.code, error.message)));
        }
        Outcome::Skipped { reason } => rows.push(whole(dim("skip"), skipped(*reason))),
        Outcome::Converged | Outcome::Waiting | Outcome::Changed | Outcome::Planned => {}
    }
    let may_write = frontend.target_group.as_ref().and_then(|arn| permissions.get(arn));
    if let Some(MayWrite { allowed: false, message, .. }) = may_write {
        let why = format!("the function may not write to it: {message}");
        rows.push(whole(Cell::new("refuse").fg(BAD), why));
    }
    let decisions = frontend.plan.iter().flat_map(Plan::decisions);
    rows.extend(
        decisions.map(|(target, decision)| {
            row(of_target(*target, decision, report.dry_run), decision.to_string())
        }),
    );
    if rows.is_empty() {
        rows.push(whole(dim("keep"), String::new()));
    }
    rows
}

fn nothing() -> Cell {
    Cell::new(NOTHING)
}

/// A value, or [`NOTHING`].
pub(crate) fn cell(value: Option<impl Display>) -> Cell {
    value.map_or_else(nothing, Cell::new)
}

/// Less prominent, whatever the background is.
fn dim(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Dim)
}

fn of_target(target: Target, decision: &Decision, is_plan: bool) -> [Cell; 4] {
    let listed = decision.listed.as_ref();
    let zone = listed.and_then(|listed| listed.zone.as_ref());
    [Cell::new(target), cell(zone), state_cell(listed), action_cell(&decision.action, is_plan)]
}

pub(crate) fn state_cell(listed: Option<&CurrentTarget>) -> Cell {
    let Some(listed) = listed else { return nothing() };
    let name = names::state(listed.state);
    match listed.state {
        _ if is_shifted_away(listed) => Cell::new(format!("{name} (shifted away)")).fg(UNSURE),
        TargetState::Healthy => Cell::new(name).fg(GOOD),
        TargetState::Initial | TargetState::Unavailable | TargetState::Unknown => Cell::new(name).fg(UNSURE),
        TargetState::Unhealthy => Cell::new(name).fg(BAD),
        TargetState::Unused | TargetState::Draining => dim(name),
    }
}

pub(crate) fn action_cell(action: &Action, is_plan: bool) -> Cell {
    let word = action.as_str();
    match action {
        Action::Keep | Action::Leave => dim(word),
        Action::Withhold(_) => Cell::new(word).fg(UNSURE),
        Action::Register => Cell::new(done(word, is_plan)).fg(GOOD),
        Action::Deregister(_) => Cell::new(done(word, is_plan)).fg(NEUTRAL),
    }
}

fn done(word: &str, is_plan: bool) -> String {
    if is_plan { word.to_owned() } else { format!("{word}ed") }
}

/// Why a frontend is skipped, in words.
pub(crate) fn skipped(reason: SkipReason) -> String {
    format!("{reason}: {}", reason.explanation().happening)
}
