//! The incidents, and quiet times that must fire nothing. Something happens at
//! minute 20, unless it says otherwise.

use eks_nlb_simulator::world::{ClusterStatus, Health, TargetGroupSpec};
use eks_nlb_simulator::{Fault, TargetState, World};

use super::Incident;
use super::account::{
    NEW, fail_once, fifty, fleet, kill, new_account, rename, role, round, servers, stale, tag_group, untag,
    usual,
};

/// Half of a day: longer than any incident.
const LONG: u64 = 720;

const NOTHING: fn(u64, &mut World) = |_, _| {};

/// Failures are not retried, so that an incident is played quickly.
const ONE_ATTEMPT: (&str, &str) = ("AWS_MAX_ATTEMPTS", "1");

pub(super) const QUIET: Incident = Incident {
    name: "quiet",
    minutes: 90,
    every: 1,
    life: LONG,
    variables: &[ONE_ATTEMPT],
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
        variables: &[ONE_ATTEMPT, ("DRY_RUN", "true")],
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
        variables: &[ONE_ATTEMPT, ("SYNC_POLICY", "none")],
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
