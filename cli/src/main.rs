//! Parses the command line, runs the command, and says in one sentence what
//! went wrong; decides nothing else.
//!
//! What a person reads goes to standard output, what concerns the command
//! itself (questions, progress, errors) to standard error.

mod args;
mod catalogue;
mod completions;
mod credentials;
mod deployed;
mod doctor;
mod explain;
mod names;
mod output;
mod permission;
mod plan;
mod problem;
mod profile;
mod progress;
mod reads;
mod record;
mod replay;
mod serving;
mod session;
mod signals;
mod status;
mod table;
mod timeline;
mod trace;
mod version;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Common};
use output::{Output, print};
use problem::Problem;
use session::Session;
use signals::unless_interrupted;

/// One thread, as the function has, because a run mostly waits for answers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match completions::complete() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(refusal) => return args::refused(&refusal),
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => return args::refused(&refusal),
    };
    match Box::pin(run(cli)).await {
        Ok(code) => code,
        Err(problem) => {
            output::complain(&problem);
            problem.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Problem> {
    let (common, output) = (&cli.common, cli.common.output);
    refuse_unused_flags(&cli.command, common)?;
    match &cli.command {
        Command::Completions { shell } => print(&completions::script(*shell)?).map(|()| ExitCode::SUCCESS),
        Command::Man { command } => print(&args::man_page(command.as_deref())?).map(|()| ExitCode::SUCCESS),
        Command::Ready { address } => watch::ready(*address).await,
        Command::Replay(wanted) => replay::replay(wanted, output),
        Command::Timeline(wanted) => timeline::timeline(wanted),
        Command::Explain { subject } => match explain::answers_for(subject) {
            Some(answers) => explain::reason(&answers, output),
            None => unless_interrupted(explain::explain(&as_function(common).await?, subject, common)).await,
        },
        Command::Status => unless_interrupted(status::status(&as_function(common).await?, common)).await,
        Command::Plan(wanted) => {
            unless_interrupted(plan::plan(&as_function(common).await?, wanted, common)).await
        }
        Command::Sync(wanted) => plan::sync(&as_function(common).await?, wanted, common).await,
        Command::Version => version::version(&found(common).await, common),
        Command::Doctor(wanted) => {
            unless_interrupted(doctor::doctor(&found(common).await?, wanted, common)).await
        }
        Command::Watch(wanted) => watch::watch(&opened(common).await?, wanted, common).await,
        Command::Record(wanted) => record::record(&opened(common).await?, wanted).await,
    }
}

/// Refuses a global flag that would have no effect on `command`.
fn refuse_unused_flags(command: &Command, common: &Common) -> Result<(), Problem> {
    let (has_json, selects_clusters) = match command {
        Command::Status | Command::Plan(_) | Command::Sync(_) | Command::Doctor(_) | Command::Watch(_) => {
            (true, true)
        }
        Command::Explain { .. } | Command::Replay(_) | Command::Version => (true, false),
        Command::Record(_)
        | Command::Timeline(_)
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Ready { .. } => (false, false),
    };
    let why = if common.output == Output::Json && !has_json {
        "this command prints no JSON document: leave --output out"
    } else if !common.clusters.is_empty() && !selects_clusters {
        "this command has no use for --cluster: explain and record take the cluster as their argument"
    } else {
        return Ok(());
    };
    Err(Problem::Usage(why.to_owned()))
}

/// The account.
async fn opened(common: &Common) -> Result<Session, Problem> {
    unless_interrupted(Session::open(common)).await
}

/// The account with the function's settings.
async fn found(common: &Common) -> Result<Session, Problem> {
    unless_interrupted(Session::open_as_function(common)).await
}

/// The same, after a remark on what differs.
async fn as_function(common: &Common) -> Result<Session, Problem> {
    let session = found(common).await?;
    session.tell_differences();
    Ok(session)
}
