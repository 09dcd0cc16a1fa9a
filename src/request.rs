//! Parses an invocation's event; refuses anything else before AWS is called.
//!
//! A misspelt `dry_run` must not become a real run. So an unknown key, a key
//! given twice, and a value of the wrong type (`null` included) are refused.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::model::{ClusterName, InvalidClusterName, InvalidScope, Role, Scope};

/// One validated invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Plan and report only.
    pub dry_run: bool,
    /// Only these clusters; all if absent.
    pub clusters: Option<BTreeSet<ClusterName>>,
    /// Where to act, and as which role.
    pub scope: Scope,
    /// The least managed load balancers.
    pub min_load_balancers: Option<usize>,
    /// Whether the answer holds the summary and the failures only.
    pub summary_only: bool,
}

/// Why an event is refused. Nothing was read or written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum InvalidEvent {
    #[error("the event is refused: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the event is refused: {0}; a sync is asked for by {{}}, null or an EventBridge event")]
    NotAnObject(&'static str),
    #[error(
        "the event is refused: it is an EventBridge event, and {0}; to limit a run, send a constant input instead"
    )]
    EventBridge(serde_json::Error),
    #[error("the event is refused: clusters is empty; leave it out to sync all of them")]
    NoClusters,
    #[error("the event is refused: minLoadBalancers is 0; leave it out")]
    NoMinimum,
    #[error("the event is refused: clusters: {0}")]
    Cluster(#[from] InvalidClusterName),
    #[error("the event is refused: {0}")]
    Scope(#[from] InvalidScope),
    #[error("the event is refused: externalId is given without roleArn")]
    ExternalIdWithoutRole,
}

/// An event that a person, a schedule's constant input or a state machine wrote.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Direct {
    #[serde(default)]
    dry_run: bool,
    // `Option` alone would accept a null as an absent value.
    #[serde(default, deserialize_with = "present")]
    clusters: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    region: Option<String>,
    #[serde(default, deserialize_with = "present")]
    role_arn: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    external_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    min_load_balancers: Option<usize>,
    #[serde(default)]
    summary_only: bool,
}

fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Serde's own messages repeat a value of the wrong type, and this one must not
/// be logged.
fn secret<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(value)?;
    let text = value.as_str().map(str::to_owned);
    text.map(Some).ok_or_else(|| serde::de::Error::custom("externalId is not a string"))
}

/// An EventBridge or Scheduler event: every key of its envelope, and no other. A
/// misspelt `dryRun` in a rule's input transformer must not cause a real run.
///
/// Source: EventBridge User Guide, *Events* and *Archiving and replaying events*
/// (November 2026).
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EventBridge {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "detail-type")]
    _detail_type: String,
    #[serde(default, rename = "detail")]
    _detail: Option<Detail>,
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "account")]
    _account: IgnoredAny,
    #[serde(default, rename = "time")]
    _time: IgnoredAny,
    #[serde(default, rename = "region")]
    _region: IgnoredAny,
    #[serde(default, rename = "resources")]
    _resources: IgnoredAny,
    #[serde(default, rename = "replay-name")]
    _replay_name: IgnoredAny,
}

/// A rule sends an object, a schedule the same object as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Object(#[expect(dead_code, reason = "only its type matters")] serde_json::Map<String, serde_json::Value>),
    Text(#[expect(dead_code, reason = "only its type matters")] String),
}

/// The keys by which an EventBridge event is recognised.
#[derive(Deserialize)]
struct Envelope {
    source: Option<IgnoredAny>,
    #[serde(rename = "detail-type")]
    detail_type: Option<IgnoredAny>,
}

impl Request {
    /// Whether the event limits the run (dryRun, clusters). A limited run does not
    /// prove that the schedule's full runs succeed.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.dry_run || self.clusters.is_some()
    }

    /// Parses an event.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`] with the first thing that is wrong.
    pub fn parse(event: &RawValue) -> Result<Self, InvalidEvent> {
        match event.get().as_bytes().first() {
            Some(b'{') => {}
            Some(b'n') => return Ok(Self::default()),
            Some(b'[') => return Err(InvalidEvent::NotAnObject("an array")),
            Some(b'"') => return Err(InvalidEvent::NotAnObject("a string")),
            _ => return Err(InvalidEvent::NotAnObject("a number or a boolean")),
        }
        let envelope: Envelope = serde_json::from_str(event.get())?;
        if envelope.source.is_some() && envelope.detail_type.is_some() {
            serde_json::from_str::<EventBridge>(event.get()).map_err(InvalidEvent::EventBridge)?;
            return Ok(Self::default());
        }
        serde_json::from_str::<Direct>(event.get())?.validate()
    }
}

impl Direct {
    fn validate(self) -> Result<Request, InvalidEvent> {
        let clusters = match self.clusters {
            Some(names) if names.is_empty() => return Err(InvalidEvent::NoClusters),
            Some(names) => Some(names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?),
            None => None,
        };
        let role = match (self.role_arn, self.external_id) {
            (None, None) => None,
            (None, Some(_)) => return Err(InvalidEvent::ExternalIdWithoutRole),
            (Some(arn), external_id) => Some(Role::new(arn, external_id)?),
        };
        let region = self.region.map(|region| region.parse()).transpose()?;
        if self.min_load_balancers == Some(0) {
            return Err(InvalidEvent::NoMinimum);
        }
        Ok(Request {
            dry_run: self.dry_run,
            clusters,
            scope: Scope { region, role },
            min_load_balancers: self.min_load_balancers,
            summary_only: self.summary_only,
        })
    }
}

#[cfg(test)]
mod tests;
