"""An endpoint service of one account, and a consumer of it in another."""

import json

from harness import ACCOUNT, AT_ONCE, ROOT

REGION = "eu-west-1"
OWNER = "444455556666"


class Service:
    """An endpoint service of another account, in zones a and b."""

    def __init__(self, emulator, region=REGION, acceptance=False, consumer_regions=()):
        owner = emulator.in_account(OWNER)
        self.region, self.ec2 = region, owner.client("ec2", region)
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=region + zone)["Subnet"] for index, zone in enumerate("ab")]
        self.zone_ids = [subnet["AvailabilityZoneId"] for subnet in subnets]
        self.regions = [region, *consumer_regions]
        elb = owner.client("elbv2", region)
        balancer = elb.create_load_balancer(Name=f"balancer-{vpc[-8:]}", Type="network", Scheme="internal", Subnets=[subnet["SubnetId"] for subnet in subnets])
        made = self.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[balancer["LoadBalancers"][0]["LoadBalancerArn"]], AcceptanceRequired=acceptance, SupportedRegions=self.regions
        )["ServiceConfiguration"]
        self.id, self.name = made["ServiceId"], made["ServiceName"]
        self.ec2.modify_vpc_endpoint_service_permissions(ServiceId=self.id, AddAllowedPrincipals=[f"arn:aws:iam::{ACCOUNT}:root"])

    def client(self, cluster, port=443):
        """What cluster-access would output."""
        return {
            "cluster_name": cluster,
            "host": f"{cluster}.gr7.{self.region}.eks.amazonaws.com",
            "port": port,
            "certificate_authority": "Q0E=",
            "account_id": OWNER,
            "region": self.region,
            "service_name": self.name,
            "supported_regions": self.regions,
            "zone_ids": self.zone_ids,
        }

    def accept(self, endpoint):
        self.ec2.accept_vpc_endpoint_connections(ServiceId=self.id, VpcEndpointIds=[endpoint])

    def delete(self, endpoint):
        """As its owner does: no endpoint may be connected."""
        self.ec2.reject_vpc_endpoint_connections(ServiceId=self.id, VpcEndpointIds=[endpoint])
        self.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[self.id])


class Consumer:
    """Calls of client-access in one VPC, with a subnet in each of some zones."""

    def __init__(self, emulator, directory, region=REGION, zones="abc", **calls):
        self.directory, self.region, self.zones, self.calls = directory, region, zones, calls
        self.ec2, self.route53 = emulator.client("ec2", region), emulator.client("route53")
        self.vpc, self.subnets = self.network("10.1.0.0/16")
        self.terraform = emulator.terraform(directory)
        self.write()
        self.terraform.init()

    def network(self, cidr):
        vpc = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        base = cidr.rsplit(".", 2)[0]
        return vpc, [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"{base}.{index}.0/24", AvailabilityZone=self.region + zone)["Subnet"]["SubnetId"]
            for index, zone in enumerate(self.zones)
        ]

    def write(self, **changes):
        """The calls, with some arguments of some of them changed."""
        defaults = {"source": str(ROOT / "terraform" / "client-access"), "vpc_id": self.vpc, "subnet_ids": self.subnets[:2], "allowed_cidrs": {"tools": "10.1.0.0/16"}}
        calls = {name: {**defaults, **call, **changes.get(name, {})} for name, call in self.calls.items()}
        outputs = {name: {"value": f"${{module.{name}.kubeconfig}}"} for name in calls}
        configuration = {"provider": {"aws": {"region": self.region}}, "module": calls, "output": outputs}
        (self.directory / "main.tf.json").write_text(json.dumps(configuration))

    def apply(self, *arguments, expect=(0,), **changes):
        """What Terraform did, in its order, with its errors and warnings. Changes stay."""
        self.calls = {name: {**call, **changes.get(name, {})} for name, call in self.calls.items()}
        self.write()
        return messages(self.terraform("apply", "-auto-approve", "-json", *AT_ONCE, *arguments, expect=expect))

    def planned(self, call, **changes):
        """What a plan with some arguments changed would do, by address, with its errors and warnings."""
        self.write(**{call: changes})
        done = self.terraform("plan", "-json", *AT_ONCE, expect=(0, 1))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        changed = [line["change"] for line in lines if line["type"] == "planned_change"]
        self.write()
        return {one["resource"]["addr"].removeprefix(f"module.{call}."): one["action"] for one in changed if one["action"] != "read"}, messages(done)[1]

    def endpoint(self, call):
        return self.terraform.state()[f"module.{call}.aws_vpc_endpoint.this"]

    def endpoints(self, service):
        """State and id of the VPC's endpoints to a service."""
        found = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["VpcEndpoints"]
        return [(one["State"], one["VpcEndpointId"]) for one in found if one["ServiceName"] == service.name and one["State"] != "deleted"]

    def leads_to(self, cluster):
        """The DNS name that a cluster's name leads to, or None."""
        host = f"{cluster}.gr7.{REGION}.eks.amazonaws.com"
        for zone in self.route53.list_hosted_zones_by_name(DNSName=host)["HostedZones"]:
            if zone["Name"].rstrip(".") == host:
                records = self.route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
                return next((one["AliasTarget"]["DNSName"].rstrip(".") for one in records if one["Type"] == "A"), None)
        return None


def messages(done):
    """The changes of an apply as (action, address), in order, and the text of its errors and warnings."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [(line["hook"]["action"], line["hook"]["resource"]["addr"]) for line in lines if line["type"] == "apply_complete" and line["hook"]["action"] != "read"]
    texts = [line["diagnostic"].get("detail", "") + line["diagnostic"]["summary"] for line in lines if line["type"] == "diagnostic"]
    return steps, " ".join(" ".join(texts).split())
