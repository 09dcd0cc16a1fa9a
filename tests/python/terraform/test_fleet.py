"""Thirty-one clusters in five accounts: examples/fleet, in the order of its README.

Six accounts of one emulator, each with a state; the first team has clusters in two
Regions and a state for each. The states with clusters are applied side by side:
nearly all of the time is the provider's wait for load balancers.
"""

import concurrent.futures
import json
import re
import shutil
import zipfile

import pytest
import yaml

from harness import ACCOUNT as TOOLS
from harness import ROOT

pytestmark = pytest.mark.xdist_group("fleet")

REGION, FAR = "eu-west-1", "eu-central-1"
TEAMS = {f"team{number}": f"44445555666{number}" for number in range(5)}
# By state. Names of clusters repeat, between accounts and between Regions.
PLACES = {**{name: (account, REGION) for name, account in TEAMS.items()}, "team0-far": (TEAMS["team0"], FAR)}
CLUSTERS = ["ledger", "mail", "orders", "payments", "reports", "search"]
OTHER = "777788889999"  # another consumer of the clusters
ROLE = "arn:aws:iam::{}:role/eks-nlb-sync"
FUNCTION_ROLE = f"arn:aws:iam::{TOOLS}:role/eks-nlb-sync-function"


class Account:
    """A copy of one part of the example, applied in one account."""

    def __init__(self, emulator, account, source, directory, region=REGION, **variables):
        shutil.copytree(source, directory)
        (directory / "provider.tf").write_text(f'provider "aws" {{\n  region = "{region}"\n}}\n')
        self.region = region
        self.emulator = emulator.in_account(account)
        self.terraform = self.emulator.terraform(directory)
        self.terraform.init()
        self.variables = variables

    def apply(self):
        self.write_variables()
        self.terraform.apply()

    def plan(self, *arguments):
        self.write_variables()
        return self.terraform.plan("-out=plan", *arguments)

    def plan_what_is_known(self):
        """As `plan`, right after a plan of everything was empty."""
        return self.plan("-refresh=false")

    def apply_plan(self):
        self.terraform.apply("plan")

    def destroy(self):
        self.terraform.destroy("-refresh=false")

    def write_variables(self):
        (self.terraform.directory / "terraform.tfvars.json").write_text(json.dumps(self.variables))

    def output(self, name):
        return self.terraform.stored("outputs")[name]["value"]

    def endpoints(self):
        return {one["VpcEndpointId"]: one for one in self.emulator.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] if one["State"] == "available"}

    def principals(self):
        """Who may make endpoints to each service."""
        ec2 = self.emulator.client("ec2", self.region)
        services = [one["ServiceId"] for one in ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]]
        allowed = {one: ec2.describe_vpc_endpoint_service_permissions(ServiceId=one)["AllowedPrincipals"] for one in services}
        return {service: {one["Principal"].split(":")[4] for one in principals} for service, principals in allowed.items()}

def side_by_side(action, accounts):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(action, accounts))

