"""Two clusters of a VPC behind one load balancer, one of which leaves; and what was made by hand, adopted."""

import json
import shutil

import pytest

from harness import ROOT

pytestmark = pytest.mark.xdist_group("shared")

OWNER, CONSUMER = "888899990000", "555566667777"
PRINCIPALS = [f"arn:aws:iam::{OWNER}:root", f"arn:aws:iam::{CONSUMER}:root"]
PORTS = {"payments": 443, "ledger": 444}


class World:
    def __init__(self, emulator, root):
        self.emulator = emulator.in_account(OWNER)
        self.consumer = emulator.in_account(CONSUMER)
        self.network = self.emulator.create_cluster("eu-west-1", "payments", zones="ab")["resourcesVpcConfig"]
        self.create_cluster("ledger")
        self.create_cluster("search")
        shutil.copytree(ROOT / "terraform", root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        self.root = root

    def create_cluster(self, name):
        """One more in the same VPC."""
        access = {"endpointPrivateAccess": True, "endpointPublicAccess": False}
        return self.emulator.client("eks").create_cluster(
            name=name, roleArn=f"arn:aws:iam::{OWNER}:role/eks", resourcesVpcConfig={"subnetIds": self.network["subnetIds"], **access}
        )["cluster"]

    def subnets(self):
        return dict(zip(("eu-west-1a", "eu-west-1b"), self.network["subnetIds"]))

    def terraform(self, name, **configuration):
        caller = self.root / name
        caller.mkdir(exist_ok=True)
        (caller / "main.tf.json").write_text(json.dumps({"provider": {"aws": {"region": "eu-west-1"}}, **configuration}))
        terraform = self.emulator.terraform(caller)
        terraform.init()
        return terraform

    def sharing(self, *clusters):
        shared = {
            "source": "../terraform/shared-load-balancer",
            "vpc_id": self.network["vpcId"],
            "subnets": self.subnets(),
            "allowed_principals": PRINCIPALS,
            "listener_arns": [f"${{module.{name}.listener_arn}}" for name in clusters],
        }
        passed = {name: f"${{module.shared.{name}}}" for name in ("load_balancer", "endpoint_service")}
        calls = {name: {"source": "../terraform/cluster-access", "cluster_name": name, "port": PORTS[name], **passed} for name in clusters}
        outputs = {name: {"value": f"${{module.{name}.client}}"} for name in clusters}
        return self.terraform("caller", module={"shared": shared, **calls}, output=outputs)

    def connect(self, service):
        ec2 = self.consumer.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        return ec2.create_vpc_endpoint(VpcEndpointType="Interface", VpcId=vpc, ServiceName=service)["VpcEndpoint"]["VpcEndpointId"]

    def state(self, endpoint):
        (one,) = self.consumer.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
        return one["State"]

    def listeners(self, balancer):
        """Port of each listener, and what it forwards to."""
        found = self.emulator.client("elbv2").describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        return {one["Port"]: (one["ListenerArn"], one["DefaultActions"][0]["TargetGroupArn"]) for one in found}

    def rules(self, group):
        found = self.emulator.client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        return {rule["ReferencedGroupInfo"]["GroupId"] for rule in found["SecurityGroupRules"] if "ReferencedGroupInfo" in rule}


@pytest.fixture(scope="module")
def world(emulator, tmp_path_factory):
    return World(emulator, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def applied(world):
    terraform = world.sharing("payments", "ledger")
    terraform.apply()
    world.plan = terraform.plan()
    world.clients = {name: one["value"] for name, one in terraform.stored("outputs").items()}
    state = terraform.state()
    world.balancer, world.group = state["module.shared.aws_lb.this"]["arn"], state["module.shared.aws_security_group.nlb"]["id"]
    world.endpoint = world.connect(world.clients["payments"]["service_name"])
    return world


def test_1_one_load_balancer_and_one_service_for_both(applied):
    elb, ec2 = applied.emulator.client("elbv2"), applied.emulator.client("ec2")

    assert [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]] == [applied.balancer]
    (service,) = ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    assert service["NetworkLoadBalancerArns"] == [applied.balancer]
    assert applied.plan == {}


def test_1_each_cluster_has_a_port_of_its_own(applied):
    elb = applied.emulator.client("elbv2")
    listeners = applied.listeners(applied.balancer)
    tags = elb.describe_tags(ResourceArns=[group for _, group in listeners.values()])["TagDescriptions"]

    assert {port: dict(pairs(one))["cluster_name"] for port, one in zip(listeners, tags)} == {443: "payments", 444: "ledger"}
    assert {name: client["port"] for name, client in applied.clients.items()} == PORTS
    assert len({client["service_name"] for client in applied.clients.values()}) == 1


def pairs(description):
    return [(tag["Key"], tag["Value"]) for tag in description["Tags"]]


def test_1_the_load_balancer_names_no_cluster(applied):
    (description,) = applied.emulator.client("elbv2").describe_tags(ResourceArns=[applied.balancer])["TagDescriptions"]

    assert dict(pairs(description)) == {"eks-nlb-sync": "enabled"}


@pytest.fixture(scope="module")
def refused(applied):
    """Everything is to go while an endpoint is connected."""
    applied.before = applied.listeners(applied.balancer)
    applied.refusal = applied.sharing("payments", "ledger")("destroy", "-auto-approve", "-input=false", "-no-color", expect=(1,)).stderr
    return applied


def test_2_a_destroy_that_aws_refuses_leaves_every_listener(refused):
    assert "existing active VPC Endpoint connections" in refused.refusal and refused.refusal.count("Error:") == 1
    assert refused.listeners(refused.balancer) == refused.before
    assert len(refused.rules(refused.group)) == 2


@pytest.fixture(scope="module")
def left(refused):
    refused.sharing("payments").apply()
    return refused


def test_3_one_leaves_and_the_other_stays_as_it_was(left):
    assert left.listeners(left.balancer) == {443: left.before[443]}
    assert left.rules(left.group) == {left.network["clusterSecurityGroupId"]}
    assert left.state(left.endpoint) == "available"
    assert left.sharing("payments").plan() == {}


def test_4_the_last_one_leaves_nothing_behind(left):
    ec2, elb = left.emulator.client("ec2"), left.emulator.client("elbv2")
    service = left.clients["payments"]["service_name"].rsplit(".", 1)[1]
    ec2.reject_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[left.endpoint])

    terraform = left.sharing("payments")
    terraform.destroy()

    assert terraform.state() == {}
    assert elb.describe_load_balancers()["LoadBalancers"] == elb.describe_target_groups()["TargetGroups"] == []


