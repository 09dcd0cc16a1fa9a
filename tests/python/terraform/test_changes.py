"""What owners do in the second year, planned and applied against an emulator.

One account in one story: a cluster made in the same configuration as everything
around it, and an existing one with a consumer. Each test changes
one thing and says what Terraform may do about it. The applies are few and large,
because the provider waits a minute for a load balancer, however many there are.
"""

import json
import shutil

import pytest

from harness import ROOT

pytestmark = pytest.mark.xdist_group("changes")

REGION = "eu-west-1"

PROVIDER = """
provider "aws" {
  region = "eu-west-1"
}
"""

# Made in the same configuration: the network, the cluster, the access.
LEDGER = """
variable "role_tags" {
  type    = map(string)
  default = {}
}

variable "cluster_tags" {
  type    = map(string)
  default = {}
}

resource "aws_iam_role" "cluster" {
  name               = "ledger"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
  tags               = var.role_tags
}

resource "aws_vpc" "this" {
  cidr_block           = "10.2.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "this" {
  for_each          = { eu-west-1a = "10.2.0.0/24", eu-west-1b = "10.2.1.0/24" }
  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
}

resource "aws_eks_cluster" "ledger" {
  name     = "ledger"
  role_arn = aws_iam_role.cluster.arn
  tags     = var.cluster_tags

  vpc_config {
    subnet_ids              = values(aws_subnet.this)[*].id
    endpoint_private_access = true
    endpoint_public_access  = false
  }
}

module "ledger_access" {
  source             = "../terraform/cluster-access"
  cluster_name       = aws_eks_cluster.ledger.name
  allowed_principals = ["arn:aws:iam::111122223333:root"]
  subnets            = { for zone, subnet in aws_subnet.this : zone => subnet.id }

  cluster = {
    endpoint              = aws_eks_cluster.ledger.endpoint
    certificate_authority = aws_eks_cluster.ledger.certificate_authority[0].data
    vpc_id                = aws_eks_cluster.ledger.vpc_config[0].vpc_id
    security_group_id     = aws_eks_cluster.ledger.vpc_config[0].cluster_security_group_id
  }
}
"""

# A second access to that cluster, found by its name.
BY_NAME = """
module "by_name" {
  source             = "../terraform/cluster-access"
  cluster_name       = aws_eks_cluster.ledger.name
  allowed_principals = ["arn:aws:iam::111122223333:root"]
}
"""

# An existing cluster, found by its name.
PAYMENTS = """
module "payments_access{again}" {{
  source             = "../terraform/cluster-access"
  cluster_name       = "payments"
  allowed_principals = ["arn:aws:iam::111122223333:root"]
}}
"""

CLIENT = """
module "payments_client" {{
  source        = "../terraform/client-access"
  client        = module.payments_access{again}.client
  vpc_id        = aws_vpc.this.id
  subnet_ids    = values(aws_subnet.this)[*].id
  allowed_cidrs = {{ tools = "10.2.0.0/16" }}
}}

output "kubeconfig" {{
  value = module.payments_client.kubeconfig
}}
"""

FIRST = PROVIDER + LEDGER + PAYMENTS.format(again="") + CLIENT.format(again="")
MOVED = PROVIDER + LEDGER + PAYMENTS.format(again="") + PAYMENTS.format(again="_2") + CLIENT.format(again="_2")
LAST = PROVIDER + LEDGER + PAYMENTS.format(again="_2") + CLIENT.format(again="_2")


class World:
    def __init__(self, emulator, root):
        self.emulator = emulator
        self.payments = emulator.create_cluster(REGION, "payments", zones="abb")
        self.caller = root / "caller"
        self.caller.mkdir()
        shutil.copytree(ROOT / "terraform", root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        self.terraform = emulator.terraform(self.caller)
        self.write(FIRST)

    def write(self, configuration):
        (self.caller / "main.tf").write_text(configuration)
        self.terraform.init()

    def services(self):
        """The load balancers of each endpoint service, by its Name tag."""
        services = self.emulator.client("ec2").describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        return {one["ServiceName"]: one["NetworkLoadBalancerArns"] for one in services}

    def load_balancer(self, module):
        return self.terraform.state()[f"module.{module}.aws_lb.this[0]"]


@pytest.fixture(scope="module")
def world(emulator, tmp_path_factory):
    world = World(emulator, tmp_path_factory.mktemp("changes"))
    world.terraform.apply()
    return world


# --- One configuration ----------------------------------------------------------


def test_1_cluster_and_access_are_made_in_one_apply(world):
    assert len(world.load_balancer("ledger_access")["subnets"]) == 2
    assert world.terraform.plan() == {}


def test_1_a_change_before_the_cluster_touches_nothing_else(world):
    plan = world.terraform.plan("-var", 'role_tags={"team"="x"}', "-var", 'cluster_tags={"team"="x"}')

    assert plan == {"aws_iam_role.cluster": "update", "aws_eks_cluster.ledger": "update"}


@pytest.mark.parametrize("changed", ["role_tags", "cluster_tags"])
def test_1_a_change_before_a_cluster_found_by_name_can_be_planned(world, changed):
    world.write(FIRST + BY_NAME)

    plan = world.terraform.plan("-var", f'{changed}={{"team"="x"}}')

    world.write(FIRST)
    assert plan["module.by_name.aws_lb.this[0]"] == "create"


# --- What changes beside Terraform ----------------------------------------------


def test_2_a_new_subnet_in_a_zone_replaces_nothing(world):
    ec2, eks = world.emulator.client("ec2"), world.emulator.client("eks")
    network = world.payments["resourcesVpcConfig"]
    # Ids are random: enough new ones that some sort before the one in use.
    new = [
        ec2.create_subnet(VpcId=network["vpcId"], CidrBlock=f"10.0.{100 + index}.0/24", AvailabilityZone="eu-west-1a")["Subnet"]["SubnetId"]
        for index in range(12)
    ]
    eks.update_cluster_config(name="payments", resourcesVpcConfig={"subnetIds": [*network["subnetIds"], *new]})

    assert world.terraform.plan() == {}


def test_2_a_vpc_that_another_account_associated_stays(world):
    ec2, route53 = world.emulator.client("ec2"), world.emulator.client("route53")
    foreign = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    zone = world.terraform.state()["module.payments_client.aws_route53_zone.this[\"client\"]"]["zone_id"]
    route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC={"VPCRegion": REGION, "VPCId": foreign})

    assert world.terraform.plan() == {}


