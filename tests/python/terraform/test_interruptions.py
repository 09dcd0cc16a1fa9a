"""No apply interrupts connected clients: what AWS refuses, and what it does not.

Accesses with a consumer each. One apply changes all of them, in ways that AWS
refuses while endpoints are connected and in ways that owners think harmless. Then
every old path must stand as it was: listener, target group, rules, service and
endpoint. At the end the refused changes are given up or allowed.
"""

import json
import shutil

import pytest

from harness import ROOT

pytestmark = pytest.mark.xdist_group("interruptions")

OWNER, CONSUMER = "222233334444", "555566667777"
PRINCIPALS = [f"arn:aws:iam::{OWNER}:root", f"arn:aws:iam::{CONSUMER}:root"]
CLUSTERS = ("leaving", "staying", "removed", "replaced", "zone", "taken", "renamed", "narrowed", "accepted", "protected", "checked")

# What AWS or the module refuses in the second apply.
REFUSED = ("leaving", "removed", "replaced", "taken", "protected")


class World:
    def __init__(self, emulator, root):
        self.emulator = emulator.in_account(OWNER)
        self.consumer = emulator.in_account(CONSUMER)
        self.clusters = {name: self.emulator.create_cluster("eu-west-1", name, zones="abc") for name in CLUSTERS}
        shutil.copytree(ROOT / "terraform", root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        self.caller = root / "caller"
        self.caller.mkdir()
        self.terraform = self.emulator.terraform(self.caller)
        self.modules = self.first()

    def first(self):
        """One call for each cluster; three of them by `for_each`, as in a fleet."""
        access = {"source": "../terraform/cluster-access", "allowed_principals": PRINCIPALS}
        calls = {name: {**access, "cluster_name": name} for name in CLUSTERS if name not in ("leaving", "staying", "protected")}
        calls["fleet"] = {**access, "for_each": '${toset(["leaving", "staying"])}', "cluster_name": "${each.key}"}
        calls["kept"] = {**access, "for_each": '${toset(["protected"])}', "cluster_name": "${each.key}", "deletion_protection": True, "ingress_cidrs": {"office": "10.9.0.0/16"}}
        calls["taken"]["subnets"] = self.subnets("taken", "abc")
        calls["renamed"]["ingress_cidrs"] = {"office": "10.9.0.0/16"}
        calls["accepted"]["acceptance_required"] = True
        return calls

    def subnets(self, cluster, zones):
        ids = self.clusters[cluster]["resourcesVpcConfig"]["subnetIds"]
        return {f"eu-west-1{zone}": ids["abc".index(zone)] for zone in zones}

    def write(self):
        provider = {"aws": {"region": "eu-west-1"}}
        (self.caller / "main.tf.json").write_text(json.dumps({"provider": provider, "module": self.modules}))
        self.terraform.init()

    def addresses(self, cluster):
        module = {"leaving": 'fleet["leaving"]', "staying": 'fleet["staying"]', "protected": 'kept["protected"]'}.get(cluster, cluster)
        state = self.terraform.state()
        return {address.split(".", 2)[2]: values for address, values in state.items() if address.startswith(f"module.{module}.")}

    def path(self, cluster):
        """The ids of everything that a connection of this cluster's clients passes."""
        found = self.addresses(cluster)
        return {
            "load_balancer": found["aws_lb.this[0]"]["arn"],
            "listener": found["aws_lb_listener.this"]["arn"],
            "target_group": found["aws_lb_target_group.this"]["arn"],
            "service": found["aws_vpc_endpoint_service.this[0]"]["id"],
            "rules": sorted(values["security_group_rule_id"] for address, values in found.items() if "gress_rule" in address),
            "security_group": found["aws_security_group.nlb[0]"]["id"],
            "endpoint": self.endpoints.get(cluster),
        }

    def connect(self, cluster):
        ec2 = self.consumer.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        service = self.addresses(cluster)["aws_vpc_endpoint_service.this[0]"]["service_name"]
        return ec2.create_vpc_endpoint(VpcEndpointType="Interface", VpcId=vpc, ServiceName=service)["VpcEndpoint"]["VpcEndpointId"]

    def broken(self, path):
        """The parts of this path that no longer exist, by AWS's answers."""
        elb, ec2 = self.emulator.client("elbv2"), self.emulator.client("ec2")
        listeners = {one["ListenerArn"]: one for one in elb.describe_listeners(LoadBalancerArn=path["load_balancer"])["Listeners"]}
        (balancer,) = elb.describe_load_balancers(LoadBalancerArns=[path["load_balancer"]])["LoadBalancers"]
        (service,) = ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[path["service"]])["ServiceConfigurations"]
        rules = [one["SecurityGroupRuleId"] for one in ec2.describe_security_group_rules()["SecurityGroupRules"]]
        stands = {
            "listener": path["listener"] in listeners and listeners[path["listener"]]["DefaultActions"][0]["TargetGroupArn"] == path["target_group"],
            "rules": set(path["rules"]) <= set(rules),
            "security group": balancer["SecurityGroups"] == [path["security_group"]],
            "service": path["load_balancer"] in service["NetworkLoadBalancerArns"],
            "endpoint": not path["endpoint"] or self.state(path["endpoint"]) == "available",
        }
        return [part for part, there in stands.items() if not there]

    def state(self, endpoint):
        (one,) = self.consumer.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
        return one["State"]