# --- What was made by hand ------------------------------------------------------


@pytest.fixture(scope="module")
def made_by_hand(world):
    """A load balancer as the console makes it, with targets, and a consumer."""
    elb, ec2 = world.emulator.client("elbv2"), world.emulator.client("ec2")
    group = ec2.create_security_group(GroupName="by-hand", Description="by hand", VpcId=world.network["vpcId"])["GroupId"]
    (balancer,) = elb.create_load_balancer(Name="search", Type="network", Scheme="internal", Subnets=world.network["subnetIds"], SecurityGroups=[group])["LoadBalancers"]
    (target_group,) = elb.create_target_group(Name="search", Protocol="TCP", Port=443, VpcId=world.network["vpcId"], TargetType="ip", HealthCheckProtocol="TCP")["TargetGroups"]
    elb.register_targets(TargetGroupArn=target_group["TargetGroupArn"], Targets=[{"Id": "10.0.0.10", "Port": 443}])
    action = {"Type": "forward", "TargetGroupArn": target_group["TargetGroupArn"]}
    (listener,) = elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="TCP", Port=443, DefaultActions=[action])["Listeners"]
    service = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer["LoadBalancerArn"]], AcceptanceRequired=False)["ServiceConfiguration"]
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=PRINCIPALS)
    world.adopted = world.connect(service["ServiceName"])
    return {
        "aws_lb.this[0]": balancer["LoadBalancerArn"],
        "aws_lb_target_group.this": target_group["TargetGroupArn"],
        "aws_lb_listener.this": listener["ListenerArn"],
        "aws_vpc_endpoint_service.this[0]": service["ServiceId"],
    }


def adopt(world, made_by_hand):
    access = {"source": "../terraform/cluster-access", "cluster_name": "search", "subnets": world.subnets(), "allowed_principals": PRINCIPALS}
    imports = [{"to": f"module.search.{address}", "id": identity} for address, identity in made_by_hand.items()]
    return world.terraform("adopting", module={"search": access}, **{"import": imports})


def test_5_what_was_made_by_hand_is_adopted_and_nothing_is_destroyed(world, made_by_hand):
    terraform = adopt(world, made_by_hand)
    planned = terraform("plan", "-input=false", "-no-color", "-out=plan").stdout
    assert "Plan: 4 to import, " in planned and " 0 to destroy." in planned

    terraform.apply("plan")

    state = terraform.state()
    assert {address: state[f"module.search.{address}"]["id"] for address in made_by_hand} == made_by_hand
    assert terraform.plan() == {}


def test_5_its_targets_and_its_consumer_noticed_nothing(world, made_by_hand):
    elb = world.emulator.client("elbv2")
    (target,) = elb.describe_target_health(TargetGroupArn=made_by_hand["aws_lb_target_group.this"])["TargetHealthDescriptions"]
    (balancer,) = elb.describe_load_balancers(LoadBalancerArns=[made_by_hand["aws_lb.this[0]"]])["LoadBalancers"]

    assert target["Target"]["Id"] == "10.0.0.10"
    assert world.state(world.adopted) == "available"
    assert balancer["LoadBalancerName"] == "search" and len(world.rules(balancer["SecurityGroups"][0])) == 1
