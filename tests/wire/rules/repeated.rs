//! Runs that are repeated, and dry runs.

use super::*;

#[tokio::test]
async fn a_second_run_over_an_unchanged_world_writes_nothing() {
    let (function, ()) = Function::start_in_with(&[BY_DNS], |world| {
        busy_payments(world);
        world.set_health("10.0.2.11", Health::Never);
        bystander(world);
    })
    .await;
    function.sync().await;
    let before = function.world().writes().len();

    for by in [Duration::ZERO, Duration::from_secs(5), Duration::from_mins(1), Duration::from_hours(1)] {
        function.world().advance(by);
        let report = function.sync().await;
        let still = [&report["summary"]["converged"], &report["summary"]["waiting"]];
        assert_eq!(still, [1, 1], "{report:#}");
    }

    assert_eq!(function.world().writes().len(), before);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_plans_what_the_real_run_does() {
    let (function, ()) = Function::start_in_with(&[BY_DNS], |world| {
        busy_payments(world);
        bystander(world);
        world.add_cluster("ledger", ["10.7.0.1"]);
        let ledger = world.add_frontend("ledger");
        world.put_targets(&ledger.target_group, ["10.7.0.1"]);
        world.rotate("ledger", ["10.7.0.2"]);
    })
    .await;

    let plan = function.answer(r#"{"dryRun": true}"#).await;
    assert_eq!(function.world().writes().len(), 0);
    let done = function.sync().await;

    assert_eq!(plan["summary"]["planned"], done["summary"]["changed"]);
    for count in ["registered", "deregistered", "withheld", "converged"] {
        assert_eq!(plan["summary"][count], done["summary"][count], "{count}");
    }
    let (planned, done) = (plan["frontends"].as_array(), done["frontends"].as_array());
    for (planned, done) in planned.expect("a list").iter().zip(done.expect("a list")) {
        assert_eq!(planned["outcome"], "planned");
        for key in ["targetGroup", "desired", "registered", "deregistered", "withheld"] {
            assert_eq!(planned[key], done[key], "{key}");
        }
    }
}

#[tokio::test]
async fn what_is_not_tagged_is_never_written() {
    let (function, mine) = Function::start_in_with(&[BY_DNS], |world| {
        let mine = busy_payments(world);
        let stale = ["10.0.3.12", "10.0.3.13"];
        let spec = TargetGroupSpec::ip(&mine.load_balancer);
        let excluded = world.add_target_group(spec.clone().excluded());
        let unattached = world.add_target_group(spec.unattached());
        let untagged = LoadBalancerSpec::managed("payments").without_tag("eks-nlb-sync");
        let untagged = world.add_load_balancer(untagged);
        let unselected = world.add_target_group(TargetGroupSpec::ip(&untagged));
        for group in [excluded, unattached, unselected] {
            world.put_targets(&group, stale);
        }
        mine
    })
    .await;

    for _ in 0..3 {
        function.sync().await;
        function.world().advance(Duration::from_mins(10));
    }

    assert_only_written(&function.world(), &mine);
}

#[tokio::test]
async fn whatever_the_first_run_could_not_do_a_later_run_does() {
    let (function, frontend) =
        Function::start_in_with(&[BY_DNS, ONE_ATTEMPT, ("DNS_TIMEOUT_MS", "300")], payments).await;
    let host = function.world().host("payments");
    for operation in ["DescribeCluster", "DescribeTargetHealth", "RegisterTargets"] {
        function.world().plant(Fault::on(operation).times(1).unavailable());
        function.sync_with_failures().await;
    }
    function.world().dns.set(&host, Reply::Silence);
    function.sync_with_failures().await;
    assert_eq!(targets_of(&function.world(), &frontend.target_group), Vec::<String>::new());
    function.world().publish("payments");

    let report = function.sync().await;

    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    let targets: BTreeSet<_> = targets_of(&function.world(), &frontend.target_group).into_iter().collect();
    assert_eq!(targets, PAYMENTS_TARGETS.map(str::to_owned).into());
}
