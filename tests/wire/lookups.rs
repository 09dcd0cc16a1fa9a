//! What the last run was about is asked for while the Region is being listed,
//! and that changes nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use eks_nlb_simulator::world::{ClusterSpec, HOME_ACCOUNT, Scope};
use eks_nlb_simulator::{Fault, Frontend, World};

use crate::support::*;

/// Where other clusters are.
const ELSEWHERE: &str = r#"{"region": "us-east-1"}"#;

/// The clusters that EKS was asked about, as often as it was.
fn asked_about(world: &World) -> Vec<String> {
    let calls = world.requests_of("DescribeCluster").into_iter();
    let mut names: Vec<_> = calls.filter_map(|call| call.parameter("name")).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// Holds back the tags, and with them what the run is about, until EKS is asked
/// about `cluster`; then does something else to the world.
fn hold_back_tags(world: &mut World, cluster: &str, then: impl FnOnce(&mut World) + Send + 'static) {
    world.clear_requests();
    world.plant(Fault::on("DescribeTags").unavailable());
    world.plant(Fault::on("DescribeCluster").about(cluster).before(|world| {
        world.clear_faults();
        then(world);
    }));
}

/// Makes the cluster `former` and its frontend.
fn former(world: &mut World) -> Frontend {
    world.add_cluster("former", ["10.98.1.1"]);
    world.add_frontend("former")
}

/// Makes an end of `former`, which had a frontend.
fn retire(world: &mut World, frontend: &Frontend) {
    world.delete_load_balancer(&frontend.load_balancer);
    world.delete_cluster("former");
}

#[tokio::test]
async fn a_warm_run_asks_before_it_knows_the_tags_and_a_first_one_does_not() {
    let (function, _) = Function::start_in(converged_payments).await;

    function.sync().await;

    let operations: Vec<_> = function.world().requests().iter().map(|call| call.operation.clone()).collect();
    let asked = operations.iter().position(|operation| operation == "DescribeCluster");
    let tags = operations.iter().rposition(|operation| operation == "DescribeTags");
    assert!(tags.is_some() && tags < asked, "{operations:?}");

    hold_back_tags(&mut function.world(), "payments", |_| {});
    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 1, "{report:#}");
    assert_eq!(asked_about(&function.world()), ["payments"]);
}

#[tokio::test]
async fn what_is_under_way_when_the_region_is_listed_is_not_asked_again() {
    let (function, _) = Function::start_in(|world| (converged_payments(world), bystander(world))).await;
    function.sync().await;
    function.world().clear_requests();
    let late = Fault::on("DescribeCluster").times(2).delay(Duration::from_millis(300));
    function.world().plant(late);

    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 2, "{report:#}");
    assert_eq!(asked_about(&function.world()), ["payments", "uninvolved"]);
}

#[tokio::test]
async fn a_cluster_that_is_gone_is_asked_about_once_more_and_nobody_is_told() {
    let (function, (_, gone)) = Function::start_in(|world| (converged_payments(world), former(world))).await;
    function.sync().await;
    function.last_report().await;
    let told_before = function.log().len();
    retire(&mut function.world(), &gone);
    hold_back_tags(&mut function.world(), "former", |_| {});

    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 1, "{report:#}");
    assert_eq!(report["summary"]["frontends"], 1, "{report:#}");
    assert_eq!(asked_about(&function.world()), ["former", "payments"]);
    let refused =
        function.world().requests_of("DescribeCluster").into_iter().filter(|call| call.status == 404).count();
    assert_eq!(refused, 1);
    function.last_report().await;
    for line in &function.log()[told_before..] {
        assert!(!line.to_string().contains("former"), "{line}");
    }

    hold_back_tags(&mut function.world(), "payments", |_| {});
    function.sync().await;
    assert_eq!(asked_about(&function.world()), ["payments"]);
}

