//! In no generated world does `explain` say that clients are cut off while
//! `status` or `doctor` says that all is well, nor the other way round.

use std::fmt::Write;

use eks_nlb_simulator::world::{
    CLUSTER_OF_CONTROLLER_TAG, ClusterStatus, LoadBalancerSpec, MANAGED_TAG, OverrideState, Protocol,
    TargetGroupSpec, TargetType,
};
use eks_nlb_simulator::{Fault, Frontend, TargetState, World, sample};
use fastrand::Rng;
use serde_json::Value;

use crate::support::*;

/// How many worlds are generated, with four clusters each.
const WORLDS: u64 = 14;

/// What may be wrong with a cluster, its load balancer or its target group.
type Trouble = fn(&mut World, &str, &Frontend, &mut Rng);

const TROUBLES: &[Trouble] = &[
    |_, _, _, _| {},
    |world, cluster, _, _| world.delete_cluster(cluster),
    |world, cluster, _, rng| {
        let statuses = [ClusterStatus::Creating, ClusterStatus::Deleting, ClusterStatus::Failed];
        world.cluster_mut(cluster).status = statuses[rng.usize(..statuses.len())];
    },
    |world, cluster, _, _| world.cluster_mut(cluster).private_access = false,
    |world, cluster, _, _| {
        let host = world.host(cluster);
        world.dns.remove(&host);
    },
    |world, _, frontend, _| {
        let tags = &mut world.target_group_mut(&frontend.target_group).tags;
        tags.insert("eks-nlb-sync".to_owned(), "disabled".to_owned());
    },
    |world, _, frontend, _| {
        let tags = &mut world.target_group_mut(&frontend.target_group).tags;
        tags.insert(CLUSTER_OF_CONTROLLER_TAG.to_owned(), "tools".to_owned());
    },
    |world, _, frontend, _| {
        world.target_group_mut(&frontend.target_group).tags.clear();
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer).tag("eks-nlb-sync", "enabled"));
    },
    |world, _, frontend, _| {
        world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name");
    },
    |world, _, frontend, rng| {
        let group = world.target_group_mut(&frontend.target_group);
        if rng.bool() {
            group.target_type = TargetType::Instance;
        } else {
            group.protocol = Some(Protocol::Udp);
        }
    },
    |world, _, frontend, rng| {
        let zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
        let zone = zones[rng.usize(..zones.len())];
        world.shift_away(&frontend.load_balancer, zone, OverrideState::ZonalShiftActive);
    },
    |world, _, frontend, rng| {
        let fault = Fault::on("DescribeTargetHealth").about(&frontend.target_group);
        world.plant(if rng.bool() { fault.access_denied() } else { fault.internal_failure() });
    },
    |world, cluster, _, _| world.plant(Fault::on("DescribeCluster").about(cluster).access_denied()),
];

/// Gives the group of a cluster some of its addresses, old and new, in any state.
fn targets(world: &mut World, n: usize, group: &str, rng: &mut Rng) {
    let all = ["1.10", "2.11", "1.20", "2.21", "3.22"].map(|rest| format!("10.{n}.{rest}"));
    let chance = rng.usize(..4);
    let registered: Vec<_> = all.iter().filter(|_| rng.usize(..4) < chance).collect();
    world.put_targets(group, &registered);
    let states = [
        TargetState::Healthy,
        TargetState::Unhealthy,
        TargetState::Initial,
        TargetState::Draining,
        TargetState::UnhealthyDraining,
        TargetState::Unavailable,
    ];
    for target in registered {
        // Half of the groups have one state for all, as outages do.
        let state =
            if chance.is_multiple_of(2) { states[rng.usize(..2)] } else { states[rng.usize(..states.len())] };
        world.pin_state(group, target, state);
    }
}

/// Four clusters, of which about half have a trouble each; the names of what
/// `explain` is asked for.
fn populate(world: &mut World, seed: u64) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    // The function's policy asks for a tag of each target group or for none, and IAM says
    // so or may not be asked.
    world.supporting.write_tag = rng.bool().then(|| (MANAGED_TAG.0.to_owned(), MANAGED_TAG.1.to_owned()));
    if rng.bool() {
        world.plant(Fault::on("SimulatePrincipalPolicy").access_denied());
    }
    let mut names = Vec::new();
    for n in 1..=4 {
        let cluster = format!("cluster-{n}");
        let addresses = [format!("10.{n}.1.10"), format!("10.{n}.2.11")];
        world.add_cluster(&cluster, addresses.each_ref().map(String::as_str));
        names.push(format!("nlb-{cluster}"));
        if rng.usize(..12) == 0 {
            world.add_load_balancer(LoadBalancerSpec::managed(&cluster));
            continue;
        }
        let frontend = sample::frontend(world, &cluster);
        targets(world, n, &frontend.target_group, &mut rng);
        let trouble = if rng.bool() { 0 } else { rng.usize(..TROUBLES.len()) };
        TROUBLES[trouble](world, &cluster, &frontend, &mut rng);
        if rng.usize(..3) == 0 {
            world.target_group_mut(&frontend.target_group).tags.clear();
        }
    }
    names
}

/// The states of target groups, or of load balancers without any, by ARN.
fn states(status: &Value) -> Vec<(&Value, &str)> {
    let clusters = status["clusters"].as_array().into_iter().flatten();
    let frontends = clusters.flat_map(|cluster| cluster["frontends"].as_array().into_iter().flatten());
    frontends.map(|one| (place(one), one["state"].as_str().expect("a state"))).collect()
}

