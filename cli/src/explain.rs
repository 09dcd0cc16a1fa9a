//! Reports everything known about one frontend: what it is, where its addresses
//! come from, and what the planner does with each target, by which rule.

mod advice;
mod answers;
mod details;
mod dns;
mod observe;
mod subject;
mod tags;
mod text;
mod unmanaged;

use std::process::ExitCode;

use serde::Serialize;

pub(crate) use answers::codes;
pub(crate) use subject::{answers_for, names_of, of_cluster, of_load_balancer};

use crate::args::Common;
use crate::output::{Output, show};
use crate::problem::Problem;
use crate::serving;
use crate::session::{SHORT, Session};
use observe::Look;
use subject::Subject;

/// Every frontend that a subject names.
#[derive(Serialize)]
struct Frontends<'a> {
    region: &'a str,
    frontends: &'a [details::Details],
}

/// Prints the answers for a name of reports and alarms; needs no account.
pub(crate) fn reason(answers: &answers::Answers, output: Output) -> Result<ExitCode, Problem> {
    show(output, answers, || text::of_name(answers))?;
    Ok(ExitCode::SUCCESS)
}

/// Explains every frontend that `subject` names.
pub(crate) async fn explain(session: &Session, subject: &str, common: &Common) -> Result<ExitCode, Problem> {
    let account = session.connect(SHORT).await?;
    let mut look = Look::new(&account);
    let (frontends, known) = look.read(Subject(subject)).await?;
    if frontends.is_empty() {
        return not_managed(&look, Subject(subject), known, common.output).await;
    }
    let mut explained = Vec::new();
    for frontend in frontends {
        explained.push(details::of(&look, frontend).await?);
    }
    explained.sort_by_key(|details| serving::order(&details.frontend));
    let text = || explained.iter().map(text::of_frontend).collect::<Vec<_>>().join("\n");
    show(common.output, &Frontends { region: session.region(), frontends: &explained }, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Explains why a resource is not managed, or reports that none has this name.
async fn not_managed(
    look: &Look<'_>,
    subject: Subject<'_>,
    mut known: Vec<String>,
    output: Output,
) -> Result<ExitCode, Problem> {
    let (unmanaged, others) = unmanaged::find(look, subject).await?;
    let Some(unmanaged) = unmanaged else {
        known.extend(others);
        return Err(Problem::UnknownSubject {
            subject: subject.0.to_owned(),
            region: look.account.session.region().to_owned(),
            hint: subject.hint(&known),
        });
    };
    show(output, &unmanaged, || text::of_unmanaged(&unmanaged))?;
    Ok(ExitCode::SUCCESS)
}
