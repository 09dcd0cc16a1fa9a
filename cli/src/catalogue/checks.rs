//! Every check with its words, by group, in the order in which they are made. What documents a check is
//! its chapter in docs/cli.md, too.

use crate::output::docs;

catalogue! {
    "account" {
        /// STS reports who calls. If it refuses the credentials, nothing else is checked.
        Credentials = "credentials" {
            "AWS accepts the credentials";
            "Sign in again, or name others with AWS_PROFILE or --role-arn. Inside a VPC, STS needs a way out or its interface endpoint.";
        }
        /// `--pre` only: load balancers, their tags, target groups and, unless `ADDRESS_SOURCE` is `dns`, network
        /// interfaces can be listed. The function's role needs [further permissions](operations.md#permissions);
        /// your own credentials do not.
        Reads = "reads" {
            "the AWS APIs that the function reads can be reached";
            "Check the Region and the network: a function in private subnets needs a NAT gateway, or interface endpoints for eks, elasticloadbalancing and, unless ADDRESS_SOURCE is dns, ec2.";
        }
    }
    "clusters" {
        /// EKS knows the cluster, and its status is ACTIVE or UPDATING. While it is CREATING or DELETING, there
        /// is nothing to check. Outposts local clusters and connected clusters are [of another
        /// kind](network.md#clusters-of-other-kinds).
        Cluster = "cluster" {
            "the clusters are active";
            "Correct the name. Delete a cluster that EKS could not create, and create it again; one on an Outpost or outside AWS has no API server that this design reaches.";
        }
        /// EKS's own `health.issues`: a subnet or security group that is gone, too few free addresses, a key
        /// that it may not use.
        ClusterHealth = "cluster-health" {
            "EKS reports no health issue of the clusters";
            "Read the issue: EKS names the resource. What it cannot find or may not use, such as a deleted subnet, makes an upgrade fail.";
        }
        /// With `CLUSTER_TAG`, the cluster itself carries that tag, by which its owner consents.
        ClusterConsent = "cluster-consent" {
            "the clusters carry the tag of CLUSTER_TAG";
            "Ask the owner of the cluster to tag it: aws eks tag-resource. It is their consent to the load balancer.";
        }
        /// Without private access, the API server has no address that a target group could take.
        PrivateEndpoint = "private-endpoint" {
            "the clusters have private endpoint access";
            "Turn it on: aws eks update-cluster-config --name CLUSTER --resources-vpc-config endpointPrivateAccess=true";
        }
        /// The addresses are found as the function finds them, by `ADDRESS_SOURCE`, and lie in `ALLOWED_CIDRS`.
        /// With `ADDRESS_SOURCE=dns`, or where network interfaces may not be read, a cluster with
        /// [public access, too](address-sources.md#public-and-private-endpoints) shows its private addresses
        /// inside its VPC only: the check then fails on a laptop although the function may be right.
        Addresses = "addresses" {
            "the private addresses of the clusters are found";
            "`eks-nlb explain CLUSTER` asks each name server. Outside its VPC, a cluster with public access resolves to public addresses: allow ec2:DescribeNetworkInterfaces, and set ADDRESS_SOURCE=auto where it is dns.";
        }
        /// EKS answers for the endpoint in the VPC by a private hosted zone, which needs both DNS support and
        /// DNS host names.
        VpcDns = "vpc-dns" {
            "the VPCs of the clusters have DNS support and DNS host names";
            "Turn on both: aws ec2 modify-vpc-attribute --vpc-id VPC --enable-dns-support (and once more with --enable-dns-hostnames)";
        }
        /// Clients that keep a copy of the cluster's certificate authority in a kubeconfig cannot connect once
        /// the API server has a certificate of its successor. The check fails half a year before the end, and
        /// as soon as there are two (EKS API Reference, *ActivateCertificateAuthority*, read in November 2026).
        /// Function and load balancer are not affected:
        /// [TLS](network.md#tls-and-the-name) is between client and API server.
        ClusterCa = "cluster-ca" {
            "no certificate authority of a cluster is about to change";
            "Let clients fetch the bundle (aws eks update-kubeconfig) rather than keep a copy. EKS adds a successor before the old one ends, and a kubeconfig with the old one alone then stops working.";
        }
        /// An upgrade takes up to five addresses from the subnets of the cluster, and fails where none is free
        /// (AWS re:Post, *How do I plan an upgrade strategy for an Amazon EKS cluster?*, read in November 2026). EKS may
        /// use any of them.
        FreeAddresses = "free-addresses" {
            "the subnets of the clusters have addresses for an upgrade";
            "Free addresses in the subnets that the cluster was created with, or give it other subnets of the same zones: aws eks update-cluster-config --resources-vpc-config subnetIds=… An upgrade needs up to five.";
        }
    }
    "load balancers" {
        /// At least one load balancer carries `NLB_TAG`, and each cluster of `--cluster` has one. See
        /// [tags](operations.md#tags).
        Managed = "managed" {
            "there are managed load balancers";
            "Tag the load balancer and its target group as NLB_TAG and CLUSTER_NAME_TAG say, by default eks-nlb-sync=enabled and cluster_name=CLUSTER. terraform/cluster-access makes both.";
        }
        /// The tag of `CLUSTER_NAME_TAG` on target group or load balancer holds a name that a cluster can have.
        ClusterTag = "cluster-tag" {
            "every load balancer or target group names its cluster";
            "Set the tag of CLUSTER_NAME_TAG, by default cluster_name, on the load balancer: to the name of the cluster as `aws eks list-clusters` shows it, not its ARN.";
        }
        /// An internet-facing load balancer would publish the API server. The function refuses it unless
        /// `ALLOW_INTERNET_FACING` is `true`.
        Internal = "internal" {
            "the load balancers are internal, or ALLOW_INTERNET_FACING consents";
            "Create an internal load balancer: the scheme cannot be changed. Set ALLOW_INTERNET_FACING=true only where publishing the API server is intended.";
        }
        /// The AWS Load Balancer Controller keeps the targets of the groups that it made, and the function
        /// leaves them alone.
        Controller = "controller" {
            "no managed target group belongs to the AWS Load Balancer Controller";
            "Remove the tags of NLB_TAG from the Service that the controller made the load balancer for, or create a load balancer of its own for the API server.";
        }
        /// A target in a zone where the load balancer has no subnet stays `unused`, cross-zone or not. EKS may
        /// move an API server to any subnet of the cluster. Not checked where the load balancer is in another
        /// VPC: targets have no zone there.
        Zones = "zones" {
            "the load balancers are in every zone of the control plane";
            "Add a subnet in each missing zone: aws elbv2 set-subnets. A target in another zone stays unused.";
        }
        /// TCP 443 must be open from the load balancer to the cluster: inbound on a security group of the
        /// cluster, from the load balancer's security group or its subnets, and outbound on the load
        /// balancer's. Prefix lists are not resolved and count as admitted.
        SecurityGroups = "security-groups" {
            "the load balancers may reach the control plane on 443";
            "Allow TCP 443 on both sides: inbound on the cluster's security group from the load balancer's, and outbound on the load balancer's to the cluster's.";
        }
        /// A load balancer with security groups admits a client on a listener's port only if an inbound rule
        /// does. PrivateLink's clients are judged, too, unless
        /// `EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic` is `off`. The networks that the rules admit
        /// are not compared with those of the clients.
        ClientsAdmitted = "clients-admitted" {
            "the security groups of the load balancers admit clients";
            "Allow TCP on the listener's port from the clients' ranges in the load balancer's security group. Where PrivateLink alone brings clients, switch its inbound rules off for them: aws elbv2 set-security-groups --enforce-security-group-inbound-rules-on-private-link-traffic off. This admits every client of the endpoint service.";
        }
        /// The metric `PortAllocationErrorCount` of the last hour: clients whose connection found no source
        /// port on the way to the control plane.
        PortAllocation = "port-allocation" {
            "no load balancer ran out of ports in the last hour";
            "Give the load balancer more source addresses in each subnet (secondary_ips.auto_assigned.per_subnet), or spread clients over several load balancers. New connections fail meanwhile.";
        }
    }
    "target groups" {
        /// Clients connect to port 443 and speak TLS with the API server. Where several clusters share a load
        /// balancer, each has a port of its own. A TLS listener would terminate TLS, so client certificates
        /// would not reach the API server.
        Listener = "listener" {
            "a TCP listener on 443 forwards to each target group";
            "Make a listener with protocol TCP (not TLS: the API server speaks TLS itself), port 443, that forwards to the target group.";
        }
        /// A listener may forward to several target groups with weights. One with weight 0 everywhere gets no
        /// client.
        Weight = "weight" {
            "no listener forwards to a target group with weight 0 only";
            "Give it a weight of its own if its cluster is to serve clients: aws elbv2 modify-listener moves clients to it. A target group that stands by on purpose is tagged eks-nlb-sync=disabled or left out with --skip weight.";
        }
        /// API servers are addresses, not instances, and serve TCP on 443.
        TargetGroup = "target-group" {
            "the target groups have type ip, protocol TCP and port 443";
            "Make a target group of type ip, protocol TCP, port 443: none of these can be changed. It is empty until a run fills it, so forward to both by weight, and to the new one alone once its targets are healthy.";
        }
        /// An IPv6 target group needs a dual-stack load balancer. Whether the cluster has IPv6 addresses is
        /// part of [addresses](#addresses).
        AddressFamily = "address-family" {
            "the load balancers support the address family of the target groups";
            "An IPv6 target group needs a dual-stack load balancer (aws elbv2 set-ip-address-type) and a cluster with IPv6.";
        }
        /// Each node of a Network Load Balancer serves its own zone only, unless cross-zone load balancing is
        /// on (User Guide for Network Load Balancers, *Target group health*, read in November 2026). The control
        /// plane is seldom in all of them. The target group's own attribute beats the load balancer's.
        CrossZone = "cross-zone" {
            "cross-zone load balancing is on";
            "Turn it on: aws elbv2 modify-load-balancer-attributes --attributes Key=load_balancing.cross_zone.enabled,Value=true. Without it, clients in a zone without an API server cannot connect. A target group's own attribute is changed with modify-target-group-attributes.";
        }
        /// By default a zone fails open, and leaves DNS, when it has no healthy target. With a higher
        /// `target_group_health` threshold it does so while targets are healthy, and clients are sent to
        /// unhealthy ones (User Guide for Network Load Balancers, *Target group health*, read in November 2026).
        Thresholds = "thresholds" {
            "the target groups fail open only without a healthy target";
            "Set target_group_health.unhealthy_state_routing.minimum_healthy_targets.count and target_group_health.dns_failover.minimum_healthy_targets.count to 1, and both percentages to off: aws elbv2 modify-target-group-attributes. A control plane has as few as two API servers.";
        }
        /// The function's [policy](operations.md#permissions) allows writes to target groups with the first tag
        /// of `NLB_TAG` only. With `WriteScope=any` this does not matter. Where the role's policies can be
        /// asked, [write-policy](#write-policy) is checked instead. Where no function is found, a group
        /// without the tag is not checked: the policy of what writes here is not known.
        WriteTag = "write-tag" {
            "the target groups carry the tag that the deployed policy asks for";
            "Tag the target group as its load balancer, with the first tag of NLB_TAG, by default eks-nlb-sync=enabled. With WriteScope=any, --skip write-tag.";
        }
        /// IAM simulates RegisterTargets and DeregisterTargets as the function's role, with the tags of the
        /// target groups. This takes `iam:SimulatePrincipalPolicy`; without, the [tag](#write-tag) decides.
        WritePolicy = "write-policy" {
            "the policies of the function's role let it write to the target groups";
            "Tag the target group with the first tag of NLB_TAG, by default eks-nlb-sync=enabled, or correct the role's policy, boundary or the organisation's policy. The function can write nothing without it.";
        }
        /// With client addresses preserved, the control plane sees clients, not the load balancer, and the
        /// cluster's security group must admit each of their networks.
        ClientAddress = "client-address" {
            "client addresses are not preserved";
            "Turn it off: aws elbv2 modify-target-group-attributes --attributes Key=preserve_client_ip.enabled,Value=false. With it, the control plane answers clients directly, and the cluster's security group must admit each of them.";
        }
        /// Proxy protocol v2 puts a header before the first byte, which no API server understands.
        ProxyProtocol = "proxy-protocol" {
            "proxy protocol is off";
            "Turn it off: aws elbv2 modify-target-group-attributes --attributes Key=proxy_protocol_v2.enabled,Value=false. API servers do not speak it.";
        }
        /// `/readyz`, `/livez` and `/healthz` answer without credentials, with 200 and over TLS. A plain TCP
        /// check passes too, but keeps an API server in service that is shutting down.
        HealthCheck = "health-check" {
            "API servers can pass the health checks";
            "Use HTTPS on /readyz with 200, or TCP, on the traffic port: aws elbv2 modify-target-group --health-check-protocol HTTPS --health-check-path /readyz --matcher HttpCode=200 --health-check-port traffic-port";
        }
    }
    "endpoint services" {
        /// Consumers in other VPCs connect by [PrivateLink](network.md#the-path-of-a-packet). Without it,
        /// clients need a route to the load balancer.
        EndpointService = "endpoint-service" {
            "every load balancer has an endpoint service";
            "Make one: aws ec2 create-vpc-endpoint-service-configuration --network-load-balancer-arns ARN. Where clients reach the load balancer without PrivateLink, --skip endpoint-service.";
        }
        /// An endpoint service without allowed principals admits no account. `*` without acceptance admits
        /// every AWS account.
        Principals = "principals" {
            "named principals may connect to the endpoint services";
            "Name the accounts: aws ec2 modify-vpc-endpoint-service-permissions --add-allowed-principals arn:aws:iam::ACCOUNT:root. Remove *, which admits every AWS account where acceptance is not required.";
        }
        /// With acceptance required, a new endpoint waits until it is accepted.
        Connections = "connections" {
            "no connection waits to be accepted";
            "Accept or reject it: aws ec2 accept-vpc-endpoint-connections --service-id ID --vpc-endpoint-ids ENDPOINT";
        }
    }
    "function" {
        /// Lambda has the function, it is active, and its last update did not fail. Where `watch` runs in a
        /// container instead, no function exists, and the check is reported as not checked.
        Function = "function" {
            "the function is there and active";
            "Name it with --function: the output FunctionName of the stack, or function_name of the Terraform module. Deploy it if it is missing.";
        }
        /// No flag or variable of this command differs from the [function's settings](#the-functions-settings),
        /// and it writes: `DRY_RUN` is not `true`.
        FunctionSettings = "function-settings" {
            "the function has the settings that this command has";
            "Give this command the function's settings as flags or variables, or correct the function's and deploy it.";
        }
        /// EventBridge Scheduler invokes the function. One that only a [fleet](operations.md#fleet) invokes has
        /// no schedule of its own.
        Schedule = "schedule" {
            "a schedule invokes the function";
            "Enable it: ScheduleState=ENABLED in the stack, schedule_state = \"ENABLED\" in the module. Where a fleet or another scheduler invokes it, --skip schedule.";
        }
        /// The metric `LoadBalancers` is written by full runs only, so its last value is the last run that saw
        /// the whole Region. Fifteen minutes without is an [alarm](operations.md#norunalarm), too.
        LastSuccess = "last-success" {
            "the last run succeeded within the last 15 minutes";
            concat!("Read the function's log: ", docs!("operations.md#norunalarm"), " says where to look first.");
        }
        /// At least one alarm is about a metric of the function, each does something when it fires, and each
        /// SNS topic has a confirmed subscription. An alarm on another function, as a fleet's, is not checked.
        Alarms = "alarms" {
            "alarms watch the function and have a recipient";
            "Deploy with AlarmEmail=ADDRESS and follow the link in AWS's e-mail, or give AlarmTopicArn, a topic with a confirmed subscription.";
        }
    }
    "run" {
        /// Every target group has a healthy target, in every zone in which it has targets. Excluded and
        /// untagged target groups count: no other check reads them. `status` shows the same for each cluster.
        Served = "served" {
            "the clients of every load balancer reach a healthy target";
            "`eks-nlb explain NAME` lists its targets with ELB's reason for each. `eks-nlb status` lists every cluster.";
        }
        /// A zonal shift keeps new connections from a target that is healthy. It then replaces no other.
        Overrides = "overrides" {
            "no zonal shift keeps clients away from a healthy target";
            "Nothing, while the shift is intended. Otherwise end it: aws arc-zonal-shift cancel-zonal-shift.";
        }
        /// `--after-upgrade` only: every target group has exactly the addresses of its cluster, and a run has
        /// nothing left to do. Excluded and untagged groups are not checked: a run does not look up their
        /// addresses.
        Settled = "settled" {
            "every target group has the addresses of its cluster";
            "Let the function run, or run `eks-nlb sync`, and check again. `eks-nlb explain NAME` says what each target waits for.";
        }
        /// A dry run, from here and now, fails for no frontend.
        Plan = "plan" {
            "a run serves every frontend";
            "`eks-nlb explain NAME` explains each failure, whether clients are cut off, and what to do.";
        }
    }
}
