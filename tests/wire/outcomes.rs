//! Which frontends are skipped, and which fail before DNS is asked: each with
//! its reason or code, nothing written, and the others served.

use eks_nlb_simulator::world::{ClusterSpec, ClusterStatus, Protocol, TargetGroupSpec, TargetType};
use eks_nlb_simulator::{Frontend, Simulator, World};
use serde_json::json;

use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// How often EKS was asked about a cluster.
fn descriptions(world: &World, cluster: &str) -> usize {
    let calls = world.requests_of("DescribeCluster").into_iter();
    calls.filter(|call| call.parameter("name") == Some(cluster)).count()
}

fn set_status(world: &mut World, cluster: &str, status: ClusterStatus) {
    world.cluster_mut(cluster).status = status;
}

fn set_protocol(world: &mut World, frontend: &Frontend, protocol: Protocol) {
    world.target_group_mut(&frontend.target_group).protocol = Some(protocol);
}

fn set_type(world: &mut World, frontend: &Frontend, target_type: TargetType) {
    world.target_group_mut(&frontend.target_group).target_type = target_type;
}

fn tag_group(world: &mut World, frontend: &Frontend, key: &str, value: &str) {
    world.target_group_mut(&frontend.target_group).tags.insert(key.to_owned(), value.to_owned());
}

fn tag_load_balancer(world: &mut World, frontend: &Frontend, key: &str, value: &str) {
    world.load_balancer_mut(&frontend.load_balancer).tags.insert(key.to_owned(), value.to_owned());
}

/// Skipped without asking EKS.
const SKIPPED_AT_ONCE: [Case; 9] = [
    ("targetTypeNotIp", |world, _, frontend| set_type(world, frontend, TargetType::Instance)),
    ("targetTypeNotIp", |world, _, frontend| set_type(world, frontend, TargetType::Alb)),
    ("targetTypeNotIp", |world, _, frontend| {
        let group = world.target_group_mut(&frontend.target_group);
        (group.target_type, group.protocol, group.port, group.vpc) = (TargetType::Lambda, None, None, None);
    }),
    ("protocolNotTcp", |world, _, frontend| set_protocol(world, frontend, Protocol::Udp)),
    ("protocolNotTcp", |world, _, frontend| set_protocol(world, frontend, Protocol::TcpUdp)),
    ("protocolNotTcp", |world, _, frontend| set_protocol(world, frontend, Protocol::Https)),
    ("excludedByTag", |world, _, frontend| tag_group(world, frontend, "eks-nlb-sync", "disabled")),
    // A tag that excludes decides even where the cluster's name is of no use.
    ("excludedByTag", |world, _, frontend| {
        tag_group(world, frontend, "eks-nlb-sync", "disabled");
        tag_group(world, frontend, "cluster_name", "no/cluster");
    }),
    ("notTagged", |world, _, frontend| {
        let spec = TargetGroupSpec::ip(&frontend.load_balancer).tag("eks-nlb-sync", "enabled");
        world.add_target_group(spec.tag("cluster_name", "uninvolved"));
    }),
];

/// Skipped by what EKS says.
const SKIPPED_BY_EKS: [Case; 6] = [
    ("clusterNotReady", |world, cluster, _| set_status(world, cluster, ClusterStatus::Creating)),
    ("clusterNotReady", |world, cluster, _| set_status(world, cluster, ClusterStatus::Deleting)),
    ("clusterNotReady", |world, cluster, _| set_status(world, cluster, ClusterStatus::Pending)),
    ("clusterNotReady", |world, cluster, _| world.cluster_mut(cluster).endpoint = None),
    ("clusterNotReady", |world, cluster, _| {
        world.delete_cluster(cluster);
        let spec = ClusterSpec::new(cluster, PAYMENTS);
        world.create_cluster(ClusterSpec { connector: Some("EKS_ANYWHERE".to_owned()), ..spec });
    }),
    ("localCluster", |world, cluster, _| {
        let outpost = "arn:aws:outposts:eu-west-1:111122223333:outpost/op-0123456789abcdef0";
        world.cluster_mut(cluster).outpost = Some(outpost.to_owned());
    }),
];

#[tokio::test]
async fn what_is_not_to_be_synced_is_skipped_with_its_reason() {
    for (cases, asked) in [(&SKIPPED_AT_ONCE[..], 0), (&SKIPPED_BY_EKS, 1)] {
        let (function, report) = run_cases(&[], cases).await;

        assert_eq!(report["summary"]["skipped"], cases.len(), "{report:#}");
        for (n, (reason, _)) in cases.iter().enumerate() {
            let skipped = of_case(&report, n);
            assert_eq!(skipped["outcome"], "skipped", "{n}: {report:#}");
            assert_eq!(skipped["reason"], *reason, "{n}");
            assert_eq!(descriptions(&function.world(), &case_cluster(n)), asked, "{n}: {reason}");
        }
        assert_eq!(names_asked_for(&function.world()).len(), 1, "DNS is not asked in vain");
    }
}

