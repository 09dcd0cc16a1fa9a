"""Each input of each module and example, changed on a standing state: sweep.py has the rule."""

import json
import shutil
import zipfile

import pytest

import sweep
import sweep_access
import sweep_others
from harness import ROOT

pytestmark = pytest.mark.xdist_group("sweep")

OWNER = "666677778888"
SWEEPS = {
    "cluster_access": sweep_access.cluster_access,
    "shared_load_balancer": sweep_access.shared_load_balancer,
    "joined": sweep_access.on_a_shared_load_balancer,
    "client_access": sweep_others.client_access,
    "region_hub": sweep_others.region_hub,
    "function": sweep_others.function,
    "member_role": sweep_others.member_role,
    "fleet_account": sweep_others.fleet_account,
    "fleet_tools": sweep_others.fleet_tools,
    "complete": sweep_others.complete,
}
PARTIAL = ("joined",)  # a second look at a module
UNKNOWN = {"endpoint": "https://new.invalid", "certificate_authority": "Q0E=", "vpc_id": "vpc-0a", "security_group_id": "sg-0a", "subnet": "subnet-0a", "cidr": "10.5.0.0/16", "list": "pl-0a", "principal": "arn:aws:iam::111122223333:root"}


class World:
    """What the modules are called with, and their calls in one configuration."""

    def __init__(self, emulator, root):
        self.emulator = emulator.in_account(OWNER)
        shutil.copytree(ROOT / "terraform", root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        examples = root / "terraform" / "examples"
        self.replace(examples / "complete" / "versions.tf", 'hashicorp/aws"\n', 'hashicorp/aws"\n      configuration_aliases = [aws.far]\n')
        self.replace(examples / "complete" / "versions.tf", "# The tools' VPC and the first cluster.", None)
        # Two functions of one account have two names.
        self.replace(examples / "fleet" / "tools" / "main.tf", 'source = "../../../function"\n', 'source = "../../../function"\n  name   = "fleet"\n')
        self.package, self.other_package = (self.zip(root / name) for name in ("one.zip", "other.zip"))
        self.make_networks()
        self.account_state = str(root / "account.tfstate")
        self.write_account_state()
        self.sweeps = {name: make(self) for name, make in SWEEPS.items()}
        self.caller = root / "caller"
        self.caller.mkdir()
        self.terraform = self.emulator.terraform(self.caller)

    @staticmethod
    def replace(path, text, by):
        """Other text in a copy; without any, its end."""
        before, found, after = path.read_text().partition(text)
        assert found, f"{path} has no {text!r}"
        path.write_text(before if by is None else before + by + after)

    @staticmethod
    def zip(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bootstrap", f"#!/bin/sh\n# {path.name}\n")
        return str(path)

    def make_networks(self):
        ec2 = self.emulator.client("ec2")
        for name in ("payments", "ledger", "mail", "orders"):
            self.emulator.create_cluster("eu-west-1", name)
        self.vpc, self.subnets = self.network("10.6.0.0/16", "abc")
        (self.second_b,) = self.more(self.vpc, "10.6.100.0/24", "b")
        self.other_vpc, others = self.network("10.8.0.0/16", "ab")
        self.other_subnets = {f"eu-west-1{zone}": subnet for zone, subnet in zip("ab", others)}
        self.tools_vpc, self.tools_subnets = self.network("10.1.0.0/16", "abc")
        self.cluster_group, self.other_group = (ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"] for name in ("one", "other"))
        self.tools_group = ec2.create_security_group(GroupName="tools", Description="tools", VpcId=self.tools_vpc)["GroupId"]
        self.route_tables = [ec2.create_route_table(VpcId=self.tools_vpc)["RouteTable"]["RouteTableId"] for _ in range(3)]
        self.prefix_list = ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4")["PrefixList"]["PrefixListId"]

    def network(self, cidr, zones):
        ec2 = self.emulator.client("ec2")
        vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        return vpc, [subnet for index, zone in enumerate(zones) for subnet in self.more(vpc, cidr.replace("0.0/16", f"{index}.0/24"), zone)]

    def more(self, vpc, cidr, zone):
        ec2 = self.emulator.client("ec2")
        return [ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]]

    def service(self):
        """An endpoint service that another configuration made."""
        elb, ec2 = self.emulator.client("elbv2"), self.emulator.client("ec2")
        (balancer,) = elb.create_load_balancer(Name="mail", Type="network", Scheme="internal", Subnets=self.subnets)["LoadBalancers"]
        service = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer["LoadBalancerArn"]], AcceptanceRequired=False)["ServiceConfiguration"]
        ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=[f"arn:aws:iam::{OWNER}:root"])
        return service["ServiceName"]

    def write_account_state(self):
        """What the tools' account reads of another's state."""
        client = {
            "cluster_name": "mail",
            "host": "0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com",
            "certificate_authority": "Q0E=",
            "account_id": "444455556666",
            "region": "eu-west-1",
            "service_name": self.service(),
            "supported_regions": ["eu-west-1"],
            "zone_ids": ["euw1-az1", "euw1-az2", "euw1-az3"],
            "port": 443,
        }
        outputs = {"clients": {"mail": client}, "role_arn": "arn:aws:iam::444455556666:role/eks-nlb-sync", "region": "eu-west-1"}
        values = {name: {"value": value, "type": ["object", kinds(value)] if isinstance(value, dict) else "string"} for name, value in outputs.items()}
        with open(self.account_state, "w") as file:
            json.dump({"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "a", "outputs": values, "resources": []}, file)

    def write(self, calls, **local):
        """The caller, with the module calls as JSON, on the last lines."""
        locals_ = {**self.passed, **local}
        unknown = {"terraform_data": {"unknown": {"input": UNKNOWN}}}
        outputs = {name: {"value": f"${{local.{name}}}"} for name in self.passed}
        head = json.dumps({"provider": {"aws": {"region": "eu-west-1"}}, "locals": locals_, "resource": unknown, "output": outputs})
        (self.caller / "main.tf.json").write_text(f"{head[:-1]}, {calls}}}")
        self.terraform.init()

    def apply(self):
        """Each module once. What one takes from another is then known."""
        shared = 'module.shared_load_balancer["standing"]'
        self.passed = {
            "client": '${module.cluster_access["standing"].client}',
            "load_balancer": f"${{{shared}.load_balancer}}",
            "endpoint_service": f"${{{shared}.endpoint_service}}",
            "listener_arn": '${module.joined["standing"].listener_arn}',
        }
        self.write(f'"module": {json.dumps(sweep.standing_calls(self.sweeps))}')
        self.terraform.apply()
        self.standing = json.loads(self.terraform.state_file.read_text())
        self.passed = {name: self.standing["outputs"][name]["value"] for name in self.passed}
        self.standing["resources"] = [one for one in self.standing["resources"] if one.get("module")]

    def plan(self, calls, lines, accepted, **local):
        """One plan of every such change, from copies of the state. What Terraform has against it."""
        self.write(calls, **local)
        self.terraform.state_file.write_text(json.dumps(sweep.copies(self.standing, self.sweeps, accepted)))
        done = self.terraform("plan", "-json", "-refresh=false", "-input=false", "-parallelism=40", "-out=plan", expect=(0, 1))
        return sweep.refusals(done.stdout, lines)


def lines_of(against):
    return "\n".join(f"{name}: {found}" for name, found in against.items())


def kinds(value):
    """The type of a value, as a state writes it."""
    if isinstance(value, dict):
        return {name: ["object", kinds(one)] if isinstance(one, dict) else kinds(one) for name, one in value.items()}
    return ["list", "string"] if isinstance(value, list) else "number" if isinstance(value, int) else "string"


@pytest.fixture(scope="module")
def world(emulator, tmp_path_factory):
    world = World(emulator, tmp_path_factory.mktemp("sweep"))
    world.apply()
    return world


@pytest.fixture(scope="module")
def accepted(world):
    """Planned actions by module and change, of every change that is not refused."""
    calls, inputs = sweep.accepted_calls(world.sweeps)
    against = world.plan(f'"module": {json.dumps(calls)}', {}, accepted=True, inputs=inputs)
    assert against == {}, "\n".join(f"{name}: {words[:1000]}" for name, words in against.items())
    shown = json.loads(world.terraform("show", "-json", "plan").stdout)
    return sweep.planned(shown)


@pytest.fixture(scope="module")
def refused(world):
    """Words by module and change. Inputs are validated before anything is planned, so a plan tells one kind only."""
    words = {}
    while calls := sweep.refused_calls(world.sweeps, words):
        found = sweep.attributed(world.plan(*calls, accepted=False), world.sweeps)
        if not found:
            break
        words |= found
    return words


@pytest.mark.parametrize("module", [name for name in SWEEPS if name not in PARTIAL])
def test_every_input_is_in_the_sweep(world, module):
    assert sweep.gaps(world.sweeps[module]) == []


def test_every_module_and_example_is_in_the_sweep(world):
    directories = {path.parent.relative_to(ROOT / "terraform") for path in (ROOT / "terraform").rglob("variables*.tf") if ".terraform" not in path.parts}

    assert set(map(str, directories)) == {each.directory for each in world.sweeps.values()}


@pytest.mark.parametrize("module", SWEEPS)
def test_nothing_that_carries_traffic_goes_before_its_successor_serves(world, accepted, module):
    against = {
        " and ".join(f"{input} = {change.value!r}" for input, change in changes.items()): found
        for name, changes in world.sweeps[module].instances().items()
        if (found := sweep.judged(changes, accepted.get((module, name), {})))
    }

    assert not against, lines_of(against)


@pytest.mark.parametrize("module", SWEEPS)
def test_what_is_refused_is_refused_in_words(world, refused, module):
    against = {
        f"{name} = {change.value!r}": refused.get(f"{module}__{call}", "")
        for call, name, change in world.sweeps[module].each()
        if change.refused is not None and not (change.refused and change.refused in refused.get(f"{module}__{call}", ""))
    }

    assert not against, lines_of(against)


def test_no_message_of_terraforms_own_reaches_a_person(accepted, refused):
    assert not [words for words in refused.values() if "Invalid for_each" in words or "Invalid index" in words or "Invalid count" in words]
