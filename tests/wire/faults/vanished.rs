//! Resources that are deleted or replaced during a run.

use super::*;

#[tokio::test]
async fn a_resource_that_was_deleted_does_not_spoil_its_batch_of_tags() {
    let (function, ()) = Function::start_in(|world| {
        for n in 0..20 {
            let name = format!("cluster-{n}");
            world.add_cluster(&name, [format!("10.{n}.0.1")]);
            world.add_frontend(&name);
        }
        let doomed = world.add_load_balancer(LoadBalancerSpec::managed("doomed"));
        let gone = doomed.clone();
        world.plant(Fault::on("DescribeLoadBalancers").after(move |world| world.delete_load_balancer(&gone)));
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["changed"], 20, "{report:#}");
    assert_eq!(report["summary"]["loadBalancers"], 20);
    let calls = function.world().requests_of("DescribeTags").len();
    assert!(calls <= 3 + 2 * 5, "{calls} calls");
}

/// The batch is halved down to each resource: here the load balancers, and their two
/// target groups.
#[tokio::test]
async fn a_resource_that_was_deleted_does_not_spoil_its_only_neighbour() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = payments(world);
        world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer));
        let doomed = world.add_load_balancer(LoadBalancerSpec::network("doomed"));
        let delete = move |world: &mut World| world.delete_load_balancer(&doomed);
        world.plant(Fault::on("DescribeLoadBalancers").after(delete));
        frontend
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["changed"], 2, "{report:#}");
    assert_eq!(reported(&report, &frontend)["outcome"], "changed");
    assert_eq!(function.world().requests_of("DescribeTags").len(), 1 + 2 + 2);
}

#[tokio::test]
async fn a_target_group_that_was_deleted_does_not_spoil_its_batch_of_tags() {
    let (function, ()) = Function::start_in(|world| {
        let frontend = payments(world);
        for _ in 0..19 {
            world.add_target_group(TargetGroupSpec::ip(&frontend.load_balancer));
        }
        let gone = frontend.target_group;
        world.plant(Fault::on("DescribeTargetGroups").after(move |world| world.delete_target_group(&gone)));
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["summary"]["changed"], 19, "{report:#}");
    assert_eq!(report["summary"]["failed"], 0);
}

/// Its load balancer is not reported as one without a target group.
#[tokio::test]
async fn the_only_target_group_that_was_deleted_fails_nothing() {
    let (function, gone) = Function::start_in(|world| {
        let gone = payments(world);
        let target_group = gone.target_group.clone();
        let delete = move |world: &mut World| world.delete_target_group(&target_group);
        world.plant(Fault::on("DescribeTargetGroups").after(delete));
        gone
    })
    .await;

    let report = function.sync().await;

    assert_eq!(report["frontends"], json!([]), "{gone:?}");
    assert_eq!(report["summary"]["loadBalancers"], 1);
}

#[tokio::test]
async fn a_target_group_that_goes_before_a_call_fails_and_is_not_listed_again() {
    for operation in ["DescribeTargetHealth", "RegisterTargets"] {
        vanishes(operation).await;
    }
}

async fn vanishes(operation: &str) {
    let (function, (gone, stays, bystander)) = Function::start_in(|world| {
        let gone = busy_payments(world);
        let stays = world.add_target_group(TargetGroupSpec::ip(&gone.load_balancer));
        let doomed = gone.target_group.clone();
        let about = doomed.clone();
        let delete = move |world: &mut World| world.delete_target_group(&doomed);
        world.plant(Fault::on(operation).about(&about).before(delete));
        (gone, stays, bystander(world))
    })
    .await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(reported(&report, &gone)), "AwsRejected");
    assert!(message(reported(&report, &gone)).contains("TargetGroupNotFound"), "{report:#}");
    assert_eq!(reported(&report, &bystander)["outcome"], "changed");
    assert_eq!(targets_of(&function.world(), &stays), PAYMENTS_TARGETS);

    let report = function.sync().await;
    assert_eq!(report["summary"]["converged"], 2, "{report:#}");
}

#[tokio::test]
async fn a_cluster_that_is_replaced_under_the_run_is_served_by_the_next() {
    let (function, frontend) = Function::start_in_with(&[BY_DNS, ("DNS_TIMEOUT_MS", "500")], |world| {
        let frontend = converged_payments(world);
        let replace = |world: &mut World| world.recreate_cluster("payments", ["10.0.4.14"]);
        world.plant(Fault::on("DescribeCluster").after(replace));
        frontend
    })
    .await;

    let report = function.sync_with_failures().await;
    assert_eq!(code(reported(&report, &frontend)), "DnsNoRecords");
    assert_eq!(function.world().writes().len(), 0);

    let report = function.sync().await;
    assert_eq!(reported(&report, &frontend)["registered"], json!(["10.0.4.14:443"]));
}
