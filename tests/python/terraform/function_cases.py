"""terraform/function applied to the emulator, and template.yaml worked out with the same parameters."""

import json
import re

import pytest

import module_docs
import template
from harness import ACCOUNT, ROOT

REGION = "eu-west-1"
TEMPLATE = ROOT / "template.yaml"
MODULE = ROOT / "terraform" / "function"

# Where the code comes from is the deploying tool's business; CloudFormation has
# stacks and tags of its own; the template's fleet is fleet.yaml.
ONLY_IN_THE_MODULE = {"package", "package_sha256", "s3_bucket", "s3_key", "s3_object_version", "source_dir", "name", "environment", "fleet", "tags"}
# The dashboard is in the template only.
ONLY_IN_THE_TEMPLATE = {"CreateDashboard"}
# A list in Terraform, where a group that is made in the same run has no id yet
# and only the number of groups can be asked.
NAMED_OTHERWISE = {"security_group_ids": "SecurityGroupId"}

CASES = {
    "defaults": {},
    "everything": {
        "architecture": "x86_64",
        "nlb_tag": "team=platform,eks-nlb-sync=enabled",
        "cluster_name_tag": "eks",
        "address_source": "dns+eni",
        "allow_internet_facing": True,
        "cluster_tag": "eks-nlb-sync=allowed",
        "min_healthy_targets": 3,
        "allowed_cidrs": ["10.0.0.0/8", "fc00::/7"],
        "dns_servers": ["10.0.0.2", "10.0.0.3:5353", "[fd00::2]:5353"],
        "dns_timeout_ms": 2000,
        "max_concurrency": 8,
        "metrics_namespace": "Platform/EksNlbSync",
        "schedule_expression": "rate(5 minutes)",
        "watch_control_plane": True,
        "reserved_concurrency": 3,
        "assume_role_arns": ["arn:aws:iam::444455556666:role/eks-nlb-sync", "arn:aws:iam::777788889999:role/eks-nlb-sync"],
        "member_role_name": "eks-nlb-sync",
        "organization_id": "o-a1b2c3d4e5",
        "role_name": "eks-nlb-sync-function",
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "vpc_id": "VPC",
        "subnet_ids": ["SUBNET"],
        "interface_endpoints": True,
        "alarm_email": "platform@example.com",
        "ticket_topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:tickets",
        "no_run_minutes": 30,
        "min_load_balancers": 40,
        "tolerated_unserved": 1,
        "tolerated_failures": 2,
        "tolerated_tickets": 3,
        "runbook_url": "https://wiki.example.com/eks-nlb-sync",
        "detailed_metrics": True,
        "application_log_level": "DEBUG",
        "system_log_level": "INFO",
        "log_retention_days": 90,
        "tracing": "Active",
    },
    "given": {
        "nlb_tag": "managed",
        "address_source": "eni",
        "sync_policy": "add-only",
        "dns_servers": ["10.0.0.2", "fd00::2", "[fd00::3]"],
        "schedule_state": "DISABLED",
        "watch_control_plane": True,
        "min_load_balancers": 0,
        "write_scope": "any",
        "vpc_id": "VPC",
        "subnet_ids": ["SUBNET"],
        "security_group_ids": ["GROUP"],
        "interface_endpoints": True,
        "alarm_topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:pager",
    },
    "dry run": {"dry_run": True, "address_source": "dns", "kms_key_arn": "KEY", "vpc_id": "VPC", "subnet_ids": ["SUBNET"], "dns_servers": ["fd00::2", "[fd00::3]"]},
    "paused": {"paused": True, "watch_control_plane": True},
    "stopped": {"stopped": True, "reserved_concurrency": 3},
}


def parameter_name(variable):
    return NAMED_OTHERWISE.get(variable) or "".join(word.capitalize() for word in variable.split("_"))


def parameter_value(variable, value):
    """A variable's value as the template's parameter has it."""
    if value is None:
        return "none" if variable == "reserved_concurrency" else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def variables():
    return dict(module_docs.blocks(MODULE, "variable"))


def default_of(variable):
    def plain(value):
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value[1:-1] if isinstance(value, str) and value.startswith('"') else None if value == "null" else value

    return plain(variable["default"])


