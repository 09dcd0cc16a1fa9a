//! Defines the command line, from which help, completions and man page come.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use eks_nlb_sync::model::{ClusterName, Region};

use crate::output;
use crate::problem::Problem;

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
  130  interrupted by Ctrl-C";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    /// The function's name [default: eks-nlb-sync, if there is one]
    #[arg(long, value_name = "NAME", conflicts_with = "pre", value_parser = function_name)]
    pub(crate) function_name: Option<String>,
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
fn duration(text: &str) -> Result<Duration, String> {
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

/// Variable, name of its value, and meaning of every setting that is a flag.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("NLB_TAG", "KEY[=VALUE],…", "Tags that select a load balancer [default: eks-nlb-sync=enabled]"),
    ("CLUSTER_NAME_TAG", "KEY", "Tag that holds the cluster name [default: cluster_name]"),
    ("ADDRESS_SOURCE", "SOURCE", "Where addresses are learnt: dns, eni or dns+eni [default: dns]"),
    ("SYNC_POLICY", "POLICY", "sync, or add-only: never deregister [default: sync]"),
    ("MIN_HEALTHY_TARGETS", "N", "Healthy desired targets before a stale one may go [default: 2]"),
    ("ALLOWED_CIDRS", "CIDR,…", "Networks in which every address must lie [default: private networks]"),
    ("DNS_SERVERS", "IP[:PORT],…", "Name servers to ask [default: the system's]"),
    ("DNS_TIMEOUT_MS", "MS", "Budget for resolving one host [default: 5000]"),
    ("MAX_CONCURRENCY", "N", "AWS calls in flight at once [default: 20]"),
    ("METRICS_NAMESPACE", "NAME", "CloudWatch namespace of watch's metrics [default: EksNlbSync]"),
];

/// The settings that are given as flags or in the environment, by variable.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingFlags(BTreeMap<&'static str, Given>);

#[derive(Clone, Debug)]
struct Given {
    value: String,
    as_flag: bool,
}

impl SettingFlags {
    /// The value of a setting, if it is given.
    pub(crate) fn get(&self, variable: &str) -> Option<String> {
        self.0.get(variable).map(|given| given.value.clone())
    }

    /// How the user wrote a setting.
    pub(crate) fn spelt(&self, variable: &str) -> String {
        if self.0.get(variable).is_some_and(|given| given.as_flag) {
            format!("--{}", flag(variable))
        } else {
            variable.to_owned()
        }
    }
}

fn flag(variable: &str) -> String {
    variable.to_ascii_lowercase().replace('_', "-")
}

impl Args for SettingFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        let flags = SETTINGS.iter().map(|&(variable, value_name, help)| {
            Arg::new(variable)
                .long(flag(variable))
                .env(variable)
                .hide_env_values(true)
                .value_name(value_name)
                .help(help)
                .help_heading("Settings of the function")
                .global(true)
        });
        command.args(flags)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS.iter().filter_map(|&(variable, ..)| {
            let value = matches.get_one::<String>(variable)?.clone();
            let as_flag = matches.value_source(variable) == Some(ValueSource::CommandLine);
            Some((variable, Given { value, as_flag }))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
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
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use eks_nlb_sync::settings::Settings;

    use super::*;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_is_a_flag() {
        let read = RefCell::new(BTreeSet::new());
        let settings = Settings::from_lookup(|name| {
            read.borrow_mut().insert(name.to_owned());
            None
        });
        assert!(settings.is_ok());

        // `sync --dry-run`, and the SDK's own.
        let others = ["DRY_RUN", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"];
        let mut flags: BTreeSet<_> = SETTINGS.iter().map(|(variable, ..)| (*variable).to_owned()).collect();
        flags.extend(others.map(str::to_owned));
        assert_eq!(flags, read.into_inner());
    }
}
