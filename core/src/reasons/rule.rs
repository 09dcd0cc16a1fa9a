use super::catalogue;

catalogue! {
    /// The rules of docs/reference.md, by name.
    pub enum Rule {
        /// Nothing is written while the desired state is not known.
        NoWriteOnDoubt = "no-write-on-doubt" {
            "If the desired state cannot be determined, nothing is written to that frontend.";
            "No: the target group stays as it is.";
            "Read the frontend's error.";
        }
        /// Registering comes first.
        RegisterFirst = "register-first" {
            "In every run, desired targets are registered before stale ones are deregistered.";
            "No.";
            "Nothing.";
        }
        /// A stale target that may be serving waits for its replacement.
        KeepLastHealthy = "keep-last-healthy" {
            "A stale target that may be serving is deregistered only while enough desired targets are healthy, in total and in its Availability Zone.";
            "No: the rule prevents it.";
            "If a target is withheld for long, check why the desired targets are not healthy.";
        }
        /// A draining target is not in service.
        DrainingNotInService = "draining-not-in-service" {
            "A draining target that is desired again is registered again; one that is not is left alone.";
            "No.";
            "Nothing.";
        }
        /// A target is address and port, in the cluster's VPC.
        AddressAndPort = "address-and-port" {
            "A target is an address and a port and lies in the cluster's VPC. If ELB and EKS contradict each other about that, nothing is registered.";
            "No: the target group stays as it is.";
            "See AddressInWrongVpc.";
        }
        /// One failing frontend never delays or stops another.
        IsolateFailures = "isolate-failures" {
            "A failing frontend never delays or stops another, and throttled calls are tried again while the run has time.";
            "No.";
            "Nothing.";
        }
        /// A second run over an unchanged world makes no write.
        Idempotent = "idempotent" {
            "A second run over an unchanged world makes no write.";
            "No.";
            "Nothing.";
        }
        /// Only what is tagged is written.
        OnlyTagged = "only-tagged" {
            "Only target groups of tagged load balancers are written, and none that is excluded or untagged next to a tagged one.";
            "Read `unserved` in the report, or run `eks-nlb status`.";
            "Check the tags of load balancer and target group.";
        }
        /// No run outlives the function's deadline.
        Bounded = "bounded" {
            "Work that no longer fits into the function's time is reported, not started.";
            "No: the frontend comes first in the next run.";
            "See DeadlineExceeded.";
        }
        /// A dry run writes nothing, and its plan is what a real run does.
        DryRunWritesNothing = "dry-run-writes-nothing" {
            "A dry run writes nothing, and its plan equals what the next real run does.";
            "Read `unserved` in the report, or run `eks-nlb status`: a dry run repairs nothing.";
            "Set DRY_RUN=false once you trust the plan.";
        }
        /// A run that the event limits writes no metric of a full run.
        LimitedRunIsNoSuccess = "limited-run-is-no-success" {
            "A run that the event limits (dryRun, clusters) writes no metric that an alarm takes for a full run.";
            "No.";
            "Nothing.";
        }
    }
}