class Deployed:
    """One module call as the emulator knows it, and the template worked out with the same parameters."""

    # What a deployment makes up, and the attribute of the module's own resource.
    MADE_UP = (
        ({"Fn::GetAtt": ["Function", "Arn"]}, "aws_lambda_function.this", "arn"),
        ({"Ref": "Function"}, "aws_lambda_function.this", "function_name"),
        ({"Fn::GetAtt": ["FunctionRole", "Arn"]}, "aws_iam_role.function", "arn"),
        ({"Ref": "FunctionRole"}, "aws_iam_role.function", "id"),
        ({"Fn::GetAtt": ["ScheduleRole", "Arn"]}, "aws_iam_role.scheduler", "arn"),
        ({"Fn::GetAtt": ["SecurityGroup", "GroupId"]}, "aws_security_group.function[0]", "id"),
        ({"Fn::GetAtt": ["EndpointSecurityGroup", "GroupId"]}, "aws_security_group.endpoints[0]", "id"),
        ({"Ref": "AlarmTopic"}, "aws_sns_topic.alarms[0]", "arn"),
        ({"Fn::GetAtt": ["ControlPlaneRuleRole", "Arn"]}, 'aws_iam_role.control_plane["rule"]', "arn"),
        ({"Fn::GetAtt": ["ControlPlaneWorkflowRole", "Arn"]}, 'aws_iam_role.control_plane["workflow"]', "arn"),
        ({"Ref": "ControlPlaneWorkflow"}, "aws_sfn_state_machine.control_plane[0]", "arn"),
    )

    def __init__(self, name, state, variables):
        prefix = f'module.{name}.'
        self._state = {address.removeprefix(prefix): values for address, values in state.items() if address.startswith(prefix)}
        parameters = {parameter_name(name): parameter_value(name, value) for name, value in variables.items()}
        self.stack = template.Stack(template.load(TEMPLATE), {**parameters, "CreateDashboard": "false"}, StackName=f"eks-nlb-sync-{name}")
        assert self.stack.refusals() == []

    def one(self, address):
        return self._state.get(address)

    def all(self, kind):
        return [values for address, values in self._state.items() if re.match(rf"{kind}\.", address)]

    @property
    def function(self):
        return self.one("aws_lambda_function.this")

    def expected(self, kind):
        """The template's resources of this type, with the module's names in place of generated ones."""
        text = json.dumps(self.stack.of_type(kind))
        made = self.stack.resources()
        for reference, address, attribute in self.MADE_UP:
            (target,) = reference.values()
            if (target if isinstance(target, str) else target[0]) in made:
                assert self.one(address), f"the module has no {address}"
                text = text.replace(self.stack.resolve(reference), self.one(address)[attribute])
        assert "-1ABC" not in text, text
        return json.loads(text)


@pytest.fixture(scope="session")
def deployed(emulator, tmp_path_factory):
    """The module applied once for each case."""
    ec2 = emulator.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="given", Description="given", VpcId=vpc)["GroupId"]
    boundary = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    emulator.client("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(boundary))

    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]

    cases = json.dumps({name.replace(" ", "-"): values for name, values in CASES.items()})
    for placeholder, value in (("VPC", vpc), ("SUBNET", subnet), ("GROUP", group), ("KEY", key)):
        cases = cases.replace(f'"{placeholder}"', f'"{value}"')
    cases = json.loads(cases)
    directory = tmp_path_factory.mktemp("function")
    (directory / "bootstrap.zip").write_bytes(b"any")
    calls = {
        case: {"source": str(MODULE), "name": f"eks-nlb-sync-{case}", "package": str(directory / "bootstrap.zip"), **values}
        for case, values in cases.items()
    }
    (directory / "main.tf.json").write_text(json.dumps({"provider": {"aws": {"region": REGION}}, "module": calls}))
    terraform = emulator.terraform(directory)
    terraform.init()
    terraform.apply()
    state = terraform.state()
    return lambda case: Deployed(case.replace(" ", "-"), state, cases[case.replace(" ", "-")])


every_case = pytest.mark.parametrize("case", CASES)
