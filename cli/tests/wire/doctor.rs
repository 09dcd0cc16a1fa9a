//! `eks-nlb doctor` finds each fault around the frontends, and reports none
//! where there is none.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use eks_nlb_simulator::world::{
    CLUSTER_OF_CONTROLLER_TAG, ClusterIssue, ClusterSpec, ClusterStatus, CrossZone, EndpointService, Family,
    Listener, LoadBalancerSpec, Measured, OverrideState, Protocol, Scheme, Scope, SecurityRule,
    TargetGroupSpec, TargetType, Threshold, security_group_of, usual_topic,
};
use eks_nlb_simulator::{Fault, Frontend, TargetState, World, authority_until, sample};
use serde_json::Value;

use crate::support::*;

/// `payments`, in service, and everything around it correct.
pub(crate) fn healthy(world: &mut World) -> Frontend {
    variable(world, "ADDRESS_SOURCE", "dns");
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let frontend = sample::frontend(world, "payments");
    world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
    frontend
}

/// The ids of the checks that ended with `status`.
pub(crate) fn ids(diagnosis: &Value, status: &str) -> Vec<String> {
    let groups = diagnosis["groups"].as_array().into_iter().flatten();
    let checks = groups.flat_map(|group| group["checks"].as_array().into_iter().flatten());
    let found = checks.filter(|check| check["status"] == status);
    found.filter_map(|check| check["id"].as_str().map(str::to_owned)).collect()
}

/// The checks that ended with `status`, as JSON.
pub(crate) fn checks<'a>(diagnosis: &'a Value, status: &str) -> Vec<&'a Value> {
    let groups = diagnosis["groups"].as_array().into_iter().flatten();
    let checks = groups.flat_map(|group| group["checks"].as_array().into_iter().flatten());
    checks.filter(|check| check["status"] == status).collect()
}

pub(crate) const JSON: [&str; 3] = ["doctor", "--output", "json"];

#[tokio::test]
async fn where_all_is_well_there_is_nothing_to_say() {
    let desk = Desk::new(|world| _ = healthy(world)).await;

    let said = desk.run(&["doctor"]).await;
    let before = desk.run(&["doctor", "--pre"]).await;

    for said in [said, before] {
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        for mark in ['✗', '‼'] {
            let marked: Vec<_> = said.out.lines().filter(|line| line.starts_with(mark)).collect();
            assert_eq!(marked, Vec::<&str>::new(), "{}", said.out);
        }
        assert!(said.out.lines().filter(|line| line.starts_with('✓')).count() >= 7, "{}", said.out);
    }
    assert_eq!(desk.writes(), 0);
}

/// A fault, the checks that fail for it, and the finding of one of them.
struct Case {
    is: &'static str,
    plant: fn(&mut World, &Frontend),
    fails: &'static [&'static str],
    says: &'static str,
}

const fn case(
    is: &'static str,
    plant: fn(&mut World, &Frontend),
    fails: &'static [&'static str],
    says: &'static str,
) -> Case {
    Case { is, plant, fails, says }
}

/// The day that is this far away.
fn day(from_now: Duration) -> (i32, u8, u8) {
    let text = DateTime::from(SystemTime::now() + from_now).fmt(Format::DateTime).expect("a time");
    let mut parts = text.split(['-', 'T']).map(|part| part.parse::<u16>().unwrap_or_default());
    let mut next = || parts.next().expect("a part");
    let (year, month, day) = (next(), next(), next());
    (i32::from(year), u8::try_from(month).expect("a month"), u8::try_from(day).expect("a day"))
}

/// Leaves this many addresses in each subnet of the cluster.
pub(crate) fn free_addresses(world: &mut World, free: usize) {
    let vpc = world.cluster("payments").vpc.clone().expect("it has one");
    let subnets = world.vpc_mut(&Scope::default(), &vpc).subnets.clone();
    world.supporting.free_addresses.extend(subnets.into_iter().map(|subnet| (subnet.id, free)));
}

fn authority(world: &mut World, pem: String) {
    let arn = world.cluster("payments").arn.clone();
    world.supporting.authorities.insert(arn, pem);
}

fn listener(world: &mut World, balancer: &str, protocol: &str, port: u16) {
    let listener = Listener { protocol: protocol.to_owned(), port, groups: None };
    world.supporting.listeners.insert(balancer.to_owned(), vec![listener]);
}

/// Gives a security group this rule only.
pub(crate) fn only_rule(world: &mut World, group: &str, is_egress: bool, port: u16, peer: &str) {
    let rule = SecurityRule { is_egress, port, peer: peer.to_owned() };
    world.supporting.rules.insert(group.to_owned(), vec![rule]);
}

