//! Other Regions, and other accounts by their roles.

use eks_nlb_simulator::world::{ClusterSpec, Scope};
use eks_nlb_simulator::{Fault, World};

use crate::setup::{OLD, frontend};
use crate::story::{MINUTE, Story};

const ROLE: &str = "arn:aws:iam::444455556666:role/eks-nlb-sync";
const BY_ROLE: &str = r#"{"roleArn": "arn:aws:iam::444455556666:role/eks-nlb-sync", "externalId": "fleet"}"#;

fn remote(world: &mut World, account: &str, region: &str) {
    let scope = Scope::new(account, region);
    let arn = world.create_cluster(ClusterSpec {
        scope: scope.clone(),
        ..ClusterSpec::new("remote", ["10.8.1.10", "10.8.2.11"])
    });
    assert!(arn.contains(region));
    world.add_frontend_in(&scope, "remote");
}

#[tokio::test(start_paused = true)]
async fn other_regions() {
    let mut story = Story::start("other_regions", "One function for two Regions").await;
    story.when("a cluster in each", |world| {
        frontend(world, "payments", OLD);
        remote(world, "111122223333", "us-east-1");
    });
    for event in [r#"{"region": "us-east-1"}"#, "{}", r#"{"region": "us-east-1"}"#, "{}"] {
        story.invoke(event).await;
    }
    story.when("nothing is listed in the other Region", |world| {
        world.plant(Fault::on("DescribeLoadBalancers").access_denied().times(1));
    });
    for event in [r#"{"region": "us-east-1"}"#, "{}", r#"{"region": "us-east-1"}"#] {
        story.invoke(event).await;
    }
    story.end();
}

#[tokio::test(start_paused = true)]
async fn other_accounts() {
    let mut story = Story::start("other_accounts", "A role of another account").await;
    story.when("a cluster there, and a role with an external id", |world| {
        remote(world, "444455556666", "eu-west-1");
        world.add_role_with(ROLE, Some("fleet"));
    });
    for _ in 0..3 {
        story.invoke(BY_ROLE).await;
    }
    story.when("43 minutes pass, and the credentials are still good for a run", |_| ());
    story.pass(MINUTE * 40).await;
    for _ in 0..4 {
        story.invoke(BY_ROLE).await;
    }
    story.when("EKS says that the token has expired, and then denies", |world| {
        let expired = Fault::on("DescribeCluster").times(1);
        world.plant(expired.refuse(
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ));
        world.plant(Fault::on("DescribeCluster").skip(1).times(1).access_denied());
    });
    for _ in 0..3 {
        story.invoke(BY_ROLE).await;
    }
    story.when("the sessions are revoked", World::revoke_sessions);
    for _ in 0..2 {
        story.invoke(BY_ROLE).await;
    }
    story.end();
}

#[tokio::test(start_paused = true)]
async fn roles_that_are_refused() {
    let mut story = Story::start("roles_that_are_refused", "Roles that cannot be assumed").await;
    story.when("there is no such role", |_| ());
    story.invoke(BY_ROLE).await;
    story.when("it wants another external id", |world| world.add_role_with(ROLE, Some("other")));
    story.invoke(BY_ROLE).await;
    story.when("STS throttles three times, and fails twice", |world| {
        world.add_role_with(ROLE, Some("fleet"));
        world.plant(Fault::on("AssumeRole").times(3).throttle());
        world.plant(Fault::on("AssumeRole").skip(3).times(2).unavailable());
    });
    story.invoke(BY_ROLE).await;
    story.when("STS is silent", |world| {
        world.revoke_sessions();
        world.plant(Fault::on("AssumeRole").silence());
    });
    story.invoke(BY_ROLE).await;
    story.invoke(BY_ROLE).await;
    story.end();
}
