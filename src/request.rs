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
    /// Where to act, and as whom.
    pub scope: Scope,
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
        "the event is refused: {0} cannot be asked for in an EventBridge event; send a constant input instead"
    )]
    MixedWithEventBridge(&'static str),
    #[error("the event is refused: clusters is empty; leave it out to sync all of them")]
    NoClusters,
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
}

fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// The keys by which EventBridge and Scheduler events are known. What else
/// they carry says *what changed*, and only *when* matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventBridge {
    #[serde(default, deserialize_with = "present")]
    source: Option<String>,
    #[serde(default, rename = "detail-type", deserialize_with = "present")]
    detail_type: Option<String>,
    #[serde(default, rename = "detail")]
    _detail: Option<Detail>,
    // Keys of `Direct`, which an EventBridge event cannot use.
    dry_run: Option<IgnoredAny>,
    clusters: Option<IgnoredAny>,
    role_arn: Option<IgnoredAny>,
    external_id: Option<IgnoredAny>,
}

/// A rule sends an object, a schedule the same object as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Object(#[expect(dead_code, reason = "only its type matters")] serde_json::Map<String, serde_json::Value>),
    Text(#[expect(dead_code, reason = "only its type matters")] String),
}

impl EventBridge {
    fn is_one(&self) -> bool {
        self.source.is_some() && self.detail_type.is_some()
    }

    fn key_of_a_direct_event(&self) -> Option<&'static str> {
        let keys = [
            ("dryRun", &self.dry_run),
            ("clusters", &self.clusters),
            ("roleArn", &self.role_arn),
            ("externalId", &self.external_id),
        ];
        keys.into_iter().find_map(|(key, value)| value.is_some().then_some(key))
    }
}

impl Request {
    /// Whether the event limits the run, so that it says nothing about the
    /// schedule's full runs.
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
        let eventbridge: EventBridge = serde_json::from_str(event.get())?;
        if eventbridge.is_one() {
            return match eventbridge.key_of_a_direct_event() {
                Some(key) => Err(InvalidEvent::MixedWithEventBridge(key)),
                None => Ok(Self::default()),
            };
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
        Ok(Request { dry_run: self.dry_run, clusters, scope: Scope { region, role } })
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
            r#"{"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "CreateNetworkInterface"}}"#,
        ] {
            assert_eq!(parse(event).expect(event), Request::default(), "{event}");
        }
    }

    #[test]
    fn every_key_is_taken() {
        let got = parse(
            r#"{"dryRun": true, "clusters": ["b", "a", "b"], "region": "us-gov-west-1",
                "roleArn": "arn:aws-us-gov:iam::111122223333:role/path/eks-nlb-sync", "externalId": "secret-1"}"#,
        )
        .expect("valid");

        assert!(got.dry_run);
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
