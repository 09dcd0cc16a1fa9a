use super::catalogue;

catalogue! {
    /// The rules of docs/reference.md, by name.
    pub enum Rule {
        NoWriteOnDoubt = "no-write-on-doubt" {
            "If the desired state cannot be determined, nothing is written to that frontend.";
            "No: the target group stays as it is.";
            "Read the frontend's error.";
        }
        RegisterFirst = "register-first" {
            "In every run, desired targets are registered before stale ones are deregistered.";
            "No.";
            "Nothing.";
        }
        KeepLastHealthy = "keep-last-healthy" {
            "A stale target that may be serving is deregistered only while enough desired targets are healthy, in total and in its Availability Zone.";
            "No: the rule prevents it.";
            "If a target is withheld for long, check why the desired targets are not healthy.";
        }
        DrainingNotInService = "draining-not-in-service" {
            "A draining target that is desired again is registered again; one that is not is left alone.";
            "No.";
            "Nothing.";
        }
        AddressAndPort = "address-and-port" {
            "A target is an address and a port and lies in the cluster's VPC. If ELB and EKS contradict each other about that, nothing is registered.";
            "No: the target group stays as it is.";
            "See AddressInWrongVpc.";
        }
        IsolateFailures = "isolate-failures" {
            "A failing frontend never delays or stops another, and throttled calls are tried again while the run has time.";
            "No.";
            "Nothing.";
        }
        Idempotent = "idempotent" {
            "A second run over an unchanged world makes no write.";
            "No.";
            "Nothing.";
        }
        OnlyTagged = "only-tagged" {
            "Only target groups of tagged load balancers are written, and none that is excluded or untagged next to a tagged one.";
            "Read `unserved` in the report, or run `eks-nlb status`.";
            "Check the tags of load balancer and target group.";
        }
        Bounded = "bounded" {
            "Work that no longer fits into the function's time is reported, not started.";
            "No: the frontend comes first in the next run.";
            "See DeadlineExceeded.";
        }
        DryRunWritesNothing = "dry-run-writes-nothing" {
            "A dry run writes nothing, and its plan equals what the next real run does.";
            "Read `unserved` in the report, or run `eks-nlb status`: a dry run repairs nothing.";
            "Set DRY_RUN=false once you trust the plan.";
        }
        LimitedRunIsNoSuccess = "limited-run-is-no-success" {
            "A run that the event limits (dryRun, clusters) writes no metric that an alarm takes for a full run.";
            "No.";
            "Nothing.";
        }
    }
}
