//! Every reason of the report, where it occurs: `explain` answers what is
//! happening, whether clients are cut off, and what to do.

use std::collections::BTreeSet;

use eks_nlb_simulator::world::{
    ClusterSpec, ClusterStatus, LoadBalancerSpec, Protocol, Reply, Scheme, TargetGroupSpec,
};
use eks_nlb_simulator::{Fault, Health, World};

use eks_nlb_sync::reasons::{FailureCode, SkipReason, WithholdReason};

mod causes;

use crate::support::*;
use causes::*;

/// A reason, the settings under which it occurs, its cause, and the name that an
/// operator gives to `explain`.
struct Case {
    reason: &'static str,
    settings: &'static [(&'static str, &'static str)],
    cause: fn(&mut World),
    asks: &'static str,
    /// The answer to whether clients are cut off.
    cut_off: &'static str,
}

const NOT_READ: &str = "unknown: a run does not read the targets of such a group";
const EMPTY: &str = "yes: the target group is empty";
const SERVED: &str = "no: 2 of 2 targets are healthy";

const fn case(reason: &'static str, cause: fn(&mut World), cut_off: &'static str) -> Case {
    Case {
        reason,
        settings: &[("AWS_MAX_ATTEMPTS", "1"), ("DNS_TIMEOUT_MS", "300")],
        cause,
        asks: "payments",
        cut_off,
    }
}

const CASES: &[Case] = &[
    case(
        "waitingForHealthyReplacement",
        |world| {
            served(world);
            world.rotate("payments", ["10.0.3.12", "10.0.4.13"]);
        },
        SERVED,
    ),
    Case {
        settings: &[("ADDRESS_SOURCE", "dns+eni")],
        ..case(
            "namedByOneSource",
            |world| {
                served(world);
                let host = world.host("payments");
                world.set_health("10.0.2.11", Health::Never);
                world.dns.set(&host, ["10.0.1.10"]);
            },
            "yes, in eu-west-1b: no target there is healthy (1 of 2 targets is healthy)",
        )
    },
    Case {
        settings: &[("ADDRESS_SOURCE", "auto"), ("DNS_TIMEOUT_MS", "300")],
        ..case(
            "sourceUnavailable",
            |world| {
                let frontend = payments(world);
                world.put_targets(&frontend.target_group, ["10.0.1.12"]);
                let host = world.host("payments");
                world.dns.set(&host, Reply::ServerFailure);
            },
            "no: 3 of 3 targets are healthy",
        )
    },
    Case {
        settings: &[("SYNC_POLICY", "add-only")],
        ..case(
            "addOnlyPolicy",
            |world| {
                served(world);
                world.rotate("payments", ["10.0.2.11", "10.0.3.12"]);
            },
            SERVED,
        )
    },
    case("targetTypeNotIp", |world| group(world, TargetGroupSpec::lambda), NOT_READ),
    case(
        "protocolNotTcp",
        |world| group(world, |spec| TargetGroupSpec { protocol: Some(Protocol::Udp), ..spec }),
        NOT_READ,
    ),
    case("excludedByTag", |world| group(world, TargetGroupSpec::excluded), EMPTY),
    case(
        "ownedByController",
        |world| group(world, |spec| spec.tag("elbv2.k8s.aws/cluster", "tools")),
        NOT_READ,
    ),
    case(
        "notTagged",
        |world| {
            let frontend = payments(world);
            world.add_target_group(
                TargetGroupSpec::ip(&frontend.load_balancer).tag("eks-nlb-sync", "enabled"),
            );
        },
        SERVED,
    ),
    case(
        "clusterNotReady",
        |world| cluster(world, |spec| ClusterSpec { status: ClusterStatus::Creating, ..spec }),
        EMPTY,
    ),
    case(
        "localCluster",
        |world| {
            cluster(world, |spec| ClusterSpec {
                outpost: Some("arn:aws:outposts:eu-west-1:111122223333:outpost/op-1".to_owned()),
                ..spec
            });
        },
        EMPTY,
    ),
    Case {
        asks: "nlb-payments",
        ..case(
            "MissingClusterName",
            |world| {
                let spec = LoadBalancerSpec::managed("payments").without_tag("cluster_name");
                let load_balancer = world.add_load_balancer(spec);
                world.add_target_group(TargetGroupSpec::ip(&load_balancer));
            },
            EMPTY,
        )
    },
    Case {
        asks: "nlb-payments",
        ..case(
            "InvalidClusterName",
            |world| {
                let spec = LoadBalancerSpec::managed("payments").tag("cluster_name", "arn:aws:eks:payments");
                let load_balancer = world.add_load_balancer(spec);
                world.add_target_group(TargetGroupSpec::ip(&load_balancer));
            },
            EMPTY,
        )
    },
    case(
        "NoTargetGroup",
        |world| {
            world.add_load_balancer(LoadBalancerSpec::managed("payments"));
        },
        "yes: the load balancer has no target group",
    ),
    case(
        "InternetFacing",
        |world| {
            let frontend = payments(world);
            world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing;
        },
        SERVED,
    ),
    Case { settings: &[("CLUSTER_TAG", "nlb=allowed")], ..case("ClusterNotTagged", served, SERVED) },
    case(
        "ClusterNotFound",
        |world| {
            served(world);
            world.delete_cluster("payments");
        },
        SERVED,
    ),
    case(
        "ClusterFailed",
        |world| cluster(world, |spec| ClusterSpec { status: ClusterStatus::Failed, ..spec }),
        EMPTY,
    ),
    case(
        "PrivateAccessDisabled",
        |world| cluster(world, |spec| ClusterSpec { private_access: false, public_access: true, ..spec }),
        EMPTY,
    ),
    case(
        "DnsNoRecords",
        |world| {
            served(world);
            let host = world.host("payments");
            world.dns.remove(&host);
        },
        SERVED,
    ),
    case("DnsFailed", |world| dns(world, Reply::ServerFailure), SERVED),
    case("DnsTimeout", |world| dns(world, Reply::Silence), SERVED),
    Case {
        settings: &[("ADDRESS_SOURCE", "eni")],
        ..case(
            "InterfacesNotFound",
            |world| {
                served(world);
                world.remove_interfaces_at("10.0.1.10");
            },
            SERVED,
        )
    },
    Case {
        settings: &[("ADDRESS_SOURCE", "dns+eni")],
        ..case(
            "SourcesDisagree",
            |world| {
                served(world);
                let host = world.host("payments");
                world.dns.set(&host, ["10.0.3.12", "10.0.4.13"]);
            },
            SERVED,
        )
    },
    case(
        "AddressNotAllowed",
        |world| {
            served(world);
            let host = world.host("payments");
            world.dns.set(&host, ["52.16.1.1", "52.16.1.2"]);
        },
        SERVED,
    ),
    case("AccessDenied", |world| fault(world, Fault::access_denied), SERVED),
    case("Throttled", |world| fault(world, Fault::throttle), SERVED),
    case("AwsUnreachable", |world| fault(world, Fault::reset), SERVED),
    case("AwsUnavailable", |world| fault(world, Fault::internal_failure), SERVED),
    case(
        "AwsRejected",
        |world| fault(world, |fault| fault.refuse(400, "InvalidParameterException", "no")),
        SERVED,
    ),
];