#[tokio::test]
async fn only_the_excluding_tag_excludes_and_only_its_own_group() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        tag_group(world, &frontend, "eks-nlb-sync", "Disabled");
        tag_group(world, &frontend, "disabled", "eks-nlb-sync");
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).excluded());
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    assert_eq!(report["summary"]["skipped"], 1);
    assert_only_written(&function.world(), &frontend);
}

/// A weighted blue and green group, or another team's group on another port.
#[tokio::test]
async fn beside_a_tagged_target_group_the_others_are_left_alone() {
    let (function, (tagged, others)) = Function::start_in(|world| {
        let plain = busy_payments(world);
        let spec = |port| TargetGroupSpec { port: Some(port), ..TargetGroupSpec::ip(&plain.load_balancer) };
        let tagged = world.add_target_group(spec(443).tag("eks-nlb-sync", "enabled"));
        let otherwise = world.add_target_group(spec(8443).tag("eks-nlb-sync", "yes"));
        (Frontend { target_group: tagged, ..plain.clone() }, [plain.target_group, otherwise])
    })
    .await;

    let report = function.sync().await;

    for group in others {
        let other = Frontend { target_group: group, ..tagged.clone() };
        assert_eq!(reported(&report, &other)["reason"], "notTagged", "{report:#}");
    }
    assert_only_written(&function.world(), &tagged);

    // Where none is tagged any more, every one is served.
    function.world().target_group_mut(&tagged.target_group).tags.clear();
    let report = function.sync().await;
    assert_eq!(report["summary"]["skipped"], 0, "{report:#}");
}

/// The first tag of `NLB_TAG` is the one that counts.
#[tokio::test]
async fn a_target_group_is_tagged_by_the_first_tag_of_the_selector() {
    let variables = [("NLB_TAG", "managed-by=sync,team")];
    let (function, (first, second)) = Function::start_in_with(&variables, |world| {
        let first = payments(world);
        tag_load_balancer(world, &first, "managed-by", "sync");
        tag_load_balancer(world, &first, "team", "platform");
        tag_group(world, &first, "managed-by", "sync");
        let spec = TargetGroupSpec::ip(&first.load_balancer).tag("team", "platform");
        let second = Frontend { target_group: world.add_target_group(spec), ..first.clone() };
        (first, second)
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &first)["outcome"], "changed");
    assert_eq!(reported(&report, &second)["reason"], "notTagged");
}

#[tokio::test]
async fn a_target_groups_own_cluster_decides_whatever_its_load_balancer_says() {
    let (function, (blue, green)) = Function::start_in(|world| {
        world.add_cluster("green", ["10.4.0.1", "10.4.1.1"]);
        let blue = payments(world);
        let green = TargetGroupSpec::ip(&blue.load_balancer).tag("cluster_name", "green");
        let green = Frontend { target_group: world.add_target_group(green), ..blue.clone() };
        (blue, green)
    })
    .await;

    let report = function.sync().await;

    assert_eq!(reported(&report, &blue)["cluster"], "payments");
    assert_eq!(reported(&report, &green)["cluster"], "green");
    assert_eq!(reported(&report, &green)["desired"], json!(["10.4.0.1", "10.4.1.1"]));

    // A mistaken name on the load balancer repoints only what has no own name.
    tag_load_balancer(&mut function.world(), &green, "cluster_name", "payments-2");
    tag_group(&mut function.world(), &blue, "cluster_name", "payments");
    let report = function.sync().await;
    assert_eq!(report["summary"]["converged"], 2, "{report:#}");

    // An empty tag names nothing, so the load balancer's does.
    tag_group(&mut function.world(), &blue, "cluster_name", "");
    let report = function.sync_with_failures().await;
    assert_eq!(code(reported(&report, &blue)), "ClusterNotFound");
    assert_eq!(reported(&report, &blue)["cluster"], "payments-2");
}

/// Fails without asking EKS, and without a name to ask for.
const FAILED_BY_TAG: [Case; 11] = [
    ("MissingClusterName", |world, _, frontend| {
        world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name");
    }),
    ("MissingClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "")),
    ("InvalidClusterName", |world, _, frontend| tag_group(world, frontend, "cluster_name", "no/cluster")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "a b")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "../a")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "a%2f")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "-a")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", " ")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "ä")),
    ("InvalidClusterName", |world, _, frontend| tag_load_balancer(world, frontend, "cluster_name", "p?a")),
    ("InvalidClusterName", |world, _, frontend| {
        tag_load_balancer(world, frontend, "cluster_name", &"a".repeat(101));
    }),
];

#[tokio::test]
async fn a_name_that_eks_would_not_give_never_reaches_eks() {
    let (function, report) = run_cases(&[], &FAILED_BY_TAG).await;

    for (n, (expected, _)) in FAILED_BY_TAG.iter().enumerate() {
        let failed = of_case(&report, n);
        assert_eq!(code(failed), *expected, "{n}");
        assert!(message(failed).contains("cluster_name"), "{}", message(failed));
        assert_eq!(failed.get("cluster"), None, "{n}");
    }
    let world = function.world();
    let eks = world.requests().iter().filter(|request| request.service == "eks");
    assert_eq!(eks.count(), 1, "only the other cluster is asked about");
}

