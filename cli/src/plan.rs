//! Shows what a run would change, and applies it if that is wanted.

use std::fmt::Write;
use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;

use eks_nlb_sync::model::ClusterName;
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report, Summary};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::args::{Common, PlanArgs, SyncArgs};
use crate::output::{Output, capitalised, hint, plural, print, print_json};
use crate::permission::{self, MayWrite, Permissions};
use crate::problem::Problem;
use crate::serving::{self, CUT_OFF, Serving};
use crate::session::{SHORT, Session};
use crate::signals::{interruption, unless_interrupted};
use crate::{names, table};

/// There is something to change: Terraform's `-detailed-exitcode`.
const CHANGES: u8 = 2;

/// Shows what a run would change.
pub(crate) async fn plan(session: &Session, wanted: &PlanArgs, common: &Common) -> Result<ExitCode, Problem> {
    let (report, permissions) = planned(session).await?;
    show(session, &report, &permissions, wanted.all, common.output).await?;
    Ok(match report.summary {
        Summary { failed: 1.., .. } => ExitCode::FAILURE,
        _ if is_refused(&permissions) => ExitCode::FAILURE,
        _ if report.frontends.iter().any(stays_cut_off) || report.untagged.iter().any(is_cut_off) => {
            ExitCode::from(CUT_OFF)
        }
        Summary { planned: 1.., .. } if wanted.detailed_exitcode => ExitCode::from(CHANGES),
        _ => ExitCode::SUCCESS,
    })
}

/// What a run would change, and what the deployed function may write of it.
async fn planned(session: &Session) -> Result<(Report, Permissions), Problem> {
    let report = session.plan(SHORT).await?;
    let permissions = permission::of_plan(session, &report).await?;
    Ok((report, permissions))
}

/// Whether clients are cut off, and a run registers nothing that could change
/// that. A frontend that is skipped is so on purpose, and `status` counts it.
fn stays_cut_off(frontend: &FrontendReport) -> bool {
    let is_managed = !matches!(frontend.outcome, Outcome::Skipped { .. });
    is_managed && frontend.registered.is_empty() && is_cut_off(frontend)
}

fn is_cut_off(frontend: &FrontendReport) -> bool {
    Serving::of(frontend) == Serving::CutOff
}

/// Shows the plan, asks, and applies it.
pub(crate) async fn sync(session: &Session, wanted: &SyncArgs, common: &Common) -> Result<ExitCode, Problem> {
    if wanted.dry_run || session.settings().dry_run {
        let (report, permissions) = unless_interrupted(planned(session)).await?;
        unless_interrupted(show(session, &report, &permissions, wanted.all, common.output)).await?;
        let why = if wanted.dry_run { "--dry-run" } else { "DRY_RUN is true" };
        hint(&format!("Nothing was written: {why}.\n"));
        return Ok(if is_refused(&permissions) { ExitCode::FAILURE } else { exit_code(&report) });
    }
    if !wanted.yes {
        refuse_if_unanswerable()?;
        let (report, permissions) = unless_interrupted(planned(session)).await?;
        let is_json = common.output == Output::Json;
        if is_json {
            // Standard output has one document: the report of what was done.
            hint(&text_of(&report, &permissions, wanted.all));
        } else {
            unless_interrupted(show(session, &report, &permissions, wanted.all, Output::Table)).await?;
        }
        if report.summary.planned == 0 {
            if is_json {
                print_json(&document(&report, &permissions))?;
            }
            return Ok(exit_code(&report));
        }
        if !unless_interrupted(is_agreed("Apply this plan? [y/N] ")).await? {
            return Err(Problem::Declined);
        }
    }
    let report = session.apply(interruption()).await?.ok_or(Problem::InterruptedWhileWriting)?;
    show(session, &report, &Permissions::new(), wanted.all, common.output).await?;
    Ok(exit_code(&report))
}

