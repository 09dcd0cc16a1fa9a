//! Reads values of flags, and refuses each in one sentence.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;

use crate::catalogue::CheckId;
use crate::names::{self, did_you_mean};

/// Reads the name of a check of `doctor`. Help lists all of them.
#[derive(Clone, Debug)]
pub(super) struct CheckName;

impl TypedValueParser for CheckName {
    type Value = CheckId;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let text = value.to_string_lossy();
        if let Some(check) = CheckId::ALL.iter().find(|check| check.as_str() == text) {
            return Ok(*check);
        }
        let known = CheckId::ALL.iter().map(|check| check.as_str());
        let nearest = did_you_mean(names::nearest(&text, known).as_deref());
        let told = format!("doctor has no check {text:?}{nearest}");
        Err(clap::Error::raw(ErrorKind::ValueValidation, told).with_cmd(command))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            CheckId::ALL.iter().map(|check| PossibleValue::new(check.as_str()).help(check.title())),
        ))
    }
}

/// A name as Lambda allows it, and no ARN; or none.
pub(super) fn function_name(text: &str) -> Result<String, String> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if text.len() <= 64 && text.bytes().all(is_legal) {
        Ok(text.to_owned())
    } else {
        Err("a function's name has up to 64 letters, digits, hyphens and underscores; no ARN".to_owned())
    }
}

/// An address with a port.
pub(super) fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "an address has a port, as in 127.0.0.1:8080".to_owned())
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
