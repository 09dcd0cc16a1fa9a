//! What is on the wire, byte by byte where a client would stumble.

use super::*;
use crate::Fault;
use crate::throttle::Limits;
use crate::world::{
    ACCESS_KEY_ID, ClusterIssue, LoadBalancerSpec, OverrideState, Scheme, Scope, TargetGroupSpec, Threshold,
};

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20260101/eu-west-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=00"
    )
}

pub(super) fn post(world: &mut World, service: &str, form: &str) -> (u16, String) {
    let request = Request {
        method: "POST",
        target: "/",
        authorization: Some(&authorization(service)),
        body: form.as_bytes(),
    };
    let response = respond(world, &request);
    (response.status, String::from_utf8(response.body.to_vec()).expect("text"))
}

fn get(world: &mut World, path: &str) -> (Response, String) {
    let request =
        Request { method: "GET", target: path, authorization: Some(&authorization("eks")), body: b"" };
    let response = respond(world, &request);
    let text = String::from_utf8(response.body.to_vec()).expect("text");
    (response, text)
}

#[test]
fn a_tag_is_escaped() {
    let mut world = World::new();
    let spec = LoadBalancerSpec::network("any").tag("<team>", "R&D \"x\"");
    let arn = world.add_load_balancer(spec);

    let form = format!("Action=DescribeTags&Version=2015-12-01&ResourceArns.member.1={arn}");
    let (status, body) = post(&mut world, "elasticloadbalancing", &form);

    assert_eq!(status, 200);
    assert!(body.contains("<Key>&lt;team&gt;</Key><Value>R&amp;D \"x\"</Value>"), "{body}");
}

#[test]
fn a_refusal_of_elb_looks_like_one() {
    let form = "Action=DescribeTargetHealth&TargetGroupArn=arn:aws:nonsense&Version=2015-12-01";
    let (status, body) = post(&mut World::new(), "elasticloadbalancing", form);

    assert_eq!(status, 400);
    assert_eq!(
        body,
        "<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><Error>\
         <Type>Sender</Type><Code>TargetGroupNotFound</Code><Message>One or more target groups not \
         found</Message></Error><RequestId>00000000-0000-4000-8000-000000000000</RequestId>\
         </ErrorResponse>"
    );
}

