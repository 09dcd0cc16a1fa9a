//! Answers for each withheld, skipped and failed reason of the report: what is
//! happening, is anybody cut off, what do I do?

use serde::Serialize;

/// The answers for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answers {
    pub(crate) code: &'static str,
    /// What is happening?
    pub(crate) happening: &'static str,
    /// Is anybody cut off?
    pub(crate) cut_off: &'static str,
    /// What do I do?
    pub(crate) remedy: &'static str,
}

/// The answers for the reason that the report calls `code`, in any case.
pub(crate) fn find(code: &str) -> Option<&'static Answers> {
    ANSWERS.iter().find(|answers| answers.code.eq_ignore_ascii_case(code))
}

const fn answers(
    code: &'static str,
    happening: &'static str,
    cut_off: &'static str,
    remedy: &'static str,
) -> Answers {
    Answers { code, happening, cut_off, remedy }
}

/// Nothing is written to a frontend that failed before its plan.
const NOTHING_CHANGED: &str = "Not by this: the target group is left as it is. But if the addresses change meanwhile, it does not follow.";

/// Every reason, as the report orders them.
pub(crate) const ANSWERS: &[Answers] = &[
    answers(
        "waitingForHealthyReplacement",
        "The address has left the cluster, but its target may still serve clients. It stays until enough desired targets are healthy, in all and in its zone.",
        "No: that is why it stays. New targets take three to five minutes to become healthy.",
        "Wait ten minutes. If the new targets stay unhealthy or initial, check that the load balancer reaches them: the security group of the cluster must admit port 443 from the load balancer, and the health check must be TCP, or HTTPS on /readyz.",
    ),
    answers(
        "namedByOneSource",
        "ADDRESS_SOURCE is dns+eni, and only one of DNS and the control plane's network interfaces still names the address. It is neither registered nor deregistered until both agree.",
        "No: the target stays in service.",
        "Wait: DNS follows within minutes of an upgrade. If it lasts for an hour, compare the two with `eks-nlb explain CLUSTER`.",
    ),
    answers(
        "addOnlyPolicy",
        "The address has left the cluster, and SYNC_POLICY=add-only never deregisters.",
        "Not while other targets are healthy: the health check keeps clients away from a dead one.",
        "Set SYNC_POLICY=sync once you trust the plan, or deregister the target by hand.",
    ),
    answers(
        "registrationFailed",
        "A new target could not be registered in this run, so no old one was deregistered.",
        "Perhaps soon: the old targets stay, but the new address takes no clients.",
        "Read the error of the frontend: the quota of targets is used up, the policy does not cover the target group, or the address is in no subnet that the target group can reach.",
    ),
    answers(
        "deregistrationFailed",
        "The target was to go, and ELB refused or did not answer.",
        "No: the desired targets are in service.",
        "Nothing: the next run tries again. If it lasts, read the error of the frontend: most often IAM refuses elasticloadbalancing:DeregisterTargets.",
    ),
    answers(
        "targetTypeNotIp",
        "The targets of this target group are instances, a Lambda function or another load balancer, and API servers are addresses.",
        "Not by this: the target group is not managed.",
        "Make a target group of type ip and have the listener forward to it. If this one has another purpose, tag it eks-nlb-sync=disabled.",
    ),
    answers(
        "protocolNotTcp",
        "The protocol of this target group is neither TCP nor TLS, so it cannot front an API server.",
        "Not by this: the target group is not managed.",
        "Make a target group with protocol TCP, port 443. If this one has another purpose, tag it eks-nlb-sync=disabled.",
    ),
    answers(
        "excludedByTag",
        "The target group carries eks-nlb-sync=disabled, so it is left alone.",
        "Not known: nobody looks after its targets.",
        "Nothing, if that is meant. Remove the tag to have it managed.",
    ),
    answers(
        "notTagged",
        "Another target group of this load balancer carries the first tag of NLB_TAG and this one does not, so it is left alone.",
        "Not known: nobody looks after its targets.",
        "Tag it as the other one, if it fronts a cluster. Otherwise nothing.",
    ),
    answers(
        "clusterNotReady",
        "EKS is creating or deleting the cluster, or it has no endpoint yet.",
        "Nobody who could be served: there is no API server to reach.",
        "Wait: it is served in the first run after the cluster is active. If the cluster is deleted, delete its load balancer or remove the tag.",
    ),
    answers(
        "localCluster",
        "The cluster runs on an Outpost, where the addresses of the API servers never change.",
        "Not by this: the target group is left as it is.",
        "Register the addresses once by hand, and remove the tag from the load balancer.",
    ),
    answers(
        "MissingClusterName",
        "Neither the target group nor its load balancer has a value in the tag that names the cluster.",
        NOTHING_CHANGED,
        "Add the tag cluster_name=CLUSTER (or that of CLUSTER_NAME_TAG) to the load balancer.",
    ),
    answers(
        "InvalidClusterName",
        "The tag that names the cluster holds something that no EKS cluster can be called.",
        NOTHING_CHANGED,
        "Correct the tag: the name of the cluster as `aws eks list-clusters` shows it, not its ARN.",
    ),
    answers(
        "NoTargetGroup",
        "The load balancer is managed but forwards to no target group.",
        "Yes, if anybody uses it: a load balancer without a target group serves nobody.",
        "Make a target group of type ip, TCP 443, and a listener that forwards to it.",
    ),
    answers(
        "ClusterNotFound",
        "EKS knows no cluster of this name in this account and Region.",
        NOTHING_CHANGED,
        "Correct the tag cluster_name. If the cluster is in another account or Region, so must be the run: --role-arn, --region. If it was deleted, delete the load balancer or remove its tag.",
    ),
    answers(
        "ClusterFailed",
        "EKS could not create the cluster: its status is FAILED.",
        "Nobody who could be served: the cluster never worked.",
        "Delete the cluster and make it anew; it is served once it is active.",
    ),
    answers(
        "ClusterNotSelected",
        "The run was limited to a cluster that no managed load balancer names.",
        "Not by this: nothing is managed for the cluster.",
        "Check the spelling. Otherwise tag the cluster's load balancer: eks-nlb-sync=enabled and cluster_name=CLUSTER.",
    ),
    answers(
        "PrivateAccessDisabled",
        "The cluster's endpoint is public only, so there is no private address to follow.",
        "Yes, once the old addresses are gone: without private access the load balancer has nowhere to send clients.",
        "Enable private access on the cluster, or remove the tag from the load balancer.",
    ),
    answers(
        "DnsNoRecords",
        "The name of the API endpoint has no address, or none of the target group's family.",
        NOTHING_CHANGED,
        "Check that DNS_SERVERS, or the system's, knows the name: `eks-nlb explain CLUSTER` asks each. An IPv6 target group needs a cluster with IPv6.",
    ),
    answers(
        "DnsFailed",
        "The name server answered with an error.",
        NOTHING_CHANGED,
        "Nothing, if it passes: the next run asks again. If it lasts, check the name server, its forwarding rules, and that TCP port 53 is open as well.",
    ),
    answers(
        "DnsTimeout",
        "No name server answered in time.",
        NOTHING_CHANGED,
        "Check that UDP and TCP port 53 are open to the name servers. A slow one may need a larger DNS_TIMEOUT_MS.",
    ),
    answers(
        "InterfacesNotFound",
        "ADDRESS_SOURCE asks for the control plane's network interfaces, and fewer than two were found.",
        NOTHING_CHANGED,
        "Check that the run is in the account of the cluster and may call ec2:DescribeNetworkInterfaces. If the control plane is being replaced, the next run finds them.",
    ),
    answers(
        "SourcesDisagree",
        "DNS and the control plane's network interfaces have no address in common, so neither is believed.",
        NOTHING_CHANGED,
        "See which is right with `eks-nlb explain CLUSTER`. Most often DNS is asked outside the cluster's VPC, or somebody made network interfaces that look like the control plane's.",
    ),
    answers(
        "AddressNotAllowed",
        "The name resolves to an address outside ALLOWED_CIDRS: as a rule the public endpoint, as seen from outside the cluster's VPC.",
        NOTHING_CHANGED,
        "Point DNS_SERVERS at a resolver of the cluster's VPC, set ADDRESS_SOURCE=eni, or make the endpoint private only. Widen ALLOWED_CIDRS only if the address is one of your networks.",
    ),
    answers(
        "AccessDenied",
        "IAM refuses a call; the message names the action.",
        NOTHING_CHANGED,
        "Allow the action. For RegisterTargets and DeregisterTargets the deployed policy asks for the first tag of NLB_TAG on the target group: tag it as its load balancer.",
    ),
    answers(
        "Throttled",
        "AWS still refuses the call for its rate after several attempts. The rate is shared by everything in the account and Region.",
        NOTHING_CHANGED,
        "Nothing, if it passes: the next run tries again. If it lasts, find out in CloudTrail who else calls, or lower MAX_CONCURRENCY.",
    ),
    answers(
        "AwsUnreachable",
        "The AWS API does not answer.",
        NOTHING_CHANGED,
        "A function in private subnets needs a NAT gateway, or interface endpoints for eks, elasticloadbalancing and, if it assumes a role, sts. Their security group must admit port 443 from the function.",
    ),
    answers(
        "AwsRejected",
        "AWS refuses the call for another reason; the message has its code and text.",
        NOTHING_CHANGED,
        "Look up the code in the message. `VPCIdNotFound`, `InvalidTarget` and the like say that load balancer and cluster do not fit together; an expired token says that somebody must sign in again.",
    ),
    answers(
        "DeadlineExceeded",
        "The time of the run was nearly up before this frontend had its turn.",
        "Not by this: it comes first in the next run.",
        "Nothing, if it passes. If it lasts, give the function more time, check for throttling, or use one schedule for each Region.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    /// The reasons in the reference's three tables.
    fn documented() -> BTreeSet<String> {
        let reference =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference.md")).unwrap();
        let headings = ["| `withheld` reason |", "| `skipped` reason |", "| `failed` code |"];
        let is_heading = |line: &str| headings.iter().any(|heading| line.starts_with(heading));
        let mut reasons = BTreeSet::new();
        let mut lines = reference.lines();
        while let Some(line) = lines.next() {
            if is_heading(line) {
                let rows = lines.by_ref().skip(1).take_while(|row| row.starts_with("| `"));
                reasons.extend(rows.filter_map(|row| Some(row.split('`').nth(1)?.to_owned())));
            }
        }
        reasons
    }

    #[test]
    fn every_reason_is_answered_once() {
        let answered: BTreeSet<_> = ANSWERS.iter().map(|answers| answers.code.to_owned()).collect();

        assert_eq!(answered.len(), ANSWERS.len());
        assert_eq!(answered, documented());
        assert_eq!(find("DNSTIMEOUT").map(|answers| answers.code), Some("DnsTimeout"));
    }

    #[test]
    fn every_reason_has_an_example_in_the_documentation() {
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap();
        for answers in ANSWERS {
            let example = format!("### {0}\n\n<!-- example: explain {0} -->", answers.code);
            assert!(page.contains(&example), "{}", answers.code);
        }
    }

    #[test]
    fn answers_are_sentences() {
        for answers in ANSWERS {
            for text in [answers.happening, answers.cut_off, answers.remedy] {
                assert!(text.ends_with('.'), "{}: {text}", answers.code);
            }
        }
    }
}
