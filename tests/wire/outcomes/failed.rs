//! Frontends that fail by their tags or by EKS.

use super::*;

/// Fails before EKS is called, for want of a cluster name.
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
    let (function, report) = run_cases(&[BY_DNS], &FAILED_BY_EKS).await;

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
