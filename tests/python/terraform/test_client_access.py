"""What consumers change while their clients are connected, and what owners do to them.

Two endpoint services for two clusters, made here rather than by cluster-access,
because the provider waits a minute for a load balancer of its own.
"""

import pytest

from client_access import Consumer, Service
from harness import AT_ONCE

pytestmark = pytest.mark.xdist_group("client-access")

FAR = "us-east-1"


@pytest.fixture(scope="module")
def service(emulator):
    return Service(emulator)


@pytest.fixture(scope="module")
def strict(emulator):
    """Requires acceptance."""
    return Service(emulator, acceptance=True)


@pytest.fixture(scope="module")
def world(emulator, service, tmp_path_factory):
    """One consumer of two clusters. Each apply waits half a minute for Route 53, so there are few."""
    calls = {"payments": {"client": service.client("payments")}, "ledger": {"client": service.client("ledger")}}
    consumer = Consumer(emulator, tmp_path_factory.mktemp("client-access"), **calls)
    consumer.apply()
    return consumer


# --- Each input, changed ---------------------------------------------------------

RULE = 'aws_vpc_security_group_ingress_rule.cidr["tools"]'


def test_1_nothing_changed_changes_nothing(world):
    world.terraform("plan", "-detailed-exitcode", *AT_ONCE)  # 2 where anything is left to do or to read
    assert world.planned("payments") == ({}, "")


@pytest.mark.parametrize(
    ("what", "changes", "expected"),
    [
        ("one more range", {"allowed_cidrs": {"tools": "10.1.0.0/16", "ci": "10.9.0.0/16"}}, {RULE.replace("tools", "ci"): "create"}),
        ("another range under its name", {"allowed_cidrs": {"tools": "10.1.0.0/17"}}, {RULE: "update"}),
        ("another kubeconfig", {"kubeconfig": {"profile": "platform"}}, {}),
    ],
)
def test_1_what_is_changed_in_place(world, what, changes, expected):
    assert world.planned("payments", **changes)[0] == expected


def test_1_another_name_changes_tags_only(world):
    plan, _ = world.planned("payments", name="other")

    assert set(plan.values()) == {"update"}


def test_1_another_port_changes_the_rules_in_place(world, service):
    assert world.planned("payments", client=service.client("payments", port=6443))[0] == {RULE: "update"}


def test_1_subnets_in_another_order_change_nothing(world):
    assert world.planned("payments", subnet_ids=world.subnets[1::-1])[0] == {}


def test_1_another_vpc_is_refused_in_words(world):
    vpc, subnets = world.network("10.2.0.0/16")

    _, message = world.planned("payments", vpc_id=vpc, subnet_ids=subnets[:2])

    assert f"This endpoint is in {world.vpc} and cannot move to {vpc}: keep this call, add another one" in message


def test_1_a_zone_where_the_service_is_not_is_refused(world, service):
    """By AWS's answer, and not by `client`, which may be older than the load balancer's zones."""
    stale = {**service.client("payments"), "zone_ids": [f"euw1-az{number}" for number in (1, 2, 3)]}

    plan, message = world.planned("payments", client=stale, subnet_ids=world.subnets)

    assert f"{service.name} cannot be consumed in eu-west-1c (euw1-az" in message and "only in eu-west-1a, eu-west-1b" in message
    assert plan == {}


def test_1_a_replaced_security_group_is_in_service_before_the_old_one_goes(world):
    steps, _ = world.apply("-replace=module.payments.aws_security_group.this")

    rule, group, endpoint = (f"module.payments.{address}" for address in (RULE, "aws_security_group.this", "aws_vpc_endpoint.this"))
    assert steps == [("create", group), ("create", rule), ("update", endpoint), ("delete", rule), ("delete", group)]


# --- A second cluster behind the service; a service that requires acceptance ------


@pytest.fixture(scope="module")
def moving(world, service, strict):
    """search shares the endpoint of payments, whose key stays; ledger moves to the other service."""
    clients = {"client": service.client("payments"), "search": service.client("search", port=444)}
    world.before = world.leads_to("ledger")
    world.steps, world.message = world.apply(payments={"client": None, "clients": clients}, ledger={"client": strict.client("ledger")}, expect=(1,))
    return world


