//! Every check with its words, by group, in the order in which they are made.

use crate::output::docs;

catalogue! {
    "account" {
        Credentials = "credentials" {
            "AWS accepts the credentials";
            "Sign in again, or name others with AWS_PROFILE or --role-arn. Inside a VPC, STS needs a way out or its interface endpoint.";
        }
        Reads = "reads" {
            "AWS may be read as the function reads it";
            "Check the Region and the network: a function in private subnets needs a NAT gateway, or interface endpoints for eks, elasticloadbalancing and, with ADDRESS_SOURCE=eni, ec2.";
        }
    }
    "clusters" {
        Cluster = "cluster" {
            "the clusters are active";
            "Correct the name. Delete a cluster that EKS could not create, and create it again; one on an Outpost or outside AWS has no API server that this design reaches.";
        }
        ClusterHealth = "cluster-health" {
            "EKS reports no health issue of the clusters";
            "Read the issue: EKS names the resource. What it cannot find or may not use, such as a deleted subnet, makes an upgrade fail.";
        }
        ClusterConsent = "cluster-consent" {
            "the clusters carry the tag of CLUSTER_TAG";
            "Ask the owner of the cluster to tag it: aws eks tag-resource. It is their consent to the load balancer.";
        }
        PrivateEndpoint = "private-endpoint" {
            "the clusters have private endpoint access";
            "Turn it on: aws eks update-cluster-config --name CLUSTER --resources-vpc-config endpointPrivateAccess=true";
        }
        Addresses = "addresses" {
            "the private addresses of the clusters are found";
            "`eks-nlb explain CLUSTER` asks each name server. Seen from outside its VPC, a cluster with public access resolves to public addresses: run the function inside, set ADDRESS_SOURCE=eni, or turn public access off.";
        }
        VpcDns = "vpc-dns" {
            "the VPCs of the clusters have DNS support and DNS host names";
            "Turn on both: aws ec2 modify-vpc-attribute --vpc-id VPC --enable-dns-support (and once more with --enable-dns-hostnames)";
        }
        ClusterCa = "cluster-ca" {
            "no certificate authority of a cluster is about to change";
            "Let clients fetch the bundle (aws eks update-kubeconfig) rather than keep a copy. EKS adds a successor before the old one ends, and a kubeconfig with the old one alone then stops working.";
        }
        FreeAddresses = "free-addresses" {
            "the subnets of the clusters have addresses for an upgrade";
            "Free addresses in the subnets that the cluster was created with, or give it other subnets of the same zones: aws eks update-cluster-config --resources-vpc-config subnetIds=… An upgrade needs up to five.";
        }
    }
    "load balancers" {
        Managed = "managed" {
            "there are managed load balancers";
            "Tag the load balancer and its target group as NLB_TAG and CLUSTER_NAME_TAG say, by default eks-nlb-sync=enabled and cluster_name=CLUSTER. terraform/cluster-access makes both.";
        }
        ClusterTag = "cluster-tag" {
            "every load balancer or target group names its cluster";
            "Set the tag of CLUSTER_NAME_TAG, by default cluster_name, on the load balancer: to the name of the cluster as `aws eks list-clusters` shows it, not its ARN.";
        }
        Internal = "internal" {
            "the load balancers are internal, or ALLOW_INTERNET_FACING consents";
            "Create an internal load balancer: the scheme cannot be changed. Set ALLOW_INTERNET_FACING=true only where publishing the API server is intended.";
        }
        Controller = "controller" {
            "no managed target group belongs to the AWS Load Balancer Controller";
            "Remove the tags of NLB_TAG from the Service that the controller made the load balancer for, or create a load balancer of its own for the API server.";
        }
        Zones = "zones" {
            "the load balancers are in every zone of the control plane";
            "Add a subnet in each missing zone: aws elbv2 set-subnets. A target in another zone stays unused.";
        }
        SecurityGroups = "security-groups" {
            "the load balancers may reach the control plane on 443";
            "Allow TCP 443 on both sides: inbound on the cluster's security group from the load balancer's, and outbound on the load balancer's to the cluster's.";
        }
        ClientsAdmitted = "clients-admitted" {
            "the security groups of the load balancers admit clients";
            "Allow TCP on the listener's port from the clients' ranges in the load balancer's security group. Where PrivateLink alone brings clients, switch its inbound rules off for them: aws elbv2 set-security-groups --enforce-security-group-inbound-rules-on-private-link-traffic off. This admits every client of the endpoint service.";
        }
        PortAllocation = "port-allocation" {
            "no load balancer ran out of ports in the last hour";
            "Give the load balancer more source addresses in each subnet (secondary_ips.auto_assigned.per_subnet), or spread clients over several load balancers. New connections fail meanwhile.";
        }
    }
    "target groups" {
        Listener = "listener" {
            "a TCP listener on 443 forwards to each target group";
            "Make a listener with protocol TCP (not TLS: the API server speaks TLS itself), port 443, that forwards to the target group.";
        }
        Weight = "weight" {
            "no listener forwards to a target group with weight 0 only";
            "Give it a weight of its own if its cluster is to serve clients: aws elbv2 modify-listener moves clients to it. A target group that stands by on purpose is tagged eks-nlb-sync=disabled or left out with --skip weight.";
        }
        TargetGroup = "target-group" {
            "the target groups take addresses on TCP 443";
            "Make a target group of type ip, protocol TCP, port 443, and have the listener forward to it: none of these can be changed.";
        }
        AddressFamily = "address-family" {
            "the load balancers take the family of the target groups' addresses";
            "An IPv6 target group needs a dual-stack load balancer (aws elbv2 set-ip-address-type) and a cluster with IPv6.";
        }
        CrossZone = "cross-zone" {
            "cross-zone load balancing is on";
            "Turn it on: aws elbv2 modify-load-balancer-attributes --attributes Key=load_balancing.cross_zone.enabled,Value=true. Without it, clients in a zone without an API server cannot connect. A target group's own attribute is changed with modify-target-group-attributes.";
        }
        Thresholds = "thresholds" {
            "the target groups fail open only without a healthy target";
            "Set target_group_health.unhealthy_state_routing.minimum_healthy_targets.count and target_group_health.dns_failover.minimum_healthy_targets.count to 1, and both percentages to off: aws elbv2 modify-target-group-attributes. A control plane has two API servers, and one is replaced at a time.";
        }
        WriteTag = "write-tag" {
            "the target groups carry the tag that the deployed policy asks for";
            "Tag the target group as its load balancer, with the first tag of NLB_TAG, by default eks-nlb-sync=enabled. With WriteScope=any, --skip write-tag.";
        }
        WritePolicy = "write-policy" {
            "the policies of the function's role let it write to the target groups";
            "Tag the target group with the first tag of NLB_TAG, by default eks-nlb-sync=enabled, or correct the role's policy, boundary or the organisation's policy. The function's next run writes nothing without it.";
        }
        ClientAddress = "client-address" {
            "client addresses are not preserved";
            "Turn it off: aws elbv2 modify-target-group-attributes --attributes Key=preserve_client_ip.enabled,Value=false. With it, the control plane answers clients directly, and the cluster's security group must admit each of them.";
        }
        ProxyProtocol = "proxy-protocol" {
            "proxy protocol is off";
            "Turn it off: aws elbv2 modify-target-group-attributes --attributes Key=proxy_protocol_v2.enabled,Value=false. API servers do not speak it.";
        }
        HealthCheck = "health-check" {
            "API servers can pass the health checks";
            "Use HTTPS on /readyz with 200, or TCP, on the traffic port: aws elbv2 modify-target-group --health-check-protocol HTTPS --health-check-path /readyz --matcher HttpCode=200 --health-check-port traffic-port";
        }
    }
    "endpoint services" {
        EndpointService = "endpoint-service" {
            "every load balancer has an endpoint service";
            "Make one: aws ec2 create-vpc-endpoint-service-configuration --network-load-balancer-arns ARN. Where clients reach the load balancer without PrivateLink, --skip endpoint-service.";
        }
        Principals = "principals" {
            "named principals may connect to the endpoint services";
            "Name the accounts: aws ec2 modify-vpc-endpoint-service-permissions --add-allowed-principals arn:aws:iam::ACCOUNT:root. Remove *, which admits every AWS account where acceptance is not required.";
        }
        Connections = "connections" {
            "no connection waits to be accepted";
            "Accept or reject it: aws ec2 accept-vpc-endpoint-connections --service-id ID --vpc-endpoint-ids ENDPOINT";
        }
    }
    "function" {
        Function = "function" {
            "the function is there and active";
            "Name it with --function: the output FunctionName of the stack, or function_name of the Terraform module. Deploy it if it is missing.";
        }
        FunctionSettings = "function-settings" {
            "the function has the settings that this command has";
            "Give this command the function's settings as flags or variables, or correct the function's and deploy it.";
        }
        Schedule = "schedule" {
            "a schedule invokes the function";
            "Enable it: ScheduleState=ENABLED in the stack, schedule_state = \"ENABLED\" in the module. Where a fleet or another scheduler invokes it, --skip schedule.";
        }
        LastSuccess = "last-success" {
            "the last run succeeded within the last 15 minutes";
            concat!("Read the function's log: ", docs!("operations.md#norunalarm"), " says where to look first.");
        }
        Alarms = "alarms" {
            "alarms watch the function and have a recipient";
            "Give the stack AlarmTopicArn, or CreateAlarmTopic=true, and confirm the subscription of the topic.";
        }
    }
    "run" {
        Served = "served" {
            "the clients of every load balancer reach a healthy target";
            "`eks-nlb explain NAME` lists its targets with ELB's reason for each. `eks-nlb status` lists every cluster.";
        }
        Overrides = "overrides" {
            "no zonal shift keeps clients away from a healthy target";
            "Nothing, while the shift is intended. Otherwise end it: aws arc-zonal-shift cancel-zonal-shift.";
        }
        Settled = "settled" {
            "every target group has the addresses of its cluster";
            "Wait for the next runs, and check again. `eks-nlb explain NAME` says what each target waits for.";
        }
        Plan = "plan" {
            "a run serves every frontend";
            "`eks-nlb explain NAME` explains each failure, whether clients are cut off, and what to do.";
        }
    }
}
