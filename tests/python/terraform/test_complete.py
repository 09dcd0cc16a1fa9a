"""The complete example, from nothing to nothing, against an emulator.

One story in steps, because the apply takes a minute and a half, most of which
the AWS provider waits for load balancers: apply, run the function, plan, destroy.
"""

import json
import re
import shutil
import zipfile

import pytest

from harness import ACCOUNT, ROOT, Terraform, environment
from lambda_host import LambdaHost, program
from simulated import Simulated

HOME, FAR = "eu-west-1", "eu-central-1"
ADDRESSES = {HOME: ["10.0.0.10", "10.0.1.11"], FAR: ["10.0.0.20", "10.0.3.21"]}
SCHEDULE = {  # what EventBridge Scheduler sends without an input
    "version": "0",
    "id": "7f0c7a4e-0000-4000-8000-000000000001",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": ACCOUNT,
    "time": "2026-11-21T00:00:00Z",
    "region": HOME,
    "resources": [f"arn:aws:scheduler:{HOME}:{ACCOUNT}:schedule/default/eks-nlb-sync"],
    "detail": "{}",
}

pytestmark = [pytest.mark.usefixtures("provider"), pytest.mark.xdist_group("complete")]


class World:
    """The emulated account, and Terraform in a copy of the example."""

    def __init__(self, emulator, directory, zip_path):
        self.emulator = emulator
        self.clusters = {HOME: emulator.create_cluster(HOME, "payments"), FAR: emulator.create_cluster(FAR, "ledger")}
        variables = {"TF_VAR_function_package": str(zip_path), "TF_VAR_host": "true"}
        self.terraform = Terraform(directory, AWS_ENDPOINT_URL=emulator.url, **variables)
        self.terraform.init()

    def target_groups(self, region):
        return {group["TargetGroupName"]: group["TargetGroupArn"] for group in self.emulator.client("elbv2", region).describe_target_groups()["TargetGroups"]}

    def targets(self, region):
        """Address and port of every target that the example's target group of this Region has."""
        (arn,) = self.target_groups(region).values()
        descriptions = self.emulator.client("elbv2", region).describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return sorted((one["Target"]["Id"], one["Target"]["Port"]) for one in descriptions)


@pytest.fixture(scope="module")
def world(emulator, provider, tmp_path_factory):
    root = tmp_path_factory.mktemp("complete")
    shutil.copytree(ROOT / "terraform", root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    # moto runs no function without Docker, so the deployed zip is never executed;
    # the tests below run the real binary.
    package = root / "bootstrap.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    return World(emulator, root / "terraform" / "examples" / "complete", package)


@pytest.fixture(scope="module")
def applied(world):
    world.terraform.apply()
    return world


@pytest.fixture(scope="module")
def name_server(world):
    """Answers for the clusters' hosts, whose names moto makes up, and for no other name."""
    with Simulated() as simulated:
        for region, cluster in world.clusters.items():
            simulated.resolve(cluster["endpoint"].removeprefix("https://").strip("/"), *ADDRESSES[region])
        yield simulated.variables["DNS_SERVERS"]


@pytest.fixture(scope="module")
def function(applied, name_server):
    """The function's own binary, with the environment that Terraform gave the deployed one."""
    deployed = applied.terraform.state()["module.function.aws_lambda_function.this"]
    assert deployed["handler"] == "bootstrap"
    settings = {**deployed["environment"][0]["variables"], "DNS_SERVERS": name_server}
    with LambdaHost(program(), environment(AWS_REGION=HOME, AWS_ENDPOINT_URL=applied.emulator.url, **settings)) as function:
        yield function


def test_1_apply_makes_a_target_group_without_targets(applied):
    for region, name in ((HOME, "eks-payments"), (FAR, "eks-ledger")):
        (group,) = applied.target_groups(region)
        assert re.fullmatch(f"{name}-[0-9a-f]{{8}}", group)
        assert applied.targets(region) == []


def test_1_apply_makes_the_load_balancers_as_aws_sees_them(applied):
    for region in (HOME, FAR):
        elb, ec2 = applied.emulator.client("elbv2", region), applied.emulator.client("ec2", region)
        (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
        network = applied.clusters[region]["resourcesVpcConfig"]
        zones = {zone["ZoneName"]: zone["SubnetId"] for zone in balancer["AvailabilityZones"]}
        tags = elb.describe_tags(ResourceArns=[balancer["LoadBalancerArn"], *applied.target_groups(region).values()])["TagDescriptions"]

        assert (balancer["Scheme"], balancer["Type"], balancer["VpcId"]) == ("internal", "network", network["vpcId"])
        assert set(zones) == {f"{region}{zone}" for zone in "abc"} and set(zones.values()) < set(network["subnetIds"])
        assert all({"Key": "eks-nlb-sync", "Value": "enabled"} in one["Tags"] for one in tags)
        (rule,) = (
            rule
            for rule in ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [network["clusterSecurityGroupId"]]}])["SecurityGroupRules"]
            if not rule["IsEgress"]
        )
        assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")
        assert [rule["ReferencedGroupInfo"]["GroupId"]] == balancer["SecurityGroups"]