const CASES: &[Case] = &[
    case(
        "the cluster could not be made",
        |world, _| world.cluster_mut("payments").status = ClusterStatus::Failed,
        &["cluster", "plan"],
        "its status is FAILED",
    ),
    case(
        "the cluster is gone",
        |world, _| world.delete_cluster("payments"),
        &["cluster", "plan"],
        "EKS knows no cluster of this name in eu-west-1",
    ),
    case(
        "the endpoint is public only",
        |world, _| world.cluster_mut("payments").private_access = false,
        &["private-endpoint", "plan"],
        "its endpoint is public only",
    ),
    case(
        "the endpoint does not resolve",
        |world, _| {
            let host = world.host("payments");
            world.dns.remove(&host);
        },
        &["addresses", "plan"],
        "no IPv4 address",
    ),
    case(
        "the endpoint resolves to public addresses",
        |world, _| {
            let host = world.host("payments");
            world.dns.set(&host, ["52.16.1.1", "52.16.1.2"]);
        },
        &["addresses", "plan"],
        "52.16.1.1",
    ),
    case(
        "the VPC has no DNS",
        |world, _| {
            let vpc = world.cluster("payments").vpc.clone().expect("it has one");
            world.supporting.without_dns.push(vpc);
        },
        &["vpc-dns"],
        "DNS support and DNS host names are off",
    ),
    case(
        "the certificate authority ends soon",
        |world, _| {
            let (year, month, day) = day(Duration::from_hours(24 * 90));
            authority(world, authority_until(year, month, day));
        },
        &["cluster-ca"],
        "it ends on ",
    ),
    case(
        "the certificate authority has ended",
        |world, _| authority(world, authority_until(2026, 2, 1)),
        &["cluster-ca"],
        "it ended on 2026-02-01",
    ),
    case(
        "EKS has made a successor of the certificate authority",
        |world, _| authority(world, authority_until(2090, 1, 1) + &authority_until(2099, 1, 1)),
        &["cluster-ca"],
        "EKS is replacing the one that ends on 2090-01-01",
    ),
    case(
        "nothing is managed",
        |world, frontend| _ = world.load_balancer_mut(&frontend.load_balancer).tags.remove("eks-nlb-sync"),
        &["managed"],
        "no load balancer carries eks-nlb-sync=enabled",
    ),
    case(
        "no tag names the cluster",
        |world, frontend| _ = world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name"),
        &["cluster-tag", "plan"],
        "cluster_name",
    ),
    case(
        "a tag does not name a cluster",
        |world, frontend| {
            let tags = &mut world.load_balancer_mut(&frontend.load_balancer).tags;
            tags.insert("cluster_name".to_owned(), "arn:aws:eks:payments".to_owned());
        },
        &["cluster-tag", "plan"],
        "arn:aws:eks:payments",
    ),
    case(
        "a zone of the control plane is missing",
        |world, frontend| {
            world.load_balancer_mut(&frontend.load_balancer).zones.retain(|zone| zone != "eu-west-1b");
        },
        &["zones"],
        "the control plane is in eu-west-1b, too",
    ),
    case(
        "cross-zone load balancing is off",
        |world, frontend| world.load_balancer_mut(&frontend.load_balancer).cross_zone = false,
        &["cross-zone"],
        "it is off",
    ),
    case(
        "the listener speaks TLS",
        |world, frontend| listener(world, &frontend.load_balancer, "TLS", 443),
        &["listener"],
        "only TLS on 443 forwards to it",
    ),
    case(
        "the listener has another port",
        |world, frontend| listener(world, &frontend.load_balancer, "TCP", 6443),
        &["clients-admitted", "listener"],
        "only TCP on 6443 forwards to it",
    ),
    case(
        "the cluster does not admit the load balancer",
        |world, _| {
            let group = world.cluster("payments").security_group.clone();
            only_rule(world, &group, false, 443, "192.0.2.0/24");
        },
        &["security-groups"],
        "does not admit it on 443",
    ),
    case(
        "the cluster admits it on another port",
        |world, frontend| {
            let group = world.cluster("payments").security_group.clone();
            only_rule(world, &group, false, 6443, &security_group_of(&frontend.load_balancer));
        },
        &["security-groups"],
        "does not admit it on 443",
    ),
    case(
        "the load balancer lets nothing out",
        |world, frontend| {
            let group = security_group_of(&frontend.load_balancer);
            only_rule(world, &group, false, 443, "0.0.0.0/0");
        },
        &["security-groups"],
        "lets nothing out to payments",
    ),
    case(
        "a load balancer without security groups is not admitted by its subnets",
        |world, frontend| world.supporting.without_security_groups.push(frontend.load_balancer.clone()),
        &["security-groups"],
        "does not admit it on 443",
    ),
    case(
        "the targets are instances",
        |world, frontend| world.target_group_mut(&frontend.target_group).target_type = TargetType::Instance,
        &["target-group"],
        "its targets are of type instance",
    ),
    case(
        "the target group takes UDP",
        |world, frontend| world.target_group_mut(&frontend.target_group).protocol = Some(Protocol::Udp),
        &["target-group"],
        "it takes UDP on port 443",
    ),
    case(
        "the target group is not tagged, and the policy asks for the tag",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).tags.clear();
            world.supporting.write_tag = Some(("eks-nlb-sync".to_owned(), "enabled".to_owned()));
        },
        &["write-policy"],
        "do not allow elasticloadbalancing:RegisterTargets and elasticloadbalancing:DeregisterTargets",
    ),
    case(
        "the policy asks for another tag",
        |world, _| world.supporting.write_tag = Some(("team".to_owned(), "platform".to_owned())),
        &["write-policy"],
        "the policies of arn:aws:iam::111122223333:role/eks-nlb-sync do not allow",
    ),
    case(
        "client addresses are preserved",
        |world, frontend| world.supporting.group(&frontend.target_group).preserves_client_ip = true,
        &["client-address"],
        "it is on",
    ),
    case(
        "proxy protocol is on",
        |world, frontend| world.supporting.group(&frontend.target_group).proxy_protocol = true,
        &["proxy-protocol"],
        "it is on",
    ),
    case(
        "the health check speaks HTTP",
        |world, frontend| {
            "HTTP".clone_into(&mut world.supporting.group(&frontend.target_group).check_protocol);
        },
        &["health-check"],
        "it speaks HTTP, and API servers speak TLS",
    ),
    case(
        "the health check asks for what needs credentials",
        |world, frontend| {
            "/version".clone_into(&mut world.supporting.group(&frontend.target_group).check_path);
        },
        &["health-check"],
        "it asks for /version, which needs credentials",
    ),
    case(
        "the health check does not take 200",
        |world, frontend| {
            "401".clone_into(&mut world.supporting.group(&frontend.target_group).check_matcher);
        },
        &["health-check"],
        "it expects 401",
    ),
    case(
        "without an endpoint service",
        |world, frontend| _ = world.supporting.services.insert(frontend.load_balancer.clone(), None),
        &["endpoint-service"],
        "it has none",
    ),
    case(
        "the endpoint service failed",
        |world, frontend| "Failed".clone_into(&mut world.supporting.service(&frontend.load_balancer).state),
        &["endpoint-service"],
        " is Failed",
    ),
    case(
        "no principal may connect",
        |world, frontend| world.supporting.service(&frontend.load_balancer).principals.clear(),
        &["principals"],
        "no principal may connect",
    ),
    case(
        "every AWS account may connect",
        |world, frontend| {
            let open = EndpointService {
                acceptance_required: false,
                principals: vec!["*".to_owned()],
                ..EndpointService::default()
            };
            *world.supporting.service(&frontend.load_balancer) = open;
        },
        &["principals"],
        "every AWS account may connect",
    ),
    case(
        "a connection waits",
        |world, frontend| {
            let connections = &mut world.supporting.service(&frontend.load_balancer).connections;
            connections.insert("vpce-waits".to_owned(), "pendingAcceptance".to_owned());
        },
        &["connections"],
        "vpce-waits waits",
    ),
    case(
        "the function failed",
        |world, _| "Failed".clone_into(&mut world.supporting.function().state),
        &["function"],
        "its state is Failed",
    ),
    case(
        "the function only plans",
        |world, _| variable(world, "DRY_RUN", "true"),
        &["function-settings"],
        "its DRY_RUN is true",
    ),
    case(
        "the function selects by another tag",
        |world, _| variable(world, "NLB_TAG", "team=platform"),
        &["managed"],
        "no load balancer carries team=platform",
    ),
    case(
        "a variable of this command differs from the function's",
        |world, _| variable(world, "ADDRESS_SOURCE", "eni"),
        &["function-settings"],
        "it has another ADDRESS_SOURCE",
    ),
    case(
        "the function does not start",
        |world, _| variable(world, "MIN_HEALTHY_TARGETS", "many"),
        &["function-settings"],
        "it does not start: MIN_HEALTHY_TARGETS=\"many\"",
    ),
    case(
        "no schedule invokes the function",
        |world, _| world.supporting.function().schedule = None,
        &["schedule"],
        "no schedule has it as its target",
    ),
    case(
        "the schedule is disabled",
        |world, _| world.supporting.function().schedule = Some("DISABLED".to_owned()),
        &["schedule"],
        "eks-nlb-sync is disabled",
    ),
    case(
        "the last success is long ago",
        |world, _| world.supporting.function().last_report = Some(Duration::from_mins(42)),
        &["last-success"],
        "the last was 42 min ago",
    ),
    case(
        "there was no success",
        |world, _| world.supporting.function().last_report = None,
        &["last-success"],
        "none in EksNlbSync within the last three hours",
    ),
    case(
        "EKS reports a health issue",
        |world, _| {
            world.cluster_mut("payments").issues.push(ClusterIssue {
                code: "Ec2SubnetNotFound".to_owned(),
                message: "a subnet is gone".to_owned(),
                resources: vec!["subnet-0".to_owned()],
            });
        },
        &["cluster-health"],
        "Ec2SubnetNotFound: a subnet is gone (subnet-0)",
    ),
    case(
        "an upgrade finds no addresses",
        |world, _| free_addresses(world, 1),
        &["free-addresses"],
        "its subnets have 2 free addresses",
    ),
    case(
        "the load balancer is internet-facing",
        |world, frontend| world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing,
        &["internal", "plan"],
        "it is internet-facing",
    ),
    case(
        "the AWS Load Balancer Controller keeps the targets",
        |world, frontend| {
            let tags = &mut world.target_group_mut(&frontend.target_group).tags;
            tags.insert(CLUSTER_OF_CONTROLLER_TAG.to_owned(), "tools".to_owned());
        },
        &["controller"],
        "it carries elbv2.k8s.aws/cluster",
    ),
    case(
        "the load balancer admits no client, those of PrivateLink included",
        |world, frontend| {
            let clusters = world.cluster("payments").security_group.clone();
            only_rule(world, &security_group_of(&frontend.load_balancer), true, 443, &clusters);
        },
        &["clients-admitted"],
        "admits no client on 443, those of PrivateLink included",
    ),
    case(
        "the load balancer admits no client, and no endpoint service has this load balancer",
        |world, frontend| {
            let clusters = world.cluster("payments").security_group.clone();
            only_rule(world, &security_group_of(&frontend.load_balancer), true, 443, &clusters);
            world.load_balancer_mut(&frontend.load_balancer).enforces_inbound_rules = false;
            world.supporting.services.insert(frontend.load_balancer.clone(), None);
        },
        &["clients-admitted", "endpoint-service"],
        "admits no client on 443, and no endpoint service has this load balancer",
    ),
    case(
        "the load balancer ran out of ports",
        |world, frontend| {
            let (_, name) = frontend.load_balancer.split_once("loadbalancer/").expect("an ARN");
            world.supporting.metrics.push(Measured {
                namespace: "AWS/NetworkELB".to_owned(),
                name: "PortAllocationErrorCount".to_owned(),
                of: name.to_owned(),
                ago: Duration::from_mins(9),
                value: 7.0,
            });
        },
        &["port-allocation"],
        "7 connections found no source port",
    ),
    case(
        "the listener gives the target group no client",
        |world, frontend| world.target_group_mut(&frontend.target_group).weight = 0,
        &["weight"],
        "its weight is 0",
    ),
    case(
        "the target group switches cross-zone load balancing off",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).routing.cross_zone = CrossZone::Off;
        },
        &["cross-zone"],
        "it is off for this target group",
    ),
    case(
        "a zone fails open while a target is healthy",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).routing.routing_failover = Threshold::count(2);
        },
        &["thresholds"],
        "sends clients to unhealthy targets with fewer than 2 healthy targets",
    ),
    case(
        "a zone leaves DNS while a target is healthy",
        |world, frontend| {
            world.target_group_mut(&frontend.target_group).routing.dns_failover = Threshold::percentage(60);
        },
        &["thresholds"],
        "a zone leaves DNS with less than 60 % of its targets healthy",
    ),
    case(
        "the target group takes IPv6 addresses, which neither cluster nor load balancer has",
        |world, frontend| {
            world.drop_target(&frontend.target_group, "10.0.1.10:443");
            world.drop_target(&frontend.target_group, "10.0.2.11:443");
            world.target_group_mut(&frontend.target_group).family = Family::Ipv6;
        },
        &["addresses", "address-family", "served", "plan"],
        "its load balancer is not dual-stack",
    ),
    case(
        "no alarm watches the function",
        |world, _| world.supporting.alarms.clear(),
        &["alarms"],
        "no alarm watches its metrics",
    ),
    case(
        "an alarm notifies nobody",
        |world, _| world.supporting.alarms[0].actions.clear(),
        &["alarms"],
        "it does nothing when it fires",
    ),
    case(
        "the actions of an alarm are off",
        |world, _| world.supporting.alarms[0].actions_enabled = false,
        &["alarms"],
        "it does nothing when it fires",
    ),
    case(
        "the subscription is not confirmed",
        |world, _| _ = world.supporting.subscriptions.insert(usual_topic(), 0),
        &["alarms"],
        "this topic has no confirmed subscription",
    ),
    case(
        "a zone is shifted away",
        |world, frontend| {
            world.shift_away(&frontend.load_balancer, "eu-west-1a", OverrideState::ZonalShiftActive);
        },
        &["served", "overrides"],
        "clients are shifted away from 10.0.1.10:443",
    ),
    case(
        "no target is healthy",
        |world, frontend| {
            for target in ["10.0.1.10", "10.0.2.11"] {
                world.pin_state(&frontend.target_group, target, TargetState::Unhealthy);
            }
        },
        &["served"],
        "no healthy target: 2 unhealthy",
    ),
    case(
        "a zone has no healthy target",
        |world, frontend| world.pin_state(&frontend.target_group, "10.0.2.11", TargetState::Unhealthy),
        &["served"],
        "no healthy target in eu-west-1b",
    ),
];

