"""Values that are unknown while planning: a range from IPAM, a subnet made in the same run.

Each module is planned with every id, range, name and ARN taken from a resource
that does not exist yet, and must accept them: no "Invalid for_each", "Invalid
count" or "Invalid index".
"""

import json

import pytest

from harness import ACCOUNT, ROOT

pytestmark = pytest.mark.xdist_group("emulator")

ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"
CLIENT = {
    "cluster_name": "payments",
    "host": "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    "port": 6443,
    "certificate_authority": "Q0E=",
    "account_id": ACCOUNT,
    "region": "eu-west-1",
    "service_name": "com.amazonaws.vpce.eu-west-1.vpce-svc-0a",
    "supported_regions": ["eu-west-1"],
    "zone_ids": ["euw1-az1"],
}
ENDPOINT = {
    "vpc_id": "vpc-0a",
    "subnet_ids": ["subnet-0a", "subnet-0b"],
    "allowed_cidrs": {"tools": "10.1.0.0/16"},
    "allowed_security_group_ids": {"ci": "sg-0c"},
    "allowed_prefix_list_ids": {"offices": "pl-0c"},
    "hosted_zone_vpcs": {"hub": {"vpc_id": "vpc-0b", "region": "eu-west-1"}},
    "kubeconfig": {"role_arn": ROLE, "profile": "platform"},
    "name": "payments",
    "tags": {"team": "platform"},
}
CALLS = {
    "client": ("client-access", {**ENDPOINT, "client": CLIENT}, {}),
    "clients": ("client-access", {**ENDPOINT, "clients": {"payments": CLIENT, "search": {**CLIENT, "port": 444}}}, {}),
    "hub": (
        "region-hub",
        {
            "vpc_cidr": "10.255.1.0/26",
            "subnets": {"eu-west-1a": "10.255.1.0/28"},
            "tools_vpc_id": "vpc-0a",
            "tools_vpc_cidrs": {"primary": "10.1.0.0/16"},
            "tools_vpc_account_id": ACCOUNT,
            "tools_route_table_ids": {"private": "rtb-0a"},
            "reserved_cidrs": ["10.255.0.0/26"],
            "name": "hub",
            "tags": {"team": "platform"},
        },
        {"tools_vpc_region": "eu-west-1", "providers": {"aws": "aws", "aws.tools": "aws"}},
    ),
    "function": (
        "function",
        {
            "s3_bucket": "artifacts",
            "s3_key": "bootstrap.zip",
            "package_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "dns_servers": ["10.0.0.2", "[fd00::2]:5353"],
            "vpc_id": "vpc-0a",
            "subnet_ids": ["subnet-0a"],
            "assume_role_arns": [ROLE],
            "fleet": {"far": {"region": "eu-central-1", "role_arn": ROLE, "external_id": "id", "min_load_balancers": 2}},
            "role_name": "function",
            "kms_key_arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a",
            "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
            "alarm_topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:pages",
            "ticket_topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:tickets",
            "tags": {"team": "platform"},
        },
        {"interface_endpoints": True, "watch_control_plane": True},
    ),
    "member": (
        "member-role",
        {"function_role_arn": ROLE, "external_id": "id", "organization_id": "o-a1b2c3d4e5", "role_name": "member", "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary", "tags": {"team": "platform"}},
        {},
    ),
}


def later(value, path):
    """`value` with each text and number taken from a resource that is not made yet."""
    if isinstance(value, dict):
        return {key: later(item, f"{path}[{json.dumps(key)}]") for key, item in value.items()}
    if isinstance(value, list):
        return [later(item, f"{path}[{index}]") for index, item in enumerate(value)]
    return f"${{{path}}}"


@pytest.fixture(scope="module")
def terraform(emulator, tmp_path_factory):
    return emulator.terraform(tmp_path_factory.mktemp("unknown"))


def write(terraform, module, unknown, known, whole=()):
    """A call of a module with unknown arguments, those in `whole` without their parts."""
    source = "terraform_data.later.output[{}]".format
    arguments = {name: f"${{{source(json.dumps(name))}}}" if name in whole else later(value, source(json.dumps(name))) for name, value in unknown.items()}
    configuration = {
        "provider": {"aws": {"region": "eu-west-1"}},
        "resource": {"terraform_data": {"later": {"input": unknown}}},
        "module": {"this": {"source": str(ROOT / "terraform" / module), **arguments, **known}},
    }
    (terraform.directory / "main.tf.json").write_text(json.dumps(configuration))
    terraform.init()


def errors(terraform):
    done = terraform("plan", "-json", "-input=false", expect=(0, 1))
    lines = map(json.loads, done.stdout.splitlines())
    return [(line["diagnostic"]["summary"], line["diagnostic"].get("detail")) for line in lines if line["type"] == "diagnostic" and line["diagnostic"]["severity"] == "error"]


@pytest.mark.parametrize("call", CALLS)
def test_every_value_may_be_unknown(terraform, call):
    write(terraform, *CALLS[call])

    assert errors(terraform) == []


def test_a_whole_client_may_be_unknown(terraform):
    """As an SSM parameter that is written in the same run."""
    write(terraform, *CALLS["client"], whole={"client"})

    assert errors(terraform) == []
