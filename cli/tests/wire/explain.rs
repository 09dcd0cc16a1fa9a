//! `eks-nlb explain`.

use eks_nlb_simulator::world::{LoadBalancerKind, LoadBalancerSpec, OverrideState, Protocol, Reply, Scheme};
use eks_nlb_simulator::{Fault, Health, TargetState, World};

use crate::support::*;

#[tokio::test]
async fn a_frontend_is_found_by_every_name_it_has() {
    let desk = Desk::new(small_fleet).await;
    let report = desk.run(&["plan", "--output", "json", "--cluster", "orders"]).await.json();
    let orders = &report["frontends"][0];
    let text = |key: &str| orders[key].as_str().expect("text").to_owned();
    let names = [
        "ORDERS".to_owned(),
        text("loadBalancer"),
        text("targetGroup"),
        text("host"),
        "10.2.1.30".to_owned(),
        "10.2.3.32".to_owned(),
        "10.2.1.30:443".to_owned(),
    ];
    let expected = desk.run(&["explain", "orders"]).await;
    assert_eq!(expected.code, Some(0), "{expected:?}");
    for name in names {
        assert_eq!(desk.run(&["explain", &name]).await.out, expected.out, "{name}");
    }
}

#[tokio::test]
async fn it_tells_tags_endpoint_addresses_and_the_rule_of_each_target() {
    let desk = Desk::new(small_fleet).await;
    let dns = desk.sim.dns_address().to_string();

    let said = desk.run(&["explain", "orders"]).await;

    said.assert_shows(&[
        "the load balancer carries eks-nlb-sync=enabled",
        "cluster_name=orders on the load balancer names the cluster",
        &format!("{dns} answers 10.2.2.31 (TTL 60 s), 10.2.3.32 (TTL 60 s)"),
        "no: 2 of 2 targets are healthy",
        "What to do",
        "DNS no longer names 10.2.1.30. Network interfaces of the control plane still have 10.2.1.30, but DNS alone",
        "May write yes: the policies of arn:aws:iam::111122223333:role/eks-nlb-sync allow",
        "Run `eks-nlb sync`",
    ]);
    let withheld = said.lines_with("10.2.1.30:443").pop().expect("a row");
    assert!(withheld.contains("withhold") && withheld.contains("keep-last-healthy"), "{withheld}");
    let registered = said.lines_with("10.2.3.32:443").pop().expect("a row");
    assert!(registered.contains("register") && registered.contains("register-first"), "{registered}");
    assert_eq!(desk.writes(), 0);
}

#[tokio::test]
async fn a_name_server_that_fails_is_told_by_the_name_of_its_answer() {
    for (reply, told) in [
        (Reply::ServerFailure, "SERVFAIL"),
        (Reply::Refused, "REFUSED"),
        (Reply::Silence, "no answer within 300 ms"),
    ] {
        let desk = Desk::new(|world| {
            small_fleet(world);
            let host = world.host("orders");
            world.dns.set(&host, reply);
        })
        .await;
        let dns = desk.sim.dns_address();

        let said = desk.run(&["explain", "orders", "--dns-timeout-ms", "300"]).await;

        said.assert_shows(&[&format!("DNS {dns}: {told}")]);
    }
}

#[tokio::test]
async fn a_failure_still_tells_whether_anybody_is_cut_off() {
    let desk = Desk::new(|world| {
        small_fleet(world);
        world.plant(Fault::on("DescribeCluster").about("ledger").access_denied());
        world.plant(Fault::on("DescribeCluster").about("payments").access_denied());
    })
    .await;

    let served = desk.run(&["explain", "ledger"]).await;
    let cut_off = desk.run(&["explain", "payments"]).await;

    served.assert_shows(&["no: 2 of 2 targets are healthy", "AccessDenied"]);
    // The rules are those of docs/reference.md.
    let left = served.lines_with("10.1.1.20:443").pop().expect("a row");
    assert!(left.contains(" leave ") && left.contains("no-write-on-doubt"), "{left}");
    assert!(left.contains("AccessDenied"), "{left}");
    cut_off.assert_shows(&["yes: the target group is empty"]);
}

