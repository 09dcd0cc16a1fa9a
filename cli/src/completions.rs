//! Completes a command that is being typed: with the names of reports and
//! alarms, and with those of the account if AWS answers in time.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use eks_nlb_sync::publish::report::FrontendReport;
use tokio::time::timeout;

use crate::args::{Cli, Common, NAME};
use crate::explain;
use crate::problem::Problem;
use crate::session::{Session, TIME, listed};

/// The variable by which a shell asks for completions.
const VARIABLE: &str = "COMPLETE";

/// The longest wait after a person has pressed Tab.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers a shell that asks for completions; false if none does.
pub(crate) fn complete() -> Result<bool, clap::Error> {
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(command).var(VARIABLE).try_complete(std::env::args_os(), here.as_deref())
}

/// The script that makes `shell` ask this program.
pub(crate) fn script(shell: clap_complete::Shell) -> Result<String, Problem> {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(&shell.to_string()) {
        completer.write_registration(VARIABLE, NAME, NAME, NAME, &mut script).map_err(Problem::Write)?;
    }
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// The command line, with what completes the names of an account.
fn command() -> clap::Command {
    let name =
        |arg: clap::Arg, names: fn() -> Vec<CompletionCandidate>| arg.add(ArgValueCandidates::new(names));
    Cli::command()
        .mut_arg("clusters", |arg| name(arg, clusters))
        .mut_subcommand("explain", |explain| explain.mut_arg("subject", |arg| name(arg, subjects)))
        .mut_subcommand("record", |record| record.mut_arg("cluster", |arg| name(arg, clusters)))
}

/// The clusters that managed load balancers name.
fn clusters() -> Vec<CompletionCandidate> {
    let clusters = of_account().into_iter().filter_map(|frontend| frontend.cluster);
    candidates(clusters.map(|cluster| cluster.to_string()))
}

/// Everything that `explain` knows.
fn subjects() -> Vec<CompletionCandidate> {
    let known = of_account();
    let of_account = known.iter().flat_map(explain::names_of).filter(|name| !name.starts_with("arn:"));
    let clusters = known.iter().filter_map(|frontend| frontend.cluster.as_ref()).map(explain::of_cluster);
    candidates(of_account.chain(clusters).chain(explain::codes().map(str::to_owned)))
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let names: BTreeSet<_> = names.into_iter().collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The frontends of the account; none if it does not answer.
fn of_account() -> Vec<FrontendReport> {
    // The thread that completes runs the program's own runtime.
    std::thread::spawn(list).join().unwrap_or_default()
}

fn list() -> Vec<FrontendReport> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let listed = runtime.block_on(async { timeout(PATIENCE, Box::pin(read())).await });
    listed.ok().and_then(Result::ok).unwrap_or_default()
}

async fn read() -> Result<Vec<FrontendReport>, Problem> {
    // The shell's own arguments come first.
    let typed = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let common = flags(typed).map_err(|error| Problem::Usage(error.to_string()))?;
    let session = Session::open(&common).await?;
    Ok(listed(&session.connect(TIME).await?.discover(&session.request).await?))
}

/// The flags of a line that is being typed, up to what is wrong in it.
fn flags(typed: impl IntoIterator<Item = OsString>) -> Result<Common, clap::Error> {
    let mut matches = Cli::command().ignore_errors(true).try_get_matches_from(typed)?;
    let mut common = Common::from_arg_matches_mut(&mut matches)?;
    // The cluster may be what is being typed.
    common.clusters.clear();
    Ok(common)
}

#[cfg(test)]
mod tests {
    use eks_nlb_sync::model::Region;

    use super::*;

    #[test]
    fn the_account_of_a_line_is_that_of_its_completions() {
        let typed = "eks-nlb plan --region eu-west-1 --demo --all --cluster pay --sync-pol".split(' ');
        let flags = flags(typed.map(OsString::from)).unwrap();
        assert_eq!(flags.region.as_ref().map(Region::as_str), Some("eu-west-1"));
        assert!(flags.demo && flags.clusters.is_empty());
    }
}
