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

/// The values of a setting that accepts only a few.
fn choices(variable: &str) -> Vec<CompletionCandidate> {
    let values: &[&str] = match variable {
        "ADDRESS_SOURCE" => &["auto", "dns", "eni", "dns+eni"],
        "ALLOW_INTERNET_FACING" => &["false", "true"],
        "SYNC_POLICY" => &["sync", "add-only"],
        _ => &[],
    };
    values.iter().map(CompletionCandidate::new).collect()
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
                .add(ArgValueCandidates::new(move || choices(setting.variable)))
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
    fn every_choice_is_a_value() {
        let mut count = 0;
        for setting in flags() {
            for choice in choices(setting.variable) {
                let value = choice.get_value().to_string_lossy().into_owned();
                let lookup = |name: &str| (name == setting.variable).then(|| value.clone());
                assert!(Settings::from_lookup(lookup).is_ok(), "{}={value}", setting.variable);
                count += 1;
            }
        }
        assert_eq!(count, 8);
    }
}
