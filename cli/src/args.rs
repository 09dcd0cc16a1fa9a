//! Defines the command line, from which help, completions and man page come.

mod common;
mod examples;
mod recordings;
mod settings;
mod values;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use eks_nlb_sync::settings::Settings;

pub(crate) use common::Common;
pub(crate) use recordings::{RecordArgs, ReplayArgs, TimelineArgs};

use crate::catalogue::CheckId;
use crate::output;
use crate::problem::Problem;
use values::{CheckName, duration, socket};

/// The name of the program.
pub(crate) const NAME: &str = "eks-nlb";

/// Shows what eks-nlb-sync sees, and applies its plan by hand
///
/// Reads the tagged Network Load Balancers of one account and Region, the
/// addresses of their EKS clusters, and the changes between them. Only `sync`
/// and `watch` write. Settings are those of the function, as flags or variables:
/// --help lists them, -h leaves them out.
#[derive(Debug, Parser)]
#[command(name = NAME, version, arg_required_else_help = true, after_help = examples::PROGRAM)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show whether the clients of each cluster are served. Never writes
    ///
    /// One line for each cluster, the worst first.
    #[command(after_help = examples::STATUS)]
    Status,
    /// Show what a run would change. Never writes
    #[command(after_help = examples::PLAN)]
    Plan(PlanArgs),
    /// Show the plan, ask, and apply it. Writes
    #[command(after_help = examples::SYNC)]
    Sync(SyncArgs),
    /// Run continuously at an interval, as the function does. Writes
    ///
    /// On a terminal it asks first, and prints what each run changes. Elsewhere,
    /// as in a container, it starts at once and prints the function's JSON log
    /// lines, metrics included.
    #[command(after_help = examples::WATCH)]
    Watch(WatchArgs),
    /// Explain one frontend, or a name that reports, alarms and doctor print
    ///
    /// For a frontend: the tags that decide, the answers of EKS, DNS and ELB, and
    /// the rule that decides about each target. Never writes.
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// A cluster, load balancer or target group (name or ARN), an address, or a
        /// name such as waitingForHealthyReplacement or NoRunAlarm
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        subject: String,
    },
    /// Check everything around the frontends, with a remedy for each finding
    ///
    /// Reads load balancers, target groups, security groups, endpoint services,
    /// clusters, the function and its schedule. Checks that you lack permission
    /// for are reported as not checked and do not affect the exit code, unless
    /// the load balancers could not be listed. Never writes.
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorArgs),
    /// Ask a running `watch` whether it is ready; the health check of the container image
    #[command(hide = true)]
    Ready {
        /// Where it listens, as in 127.0.0.1:8080
        #[arg(value_parser = socket)]
        address: SocketAddr,
    },
    /// Record what happens around one frontend, as during an upgrade. Never writes to AWS
    ///
    /// One JSON line a change: what each name server answers, the control plane's
    /// network interfaces, the cluster's status, target health, the load
    /// balancer's zones in DNS. Continues where an earlier recording ended.
    #[command(after_help = examples::RECORD)]
    Record(RecordArgs),
    /// Show a recording: what happened in words, and as a picture
    ///
    /// Each address is a row; bars show when each source had it. The times in
    /// which no client could have connected are red. Needs no account.
    #[command(after_help = examples::TIMELINE)]
    Timeline(TimelineArgs),
    /// Play a recording in a simulated account, with this function and other policies
    ///
    /// Prints which share of new connections each policy fails, and which share an
    /// all-knowing one would have served. Needs no account.
    #[command(after_help = examples::REPLAY)]
    Replay(ReplayArgs),
    /// Print the version of this program and of the deployed function
    ///
    /// That of the function is in its description. Lambda knows when it was changed, and
    /// the SHA-256 of its archive.
    #[command(after_help = examples::VERSION)]
    Version,
    /// Print the completions of a shell
    ///
    /// They complete commands, flags, settings, checks, the names that explain
    /// knows, and the clusters and load balancers of the account.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, or that of a command
    #[command(after_help = examples::MAN)]
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
    /// Start without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what each run would change, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The time from the start of one run to the start of the next, as in 60s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) every: Duration,
    /// Answer GET /readyz here: 200 while the last run could list the load balancers
    #[arg(long, value_name = "IP:PORT", value_parser = socket)]
    pub(crate) listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Check only the prerequisites of a deployment
    #[arg(long)]
    pub(crate) pre: bool,
    /// Check what an upgrade of a control plane needs, before it begins
    #[arg(long, conflicts_with = "pre")]
    pub(crate) before_upgrade: bool,
    /// Check whether an upgrade of a control plane is over
    #[arg(long, visible_alias = "after", conflicts_with_all = ["pre", "before_upgrade"])]
    pub(crate) after_upgrade: bool,
    /// Leave out this check; may be given several times
    #[arg(long, value_name = "CHECK", value_parser = CheckName)]
    pub(crate) skip: Vec<CheckId>,
}

/// Prints help that was asked for, or the one sentence that refuses a command
/// line. A wrong flag ends with 1: 2 says that there are changes.
pub(crate) fn refused(refusal: &clap::Error) -> ExitCode {
    if refusal.exit_code() == 0 {
        return match print_help(refusal) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => problem.exit_code(),
        };
    }
    // clap does not name the variable whose value is not UTF-8.
    if refusal.kind() == ErrorKind::InvalidUtf8
        && let Err(invalid) = Settings::from_lookup(eks_nlb_sync::settings::variable)
    {
        output::complain(&Problem::Usage(invalid.to_string()));
        return ExitCode::FAILURE;
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
            .ok_or_else(|| Problem::Usage(format!("{name} is not a command; see {NAME} --help")))?,
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

    /// The lines of `help` that are examples, without comments and redirections.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let lines = help.split("Examples:").nth(1).unwrap_or_default().lines().map(str::trim);
        let commands = lines.filter(|line| line.starts_with("eks-nlb "));
        let bare = commands.map(|line| line.split(['#', '>', '|']).next().unwrap_or_default());
        bare.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_command_has_examples_that_it_takes() {
        let mut program = Cli::command();
        program.build();
        let commands = program
            .get_subcommands()
            .filter(|command| command.get_name() != "help" && !command.is_hide_set())
            .cloned();
        for mut command in commands {
            let help = command.render_long_help().to_string();
            let examples = examples(&help);
            assert!(!examples.is_empty(), "{}", command.get_name());
            for example in examples {
                assert_eq!(example[1], command.get_name());
                Cli::try_parse_from(&example).unwrap();
            }
        }
        for example in examples(&program.render_long_help().to_string()) {
            Cli::try_parse_from(&example).unwrap();
        }
    }

    #[test]
    fn flags_of_the_command_come_first_and_settings_last() {
        let mut program = Cli::command();
        program.build();
        let watch = program.find_subcommand_mut("watch").unwrap();
        let help = watch.render_long_help().to_string();
        let place = |part: &str| help.find(part).unwrap_or_else(|| panic!("{part} is missing: {help}"));
        let order =
            ["--dry-run", "--help", "Global options:", "--region", "Settings of the function:", "Examples:"];
        assert!(order.map(place).is_sorted(), "{help}");
        let short = watch.render_help().to_string();
        assert!(!short.contains("--allowed-cidrs") && short.contains("--region"), "{short}");
    }
}
