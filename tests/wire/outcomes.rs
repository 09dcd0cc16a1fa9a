//! Which frontends are skipped, and which fail before DNS is asked: each with
//! its reason or code, nothing written, and the others served.

use eks_nlb_simulator::world::{ClusterSpec, ClusterStatus, Protocol, TargetGroupSpec, TargetType};
use eks_nlb_simulator::{Frontend, Simulator, World};
use serde_json::json;

use crate::relay::{Afterwards, Relay};
use crate::support::*;

/// Makes a frontend one to be skipped: nothing of it is written, and another
/// frontend is served in the same run.
async fn skips(reason: &str, make: impl FnOnce(&mut World, &Frontend)) -> Function {
    let (function, (bystander, frontend)) = Function::start_in(|world| {
        let (bystander, frontend) = (bystander(world), busy_payments(world));
        make(world, &frontend);
        (bystander, frontend)
    })
    .await;

    let report = function.sync().await;

    let skipped = entry(&report, &frontend);
    assert_eq!(skipped["outcome"], "skipped", "{report:#}");
    assert_eq!(skipped["reason"], reason, "{report:#}");
    assert_eq!(skipped["cluster"], "payments");
    assert_eq!(report["summary"]["skipped"], 1);
    assert_eq!(entry(&report, &bystander)["outcome"], "changed", "{report:#}");
    assert_only_written(&function.world(), &bystander);
    function
}

/// How often EKS was asked about a cluster.
fn descriptions(world: &World, cluster: &str) -> usize {
    let calls = world.requests_of("DescribeCluster").into_iter();
    calls.filter(|call| call.parameter("name") == Some(cluster)).count()
}

#[tokio::test]
async fn targets_that_are_no_addresses_are_skipped() {
    for target_type in [TargetType::Instance, TargetType::Alb] {
        let change = |world: &mut World, frontend: &Frontend| {
            world.target_group_mut(&frontend.target_group).target_type = target_type;
        };
        let function = skips("targetTypeNotIp", change).await;
        assert_eq!(descriptions(&function.world(), "payments"), 0, "EKS is not asked in vain");
    }
    skips("targetTypeNotIp", |world, frontend| {
        let group = world.target_group_mut(&frontend.target_group);
        (group.target_type, group.protocol, group.port, group.vpc) = (TargetType::Lambda, None, None, None);
    })
    .await;
}

#[tokio::test]
async fn protocols_other_than_tcp_and_tls_are_skipped() {
    for protocol in [Protocol::Udp, Protocol::TcpUdp, Protocol::Http, Protocol::Https, Protocol::Geneve] {
        skips("protocolNotTcp", |world, frontend| {
            world.target_group_mut(&frontend.target_group).protocol = Some(protocol);
        })
        .await;
    }
}

#[tokio::test]
async fn a_target_group_that_is_excluded_is_skipped() {
    let function = skips("excludedByTag", |world, frontend| {
        let tags = &mut world.target_group_mut(&frontend.target_group).tags;
        tags.insert("eks-nlb-sync".to_owned(), "disabled".to_owned());
    })
    .await;

    let world = function.world();
    assert_eq!(descriptions(&world, "payments"), 0, "EKS is not asked in vain");
    assert_eq!(world.dns.questions().len(), 1, "nor is DNS: {:?}", world.dns.questions());
}

#[tokio::test]
async fn only_the_excluding_tag_excludes() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        let tags = &mut world.target_group_mut(&frontend.target_group).tags;
        tags.insert("eks-nlb-sync".to_owned(), "Disabled".to_owned());
        tags.insert("disabled".to_owned(), "eks-nlb-sync".to_owned());
        frontend
    })
    .await;

    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn an_excluded_target_group_does_not_exclude_its_neighbour() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).excluded());
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["skipped"], 1);
    assert_only_written(&function.world(), &frontend);
}

