//! What an invocation may ask for; refuses everything else before it is read.
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
    /// Answer with the summary and the failures only.
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
    // `Option` alone would take a null for an absent value.
    #[serde(default, deserialize_with = "present")]
    clusters: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    region: Option<String>,
    #[serde(default, deserialize_with = "present")]
    role_arn: Option<String>,
    #[serde(default, deserialize_with = "present")]
    external_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    min_load_balancers: Option<usize>,
    #[serde(default)]
    summary_only: bool,
}

fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
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

/// The keys that tell an event of EventBridge's from one of ours.
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

    /// Takes an event as it was written.
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
mod tests {
    use super::*;

    fn parse(event: &str) -> Result<Request, InvalidEvent> {
        Request::parse(serde_json::from_str(event).expect("a case is JSON"))
    }

    #[test]
    fn a_schedule_asks_for_a_full_sync() {
        for event in [
            "{}",
            "null",
            r#"{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}"#,
            r#"{"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}", "region": "eu-west-1"}"#,
            r#"{"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "111122223333", "time": "2026-11-29T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": {}, "replay-name": "again"}"#,
            r#"{"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "CreateNetworkInterface"}}"#,
        ] {
            assert_eq!(parse(event).expect(event), Request::default(), "{event}");
        }
    }

    #[test]
    fn every_key_is_taken() {
        let got = parse(
            r#"{"dryRun": true, "clusters": ["b", "a", "b"], "region": "us-gov-west-1",
                "roleArn": "arn:aws-us-gov:iam::111122223333:role/path/eks-nlb-sync", "externalId": "secret-1",
                "minLoadBalancers": 3, "summaryOnly": true}"#,
        )
        .expect("valid");

        assert!(got.dry_run && got.summary_only);
        assert_eq!(got.min_load_balancers, Some(3));
        let clusters: Vec<_> = got.clusters.expect("given").iter().map(ToString::to_string).collect();
        assert_eq!(clusters, ["a", "b"]);
        assert_eq!(got.scope.region.expect("given").as_str(), "us-gov-west-1");
        let role = got.scope.role.expect("given");
        assert_eq!(role.arn(), "arn:aws-us-gov:iam::111122223333:role/path/eks-nlb-sync");
        assert_eq!(role.external_id(), Some("secret-1"));
    }

    #[test]
    fn anything_else_is_refused() {
        for event in [
            "true",
            "1",
            r#""{}""#,
            "[]",
            r#"{"dry_run": true}"#,
            r#"{"DryRun": true}"#,
            r#"{"dryRun": "true"}"#,
            r#"{"dryRun": 1}"#,
            r#"{"dryRun": null}"#,
            r#"{"dryRun": true, "dryRun": false}"#,
            r#"{"clusters": "a"}"#,
            r#"{"clusters": null}"#,
            r#"{"clusters": []}"#,
            r#"{"clusters": [1]}"#,
            r#"{"clusters": ["a/b"]}"#,
            r#"{"clusters": [""]}"#,
            r#"{"region": ""}"#,
            r#"{"region": "eu-west"}"#,
            r#"{"region": "EU-WEST-1"}"#,
            r#"{"region": "eu-west-1.example.com/"}"#,
            r#"{"region": null}"#,
            r#"{"roleArn": "eks-nlb-sync"}"#,
            r#"{"roleArn": "arn:aws:iam::1111:role/a"}"#,
            r#"{"roleArn": "arn:aws:iam::111122223333:user/a"}"#,
            r#"{"roleArn": "arn:aws:iam::111122223333:role/"}"#,
            r#"{"roleArn": "arn:aws:iam::111122223333:role/a b"}"#,
            r#"{"externalId": "secret-1"}"#,
            r#"{"roleArn": "arn:aws:iam::111122223333:role/a", "externalId": ""}"#,
            r#"{"source": "aws.events"}"#,
            r#"{"detail-type": "Scheduled Event"}"#,
            r#"{"source": 1, "detail-type": "Scheduled Event"}"#,
            r#"{"source": "aws.events", "detail-type": "Scheduled Event", "detail": 1}"#,
            r#"{"source": "aws.events", "detail-type": "Scheduled Event", "dryRun": true}"#,
            r#"{"source": "aws.events", "detail-type": "Scheduled Event", "dry_run": true}"#,
            r#"{"source": "aws.events", "detail-type": "Scheduled Event", "Detail": {}}"#,
            r#"{"minLoadBalancers": 0}"#,
            r#"{"minLoadBalancers": -1}"#,
            r#"{"minLoadBalancers": "3"}"#,
            r#"{"minLoadBalancers": null}"#,
            r#"{"summaryOnly": 1}"#,
        ] {
            assert!(parse(event).is_err(), "{event}");
        }
    }

    #[test]
    fn a_refusal_names_the_key() {
        for (event, named) in [
            (r#"{"dry_run": true}"#, "dry_run"),
            (r#"{"dryRun": 1}"#, "boolean"),
            (r#"{"externalId": "secret-1"}"#, "externalId is given without roleArn"),
            (r#"{"clusters": ["a/b"]}"#, r#"clusters: "a/b" is not an EKS cluster name"#),
        ] {
            let message = parse(event).expect_err(event).to_string();
            assert!(message.contains(named), "{message}");
        }
    }
}
