//! A moment of a trace, in milliseconds, written as in
//! `2026-11-29T16:00:00.25Z`.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) u64);

impl Time {
    pub(crate) fn now() -> Self {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().into()
    }

    /// How long before `later`; zero if it is not.
    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let time = DateTime::from_str(text, Format::DateTime).ok()?.to_millis().ok()?;
        time.try_into().ok().map(Self)
    }

    /// The time of the day, as in `16:00:00`.
    pub(crate) fn clock(self) -> String {
        let seconds = self.0 / 1000 % 86_400;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

impl From<Duration> for Time {
    fn from(since_1970: Duration) -> Self {
        Self(since_1970.as_millis().try_into().unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_millis(self.0.try_into().unwrap_or(i64::MAX));
        f.write_str(&time.fmt(Format::DateTime).unwrap_or_default())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is no time")))
    }
}

/// What lies between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Time,
    pub(crate) to: Time,
}

impl Span {
    pub(crate) fn length(self) -> Duration {
        self.from.until(self.to)
    }

    /// As in `16:00:00 to 16:05:00`.
    pub(crate) fn clock(self) -> String {
        format!("{} to {}", self.from.clock(), self.to.clock())
    }
}

/// How long `spans` are together.
pub(crate) fn total(spans: &[Span]) -> Duration {
    spans.iter().copied().map(Span::length).sum()
}

/// A duration in words, as in `2 h 5 min` or `45 s`.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
