//! Other Regions and other accounts.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_simulator::world::{ClusterSpec, HOME_ACCOUNT, Scope};
use eks_nlb_simulator::{Fault, Frontend, Simulator, World, closed_address};
use serde_json::json;

use crate::relay::{Afterwards, Relay};
use crate::support::*;

const ROLE: &str = "arn:aws:iam::444455556666:role/eks-nlb-sync";

const OTHER_ACCOUNT: &str = "444455556666";

/// Makes the cluster `payments` in `scope`, and its frontend.
fn payments_in(world: &mut World, scope: &Scope) -> Frontend {
    world.create_cluster(ClusterSpec { scope: scope.clone(), ..ClusterSpec::new("payments", PAYMENTS) });
    world.add_frontend_in(scope, "payments")
}

/// Makes a role in another account that asks for an external id, and the same
/// frontend in both accounts.
fn two_accounts(world: &mut World) -> (Frontend, Frontend) {
    world.add_role_with(ROLE, Some("secret-1"));
    let away = Scope::new(OTHER_ACCOUNT, "eu-west-1");
    (payments_in(world, &Scope::default()), payments_in(world, &away))
}

fn as_role(external_id: Option<&str>) -> String {
    match external_id {
        Some(external_id) => json!({"roleArn": ROLE, "externalId": external_id}).to_string(),
        None => json!({"roleArn": ROLE}).to_string(),
    }
}

/// The accounts and Regions that ELB and EKS were called in.
fn scopes(world: &World) -> BTreeSet<(String, String)> {
    let calls = world.requests().iter().filter(|call| call.service != "sts");
    calls.map(|call| (call.account.clone(), call.region.clone())).collect()
}

