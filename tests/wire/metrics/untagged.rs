//! Load balancers that lost their tags.

use super::*;

/// Its target group still carries the tag, so every process finds it.
#[tokio::test]
async fn a_load_balancer_that_lost_its_tag_is_named_and_its_outage_counted() {
    let (function, frontend) = Function::start_in(|world| {
        world.add_cluster("payments", PAYMENTS);
        let load_balancer =
            world.add_load_balancer(LoadBalancerSpec::managed("payments").without_tag("eks-nlb-sync"));
        let group = TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled");
        let target_group = world.add_target_group(group);
        let frontend = Frontend { load_balancer, target_group };
        world.put_targets(&frontend.target_group, PAYMENTS);
        frontend
    })
    .await;

    function.sync().await;
    cut_off(&mut function.world(), &frontend);
    function.sync().await;

    let second = line(&function, 1).await;
    let first = lines(&function).remove(0);
    assert_eq!((counts(&first), counts(&second)), (json!([0, 0, 1]), json!([1, 0, 1])));
    let untagged = function.logged(|line| line["message"] == "untagged").await;
    assert_eq!((&untagged["level"], &untagged["cluster"]), (&json!("WARN"), &json!("payments")));
    assert_eq!(untagged["loadBalancer"], frontend.load_balancer.as_str());
    let unserved = function.logged(|line| line["message"] == "unserved").await;
    assert_eq!((&unserved["because"], &unserved["zones"]), (&json!("untagged"), &json!("all")));
    assert_eq!(function.world().writes().len(), 0);

    // A run of some clusters does not look for it.
    function.world().clear_requests();
    function.error(r#"{"clusters": ["payments"]}"#).await;
    assert_eq!(function.world().requests_of("DescribeTargetHealth").len(), 0);
}

/// Without tags only the process that managed it knows.
#[tokio::test]
async fn a_load_balancer_without_any_tag_is_counted_while_it_is_known() {
    let (function, frontend) = Function::start_in(converged_payments).await;
    function.sync().await;
    function.world().load_balancer_mut(&frontend.load_balancer).tags.clear();
    function.sync().await;
    function.sync().await;

    let last = line(&function, 2).await;
    assert_eq!((counts(&last), &last["LoadBalancers"]), (json!([0, 0, 1]), &json!(0)));
    let untagged = function.logged(|line| line["message"] == "untagged").await;
    assert_eq!(untagged["cluster"], "payments");
}

/// A tag value that selects it for another function, or excludes it.
#[tokio::test]
async fn a_load_balancer_of_another_function_is_not_missed() {
    let (function, ()) = Function::start_in(|world| {
        for value in ["team-b", "disabled"] {
            let spec = LoadBalancerSpec::managed("payments").tag("eks-nlb-sync", value);
            let load_balancer = world.add_load_balancer(spec);
            world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled"));
        }
        world.add_load_balancer(LoadBalancerSpec::network("other").tag("cluster_name", "payments"));
    })
    .await;

    function.sync().await;

    assert_eq!(counts(&line(&function, 0).await), json!([0, 0, 0]));
}
