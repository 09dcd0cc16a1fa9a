//! What the AWS SDK understands of the answers.

use std::collections::BTreeSet;

use aws_sdk_eks::error::ProvideErrorMetadata;
use aws_sdk_eks::types::ClusterStatus as EksStatus;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerTypeEnum, ProtocolEnum, TargetDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
    TargetTypeEnum,
};
use eks_nlb_simulator::world::{
    ClusterSpec, ClusterStatus, LoadBalancerKind, LoadBalancerSpec, Scope, TargetGroupSpec,
};
use eks_nlb_simulator::{Options, Simulator};

use crate::clients;

#[tokio::test]
async fn load_balancers_and_target_groups_are_described() {
    let sim = Simulator::start().await;
    let frontend = {
        let mut world = sim.world();
        world.add_cluster("payments", ["10.0.1.10"]);
        world.add_load_balancer(LoadBalancerSpec {
            kind: LoadBalancerKind::Application,
            ..LoadBalancerSpec::network("website")
        });
        world.add_frontend("payments")
    };
    let elb = clients::elb(&sim);

    let listed = elb.describe_load_balancers().send().await.expect("listed");
    let listed: Vec<_> = listed.load_balancers().iter().collect();
    assert_eq!(listed.len(), 2);
    let nlb = listed.iter().find(|lb| lb.r#type() == Some(&LoadBalancerTypeEnum::Network));
    let nlb = nlb.expect("a network load balancer");
    assert_eq!(nlb.load_balancer_arn(), Some(frontend.load_balancer.as_str()));
    assert_eq!(nlb.availability_zones().len(), 3);

    let groups = elb.describe_target_groups().send().await.expect("listed");
    let [group] = groups.target_groups() else {
        panic!("one target group: {groups:?}");
    };
    assert_eq!(group.target_group_arn(), Some(frontend.target_group.as_str()));
    assert_eq!(group.load_balancer_arns(), std::slice::from_ref(&frontend.load_balancer));
    assert_eq!((group.protocol(), group.port()), (Some(&ProtocolEnum::Tcp), Some(443)));
    assert_eq!(group.target_type(), Some(&TargetTypeEnum::Ip));
    assert_eq!(group.vpc_id(), nlb.vpc_id());
}

#[tokio::test]
async fn listings_come_in_pages() {
    let sim = Simulator::start().await;
    let arns: BTreeSet<String> = {
        let mut world = sim.world();
        world.page_cap = 3;
        (0..8).map(|n| world.add_load_balancer(LoadBalancerSpec::network(&format!("nlb-{n}")))).collect()
    };
    let pages = clients::elb(&sim).describe_load_balancers().page_size(400).into_paginator();

    let items = pages.items().send().collect::<Result<Vec<_>, _>>().await.expect("listed");

    let listed: BTreeSet<String> = items.iter().filter_map(|lb| lb.load_balancer_arn.clone()).collect();
    assert_eq!(listed, arns);
    assert_eq!(items.len(), 8);
    let world = sim.world();
    assert_eq!(world.count("DescribeLoadBalancers"), 3);
    assert!(world.requests().iter().all(|request| request.parameter("PageSize") == Some("400")));
}

#[tokio::test]
async fn tags_are_described_and_unknown_resources_are_errors() {
    let sim = Simulator::start().await;
    let frontend = sim.world().add_frontend("<payments> & co");
    let elb = clients::elb(&sim);
    let ask =
        || elb.describe_tags().resource_arns(&frontend.load_balancer).resource_arns(&frontend.target_group);

    let told = ask().send().await.expect("described");
    let [of_balancer, of_group] = told.tag_descriptions() else {
        panic!("two: {told:?}");
    };
    let tags: Vec<_> = of_balancer.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(
        tags,
        [(Some("cluster_name"), Some("<payments> & co")), (Some("eks-nlb-sync"), Some("enabled"))]
    );
    assert!(of_group.tags().is_empty());

    sim.world().delete_target_group(&frontend.target_group);
    let error = ask().send().await.expect_err("one is gone").into_service_error();
    assert!(error.is_target_group_not_found_exception(), "{error:?}");
    sim.world().delete_load_balancer(&frontend.load_balancer);
    let error = ask().send().await.expect_err("both are gone").into_service_error();
    assert!(error.is_load_balancer_not_found_exception(), "{error:?}");
}

#[tokio::test]
async fn targets_are_registered_described_and_deregistered() {
    let sim = Simulator::start().await;
    let group = {
        let mut world = sim.world();
        world.add_cluster("payments", ["10.0.1.10"]);
        world.add_frontend("payments").target_group
    };
    let elb = clients::elb(&sim);
    let target = |id: &str| TargetDescription::builder().id(id).port(443).build();
    let register = |target| elb.register_targets().target_group_arn(&group).targets(target).send();

    register(target("10.0.1.10")).await.expect("registered");
    let told = elb.describe_target_health().target_group_arn(&group).send().await.expect("described");
    let [described] = told.target_health_descriptions() else {
        panic!("one target: {told:?}");
    };
    assert_eq!(described.target().map(|t| (t.id(), t.port())), Some((Some("10.0.1.10"), Some(443))));
    let health = described.target_health().expect("health");
    assert_eq!(health.state(), Some(&TargetHealthStateEnum::Initial));
    assert_eq!(health.reason(), Some(&TargetHealthReasonEnum::RegistrationInProgress));

    let error = register(target("203.0.113.7")).await.expect_err("public").into_service_error();
    assert!(error.is_invalid_target_exception(), "{error:?}");
    let error = register(target("10.9.9.9")).await.expect_err("outside").into_service_error();
    assert_eq!(error.code(), Some("ValidationError"));

    let done = elb.deregister_targets().target_group_arn(&group).targets(target("10.0.1.10")).send().await;
    done.expect("deregistered");
    let states: Vec<_> = sim.world().targets(&group).into_iter().map(|(id, s)| format!("{id} {s}")).collect();
    assert_eq!(states, ["10.0.1.10:443 draining"]);
}

#[tokio::test]
async fn clusters_are_described_with_and_without_an_endpoint() {
    let sim = Simulator::start().await;
    {
        let mut world = sim.world();
        world.add_cluster("payments", ["10.0.1.10"]);
        world.create_cluster(ClusterSpec {
            status: ClusterStatus::Creating,
            ..ClusterSpec::new("new", ["10.0.1.10"])
        });
        world.create_cluster(ClusterSpec {
            outpost: Some("arn:aws:outposts:eu-west-1:111122223333:outpost/op-1".to_owned()),
            ..ClusterSpec::new("local", ["10.0.1.10"])
        });
        world.create_cluster(ClusterSpec {
            connector: Some("EKS_ANYWHERE".to_owned()),
            ..ClusterSpec::new("connected", ["10.0.1.10"])
        });
    }
    let eks = clients::eks(&sim);
    let describe = async |name: &str| {
        let told = eks.describe_cluster().name(name).send().await.expect("described");
        told.cluster.expect("a cluster")
    };

    let payments = describe("payments").await;
    assert_eq!(payments.status(), Some(&EksStatus::Active));
    let host = sim.world().host("payments");
    assert_eq!(payments.endpoint(), Some(format!("https://{host}").as_str()));
    assert!(host.ends_with(".gr7.eu-west-1.eks.amazonaws.com"), "{host}");
    let access = payments.resources_vpc_config().expect("a VPC");
    assert!(access.endpoint_private_access() && !access.endpoint_public_access());

    let new = describe("new").await;
    assert_eq!((new.status(), new.endpoint()), (Some(&EksStatus::Creating), None));
    assert!(describe("local").await.outpost_config().is_some());
    let connected = describe("connected").await;
    assert!(connected.resources_vpc_config().is_none() && connected.connector_config().is_some());

    let error = eks.describe_cluster().name("gone").send().await.expect_err("no such cluster");
    assert!(error.into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn a_role_acts_in_its_own_account_and_region() {
    let sim = Simulator::start().await;
    let elsewhere = Scope::new("444455556666", "us-east-1");
    let theirs = {
        let mut world = sim.world();
        world.add_role("arn:aws:iam::444455556666:role/sync");
        world.add_frontend("ours");
        world.add_frontend_in(&elsewhere, "theirs")
    };
    let assume = |role: &str| clients::sts(&sim).assume_role().role_arn(role).role_session_name("s").send();

    let assumed = assume("arn:aws:iam::444455556666:role/sync").await.expect("assumed");
    let credentials = assumed.credentials.expect("credentials");
    let token = Some(credentials.session_token);
    let elb = clients::elb_as(&sim, "us-east-1", &credentials.access_key_id, token);
    let listed = elb.describe_target_groups().send().await.expect("listed");
    let arns: Vec<_> = listed.target_groups().iter().filter_map(|g| g.target_group_arn()).collect();
    assert_eq!(arns, [theirs.target_group]);

    let error = assume("arn:aws:iam::444455556666:role/other").await.expect_err("unknown");
    assert_eq!(error.into_service_error().code(), Some("AccessDenied"));
    let nobody = clients::elb_as(&sim, "us-east-1", "AKIANOBODY", None);
    let error = nobody.describe_target_groups().send().await.expect_err("unknown");
    assert_eq!(error.into_service_error().code(), Some("InvalidClientTokenId"));
}

#[tokio::test]
async fn https_is_trusted_with_the_authority_that_the_environment_names() {
    let sim = Simulator::start_with(Options { https: true, ..Options::default() }).await.expect("started");
    let env = sim.env();
    let variable = |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let pem = std::fs::read(variable("SSL_CERT_FILE").expect("set")).expect("readable");
    assert_eq!(variable("AWS_ENDPOINT_URL"), Some(sim.endpoint_url()));

    let listed = clients::elb_over_https(&sim, pem).describe_load_balancers().send().await;
    assert!(listed.is_ok(), "{listed:?}");

    let other = Simulator::start_with(Options { https: true, ..Options::default() }).await.expect("started");
    let env = other.env();
    let path = env.iter().find(|(key, _)| key == "SSL_CERT_FILE").map(|(_, value)| value.clone());
    let pem = std::fs::read(path.expect("set")).expect("readable");
    let listed = clients::elb_over_https(&sim, pem).describe_load_balancers().send().await;
    assert!(listed.is_err(), "another authority");
}

#[tokio::test]
async fn target_groups_of_one_load_balancer_are_listed() {
    let sim = Simulator::start().await;
    let frontend = {
        let mut world = sim.world();
        world.add_frontend("other");
        let frontend = world.add_frontend("payments");
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).lambda());
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).unattached());
        frontend
    };
    let elb = clients::elb(&sim);
    let listed = elb.describe_target_groups().load_balancer_arn(&frontend.load_balancer).send().await;

    let listed = listed.expect("listed");
    let mut kinds: Vec<_> = listed.target_groups().iter().map(|g| (g.target_type(), g.port())).collect();
    kinds.sort_by_key(|(_, port)| *port);
    assert_eq!(kinds, [(Some(&TargetTypeEnum::Lambda), None), (Some(&TargetTypeEnum::Ip), Some(443))]);
}