fn exit_code(report: &Report) -> ExitCode {
    if report.summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Refuses to ask where standard input cannot answer.
pub(crate) fn refuse_if_unanswerable() -> Result<(), Problem> {
    if io::stdin().is_terminal() { Ok(()) } else { Err(Problem::NobodyToAsk) }
}

/// Asks on the terminal. Only `y` and `yes` agree.
pub(crate) async fn is_agreed(question: &str) -> Result<bool, Problem> {
    hint(question);
    let (answered, answer) = oneshot::channel();
    // In a thread, because a blocking read cannot be cancelled.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        _ = answered.send(read.is_ok() && matches!(line.trim(), "y" | "yes"));
    });
    Ok(answer.await.unwrap_or_default())
}

/// Whether the deployed function may not write what is planned.
fn is_refused(permissions: &Permissions) -> bool {
    permissions.values().any(|may_write| !may_write.allowed)
}

/// The report, with what the deployed function may write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u16,
    version: &'a str,
    dry_run: bool,
    region: &'a str,
    summary: &'a Summary,
    frontends: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(flatten)]
    frontend: &'a FrontendReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_write: Option<&'a MayWrite>,
}

fn document<'a>(report: &'a Report, permissions: &'a Permissions) -> Document<'a> {
    let Report { schema_version, version, dry_run, region, summary, frontends, .. } = report;
    let row = |frontend: &'a FrontendReport| {
        let may_write = frontend.target_group.as_ref().and_then(|arn| permissions.get(arn));
        Row { frontend, may_write }
    };
    let frontends = frontends.iter().map(row).collect();
    Document { schema_version: *schema_version, version, dry_run: *dry_run, region, summary, frontends }
}

/// Prints `report`.
///
/// # Errors
///
/// It names a cluster that no load balancer carries, or cannot be printed.
async fn show(
    session: &Session,
    report: &Report,
    permissions: &Permissions,
    all: bool,
    output: Output,
) -> Result<(), Problem> {
    if output == Output::Json {
        print_json(&document(report, permissions))?;
        return session.refuse_unknown_clusters(report).await;
    }
    let known = session.refuse_unknown_clusters(report).await;
    if known.is_err() && report.summary.load_balancers == 0 {
        return known;
    }
    print(&text_of(report, permissions, all))?;
    if report.summary.load_balancers == 0 {
        hint(&format!(
            "No network load balancer in {} carries {}: tag one, or name other tags with --nlb-tag.\n",
            session.region(),
            session.settings().nlb_tag
        ));
    }
    known
}

/// A report for people.
pub(crate) fn text_of(report: &Report, permissions: &Permissions, all: bool) -> String {
    let table = table::of_report(report, permissions, all).map_or_else(String::new, |table| table + "\n");
    table + &table::paragraphs(&(summary(report) + &unserved(report)))
}

/// The numbers of a report in a sentence or two.
fn summary(report: &Report) -> String {
    let Summary { registered, deregistered, withheld, converged, waiting, planned, changed, .. } =
        report.summary;
    let (title, register, deregister, changes) = if report.dry_run {
        ("Plan", "to register", "to deregister", format!("{planned} planned"))
    } else {
        ("Done", "registered", "deregistered", format!("{changed} changed"))
    };
    let (frontends, region) = (plural(report.summary.frontends, "frontend"), &report.region);
    let Summary { skipped, failed, .. } = report.summary;
    format!(
        "{title}: {registered} {register}, {deregistered} {deregister}, {withheld} withheld. {frontends} in {region}: \
         {converged} converged, {waiting} waiting, {changes}, {skipped} skipped, {failed} failed.\n"
    )
}

/// The frontends whose clients reach no healthy target, a line each.
fn unserved(report: &Report) -> String {
    let mut text = String::new();
    for frontend in serving::frontends(report) {
        let state = Serving::of(frontend);
        if matches!(state, Serving::CutOff | Serving::ZoneCutOff) {
            let cluster = frontend.cluster.as_ref().map_or("no cluster", ClusterName::as_str);
            let (place, why) = (names::frontend(frontend), serving::why(frontend).unwrap_or_default());
            _ = writeln!(text, "{}: {cluster} ({place}): {why}.", capitalised(state.words()));
        }
    }
    text
}