def test_1_apply_leads_the_clusters_names_to_the_endpoints(applied):
    route53 = applied.emulator.client("route53")
    state = applied.terraform.state()
    tools = state["aws_vpc.tools"]["id"]
    for region, module in ((HOME, "payments_client"), (FAR, "ledger_client")):
        host = applied.clusters[region]["endpoint"].removeprefix("https://").strip("/").lower()
        zone = state[f"module.{module}.aws_route53_zone.this[\"client\"]"]["zone_id"]
        (record,) = (one for one in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] if one["Type"] == "A")

        assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == record["Name"] == f"{host}."
        assert record["AliasTarget"]["DNSName"].rstrip(".") == state[f"module.{module}.aws_vpc_endpoint.this"]["dns_entry"][0]["dns_name"]
        assert tools in {vpc["VPCId"] for vpc in route53.get_hosted_zone(Id=zone)["VPCs"]}


def test_1_a_new_account_takes_it(applied):
    """Its concurrency is 10, of which Lambda lets none be reserved (Lambda Developer Guide, Configuring reserved concurrency)."""
    assert applied.terraform.state()["module.function.aws_lambda_function.this"]["reserved_concurrent_executions"] == -1


def test_1_apply_leaves_nothing_open_in_the_hub(applied):
    hub = applied.terraform.state()["module.far_hub.aws_vpc.this"]["id"]
    ec2 = applied.emulator.client("ec2", FAR)
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [hub]}, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]

    assert group["IpPermissions"] == [] and group["IpPermissionsEgress"] == []
    assert not [gateway for gateway in ec2.describe_internet_gateways()["InternetGateways"] if hub in str(gateway)]


def test_1_the_host_asks_both_api_servers_by_name(applied):
    document = json.loads(applied.emulator.client("ssm").get_document(Name="eks-connectivity")["Content"])
    ((asked, script),) = (step["inputs"]["runCommand"] for step in document["mainSteps"])
    clusters = [(one["endpoint"].removeprefix("https://"), one["certificateAuthority"]["data"]) for one in applied.clusters.values()]

    assert asked.split() == ["set", "--", *(word for cluster in clusters for word in cluster)]
    assert script == (ROOT / "terraform" / "examples" / "complete" / "connectivity.sh").read_text()


@pytest.fixture(scope="module")
def filled(applied, function):
    """The reports of the first run of each schedule, as Terraform made them."""
    state = applied.terraform.state()
    assert not state["module.function.aws_scheduler_schedule.own"]["target"][0]["input"]
    far = json.loads(state['module.function.aws_scheduler_schedule.fleet["far"]']["target"][0]["input"])
    return {region: function.invoke(event) for region, event in ((HOME, SCHEDULE), (FAR, far))}


def test_2_the_function_fills_the_target_groups_that_terraform_made(applied, filled):
    for region, answer in filled.items():
        assert answer.ok, answer
        report = answer.payload
        assert (report["region"], report["summary"]["changed"], report["summary"]["registered"]) == (region, 1, 2), report
        assert [one["targetGroup"] for one in report["frontends"]] == list(applied.target_groups(region).values())
        assert applied.targets(region) == [(address, 443) for address in ADDRESSES[region]]


def test_2_a_second_run_changes_nothing(filled, function):
    for event in (SCHEDULE, {"region": FAR}):
        answer = function.invoke(event)

        assert answer.ok, answer
        report = answer.payload
        assert (report["summary"]["converged"], report["summary"]["changed"]) == (1, 0), report


def test_3_the_functions_targets_are_no_drift(applied, filled):
    assert applied.targets(HOME) and applied.targets(FAR)

    done = applied.terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=None)

    assert done.returncode == 0, done.stdout + done.stderr


def test_4_destroy_leaves_nothing_behind(applied):
    applied.terraform.destroy()

    assert applied.terraform.state() == {}
    for region in (HOME, FAR):
        elb, ec2 = applied.emulator.client("elbv2", region), applied.emulator.client("ec2", region)
        group = applied.clusters[region]["resourcesVpcConfig"]["clusterSecurityGroupId"]
        rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]

        assert elb.describe_load_balancers()["LoadBalancers"] == []
        assert elb.describe_target_groups()["TargetGroups"] == []
        assert [rule for rule in rules if not rule["IsEgress"]] == [], "the cluster's security group is as it was"
        assert ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"] == []
    assert applied.emulator.client("lambda").list_functions()["Functions"] == []