#[tokio::test]
async fn what_is_not_managed_says_why() {
    let desk = Desk::new(|world: &mut World| {
        small_fleet(world);
        world.add_load_balancer(LoadBalancerSpec {
            scheme: Scheme::InternetFacing,
            ..LoadBalancerSpec::network("website")
        });
        world.add_cluster("lonely", ["10.9.1.1", "10.9.2.2"]);
        world.add_load_balancer(LoadBalancerSpec {
            kind: LoadBalancerKind::Application,
            ..LoadBalancerSpec::network("shop")
        });
    })
    .await;

    let load_balancer = desk.run(&["explain", "website"]).await;
    let cluster = desk.run(&["explain", "lonely"]).await;
    let application = desk.run(&["explain", "shop"]).await;
    let unknown = desk.run(&["explain", "ordres"]).await;

    application.assert_shows(&["shop is of type application, and only Network"]);

    load_balancer.assert_shows(&["does not carry eks-nlb-sync=enabled"]);
    load_balancer.assert_shows(&[
        "cluster_name=CLUSTER",
        "an internal load balancer",
        "to a target group of type ip",
    ]);
    cluster.assert_shows(&[
        "no managed load balancer names it",
        "the tags eks-nlb-sync=enabled and cluster_name=lonely",
    ]);
    unknown.assert_one_sentence(1, &["ordres", "did you mean orders?"]);
    for (misspelt, meant) in [
        ("tg-odrers", "tg-orders"),
        ("websiet", "website"),
        ("10.2.1.31", "10.2.1.30"),
        ("waitingForHealthyReplacment", "waitingForHealthyReplacement"),
    ] {
        let said = desk.run(&["explain", misspelt]).await;
        said.assert_one_sentence(1, &[&format!("did you mean {meant}?")]);
    }
}

#[tokio::test]
async fn what_elb_says_of_a_target_is_told() {
    let desk = Desk::new(|world| {
        small_fleet(world);
        world.set_health("10.2.1.30", Health::Never);
    })
    .await;

    let said = desk.run(&["explain", "orders"]).await;
    let document = desk.run(&["explain", "orders", "--output", "json"]).await.json();

    let [says] = said.lines_with("ELB's reason")[..] else { panic!("{}", said.out) };
    assert!(says.contains("10.2.1.30:443: Health checks failed (Target.FailedHealthChecks)"), "{says}");
    said.assert_shows(&["ELB does not say since when"]);
    let targets = document["frontends"][0]["targets"].as_array().expect("targets");
    let says = |target: &str| {
        targets.iter().find(|one| one["target"] == target).map(|one| one["elbReason"]["code"].clone())
    };
    assert_eq!(says("10.2.1.30:443"), Some("Target.FailedHealthChecks".into()));
    assert_eq!(says("10.2.2.31:443"), Some(serde_json::Value::Null), "it is healthy");
}

/// A run does not judge the targets of such a group, so no command shows their health.
#[tokio::test]
async fn a_group_that_the_function_cannot_serve_is_unknown_as_in_status() {
    let desk = Desk::new(|world| {
        let group = ledger(world);
        world.target_group_mut(&group).protocol = Some(Protocol::Udp);
        world.set_health("10.1.1.20", Health::Never);
    })
    .await;

    let explained = desk.run(&["explain", "ledger"]).await;
    let status = desk.run(&["status"]).await;

    explained.assert_shows(&["Cut off unknown: a run does not read the targets of such a group"]);
    assert!(!explained.out.contains("10.1.1.20"), "{explained:?}");
    status.assert_shows(&["unknown ledger nlb-ledger protocolNotTcp"]);
    assert_eq!(desk.sim.world().count("DescribeTargetHealth"), 0);
}

