//! Frontends that a test spoils: one next to a bystander, or many in one world.

use eks_nlb_simulator::{Frontend, Health, World};
use serde_json::{Value, json};

use crate::support::*;

/// Spoils a frontend that has something to register and something to
/// deregister: it must fail, with nothing written to it, while another
/// frontend is served in the same run.
pub(crate) async fn fails(spoil: impl FnOnce(&mut World, &Frontend)) -> Failed {
    fails_with(&[], spoil).await
}

/// The same with more variables.
pub(crate) async fn fails_with(
    variables: &[(&str, &str)],
    spoil: impl FnOnce(&mut World, &Frontend),
) -> Failed {
    let (function, (bystander, spoilt)) = Function::start_in_with(variables, |world| {
        let (bystander, spoilt) = (bystander(world), busy_payments(world));
        spoil(world, &spoilt);
        (bystander, spoilt)
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_only_written(&function.world(), &bystander);
    assert_eq!(reported(&report, &bystander)["registered"], json!(BYSTANDER_TARGETS), "{report:#}");
    assert_eq!(reported(&report, &bystander)["outcome"], "changed", "{report:#}");
    assert_eq!(report["summary"]["failed"], 1, "{report:#}");
    let failed = reported(&report, &spoilt).clone();
    assert_eq!(failed["outcome"], "failed", "{report:#}");
    for list in ["registered", "deregistered", "withheld"] {
        assert_eq!(failed[list], json!([]), "{report:#}");
    }
    let lines: Vec<_> = function.log().into_iter().filter(|line| line["message"] == "failed").collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines.first().map(|line| &line["code"]), Some(&failed["error"]["code"]));
    Failed { reported: failed, function }
}

/// A run in which one frontend failed.
pub(crate) struct Failed {
    /// Its report.
    pub(crate) reported: Value,
    /// What ran.
    pub(crate) function: Function,
}

impl Failed {
    pub(crate) fn code(&self) -> &str {
        code(&self.reported)
    }

    pub(crate) fn message(&self) -> &str {
        message(&self.reported)
    }
}

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
        assert_eq!(write.targets(), BYSTANDER_TARGETS, "{write:?}");
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