/// Fails by what EKS says, before DNS is asked.
const FAILED_BY_EKS: [Case; 12] = [
    ("ClusterNotFound", |world, cluster, _| world.delete_cluster(cluster)),
    ("ClusterFailed", |world, cluster, _| set_status(world, cluster, ClusterStatus::Failed)),
    ("PrivateAccessDisabled", |world, cluster, _| {
        let public = world.cluster_mut(cluster);
        (public.private_access, public.public_access) = (false, true);
        world.publish(cluster);
    }),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "http://payments.example.com")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "payments.example.com")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://10.0.1.10")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://[fd00::1]")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://localhost")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://pay_ments.example.com")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://payments..example.com")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://169.254.169.254")),
    ("AwsRejected", |world, cluster, _| set_endpoint(world, cluster, "https://2852039166")),
];

fn set_endpoint(world: &mut World, cluster: &str, url: &str) {
    world.cluster_mut(cluster).endpoint = Some(url.to_owned());
}

#[tokio::test]
async fn a_cluster_without_an_endpoint_to_follow_fails_and_is_not_resolved() {
    let (function, report) = run_cases(&[], &FAILED_BY_EKS).await;

    for (n, (expected, _)) in FAILED_BY_EKS.iter().enumerate() {
        let failed = of_case(&report, n);
        assert_eq!(code(failed), *expected, "{n}: {}", message(failed));
        assert_eq!(failed["cluster"], case_cluster(n));
        assert!(message(failed).contains(&case_cluster(n)), "{}", message(failed));
    }
    let world = function.world();
    assert_eq!(names_asked_for(&world).len(), 1, "{:?}", world.dns.questions());
}

#[tokio::test]
async fn a_load_balancer_without_a_target_group_fails() {
    let failed = fails(|world, frontend| world.delete_target_group(&frontend.target_group)).await;

    assert_eq!(failed.code(), "NoTargetGroup");
    assert_eq!(failed.reported["cluster"], "payments");
    assert_eq!(failed.reported.get("targetGroup"), None);
    assert_eq!(descriptions(&failed.function.world(), "payments"), 0, "EKS is not asked in vain");
}

#[tokio::test]
async fn an_endpoint_is_followed_however_its_name_ends() {
    const ENDPOINTS: [(&str, &str); 4] = [
        ("https://ABC.gr7.eu-west-1.eks.amazonaws.com/", "ABC.gr7.eu-west-1.eks.amazonaws.com"),
        ("https://abc.sk1.cn-north-1.eks.amazonaws.com.cn", "abc.sk1.cn-north-1.eks.amazonaws.com.cn"),
        ("https://abc.eks-cluster.eu-west-1.api.aws:443", "abc.eks-cluster.eu-west-1.api.aws"),
        ("https://abc.eks.us-iso-east-1.c2s.ic.gov", "abc.eks.us-iso-east-1.c2s.ic.gov"),
    ];
    // The longest name that EKS gives.
    let name = |n: usize| format!("{n}{}", "a".repeat(99));
    let (function, frontends) = Function::start_in(|world| {
        let mut add = |(n, (endpoint, _)): (usize, &(&str, &str))| {
            world.add_cluster(&name(n), PAYMENTS);
            set_endpoint(world, &name(n), endpoint);
            // When addresses move, EKS says so.
            set_status(world, &name(n), ClusterStatus::Updating);
            world.publish(&name(n));
            world.add_frontend(&name(n))
        };
        ENDPOINTS.iter().enumerate().map(&mut add).collect::<Vec<_>>()
    })
    .await;

    let report = function.sync().await;

    for (frontend, (_, host)) in frontends.iter().zip(ENDPOINTS) {
        assert_eq!(reported(&report, frontend)["outcome"], "changed", "{host}");
        assert_eq!(reported(&report, frontend)["host"], host);
    }
}

#[tokio::test]
async fn a_status_that_is_new_is_nothing_to_act_on() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let hibernating = |_: &str, answer: String| answer.replace("ACTIVE", "HIBERNATING");
    let relay = Relay::of_aws(&sim, Afterwards::Kept, hibernating).await;
    let function = Function::start_with(sim, &[("AWS_ENDPOINT_URL", &relay.url())]).await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &frontend)), "AwsRejected");
    assert!(message(reported(&report, &frontend)).contains("HIBERNATING"), "{report:#}");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn a_cluster_that_no_load_balancer_carries_fails_by_name() {
    let (function, frontend) = Function::start_in(payments).await;

    let answer = function.invoke(r#"{"clusters": ["payments", "paymints"]}"#).await;

    assert_eq!(answer.error().0, "FrontendsFailed");
    let report = function.last_report().await;
    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    let unknown = &report["frontends"][0];
    assert_eq!(code(unknown), "ClusterNotSelected");
    assert_eq!(unknown["cluster"], "paymints");
    assert_eq!(unknown.get("loadBalancer"), None);
    assert_eq!(report["summary"]["failed"], 1);
    assert_eq!(descriptions(&function.world(), "paymints"), 0);
}