#[tokio::test]
async fn another_region_is_acted_in_and_no_other() {
    let (function, (home, away)) = Function::start_in(|world| {
        let home = payments_in(world, &Scope::default());
        (home, payments_in(world, &Scope::new(HOME_ACCOUNT, "us-east-1")))
    })
    .await;

    let report = function.answer(r#"{"region": "us-east-1"}"#).await;

    assert_eq!(report["region"], "us-east-1");
    assert_eq!(reported(&report, &away)["outcome"], "changed");
    assert_only_written(&function.world(), &away);
    assert_eq!(scopes(&function.world()), [(HOME_ACCOUNT.to_owned(), "us-east-1".to_owned())].into());
    assert_eq!(function.world().requests_of("AssumeRole").len(), 0);

    let report = function.sync().await;
    assert_eq!(report["region"], "eu-west-1");
    assert_eq!(reported(&report, &home)["outcome"], "changed");
}

#[tokio::test]
async fn another_account_is_acted_in_and_no_other() {
    let (function, (home, away)) = Function::start_in(two_accounts).await;

    let report = function.answer(&as_role(Some("secret-1"))).await;

    assert_eq!(reported(&report, &away)["outcome"], "changed");
    assert_eq!(report["summary"]["frontends"], 1);
    assert_eq!(function.last_report().await["account"], OTHER_ACCOUNT);
    assert_only_written(&function.world(), &away);
    assert_eq!(scopes(&function.world()), [(OTHER_ACCOUNT.to_owned(), "eu-west-1".to_owned())].into());

    // A run at home follows: the assumed role is not used again.
    function.world().clear_requests();
    let report = function.sync().await;
    assert_eq!(reported(&report, &home)["outcome"], "changed");
    assert_eq!(scopes(&function.world()), [(HOME_ACCOUNT.to_owned(), "eu-west-1".to_owned())].into());
}

#[tokio::test]
async fn role_region_clusters_and_dry_run_go_together() {
    let (function, ()) = Function::start_in(|world| {
        world.add_role(ROLE);
        payments_in(world, &Scope::new(OTHER_ACCOUNT, "us-east-1"));
    })
    .await;
    let event = json!({"roleArn": ROLE, "region": "us-east-1", "clusters": ["payments"], "dryRun": true});

    let report = function.answer(&event.to_string()).await;

    assert_eq!(report["summary"]["planned"], 1);
    assert_eq!(report["region"], "us-east-1");
    let world = function.world();
    assert_eq!(world.writes().len(), 0);
    assert_eq!(scopes(&world), [(OTHER_ACCOUNT.to_owned(), "us-east-1".to_owned())].into());
    // STS is called in the home Region, because the other Region's may not be
    // reachable.
    let [call] = world.requests_of("AssumeRole")[..] else { panic!("{:?}", world.request_counts()) };
    assert_eq!((call.account.as_str(), call.region.as_str()), (HOME_ACCOUNT, "eu-west-1"));
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_fails_the_run_and_names_the_action() {
    for event in [
        as_role(Some("secret-2")),
        as_role(None),
        json!({"roleArn": "arn:aws:iam::444455556666:role/unknown"}).to_string(),
    ] {
        let (function, _) = Function::start_in(two_accounts).await;

        let (error_type, message) = function.error(&event).await;

        assert_eq!(error_type, "DiscoveryFailed", "{event}");
        assert!(message.contains("sts:AssumeRole"), "{message}");
        assert!(message.contains("the role must exist and trust the function's role"), "{message}");
        assert!(message.contains("IAM denies"), "{message}");
        assert!(!message.contains("secret"), "the external id is not in messages: {message}");
        let world = function.world();
        assert_eq!(world.request_counts().into_iter().collect::<Vec<_>>(), [("AssumeRole", 1)], "{event}");
    }
}

#[tokio::test]
async fn the_external_id_is_never_logged() {
    let (function, _) = Function::start_in(two_accounts).await;

    function.answer(&as_role(Some("secret-1"))).await;
    function.last_report().await;
    function.error(&as_role(Some("secret-2"))).await;
    function.logged(|line| line["level"] == "ERROR").await;

    let log = function.log();
    for line in &log {
        assert!(!line.to_string().contains("secret-"), "{line}");
    }
    for message in ["changed", "discovery failed"] {
        let line = log.iter().find(|line| line["message"] == message).expect(message);
        assert_eq!(line["span"]["account"], OTHER_ACCOUNT, "{line}");
        assert_eq!(line["span"]["role"], ROLE, "{line}");
    }
}

/// They outlast the longest run, which takes 15 minutes.
#[tokio::test]
async fn credentials_are_used_from_run_to_run_until_they_are_about_to_expire() {
    for (minutes, assumed) in [(14, 3), (16, 1)] {
        let sim = Simulator::start().await;
        let (_, away) = two_accounts(&mut sim.world());
        let expiry = DateTime::from(SystemTime::now() + Duration::from_mins(minutes)).fmt(Format::DateTime);
        let expiry = expiry.expect("a date");
        let relay = Relay::of_aws(&sim, Afterwards::Kept, move |_, answer| {
            let (start, rest) = answer.split_once("<Expiration>").expect("AssumeRole's answer");
            let (_, end) = rest.split_once('<').expect("a document");
            format!("{start}<Expiration>{expiry}<{end}")
        })
        .await;
        let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL_STS", &relay.url())]).await;

        for outcome in ["changed", "converged", "converged"] {
            let report = function.answer(&as_role(Some("secret-1"))).await;
            assert_eq!(reported(&report, &away)["outcome"], outcome);
        }

        assert_eq!(function.world().requests_of("AssumeRole").len(), assumed, "{minutes} minutes");
    }
}

#[tokio::test]
async fn credentials_of_one_role_are_never_used_for_another() {
    const THIRD: &str = "arn:aws:iam::777788889999:role/eks-nlb-sync";
    let (function, (_, second, third)) = Function::start_in(|world| {
        let (home, second) = two_accounts(world);
        world.add_role(THIRD);
        (home, second, payments_in(world, &Scope::new("777788889999", "eu-west-1")))
    })
    .await;

    for _ in 0..2 {
        let report = function.answer(&as_role(Some("secret-1"))).await;
        assert!(
            ["changed", "converged"].contains(&reported(&report, &second)["outcome"].as_str().expect("one"))
        );
        let report = function.answer(&json!({"roleArn": THIRD}).to_string()).await;
        assert!(
            ["changed", "converged"].contains(&reported(&report, &third)["outcome"].as_str().expect("one"))
        );
        // The external ID is checked for each event, also with cached
        // credentials.
        function.error(&as_role(Some("secret-2"))).await;
    }
}

#[tokio::test]
async fn a_role_that_could_not_be_assumed_is_tried_again_by_the_next_run() {
    let (function, (_, away)) = Function::start_in_with(&[ONE_ATTEMPT], two_accounts).await;
    function.world().plant(Fault::on("AssumeRole").times(1).unavailable());

    let (error_type, message) = function.error(&as_role(Some("secret-1"))).await;
    assert_eq!(error_type, "DiscoveryFailed", "{message}");
    let report = function.answer(&as_role(Some("secret-1"))).await;

    assert_eq!(reported(&report, &away)["outcome"], "changed");
}

#[tokio::test]
async fn a_passing_fault_of_sts_is_got_over() {
    let (function, (_, away)) = Function::start_in(two_accounts).await;
    function.world().plant(Fault::on("AssumeRole").times(1).throttle());
    function.world().plant(Fault::on("AssumeRole").skip(1).times(1).unavailable());

    let report = function.answer(&as_role(Some("secret-1"))).await;

    assert_eq!(reported(&report, &away)["outcome"], "changed");
    assert_eq!(function.world().faults_left(), 0);
}

/// A revoked role fails the run that notices it, and no later one.
#[tokio::test]
async fn a_role_that_is_revoked_costs_one_run_whenever_that_is() {
    let by_sts: Befall = |fault| fault.before(World::revoke_sessions);
    for revoked in [by_sts, |fault| fault.times(1).access_denied()] {
        for operation in ["DescribeLoadBalancers", "DescribeCluster", "DescribeTargetHealth"] {
            let (function, (_, away)) = Function::start_in_with(&[ONE_ATTEMPT], two_accounts).await;
            function.answer(&as_role(Some("secret-1"))).await;
            function.world().drop_target(&away.target_group, PAYMENTS_TARGETS[0]);
            function.world().plant(revoked(Fault::on(operation)));

            function.error(&as_role(Some("secret-1"))).await;
            let report = function.answer(&as_role(Some("secret-1"))).await;

            assert_eq!(reported(&report, &away)["outcome"], "changed", "{operation}");
            assert_eq!(function.world().requests_of("AssumeRole").len(), 2, "{operation}");
        }
    }
}

/// The trail of the other account names the run.
#[tokio::test]
async fn a_session_carries_the_id_of_its_run() {
    let (function, _) = Function::start_in(two_accounts).await;

    function.answer(&as_role(Some("secret-1"))).await;

    let world = function.world();
    let [call] = world.requests_of("AssumeRole")[..] else { panic!("{:?}", world.request_counts()) };
    let session = format!("eks-nlb-sync-{}", function.request_id());
    assert_eq!(call.parameter("RoleSessionName"), Some(&*session));
}

#[tokio::test]
async fn other_partitions_are_acted_in() {
    for (partition, region, domain) in
        [("aws-us-gov", "us-gov-west-1", "amazonaws.com"), ("aws-cn", "cn-north-1", "amazonaws.com.cn")]
    {
        let role = format!("arn:{partition}:iam::{OTHER_ACCOUNT}:role/eks-nlb-sync");
        let variables = [("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)];
        let (function, (home, away)) = Function::start_in_with(&variables, |world| {
            world.add_role(&role);
            let at = |account| Scope::new(account, region);
            (payments_in(world, &at(HOME_ACCOUNT)), payments_in(world, &at(OTHER_ACCOUNT)))
        })
        .await;

        for (event, frontend) in [("{}".to_owned(), home), (json!({"roleArn": role}).to_string(), away)] {
            let report = function.answer(&event).await;

            assert_eq!(report["region"], region);
            let changed = reported(&report, &frontend);
            assert_eq!(changed["outcome"], "changed", "{partition}");
            assert!(
                changed["targetGroup"]
                    .as_str()
                    .is_some_and(|arn| arn.starts_with(&format!("arn:{partition}:")))
            );
            assert!(changed["host"].as_str().is_some_and(|host| host.ends_with(domain)), "{changed}");
        }
    }
}

#[tokio::test]
async fn an_sts_that_cannot_be_reached_is_named_with_the_remedy() {
    let sim = Simulator::start().await;
    two_accounts(&mut sim.world());
    let url = format!("http://{}", closed_address().expect("a free port"));
    let function = Function::start_with(sim, &[ONE_ATTEMPT, ("AWS_ENDPOINT_URL_STS", &url)]).await;

    let (error_type, message) = function.error(&as_role(Some("secret-1"))).await;

    assert_eq!(error_type, "DiscoveryFailed");
    for word in ["sts:AssumeRole", "NAT gateway", "interface endpoints"] {
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(function.world().requests().len(), 0);
}
