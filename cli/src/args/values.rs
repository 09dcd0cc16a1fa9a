//! Reads values of flags, and refuses each in one sentence.

use std::ffi::OsStr;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::doctor::catalogue::CheckId;
use crate::names::{self, did_you_mean};

/// Reads the name of a check of `doctor`. Help lists all of them.
#[derive(Clone, Debug)]
pub(super) struct CheckName;

impl TypedValueParser for CheckName {
    type Value = CheckId;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let text = value.to_string_lossy();
        if let Some(check) = CheckId::ALL.iter().find(|check| check.as_str() == text) {
            return Ok(*check);
        }
        let nearest = names::nearest(&text, CheckId::ALL.iter().map(|check| check.as_str()));
        let mut error = clap::Error::new(ErrorKind::ValueValidation).with_cmd(command);
        let flag = arg.map(ToString::to_string).unwrap_or_default();
        error.insert(ContextKind::InvalidArg, ContextValue::String(flag));
        let told = format!("{text} is not a check{}", did_you_mean(nearest.as_deref()));
        error.insert(ContextKind::InvalidValue, ContextValue::String(told));
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            CheckId::ALL.iter().map(|check| PossibleValue::new(check.as_str()).help(check.title())),
        ))
    }
}

/// A name as Lambda allows it, and no ARN.
pub(super) fn function_name(text: &str) -> Result<String, String> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&text.len()) && text.bytes().all(is_legal) {
        Ok(text.to_owned())
    } else {
        Err("a function's name has up to 64 letters, digits, hyphens and underscores; no ARN".to_owned())
    }
}

/// At least a second, in seconds, minutes or hours.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let seconds = units.into_iter().find_map(|(unit, seconds)| {
        text.strip_suffix(unit)?.parse::<u32>().ok().map(|count| u64::from(count) * seconds)
    });
    seconds
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(|| "a time is given as in 60s, 5m or 1h".to_owned())
}

/// A time as [`duration`] takes it, or in milliseconds.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match text.strip_suffix("ms").and_then(|count| count.parse().ok()).filter(|count| *count > 0) {
        Some(count) => Ok(Duration::from_millis(count)),
        None => duration(text),
    }
}