@pytest.fixture(scope="module")
def world(emulator, tmp_path_factory):
    world = World(emulator, tmp_path_factory.mktemp("interruptions"))
    world.write()
    world.terraform.apply()
    world.endpoints = {name: world.connect(name) for name in CLUSTERS if name != "protected"}
    return world


@pytest.fixture(scope="module")
def changed(world):
    """Everything at once, with `-replace` for one."""
    world.before = {name: world.path(name) for name in CLUSTERS}
    eks = world.emulator.client("eks")
    for name in ("zone", "taken"):
        eks.update_cluster_config(name=name, resourcesVpcConfig={"subnetIds": list(world.subnets(name, "ab").values())})
    calls = world.modules = world.first()
    calls["fleet"]["for_each"] = '${toset(["staying"])}'
    calls["kept"]["for_each"] = "${toset([])}"
    del calls["removed"]
    calls["taken"].update(subnets=world.subnets("taken", "ab"), allow_replacement=True)
    calls["renamed"].update(name="another-name", ingress_cidrs={"office": "10.9.0.0/16", "vpn": "10.8.0.0/16"})
    calls["narrowed"]["allowed_principals"] = PRINCIPALS[:1]
    calls["accepted"]["accepted_endpoint_ids"] = {"tools": world.endpoints["accepted"]}
    calls["checked"].update(deregistration_delay_seconds=120, health_check={"path": "/livez", "matcher": "200,401", "interval": 15})
    world.write()
    world.zone_plan = world.terraform.plan("-target=module.zone")
    world.refusal = world.terraform.apply("-replace=module.replaced.aws_lb.this[0]", expect=(1,)).stderr
    return world


def test_1_each_refusal_is_aws_own_or_the_modules(changed):
    refusal = " ".join(changed.refusal.replace("│", "").split())

    assert refusal.count("Error: ") == len(REFUSED), changed.refusal
    assert refusal.count("has existing active VPC Endpoint connections") == 4
    assert "turn deletion_protection off, and take the ids out of accepted_endpoint_ids" in refusal


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_1_the_old_path_stands(changed, cluster):
    assert changed.broken(changed.before[cluster]) == []


def test_1_a_zone_that_the_cluster_leaves_stays(changed):
    assert changed.zone_plan == {}
    assert set(changed.addresses("zone")["aws_lb.this[0]"]["subnets"]) == set(changed.subnets("zone", "abc").values())


def test_1_another_name_is_tags_only(changed):
    before, after = changed.before["renamed"], changed.path("renamed")

    assert {**after, "rules": None} == {**before, "rules": None}
    assert set(before["rules"]) < set(after["rules"]), "one range more"
    assert changed.addresses("renamed")["aws_security_group.nlb[0]"]["tags"]["Name"] == "another-name"


def test_1_a_principal_less_ends_no_connection(changed):
    ec2 = changed.emulator.client("ec2")
    allowed = ec2.describe_vpc_endpoint_service_permissions(ServiceId=changed.before["narrowed"]["service"])["AllowedPrincipals"]

    assert [one["Principal"] for one in allowed] == PRINCIPALS[:1]
    assert changed.state(changed.endpoints["narrowed"]) == "available"


