use super::catalogue;

catalogue! {
    /// Why a stale target stays in service.
    pub enum WithholdReason {
        WaitingForHealthyReplacement = "waitingForHealthyReplacement" {
            "The cluster no longer has this address, but the target may still serve clients. It stays until enough desired targets are healthy, in total and in its Availability Zone.";
            "No: the target stays in service for that reason.";
            "Check the desired targets. If they are unhealthy, check that the cluster's security group admits port 443 from the load balancer and that the health check is TCP, or HTTPS on /readyz. If they are initial, wait: ELB is still registering them.";
        }
        NamedByOneSource = "namedByOneSource" {
            "With ADDRESS_SOURCE auto or dns+eni, one of DNS and the control plane's network interfaces still names the address, so its target stays.";
            "No: the target stays in service.";
            "Wait: the two agree within minutes of an upgrade. If they disagree for an hour, compare them with `eks-nlb explain CLUSTER`.";
        }
        SourceUnavailable = "sourceUnavailable" {
            "With ADDRESS_SOURCE auto, one of DNS and the control plane's network interfaces gave no answer in this run, so no target is deregistered. NXDOMAIN, an empty or public answer of DNS, and a missing permission to read interfaces count as answers.";
            "No: every target stays in service.";
            "Nothing, if the next run succeeds. If it lasts, `eks-nlb explain CLUSTER` shows which source fails and why.";
        }
        AddOnlyPolicy = "addOnlyPolicy" {
            "The cluster no longer has this address, and SYNC_POLICY=add-only never deregisters.";
            "Not while other targets are healthy: the load balancer sends no new connections to an unhealthy target.";
            "Set SYNC_POLICY=sync once you trust the plan, or deregister the target by hand.";
        }
        RegistrationFailed = "registrationFailed" {
            "A desired target could not be registered in this run, so no stale one was deregistered.";
            "Not yet: the stale targets stay. Clients are cut off when the cluster stops the old API servers.";
            "Read the frontend's error: the target quota may be used up, the function's policy may not cover the target group, or the address may not be in a network that the target group reaches.";
        }
        DeregistrationFailed = "deregistrationFailed" {
            "The target was to be deregistered, and ELB refused or did not answer.";
            "No: the desired targets are in service.";
            "Nothing, if the next run succeeds. If it lasts, read the frontend's error: usually IAM denies elasticloadbalancing:DeregisterTargets.";
        }
    }
}
