"""The sweep of client-access, region-hub, function, member-role and the examples."""

from harness import ACCOUNT, ROOT
from sweep import Change, Sweep

UNKNOWN = "${terraform_data.unknown.output.%s}"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
ROLE = "arn:aws:iam::444455556666:role/eks-nlb-sync"

S3 = {"package": None, "s3_bucket": "a-bucket", "s3_key": "a", "package_sha256": "A" * 43 + "="}


def client_access(world):
    base = {
        "client": "${local.client}",
        "vpc_id": world.tools_vpc,
        "subnet_ids": world.tools_subnets[:2],
        "allowed_cidrs": {"ci": "10.1.0.0/16", "people": "10.2.0.0/16"},
        "allowed_security_group_ids": {"ci": world.tools_group},
        "allowed_prefix_list_ids": {"offices": world.prefix_list},
        "hosted_zone_vpcs": {"one": {"vpc_id": world.vpc, "region": "eu-west-1"}},
    }
    one, two = ('${merge(local.client, { host = "%s.gr7.eu-west-1.eks.amazonaws.com", port = %d })}' % pair for pair in (("0A", 443), ("0B", 444)))
    rule = r"aws_vpc_security_group_ingress_rule\.%s\[.*\]"
    zones = {r"aws_route53_(zone|record|zone_association)\..*": "another name, or none"}
    changes = {
        "client": [Change('${merge(local.client, { certificate_authority = "Q0EK" })}'), Change('${merge(local.client, { host = "none" })}', refused="host is")],
        "clients": [Change({"a": one, "b": two}, others={"client": None}, goes=zones), Change({"a": one}, refused="Give either client")],
        "vpc_id": [Change(world.other_vpc, refused="are not in")],
        "subnet_ids": [Change(world.tools_subnets[1::-1]), Change(world.tools_subnets[:1]), Change(world.tools_subnets[:3], others={"check_service": False, "client": '${merge(local.client, { zone_ids = ["euw1-az1", "euw1-az2", "euw1-az3"] })}'})],
        "check_service": [Change(False)],
        "allowed_cidrs": [
            Change({"people": "10.2.0.0/16", "ci": "10.1.0.0/16", "more": "10.3.0.0/16"}),
            Change({"ci": "10.1.0.0/16"}, goes={rule % "cidr": "the range was taken"}),
            Change({"ci": UNKNOWN % "cidr"}, fresh=True),
        ],
        "allowed_security_group_ids": [Change({}, goes={rule % "group": "the group was taken"}), Change({"ci": world.tools_group, "more": world.other_group})],
        "allowed_prefix_list_ids": [Change({}, goes={rule % "prefix_list": "the list was taken"}), Change({"offices": world.prefix_list, "more": "pl-0b"})],
        "create_hosted_zone": [Change(False, others={"hosted_zone_vpcs": {}}, goes=zones)],
        "hosted_zone_vpcs": [Change({}, goes=zones), Change({"one": {"vpc_id": world.vpc, "region": "eu-west-1"}, "two": {"vpc_id": world.other_vpc, "region": "eu-west-1"}})],
        "name": [Change("another")],
        "kubeconfig": [Change({"profile": "tools"})],
        "tags": [Change({"team": "a"})],
    }
    return Sweep("client-access", base, changes)


def region_hub(world):
    base = {
        "vpc_cidr": "10.255.1.0/26",
        "subnets": {"eu-west-1a": "10.255.1.0/28", "eu-west-1b": "10.255.1.16/28"},
        "tools_vpc_id": world.tools_vpc,
        "tools_vpc_cidrs": {"primary": "10.1.0.0/16", "second": "10.2.0.0/16"},
        "tools_vpc_region": "eu-west-1",
        "tools_route_table_ids": {"a": world.route_tables[0], "b": world.route_tables[1]},
        "reserved_cidrs": ["10.255.0.0/26", "10.255.4.0/26"],
    }
    another = {r"aws_vpc_peering_connection(_accepter\.tools|_options\.(hub|tools)|\.this)": "another peering: clients are cut off, and a second hub is the way"}
    route = {r"aws_route\..*": "the range, or the table, was taken from the list"}
    changes = {
        "vpc_cidr": [Change("10.255.2.0/26", others={"subnets": {"eu-west-1a": "10.255.2.0/28", "eu-west-1b": "10.255.2.16/28"}}, refused="This hub has the range 10.255.1.0/26 and cannot change it"), Change("10.1.255.0/26", refused="overlaps 10.1.0.0/16")],
        "subnets": [Change({"eu-west-1a": "10.255.1.0/28"}, goes={r'(aws_subnet|aws_route_table_association|terraform_data)\.(this|subnet)\["eu-west-1b"\]': "the zone was taken"}), Change({**base["subnets"], "eu-west-1c": "10.255.1.32/28"})],
        "tools_vpc_id": [Change(world.vpc, refused="cannot move to")],
        "tools_vpc_cidrs": [Change({"primary": "10.1.0.0/16"}, goes=route), Change({**base["tools_vpc_cidrs"], "third": "10.3.0.0/16"}), Change({"primary": UNKNOWN % "cidr"}, fresh=True)],
        "tools_vpc_region": [Change("eu-central-1", gap=another)],
        "tools_vpc_account_id": [Change("444455556666", gap=another)],
        "tools_route_table_ids": [Change({"a": world.route_tables[0]}, goes=route), Change({**base["tools_route_table_ids"], "c": world.route_tables[2]})],
        "reserved_cidrs": [Change([]), Change(["10.255.4.0/26", "10.255.0.0/26"]), Change(["10.255.0.0/26", "10.255.4.0/26", "10.255.3.0/26"])],
        "dns_resolution": [Change(False)],
        "name": [Change("another")],
        "tags": [Change({"team": "a"})],
    }
    return Sweep("region-hub", base, changes, providers={"aws": "aws", "aws.tools": "aws"})


