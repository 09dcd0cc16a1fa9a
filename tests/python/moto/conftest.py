"""The function's binary against moto, an emulator of AWS that is not ours.

Our own simulator may repeat our own misunderstandings of AWS; moto is written by
others. Deviations of moto 5.2.5 are noted in the tests that they affect, with what AWS
does.
"""

import functools
import os
import pathlib
import urllib.request

ROOT = pathlib.Path(__file__).parents[3]

# The account of an access key that moto did not make.
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "111122223333"


# Thousands of images, which moto would make again for each empty account.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

import boto3
import pytest
from lambda_host import LambdaHost, program
from moto.server import ThreadedMotoServer
from simulated import Simulated

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
SELECTED = {"eks-nlb-sync": "enabled"}


@pytest.fixture(scope="session")
def moto_url():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    # Where moto's Step Functions interpreter finds the other services.
    os.environ["MOTO_PORT"] = str(port)
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url):
    """An empty account."""
    reset = urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    return Account(moto_url)


@pytest.fixture
def dns():
    with Simulated() as simulated:
        yield simulated


@pytest.fixture
def function(moto_url, dns):
    """The function, with moto for AWS and `dns` for its name server."""
    with LambdaHost(program(), {"AWS_ENDPOINT_URL": moto_url, "DNS_SERVERS": dns.variables["DNS_SERVERS"]}) as host:
        yield host


@functools.cache
def client(service, url, region="eu-west-1", **credentials):
    """Made once for all tests: making it takes longer than most of its calls."""
    return boto3.client(service, endpoint_url=url, region_name=region, **(credentials or CREDENTIALS))


class Account:
    """One account and Region in moto: a VPC, and what a test puts there."""

    def __init__(self, url, region="eu-west-1", **credentials):
        self.url, self.region = url, region
        self.ec2, self.eks, self.elb, self.sts = (
            client(service, url, region, **credentials) for service in ("ec2", "eks", "elbv2", "sts")
        )
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{region}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for n, zone in enumerate("ab", start=1)
        ]

    def in_account(self, account, region="eu-west-1"):
        """The world of another account, seen with a role of that account."""
        arn = f"arn:aws:iam::{account}:role/eks-nlb-sync"
        key = self.sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        credentials = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
            "aws_session_token": key["SessionToken"],
        }
        return Account(self.url, region, **credentials)

    def cluster(self, name, private=True):
        """Makes an EKS cluster; the answer is the host name of its endpoint."""
        cluster = self.eks.create_cluster(
            name=name,
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/cluster",
            resourcesVpcConfig={"subnetIds": self.subnets, "endpointPrivateAccess": private},
        )["cluster"]
        return cluster["endpoint"].removeprefix("https://").rstrip("/")

    def load_balancer(self, name, tags):
        return self.elb.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=self.subnets, Tags=listed(tags)
        )["LoadBalancers"][0]["LoadBalancerArn"]

    def target_group(self, name, load_balancer, port=443, tags=SELECTED):
        group = self.elb.create_target_group(
            Name=name,
            Protocol="TCP",
            Port=port,
            VpcId=self.vpc,
            TargetType="ip",
            HealthCheckProtocol="HTTPS",
            HealthCheckPath="/readyz",
            Tags=listed(tags),
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.create_listener(
            LoadBalancerArn=load_balancer,
            Protocol="TCP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return group

    def frontend(self, cluster, port=443):
        """A selected load balancer for `cluster`, with one empty target group."""
        load_balancer = self.load_balancer(cluster, SELECTED | {"cluster_name": cluster})
        return self.target_group(cluster, load_balancer, port)

    def register(self, group, *targets):
        self.elb.register_targets(
            TargetGroupArn=group,
            Targets=[{"Id": ip, "Port": int(port)} for ip, port in (target.split(":") for target in targets)],
        )

    def targets(self, group):
        health = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return sorted("{Id}:{Port}".format(**each["Target"]) for each in health)


def listed(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]