def test_2_a_successor_of_the_certificate_authority_reaches_the_kubeconfig(world):
    world.emulator.client("eks").create_certificate_authority(clusterName="payments")
    bundle = world.emulator.client("eks").describe_cluster(name="payments")["cluster"]["certificateAuthority"]["data"]

    world.terraform.plan("-out=plan")

    change = json.loads(world.terraform("show", "-json", "plan").stdout)["output_changes"]["kubeconfig"]
    assert change["actions"] == ["update"] and bundle in change["after"] and bundle not in change["before"]


# --- Replacing, revoking, removing ----------------------------------------------


@pytest.fixture(scope="module")
def moved(world):
    """A zone more, a second access with the consumer moved to it, and a replacement that endpoints stop."""
    ec2, eks = world.emulator.client("ec2"), world.emulator.client("eks")
    network = eks.describe_cluster(name="payments")["cluster"]["resourcesVpcConfig"]
    world.new_subnet = ec2.create_subnet(VpcId=network["vpcId"], CidrBlock="10.0.200.0/24", AvailabilityZone="eu-west-1c")["Subnet"]["SubnetId"]
    eks.update_cluster_config(name="payments", resourcesVpcConfig={"subnetIds": [*network["subnetIds"], world.new_subnet]})
    state = world.terraform.state()
    world.before = {module: state[f"module.{module}.aws_lb.this[0]"] for module in ("payments_access", "ledger_access")}
    world.old_endpoint = state["module.payments_client.aws_vpc_endpoint.this"]["id"]
    world.consumer = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=state["aws_vpc.this"]["id"],
        ServiceName=state["module.ledger_access.aws_vpc_endpoint_service.this[0]"]["service_name"],
    )["VpcEndpoint"]["VpcEndpointId"]
    world.write(MOVED)
    world.refusal = world.terraform.apply("-replace=module.ledger_access.aws_lb.this[0]", expect=(1,)).stderr
    return world


def test_3_a_new_zone_is_added_in_place(moved):
    balancer = moved.load_balancer("payments_access")

    assert balancer["arn"] == moved.before["payments_access"]["arn"]
    assert set(balancer["subnets"]) == {*moved.before["payments_access"]["subnets"], moved.new_subnet}


def test_3_a_replacement_waits_for_its_consumers(moved):
    assert "existing active VPC Endpoint connections" in moved.refusal
    assert moved.refusal.count("Error:") == 1, moved.refusal


def test_3_a_consumer_moves_to_a_second_service(moved):
    ec2 = moved.emulator.client("ec2")
    state = moved.terraform.state()
    endpoint = state["module.payments_client.aws_vpc_endpoint.this"]
    (alias,) = state["module.payments_client.aws_route53_record.this[\"client\"]"]["alias"]

    assert endpoint["service_name"] == state["module.payments_access_2.aws_vpc_endpoint_service.this[0]"]["service_name"]
    assert alias["name"] == endpoint["dns_entry"][0]["dns_name"]
    live = [one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"] if one["State"] == "available"]
    assert endpoint["id"] in live and moved.old_endpoint not in live


@pytest.fixture(scope="module")
def revoked(moved):
    """The other consumer rejected, and the first access removed."""
    service = moved.terraform.state()["module.ledger_access.aws_vpc_endpoint_service.this[0]"]["id"]
    moved.emulator.client("ec2").reject_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[moved.consumer])
    moved.write(LAST)
    moved.terraform.apply()
    return moved


def test_4_the_replacement_is_in_service_once_its_consumers_are_rejected(revoked):
    balancers = {one["LoadBalancerArn"]: one["LoadBalancerName"] for one in revoked.emulator.client("elbv2").describe_load_balancers()["LoadBalancers"]}
    old, new = revoked.before["ledger_access"], revoked.load_balancer("ledger_access")

    assert [new["arn"]] in revoked.services().values()
    assert old["arn"] not in balancers and new["name"] != old["name"]


def test_4_the_first_access_is_removed(revoked):
    assert len(revoked.services()) == 2
    assert revoked.terraform.plan() == {}


def test_5_a_cluster_that_is_gone_is_named(revoked):
    revoked.emulator.client("eks").delete_cluster(name="payments")

    done = revoked.terraform("plan", "-input=false", "-no-color", expect=(1,))

    assert "There is no EKS cluster payments in eu-west-1 of this account." in " ".join(done.stderr.replace("│", "").split())


def test_5_what_served_a_cluster_that_is_gone_can_be_destroyed(revoked):
    assert "payments" not in revoked.emulator.client("eks").list_clusters()["clusters"]

    revoked.terraform.destroy()

    assert revoked.terraform.state() == {}
    assert revoked.emulator.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