#[test]
fn a_refusal_of_eks_looks_like_one() {
    let (response, body) = get(&mut World::new(), "/clusters/payments");

    assert_eq!(response.status, 404);
    assert!(response.headers.contains(&("x-amzn-errortype", "ResourceNotFoundException".to_owned())));
    assert_eq!(body, r#"{"message":"No cluster found for name: payments."}"#);
}

#[test]
fn a_cluster_has_tags_and_issues_and_every_read_may_lag() {
    let mut world = World::new();
    world.set_read_lags(&[Duration::from_secs(20)]);
    world.advance(Duration::from_mins(1));
    world.add_cluster("payments", ["10.0.1.10"]);
    assert_eq!(get(&mut world, "/clusters/payments").0.status, 404);

    world.set_read_lags(&[]);
    let cluster = world.cluster_mut("payments");
    cluster.tags.insert("team".to_owned(), "ledger".to_owned());
    cluster.issues.push(ClusterIssue {
        code: "InsufficientFreeAddresses".to_owned(),
        message: "no free address".to_owned(),
        resources: vec!["subnet-0".to_owned()],
    });
    let (_, body) = get(&mut world, "/clusters/payments");
    for part in [
        r#""tags":{"team":"ledger"}"#,
        r#"{"issues":[{"code":"InsufficientFreeAddresses","message":"no free address","resourceIds":["subnet-0"]}]}"#,
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
}

#[test]
fn unknown_operations_are_refused() {
    let mut world = World::new();
    let cases = [
        ("elasticloadbalancing", "Action=DeleteLoadBalancer", 400, "InvalidAction"),
        ("sts", "Action=GetFederationToken", 400, "InvalidAction"),
        ("ec2", "Action=DescribeInstances", 400, "InvalidAction"),
        ("s3", "", 404, "UnknownService"),
    ];
    for (service, form, status, code) in cases {
        let (got, body) = post(&mut world, service, form);
        assert_eq!(got, status, "{service}: {body}");
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{service}: {body}");
    }
    assert_eq!(get(&mut world, "/clusters/a/updates").0.status, 404);
    assert_eq!(world.requests().len(), 5);
    assert_eq!(world.requests()[0].error.as_deref(), Some("InvalidAction"));
}

#[test]
fn tags_of_twenty_one_are_too_many_and_one_deleted_fails_them_all() {
    let mut world = World::new();
    let group = |world: &mut World| {
        let balancer = world.add_load_balancer(LoadBalancerSpec::network("any"));
        world.add_target_group(TargetGroupSpec::ip(&balancer))
    };
    let mut arns: Vec<String> = std::iter::repeat_with(|| group(&mut world)).take(21).collect();
    let ask = |world: &mut World, arns: &[String]| {
        let members = arns.iter().zip(1..).map(|(arn, n)| format!("&ResourceArns.member.{n}={arn}"));
        let form = format!("Action=DescribeTags{}", members.collect::<String>());
        post(world, "elasticloadbalancing", &form)
    };

    let (status, body) = ask(&mut world, &arns);
    assert_eq!(status, 400);
    assert!(body.contains("<Code>ValidationError</Code>"), "{body}");
    arns.pop();
    assert_eq!(ask(&mut world, &arns).0, 200);
    world.delete_target_group(&arns[7]);
    let (status, body) = ask(&mut world, &arns);
    assert_eq!(status, 400);
    assert!(body.contains("<Code>TargetGroupNotFound</Code>"), "{body}");
}

#[test]
fn a_role_is_assumed_with_its_external_id_and_acts_in_its_own_account() {
    let mut world = World::new();
    let role = "arn:aws:iam::444455556666:role/sync";
    world.add_role_with(role, Some("fleet-7"));
    let form = format!("Action=AssumeRole&RoleArn={role}&RoleSessionName=s");

    for wrong in ["", "&ExternalId=fleet-8"] {
        let (status, body) = post(&mut world, "sts", &format!("{form}{wrong}"));
        assert_eq!(status, 403, "{body}");
        assert!(body.contains("<Code>AccessDenied</Code>"), "{body}");
    }
    let (status, body) = post(&mut world, "sts", &format!("{form}&ExternalId=fleet-7"));
    assert_eq!(status, 200, "{body}");
    let key = body.split("<AccessKeyId>").nth(1).and_then(|rest| rest.split('<').next());
    let key = key.expect("credentials").to_owned();

    world.add_frontend_in(&Scope::new("444455556666", "eu-west-1"), "theirs");
    world.add_frontend("ours");
    let list = |world: &mut World| {
        let header = authorization("elasticloadbalancing").replace(ACCESS_KEY_ID, &key);
        let response = respond(
            world,
            &Request {
                method: "POST",
                target: "/",
                authorization: Some(&header),
                body: b"Action=DescribeLoadBalancers",
            },
        );
        (response.status, String::from_utf8(response.body.to_vec()).expect("text"))
    };
    let (status, body) = list(&mut world);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("nlb-theirs") && !body.contains("nlb-ours"), "{body}");
    assert_eq!(world.requests().last().map(|r| r.account.as_str()), Some("444455556666"));

    world.revoke_sessions();
    assert_eq!(list(&mut world).0, 403);
}

#[test]
fn a_lost_answer_was_carried_out_and_a_reset_call_was_not() {
    let mut world = World::new();
    world.add_cluster("payments", ["10.0.1.10"]);
    let group = world.add_frontend("payments").target_group;
    let form = format!("Action=RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id=10.0.1.10");
    let mut register = |fault: Fault| {
        world.plant(fault.times(1));
        let (status, _) = post(&mut world, "elasticloadbalancing", &form);
        (status, world.targets(&group).len())
    };

    assert_eq!(register(Fault::on("RegisterTargets").reset()), (0, 0));
    assert_eq!(register(Fault::on("RegisterTargets").silence()), (0, 0));
    assert_eq!(register(Fault::on("RegisterTargets").access_denied()), (403, 0));
    assert_eq!(register(Fault::on("RegisterTargets").lose_answer()), (0, 1));
    let recorded = world.requests().last().expect("recorded");
    assert_eq!(recorded.targets(), ["10.0.1.10"]);
    assert_eq!(recorded.zones(), [None]);
    assert_eq!(recorded.target_group(), Some(group.as_str()));
}

#[test]
fn calls_beyond_the_limits_are_throttled() {
    let mut world = World::new();
    world.set_limits(Some(Limits::CLASSIC));
    let calls =
        std::iter::repeat_with(|| post(&mut world, "elasticloadbalancing", "Action=DescribeLoadBalancers"));
    let refused: Vec<String> =
        calls.take(200).filter(|(status, _)| *status == 400).map(|(_, body)| body).collect();

    assert!(refused.len() >= 100, "{} of 200", refused.len());
    assert!(refused[0].contains("<Code>Throttling</Code><Message>Rate exceeded</Message>"));
}

#[test]
fn what_decides_who_gets_connections_is_described_as_elb_does() {
    let mut world = World::new();
    let balancer = world.add_load_balancer(LoadBalancerSpec {
        scheme: Scheme::InternetFacing,
        ..LoadBalancerSpec::network("any")
    });
    let group = world.add_target_group(TargetGroupSpec::ip(&balancer).of_controller("tools"));
    world.put_targets(&group, ["172.31.0.10"]);
    world.shift_away(&balancer, "eu-west-1a", OverrideState::ZonalShiftActive);
    world.load_balancer_mut(&balancer).enforces_inbound_rules = false;
    let of_group = world.target_group_mut(&group);
    of_group.weight = 7;
    of_group.routing.routing_failover = Threshold::percentage(50);

    let of_balancer = format!("LoadBalancerArn={balancer}");
    let of_group = format!("TargetGroupArn={group}");
    for (operation, parameters, expected) in [
        ("DescribeLoadBalancers", "", "<Scheme>internet-facing</Scheme>"),
        (
            "DescribeLoadBalancers",
            "",
            "<EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic>off</EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic>",
        ),
        ("DescribeListeners", &of_balancer, "<Weight>7</Weight>"),
        (
            "DescribeTargetHealth",
            &of_group,
            "<TargetHealth><State>healthy</State></TargetHealth><AdministrativeOverride><State>zonal_shift_active\
             </State><Reason>AdministrativeOverride.ZonalShiftActive</Reason>",
        ),
        (
            "DescribeTargetGroupAttributes",
            &of_group,
            "<Key>target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage</Key>\
             <Value>50</Value>",
        ),
        (
            "DescribeTargetGroupAttributes",
            &of_group,
            "<Key>target_group_health.dns_failover.minimum_healthy_targets.percentage</Key><Value>off</Value>",
        ),
        (
            "DescribeTags",
            &format!("ResourceArns.member.1={group}"),
            "<Key>elbv2.k8s.aws/cluster</Key><Value>tools</Value>",
        ),
    ] {
        let (status, body) =
            post(&mut world, "elasticloadbalancing", &format!("Action={operation}&{parameters}"));
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(expected), "{expected} in {body}");
    }
}
