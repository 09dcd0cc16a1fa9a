"""The end-to-end scenarios, each from an account's state to its next state."""

from conftest import ACCOUNT, OTHER_ACCOUNT, SELECTED, listed
from moto.backends import get_backend


def only(report):
    [frontend] = report["frontends"]
    return frontend


def test_an_empty_target_group_gets_the_addresses_of_the_cluster(aws, dns, function):
    # moto's endpoint is random, in mixed case, and ends in a slash; EKS's is in
    # upper case and does not. Both are one host name to DNS.
    dns.resolve(aws.cluster("payments"), "10.0.1.10", "10.0.2.11")
    group = aws.frontend("payments")

    answer = function.invoke({})

    assert answer.ok, answer
    frontend = only(answer.payload)
    assert frontend["outcome"] == "changed"
    assert frontend["registered"] == ["10.0.1.10:443", "10.0.2.11:443"]
    assert aws.targets(group) == ["10.0.1.10:443", "10.0.2.11:443"]


def test_a_second_run_finds_nothing_to_do(aws, dns, function):
    dns.resolve(aws.cluster("payments"), "10.0.1.10", "10.0.2.11")
    group = aws.frontend("payments")
    function.invoke({})

    answer = function.invoke({})

    assert answer.ok, answer
    assert answer.payload["summary"]["converged"] == 1
    assert answer.payload["summary"]["registered"] == 0
    assert aws.targets(group) == ["10.0.1.10:443", "10.0.2.11:443"]


def test_a_rotated_address_is_registered_and_then_replaces_the_old_one(aws, dns, function):
    host = aws.cluster("payments")
    dns.resolve(host, "10.0.1.10", "10.0.2.11")
    group = aws.frontend("payments")
    function.invoke({})
    dns.resolve(host, "10.0.1.10", "10.0.2.99")

    first = only(function.invoke({}).payload)
    after_first = aws.targets(group)
    second = only(function.invoke({}).payload)

    # At AWS the new target is `initial` for minutes, at moto `healthy` at once:
    # how long the old one is withheld is for the simulator to judge.
    assert first["registered"] == ["10.0.2.99:443"]
    assert first["withheld"] == [{"target": "10.0.2.11:443", "reason": "waitingForHealthyReplacement"}]
    assert after_first == ["10.0.1.10:443", "10.0.2.11:443", "10.0.2.99:443"]
    assert second["deregistered"] == ["10.0.2.11:443"]
    assert aws.targets(group) == ["10.0.1.10:443", "10.0.2.99:443"]


def test_an_unknown_cluster_fails_alone(aws, dns, function):
    dns.resolve(aws.cluster("payments"), "10.0.1.10")
    known = aws.frontend("payments")
    unknown = aws.frontend("no-such-cluster")

    answer = function.invoke({})

    assert not answer.ok
    assert answer.payload["errorType"] == "FrontendsFailed"
    [failed] = [line for line in answer.log if line.get("message") == "failed"]
    assert failed["code"] == "ClusterNotFound"
    assert failed["cluster"] == "no-such-cluster"
    assert aws.targets(known) == ["10.0.1.10:443"]
    assert aws.targets(unknown) == []


def test_both_target_groups_of_a_load_balancer_are_served(aws, dns, function):
    dns.resolve(aws.cluster("payments"), "10.0.1.10", "10.0.2.11")
    load_balancer = aws.load_balancer("payments", SELECTED | {"cluster_name": "payments"})
    first = aws.target_group("payments-a", load_balancer, port=443)
    second = aws.target_group("payments-b", load_balancer, port=6443)

    answer = function.invoke({})

    assert answer.ok, answer
    assert answer.payload["summary"]["loadBalancers"] == 1
    assert answer.payload["summary"]["frontends"] == 2
    assert aws.targets(first) == ["10.0.1.10:443", "10.0.2.11:443"]
    assert aws.targets(second) == ["10.0.1.10:6443", "10.0.2.11:6443"]


def test_load_balancers_on_later_pages_are_found(aws, dns, function):
    # AWS pages load balancers by 400. Target groups too, which moto does not.
    dns.resolve(aws.cluster("payments"), "10.0.1.10")
    inside = get_backend("elbv2")[ACCOUNT][aws.region]
    for n in range(400):
        inside.create_load_balancer(f"other-{n}", [], aws.subnets, loadbalancer_type="network", tags=listed({"team": "other"}))
    group = aws.frontend("payments")
    first_page = aws.elb.describe_load_balancers(PageSize=400)
    assert "NextMarker" in first_page
    assert "payments" not in {each["LoadBalancerName"] for each in first_page["LoadBalancers"]}

    answer = function.invoke({})

    assert answer.ok, answer
    assert answer.payload["summary"]["loadBalancers"] == 1
    assert aws.targets(group) == ["10.0.1.10:443"]


def test_only_what_is_tagged_is_touched(aws, dns, function):
    dns.resolve(aws.cluster("payments"), "10.0.1.10")
    managed = aws.load_balancer("payments", SELECTED | {"cluster_name": "payments"})
    excluded = aws.target_group("excluded", managed, port=6443, tags={"eks-nlb-sync": "disabled"})
    unselected = aws.load_balancer("other", {"eks-nlb-sync": "off", "cluster_name": "payments"})
    other = aws.target_group("other", unselected)
    for group in (excluded, other):
        aws.register(group, "10.0.9.9:443")

    answer = function.invoke({})

    assert answer.ok, answer
    assert only(answer.payload)["reason"] == "excludedByTag"
    assert aws.targets(excluded) == ["10.0.9.9:443"]
    assert aws.targets(other) == ["10.0.9.9:443"]


def test_a_dry_run_writes_nothing_and_says_what_the_run_then_does(aws, dns, function):
    dns.resolve(aws.cluster("payments"), "10.0.1.10", "10.0.2.11")
    group = aws.frontend("payments")
    aws.register(group, "10.0.1.10:443", "10.0.9.9:443")

    planned = only(function.invoke({"dryRun": True}).payload)
    untouched = aws.targets(group)
    done = only(function.invoke({}).payload)

    assert untouched == ["10.0.1.10:443", "10.0.9.9:443"]
    assert (planned["outcome"], done["outcome"]) == ("planned", "changed")
    for key in ("registered", "deregistered", "withheld"):
        assert planned[key] == done[key]


def test_a_public_endpoint_is_left_alone(aws, dns, function):
    dns.resolve(aws.cluster("payments", private=False), "10.0.1.10")
    group = aws.frontend("payments")
    aws.register(group, "10.0.9.9:443")

    answer = function.invoke({})

    assert not answer.ok
    [failed] = [line for line in answer.log if line.get("message") == "failed"]
    assert failed["code"] == "PrivateAccessDisabled"
    assert aws.targets(group) == ["10.0.9.9:443"]


def test_another_account_and_region_is_acted_in_as_the_given_role(aws, dns, function):
    # moto hands out a role of any account without asking its trust policy.
    other = aws.in_account(OTHER_ACCOUNT, region="eu-central-1")
    dns.resolve(other.cluster("payments"), "10.0.1.10")
    theirs = other.frontend("payments")
    dns.resolve(aws.cluster("own"), "10.0.1.20")
    ours = aws.frontend("own")

    answer = function.invoke(
        {
            "region": "eu-central-1",
            "roleArn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/eks-nlb-sync",
            "externalId": "platform",
        }
    )

    assert answer.ok, answer
    assert answer.payload["region"] == "eu-central-1"
    assert other.targets(theirs) == ["10.0.1.10:443"]
    assert aws.targets(ours) == []
