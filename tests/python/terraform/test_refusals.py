"""The messages of plans that cannot work.

The modules' own tests hold that each mistake is refused; these, with the real
provider and an emulator behind it, that the refusal comes with the plan and
says what to change.
"""

import json

import pytest

from harness import ROOT

pytestmark = pytest.mark.xdist_group("emulator")

PROVIDER = 'provider "aws" {\n  region = "eu-west-1"\n}\n'

CLUSTER_ACCESS = """
module "mistake" {{
  source             = "../cluster-access"
  cluster_name       = "{cluster}"
  allowed_principals = {principals}
  subnets            = {subnets}
  address_source     = "{source}"
}}
"""

REGION_HUB = """
module "hub" {
  source                = "../region-hub"
  providers             = { aws = aws, aws.tools = aws }
  vpc_cidr              = "10.1.255.0/26"
  subnets               = { eu-west-1a = "10.1.255.0/28" }
  tools_vpc_id          = "vpc-0a"
  tools_vpc_cidrs       = { primary = "10.1.0.0/16" }
  tools_vpc_region      = "eu-west-1"
  tools_route_table_ids = { private = "rtb-0a" }
}
"""


def cluster_access(cluster="private", principals=("arn:aws:iam::111122223333:root",), subnets=None, source="auto"):
    return CLUSTER_ACCESS.format(cluster=cluster, principals=json.dumps(principals), subnets=json.dumps(subnets), source=source)


@pytest.fixture(scope="module")
def subnets(emulator):
    """Those of a private cluster, one in each of the zones a, b and c. There are public ones too."""
    emulator.create_cluster("eu-west-1", "public", private_access=False, public_access=True)
    emulator.create_cluster("eu-west-1", "both", public_access=True)
    return emulator.create_cluster("eu-west-1", "private", zones="abc")["resourcesVpcConfig"]["subnetIds"]


@pytest.fixture(scope="module")
def plan(emulator, tmp_path_factory):
    """Plans one module call and returns Terraform's errors and warnings."""
    directory = tmp_path_factory.mktemp("refusals")
    for module in ("cluster-access", "region-hub"):
        (directory / module).symlink_to(ROOT / "terraform" / module)
    caller = directory / "caller"
    caller.mkdir()
    terraform = emulator.terraform(caller)
    (caller / "main.tf").write_text(PROVIDER + cluster_access() + REGION_HUB)
    terraform.init()

    def plan(call):
        (caller / "main.tf").write_text(PROVIDER + call)
        done = terraform("plan", "-json", "-input=false", expect=(0, 1))
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        return "\n".join(message["diagnostic"].get("detail", "") for message in messages if message["type"] == "diagnostic")

    return plan


def test_a_cluster_with_private_access_is_accepted(plan, subnets):
    assert plan(cluster_access()) == ""


def test_a_cluster_without_private_access_is_refused(plan, subnets):
    assert "Cluster public has no private access to its API endpoint, so it has no addresses to send traffic to: turn on endpoint_private_access" in plan(cluster_access("public"))


def test_a_principal_that_is_no_arn_is_refused(plan, subnets):
    refusal = plan(cluster_access(principals=["arn:aws:iam::111122223333:root", "111122223333"]))

    assert 'allowed_principals must be IAM ARNs; change "111122223333" to the form arn:aws:iam::111122223333:root (an account)' in refusal


def test_a_cluster_that_is_not_there_is_refused(plan, subnets):
    assert "There is no EKS cluster gone in eu-west-1 of this account. Where it is made in the same configuration, give `cluster` and `subnets`" in plan(cluster_access("gone"))


def test_a_cluster_that_is_public_too_is_warned_of(plan, subnets):
    words = "Cluster both has a public endpoint too, so its private addresses resolve in its own VPC only and a function with ADDRESS_SOURCE=dns ends in AddressNotAllowed elsewhere. Either run it with ADDRESS_SOURCE=auto"

    assert words in plan(cluster_access("both", source="dns"))
    assert plan(cluster_access("both")) == ""


def test_a_subnet_under_another_zone_is_refused(plan, subnets):
    one, two, three = subnets

    assert f"these subnets are in others: {two} (eu-west-1b, not eu-west-1a). Write each under its own zone" in plan(cluster_access(subnets={"eu-west-1a": two, "eu-west-1c": three}))


def test_a_zone_of_the_control_plane_without_a_subnet_is_refused(plan, subnets):
    one, two, three = subnets

    assert "The control plane may have addresses in eu-west-1c, where the load balancer would have no subnet and leave them unused: add a subnet" in plan(cluster_access(subnets={"eu-west-1a": one, "eu-west-1b": two}))


def test_overlapping_ranges_are_refused(plan):
    assert "vpc_cidr 10.1.255.0/26 overlaps 10.1.0.0/16, and overlapping VPCs cannot be peered: choose a vpc_cidr outside" in plan(REGION_HUB)
