//! The function's settings as flags.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, FromArgMatches};

/// Variable, name of its value, and meaning of every setting that is a flag.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("NLB_TAG", "KEY[=VALUE],…", "Tags that select a load balancer [default: eks-nlb-sync=enabled]"),
    ("CLUSTER_NAME_TAG", "KEY", "Tag that holds the cluster name [default: cluster_name]"),
    ("ADDRESS_SOURCE", "SOURCE", "What decides: auto, dns, eni or dns+eni [default: auto]"),
    (
        "ALLOW_INTERNET_FACING",
        "BOOL",
        "Register behind load balancers that are not internal [default: false]",
    ),
    ("CLUSTER_TAG", "KEY[=VALUE]", "Tag that the EKS cluster must carry [default: none]"),
    ("SYNC_POLICY", "POLICY", "sync, or add-only: never deregister [default: sync]"),
    ("MIN_HEALTHY_TARGETS", "N", "Healthy desired targets before a stale one may go [default: 2]"),
    ("ALLOWED_CIDRS", "CIDR,…", "Networks in which every address must lie [default: private networks]"),
    ("DNS_SERVERS", "IP[:PORT],…", "Name servers to ask [default: the system's]"),
    ("DNS_TIMEOUT_MS", "MS", "Budget for resolving one host [default: 5000]"),
    ("MAX_CONCURRENCY", "N", "AWS calls in flight at once [default: 64]"),
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use eks_nlb_sync::settings::Settings;

    use super::*;

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