def test_2_a_second_cluster_takes_nothing_from_the_first(moving):
    steps = {(action, address.removeprefix("module.payments.")) for action, address in moving.steps if address.startswith("module.payments.")}

    assert {step for step in steps if step[0] != "update"} == {("create", 'aws_route53_record.this["search"]'), ("create", 'aws_route53_zone.this["search"]')}
    assert ("update", RULE) in steps


def test_2_both_names_lead_to_the_one_endpoint(moving):
    assert {moving.leads_to("payments"), moving.leads_to("search")} == {moving.endpoint("payments")["dns_entry"][0]["dns_name"]}


def test_2_the_kubeconfig_has_the_port(moving):
    kubeconfig = moving.terraform.stored("outputs")["payments"]["value"].replace('"', "")

    assert "https://payments.gr7.eu-west-1.eks.amazonaws.com\n" in kubeconfig
    assert "https://search.gr7.eu-west-1.eks.amazonaws.com:444\n" in kubeconfig


def test_3_an_endpoint_that_waits_ends_in_words(moving, strict):
    ((state, endpoint),) = moving.endpoints(strict)
    words = f"Endpoint {endpoint} waits until the owner of {strict.name} accepts it: give them this id (accepted_endpoint_ids of cluster-access), and apply again afterwards."

    assert state == "pendingAcceptance" and words in moving.message and "Invalid index" not in moving.message
    assert words in moving.planned("ledger")[1]


def test_3_the_old_path_serves_until_it_is_accepted(moving, service):
    assert [state for state, _ in moving.endpoints(service)] == ["available"] * 2
    assert moving.leads_to("ledger") == moving.before


def test_4_the_name_moves_once_it_is_accepted(moving, service, strict):
    ((_, endpoint),) = moving.endpoints(strict)
    strict.accept(endpoint)
    steps, _ = moving.apply()

    assert moving.endpoints(strict) == [("available", endpoint)] and len(moving.endpoints(service)) == 1
    assert moving.leads_to("ledger") == moving.endpoint("ledger")["dns_entry"][0]["dns_name"] != moving.before
    assert steps == [("update", 'module.ledger.aws_route53_record.this["client"]'), ("delete", "module.ledger.aws_vpc_endpoint.this")]


def test_4_a_cluster_that_leaves_takes_nothing_with_it(moving, service):
    plan, _ = moving.planned("payments", clients={"search": service.client("search", port=444)})

    assert plan == {'aws_route53_zone.this["client"]': "delete", 'aws_route53_record.this["client"]': "delete", RULE: "update"}


def test_5_what_was_connected_to_a_service_that_is_gone_can_be_destroyed(moving, service):
    service.delete(moving.endpoint("payments")["id"])
    assert "couldn't find resource" in moving.planned("payments")[1]
    _, message = moving.planned("payments", check_service=False)
    assert "is rejected: no client reaches its clusters." in message

    moving.write(payments={"check_service": False})
    moving.terraform.destroy()

    assert moving.terraform.state() == {}


def test_6_one_that_was_never_accepted_can_be_destroyed(emulator, strict, tmp_path_factory):
    consumer = Consumer(emulator, tmp_path_factory.mktemp("waits"), orders={"client": strict.client("orders"), "create_hosted_zone": False})
    consumer.apply(expect=(1,))
    assert [state for state, _ in consumer.endpoints(strict)] == ["pendingAcceptance"]

    consumer.terraform.destroy()

    assert consumer.terraform.state() == {} and consumer.endpoints(strict) == []


# --- Across Regions -------------------------------------------------------------


def test_7_another_regions_service_is_asked_for_its_zones(emulator, tmp_path_factory):
    service = Service(emulator, consumer_regions=[FAR])
    call = {"client": service.client("reports"), "create_hosted_zone": False}
    consumer = Consumer(emulator, tmp_path_factory.mktemp("far"), region=FAR, zones="abe", reports=call)

    steps, message = consumer.apply()
    assert ("create", "module.reports.aws_vpc_endpoint.this") in steps and message == ""

    _, message = consumer.planned("reports", subnet_ids=consumer.subnets)
    assert "cannot be consumed in us-east-1e (use1-az3)" in message


def test_7_a_region_that_the_service_does_not_admit_is_refused(emulator, strict, tmp_path_factory):
    consumer = Consumer(emulator, tmp_path_factory.mktemp("not-admitted"), region=FAR, zones="ab", mail={"client": strict.client("mail")})

    assert 'add "us-east-1" to supported_regions of cluster-access' in consumer.planned("mail")[1]
