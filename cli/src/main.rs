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
use output::print;
use problem::Problem;
use session::Session;

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
    match cli.command {
        Command::Completions { shell } => print(&completions::script(shell)?).map(|()| ExitCode::SUCCESS),
        Command::Ready { address } => watch::ready(address).await,
        Command::Man { command } => print(&args::man_page(command.as_deref())?).map(|()| ExitCode::SUCCESS),
        Command::Explain { ref subject } => {
            if !cli.common.clusters.is_empty() {
                let why = "explain has no use for --cluster: it takes the cluster as its argument";
                return Err(Problem::Usage(why.to_owned()));
            }
            if let Some(answers) = explain::answers_for(subject) {
                return explain::reason(&answers, cli.common.output);
            }
            let session = as_function(&cli.common).await?;
            signals::unless_interrupted(explain::explain(&session, subject, &cli.common)).await
        }
        Command::Status => {
            let session = as_function(&cli.common).await?;
            signals::unless_interrupted(status::status(&session, &cli.common)).await
        }
        Command::Version => {
            let session = signals::unless_interrupted(Session::open_as_function(&cli.common)).await?;
            version::version(&session, &cli.common)
        }
        Command::Plan(ref wanted) => {
            let session = as_function(&cli.common).await?;
            signals::unless_interrupted(plan::plan(&session, wanted, &cli.common)).await
        }
        Command::Doctor(ref wanted) => {
            let session = signals::unless_interrupted(Session::open_as_function(&cli.common)).await?;
            signals::unless_interrupted(doctor::doctor(&session, wanted, &cli.common)).await
        }
        Command::Watch(ref wanted) => {
            let session = signals::unless_interrupted(Session::open(&cli.common)).await?;
            watch::watch(&session, wanted, &cli.common).await
        }
        Command::Replay(ref wanted) => replay::replay(wanted, cli.common.output),
        Command::Timeline(ref wanted) => timeline::timeline(wanted),
        Command::Record(ref wanted) => {
            let session = signals::unless_interrupted(Session::open(&cli.common)).await?;
            record::record(&session, wanted).await
        }
        Command::Sync(ref wanted) => {
            let session = as_function(&cli.common).await?;
            plan::sync(&session, wanted, &cli.common).await
        }
    }
}

/// The account with the function's settings, after a remark on what differs.
async fn as_function(common: &Common) -> Result<Session, Problem> {
    let session = signals::unless_interrupted(Session::open_as_function(common)).await?;
    session.tell_differences();
    Ok(session)
}