def function(world):
    base = {
        "name": "swept",
        "package": world.package,
        "fleet": {"one": {"region": "eu-central-1"}},
        "dns_servers": ["10.0.0.2"],
        "assume_role_arns": [ROLE],
        "vpc_id": world.tools_vpc,
        "subnet_ids": world.tools_subnets[:2],
    }
    return Sweep("function", base, {**of_the_functions_code_and_settings(world), **of_the_functions_surroundings(world), **of_the_functions_alarms()})


SECURITY_GROUP = {r"aws_security_group\.function\[0\]": "the function has none, or is given another"}
MISSED = {r'aws_cloudwatch_metric_alarm\.this\["load-balancers"\]': "the provider reports no number to compare"}
# IAM has no second name for a role, and Lambda none for a function.
ROLE_GOES = {r"aws_iam_role(_policy)?\.(function|interfaces\[0\])": "another role; the function takes it before the old one goes"}
NAMED_BY_THE_FUNCTION = {r"aws_(cloudwatch_log_group\.this|security_group\.function\[0\])": "another name", **ROLE_GOES}
FUNCTION_GOES = {
    r"aws_lambda_function(_event_invoke_config)?\.this": "another function: a run or two are missed",
    r"aws_scheduler_schedule\.(own|fleet\[\"one\"\])": "the schedule of the function that goes",
    r"aws_iam_role(_policy)?\.scheduler": "the schedule's role, which may start that function only",
    r"aws_cloudwatch_metric_alarm\.this\[.*\]": "the alarms of the function that goes",
}


def of_the_functions_code_and_settings(world):
    return {
        "package": [Change(world.other_package)],
        "package_sha256": [Change("A" * 43 + "=")],
        "s3_bucket": [Change("a-bucket", others={name: value for name, value in S3.items() if name != "s3_bucket"})],
        "s3_key": [Change("b", others={name: value for name, value in S3.items() if name != "s3_key"})],
        "s3_object_version": [Change("1", others=S3)],
        "source_dir": [Change(str(ROOT), others={"package": None})],
        "architecture": [Change("x86_64")],
        "name": [Change("another", goes=NAMED_BY_THE_FUNCTION, gap=FUNCTION_GOES)],
        "nlb_tag": [Change("sync=yes")],
        "cluster_name_tag": [Change("eks")],
        "address_source": [Change("eni")],
        "allow_internet_facing": [Change(True)],
        "cluster_tag": [Change("sync=consent")],
        "environment": [Change({"AWS_CA_BUNDLE": "/opt/ca.pem"})],
        "sync_policy": [Change("add-only")],
        "dry_run": [Change(True, goes={r'aws_cloudwatch_metric_alarm\.this\["(attention|failing|load-balancers|unserved)"\]': "what a dry run cannot tell"})],
        "min_healthy_targets": [Change(1)],
        "allowed_cidrs": [Change(["10.0.0.0/8"]), Change(["fc00::/7", "100.64.0.0/10", "192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8"]), Change(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "11.0.0.0/8"])],
        "dns_servers": [Change([]), Change(["10.0.0.2", "10.0.0.3"])],
        "dns_timeout_ms": [Change(4000)],
        "max_concurrency": [Change(32)],
        "metrics_namespace": [Change("Another")],
    }


