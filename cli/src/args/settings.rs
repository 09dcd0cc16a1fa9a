//! The function's settings as flags.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, FromArgMatches};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use eks_nlb_sync::settings::{SETTINGS, Setting};

/// `sync` and `watch` have a flag of their own for it.
const NOT_A_FLAG: &str = "DRY_RUN";

/// The settings that are flags.
fn flags() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.variable != NOT_A_FLAG)
}

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

/// The values of a setting that accepts only a few: its default is one of those that
/// `wanted` lists.
fn choices(setting: &Setting) -> Vec<CompletionCandidate> {
    let values = || setting.wanted.split(", ").flat_map(|values| values.split(" or "));
    let is_listed = values().any(|value| Some(value) == setting.default);
    values().filter(|_| is_listed).map(CompletionCandidate::new).collect()
}

fn flag(variable: &str) -> String {
    variable.to_ascii_lowercase().replace('_', "-")
}

impl Args for SettingFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        let flags = flags().map(|setting| {
            let default = setting.default.unwrap_or("none");
            Arg::new(setting.variable)
                .long(flag(setting.variable))
                .env(setting.variable)
                .hide_env_values(true)
                .value_name(setting.value_name)
                .help(format!("{} [default: {default}]", setting.help))
                .help_heading("Settings of the function")
                .hide_short_help(true)
                .global(true)
                .add(ArgValueCandidates::new(move || choices(setting)))
        });
        command.args(flags)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = flags().filter_map(|&Setting { variable, .. }| {
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
    use eks_nlb_sync::settings::Settings;

    use super::*;

    #[test]
    fn a_setting_that_accepts_few_values_has_them_as_choices() {
        let values = |setting: &Setting| {
            let choices = choices(setting).into_iter();
            choices.map(|choice| choice.get_value().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        for setting in flags() {
            for value in values(setting) {
                let lookup = |name: &str| (name == setting.variable).then(|| value.clone());
                assert!(Settings::from_lookup(lookup).is_ok(), "{}={value}", setting.variable);
            }
        }
        let of = |name| flags().find(|setting| setting.variable == name).map(values).unwrap_or_default();
        assert_eq!(of("ADDRESS_SOURCE"), ["auto", "dns", "eni", "dns+eni"]);
        assert_eq!(of("ALLOW_INTERNET_FACING"), ["true", "false"]);
        assert_eq!(of("SYNC_POLICY"), ["sync", "add-only"]);
        assert!(of("CLUSTER_TAG").is_empty() && of("MAX_CONCURRENCY").is_empty());
    }
}
