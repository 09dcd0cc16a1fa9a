"""A hub that serves clients, with each of its inputs changed: plans against an emulator."""

import json

import pytest

from harness import ROOT

pytestmark = pytest.mark.xdist_group("emulator")

REGION = "eu-west-1"
ROUTE_TABLES = {"private-a": "rtb-0a1b2c3d4e5f60001", "private-b": "rtb-0a1b2c3d4e5f60002"}


class Hub:
    def __init__(self, emulator, directory):
        ec2 = emulator.client("ec2", REGION)
        tools = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        tables = [ec2.create_route_table(VpcId=tools)["RouteTable"]["RouteTableId"] for _ in range(3)]
        self.directory = directory
        self.tables = dict(zip(("private-a", "private-b", "private-c"), tables))
        self.arguments = {
            "vpc_cidr": "10.255.1.0/26",
            "subnets": {"eu-west-1a": "10.255.1.0/28", "eu-west-1b": "10.255.1.16/28"},
            "tools_vpc_id": tools,
            "tools_vpc_cidrs": {"primary": "10.1.0.0/16", "pods": "100.64.0.0/16"},
            "tools_vpc_region": REGION,
            "tools_route_table_ids": {name: self.tables[name] for name in ("private-a", "private-b")},
        }
        self.terraform = emulator.terraform(directory)
        self.write()
        self.terraform.init()

    def write(self, **changes):
        call = {"source": str(ROOT / "terraform" / "region-hub"), "providers": {"aws": "aws", "aws.tools": "aws"}, **self.arguments, **changes}
        (self.directory / "main.tf.json").write_text(json.dumps({"provider": {"aws": {"region": REGION}}, "module": {"hub": call}}))

    def plan(self, **changes):
        self.write(**changes)
        return {address.removeprefix("module.hub."): action for address, action in self.terraform.plan().items()}


@pytest.fixture(scope="module")
def hub(emulator, tmp_path_factory):
    hub = Hub(emulator, tmp_path_factory.mktemp("hub"))
    hub.terraform.apply()
    return hub


def test_it_stays_as_it_is(hub):
    assert hub.plan() == {}


def test_one_more_zone_adds_a_subnet(hub):
    plan = hub.plan(subnets={"eu-west-1c": "10.255.1.32/28", **hub.arguments["subnets"]})

    assert plan == {'aws_subnet.this["eu-west-1c"]': "create", 'terraform_data.subnet["eu-west-1c"]': "create"}


def test_a_zone_less_takes_its_subnet_and_no_route(hub):
    plan = hub.plan(subnets={"eu-west-1b": "10.255.1.16/28"})

    assert plan == {'aws_subnet.this["eu-west-1a"]': "delete", 'terraform_data.subnet["eu-west-1a"]': "delete"}


def test_a_route_table_in_front_of_the_others_moves_no_route(hub):
    tables = {"private-c": hub.tables["private-c"], **hub.arguments["tools_route_table_ids"]}

    assert hub.plan(tools_route_table_ids=tables) == {'aws_route.from_tools["private-c"]': "create"}


def test_a_range_less_takes_its_own_route_only(hub):
    assert hub.plan(tools_vpc_cidrs={"primary": "10.1.0.0/16"}) == {'aws_route.to_tools["pods"]': "delete"}


def test_another_name_changes_tags_only(hub):
    assert set(hub.plan(name="other").values()) == {"update"}
