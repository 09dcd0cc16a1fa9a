//! Defines the command line, from which help, completions and man page come.

mod settings;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use eks_nlb_sync::model::{ClusterName, Region};

use crate::problem::{Problem, did_you_mean};
use crate::record::RecordArgs;
use crate::{doctor, names, output};
use settings::SettingFlags;

/// The name of the program.
pub(crate) const NAME: &str = "eks-nlb";

/// Shows what eks-nlb-sync sees, and does by hand what it does.
///
/// Reads the tagged Network Load Balancers of one account and Region, the
/// addresses of their EKS clusters, and what has to change in between. Only
/// `sync` writes. Settings are those of the function, as flags or variables.
#[derive(Debug, Parser)]
#[command(name = NAME, version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    an error, a wrong flag, a frontend that failed, or a check of doctor that did
  2    only for plan --detailed-exitcode: there is something to change
  3    a cluster is cut off: status, and plan where the plan registers nothing for it
  130  interrupted by Ctrl-C";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show whether the clients of each cluster are served. Never writes
    ///
    /// One line for each cluster, the worst first.
    Status,
    /// Show what a run would change. Never writes
    Plan(PlanArgs),
    /// Show the plan, ask, and apply it
    Sync(SyncArgs),
    /// Make runs on and on, as the function on its schedule
    ///
    /// For a container. Logs what the function logs, metrics included.
    Watch(WatchArgs),
    /// Tell all that is known of one frontend, or of a reason in a report
    ///
    /// Everything that a tag, EKS, DNS and ELB say about it, and what becomes
    /// of each target, by which rule.
    Explain {
        /// A cluster, load balancer, target group (name or ARN), address, or a
        /// reason such as waitingForHealthyReplacement
        subject: String,
    },
    /// Check what surrounds the frontends, with a remedy for what is wrong
    ///
    /// Reads load balancers, target groups, security groups, endpoint services,
    /// clusters, the function and its schedule. What you may not look at is
    /// said, and fails nothing.
    Doctor(DoctorArgs),
    /// Ask a running `watch` whether it is ready; the health check of the container image
    #[command(hide = true)]
    Ready {
        /// Where it listens, as in 127.0.0.1:8080
        address: SocketAddr,
    },
    /// Record what happens around one frontend, as during an upgrade. Never writes to AWS
    ///
    /// One JSON line a change: what each name server answers, the control plane's
    /// network interfaces, the cluster's status, target health, the load
    /// balancer's zones in DNS. Goes on where an earlier recording ended.
    Record(RecordArgs),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, or that of a command
    Man {
        /// The command
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Show converged frontends, too
    #[arg(long)]
    pub(crate) all: bool,
    /// Exit with 0 if there is nothing to change, with 2 if there is
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Apply without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show the plan only
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Show converged frontends, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// From the beginning of one run to that of the next, as in 60s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) every: Duration,
    /// Answer GET /readyz here: 200 while the last run could list what there is
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Check only what must be there before anything is deployed
    #[arg(long)]
    pub(crate) pre: bool,
    /// Leave out this check, as in endpoint-service; may be given several times
    #[arg(long, value_name = "CHECK", value_parser = check)]
    pub(crate) skip: Vec<String>,
}

/// A check by its id.
fn check(text: &str) -> Result<String, String> {
    if doctor::ids().any(|id| id == text) {
        return Ok(text.to_owned());
    }
    let nearest = names::nearest(text, doctor::ids());
    Err(format!("there is no such check{}", did_you_mean(nearest.as_deref())))
}

/// A name as Lambda allows it, and no ARN.
fn function_name(text: &str) -> Result<String, String> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&text.len()) && text.bytes().all(is_legal) {
        Ok(text.to_owned())
    } else {
        Err("a function's name has up to 64 letters, digits, hyphens and underscores; no ARN".to_owned())
    }
}

/// At least a second, in seconds, minutes or hours.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let seconds = units.into_iter().find_map(|(unit, seconds)| {
        text.strip_suffix(unit)?.parse::<u32>().ok().map(|count| u64::from(count) * seconds)
    });
    seconds
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(|| "a time is given as in 60s, 5m or 1h".to_owned())
}

/// What every command that looks at an account takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The Region to act in, instead of the environment's
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) region: Option<Region>,
    /// The role to act as, of this or another account
    #[arg(long, global = true, value_name = "ARN")]
    pub(crate) role_arn: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, global = true, value_name = "ID", requires = "role_arn")]
    pub(crate) external_id: Option<String>,
    /// Only this cluster; may be given several times
    #[arg(long = "cluster", global = true, value_name = "NAME")]
    pub(crate) clusters: Vec<ClusterName>,
    /// The deployed function [default: eks-nlb-sync, if there is one]
    #[arg(long, alias = "function-name", global = true, value_name = "NAME", value_parser = function_name)]
    pub(crate) function: Option<String>,
    /// What to print
    #[arg(long, short, global = true, value_enum, default_value_t)]
    pub(crate) output: Output,
    /// Act in a simulated account: nothing is needed, and nothing is left behind
    #[arg(long, global = true)]
    pub(crate) demo: bool,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Table,
    /// For programs: the function's report
    Json,
}

/// Prints help that was asked for, or says in one sentence what is wrong with
/// the command line. A wrong flag ends with 1: 2 says that there are changes.
pub(crate) fn refused(refusal: &clap::Error) -> ExitCode {
    if refusal.exit_code() == 0 {
        return match print_help(refusal) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => problem.exit_code(),
        };
    }
    let rendered = refusal.render().to_string();
    if rendered.starts_with("error: ") {
        output::complain(&Problem::Usage(sentence(&rendered)));
    } else {
        output::hint(&rendered);
    }
    ExitCode::FAILURE
}

fn print_help(refusal: &clap::Error) -> Result<(), Problem> {
    output::print(&refusal.render().ansi().to_string())
}

/// clap's message without the usage, as one line.
fn sentence(rendered: &str) -> String {
    let told = rendered.split("Usage:").next().unwrap_or(rendered).trim_start_matches("error: ");
    let told = told.split("For more information").next().unwrap_or(told);
    let lines = told.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let told = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    format!("{told}; see {NAME} --help")
}

/// The man page of the program or of one command.
pub(crate) fn man_page(command: Option<&str>) -> Result<String, Problem> {
    let mut program = Cli::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => program
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Problem::Usage(format!("there is no command {name}; see {NAME} --help")))?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(Problem::Write)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }
}
