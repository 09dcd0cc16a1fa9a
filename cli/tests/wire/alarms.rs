//! From the name of an alarm to cluster, cause and remedy in two commands.

use std::fs;

use eks_nlb_simulator::{Fault, Health, World};

use crate::support::*;

/// The alarms of the templates, by logical ID.
fn alarms() -> Vec<String> {
    let templates = ["template.yaml", "fleet.yaml"].map(|name| {
        let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(path).expect("a template")
    });
    let lines: Vec<_> = templates.iter().flat_map(|text| text.lines()).map(str::trim).collect();
    let of_alarms = lines.windows(2).filter(|pair| pair[1] == "Type: AWS::CloudWatch::Alarm");
    of_alarms.map(|pair| pair[0].trim_end_matches(':').to_owned()).collect()
}

/// Every incident at once: `payments` is cut off, `ledger` fails, a stale target
/// of `orders` is withheld, and nothing invokes the function.
fn incidents(world: &mut World) {
    for (cluster, addresses) in [
        ("payments", ["10.0.1.10", "10.0.2.11"]),
        ("ledger", ["10.1.1.20", "10.1.2.21"]),
        ("orders", ["10.2.1.30", "10.2.2.31"]),
    ] {
        in_service(world, cluster, addresses);
    }
    world.rotate("orders", ["10.2.2.31", "10.2.3.32"]);
    world.set_health("10.0.1.10", Health::Never);
    world.set_health("10.0.2.11", Health::Never);
    world.plant(Fault::on("DescribeCluster").about("ledger").access_denied());
    world.supporting.function().schedule = None;
}

/// What the first command of an alarm must print, and of which clusters.
fn expected(command: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match command {
        "eks-nlb status" => (&["cut off", "payments"], &["payments"]),
        "eks-nlb plan" => (&["AccessDenied", "withhold", "ledger", "orders"], &["ledger", "orders"]),
        "eks-nlb doctor" => (&["✗ a schedule invokes the function", "What to do"], &[]),
        other => panic!("no alarm begins with {other}"),
    }
}

#[tokio::test]
async fn two_commands_lead_from_an_alarm_to_cluster_cause_and_remedy() {
    let desk = Desk::new(incidents).await;
    let alarms = alarms();
    assert!(alarms.len() > 3, "{alarms:?}");
    for alarm in alarms {
        // As CloudFormation names it.
        let answers =
            desk.run(&["explain", &format!("stack-{alarm}-1A2B3C"), "--output", "json"]).await.json();
        assert_eq!((&answers["code"], &answers["kind"]), (&alarm.as_str().into(), &"alarm".into()));
        let first = answers["next"][0].as_str().expect("a command");
        assert!(answers["next"].as_array().is_some_and(|next| next.len() <= 2), "{answers:#}");

        let arguments: Vec<_> = first.split(' ').skip(1).collect();
        let found = desk.run(&arguments).await;

        let (parts, clusters) = expected(first);
        for part in parts {
            assert!(found.out.contains(part), "{alarm}, {first}: {part} is missing: {}", found.out);
        }
        for cluster in clusters {
            let explained = desk.run(&["explain", cluster]).await;
            assert!(explained.out.contains("What to do"), "{alarm}, {cluster}: {}", explained.out);
        }
    }
    assert_eq!(desk.writes(), 0);
}
