//! In no generated world does `explain` say that clients are cut off while
//! `status` or `doctor` says that all is well, nor the other way round.

use std::collections::BTreeMap;

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

/// Whether `explain` recommends a run that writes.
fn recommends_sync(frontend: &Value) -> bool {
    let answers = frontend["answers"].as_array().into_iter().flatten().map(|answer| &answer["remedy"]);
    let mut remedies = answers.chain(frontend.get("remedy")).filter_map(Value::as_str);
    remedies.any(|remedy| remedy.contains("Run `eks-nlb sync`"))
}

/// The documents that the commands print about one world.
struct Told {
    seed: u64,
    status: Value,
    doctor: Value,
    plan: Value,
}

impl Told {
    /// That `explain` agrees with `status` and `doctor` who is cut off; its word.
    fn assert_cut_off(&self, frontend: &Value) -> &'static str {
        let says = frontend["cutOff"].as_str().expect("words");
        let (word, expected) = match says.split([':', ',']).next().expect("a word") {
            "yes" if says.starts_with("yes, in") => ("yes, in", &["zoneCutOff"][..]),
            "yes" => ("yes", &["cutOff"][..]),
            "no" => ("no", &["served", "oldAddressesOnly"][..]),
            // What a run does not read, explain may read.
            _ => ("unknown", &["unknown"][..]),
        };
        let reported = states(&self.status);
        let state = reported.iter().find(|(arn, _)| *arn == place(frontend)).expect("it is there").1;
        assert!(expected.contains(&state), "world {}: {says}: {state}", self.seed);
        let unserved = findings(&self.doctor, &["served"]).contains(&subject(frontend));
        assert_eq!(unserved, says.starts_with("yes"), "world {}: {says}: {:#}", self.seed, self.doctor);
        word
    }

    /// That `explain` agrees with `plan` and `doctor` what the function may write; the
    /// evidence.
    fn assert_may_write(&self, frontend: &Value) -> String {
        let mut planned = self.plan["frontends"].as_array().into_iter().flatten();
        let of_plan = planned.find(|one| place(one) == place(frontend)).expect("it is there");
        let own = frontend.get("mayWrite");
        assert_eq!(own, of_plan.get("mayWrite"), "world {}: {frontend:#}", self.seed);
        let allowed = own.map(|may_write| may_write["allowed"] == true);
        assert_eq!(recommends_sync(frontend), allowed == Some(true), "world {}: {frontend:#}", self.seed);
        let denied = findings(&self.doctor, &["write-tag", "write-policy"]);
        assert!(
            allowed != Some(false) || denied.contains(&subject(frontend)),
            "world {}: {:#}",
            self.seed,
            self.doctor
        );
        own.map_or("nothing".to_owned(), |own| format!("{} {}", own["by"], own["allowed"]))
    }
}

/// The name of the target group, or of the load balancer.
fn subject(frontend: &Value) -> &str {
    place(frontend).as_str().and_then(|arn| arn.rsplit('/').nth(1)).expect("a name")
}

#[tokio::test]
async fn commands_agree_who_is_cut_off_and_what_the_function_may_write() {
    let (mut cut_off, mut may_write) = (BTreeMap::new(), BTreeMap::new());
    for seed in 0..WORLDS {
        let mut names = Vec::new();
        let desk = Desk::new(|world| names = populate(world, seed)).await;
        let run = async |arguments: &[&str]| desk.run_with(&[("AWS_MAX_ATTEMPTS", "1")], arguments).await;

        let status = run(&["status", "-o", "json"]).await;
        let doctor = run(&["doctor", "-o", "json"]).await;
        let plan = run(&["plan", "-o", "json"]).await.json();

        let told = Told { seed, status: status.json(), doctor: doctor.json(), plan };
        for name in names {
            let explained = run(&["explain", &name, "-o", "json"]).await.json();
            for frontend in explained["frontends"].as_array().expect("frontends") {
                *cut_off.entry(told.assert_cut_off(frontend)).or_insert(0) += 1;
                *may_write.entry(told.assert_may_write(frontend)).or_insert(0) += 1;
            }
        }
        let is_cut_off = states(&told.status).iter().any(|(_, state)| *state == "cutOff");
        assert_eq!(status.code == Some(3), is_cut_off, "{status:?}");
        assert!(findings(&told.doctor, &["served"]).is_empty() || doctor.code == Some(1), "{doctor:?}");
    }
    let often = ["yes", "yes, in", "no"].map(|word| cut_off.get(word).copied().unwrap_or_default());
    assert!(often.iter().all(|count| *count >= 5), "the worlds are too much alike: {cut_off:?}");
    assert_eq!(may_write.len(), 5, "the worlds are too much alike: {may_write:?}");
}