#[tokio::test]
async fn each_reason_is_explained_where_it_occurs() {
    for case in CASES {
        let desk = Desk::new(case.cause).await;

        let said = desk.run_with(case.settings, &["explain", case.asks]).await;

        assert_eq!(said.code, Some(0), "{}: {said:?}", case.reason);
        let text = words(&said.out);
        assert!(text.contains(&format!("Cut off {}", case.cut_off)), "{}: {}", case.reason, said.out);
        let (_, answers) = text.split_once(&format!("{} (", case.reason)).expect(case.reason);
        for question in ["What is happening", "Are clients cut off", "What to do"] {
            assert!(answers.contains(question), "{}: {}", case.reason, said.out);
        }
        assert_eq!(desk.writes(), 0);
    }
}

/// Reasons of runs that write or are limited; a plan does not have them.
const NOT_IN_A_PLAN: [&str; 6] = [
    "registrationFailed",
    "deregistrationFailed",
    "TooFewLoadBalancers",
    "ClusterNotSelected",
    "AddressInWrongVpc",
    "DeadlineExceeded",
];

#[test]
fn no_reason_is_forgotten() {
    let withheld = WithholdReason::ALL.iter().map(|one| one.as_str());
    let skipped = SkipReason::ALL.iter().map(|one| one.as_str());
    let failed = FailureCode::ALL.iter().map(|one| one.as_str());

    let told = CASES.iter().map(|case| case.reason).chain(NOT_IN_A_PLAN);
    assert_eq!(told.collect::<BTreeSet<_>>(), withheld.chain(skipped).chain(failed).collect());
}
