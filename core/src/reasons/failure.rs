use super::catalogue;

/// Nothing is written to a frontend that fails before its plan is applied.
const UNCHANGED: &str = "Not by this failure: the target group stays as it is. Clients are cut off when the cluster's addresses change meanwhile. Read `unserved` in the report, or run `eks-nlb status`.";

catalogue! {
    /// Why a frontend failed.
    pub enum FailureCode {
        MissingClusterName = "MissingClusterName" {
            "Neither the target group nor its load balancer has a value in the tag that names the cluster.";
            UNCHANGED;
            "Add the tag cluster_name=CLUSTER (or the tag of CLUSTER_NAME_TAG) to the load balancer.";
        }
        InvalidClusterName = "InvalidClusterName" {
            "The value of the tag that names the cluster is not an EKS cluster name: 1 to 100 letters, digits, hyphens or underscores, the first a letter or a digit. EKS is not asked.";
            UNCHANGED;
            "Correct the tag: use the name that `aws eks list-clusters` shows, not the ARN.";
        }
        NoTargetGroup = "NoTargetGroup" {
            "The load balancer is managed but forwards to no target group.";
            "Yes: a load balancer without a target group serves no clients.";
            "Create a target group of type ip, TCP 443, and a listener that forwards to it.";
        }
        AddressInWrongVpc = "AddressInWrongVpc" {
            "ELB and EKS contradict each other: an address is not in the VPC in which EKS says the cluster is, or is in the target group's VPC although the cluster is in another. No such address is registered.";
            UNCHANGED;
            "The message says which: a private hosted zone of the endpoint's name answers DNS (run the function elsewhere, set DNS_SERVERS, or set ADDRESS_SOURCE=eni), or two VPCs share a range (put the load balancer into the cluster's VPC).";
        }
        InternetFacing = "InternetFacing" {
            "The load balancer is not internal, and ALLOW_INTERNET_FACING is not set: registering API servers would publish a private endpoint.";
            "Read `unserved` in the report, or run `eks-nlb status`: the target group stays as it is.";
            "Create an internal load balancer. If publishing the API server is intended, set ALLOW_INTERNET_FACING=true.";
        }
        ClusterNotTagged = "ClusterNotTagged" {
            "The EKS cluster does not carry CLUSTER_TAG, by which its owner consents to the load balancer.";
            UNCHANGED;
            "Tag the cluster, or correct the name in the tag of the load balancer.";
        }
        ClusterNotFound = "ClusterNotFound" {
            "EKS knows no cluster of this name in this account and Region.";
            UNCHANGED;
            "Correct the tag cluster_name. If the cluster is in another account or Region, run there: --role-arn, --region. If it was deleted, delete the load balancer or remove its tag.";
        }
        ClusterFailed = "ClusterFailed" {
            "EKS could not create the cluster: its status is FAILED.";
            "The cluster has no API server that clients could reach.";
            "Delete the cluster and create it again; the first run after it is active serves it.";
        }
        TooFewLoadBalancers = "TooFewLoadBalancers" {
            "The event names a minimum of managed load balancers, and fewer carry the selecting tag.";
            "Possibly later: the targets of a load balancer that lost its tag are not updated.";
            "Find the load balancer that lost its tag (CloudTrail: RemoveTags, DeleteLoadBalancer), or lower minLoadBalancers.";
        }
        ClusterNotSelected = "ClusterNotSelected" {
            "The run was limited to a cluster that no managed load balancer names.";
            "The function manages nothing for this cluster and does not know.";
            "Check the spelling, or tag the cluster's load balancer: eks-nlb-sync=enabled and cluster_name=CLUSTER.";
        }
        PrivateAccessDisabled = "PrivateAccessDisabled" {
            "The cluster's endpoint is public only, so it has no private addresses.";
            "Clients are cut off once the old addresses stop answering. Read `unserved` in the report, or run `eks-nlb status`.";
            "Enable private access on the cluster, or remove the tag from the load balancer.";
        }
        DnsNoRecords = "DnsNoRecords" {
            "The API endpoint's host name does not exist (NXDOMAIN), or has no address of the target group's family.";
            UNCHANGED;
            "Check that DNS_SERVERS, or the system's name servers, resolve the name: `eks-nlb explain CLUSTER` asks each. Some resolvers drop private addresses (DNS rebinding protection). An IPv6 target group needs a cluster with IPv6.";
        }
        DnsFailed = "DnsFailed" {
            "Every name server answered with an error (SERVFAIL, REFUSED), or with a truncated answer that TCP could not complete.";
            UNCHANGED;
            "Nothing, if the next run succeeds. If it lasts, check the name server, its forwarding rules, and that TCP port 53 is open as well.";
        }
        DnsTimeout = "DnsTimeout" {
            "No name server answered within DNS_TIMEOUT_MS.";
            UNCHANGED;
            "Check that UDP and TCP port 53 are open to the name servers. A slow one may need a larger DNS_TIMEOUT_MS.";
        }
        InterfacesNotFound = "InterfacesNotFound" {
            "ADDRESS_SOURCE (eni, dns+eni) requires the control plane's network interfaces, and fewer than two were found.";
            UNCHANGED;
            "Check that the run is in the cluster's account and may call ec2:DescribeNetworkInterfaces. If EKS is replacing the control plane, the next run finds them.";
        }
        SourcesDisagree = "SourcesDisagree" {
            "With ADDRESS_SOURCE dns+eni, DNS and the control plane's network interfaces have no address in common, so neither is believed.";
            UNCHANGED;
            "Compare them with `eks-nlb explain CLUSTER`. Usually DNS is asked outside the cluster's VPC; interfaces that imitate the control plane's are the other cause.";
        }
        AddressNotAllowed = "AddressNotAllowed" {
            "An address is outside ALLOWED_CIDRS: usually the public endpoint, seen from outside the cluster's VPC.";
            UNCHANGED;
            "Set ADDRESS_SOURCE=auto and allow ec2:DescribeNetworkInterfaces, so that interfaces decide, or point DNS_SERVERS at a resolver of the cluster's VPC. Widen ALLOWED_CIDRS only if the address is in one of your networks.";
        }
        AccessDenied = "AccessDenied" {
            "IAM denies a call; the message names the action.";
            UNCHANGED;
            "Allow the action. For RegisterTargets and DeregisterTargets the deployed policy requires the first tag of NLB_TAG on the target group: tag it like its load balancer, or deploy with WriteScope=any. For AssumeRole, compare external ID, organisation and the role's trust policy. If the policies allow it, a permissions boundary or an organisation's policy denies it.";
        }
        Throttled = "Throttled" {
            "AWS throttled the call until the run's time was up. All clients of the account and Region share the request rate.";
            UNCHANGED;
            "Nothing, if the next run succeeds. If it lasts, find the other clients in CloudTrail, lower MAX_CONCURRENCY, slow the schedule, or ask AWS for a higher rate.";
        }
        AwsUnreachable = "AwsUnreachable" {
            "The function cannot connect to the AWS API. The message names the cause (the name does not resolve, no route or a time-out, a certificate that is not trusted, a proxy that answers in AWS's place) and its remedy.";
            UNCHANGED;
            "A function in private subnets needs a NAT gateway, or the interface endpoints for eks, elasticloadbalancing, ec2 and, if it assumes a role, sts. Their security group must admit port 443 from the function.";
        }
        AwsUnavailable = "AwsUnavailable" {
            "The AWS service answered with a server error (HTTP 5xx) to every attempt.";
            UNCHANGED;
            "Nothing, if the next run succeeds. If it lasts, see the AWS Health Dashboard.";
        }
        AwsRejected = "AwsRejected" {
            "AWS rejected the call for another reason; the message has its code and text.";
            UNCHANGED;
            "Look up the code in the message. `TooManyTargets` means that a quota is reached; `VPCIdNotFound` and `InvalidTarget` mean that load balancer and cluster do not fit together; an expired token means that the credentials must be renewed.";
        }
        DeadlineExceeded = "DeadlineExceeded" {
            "The run's time was nearly up before this frontend was read or written.";
            "Not by this failure: the frontend comes first in the next run.";
            "Nothing, if the next run succeeds. If it lasts, find what throttles or delays the calls, ask AWS for a higher rate, or divide the load balancers between two functions, each with its own NLB_TAG.";
        }
    }
}

impl FailureCode {
    /// Whether it lasts until a person changes a tag, the cluster, a setting or
    /// an event. Any other failure may pass by itself, or is urgent.
    #[must_use]
    pub fn is_configuration(self) -> bool {
        match self {
            Self::MissingClusterName
            | Self::InvalidClusterName
            | Self::NoTargetGroup
            | Self::AddressInWrongVpc
            | Self::InternetFacing
            | Self::ClusterNotTagged
            | Self::ClusterNotFound
            | Self::ClusterFailed
            | Self::TooFewLoadBalancers
            | Self::ClusterNotSelected
            | Self::PrivateAccessDisabled
            | Self::AddressNotAllowed => true,
            Self::DnsNoRecords
            | Self::DnsFailed
            | Self::DnsTimeout
            | Self::InterfacesNotFound
            | Self::SourcesDisagree
            | Self::AccessDenied
            | Self::Throttled
            | Self::AwsUnreachable
            | Self::AwsUnavailable
            | Self::AwsRejected
            | Self::DeadlineExceeded => false,
        }
    }
}