fn variable(world: &mut World, name: &str, value: &str) {
    world.supporting.function().environment.insert(name.to_owned(), value.to_owned());
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_found_with_its_remedy() {
    for case in CASES {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            (case.plant)(world, &frontend);
        })
        .await;
        let variables = [("AWS_MAX_ATTEMPTS", "1")];

        let said = desk.run_with(&variables, &JSON).await;

        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{}: {said:?}", case.is);
        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), case.fails, "{}: {}", case.is, said.out);
        assert_eq!(ids(&diagnosis, "skipped"), Vec::<String>::new(), "{}: {}", case.is, said.out);
        assert_eq!(diagnosis["ok"], false, "{}", case.is);
        let findings =
            checks(&diagnosis, "failed").into_iter().filter_map(|check| check["findings"].as_array());
        let mut says = findings.flatten().filter_map(|finding| finding["message"].as_str());
        assert!(says.any(|says| says.contains(case.says)), "{}: {}", case.is, said.out);
        assert_eq!(desk.writes(), 0);
    }
}

/// The policy of `WriteScope=any` asks for no tag. Where it cannot be asked, the
/// tag decides.
#[tokio::test]
async fn a_tag_is_wanted_unless_the_policy_asks_for_none() {
    for (is_denied, failed, not_looked) in
        [(false, &[][..], &[][..]), (true, &["write-tag"], &["write-policy"])]
    {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            world.target_group_mut(&frontend.target_group).tags.clear();
            if is_denied {
                world.plant(Fault::on("SimulatePrincipalPolicy").access_denied());
            }
        })
        .await;

        let diagnosis = desk.run(&JSON).await.json();

        assert_eq!(ids(&diagnosis, "failed"), failed, "{diagnosis:#}");
        assert_eq!(ids(&diagnosis, "skipped"), not_looked, "{diagnosis:#}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_remedy_and_link() {
    let desk = Desk::new(|world| {
        let frontend = healthy(world);
        world.load_balancer_mut(&frontend.load_balancer).cross_zone = false;
        world.supporting.group(&frontend.target_group).proxy_protocol = true;
        world.supporting.function().schedule = None;
    })
    .await;

    let text = desk.run(&["doctor"]).await;
    let diagnosis = desk.run(&JSON).await.json();

    assert_eq!((text.code, text.err.as_str()), (Some(1), ""), "{text:?}");
    assert_eq!(ids(&diagnosis, "failed"), ["cross-zone", "proxy-protocol", "schedule"]);
    let words = words(&text.out);
    for check in checks(&diagnosis, "failed") {
        let of = |key: &str| check[key].as_str().expect("text");
        for part in [of("title"), of("remedy"), of("link")] {
            assert!(words.contains(part), "{part} is missing: {}", text.out);
        }
    }
    assert!(words.contains("nlb-payments it is off"), "{}", text.out);
    assert!(words.ends_with("34 ✓, 3 ✗, 0 ‼ in eu-west-1."), "{}", text.out);
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each check of a deployed frontend fails in at least one case.
#[tokio::test]
async fn there_is_something_wrong_for_every_check() {
    let desk = Desk::new(|world| _ = healthy(world)).await;
    let all = ids(&desk.run(&JSON).await.json(), "ok");
    let found: BTreeSet<_> = CASES.iter().flat_map(|case| case.fails).copied().collect();

    let never: Vec<_> =
        all.iter().filter(|id| !found.contains(id.as_str()) && *id != "credentials").collect();
    assert_eq!(never, Vec::<&String>::new());
}

#[tokio::test]
async fn what_the_caller_may_not_look_at_is_said_and_fails_nothing() {
    let desk = Desk::new(|world| _ = healthy(world)).await;
    desk.run(&["doctor"]).await;
    desk.run(&["doctor", "--pre"]).await;
    let calls: BTreeSet<_> = {
        let world = desk.sim.world();
        let all = world.requests().iter();
        all.map(|call| (call.service.clone(), call.operation.clone())).collect()
    };
    assert!(calls.len() > 15, "{calls:?}");
    for (service, operation) in calls {
        // IAM cannot refuse it.
        if operation == "GetCallerIdentity" {
            continue;
        }
        let desk = Desk::new(|world| {
            healthy(world);
            world.plant(Fault::on(&operation).access_denied());
        })
        .await;
        let arguments: &[&str] = if operation == "ListClusters" { &["doctor", "--pre"] } else { &["doctor"] };

        let said = desk.run(arguments).await;

        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{operation}: {said:?}");
        assert!(said.out.contains('‼') && said.out.contains("not checked"), "{operation}: {}", said.out);
        assert!(said.out.contains(&format!("{service}:{operation}")), "{operation}: {}", said.out);
        assert!(!said.out.contains("✗ "), "{operation}: {}", said.out);
    }
}

/// A failed read does not show the state of a resource: it is reported with its cause,
/// and without a remedy.
#[tokio::test]
async fn what_could_not_be_read_is_told_with_its_cause_and_without_a_remedy() {
    type Case = (&'static str, fn(Fault) -> Fault, &'static [&'static str], &'static str);
    let cases: [Case; 7] = [
        (
            "DescribeTargetGroupAttributes",
            Fault::internal_failure,
            &["cross-zone", "thresholds", "client-address", "proxy-protocol"],
            "is not available",
        ),
        ("DescribeLoadBalancerAttributes", Fault::internal_failure, &["cross-zone"], "is not available"),
        ("DescribeListeners", Fault::reset, &["clients-admitted", "listener"], "cannot be reached"),
        ("DescribeTargetHealth", Fault::internal_failure, &["served", "plan"], "AwsUnavailable"),
        (
            "DescribeSecurityGroupRules",
            Fault::garble,
            &["security-groups", "clients-admitted"],
            "ec2:DescribeSecurityGroupRules",
        ),
        ("GetFunctionConfiguration", Fault::reset, &["write-policy", "function"], "cannot be reached"),
        (
            "GetMetricStatistics",
            Fault::internal_failure,
            &["port-allocation", "last-success"],
            "is not available",
        ),
    ];
    for (operation, happens, checks_not_looked, why) in cases {
        let desk = Desk::new(|world| {
            healthy(world);
            world.plant(happens(Fault::on(operation)));
        })
        .await;

        let said = desk.run_with(&[("AWS_MAX_ATTEMPTS", "1")], &JSON).await;

        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new(), "{operation}: {}", said.out);
        assert_eq!(ids(&diagnosis, "skipped"), checks_not_looked, "{operation}: {}", said.out);
        assert_eq!(said.code, Some(0), "{operation}: {said:?}");
        for check in checks(&diagnosis, "skipped") {
            assert_eq!(check.get("remedy"), None, "{check:#}");
            assert!(
                check["skipped"][0]["message"].as_str().is_some_and(|says| says.contains(why)),
                "{check:#}"
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_authority_that_is_no_certificate_is_not_judged() {
    let desk = Desk::new(|world| {
        healthy(world);
        authority(world, "nonsense".to_owned());
    })
    .await;

    let diagnosis = desk.run(&JSON).await.json();

    assert_eq!(ids(&diagnosis, "skipped"), ["cluster-ca"]);
    assert_eq!(ids(&diagnosis, "failed"), Vec::<String>::new());
}

/// If nothing can be read, `doctor` fails.
#[tokio::test]
async fn without_a_network_nothing_is_well() {
    let desk = Desk::new(|world| {
        healthy(world);
        for operation in ["GetCallerIdentity", "DescribeLoadBalancers", "GetFunctionConfiguration"] {
            world.plant(Fault::on(operation).reset());
        }
    })
    .await;

    let said = desk.run_with(&[("AWS_MAX_ATTEMPTS", "1")], &JSON).await;

    assert_eq!((said.code, said.json()["ok"].clone()), (Some(1), false.into()), "{said:?}");
    assert_eq!(ids(&said.json(), "failed"), Vec::<String>::new(), "{said:?}");
}

#[tokio::test]
async fn json_is_stable() {
    let desk = Desk::new(|world| {
        let frontend = healthy(world);
        world.load_balancer_mut(&frontend.load_balancer).cross_zone = false;
        world.plant(Fault::on("ListSchedules").access_denied());
    })
    .await;

    let diagnosis = desk.run(&JSON).await.json();

    assert_eq!(diagnosis["region"], "eu-west-1");
    let expected = serde_json::json!({
        "id": "cross-zone",
        "title": "cross-zone load balancing is on",
        "status": "failed",
        "checked": 1,
        "findings": [{ "subject": "nlb-payments", "message": "it is off" }],
        "skipped": [],
        "remedy": checks(&diagnosis, "failed")[0]["remedy"],
        "link": "https://github.com/eks-nlb-sync/eks-nlb-sync/blob/v0.1.0/docs/cli.md#cross-zone",
    });
    assert_eq!(checks(&diagnosis, "failed"), [&expected]);
    let expected = serde_json::json!({
        "id": "schedule",
        "title": "a schedule invokes the function",
        "status": "skipped",
        "checked": 0,
        "findings": [],
        "skipped": [{ "subject": "eks-nlb-sync", "message": "IAM denies scheduler:ListSchedules" }],
        "link": "https://github.com/eks-nlb-sync/eks-nlb-sync/blob/v0.1.0/docs/cli.md#schedule",
    });
    assert_eq!(checks(&diagnosis, "skipped"), [&expected]);
    let names = diagnosis["groups"].as_array().into_iter().flatten().map(|group| &group["name"]);
    let names: Vec<_> = names.collect();
    assert_eq!(
        names,
        ["account", "clusters", "load balancers", "target groups", "endpoint services", "function", "run"]
    );
}

#[tokio::test]
async fn refused_credentials_are_the_only_finding() {
    let desk = Desk::new(|world| _ = healthy(world)).await;

    let said = desk.run_with(&[("AWS_ACCESS_KEY_ID", "AKIANOBODY")], &JSON).await;

    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(ids(&said.json(), "failed"), ["credentials"]);
    assert_eq!(ids(&said.json(), "ok"), Vec::<String>::new());
}

#[tokio::test]
async fn before_anything_is_deployed_clusters_are_looked_at() {
    let desk = Desk::new(|world| {
        world.create_cluster(ClusterSpec {
            private_access: false,
            public_access: true,
            ..ClusterSpec::new("public", ["10.0.1.10", "10.0.2.11"])
        });
        world.add_cluster("private", ["10.1.1.10", "10.1.2.11"]);
    })
    .await;

    let all = desk.run(&["doctor", "--pre", "--output", "json"]).await;
    let one = desk.run(&["doctor", "--pre", "--cluster", "private"]).await;
    let unknown = desk.run(&["doctor", "--pre", "--cluster", "privat"]).await;

    assert_eq!((all.code, ids(&all.json(), "failed")), (Some(1), vec!["private-endpoint".to_owned()]));
    assert_eq!(one.code, Some(0), "{one:?}");
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    let says = "EKS knows no cluster of this name in eu-west-1; did you mean private?";
    assert!(words(&unknown.out).contains(says), "{unknown:?}");
}

#[tokio::test]
async fn before_anything_is_deployed_a_call_that_gets_no_answer_fails() {
    let desk = Desk::new(|world| {
        world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
        world.plant(Fault::on("DescribeLoadBalancers").reset());
    })
    .await;

    let said = desk.run_with(&[("AWS_MAX_ATTEMPTS", "1")], &["doctor", "--pre", "--output", "json"]).await;

    assert_eq!((said.code, ids(&said.json(), "failed")), (Some(1), vec!["reads".to_owned()]));
}

#[tokio::test]
async fn a_cluster_without_a_load_balancer_is_named() {
    let desk = Desk::new(|world| {
        healthy(world);
        world.add_cluster("lonely", ["10.9.1.1", "10.9.2.2"]);
    })
    .await;

    let said = desk.run(&["doctor", "--cluster", "lonely"]).await;

    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(words(&said.out).contains("lonely no managed load balancer carries its name"), "{}", said.out);
    assert!(!said.out.contains("payments"), "{}", said.out);
}

#[tokio::test]
async fn a_check_is_left_out_on_request() {
    let desk = Desk::new(|world| {
        let frontend = healthy(world);
        world.supporting.services.insert(frontend.load_balancer, None);
        world.supporting.function().schedule = None;
    })
    .await;

    let one = desk.run(&["doctor", "--skip", "schedule", "-o", "json"]).await;
    let both = desk.run(&["doctor", "--skip", "schedule", "--skip", "endpoint-service"]).await;

    assert_eq!((one.code, ids(&one.json(), "failed")), (Some(1), vec!["endpoint-service".to_owned()]));
    assert!(!ids(&one.json(), "ok").contains(&"schedule".to_owned()), "{one:?}");
    assert_eq!(both.code, Some(0), "{both:?}");
}

#[tokio::test]
async fn a_function_of_another_name_is_found_by_it() {
    let desk = Desk::new(|world| {
        healthy(world);
        "sync-Function-1A2B".clone_into(&mut world.supporting.function().name);
        "sync-Function-1A2B".clone_into(&mut world.supporting.alarms[0].function);
    })
    .await;

    let unnamed = desk.run(&["doctor"]).await;
    let named = desk.run(&["doctor", "--function", "sync-Function-1A2B"]).await;
    let wrong = desk.run(&["doctor", "--function", "missing"]).await;

    assert_eq!(unnamed.code, Some(0), "{unnamed:?}");
    assert!(
        words(&unnamed.out).contains("not checked: Lambda knows no function of this name"),
        "{}",
        unnamed.out
    );
    assert_eq!(named.code, Some(0), "{named:?}");
    assert!(!named.out.lines().any(|line| line.starts_with('‼')), "{}", named.out);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        words(&wrong.out).contains("missing Lambda knows no function of this name in eu-west-1"),
        "{}",
        wrong.out
    );
}

/// A role gives access to another account; neither account has the function.
#[tokio::test]
async fn another_account_is_looked_at_by_its_role() {
    const ROLE: &str = "arn:aws:iam::444455556666:role/reader";
    let desk = Desk::new(|world| {
        world.add_role(ROLE);
        let scope = Scope::new("444455556666", "us-east-1");
        let spec = ClusterSpec::new("payments", ["10.0.1.10", "10.0.2.11"]);
        world.create_cluster(ClusterSpec { scope: scope.clone(), ..spec });
        let spec = LoadBalancerSpec { scope, ..LoadBalancerSpec::managed("payments") };
        let load_balancer = world.add_load_balancer(spec);
        world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled"));
    })
    .await;

    let said = desk.run(&["doctor", "--role-arn", ROLE, "--region", "us-east-1", "-o", "json"]).await;

    let diagnosis = said.json();
    assert_eq!(ids(&diagnosis, "failed"), ["cross-zone", "served"], "{}", said.out);
    assert_eq!(ids(&diagnosis, "skipped"), ["function"], "{}", said.out);
    let note = diagnosis["groups"][0]["checks"][0]["note"].as_str().expect("a note");
    assert!(note.contains("444455556666") && note.ends_with("in us-east-1"), "{note}");
}

#[tokio::test]
async fn a_region_of_many_pages_is_read_whole() {
    let desk = Desk::new(|world| {
        world.page_cap = 1;
        variable(world, "ADDRESS_SOURCE", "dns");
        for name in ["payments", "orders", "ledger"] {
            world.add_cluster(name, ["10.0.1.10", "10.0.2.11"]);
            let frontend = sample::frontend(world, name);
            world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
        }
    })
    .await;

    let said = desk.run(&["doctor"]).await;

    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("cross-zone load balancing is on (3)"), "{}", said.out);
}

/// An excluded target group, and one of another controller, is not judged.
#[tokio::test]
async fn what_is_not_managed_is_nobodys_business() {
    let desk = Desk::new(|world| {
        let frontend = healthy(world);
        let other =
            TargetGroupSpec { protocol: Some(Protocol::Udp), ..TargetGroupSpec::ip(&frontend.load_balancer) };
        world.add_target_group(other.excluded());
        world.add_load_balancer(LoadBalancerSpec::network("website"));
    })
    .await;

    let said = desk.run(&["doctor"]).await;

    assert_eq!(said.code, Some(0), "{said:?}");
}
