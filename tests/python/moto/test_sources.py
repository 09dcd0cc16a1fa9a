"""Addresses from network interfaces, as moto's EC2 writes them.

moto knows no control planes, so a test makes the interfaces that EKS would.
Two things moto cannot be asked for and are set inside it: the cluster's VPC and
security group, and an instance of another account to be attached to.
"""

from types import SimpleNamespace

import pytest
from conftest import ACCOUNT, OTHER_ACCOUNT
from lambda_host import LambdaHost, program
from moto.backends import get_backend

GROUP = "sg-0123456789abcdef0"


@pytest.fixture
def function(moto_url, dns):
    variables = {"AWS_ENDPOINT_URL": moto_url, "DNS_SERVERS": dns.variables["DNS_SERVERS"], "ADDRESS_SOURCE": "eni"}
    with LambdaHost(program(), variables) as host:
        yield host


def cluster(aws, name):
    aws.cluster(name)
    made = get_backend("eks")[ACCOUNT][aws.region].clusters[name]
    made.resources_vpc_config |= {"vpcId": aws.vpc, "clusterSecurityGroupId": GROUP}


def interface(aws, name, subnet, address, instance_owner=OTHER_ACCOUNT):
    """Makes an interface as EKS does: attached to an instance of `instance_owner`."""
    made = aws.ec2.create_network_interface(
        SubnetId=aws.subnets[subnet], PrivateIpAddress=address, Groups=[GROUP], Description=f"Amazon EKS {name}"
    )["NetworkInterface"]["NetworkInterfaceId"]
    inside = get_backend("ec2")[ACCOUNT][aws.region].enis[made]
    inside.instance = SimpleNamespace(id="i-0123456789abcdef0", owner_id=instance_owner, security_groups=[])
    inside.attachment_id = f"eni-attach-{made}"
    inside.status = "in-use"


def test_the_interfaces_of_a_control_plane_are_registered(aws, function):
    cluster(aws, "payments")
    group = aws.frontend("payments")
    interface(aws, "payments", 0, "10.0.1.10")
    interface(aws, "payments", 1, "10.0.2.11")
    interface(aws, "payments", 1, "10.0.2.66", instance_owner=ACCOUNT)
    interface(aws, "payments-2", 1, "10.0.2.77")

    answer = function.invoke({})

    assert answer.ok, answer
    assert aws.targets(group) == ["10.0.1.10:443", "10.0.2.11:443"]
    assert function.invoke({}).payload["summary"]["converged"] == 1


def test_interfaces_on_instances_of_the_account_are_not_believed(aws, function):
    cluster(aws, "payments")
    group = aws.frontend("payments")
    for subnet, address in enumerate(["10.0.1.10", "10.0.2.11"]):
        interface(aws, "payments", subnet, address, instance_owner=ACCOUNT)

    answer = function.invoke({})

    assert not answer.ok
    [failed] = [line for line in answer.log if line.get("message") == "failed"]
    assert failed["code"] == "InterfacesNotFound"
    assert aws.targets(group) == []