#[tokio::test]
async fn a_zonal_shift_is_in_the_state_of_its_targets() {
    let desk = Desk::new(|world| {
        let group = ledger(world);
        let balancer = world.target_group(&group).load_balancers[0].clone();
        world.shift_away(&balancer, "eu-west-1b", OverrideState::ZonalShiftActive);
    })
    .await;

    let document = desk.run(&["explain", "ledger", "-o", "json"]).await.json();
    let plan = desk.run(&["plan"]).await;
    let narrow = on_terminal(&desk, 60, "plan").await;

    let targets = document["frontends"][0]["targets"].as_array().expect("targets");
    let shifted: Vec<_> = targets.iter().map(|target| target.get("shiftedAway")).collect();
    assert_eq!(shifted, [None, Some(&true.into())], "{document:#}");
    assert!(targets.iter().all(|target| target["state"] == "healthy"), "{document:#}");
    plan.assert_shows(&["10.1.2.21:443 eu-west-1b healthy (shifted away) keep desired"]);
    assert_eq!(words(&narrow).matches("healthy (shifted away)").count(), 1, "{narrow}");
}

/// A target that is withheld for its replacement may be all that a zone lacks.
#[tokio::test]
async fn a_reason_and_the_frontend_agree_about_who_is_cut_off() {
    let desk = Desk::new(|world| {
        world.add_cluster("ledger", ["10.0.1.20", "10.0.2.11", "10.0.2.21"]);
        let frontend = world.add_frontend("ledger");
        world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.2.11"]);
        world.pin_state(&frontend.target_group, "10.0.1.10", TargetState::Healthy);
        world.pin_state(&frontend.target_group, "10.0.2.11", TargetState::Unhealthy);
    })
    .await;

    let said = desk.run(&["explain", "ledger"]).await;

    said.assert_shows(&["Cut off yes, in eu-west-1b", "waitingForHealthyReplacement"]);
    said.assert_shows(&["Are clients cut off Yes, in eu-west-1b"]);
}

#[tokio::test]
async fn a_reason_needs_no_account() {
    let said = said(bare(&["explain", "waitingforhealthyreplacement"])).await;

    assert_eq!(said.code, Some(0), "{said:?}");
    said.assert_shows(&["What is happening", "Are clients cut off", "What to do"]);
}

#[tokio::test]
async fn json_has_all_of_it() {
    let desk = Desk::new(small_fleet).await;

    let document = desk.run(&["explain", "orders", "--output", "json"]).await.json();

    let orders = &document["frontends"][0];
    assert_eq!(orders["outcome"], "planned");
    assert_eq!(orders["nameServers"][0]["addresses"][0]["ttlSeconds"], 60);
    let withheld = orders["targets"].as_array().into_iter().flatten().find(|t| t["action"] == "withhold");
    assert_eq!(withheld.map(|t| t["rule"].clone()), Some("keep-last-healthy".into()));
    assert_eq!(orders["answers"][0]["code"], "waitingForHealthyReplacement");
    assert!(orders["readAt"].as_str().is_some_and(|at| at.ends_with('Z')));
}

/// Whatever the size of the Region, apart from the pages of its listing.
#[tokio::test]
async fn one_frontend_costs_at_most_eight_calls() {
    for source in ["dns", "eni", "auto", "dns+eni"] {
        let desk = Desk::new(|world| {
            small_fleet(world);
            for n in 0..30 {
                let cluster = format!("c{n}");
                world.add_cluster(&cluster, [format!("10.{n}.1.1"), format!("10.{n}.2.2")]);
                world.add_frontend(&cluster);
            }
            world.set_health("10.2.1.30", Health::Never);
        })
        .await;

        let said = desk.run_with(&[("ADDRESS_SOURCE", source)], &["explain", "orders"]).await;

        assert_eq!(said.code, Some(0), "{said:?}");
        let world = desk.sim.world();
        assert_eq!((world.count("DescribeCluster"), world.count("DescribeTargetHealth")), (1, 2), "{source}");
        let pages = ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags"];
        let of_listing: usize = pages.map(|operation| world.count(operation)).iter().sum();
        // One page each, and the tags of 33 load balancers and their groups in batches of
        // 20. The tags of the one frontend are among the eight calls.
        assert!(world.requests().len() - of_listing < 8, "{source}: {:?}", world.requests());
        let of_function = ["GetFunctionConfiguration", "SimulatePrincipalPolicy"];
        assert_eq!(of_function.map(|operation| world.count(operation)), [1, 1], "{source}");
        assert_eq!((world.count("DescribeLoadBalancers"), world.count("DescribeTargetGroups")), (1, 1));
    }
}
