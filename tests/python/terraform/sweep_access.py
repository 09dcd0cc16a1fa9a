"""The sweep of cluster-access and shared-load-balancer."""

from sweep import Change, Sweep

TOPIC = "arn:aws:sns:eu-west-1:111122223333:connections"
OTHER = "arn:aws:iam::444455556666:root"
OWN = "arn:aws:iam::666677778888:root"  # where all of it stands
UNKNOWN = "${terraform_data.unknown.output.%s}"

RULE = r"aws_vpc_security_group_ingress_rule\.nlb"
TAKEN = {r'%s\["office"\]' % RULE: "the range was taken from the list"}
REPLACED = {
    r"aws_lb\.this(\[0\])?": "allowed by allow_replacement, and AWS refuses while endpoints are connected",
    r"aws_lb_target_group\.this": "with its load balancer; the old one stays with the old listener",
    r"aws_lb_listener\.this": "with its load balancer",
}
MOVED = {
    **REPLACED,
    r"aws_security_group\.nlb\[0\]": "a group of the other VPC",
    r"aws_ec2_tag\.\w+\[0\]": "tags of that group",
    r"aws_vpc_security_group_\w+_rule\..*": "rules of that group",
}


def subnets(world, zones):
    return {f"eu-west-1{zone}": world.subnets["abc".index(zone)] for zone in zones}


def cluster(world, **others):
    return {
        "endpoint": "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
        "certificate_authority": "Q0E=",
        "vpc_id": world.vpc,
        "security_group_id": world.cluster_group,
        **others,
    }


# Values that are unknown in a first plan.
FIRST = {
    "cluster": {name: UNKNOWN % name for name in ("endpoint", "certificate_authority", "vpc_id", "security_group_id")},
    "subnets": {"eu-west-1a": UNKNOWN % "subnet", "eu-west-1b": UNKNOWN % "subnet"},
    "ingress_cidrs": {"office": UNKNOWN % "cidr"},
    "ingress_prefix_list_ids": {"offices": UNKNOWN % "list"},
    "allowed_principals": [UNKNOWN % "principal"],
}


def cluster_access(world):
    base = {
        "cluster_name": "payments",
        "cluster": cluster(world),
        "subnets": subnets(world, "ab"),
        "allowed_principals": [OWN, OTHER],
        "ingress_cidrs": {"office": "10.1.0.0/16", "vpn": "10.2.0.0/16"},
        "ingress_prefix_list_ids": {"offices": world.prefix_list},
    }
    return Sweep("cluster-access", base, {**of_cluster_and_service(world), **of_its_network(world), **of_its_load_balancer()})


def of_cluster_and_service(world):
    return {
        "cluster_name": [Change("ledger", refused="This access was made for cluster payments; ledger is another one")],
        "cluster": [
            Change(cluster(world, endpoint="https://FEDCBA9876543210.gr7.eu-west-1.eks.amazonaws.com", certificate_authority="Q0EK")),
            Change(cluster(world, endpoint_public_access=True)),
            Change(cluster(world, security_group_id=world.other_group), goes={r"aws_vpc_security_group_ingress_rule\.cluster_from_nlb": "in another group; made there first"}),
            Change(FIRST["cluster"], fresh=True),
        ],
        "allowed_principals": [Change([OTHER, OWN]), Change([OWN]), Change([OWN, OTHER, OTHER.replace("4", "5")]), Change(["444455556666"], refused="must be IAM ARNs"), Change(FIRST["allowed_principals"], fresh=True)],
        "acceptance_required": [Change(True)],
        "accepted_endpoint_ids": [Change({"tools": "vpce-0a"}), Change({"tools": "vpce-0a"}, others={"acceptance_required": True})],
        "connection_topic_arn": [Change(TOPIC)],
        "supported_regions": [Change(["eu-central-1"]), Change(["eu-central-1", "us-east-1"])],
        "address_source": [Change("eni"), Change("dns")],
        "function_vpc_id": [Change(world.vpc)],
        "excluded": [Change(True)],
        "selecting_tag": [Change({"key": "sync", "value": "yes"})],
        "cluster_name_tag": [Change("eks")],
        "tags": [Change({"team": "a"}), Change({"team": "a", "cost": "b"})],
        "name": [Change("another"), Change("a-name-longer-than-others"), Change("internal-api", refused="must not begin with")],
    }