def test_1_what_a_check_may_change_is_changed_in_place(changed):
    (group,) = changed.emulator.client("elbv2").describe_target_groups(TargetGroupArns=[changed.before["checked"]["target_group"]])["TargetGroups"]

    assert (group["HealthCheckPath"], group["Matcher"]["HttpCode"], group["HealthCheckIntervalSeconds"]) == ("/livez", "200,401", 15)


# --- A zone, a cluster and a check that are refused while planning ------------------


@pytest.mark.parametrize(
    ("call", "change", "words"),
    [
        ("checked", {"health_check": {"protocol": "TCP"}}, "aws elbv2 modify-target-group --health-check-protocol TCP --target-group-arn arn:aws:elasticloadbalancing:"),
        ("checked", {"cluster_name": "staying"}, "This access was made for cluster checked; staying is another one"),
        ("checked", {"port": 8443}, "The listener is on port 443, to which the clients connect"),
        ("zone", {"subnets": "ab"}, "A subnet cannot be taken from a load balancer in place"),
    ],
    ids=["check", "cluster", "port", "zone"],
)
def test_2_what_cannot_be_changed_says_so_while_planning(changed, call, change, words):
    if "subnets" in change:
        change = {"subnets": changed.subnets(call, change["subnets"])}
    modules = changed.modules
    changed.modules = {call: {**modules[call], **change}}
    changed.write()
    done = changed.terraform("plan", "-input=false", "-no-color", "-refresh=false", f"-target=module.{call}", expect=(1,))
    changed.modules = modules

    assert words in " ".join(done.stderr.replace("│", "").split())


def test_2_a_check_that_was_changed_by_the_command_is_no_drift(changed):
    group = changed.before["checked"]["target_group"]
    changed.emulator.client("elbv2").modify_target_group(TargetGroupArn=group, HealthCheckProtocol="TCP")
    changed.modules["checked"]["health_check"] = {"protocol": "TCP", "interval": 15}
    changed.write()

    assert changed.terraform.plan("-target=module.checked") == {}


# --- Given up, or allowed -------------------------------------------------------


@pytest.fixture(scope="module")
def healed(changed):
    """The removals are given up; the consumers of what is replaced are rejected, and the others stay."""
    ec2 = changed.emulator.client("ec2")
    for name in ("replaced", "taken"):
        ec2.reject_vpc_endpoint_connections(ServiceId=changed.before[name]["service"], VpcEndpointIds=[changed.endpoints[name]])
    second, calls = changed.modules, changed.first()
    for name in ("taken", "renamed", "narrowed", "checked"):
        calls[name] = second[name]
    calls["accepted"].update(acceptance_required=False, accepted_endpoint_ids={"tools": changed.endpoints["accepted"]})
    changed.modules = calls
    changed.write()
    changed.terraform.apply()
    return changed


def test_3_what_was_refused_is_given_up_without_a_trace(healed):
    assert healed.terraform.plan() == {}


@pytest.mark.parametrize("cluster", [name for name in CLUSTERS if name not in ("replaced", "taken")])
def test_3_the_old_path_still_stands(healed, cluster):
    assert healed.broken(healed.before[cluster]) == []


@pytest.mark.parametrize("cluster", ["replaced", "taken"])
def test_3_a_replacement_is_whole_once_nobody_is_connected(healed, cluster):
    before, after = healed.before[cluster], healed.path(cluster)
    balancers = {one["LoadBalancerArn"] for one in healed.emulator.client("elbv2").describe_load_balancers()["LoadBalancers"]}

    assert healed.broken({**after, "endpoint": None}) == []
    assert before["service"] == after["service"]
    assert not {before[part] for part in ("load_balancer", "listener", "target_group")} & set(map(str, after.values()))
    assert before["load_balancer"] not in balancers


def test_3_an_endpoint_stays_accepted_when_acceptance_is_turned_off(healed):
    assert healed.state(healed.endpoints["accepted"]) == "available"


def test_4_a_destroy_rejects_no_accepted_endpoint(healed):
    refusal = healed.terraform("destroy", "-auto-approve", "-input=false", "-no-color", "-target=module.accepted", expect=(1,)).stderr

    assert "take the ids out of accepted_endpoint_ids" in " ".join(refusal.split())
    assert healed.broken(healed.before["accepted"]) == []
