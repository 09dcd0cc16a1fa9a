//! Tells all that is known of one frontend: what it is, where its addresses
//! come from, and what the planner does with each target, by which rule.

mod answers;
mod details;
mod dns;
mod health;
mod text;
mod unmanaged;

use std::process::ExitCode;

use eks_nlb_sync::publish::report::{FrontendReport, Report};
use serde::Serialize;

pub(crate) use answers::find as answers_for;

use crate::args::{Common, Output};
use crate::names;
use crate::output::{print, print_json};
use crate::problem::Problem;
use crate::session::Session;

/// Explanations as JSON.
#[derive(Serialize)]
struct Document<'a> {
    frontends: &'a [details::Details],
}

/// Prints the answers for a reason of the report; needs no account.
pub(crate) fn reason(answers: &answers::Answers, output: Output) -> Result<ExitCode, Problem> {
    match output {
        Output::Json => print_json(answers)?,
        Output::Table => print(&text::of_reason(answers))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Explains every frontend that `subject` names.
pub(crate) async fn explain(session: &Session, subject: &str, common: &Common) -> Result<ExitCode, Problem> {
    let report = session.plan().await?;
    let named: Vec<_> = report.frontends.iter().filter(|frontend| is_named(frontend, subject)).collect();
    if named.is_empty() {
        return not_managed(session, subject, &report, common.output).await;
    }
    let mut explained = Vec::new();
    for frontend in named {
        explained.push(details::of(session, frontend).await?);
    }
    match common.output {
        Output::Json => print_json(&Document { frontends: &explained })?,
        Output::Table => {
            let texts: Vec<_> = explained.iter().map(text::of_frontend).collect();
            print(&texts.join("\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says why something is not managed, or that it is not there at all.
async fn not_managed(
    session: &Session,
    subject: &str,
    report: &Report,
    output: Output,
) -> Result<ExitCode, Problem> {
    let found = unmanaged::find(session, subject).await?;
    let Some(unmanaged) = found.of_subject else {
        let reasons = answers::all().map(|answers| answers.code.to_owned());
        let known = report.frontends.iter().flat_map(names_of).chain(found.others).chain(reasons);
        let known: Vec<_> = known.collect();
        let nearest = names::nearest(subject, known.iter().map(String::as_str));
        return Err(Problem::UnknownSubject {
            subject: subject.to_owned(),
            region: session.region().to_owned(),
            nearest,
        });
    };
    match output {
        Output::Json => print_json(&unmanaged)?,
        Output::Table => print(&text::of_unmanaged(&unmanaged))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn is_named(frontend: &FrontendReport, subject: &str) -> bool {
    names_of(frontend).any(|name| name == subject)
}

/// Everything by which a frontend can be asked for.
fn names_of(frontend: &FrontendReport) -> impl Iterator<Item = String> {
    let cluster = frontend.cluster.iter().map(ToString::to_string);
    let host = frontend.host.iter().map(ToString::to_string);
    let load_balancer =
        frontend.load_balancer.iter().flat_map(|arn| [arn.0.clone(), names::load_balancer(arn).to_owned()]);
    let group =
        frontend.target_group.iter().flat_map(|arn| [arn.0.clone(), names::target_group(arn).to_owned()]);
    let desired = frontend.desired.iter().map(ToString::to_string);
    let targets = frontend.current.iter().flat_map(|current| current.keys()).chain(&frontend.registered);
    let targets = targets.flat_map(|target| [target.to_string(), target.ip().to_string()]);
    cluster.chain(load_balancer).chain(group).chain(host).chain(desired).chain(targets)
}
