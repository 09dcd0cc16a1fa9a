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
fn a_refusal_never_repeats_an_external_id() {
    let role = r#""roleArn": "arn:aws:iam::111122223333:role/a""#;
    for value in ["4711", "47.11", "[4711]", r#"{"a": 4711}"#, r#""4711 ""#, r#"["4711"]"#] {
        for event in [
            format!(r#"{{"externalId": {value}}}"#),
            format!(r#"{{{role}, "externalId": {value}}}"#),
            format!(r#"{{{role}, "externalId": {value}, "externalId": {value}}}"#),
            format!(r#"{{{role}, "external_id": {value}}}"#),
            format!(r#"{{"source": "a", "detail-type": "b", "externalId": {value}}}"#),
        ] {
            let message = parse(&event).expect_err(&event).to_string();
            assert!(!message.contains("11"), "{event}: {message}");
        }
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

/// Another run may still fail, so such a run writes no metric.
#[test]
fn a_run_is_limited_by_a_dry_run_and_by_clusters() {
    for (event, is_limited) in [
        ("{}", false),
        (r#"{"dryRun": true}"#, true),
        (r#"{"clusters": ["a"]}"#, true),
        (r#"{"region": "eu-west-1", "minLoadBalancers": 3, "summaryOnly": true}"#, false),
    ] {
        assert_eq!(parse(event).expect(event).is_limited(), is_limited, "{event}");
    }
}
