use super::catalogue;

catalogue! {
    /// The alarms of template.yaml and fleet.yaml, by logical ID.
    pub enum Alarm {
        NoRunAlarm = "NoRunAlarm" {
            "No run has ended for NoRunMinutes: the schedule is off, no concurrency is left, the time is not enough, or the program does not start.";
            "Not by this alarm, but no target group follows its cluster until runs succeed again.";
            "`eks-nlb doctor` checks the function, its schedule and its last success, and makes the same calls. Then read the function's log.";
        }
        UnservedAlarm = "UnservedAlarm" {
            "Clients of some zone of more than ToleratedUnserved frontends reach no healthy target, or a control plane moved and its new targets could not be registered.";
            "Yes, or in minutes: where no target of a zone is healthy, the load balancer fails open and sends clients to targets that do not pass their health checks.";
            "`eks-nlb status` names the clusters that are cut off; `eks-nlb explain CLUSTER` says why, and what to do.";
        }
        FailingAlarm = "FailingAlarm" {
            "For most of a quarter of an hour, more than ToleratedFailures frontends have failed, or load balancers could not be listed, or the event or a setting was refused.";
            "Not by this alarm, but the targets of these frontends do not follow their clusters. `eks-nlb status` shows whose clients are served.";
            "`eks-nlb plan` shows each frontend that fails, with its cluster and code; `eks-nlb explain CLUSTER` says what to do.";
        }
        AttentionAlarm = "AttentionAlarm" {
            "More than ToleratedTickets frontends wait for a person: a tag or a cluster is wrong, a load balancer lost its tag, or a stale target has been kept for half an hour.";
            "Not by this alarm: all other frontends are served. `eks-nlb status` shows whose clients are served.";
            "`eks-nlb plan` shows each frontend that fails or keeps a stale target; `eks-nlb explain CLUSTER` says what to do. A load balancer that lost its tag is not in the plan: the alarm's query names it.";
        }
        LoadBalancersAlarm = "LoadBalancersAlarm" {
            "Fewer load balancers than MinLoadBalancers are managed: one was deleted, or has lost all of its tags.";
            "Possibly later: the targets of a load balancer that lost its tag do not follow its cluster.";
            "`eks-nlb status` lists the managed clusters. For the one that is missing, `eks-nlb explain CLUSTER` lists what its load balancer needs.";
        }
        NoSuccessAlarm = "NoSuccessAlarm" {
            "No round of the fleet has succeeded for NoSuccessMinutes: more than ToleratedFailures members fail, the list is missing or empty, a round takes too long, or the fleet's schedule is off.";
            "Not by this alarm, but no target group of a member that fails, or that no round reaches, follows its cluster.";
            "report.json in the fleet's bucket and the executions of its workflow say which: docs/operations.md#nosuccessalarm. `eks-nlb doctor` with --region, --role-arn and --external-id checks one member.";
        }
        PlannedAlarm = "PlannedAlarm" {
            "The function is in dry run, and for a day has had something to change or has failed.";
            "Possibly: a dry run repairs nothing. `eks-nlb status` shows whose clients are served.";
            "`eks-nlb plan` shows what a run would change. Deploy with DryRun=false, or remove the tag from the load balancer.";
        }
    }
}
