use super::catalogue;

catalogue! {
    /// How the visit of one frontend ends.
    pub enum OutcomeName {
        Converged = "converged" {
            "The target group has the cluster's addresses and no others.";
            "Read `unserved` in the report, or run `eks-nlb status`: registered targets may still be unhealthy.";
            "Nothing. If targets are unhealthy, `eks-nlb explain CLUSTER` says why.";
        }
        Waiting = "waiting" {
            "All desired targets are registered, and a stale target stays until it is no longer needed.";
            "No, unless `unserved` in the report names a zone.";
            "Nothing, if it passes within minutes. If it lasts, `eks-nlb explain CLUSTER` says what is missing.";
        }
        Changed = "changed" {
            "The run registered or deregistered targets.";
            "Read `unserved` in the report, or run `eks-nlb status`: it has the zones without a healthy target when the targets were read.";
            "Nothing.";
        }
        Planned = "planned" {
            "The run was a dry run: it shows what a run would change, and wrote nothing.";
            "Read `unserved` in the report, or run `eks-nlb status`: a dry run repairs nothing.";
            "Apply it with `eks-nlb sync`, or deploy the function with DRY_RUN=false.";
        }
        Skipped = "skipped" {
            "The function does not manage this target group, or not yet; `reason` says why.";
            "Read `unserved` in the report, or run `eks-nlb status`.";
            "`eks-nlb explain REASON` says what to do about the reason.";
        }
        Failed = "failed" {
            "A step failed for this frontend; `error.code` and `error.message` say which. The others were served.";
            "Read `unserved` in the report, or run `eks-nlb status`: the target group stays as it is.";
            "`eks-nlb explain CODE` says what to do about the code.";
        }
    }
}