/// Two calls at once, so there is one lookup at a time.
#[tokio::test]
async fn what_is_not_needed_any_more_holds_up_neither_the_run_nor_another_lookup() {
    let (function, (_, gone)) = Function::start_in_with(&[("MAX_CONCURRENCY", "2")], |world| {
        (converged_payments(world), former(world))
    })
    .await;
    function.sync().await;
    retire(&mut function.world(), &gone);
    let silence = |world: &mut World| world.plant(Fault::on("DescribeCluster").about("former").silence());
    hold_back_tags(&mut function.world(), "former", silence);
    silence(&mut function.world());

    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 1, "{report:#}");
    // Once, or once more on a machine that is slow: who waits tries it until it gives up.
    let tried = asked_about(&function.world()).iter().filter(|name| *name == "former").count();
    assert!((1..=2).contains(&tried), "it was held up: {tried}");
}

#[tokio::test]
async fn an_event_that_names_clusters_asks_about_no_other_and_nothing_is_forgotten() {
    let (function, _) = Function::start_in(|world| (converged_payments(world), bystander(world))).await;
    function.sync().await;
    hold_back_tags(&mut function.world(), "payments", |_| {});

    function.answer(r#"{"clusters": ["payments"]}"#).await;

    assert_eq!(asked_about(&function.world()), ["payments"]);

    // Nor by a run that could not list.
    hold_back_tags(&mut function.world(), "uninvolved", |world| {
        world.plant(Fault::on("DescribeTags").times(1).refuse(400, "ValidationError", "no"));
    });
    function.sync_without_discovery().await;
    hold_back_tags(&mut function.world(), "uninvolved", |_| {});
    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 2, "{report:#}");
    assert_eq!(asked_about(&function.world()), ["payments", "uninvolved"]);
}

#[tokio::test]
async fn a_run_elsewhere_asks_about_nothing_of_here() {
    let (function, ()) = Function::start_in(|world| {
        converged_payments(world);
        let scope = Scope::new(HOME_ACCOUNT, "us-east-1");
        world.create_cluster(ClusterSpec {
            scope: scope.clone(),
            ..ClusterSpec::new("billing", ["10.0.3.10"])
        });
        world.add_frontend_in(&scope, "billing");
    })
    .await;

    for event in ["{}", ELSEWHERE, ELSEWHERE, "{}", ELSEWHERE] {
        function.answer(event).await;
    }

    let world = function.world();
    let asked: BTreeSet<_> = world
        .requests_of("DescribeCluster")
        .into_iter()
        .map(|call| (call.region.as_str(), call.parameter("name").unwrap_or_default()))
        .collect();
    assert_eq!(asked, [("eu-west-1", "payments"), ("us-east-1", "billing")].into());
}

#[tokio::test]
async fn a_warm_run_reads_the_tags_of_target_groups_beside_those_of_load_balancers() {
    let (function, _) = Function::start_in(converged_payments).await;
    function.sync().await;
    function.world().clear_requests();
    function.world().plant(Fault::on("DescribeTags").about(":loadbalancer/").unavailable());
    let asked = Fault::on("DescribeTags").about(":targetgroup/").before(World::clear_faults);
    function.world().plant(asked);

    let report = function.sync().await;

    assert_eq!(report["summary"]["converged"], 1, "{report:#}");
    let world = function.world();
    let done = world.requests_of("DescribeTags").into_iter().filter(|call| call.error.is_none()).count();
    assert_eq!(done, 2, "{:?}", world.requests());
}

/// One load balancer is no longer managed, one is new, and of a third the
/// target group goes just now.
#[tokio::test]
async fn what_was_expected_decides_nothing() {
    let (function, (_, untagged, going)) =
        Function::start_in(|world| (converged_payments(world), former(world), bystander(world))).await;
    function.sync().await;
    let added = {
        let mut world = function.world();
        world.clear_requests();
        world.load_balancer_mut(&untagged.load_balancer).tags.remove("eks-nlb-sync");
        world.rotate("former", ["10.98.2.2"]);
        let group = going.target_group.clone();
        let goes = move |world: &mut World| world.delete_target_group(&group);
        world.plant(Fault::on("DescribeTags").about(&going.target_group).before(goes));
        world.add_cluster("added", ["10.97.1.1"]);
        world.add_frontend("added")
    };

    let report = function.sync().await;

    assert_eq!(reported(&report, &added)["outcome"], "changed", "{report:#}");
    assert_eq!(report["summary"]["converged"], 1, "{report:#}");
    assert_eq!(report["summary"]["frontends"], 2, "{report:#}");
    assert_only_written(&function.world(), &added);
}
