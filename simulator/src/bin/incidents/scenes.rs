//! The incidents, and quiet times that must fire nothing. Something happens at
//! minute 20, unless it says otherwise.

use std::time::Duration;

use eks_nlb_simulator::world::{
    ClusterSpec, ClusterStatus, Health, LoadBalancerSpec, Scope, TargetGroupSpec,
};
use eks_nlb_simulator::{Fault, TargetState, World};
use serde_json::json;

use super::Incident;

/// Half of a day: longer than any incident.
const LONG: u64 = 720;

/// Clusters of a usual account, with the addresses of their servers.
const CLUSTERS: [&str; 3] = ["ledger", "orders", "payments"];

/// Members of a fleet.
const MEMBERS: usize = 12;

const NOTHING: fn(u64, &mut World) = |_, _| {};

const QUIET: Incident = Incident {
    name: "quiet",
    minutes: 90,
    every: 1,
    life: LONG,
    variables: &[],
    invoked: |_| vec!["{}".to_owned()],
    starts: true,
    populate: usual,
    happens: NOTHING,
};

pub(super) const INCIDENTS: &[Incident] = &[
    QUIET,
    Incident { name: "five-minutes", every: 5, minutes: 120, ..QUIET },
    Incident { name: "short-lives", life: 1, minutes: 60, ..QUIET },
    Incident { name: "new-versions", life: 10, ..QUIET },
    Incident {
        name: "dry-run",
        variables: &[("DRY_RUN", "true")],
        populate: new_account,
        minutes: 120,
        ..QUIET
    },
    Incident { name: "new-stack", populate: new_account, minutes: 60, ..QUIET },
    Incident { name: "new-stack-without-load-balancers", populate: |_| {}, minutes: 60, ..QUIET },
    Incident {
        name: "upgrade",
        happens: |minute, world| match minute {
            20 => world.rotate("payments", NEW),
            35 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "by-hand",
        invoked: |minute| match minute {
            30 => vec![r#"{"dry_run": true}"#.to_owned(), "{}".to_owned()],
            31 => vec![r#"{"dryRun": true}"#.to_owned(), "{}".to_owned()],
            _ => vec!["{}".to_owned()],
        },
        ..QUIET
    },
    Incident { name: "lookups-fail-once", minutes: 180, populate: fifty, happens: fail_once, ..QUIET },
    Incident {
        name: "lookups-fail-once-short-lives",
        minutes: 120,
        life: 1,
        populate: fifty,
        happens: fail_once,
        ..QUIET
    },
    Incident {
        name: "tag-lost",
        happens: |minute, world| match minute {
            20 => untag(world, "payments", "eks-nlb-sync"),
            60 => kill(world, "payments"),
            _ => {}
        },
        life: 15,
        ..QUIET
    },
    Incident {
        name: "name-misspelt",
        happens: |minute, world| match minute {
            20 => rename(world, "payments", "paymnets"),
            60 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "name-misspelt-while-red",
        happens: |minute, world| match minute {
            0 => rename(world, "ledger", "a/b"),
            40 => rename(world, "payments", ""),
            60 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "private-access-off",
        happens: |minute, world| match minute {
            20 => {
                let cluster = world.cluster_mut("payments");
                (cluster.private_access, cluster.public_access) = (false, true);
                world.publish("payments");
            }
            60 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "excluded",
        happens: |minute, world| match minute {
            20 => tag_group(world, "payments", "disabled"),
            40 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "untagged-sibling",
        populate: |world| {
            usual(world);
            let of = world.frontend_named("payments");
            world.target_group_mut(&of.target_group).tags.clear();
            let sibling = TargetGroupSpec::ip(&of.load_balancer).tag("eks-nlb-sync", "enabled");
            let sibling = world.add_target_group(sibling);
            world.put_targets(&sibling, servers("payments"));
        },
        happens: |minute, world| {
            if minute == 20 {
                let of = world.frontend_named("payments");
                for address in servers("payments") {
                    world.pin_state(&of.target_group, &address, TargetState::Unhealthy);
                }
            }
        },
        ..QUIET
    },
    Incident {
        name: "pending",
        happens: |minute, world| match minute {
            20 => world.cluster_mut("payments").status = ClusterStatus::Pending,
            40 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "one-zone",
        minutes: 240,
        life: 60,
        happens: |minute, world| {
            if minute == 20 {
                world.set_health(&servers("payments")[1], Health::Never);
            }
        },
        ..QUIET
    },
    Incident {
        name: "second-outage",
        happens: |minute, world| match minute {
            0 => kill(world, "ledger"),
            60 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "writes-refused",
        minutes: 60,
        happens: |minute, world| match minute {
            20 => {
                world.plant(Fault::on("RegisterTargets").access_denied());
                world.rotate("payments", NEW);
            }
            26 => kill(world, "payments"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "cut-off-then-listing-fails",
        happens: |minute, world| match minute {
            20 => kill(world, "payments"),
            40 => world.plant(Fault::on("DescribeLoadBalancers").access_denied()),
            70 => world.clear_faults(),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "cut-off-then-tag-breaks",
        happens: |minute, world| match minute {
            20 => kill(world, "payments"),
            40 => rename(world, "payments", "a/b"),
            60 => untag(world, "payments", "eks-nlb-sync"),
            _ => {}
        },
        ..QUIET
    },
    Incident {
        name: "listing-fails",
        minutes: 60,
        happens: |minute, world| {
            if minute == 20 {
                world.plant(Fault::on("DescribeLoadBalancers").access_denied());
            }
        },
        ..QUIET
    },
    Incident {
        name: "lookup-denied",
        minutes: 60,
        happens: |minute, world| {
            if minute == 20 {
                world.plant(Fault::on("DescribeCluster").access_denied());
            }
        },
        ..QUIET
    },
    Incident {
        name: "bad-setting",
        variables: &[("SYNC_POLICY", "none")],
        starts: false,
        minutes: 60,
        ..QUIET
    },
    Incident {
        name: "poisoned-event",
        minutes: 60,
        invoked: |minute| vec![if minute < 20 { "{}" } else { r#"{"dry_run": true}"# }.to_owned()],
        ..QUIET
    },
    Incident {
        name: "stops",
        invoked: |minute| if minute < 20 { vec!["{}".to_owned()] } else { Vec::new() },
        ..QUIET
    },
    Incident { name: "stale-target", minutes: 360, populate: stale, ..QUIET },
    Incident { name: "stale-target-processes-of-an-hour", minutes: 480, life: 60, populate: stale, ..QUIET },
    Incident { name: "fleet-quiet", ..FLEET },
    Incident {
        name: "fleet-member-not-listed",
        happens: |minute, world| match minute {
            20 => world.plant(Fault::on("AssumeRole").about(&role(3)).access_denied()),
            80 => world.clear_faults(),
            _ => {}
        },
        ..FLEET
    },
    Incident {
        name: "fleet-member-cut-off",
        minutes: 300,
        happens: |minute, world| {
            if minute == 20 {
                kill(world, "member-3");
            }
        },
        ..FLEET
    },
    Incident {
        name: "fleet-name-missing",
        happens: |minute, world| {
            if minute == 20 {
                rename(world, "member-3", "");
            }
        },
        ..FLEET
    },
];

/// A new process for each round: none of a fleet's many has seen the round before.
const FLEET: Incident =
    Incident { every: 5, life: 5, minutes: 150, populate: fleet, invoked: round, ..QUIET };

/// The addresses of the servers of a cluster, one in each of two zones.
fn servers(cluster: &str) -> [String; 2] {
    let number = cluster.bytes().map(usize::from).sum::<usize>() % 200;
    [format!("10.0.1.{}", number + 10), format!("10.0.2.{}", number + 10)]
}

/// Those of payments after it was replaced.
const NEW: [&str; 2] = ["10.0.1.250", "10.0.2.251"];

fn usual(world: &mut World) {
    world.healthy_after = Duration::from_mins(4);
    for cluster in CLUSTERS {
        converged(world, &Scope::default(), cluster);
    }
}

/// The same accounts on their first day: every target group is empty.
fn new_account(world: &mut World) {
    world.healthy_after = Duration::from_mins(4);
    for cluster in CLUSTERS {
        world.add_cluster(cluster, servers(cluster));
        world.add_frontend(cluster);
    }
}

fn fifty(world: &mut World) {
    for n in 0..50 {
        converged(world, &Scope::default(), &format!("cluster-{n:02}"));
    }
}

/// One lookup in 500 fails, and works a minute later.
fn fail_once(minute: u64, world: &mut World) {
    if minute % 10 == 3 {
        let cluster = format!("cluster-{:02}", minute / 10 * 7 % 50);
        world.plant(Fault::on("DescribeCluster").about(&cluster).times(1).internal_failure());
    }
}

/// A security group keeps the load balancer from the new servers.
fn stale(world: &mut World) {
    usual(world);
    // The new servers are in the zones of the old ones, which still serve.
    for address in NEW {
        world.set_health(address, Health::Never);
    }
    world.rotate("payments", NEW);
}

fn converged(world: &mut World, scope: &Scope, cluster: &str) {
    world.create_cluster(ClusterSpec { scope: scope.clone(), ..ClusterSpec::new(cluster, servers(cluster)) });
    let load_balancer = LoadBalancerSpec { scope: scope.clone(), ..LoadBalancerSpec::managed(cluster) };
    let load_balancer = world.add_load_balancer(load_balancer);
    let group = world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag("eks-nlb-sync", "enabled"));
    world.put_targets(&group, servers(cluster));
}

/// The servers that a cluster began with stop.
fn kill(world: &mut World, cluster: &str) {
    for address in servers(cluster) {
        world.set_health(&address, Health::Never);
    }
}

fn untag(world: &mut World, cluster: &str, key: &str) {
    let of = world.frontend_named(cluster);
    world.load_balancer_mut(&of.load_balancer).tags.remove(key);
}

/// What the load balancer's tag says.
fn rename(world: &mut World, cluster: &str, name: &str) {
    let of = world.frontend_named(cluster);
    world.load_balancer_mut(&of.load_balancer).tags.insert("cluster_name".to_owned(), name.to_owned());
}

fn tag_group(world: &mut World, cluster: &str, value: &str) {
    let of = world.frontend_named(cluster);
    world.target_group_mut(&of.target_group).tags.insert("eks-nlb-sync".to_owned(), value.to_owned());
}

fn account(member: usize) -> String {
    format!("4444555566{member:02}")
}

fn role(member: usize) -> String {
    format!("arn:aws:iam::{}:role/eks-nlb-sync", account(member))
}

fn fleet(world: &mut World) {
    world.healthy_after = Duration::from_mins(4);
    for member in 0..MEMBERS {
        world.add_role_with(&role(member), Some("platform"));
        converged(world, &Scope::new(account(member), "eu-west-1"), &format!("member-{member}"));
    }
}

fn round(_: u64) -> Vec<String> {
    let event = |member| json!({"roleArn": role(member), "externalId": "platform", "summaryOnly": true});
    (0..MEMBERS).map(|member| event(member).to_string()).collect()
}