def of_the_functions_surroundings(world):
    return {
        "schedule_expression": [Change("rate(2 minutes)")],
        "schedule_state": [Change("DISABLED")],
        "paused": [Change(True)],
        "stopped": [Change(True)],
        "fleet": [Change({}, goes={r'aws_scheduler_schedule\.fleet\["one"\]': "the schedule was taken from the list"}), Change({"one": {"region": "eu-central-1"}, "two": {"region": "us-east-1"}})],
        "watch_control_plane": [Change(True)],
        "reserved_concurrency": [Change(3)],
        "write_scope": [Change("any")],
        "assume_role_arns": [Change([]), Change([ROLE, ROLE.replace("4", "5")])],
        "member_role_name": [Change("eks-nlb-sync", others={"organization_id": "o-a1b2c3d4e5"})],
        "organization_id": [Change("o-a1b2c3d4e5", refused="go together")],
        "role_name": [Change("a-role", goes=ROLE_GOES)],
        "kms_key_arn": [Change(KEY)],
        "permissions_boundary_arn": [Change(BOUNDARY)],
        "vpc_id": [Change(None, others={"subnet_ids": []}, goes=SECURITY_GROUP)],
        "subnet_ids": [Change(world.tools_subnets[1::-1]), Change(world.tools_subnets[:1]), Change(world.tools_subnets)],
        "security_group_ids": [Change([world.tools_group], goes=SECURITY_GROUP)],
        "interface_endpoints": [Change(True)],
    }


def of_the_functions_alarms():
    return {
        "create_alarm_topic": [Change(True, apart=True)],
        "alarm_topic_arn": [Change("arn:aws:sns:eu-west-1:111122223333:alarms")],
        "ticket_topic_arn": [Change("arn:aws:sns:eu-west-1:111122223333:tickets")],
        "no_run_minutes": [Change(20)],
        "alarm_email": [Change("platform@example.com", apart=True)],
        "min_load_balancers": [Change(0, goes=MISSED)],
        "tolerated_unserved": [Change(1)],
        "tolerated_failures": [Change(1)],
        "tolerated_tickets": [Change(1)],
        "runbook_url": [Change("https://example.com/runbook")],
        "detailed_metrics": [Change(True)],
        "application_log_level": [Change("DEBUG")],
        "system_log_level": [Change("INFO")],
        "log_retention_days": [Change(90)],
        "tracing": [Change("Active")],
        "tags": [Change({"team": "a"})],
    }


def member_role(world):
    another = {r"aws_iam_role(_policy)?\.this.*": "the role is another one, and the function is led to it by its fleet's role_arn"}
    changes = {
        "function_role_arn": [Change(ROLE)],
        "external_id": [Change("another")],
        "organization_id": [Change("o-a1b2c3d4e5")],
        "nlb_tag": [Change("sync=yes")],
        "write_scope": [Change("any")],
        "address_source": [Change("eni")],
        "role_name": [Change("another", gap=another)],
        "permissions_boundary_arn": [Change(BOUNDARY)],
        "tags": [Change({"team": "a"})],
    }
    return Sweep("member-role", {"function_role_arn": ROLE.replace("sync", "sync-1abc"), "external_id": "a-secret", "role_name": "swept"}, changes)


# --- Examples -------------------------------------------------------------------


def fleet_account(world):
    base = {"cluster_names": ["mail", "orders"], "consumer_account_ids": [ACCOUNT, "444455556666"], "function_role_arn": ROLE, "external_id": "a-secret"}
    gone = {r'module\.access\["mail"\]\..*': "the cluster was taken from the list", r'aws_ssm_parameter\.client\["mail"\]': "with it"}
    role = {r"module\.member_role\[0\]\.aws_iam_role(_policy)?\.this.*": "the role is another one, or another Region's"}
    changes = {
        "cluster_names": [Change(["orders"], goes=gone), Change(["mail", "orders", "payments"])],
        "consumer_account_ids": [Change([ACCOUNT]), Change([ACCOUNT, "444455556666", "555566667777"])],
        "consumer_regions": [Change(["eu-central-1"])],
        "function_role_arn": [Change(ROLE.replace("sync", "sync-2"))],
        "external_id": [Change("another")],
        "member_role_name": [Change("another", gap=role)],
        "create_member_role": [Change(False, goes=role)],
    }
    return Sweep("examples/fleet/account", base, changes)


