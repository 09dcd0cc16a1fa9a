use super::catalogue;

/// Nothing is written to a frontend that fails before its plan is applied.
const UNCHANGED: &str = "Not by this failure: the target group stays as it is. Clients are cut off when the cluster's addresses change meanwhile. Read `unserved` in the report, or run `eks-nlb status`.";

catalogue! {
    /// Why a frontend failed.
    pub enum FailureCode {
        /// No tag names the cluster.
        MissingClusterName = "MissingClusterName" {
            "Neither the target group nor its load balancer has a value in the tag that names the cluster.";
            UNCHANGED;
            "Add the tag cluster_name=CLUSTER (or the tag of CLUSTER_NAME_TAG) to the load balancer.";
        }
        /// The tag's value is not an EKS cluster name.
        InvalidClusterName = "InvalidClusterName" {
            "The value of the tag that names the cluster is not an EKS cluster name.";
            UNCHANGED;
            "Correct the tag: use the name that `aws eks list-clusters` shows, not the ARN.";
        }
        /// The load balancer has no target group.
        NoTargetGroup = "NoTargetGroup" {
            "The load balancer is managed but forwards to no target group.";
            "Yes: a load balancer without a target group serves no clients.";
            "Create a target group of type ip, TCP 443, and a listener that forwards to it.";
        }
        /// ELB and EKS contradict each other about an address.
        AddressInWrongVpc = "AddressInWrongVpc" {
            "ELB and EKS contradict each other about the VPC of an address, so it is not an API server's.";
            UNCHANGED;
            "The message says which: a private hosted zone of the endpoint's name answers DNS (run the function elsewhere, set DNS_SERVERS, or set ADDRESS_SOURCE=eni), or two VPCs share a range (put the load balancer into the cluster's VPC).";
        }
        /// The load balancer is not internal.
        InternetFacing = "InternetFacing" {
            "The load balancer is internet-facing, so registering API servers would publish a private endpoint.";
            "Read `unserved` in the report, or run `eks-nlb status`: the target group stays as it is.";
            "Create an internal load balancer. If publishing the API server is intended, set ALLOW_INTERNET_FACING=true.";
        }
        /// The cluster does not carry `CLUSTER_TAG`.
        ClusterNotTagged = "ClusterNotTagged" {
            "The EKS cluster does not carry CLUSTER_TAG, by which its owner consents to the load balancer.";
            UNCHANGED;
            "Tag the cluster, or correct the name in the tag of the load balancer.";
        }
        /// EKS knows no such cluster.
        ClusterNotFound = "ClusterNotFound" {
            "EKS knows no cluster of this name in this account and Region.";
            UNCHANGED;
            "Correct the tag cluster_name. If the cluster is in another account or Region, run there: --role-arn, --region. If it was deleted, delete the load balancer or remove its tag.";
        }
        /// Its status is FAILED.
        ClusterFailed = "ClusterFailed" {
            "EKS could not create the cluster: its status is FAILED.";
            "The cluster has no API server that clients could reach.";
            "Delete the cluster and create it again; the first run after it is active serves it.";
        }
        /// The event names a minimum, and fewer load balancers are managed.
        TooFewLoadBalancers = "TooFewLoadBalancers" {
            "The event names a minimum of managed load balancers, and fewer carry the selecting tag.";
            "Possibly later: the targets of a load balancer that lost its tag are not updated.";
            "Find the load balancer that lost its tag (CloudTrail: RemoveTags, DeleteLoadBalancer), or lower minLoadBalancers.";
        }
        /// The event names a cluster that no managed load balancer fronts.
        ClusterNotSelected = "ClusterNotSelected" {
            "The run was limited to a cluster that no managed load balancer names.";
            "The function manages nothing for this cluster and does not know.";
            "Check the spelling, or tag the cluster's load balancer: eks-nlb-sync=enabled and cluster_name=CLUSTER.";
        }
        /// The endpoint is public only.
        PrivateAccessDisabled = "PrivateAccessDisabled" {
            "The cluster's endpoint is public only, so it has no private addresses.";
            "Clients are cut off once the old addresses stop answering. Read `unserved` in the report, or run `eks-nlb status`.";
            "Enable private access on the cluster, or remove the tag from the load balancer.";
        }
        /// NXDOMAIN, or no address of the target group's family.
        DnsNoRecords = "DnsNoRecords" {
            "The API endpoint's host name has no address, or none of the target group's family.";
            UNCHANGED;
            "Check that DNS_SERVERS, or the system's name servers, resolve the name: `eks-nlb explain CLUSTER` asks each. Some resolvers drop private addresses (DNS rebinding protection). An IPv6 target group needs a cluster with IPv6.";
        }
        /// A name server answered with an error.
        DnsFailed = "DnsFailed" {
            "Every name server answered with an error.";
            UNCHANGED;
            "Nothing, if the next run succeeds. If it lasts, check the name server, its forwarding rules, and that TCP port 53 is open as well.";
        }
        /// No answer within the budget.
        DnsTimeout = "DnsTimeout" {
            "No name server answered within DNS_TIMEOUT_MS.";
            UNCHANGED;
            "Check that UDP and TCP port 53 are open to the name servers. A slow one may need a larger DNS_TIMEOUT_MS.";
        }
        /// Fewer than two interfaces of the control plane.
        InterfacesNotFound = "InterfacesNotFound" {
            "ADDRESS_SOURCE requires the control plane's network interfaces, and fewer than two were found.";
            UNCHANGED;
            "Check that the run is in the cluster's account and may call ec2:DescribeNetworkInterfaces. If EKS is replacing the control plane, the next run finds them.";
        }
        /// DNS and interfaces have no address in common.
        SourcesDisagree = "SourcesDisagree" {
            "DNS and the control plane's network interfaces have no address in common, so neither is believed.";
            UNCHANGED;
            "Compare them with `eks-nlb explain CLUSTER`. Usually DNS is asked outside the cluster's VPC; interfaces that imitate the control plane's are the other cause.";
        }
        /// An address is outside `ALLOWED_CIDRS`.
        AddressNotAllowed = "AddressNotAllowed" {
            "An address is outside ALLOWED_CIDRS: usually the public endpoint, seen from outside the cluster's VPC.";
            UNCHANGED;
            "Allow ec2:DescribeNetworkInterfaces (ADDRESS_SOURCE=auto then needs no DNS), or point DNS_SERVERS at a resolver of the cluster's VPC. Widen ALLOWED_CIDRS only if the address is in one of your networks.";
        }
        /// IAM denies a call.
        AccessDenied = "AccessDenied" {
            "IAM denies a call; the message names the action.";
            UNCHANGED;
            "Allow the action. For RegisterTargets and DeregisterTargets the deployed policy requires the first tag of NLB_TAG on the target group: tag it like its load balancer.";
        }
        /// AWS throttled a call until the run's time was up.
        Throttled = "Throttled" {
            "AWS throttled the call until the run's time was up. All clients of the account and Region share the request rate.";
            UNCHANGED;
            "Nothing, if the next run succeeds. If it lasts, find the other clients in CloudTrail, or lower MAX_CONCURRENCY.";
        }
        /// No connection to AWS.
        AwsUnreachable = "AwsUnreachable" {
            "The function cannot connect to the AWS API; the message names the cause.";
            UNCHANGED;
            "A function in private subnets needs a NAT gateway, or the interface endpoints for eks, elasticloadbalancing, ec2 and, if it assumes a role, sts. Their security group must admit port 443 from the function.";
        }
        /// The service answered 5xx throughout.
        AwsUnavailable = "AwsUnavailable" {
            "The AWS service answered with a server error (HTTP 5xx) to every attempt.";
            UNCHANGED;
            "Nothing, if the next run succeeds. If it lasts, see the AWS Health Dashboard.";
        }
        /// Any other refusal.
        AwsRejected = "AwsRejected" {
            "AWS rejected the call for another reason; the message has its code and text.";
            UNCHANGED;
            "Look up the code in the message. `VPCIdNotFound` and `InvalidTarget` mean that load balancer and cluster do not fit together; an expired token means that the credentials must be renewed.";
        }
        /// The run's time was up before this frontend had a slot.
        DeadlineExceeded = "DeadlineExceeded" {
            "The run's time was nearly up before this frontend was read or written.";
            "Not by this failure: the frontend comes first in the next run.";
            "Nothing, if the next run succeeds. If it lasts, increase the function's time-out, check for throttling, or use one schedule for each Region.";
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