fn place(frontend: &Value) -> &Value {
    frontend.get("targetGroup").unwrap_or(&frontend["loadBalancer"])
}

/// The subjects that the checks `ids` of a diagnosis find something about.
fn findings<'a>(doctor: &'a Value, ids: &[&str]) -> Vec<&'a str> {
    let groups = doctor["groups"].as_array().into_iter().flatten();
    let checks = groups.flat_map(|group| group["checks"].as_array().into_iter().flatten());
    let wanted = checks.filter(|check| ids.iter().any(|id| check["id"] == *id));
    let findings = wanted.flat_map(|check| check["findings"].as_array().into_iter().flatten());
    findings.filter_map(|finding| finding["subject"].as_str()).collect()
}

#[tokio::test]
async fn explain_status_and_doctor_agree_who_is_cut_off() {
    let mut seen = [0; 3];
    for seed in 0..WORLDS {
        let mut names = Vec::new();
        let desk = Desk::new(|world| names = populate(world, seed)).await;
        let once = [("AWS_MAX_ATTEMPTS", "1")];

        let status = desk.run_with(&once, &["status", "-o", "json"]).await;
        let doctor = desk.run_with(&once, &["doctor", "-o", "json"]).await;

        let (told, diagnosis) = (status.json(), doctor.json());
        let (reported, unserved) = (states(&told), findings(&diagnosis, &["served"]));
        let mut log = String::new();
        for name in names {
            let explained = desk.run_with(&once, &["explain", &name, "-o", "json"]).await.json();
            for frontend in explained["frontends"].as_array().expect("frontends") {
                let says = frontend["cutOff"].as_str().expect("words");
                let state = reported.iter().find(|(arn, _)| *arn == place(frontend)).expect("it is there").1;
                let expected = match says.split([':', ',']).next().expect("a word") {
                    "yes" if says.starts_with("yes, in") => &["zoneCutOff"][..],
                    "yes" => &["cutOff"],
                    "no" => &["served", "oldAddressesOnly"],
                    // What a run does not read, explain may read.
                    _ => &["unknown"],
                };
                write!(log, "\n{name}: {says} / {state}").expect("text");
                assert!(expected.contains(&state), "world {seed}: {log}");
                let arn = place(frontend).as_str().expect("an ARN");
                let subject = arn.rsplit('/').nth(1).expect("a name");
                assert_eq!(
                    unserved.contains(&subject),
                    says.starts_with("yes"),
                    "world {seed}: {log}\n{diagnosis:#}"
                );
                seen[if says.starts_with("yes,") { 1 } else { usize::from(says.starts_with("no")) * 2 }] += 1;
            }
        }
        let is_cut_off = reported.iter().any(|(_, state)| *state == "cutOff");
        assert_eq!(status.code == Some(3), is_cut_off, "world {seed}: {status:?}");
        assert!(unserved.is_empty() || doctor.code == Some(1), "world {seed}: {doctor:?}");
    }
    assert!(seen.iter().all(|count| *count >= 5), "the worlds are too much alike: {seen:?}");
}

/// Whether `explain` recommends a run that writes.
fn recommends_sync(frontend: &Value) -> bool {
    let answers = frontend["answers"].as_array().into_iter().flatten().map(|answer| &answer["remedy"]);
    let mut remedies = answers.chain(frontend.get("remedy")).filter_map(Value::as_str);
    remedies.any(|remedy| remedy.contains("Run `eks-nlb sync`"))
}

#[tokio::test]
async fn explain_plan_and_doctor_agree_what_the_function_may_write() {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for seed in 0..WORLDS {
        let mut names = Vec::new();
        let desk = Desk::new(|world| names = populate(world, seed)).await;
        let once = [("AWS_MAX_ATTEMPTS", "1")];

        let plan = desk.run_with(&once, &["plan", "-o", "json"]).await.json();
        let doctor = desk.run_with(&once, &["doctor", "-o", "json"]).await.json();

        let denied = findings(&doctor, &["write-tag", "write-policy"]);
        let planned = plan["frontends"].as_array().expect("frontends");
        for name in names {
            let explained = desk.run_with(&once, &["explain", &name, "-o", "json"]).await.json();
            for frontend in explained["frontends"].as_array().expect("frontends") {
                let of_plan = planned.iter().find(|one| place(one) == place(frontend)).expect("it is there");
                let (own, others) = (frontend.get("mayWrite"), of_plan.get("mayWrite"));
                assert_eq!(own, others, "world {seed}, {name}: {frontend:#}");
                let allowed = own.map(|may_write| may_write["allowed"] == true);
                assert_eq!(recommends_sync(frontend), allowed == Some(true), "world {seed}: {frontend:#}");
                let subject =
                    place(frontend).as_str().and_then(|arn| arn.rsplit('/').nth(1)).expect("a name");
                assert!(allowed != Some(false) || denied.contains(&subject), "world {seed}: {doctor:#}");
                *seen
                    .entry(own.map_or("nothing".to_owned(), |own| {
                        format!("{} {}", own["by"], allowed == Some(true))
                    }))
                    .or_default() += 1;
            }
        }
    }
    assert_eq!(seen.len(), 5, "the worlds are too much alike: {seen:?}");
}
