//! Which frontends are skipped, and which fail before DNS is asked: each with
//! its reason or code, nothing written, and the others served.

mod failed;

use eks_nlb_simulator::world::{ClusterSpec, ClusterStatus, Protocol, TargetGroupSpec, TargetType};
use eks_nlb_simulator::{Frontend, Simulator, World};
use serde_json::json;

use crate::cases::*;
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
    // The excluding tag decides even if the cluster's name is invalid.
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
const SKIPPED_BY_EKS: [Case; 7] = [
    ("clusterNotReady", |world, cluster, _| set_status(world, cluster, ClusterStatus::Creating)),
    ("clusterNotReady", |world, cluster, _| set_status(world, cluster, ClusterStatus::Deleting)),
    ("clusterNotReady", |world, cluster, _| set_status(world, cluster, ClusterStatus::Pending)),
    ("clusterNotReady", |world, cluster, _| world.cluster_mut(cluster).endpoint = None),
    ("clusterNotReady", |world, cluster, _| world.cluster_mut(cluster).endpoint = Some(String::new())),
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
        let (function, report) = run_cases(&[BY_DNS], cases).await;

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

    // A wrong name on the load balancer affects only target groups without a
    // name of their own.
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