class Fleet:
    def __init__(self, emulator, root):
        shutil.copytree(ROOT / "terraform", root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        example = root / "terraform" / "examples" / "fleet"
        package = root / "bootstrap.zip"
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bootstrap", "#!/bin/sh\n")
        vpc, subnets = self.network(emulator)
        tools = {"states": {}, "external_ids": {}, "function_package": str(package)}
        self.tools = Account(emulator, TOOLS, example / "tools", example / "apart", vpc_id=vpc, subnet_ids=subnets, client_cidrs={"tools": "10.1.0.0/16"}, **tools)
        team = {"consumer_account_ids": [TOOLS, OTHER], "function_role_arn": FUNCTION_ROLE}
        self.teams = {
            name: Account(emulator, account, example / "account", example / name, region=region, cluster_names=CLUSTERS, external_id=f"secret-of-{account}", **team)
            for name, (account, region) in PLACES.items()
        }
        self.teams["team0-far"].variables.update(cluster_names=["ledger"], create_member_role=False, consumer_regions=[REGION])
        self.hosts = {
            f"{name}.{team.region}.{PLACES[state][0]}": team.emulator.create_cluster(team.region, name)["endpoint"].removeprefix("https://").strip("/")
            for state, team in self.teams.items()
            for name in team.variables["cluster_names"]
        }

    @staticmethod
    def network(emulator):
        ec2 = emulator.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        zones = {"a": "10.1.0.0/24", "b": "10.1.1.0/24"}
        return vpc, [ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"] for zone, cidr in zones.items()]

    def apply(self):
        """The accounts, which know the name of the function's role, and then what joins them."""
        side_by_side(Account.apply, self.teams.values())
        self.tools.variables["states"] = {name: {"backend": "local", "config": {"path": str(team.terraform.state_file)}} for name, team in self.teams.items()}
        self.tools.variables["states"]["team0-far"]["profile"] = "team0"
        self.tools.variables["external_ids"] = {name: team.variables["external_id"] for name, team in self.teams.items()}
        self.tools.apply()

@pytest.fixture(scope="module")
def fleet(emulator, tmp_path_factory):
    fleet = Fleet(emulator, tmp_path_factory.mktemp("fleet"))
    fleet.apply()
    return fleet

def test_1_each_cluster_has_an_endpoint_of_its_own(fleet):
    services = [service["ServiceName"] for team in fleet.teams.values() for service in team.emulator.client("ec2", team.region).describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]]

    assert len(services) == 31
    assert sorted(endpoint["ServiceName"] for endpoint in fleet.tools.endpoints().values()) == sorted(services)

def test_1_each_clusters_name_leads_to_its_own_endpoint(fleet):
    route53 = fleet.tools.emulator.client("route53")
    endpoints = {dns["DnsName"]: endpoint["ServiceName"] for endpoint in fleet.tools.endpoints().values() for dns in endpoint["DnsEntries"]}
    leads = {}
    for zone in route53.list_hosted_zones()["HostedZones"]:
        (record,) = (one for one in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"] if one["Type"] == "A")
        leads[record["Name"].rstrip(".")] = endpoints[record["AliasTarget"]["DNSName"].rstrip(".")]

    clients = [client for team in fleet.teams.values() for client in team.output("clients").values()]
    assert leads == {client["host"].lower(): client["service_name"] for client in clients}
    assert len(leads) == 31

def test_1_one_kubeconfig_has_a_context_for_each_cluster(fleet):
    kubeconfig = yaml.safe_load(fleet.tools.output("kubeconfig"))
    servers = {one["name"]: one["cluster"]["server"] for one in kubeconfig["clusters"]}
    profiles = {one["name"]: one["user"]["exec"]["env"] for one in kubeconfig["users"]}

    assert servers == {context: f"https://{host}" for context, host in fleet.hosts.items()}
    assert [one["context"] for one in kubeconfig["contexts"]] == [{"cluster": one["name"], "user": one["name"]} for one in kubeconfig["contexts"]]
    assert sorted(one["name"] for one in kubeconfig["contexts"]) == sorted(fleet.hosts)
    assert profiles == {context: [{"name": "AWS_PROFILE", "value": f"team{context[-1]}"}] for context in fleet.hosts}

def scheduled(fleet):
    """The input of each state's schedule."""
    scheduler = fleet.tools.emulator.client("scheduler")
    return {name: json.loads(scheduler.get_schedule(Name=f"eks-nlb-sync-{name}")["Target"]["Input"]) for name in PLACES}

def test_1_the_function_runs_in_each_account_and_region_as_the_role_there(fleet):
    assert scheduled(fleet) == {
        name: {"region": region, "roleArn": ROLE.format(account), "externalId": f"secret-of-{account}", "minLoadBalancers": 1 if region == FAR else 6}
        for name, (account, region) in PLACES.items()
    }

def test_1_the_accounts_trust_the_function(fleet):
    assert fleet.tools.output("function_role_arn") == FUNCTION_ROLE
    for team in fleet.teams.values():
        role = team.emulator.client("iam").get_role(RoleName="eks-nlb-sync")["Role"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Condition"] == {
            "ArnEquals": {"aws:PrincipalArn": FUNCTION_ROLE},
            "StringEquals": {"sts:ExternalId": team.variables["external_id"]},
        }

def test_1_each_account_offers_its_clients_as_parameters(fleet):
    for team in fleet.teams.values():
        ssm = team.emulator.client("ssm", team.region)
        parameters = {name: ssm.get_parameter(Name=f"/eks-nlb-sync/{name}")["Parameter"]["Value"] for name in team.variables["cluster_names"]}
        assert {name: json.loads(value) for name, value in parameters.items()} == team.output("clients")

def test_2_a_plan_of_any_account_is_empty(fleet):
    assert side_by_side(Account.plan, [fleet.tools, *fleet.teams.values()]) == [{}] * 7

# --- One cluster less, one consumer less ----------------------------------------

@pytest.fixture(scope="module")
def retired(fleet):
    """mail of team0, first in the tools' account; the other consumer of team0's clusters."""
    team = fleet.teams["team0"]
    fleet.connected = team.emulator.in_account(OTHER).client("ec2").create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=team.emulator.in_account(OTHER).client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"],
        ServiceName=team.output("clients")["payments"]["service_name"],
    )["VpcEndpoint"]["VpcEndpointId"]
    fleet.tools.variables["retired"] = ["team0/mail"]
    team.variables["cluster_names"] = [name for name in CLUSTERS if name != "mail"]
    team.variables["consumer_account_ids"] = [TOOLS]
    fleet.plans = side_by_side(Account.plan_what_is_known, [fleet.tools, team])
    fleet.tools.apply_plan()
    team.apply_plan()
    return fleet

def test_3_nothing_but_that_cluster_goes(retired):
    tools, team = retired.plans

    schedule = 'module.function.aws_scheduler_schedule.fleet["team0"]'
    assert tools.pop(schedule) == "update"
    assert {re.split(r"\.(?:aws|terraform)_", address)[0] for address in tools} == {'module.client["team0/mail"]'}
    assert set(tools.values()) == {"delete"}
    assert {address for address, action in team.items() if action == "delete"} == {address for address in team if '["mail"]' in address}

def test_3_a_consumer_less_changes_the_services_only(retired):
    _, team = retired.plans
    services = {f'module.access["{name}"].aws_vpc_endpoint_service.this[0]': "update" for name in CLUSTERS if name != "mail"}

    assert {address: action for address, action in team.items() if action != "delete"} == services
    assert list(retired.teams["team0"].principals().values()) == [{TOOLS}] * 5
    assert list(retired.teams["team1"].principals().values()) == [{TOOLS, OTHER}] * 6

def test_3_the_cluster_is_in_no_kubeconfig(retired):
    contexts = {one["name"] for one in yaml.safe_load(retired.tools.output("kubeconfig"))["contexts"]}

    assert contexts == set(retired.hosts) - {f"mail.{REGION}.{TEAMS['team0']}"}
    assert len(retired.tools.endpoints()) == 30

def test_3_no_run_misses_the_load_balancer_that_went(retired):
    assert [each["minLoadBalancers"] for each in scheduled(retired).values()] == [5, 6, 6, 6, 6, 1]

def test_3_nothing_is_left_to_apply(retired):
    """Two applies, and both have ended."""
    assert side_by_side(Account.plan, [retired.tools, retired.teams["team0"]]) == [{}, {}]

def test_3_a_consumer_that_is_connected_stays_until_it_is_rejected(retired):
    team = retired.teams["team0"]
    other = team.emulator.in_account(OTHER).client("ec2")

    def state():
        (endpoint,) = other.describe_vpc_endpoints(VpcEndpointIds=[retired.connected])["VpcEndpoints"]
        return endpoint["State"]

    service = team.output("clients")["payments"]["service_name"].rsplit(".", 1)[1]
    assert state() == "available"
    team.emulator.client("ec2").reject_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[retired.connected])
    assert state() == "rejected"

def test_4_destroy_leaves_nothing_behind(retired):
    retired.tools.destroy()
    side_by_side(Account.destroy, retired.teams.values())

    assert [account.terraform.state() for account in (retired.tools, *retired.teams.values())] == [{}] * 7
    assert retired.tools.endpoints() == {}
    for team in retired.teams.values():
        assert team.principals() == {}
        assert team.emulator.client("elbv2", team.region).describe_load_balancers()["LoadBalancers"] == []
