//! `auto` where DNS decides, because interfaces cannot be read or are too few.

use super::*;

/// Two stale targets: the second one has an interface.
const STALE: [&str; 2] = ["10.0.3.12", "10.0.3.13"];
const STALE_TARGETS: [&str; 2] = ["10.0.3.12:443", "10.0.3.13:443"];

/// `payments`, with one of its targets missing, and both stale ones.
fn behind(world: &mut World) -> Frontend {
    let frontend = payments(world);
    world.rotate("payments", ["10.0.1.10", "10.0.3.10", "10.0.4.10"]);
    world.put_targets(&frontend.target_group, ["10.0.1.10", "10.0.3.10"]);
    world.put_targets(&frontend.target_group, STALE);
    frontend
}

#[tokio::test]
async fn where_interfaces_cannot_be_read_only_a_missing_permission_lets_targets_go() {
    let faults: [(&str, Befall); 6] = [
        ("IAM denies", Fault::access_denied),
        ("throttled", Fault::throttle),
        ("reset", Fault::reset),
        ("503", Fault::unavailable),
        ("garbled", Fault::garble),
        ("truncated", Fault::truncate),
    ];
    for (name, befall) in faults {
        let (function, frontend) = Function::start_in_with(&[ONE_ATTEMPT], |world| {
            world.plant(befall(Fault::on("DescribeNetworkInterfaces")));
            behind(world)
        })
        .await;

        let report = function.sync().await;

        let reported = reported(&report, &frontend);
        assert_eq!((&reported["outcome"], &reported["source"]), (&json!("changed"), &json!("dns")), "{name}");
        assert_eq!(reported["registered"], json!(["10.0.4.10:443"]), "{name}");
        if name == "IAM denies" {
            assert_eq!(reported["deregistered"], json!(STALE_TARGETS), "{name}: {reported:#}");
        } else {
            assert_eq!(reported["deregistered"], json!([]), "{name}: {reported:#}");
            let withheld =
                STALE_TARGETS.map(|target| json!({"target": target, "reason": "sourceUnavailable"}));
            assert_eq!(reported["withheld"], json!(withheld), "{name}");
        }
    }
}

#[tokio::test]
async fn one_interface_does_not_decide_and_keeps_its_target() {
    let (function, frontend) = Function::start_in(|world| {
        let frontend = behind(world);
        remove_interfaces(world, &["10.0.1.10", "10.0.3.10", "10.0.4.10"]);
        remove_interfaces(world, &PAYMENTS);
        let lingering = world.control_plane_interface("payments", [STALE[1]]);
        world.add_interface(lingering);
        frontend
    })
    .await;

    let report = function.sync().await;

    let reported = reported(&report, &frontend);
    assert_eq!(reported["source"], "dns", "{reported:#}");
    assert_eq!(reported["desired"], json!(["10.0.1.10", "10.0.3.10", "10.0.4.10"]));
    assert_eq!(reported["deregistered"], json!([STALE_TARGETS[0]]));
    assert_eq!(reported["withheld"], json!([{"target": STALE_TARGETS[1], "reason": "namedByOneSource"}]));
}

/// The permission is missing in every run of the process. Another member of a fleet has
/// another role, which somebody else looks after.
#[tokio::test]
async fn a_missing_permission_is_logged_once_for_each_member() {
    let (function, frontend) = Function::start_in(|world| {
        world.plant(Fault::on("DescribeNetworkInterfaces").access_denied());
        let scope = Scope::new(HOME_ACCOUNT, "us-east-1");
        world.create_cluster(ClusterSpec { scope: scope.clone(), ..ClusterSpec::new("payments", PAYMENTS) });
        world.add_frontend_in(&scope, "payments");
        converged_payments(world)
    })
    .await;

    for _ in 0..3 {
        assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "converged");
        function.answer(r#"{"region": "us-east-1"}"#).await;
    }

    function.last_report().await;
    let is_about_it = |line: &&serde_json::Value| {
        line["message"].as_str().is_some_and(|message| message.starts_with("interfaces are not read"))
    };
    let lines: Vec<_> = function.log().into_iter().filter(|line| is_about_it(&line)).collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines.iter().all(|line| line["level"] == "WARN"), "{lines:#?}");
}
