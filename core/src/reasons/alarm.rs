use super::catalogue;

catalogue! {
    /// The alarms of template.yaml, by logical ID.
    pub enum Alarm {
        /// No full run for minutes.
        NoRunAlarm = "NoRunAlarm" {
            "No run has listed all load balancers for NoRunMinutes: the function does not run (schedule, concurrency, time-out, a setting that does not parse), or it cannot list them.";
            "Not by this alarm, but no target group follows its cluster until runs succeed again.";
            "`eks-nlb doctor` checks the function, its schedule and its last success, and makes the same calls. Then read the function's log.";
        }
        /// Frontends failed in three windows.
        FailedAlarm = "FailedAlarm" {
            "Runs have failed for more than ToleratedFailures frontends for a quarter of an hour.";
            "Not by this alarm, but the targets of these frontends do not follow their clusters. `eks-nlb status` shows whose clients are served.";
            "`eks-nlb plan` shows each frontend that fails, with its cluster and code; `eks-nlb explain CLUSTER` says what to do.";
        }
        /// Runs end with an error.
        ErrorsAlarm = "ErrorsAlarm" {
            "Runs end with an error again and again. Without FailedAlarm, a tag or a cluster waits for a person.";
            "Not by this alarm: all other frontends are served. `eks-nlb status` shows whose clients are served.";
            "`eks-nlb plan` shows each frontend that fails, with its cluster and code; `eks-nlb explain CLUSTER` says what to do.";
        }
        /// A target group has no healthy target.
        UnhealthyAlarm = "UnhealthyAlarm" {
            "A target group has had no healthy target for UnhealthyMinutes.";
            "Yes: the load balancer fails open and sends clients to targets that do not pass their health checks.";
            "`eks-nlb status` names the clusters that are cut off; `eks-nlb explain CLUSTER` says why, and what to do.";
        }
        /// A stale target stays too long.
        WithheldAlarm = "WithheldAlarm" {
            "A stale target has been kept for WithheldMinutes, because too few of its replacements are healthy.";
            "Not yet: the stale target stays in service. Clients are cut off if the old API servers stop first.";
            "`eks-nlb plan` shows each target that is withheld, with its cluster; `eks-nlb explain CLUSTER` says which replacements are missing.";
        }
        /// Fewer load balancers are managed than expected.
        LoadBalancersAlarm = "LoadBalancersAlarm" {
            "Fewer load balancers than MinLoadBalancers are managed: one was deleted, or has lost its tag.";
            "Possibly later: the targets of a load balancer that lost its tag do not follow its cluster.";
            "`eks-nlb status` lists the managed clusters. For the one that is missing, `eks-nlb explain CLUSTER` lists what its load balancer needs.";
        }
        /// A dry run has had something to do for a day.
        PlannedAlarm = "PlannedAlarm" {
            "The function is in dry run, and has had something to change for a day.";
            "Possibly: a dry run repairs nothing. `eks-nlb status` shows whose clients are served.";
            "`eks-nlb plan` shows what a run would change. Deploy with DryRun=false, or remove the tag from the load balancer.";
        }
    }
}
