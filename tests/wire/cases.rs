//! Many frontends of one world, each with a deviation of its own.

use eks_nlb_simulator::{Frontend, Health, World};
use serde_json::Value;

use crate::support::*;

/// One frontend among many: the expected result, and the change that causes it,
/// by the name of its cluster.
pub(crate) type Case = (&'static str, fn(&mut World, &str, &Frontend));

/// The cluster of the n-th case.
pub(crate) fn case_cluster(n: usize) -> String {
    format!("case-{n:02}")
}

/// Runs all `cases` in one world, each with a cluster and a frontend of its own
/// that has something to register and something to deregister: nothing of it
/// is written, and a bystander is served in the same run.
pub(crate) async fn run_cases(variables: &[(&str, &str)], cases: &[Case]) -> (Function, Value) {
    let (function, bystander) = Function::start_in_with(variables, |world| {
        for (n, (_, spoil)) in cases.iter().enumerate() {
            let cluster = case_cluster(n);
            world.add_cluster(&cluster, [format!("10.1.{n}.10"), format!("10.2.{n}.11")]);
            let frontend = world.add_frontend(&cluster);
            world.put_targets(&frontend.target_group, [&*format!("10.1.{n}.10"), "10.0.3.12", "10.0.3.13"]);
            spoil(world, &cluster, &frontend);
        }
        world.set_health("10.0.3.13", Health::Never);
        bystander(world)
    })
    .await;

    drop(function.invoke("{}").await);
    let report = function.last_report().await;

    assert_eq!(reported(&report, &bystander)["outcome"], "changed", "{report:#}");
    for write in function.world().writes() {
        assert_eq!(write.targets(), [BYSTANDER_TARGET], "{write:?}");
    }
    (function, report)
}

/// The report of the n-th case.
pub(crate) fn of_case(report: &Value, n: usize) -> &Value {
    let load_balancer = format!("/nlb-{}/", case_cluster(n));
    let is_it = |frontend: &&Value| {
        frontend["loadBalancer"].as_str().is_some_and(|arn| arn.contains(&load_balancer))
            && frontend["cluster"] != "uninvolved"
    };
    let frontends = report["frontends"].as_array().expect("a list of frontends");
    frontends.iter().find(is_it).unwrap_or_else(|| panic!("nothing is reported of {n}: {report:#}"))
}