def fleet_tools(world):
    state = {"backend": "local", "config": {"path": world.account_state}}
    base = {
        "states": {"team": state},
        "external_ids": {"team": "a-secret", "two": "another"},
        "retired": [],
        "vpc_id": world.tools_vpc,
        "subnet_ids": world.tools_subnets[:2],
        "client_cidrs": {"ci": "10.1.0.0/16"},
        "function_package": world.package,
    }
    gone = {r'module\.client\["team/mail"\]\..*': "the account's clusters were taken from the list, or are about to go", r'module\.function\.aws_scheduler_schedule\.fleet\["team"\]': "and the account has no other"}
    changes = {
        "states": [Change({}, goes=gone), Change({"team": state, "two": state}, apart=True), Change({"team/a": state}, others={"external_ids": {"team/a": "a-secret"}}, refused="The names in states name schedules and endpoints")],
        "external_ids": [Change({"team": "b-secret"}), Change({}, refused="external_ids has no external id for team"), Change({"team": "a-secret", "two": "another", "three": "c"})],
        "retired": [Change(["team/mail"], goes=gone)],
        "vpc_id": [Change(world.other_vpc, refused="are not in")],
        "subnet_ids": [Change(world.tools_subnets[1::-1]), Change(world.tools_subnets[:1]), Change(world.tools_subnets[:3])],
        "client_cidrs": [Change({}, refused="No client could use this endpoint"), Change({"ci": "10.1.0.0/16", "people": "10.2.0.0/16"})],
        "function_role_name": [Change("another", goes={f"module\\.function\\.{pattern}": why for pattern, why in ROLE_GOES.items()})],
        "function_package": [Change(world.other_package)],
    }
    return Sweep("examples/fleet/tools", base, changes)


def complete(world):
    """Both Regions are one here: the provider under test has one configuration."""
    home = {"eu-west-1a": "10.1.0.0/24", "eu-west-1b": "10.1.1.0/24"}
    far = {"eu-west-1a": "10.255.1.0/28", "eu-west-1b": "10.255.1.16/28"}
    base = {"home_cluster_name": "payments", "far_cluster_name": "ledger", "far_region": "eu-west-1", "home_subnets": home, "far_subnets": far, "function_package": world.package, "host": True}
    endpoints = {r'aws_vpc_endpoint\.systems_manager\[".*"\]': "the host's way to Systems Manager, of that Region or VPC"}
    peering = {r"module\.far_hub\.aws_vpc_peering_connection.*": "the hub is peered with another Region or VPC"}
    name = {r'module\.ledger_client\.aws_route53_zone_association\.this\["client/tools"\]': "of another Region or VPC"}
    host = r"aws_(instance|security_group|vpc_security_group_(e|in)gress_rule)\.(host|systems_manager)\[.*\]"
    host_goes = {host: "there is no host", r"aws_(iam_role|iam_instance_profile|iam_role_policy_attachment|ssm_document)\.(host|connectivity)\[0\]": "with it", **endpoints}
    zone = {r'aws_(subnet|route_table_association)\.tools\["eu-west-1b"\]': "the zone was taken"}
    far_zone = {r'module\.far_hub\.(aws_subnet\.this|terraform_data\.subnet)\["eu-west-1b"\]': "the zone was taken"}
    # AWS cannot give a VPC another range, and nothing moves between VPCs.
    moved = {r"aws_(vpc|subnet)\.tools.*": "another VPC", r"module\.payments_client\.aws_.*": "the endpoint in it", **name}
    moved_gap = {r"aws_(route_table|route_table_association|default_security_group)\.tools.*": "another VPC", r"module\.far_hub\.aws_route\..*": "routes to it", host: "the host in it", **endpoints, **peering}
    changes = {
        "home_region": [Change("eu-central-1", goes=name, gap={**endpoints, **peering})],
        "home_cluster_name": [Change("ledger", refused="This access was made for cluster payments")],
        "far_region": [Change("us-east-1")],
        "far_cluster_name": [Change("payments", refused="This access was made for cluster ledger")],
        "home_subnets": [Change({"eu-west-1a": "10.1.0.0/24"}, goes=zone), Change({**home, "eu-west-1c": "10.1.2.0/24"})],
        "far_subnets": [Change({"eu-west-1a": "10.255.1.0/28"}, goes=far_zone), Change({**far, "eu-west-1c": "10.255.1.32/28"})],
        "tools_vpc_cidr": [Change("10.7.0.0/16", others={"home_subnets": {zone: cidr.replace("10.1.", "10.7.") for zone, cidr in home.items()}}, goes=moved, gap=moved_gap)],
        "hub_vpc_cidr": [Change("10.255.7.0/26", others={"far_subnets": {zone: cidr.replace("255.1.", "255.7.") for zone, cidr in far.items()}}, refused="This hub has the range 10.255.1.0/26 and cannot change it")],
        "host": [Change(False, goes=host_goes, apart=True)],
        "function_package": [Change(world.other_package)],
    }
    return Sweep("examples/complete", base, changes, providers={"aws": "aws", "aws.far": "aws"}, loose=True)