def of_its_network(world):
    return {
        "vpc_id": [
            Change(world.vpc),
            Change(world.other_vpc, others={"subnets": world.other_subnets}, refused="cannot move to"),
            Change(world.other_vpc, others={"subnets": world.other_subnets, "allow_replacement": True}, goes=MOVED),
        ],
        "subnets": [
            Change(subnets(world, "abc")),
            Change(subnets(world, "a"), refused="A subnet cannot be taken from a load balancer in place"),
            Change({**subnets(world, "a"), "eu-west-1b": world.second_b}, refused="A subnet cannot be taken from a load balancer in place"),
            Change(subnets(world, "a"), others={"allow_replacement": True}, goes=REPLACED),
            Change(FIRST["subnets"], fresh=True),
        ],
        "cluster_security_group_id": [Change(world.other_group, goes={r"aws_vpc_security_group_ingress_rule\.cluster_from_nlb": "in another group; made there first"})],
        "ingress_cidrs": [
            Change({"vpn": "10.2.0.0/16"}, goes=TAKEN),
            Change({"vpn": "10.2.0.0/16", "office": "10.1.0.0/16", "lab": "fd00:1::/64"}),
            Change({"office": "10.3.0.0/16", "vpn": "10.2.0.0/16"}),
            Change(FIRST["ingress_cidrs"], fresh=True),
        ],
        "ingress_prefix_list_ids": [Change({}, goes={r'%s_prefix_list\["offices"\]' % RULE: "the list was taken"}), Change({"offices": world.prefix_list, "more": "pl-0b"}), Change(FIRST["ingress_prefix_list_ids"], fresh=True)],
    }


def of_its_load_balancer():
    return {
        "enforce_ingress_on_privatelink": [Change(True)],
        "health_check": [
            Change({"path": "/livez", "matcher": "200,401", "interval": 15, "timeout": 6, "healthy_threshold": 3, "unhealthy_threshold": 4}),
            Change({"protocol": "TCP"}, refused="aws elbv2 modify-target-group --health-check-protocol TCP --target-group-arn"),
            Change({"protocol": "TCP"}, fresh=True),
        ],
        "deregistration_delay_seconds": [Change(120)],
        "deletion_protection": [Change(True)],
        "allow_replacement": [Change(True)],
        "target_health_state": [Change({"enable_unhealthy_connection_termination": False, "unhealthy_draining_interval": 60})],
        "zonal_shift": [Change(True, others={"target_health_state": {"enable_unhealthy_connection_termination": False}}), Change(True, refused="zonal_shift with cross-zone balancing needs")],
        "tcp_idle_timeout_seconds": [Change(600)],
        "ip_address_type": [Change("dualstack")],
        "timeouts": [Change({"create": "20m"})],
        "load_balancer": [Change("${local.load_balancer}", others={**joined(), "port": 443}, refused="An access cannot move between a load balancer of its own and a shared one")],
        "endpoint_service": [Change("${local.endpoint_service}", refused="load_balancer and endpoint_service go together")],
        "port": [Change(8443, refused="The listener is on port 443, to which the clients connect")],
    }


def joined():
    nothing = {"subnets": None, "allowed_principals": None}
    return {"load_balancer": "${local.load_balancer}", "endpoint_service": "${local.endpoint_service}", **nothing}


def shared_load_balancer(world):
    base = {"vpc_id": world.vpc, "subnets": subnets(world, "ab"), "allowed_principals": [OWN, OTHER], "listener_arns": ["${local.listener_arn}"]}
    changes = {
        "name": [Change("another")],
        "vpc_id": [
            Change(world.other_vpc, others={"subnets": world.other_subnets}, refused="cannot move to"),
            Change(UNKNOWN % "vpc_id", fresh=True, others={"subnets": FIRST["subnets"]}),
        ],
        "subnets": [Change(subnets(world, "abc")), Change(subnets(world, "a"), refused="A subnet cannot be taken from a load balancer in place")],
        "allowed_principals": [Change([OTHER, OWN]), Change([OWN]), Change([OWN, OTHER, OTHER.replace("4", "5")])],
        "listener_arns": [Change([]), Change(["${local.listener_arn}", "${local.listener_arn}"]), Change([UNKNOWN % "principal"])],
        "acceptance_required": [Change(True)],
        "accepted_endpoint_ids": [Change({"tools": "vpce-0a"})],
        "connection_topic_arn": [Change(TOPIC)],
        "supported_regions": [Change(["eu-central-1"])],
        "enforce_ingress_on_privatelink": [Change(True)],
        "deletion_protection": [Change(True)],
        "allow_replacement": [Change(True), Change(True, others={"subnets": subnets(world, "a")}, goes=REPLACED_SHARED)],
        "zonal_shift": [Change(True)],
        "ip_address_type": [Change("dualstack")],
        "timeouts": [Change({"create": "20m"})],
        "selecting_tag": [Change({"key": "sync", "value": "yes"})],
        "tags": [Change({"team": "a"})],
    }
    return Sweep("shared-load-balancer", base, changes)


REPLACED_SHARED = {r"aws_lb\.this": REPLACED[r"aws_lb\.this(\[0\])?"]}


def on_a_shared_load_balancer(world):
    """cluster-access again: the inputs that act differently there."""
    base = {"cluster_name": "ledger", "cluster": cluster(world), "port": 8443, **{name: value for name, value in joined().items() if value}}
    changes = {
        "ingress_cidrs": [Change({"office": "10.1.0.0/16"})],
        "name": [Change("another")],
        "excluded": [Change(True)],
        "port": [Change(9443, refused="The listener is on port 8443, to which the clients connect")],
    }
    return Sweep("cluster-access", base, changes)
