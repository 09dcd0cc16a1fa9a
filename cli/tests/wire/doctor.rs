//! `eks-nlb doctor`: each fault around a frontend is found, and nothing is where all
//! is well.
//!
//! The faults that a check finds are the `CASES` of its group's module.

mod balancers;
mod clusters;
mod function;
mod groups;
mod run;
mod selection;
mod services;
mod unread;
mod unusual;
mod upgrade;

use std::collections::BTreeSet;

use eks_nlb_simulator::world::{EndpointService, GroupSettings, LoadBalancer, SecurityRule, TargetGroup};
use eks_nlb_simulator::{Fault, Frontend, World, sample};
use serde_json::Value;

use crate::support::*;

const JSON: [&str; 3] = ["doctor", "--output", "json"];

/// `payments`, in service, and everything around it correct.
fn healthy(world: &mut World) -> Frontend {
    variable(world, "ADDRESS_SOURCE", "dns");
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let frontend = sample::frontend(world, "payments");
    world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
    frontend
}

/// Sets a variable of the deployed function.
fn variable(world: &mut World, name: &str, value: &str) {
    world.supporting.function().environment.insert(name.to_owned(), value.to_owned());
}

/// Gives a security group this rule only.
fn only_rule(world: &mut World, group: &str, is_egress: bool, port: u16, peer: &str) {
    let rule = SecurityRule { is_egress, port, peer: peer.to_owned() };
    world.supporting.rules.insert(group.to_owned(), vec![rule]);
}

/// The checks that ended with `status`, as JSON.
fn checks<'a>(diagnosis: &'a Value, status: &str) -> Vec<&'a Value> {
    let groups = diagnosis["groups"].as_array().into_iter().flatten();
    let checks = groups.flat_map(|group| group["checks"].as_array().into_iter().flatten());
    checks.filter(|check| check["status"] == status).collect()
}

/// Their ids.
fn ids(diagnosis: &Value, status: &str) -> Vec<String> {
    checks(diagnosis, status)
        .into_iter()
        .filter_map(|check| check["id"].as_str().map(str::to_owned))
        .collect()
}

/// Plants a fault, as the finding calls it.
type Plant = fn(&mut World, &Frontend);

/// A fault, the checks that fail for it, and the finding of one of them.
type Case = (Plant, &'static [&'static str], &'static str);

fn balancer<'a>(world: &'a mut World, frontend: &Frontend) -> &'a mut LoadBalancer {
    world.load_balancer_mut(&frontend.load_balancer)
}

fn group<'a>(world: &'a mut World, frontend: &Frontend) -> &'a mut TargetGroup {
    world.target_group_mut(&frontend.target_group)
}

/// The attributes and the health check of the target group.
fn attributes<'a>(world: &'a mut World, frontend: &Frontend) -> &'a mut GroupSettings {
    world.supporting.group(&frontend.target_group)
}

fn service<'a>(world: &'a mut World, frontend: &Frontend) -> &'a mut EndpointService {
    world.supporting.service(&frontend.load_balancer)
}

/// That each fault fails its checks, and no other.
async fn assert_found(cases: &[Case]) {
    for (plant, fails, says) in cases {
        let desk = Desk::new(|world| {
            let frontend = healthy(world);
            plant(world, &frontend);
        })
        .await;
        let variables = [("AWS_MAX_ATTEMPTS", "1")];

        let said = desk.run_with(&variables, &JSON).await;

        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{says}: {said:?}");
        let diagnosis = said.json();
        assert_eq!(ids(&diagnosis, "failed"), *fails, "{says}: {}", said.out);
        assert_eq!(ids(&diagnosis, "skipped"), Vec::<String>::new(), "{says}: {}", said.out);
        assert_eq!(diagnosis["ok"], false, "{says}");
        let findings =
            checks(&diagnosis, "failed").into_iter().filter_map(|check| check["findings"].as_array());
        let mut found = findings.flatten().filter_map(|finding| finding["message"].as_str());
        assert!(found.any(|found| found.contains(says)), "{says}: {}", said.out);
        assert_eq!(desk.writes(), 0);
    }
}

/// Each check of a deployed frontend fails in at least one case.
#[tokio::test]
async fn each_check_has_a_case() {
    let desk = Desk::new(|world| _ = healthy(world)).await;
    let all = ids(&desk.run(&JSON).await.json(), "ok");
    let groups =
        [clusters::CASES, balancers::CASES, groups::CASES, services::CASES, function::CASES, run::CASES];
    let found: BTreeSet<_> = groups.into_iter().flatten().flat_map(|(_, fails, _)| *fails).copied().collect();

    let never: Vec<_> =
        all.iter().filter(|id| !found.contains(id.as_str()) && *id != "credentials").collect();
    assert_eq!(never, Vec::<&String>::new());
}

#[tokio::test]
async fn a_correct_deployment_fails_no_check() {
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

#[tokio::test]
async fn a_failed_check_shows_its_remedy_and_link() {
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
    let ok = ids(&diagnosis, "ok").len();
    assert!(words.ends_with(&format!("{ok} ✓, 3 ✗, 0 ‼ in eu-west-1.")), "{}", text.out);
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