#[tokio::test]
async fn a_cluster_in_the_making_or_going_is_skipped() {
    for status in [ClusterStatus::Creating, ClusterStatus::Deleting, ClusterStatus::Pending] {
        let function =
            skips("clusterNotReady", |world, _| world.cluster_mut("payments").status = status).await;
        assert_eq!(function.world().dns.questions().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_cluster_without_an_endpoint_is_skipped() {
    skips("clusterNotReady", |world, _| world.cluster_mut("payments").endpoint = None).await;
}

#[tokio::test]
async fn a_connected_cluster_is_skipped() {
    skips("clusterNotReady", |world, _| {
        world.delete_cluster("payments");
        let spec = ClusterSpec::new("payments", PAYMENTS);
        world.create_cluster(ClusterSpec { connector: Some("EKS_ANYWHERE".to_owned()), ..spec });
    })
    .await;
}

#[tokio::test]
async fn a_local_cluster_is_skipped() {
    let function = skips("localCluster", |world, _| {
        let outpost = "arn:aws:outposts:eu-west-1:111122223333:outpost/op-0123456789abcdef0";
        world.cluster_mut("payments").outpost = Some(outpost.to_owned());
    })
    .await;

    assert_eq!(function.world().dns.questions().len(), 1, "its name is not asked for");
}

#[tokio::test]
async fn a_cluster_is_served_while_it_is_updating() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        world.cluster_mut("payments").status = ClusterStatus::Updating;
        frontend
    })
    .await;

    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_load_balancer_without_a_cluster_name_fails() {
    let spoil: [fn(&mut World, &Frontend); 2] = [
        |world, frontend| drop(world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name")),
        |world, frontend| name_cluster(world, frontend, ""),
    ];
    for spoil in spoil {
        let failed = fails(spoil).await;

        assert_eq!(failed.code(), "MissingClusterName");
        assert!(failed.message().contains("cluster_name"), "{}", failed.message());
        assert_eq!(failed.entry.get("cluster"), None);
    }
}

fn name_cluster(world: &mut World, frontend: &Frontend, name: &str) {
    let tags = &mut world.load_balancer_mut(&frontend.load_balancer).tags;
    tags.insert("cluster_name".to_owned(), name.to_owned());
}

#[tokio::test]
async fn a_cluster_name_that_eks_would_not_give_never_reaches_eks() {
    let too_long = "a".repeat(101);
    for name in [
        "pay/ments",
        "pay ments",
        "../payments",
        "payments%2f",
        "-payments",
        " ",
        "päyments",
        "p?a",
        &too_long,
    ] {
        let failed = fails(|world, frontend| name_cluster(world, frontend, name)).await;

        assert_eq!(failed.code(), "InvalidClusterName", "{name}");
        assert_eq!(failed.entry.get("cluster"), None, "{name}");
        let world = failed.function.world();
        let eks = world.requests().iter().filter(|request| request.service == "eks");
        assert_eq!(eks.count(), 1, "{name}: only the other cluster is asked about");
    }
}

#[tokio::test]
async fn the_longest_cluster_name_is_served() {
    let name = "a".repeat(100);
    let (function, frontend) = Function::start_in(|world| {
        world.add_cluster(&name, PAYMENTS);
        world.add_frontend(&name)
    })
    .await;

    assert_eq!(entry(&function.sync().await, &frontend)["outcome"], "changed");
}

#[tokio::test]
async fn a_load_balancer_without_a_target_group_fails() {
    let failed = fails(|world, frontend| world.delete_target_group(&frontend.target_group)).await;

    assert_eq!(failed.code(), "NoTargetGroup");
    assert_eq!(failed.entry["cluster"], "payments");
    assert_eq!(failed.entry.get("targetGroup"), None);
    assert_eq!(descriptions(&failed.function.world(), "payments"), 0, "EKS is not asked in vain");
}

#[tokio::test]
async fn a_cluster_that_eks_does_not_know_fails() {
    let failed = fails(|world, _| world.delete_cluster("payments")).await;

    assert_eq!(failed.code(), "ClusterNotFound");
    assert!(failed.message().contains("payments"), "{}", failed.message());
    assert_eq!(failed.entry.get("host"), None);
}

#[tokio::test]
async fn a_cluster_that_failed_fails() {
    let failed = fails(|world, _| world.cluster_mut("payments").status = ClusterStatus::Failed).await;

    assert_eq!(failed.code(), "ClusterFailed");
}

#[tokio::test]
async fn a_cluster_whose_endpoint_is_public_only_fails() {
    let failed = fails(|world, _| {
        let cluster = world.cluster_mut("payments");
        (cluster.private_access, cluster.public_access) = (false, true);
        world.publish("payments");
    })
    .await;

    assert_eq!(failed.code(), "PrivateAccessDisabled");
    assert_eq!(failed.function.world().dns.questions().len(), 1, "its name is not asked for");
}

#[tokio::test]
async fn an_endpoint_that_is_no_https_url_with_a_name_is_not_resolved() {
    for endpoint in [
        "http://payments.example.com",
        "payments.example.com",
        "https://10.0.1.10",
        "https://[fd00::1]",
        "https://localhost",
        "https://pay_ments.example.com",
        "https://payments..example.com",
        "https://169.254.169.254",
        "https://2852039166",
    ] {
        let failed =
            fails(|world, _| world.cluster_mut("payments").endpoint = Some(endpoint.to_owned())).await;

        assert_eq!(failed.code(), "AwsRejected", "{endpoint}");
        let world = failed.function.world();
        assert_eq!(world.dns.questions().len(), 1, "{endpoint}: {:?}", world.dns.questions());
    }
}

#[tokio::test]
async fn an_endpoint_is_taken_however_its_name_ends() {
    for (endpoint, host) in [
        ("https://ABC.gr7.eu-west-1.eks.amazonaws.com/", "ABC.gr7.eu-west-1.eks.amazonaws.com"),
        ("https://abc.sk1.cn-north-1.eks.amazonaws.com.cn", "abc.sk1.cn-north-1.eks.amazonaws.com.cn"),
        ("https://abc.eks-cluster.eu-west-1.api.aws:443", "abc.eks-cluster.eu-west-1.api.aws"),
        ("https://abc.eks.us-iso-east-1.c2s.ic.gov", "abc.eks.us-iso-east-1.c2s.ic.gov"),
    ] {
        let (function, frontend) = Function::start_in(|world| {
            let frontend = payments(world);
            world.cluster_mut("payments").endpoint = Some(endpoint.to_owned());
            world.publish("payments");
            frontend
        })
        .await;

        let report = function.sync().await;

        assert_eq!(entry(&report, &frontend)["outcome"], "changed", "{endpoint}");
        assert_eq!(entry(&report, &frontend)["host"], host, "{endpoint}");
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

    assert_eq!(code(entry(&report, &frontend)), "AwsRejected");
    assert!(message(entry(&report, &frontend)).contains("HIBERNATING"), "{report:#}");
    assert_eq!(function.world().writes().len(), 0);
}

#[tokio::test]
async fn a_cluster_that_no_load_balancer_carries_fails_by_name() {
    let (function, frontend) = Function::start_in(payments).await;

    let answer = function.invoke(r#"{"clusters": ["payments", "paymints"]}"#).await;

    assert_eq!(answer.error().0, "FrontendsFailed");
    let report = function.last_report().await;
    assert_eq!(entry(&report, &frontend)["outcome"], "changed");
    let unknown = &report["frontends"][0];
    assert_eq!(code(unknown), "ClusterNotSelected");
    assert_eq!(unknown["cluster"], "paymints");
    assert_eq!(unknown.get("loadBalancer"), None);
    assert_eq!(report["summary"]["failed"], 1);
    assert_eq!(descriptions(&function.world(), "paymints"), 0);
}

#[tokio::test]
async fn every_other_frontend_is_served_whichever_fail() {
    let (function, good) = Function::start_in(|world| {
        let mut good = Vec::new();
        for n in 0..12 {
            let name = format!("cluster-{n}");
            world.add_cluster(&name, [format!("10.{n}.0.1")]);
            let frontend = world.add_frontend(&name);
            match n % 4 {
                0 => world.delete_cluster(&name),
                1 => world.dns.set(&world.host(&name), ["203.0.113.1"]),
                _ => good.push(frontend),
            }
        }
        good
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(report["summary"]["failed"], 6);
    assert_eq!(report["summary"]["changed"], 6);
    for frontend in good {
        assert_eq!(entry(&report, &frontend)["outcome"], "changed");
        assert_ne!(entry(&report, &frontend)["registered"], json!([]));
    }
}
